// Frame: a packet with what the kernel reports about it (packet(7), PACKET_AUXDATA).
import { printable } from '../wire/printable'
import { copyOf } from '../wire/scratch'
import { addressOf, timeOf, wordOf, type Slab } from '../native/datagrams'

/** The kernel's packet type (PACKET_HOST …): for this host, others, or from this host. */
export type PacketType = 'host' | 'broadcast' | 'multicast' | 'otherHost' | 'outgoing' | 'loopback'

const types: readonly PacketType[] = ['host', 'broadcast', 'multicast', 'otherHost', 'outgoing', 'loopback']

/** TP_STATUS_ of linux/if_packet.h. */
const Status = { checksumNotReady: 0x8, vlan: 0x10, checksumValid: 0x80 } as const

/** The tag of a VLAN. */
export interface VlanTag {
  /** The VLAN's id, 0 to 4095. */
  readonly id: number
  /** The priority, 0 to 7. */
  readonly priority: number
  /** Whether it may be dropped first under congestion (DEI). */
  readonly dropEligible: boolean
  /** The tag's EtherType, mostly 0x8100. */
  readonly protocol: number
}

/** A packet that a packet socket received. */
export interface Frame {
  /**
   * Its bytes, `snapLength` at most, with the link-layer header unless the socket is cooked. Packets that were received
   * together share memory: copy the few that you keep for long.
   */
  readonly data: Buffer
  /** Its length in bytes before it was cut to `snapLength`. */
  readonly length: number
  /** When the kernel received or sent it: nanoseconds since 1970. */
  readonly timestamp: bigint
  /** Its packet type. `outgoing`: this machine has sent it. */
  readonly type: PacketType
  /** The EtherType, such as 0x0800. */
  readonly protocol: number
  /** The index of its device. */
  readonly dev: number
  /** The type of that device (ARPHRD_ of linux/if_arp.h): 1 for Ethernet. */
  readonly deviceType: number
  /** The link-layer address of its sender, such as `02:00:00:00:00:01`; empty if it has none. */
  readonly source: string
  /** The tag that the kernel removed from it; undefined: it had none, or still has it. */
  readonly vlan: VlanTag | undefined
  /**
   * `partial`: the checksum of TCP or UDP is not computed yet, as the device is to compute it, or as it is not needed (a
   * packet between two namespaces). `valid`: it was checked and is right. `unknown`: it was not checked.
   */
  readonly checksum: 'partial' | 'valid' | 'unknown'
}

const noAddress = ''

function sourceOf(i: number): string {
  const length = Math.min(8, wordOf(i, 'family') >>> 16)
  return length === 0
    ? noAddress
    : copyOf(addressOf(i, length))
        .toString('hex')
        .replace(/..(?=.)/g, '$&:')
}

/** The 16 bits of the tag of packet `i` of those received last, and the tag's EtherType. */
export function vlanOf(i: number): { tag: number; protocol: number } | undefined {
  if ((wordOf(i, 'status') & Status.vlan) === 0) return undefined
  const word = wordOf(i, 'vlan')
  return { tag: word & 0xffff, protocol: word >>> 16 }
}

/** Packet `i` of those received last. */
export function frameOf(i: number, slab: Slab): Frame {
  const status = wordOf(i, 'status')
  const type = wordOf(i, 'type')
  const tagged = vlanOf(i)
  return printable({
    data: slab.take(wordOf(i, 'captured')),
    length: wordOf(i, 'length'),
    timestamp: timeOf(i),
    type: types[type & 0xff] ?? 'otherHost',
    protocol: wordOf(i, 'protocol'),
    dev: wordOf(i, 'device'),
    deviceType: type >>> 16,
    source: sourceOf(i),
    vlan:
      tagged === undefined
        ? undefined
        : {
            id: tagged.tag & 0xfff,
            priority: tagged.tag >> 13,
            dropEligible: (tagged.tag & 0x1000) !== 0,
            protocol: tagged.protocol,
          },
    checksum:
      (status & Status.checksumNotReady) !== 0
        ? 'partial'
        : (status & Status.checksumValid) !== 0
          ? 'valid'
          : 'unknown',
  })
}
