// ICMPv6 in a frame of Ethernet, as neighbor discovery sends it: to who is on the link, with the hop limit that proves it.
import { parseIP, parseMac } from 'netloom/values'

/** One end of a frame. */
export interface End {
  readonly mac: string
  readonly address: string
}

/** Ethernet's header, and IPv6's. */
const [ethernet, ipv6] = [14, 40] as const
const headers = ethernet + ipv6

/** The sum of which the checksum is the complement: of the pseudo-header and the message (RFC 4443, 2.3). */
function sumOf(frame: Uint8Array): number {
  const bytes = Buffer.from(frame.buffer, frame.byteOffset, frame.byteLength)
  // The pseudo-header counts the length and the next header besides the addresses.
  let sum = frame.length - headers + 58
  const even = frame.length & ~1
  for (let i = ethernet + 8; i < even; i += 2) sum += bytes.readUInt16BE(i)
  if (even < frame.length) sum += (bytes[even] ?? 0) << 8
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16)
  return sum
}

/** Whether the checksum of a message is right: of a frame that ends with it. */
export function isChecksumRight(frame: Uint8Array): boolean {
  return sumOf(frame) === 0xffff
}

/** A frame with a message, whose checksum is put in. */
export function icmpv6Frame(from: End, to: End, message: Uint8Array): Uint8Array {
  const frame = new Uint8Array(headers + message.length)
  frame.set(parseMac(to.mac, 'mac'), 0)
  frame.set(parseMac(from.mac, 'mac'), 6)
  // EtherType IPv6; version 6; the length, ICMPv6, and the hop limit that neighbors insist on.
  frame.set([0x86, 0xdd, 0x60, 0, 0, 0, message.length >> 8, message.length & 0xff, 58, 255], 12)
  frame.set(parseIP(from.address, 'address', 'ipv6'), ethernet + 8)
  frame.set(parseIP(to.address, 'address', 'ipv6'), ethernet + 24)
  frame.set(message, headers)
  const sum = ~sumOf(frame) & 0xffff
  frame.set([sum >> 8, sum & 0xff], headers + 2)
  return frame
}
