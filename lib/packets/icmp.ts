// ICMP and ICMPv6 for ping (RFC 792, RFC 4443): echo requests, replies, and errors.

/** The reason for an ICMP error. */
export type PingErrorKind =
  | 'destinationUnreachable'
  | 'packetTooBig'
  | 'timeExceeded'
  | 'parameterProblem'
  | 'sourceQuench'
  | 'redirect'
  | 'other'

/** Types of ICMP and ICMPv6. */
const v4 = { echo: 8, reply: 0 } as const
const v6 = { echo: 128, reply: 129 } as const

/** The size of the ICMP header, which precedes the echoed bytes. */
export const icmpHeaderSize = 8

function checksum(bytes: Buffer): number {
  let sum = 0
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += bytes.readUInt16BE(i)
  if (bytes.length % 2 === 1) sum += (bytes[bytes.length - 1] ?? 0) << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return ~sum & 0xffff
}

/** An echo request with its checksum, which the kernel computes itself for all but raw IPv4 sockets. */
export function echoRequest(version: 4 | 6, identifier: number, sequence: number, size: number): Buffer {
  const request = Buffer.alloc(icmpHeaderSize + size)
  request[0] = version === 4 ? v4.echo : v6.echo
  request.writeUInt16BE(identifier & 0xffff, 4)
  request.writeUInt16BE(sequence & 0xffff, 6)
  for (let i = 0; i < size; i++) request[icmpHeaderSize + i] = i & 0xff
  if (version === 4) request.writeUInt16BE(checksum(request), 2)
  return request
}

/** The fields of an echo request or reply. */
export interface Echo {
  readonly identifier: number
  readonly sequence: number
  /** How many bytes were echoed. */
  readonly size: number
}

/** Decodes a message of a type; from a raw IPv4 socket it begins with the IP header. */
function readEcho(message: Buffer, type: number, withHeader: boolean): Echo | undefined {
  const start = withHeader ? 4 * ((message[0] ?? 0) & 0x0f) : 0
  if (message.length < start + icmpHeaderSize || message[start] !== type) return undefined
  const identifier = message.readUInt16BE(start + 4)
  return { identifier, sequence: message.readUInt16BE(start + 6), size: message.length - start - icmpHeaderSize }
}

/** Decodes a reply. */
export function readReply(message: Buffer, version: 4 | 6, raw: boolean): Echo | undefined {
  return readEcho(message, version === 4 ? v4.reply : v6.reply, raw && version === 4)
}

/** Decodes the beginning of a request, which an error quotes. */
export function readRefused(message: Buffer, version: 4 | 6): Echo | undefined {
  return readEcho(message, version === 4 ? v4.echo : v6.echo, false)
}

const unreachable4: Readonly<Record<number, string>> = {
  0: 'network unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  4: 'fragmentation needed',
  5: 'source route failed',
  6: 'network unknown',
  7: 'host unknown',
  9: 'network prohibited',
  10: 'host prohibited',
  11: 'network unreachable for this type of service',
  12: 'host unreachable for this type of service',
  13: 'filtered',
}
const unreachable6: Readonly<Record<number, string>> = {
  0: 'no route',
  1: 'prohibited',
  2: 'beyond the scope of the source address',
  3: 'address unreachable',
  4: 'port unreachable',
  5: 'source address refused',
  6: 'route refused',
}
const exceeded: Readonly<Record<number, string>> = { 0: 'too many hops', 1: 'fragments are missing' }

/** The meaning of the type and code of an ICMP error. */
export function describeError(version: 4 | 6, type: number, code: number): { kind: PingErrorKind; reason: string } {
  const describe = (kind: PingErrorKind, reason?: string): { kind: PingErrorKind; reason: string } => ({
    kind,
    reason: reason ?? `ICMP type ${type}, code ${code}`,
  })
  if (version === 4) {
    if (type === 3 && code === 4) return describe('packetTooBig', unreachable4[4])
    if (type === 3) return describe('destinationUnreachable', unreachable4[code])
    if (type === 11) return describe('timeExceeded', exceeded[code])
    if (type === 12) return describe('parameterProblem')
    if (type === 4) return describe('sourceQuench')
    return describe(type === 5 ? 'redirect' : 'other')
  }
  if (type === 1) return describe('destinationUnreachable', unreachable6[code])
  if (type === 2) return describe('packetTooBig', 'packet too big')
  if (type === 3) return describe('timeExceeded', exceeded[code])
  return describe(type === 4 ? 'parameterProblem' : 'other')
}
