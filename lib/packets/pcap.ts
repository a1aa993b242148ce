// Encodes the file format of tcpdump, with nanoseconds (pcap-savefile(5)): a file header, and a header before each packet.
import { addressOf, wordOf, type Slab } from '../native/datagrams'
import { copyOf } from '../wire/scratch'
import { vlanOf } from './frame'

/** Link types of a file (LINKTYPE_ of pcap-linktype(7)). */
export const LinkType = { ethernet: 1, raw: 101, cooked: 276 } as const

/** Types of devices (ARPHRD_ of linux/if_arp.h) whose frames have an Ethernet header, or none. */
const linkTypes: ReadonlyMap<number, number> = new Map([
  [1, LinkType.ethernet],
  [772, LinkType.ethernet], // lo
  [65534, LinkType.raw], // tun and the like
])

/** The link type of a device's type; undefined if frames of it can only be written without their headers. */
export function linkTypeOf(deviceType: number): number | undefined {
  return linkTypes.get(deviceType)
}

/** The header of a file. */
export function pcapHeader(snapLength: number, linkType: number): Buffer {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b23c4d, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(snapLength, 16)
  header.writeUInt32LE(linkType, 20)
  return header
}

const recordSize = 16
const cookedSize = 20
const tagSize = 4
/** The offset of a VLAN tag in an Ethernet frame: behind the two addresses. */
const tagAt = 12

/** Writes the header of a cooked packet (LINKTYPE_LINUX_SLL2). */
function writeCooked(to: Buffer, at: number, i: number, protocol: number): void {
  const type = wordOf(i, 'type')
  const addressLength = wordOf(i, 'family') >>> 16
  to.writeUInt16BE(protocol, at)
  to.writeUInt16BE(0, at + 2)
  to.writeUInt32BE(wordOf(i, 'device'), at + 4)
  to.writeUInt16BE(type >>> 16, at + 8)
  to[at + 10] = type & 0xff
  to[at + 11] = addressLength
  copyOf(addressOf(i, 8)).copy(to, at + 12)
}

/**
 * Encodes the packets that were received last. Puts VLAN tags that the kernel removed back in their place.
 */
export function pcapRecords(count: number, slab: Slab, linkType: number): Buffer {
  const cooked = linkType === LinkType.cooked
  let size = 0
  for (let i = 0; i < count; i++) size += recordSize + wordOf(i, 'captured') + tagSize + (cooked ? cookedSize : 0)
  const records = Buffer.allocUnsafe(size)
  let at = 0
  for (let i = 0; i < count; i++) {
    const data = slab.take(wordOf(i, 'captured'))
    const tagged = vlanOf(i)
    const header = at
    let added = 0
    at += recordSize
    if (cooked) {
      writeCooked(records, at, i, tagged?.protocol ?? wordOf(i, 'protocol'))
      at += cookedSize
      added = cookedSize
    }
    const head = cooked ? 0 : tagAt
    if (tagged !== undefined && data.length >= head) {
      at += data.copy(records, at, 0, head)
      records.writeUInt16BE(cooked ? tagged.tag : tagged.protocol, at)
      records.writeUInt16BE(cooked ? wordOf(i, 'protocol') : tagged.tag, at + 2)
      at += tagSize
      added += tagSize
      at += data.copy(records, at, head)
    } else at += data.copy(records, at)
    records.writeUInt32LE(wordOf(i, 'seconds'), header)
    records.writeUInt32LE(wordOf(i, 'nanoseconds'), header + 4)
    records.writeUInt32LE(data.length + added, header + 8)
    records.writeUInt32LE(wordOf(i, 'length') + added, header + 12)
  }
  return records.subarray(0, at)
}
