// The destination of a packet socket: sockaddr_ll of linux/if_packet.h.
import { endianness } from 'node:os'
import { checkInteger } from '../wire/integers'
import { checkKeys, wrongType } from '../wire/invalid'
import { parseMac } from '../wire/ip'
import { etherTypeOf, type EtherType } from './options'

/** The destination of a packet, as far as neither the packet nor the socket has it. */
export interface SendTarget {
  /** The index of the device. Default: the socket's. */
  readonly dev?: number | undefined
  /** The link-layer address that a cooked packet goes to, such as `02:00:00:00:00:02`. */
  readonly address?: string | undefined
  /** The EtherType of a cooked packet. */
  readonly protocol?: EtherType | undefined
}

const AF_PACKET = 17
const keys = new Set(['dev', 'address', 'protocol'])

/** Checks a destination, and encodes it for the kernel; undefined if the address of the socket suffices. */
export function linkAddress(to: SendTarget | undefined, cooked: boolean, own: number): Uint8Array | undefined {
  if (to !== undefined) checkKeys(to, keys, 'to')
  const { dev = own === 0 ? undefined : own, address, protocol } = to ?? {}
  if (dev === undefined) throw wrongType('to.dev', 'the index of a device, for the socket has all', dev)
  checkInteger(dev, 1, 0x7fffffff, 'to.dev')
  if (cooked && protocol === undefined) throw wrongType('to.protocol', 'given for a cooked socket', protocol)
  if (cooked && address === undefined) throw wrongType('to.address', 'given for a cooked socket', address)
  if (to === undefined && !cooked) return undefined
  const bytes = new Uint8Array(20)
  const view = new DataView(bytes.buffer)
  const little = endianness() === 'LE'
  view.setUint16(0, AF_PACKET, little)
  view.setUint16(2, protocol === undefined ? 0 : etherTypeOf(protocol, 'to.protocol'))
  view.setInt32(4, dev, little)
  if (address !== undefined) {
    const mac = parseMac(address, 'to.address')
    bytes[11] = mac.length
    bytes.set(mac, 12)
  }
  return bytes
}
