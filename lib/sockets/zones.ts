// Link-local addresses tell their device, `fe80::1%eth0`. Node looks the name up in the namespace of its own thread, and
// fails where there is no such device: so for the sockets of others it is looked up here, through the socket itself.
import type { Server, Socket } from 'node:net'
import { addon } from '../native/addon'
import { addressOf, Datagrams, portOf, Possible, Slab, wordOf } from '../native/datagrams'
import type { NetnsHandle } from '../native/netns_handle'
import { formatIPv6 } from '../wire/ip'

interface Address {
  address?: string
  family?: string
  port?: number
}

/** What libuv's handles of sockets have in common, as Node uses them. */
interface Handle {
  readonly fd: number
  getsockname(out: Address): number
  getpeername(out: Address): number
}

/** A handle of a UDP socket, as Node uses it. */
export interface UdpHandle extends Handle {
  open(fd: number): number
  addMembership(group: string, device?: string): number
  dropMembership(group: string, device?: string): number
  setMulticastInterface(device: string): number
  recvStart(): number
  recvStop(): number
  onmessage(length: number, handle: UdpHandle, message?: Buffer, from?: Required<Address> & { size: number }): void
  close(callback?: () => void): void
  ref(): void
  unref(): void
}

function withZone(fd: number, address: string, device: number): string {
  if (device === 0) return address
  // A device that is gone by now has but its number.
  return `${address}%${addon.deviceName(fd, device) ?? device}`
}

function addressesInside(handle: Handle): void {
  const fill = (out: Address, peer: boolean): number => {
    const found = addon.socketAddress(handle.fd, peer)
    if (typeof found === 'number') return found
    const [address, port, device] = found
    Object.assign(out, { address: withZone(handle.fd, address, device), family: familyOf(address), port })
    return 0
  }
  handle.getsockname = (out) => fill(out, false)
  handle.getpeername = (out) => fill(out, true)
}

const familyOf = (address: string): string => (address.includes(':') ? 'IPv6' : 'IPv4')

/** Where Node keeps the handle of a connection or server. */
type WithHandle = { readonly _handle?: Handle | null }

/** Lets a connection, or the connections of a server, tell the devices of their own namespace. */
export function showZones(one: Socket | Server): void {
  const { _handle } = one as unknown as WithHandle
  if (_handle?.getsockname !== undefined) addressesInside(_handle)
}

/** The same, for the connections that a server accepts: before anybody else looks at them. */
export function showZonesOfConnections(server: Server): void {
  server.prependListener('connection', showZones)
}

/** Devices in `::%eth0`, of multicast, are those of the socket's namespace. */
export function multicastInside(handle: UdpHandle): void {
  const zoneOf = (device: string | undefined): string | undefined => device?.split('%', 2)[1]
  const original = {
    addMembership: handle.addMembership.bind(handle),
    dropMembership: handle.dropMembership.bind(handle),
    setMulticastInterface: handle.setMulticastInterface.bind(handle),
  }
  handle.addMembership = (group, device) => {
    const zone = zoneOf(device)
    return zone === undefined ? original.addMembership(group, device) : addon.joinGroup(handle.fd, true, group, zone)
  }
  handle.dropMembership = (group, device) => {
    const zone = zoneOf(device)
    return zone === undefined ? original.dropMembership(group, device) : addon.joinGroup(handle.fd, false, group, zone)
  }
  handle.setMulticastInterface = (device) => {
    const zone = zoneOf(device)
    return zone === undefined ? original.setMulticastInterface(device) : addon.setMulticastDevice(handle.fd, zone)
  }
}

/** The largest datagram, and room for some. */
const longest = 65_536
const slabSize = 4 * longest
const mostInOneTurn = 64

/**
 * Lets a UDP socket receive by the addon: Node's own code throws an exception that nobody can catch when a datagram comes
 * from a link-local address.
 * @returns 0, or -errno.
 */
export function receiveInside(handle: UdpHandle, netns: NetnsHandle): number {
  const number = addon.watchSocket(handle.fd)
  if (number < 0) return number
  const slab = new Slab(slabSize)
  const datagrams = new Datagrams(number, receive, {
    what: `UDP socket in netns ${netns.label}`,
    label: netns.label,
    inode: netns.identity.inode,
    opener: receiveInside,
  })
  function receive(): void {
    const { count, errno } = datagrams.receive(slab, longest, mostInOneTurn)
    // Read before anybody is told: listeners may receive from other sockets.
    const received = Array.from({ length: count }, (_, i) => {
      const message = slab.take(wordOf(i, 'captured'))
      const address = formatIPv6(addressOf(i, 16))
      return { message, address: withZone(handle.fd, address, scopeOf(i)), port: portOf(i) }
    })
    for (const { message, address, port } of received) {
      if (!datagrams.isOpen) return
      handle.onmessage(message.length, handle, message, { address, family: 'IPv6', port, size: message.length })
    }
    if (errno !== 0 && datagrams.isOpen) {
      datagrams.resume()
      handle.onmessage(-errno, handle)
    }
  }
  const original = { close: handle.close.bind(handle), ref: handle.ref.bind(handle), unref: handle.unref.bind(handle) }
  handle.recvStart = () => {
    datagrams.begin(Possible.read)
    return 0
  }
  handle.recvStop = () => {
    datagrams.stop(Possible.read)
    return 0
  }
  handle.close = (callback) => {
    datagrams.close()
    original.close(callback)
  }
  handle.ref = () => {
    datagrams.keepAlive(true)
    original.ref()
  }
  handle.unref = () => {
    datagrams.keepAlive(false)
    original.unref()
  }
  addressesInside(handle)
  return 0
}

/** The device of a link-local sender; of others the kernel says 0. */
function scopeOf(i: number): number {
  return wordOf(i, 'scope')
}
