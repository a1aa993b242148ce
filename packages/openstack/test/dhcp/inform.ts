// A client that asks for options alone (DHCPINFORM, RFC 2131), and gives them as bytes.
import { once } from 'node:events'
import type { NetNs } from 'netloom'

const magic = Buffer.from([99, 130, 83, 99])

/** Options of DHCP, by code. */
export type Told = ReadonlyMap<number, Buffer>

function optionsIn(bytes: Buffer, told: Map<number, Buffer>): void {
  for (let at = 0; at < bytes.length && bytes[at] !== 255;) {
    const code = bytes[at++]!
    if (code === 0) continue
    const length = bytes[at++]!
    // One that comes several times is one (RFC 3396).
    told.set(code, Buffer.concat([told.get(code) ?? Buffer.alloc(0), bytes.subarray(at, at + length)]))
    at += length
  }
}

function parse(packet: Buffer): Told {
  const told = new Map<number, Buffer>()
  optionsIn(packet.subarray(240), told)
  const overload = told.get(52)?.[0] ?? 0
  // The fields of the boot file and of the server's name hold more.
  if ((overload & 1) !== 0) optionsIn(packet.subarray(108, 236), told)
  if ((overload & 2) !== 0) optionsIn(packet.subarray(44, 108), told)
  return told
}

/** Asks a server for options; `more` are options of the client's own. */
export async function inform(
  ns: NetNs,
  { address, server, mac }: { address: string; server: string; mac: string },
  codes: readonly number[],
  more: readonly number[] = [],
): Promise<Told> {
  const packet = Buffer.alloc(240)
  packet.set([1, 1, 6])
  packet.writeUInt32BE(Math.floor(Math.random() * 2 ** 32), 4)
  packet.set(address.split('.').map(Number), 12)
  packet.set(
    mac.split(':').map((byte) => parseInt(byte, 16)),
    28,
  )
  packet.set(magic, 236)
  // The kind of message, the largest that may come, what is asked for.
  const options = Buffer.from([53, 1, 8, 57, 2, 5, 180, 55, codes.length, ...codes, ...more, 255])
  const socket = await ns.createSocket('udp4')
  try {
    socket.bind(68, address)
    await once(socket, 'listening')
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(5000) }) as Promise<[Buffer]>
    socket.send(Buffer.concat([packet, options]), 67, server)
    const [answer] = await answered
    return parse(answer)
  } finally {
    socket.close()
    await once(socket, 'close')
  }
}
