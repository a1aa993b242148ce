// Releases leases on behalf of their clients: sends from inside the namespace, and checks the lease file.
import type { Socket } from 'node:dgram'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from 'netloom'
import type { Network } from './check_network'
import { parseLeases, type Lease, type LeaseFile } from './leases'
import { contains, parseAddress } from './ranges'
import { releaseIPv4, releaseIPv6 } from './release_packet'

const tries = 3
const patienceMs = 300
const lookMs = 2

function send(socket: Socket, packet: Buffer, port: number, to: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(packet, port, to, (error) => {
      if (error === null) resolve()
      else reject(error)
    })
  })
}

function serverOf(network: Network, lease: Lease): string | undefined {
  const numbered = parseAddress(lease.address, 'address')
  return network.subnets.find(({ cidr, dhcp }) => dhcp && contains(cidr, numbered))?.serverAddress
}

function isHeld({ leases }: LeaseFile, lease: Lease): boolean {
  return leases.some(({ address, mac, clientId }) => {
    return address === lease.address && mac === lease.mac && clientId === lease.clientId
  })
}

/** Those of the leases that are still in the file, by two readings, as it may have been half written. */
async function stillHeld(leases: readonly Lease[], read: () => string): Promise<Lease[]> {
  const look = (): Lease[] => {
    const file = parseLeases(read())
    return file.malformed.length > 0 ? [...leases] : leases.filter((lease) => isHeld(file, lease))
  }
  const first = look()
  if (first.length === leases.length) return first
  await sleep(lookMs)
  const again = new Set(look())
  return leases.filter((lease) => first.includes(lease) || again.has(lease))
}

/**
 * Releases leases, three times if need be.
 * @param read - Reads the file of leases.
 * @returns Those that the server has not released, for instance of a subnet that it no longer serves.
 */
export async function releaseLeases(
  netns: NetNs,
  device: string,
  network: Network,
  leases: readonly Lease[],
  read: () => string,
): Promise<readonly Lease[]> {
  const sockets = new Map<4 | 6, Socket>()
  let left = [...leases]
  try {
    for (let attempt = 0; attempt < tries && left.length > 0; attempt++) {
      const { duid } = parseLeases(read())
      for (const lease of left) {
        const version = lease.family === 'ipv4' ? 4 : 6
        const server = serverOf(network, lease)
        if (server === undefined || (version === 6 && duid === undefined)) continue
        if (version === 4 && !/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(lease.mac ?? '')) continue
        let socket = sockets.get(version)
        if (socket === undefined)
          sockets.set(
            version,
            (socket = await netns.createSocket({ type: version === 4 ? 'udp4' : 'udp6', dev: device })),
          )
        if (version === 4) await send(socket, releaseIPv4(lease, server), 67, server)
        else await send(socket, releaseIPv6(lease, duid ?? ''), 547, 'ff02::1:2')
      }
      const deadline = performance.now() + patienceMs
      do {
        await sleep(lookMs)
        left = await stillHeld(left, read)
      } while (left.length > 0 && performance.now() < deadline)
    }
  } finally {
    for (const socket of sockets.values()) socket.close()
  }
  return left
}
