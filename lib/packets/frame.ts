// Frame: what a packet socket tells of a packet (packet(7), PACKET_AUXDATA).
import { printable } from '../wire/printable'
import { copyOf } from '../wire/scratch'
import { addressOf, timeOf, wordOf, type Slab } from '../native/datagrams'

/** Where a packet comes from or goes to, as the kernel sees it (PACKET_HOST …). */
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
  /** Whether it may be dropped first. */
  readonly dropEligible: boolean
  /** The tag's EtherType, mostly 0x8100. */
  readonly protocol: number
}

/** A packet that a packet socket received. */
export interface Frame {
  /**
   * Its bytes, from the link-layer header on, or from what follows that if the socket is cooked; `snapLength` at most.
   * Those that were received together share memory: copy the few that you keep for long.
   */
  readonly data: Buffer
  /** How many bytes it had. */
  readonly length: number
  /** When the kernel received or sent it: nanoseconds since 1970. */
  readonly timestamp: bigint
  /** For whom it is. `outgoing`: it was sent by this machine. */
  readonly type: PacketType
  /** The EtherType, such as 0x0800. */
  readonly protocol: number
  /** The index of its device. */
  readonly dev: number
  /** The type of that device (ARPHRD_ of linux/if_arp.h): 1 for Ethernet. */
  readonly deviceType: number
  /** The link-layer address of its sender, such as `02:00:00:00:00:01`; empty where there is none. */
  readonly source: string
  /** The tag that the kernel took out of it; undefined: it had none, or still has it. */
  readonly vlan: VlanTag | undefined
  /**
   * `partial`: the checksum of TCP or UDP is not computed yet, for the device is to do that, or there is no need (a packet
   * between two namespaces). `valid`: it was found to be right. `unknown`: nobody has looked.
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

/** The tag of the packet `i` of those received last, as the 16 bits that it has, and its EtherType. */
export function vlanOf(i: number): { tag: number; protocol: number } | undefined {
  if ((wordOf(i, 'status') & Status.vlan) === 0) return undefined
  const word = wordOf(i, 'vlan')
  return { tag: word & 0xffff, protocol: word >>> 16 }
}

/** The packet `i` of those received last. */
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
