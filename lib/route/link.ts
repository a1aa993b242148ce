// A link as lists report it: one flat object, discriminated by `kind`, decoded from the kernel's message.
import type { Received } from '../netlink/message'
import type { UnknownAttribute } from '../wire/attributes'
import { printable } from '../wire/printable'
import { Properties } from '../wire/properties'
import type { StructValue } from '../wire/struct'
import type { ValueOf } from '../wire/type'
import { linkKinds, type portData } from './kinds'
import type { DataOf, IsPaired } from './kinds/kind'
import { type addrGenMode, briefLinkLayout, linkLayout, type linkStatistics, type operState } from './link_attributes'
import { IFF, ifinfomsg, type linkType } from './link_creation'

/** The link kinds whose options this version knows. */
export type LinkKindName = keyof typeof linkKinds

/** Another device, perhaps in another namespace, to which its index belongs. */
export interface LinkReference {
  /** The device's index in its namespace. */
  readonly index: number
  /** The namespace's id as seen from this one (see `NetNs.id`); undefined for this one itself. */
  readonly netnsId?: number
}

/** Counters since the device exists (IFLA_STATS64; struct rtnl_link_stats64). A kernel may lack the last ones. */
export type LinkStatistics = Partial<StructValue<typeof linkStatistics.fields>>

/** Names of the kinds of port whose settings this version knows. */
export type PortKindName = keyof typeof portData

/** A device as a port of its master: its settings there, by the kind of the master. */
export type LinkPort =
  | {
      [K in PortKindName]: {
        /** The kind of the master. */
        kind: K
      } & Omit<ValueOf<(typeof portData)[K]>, 'unknown'>
    }[PortKindName]
  | {
      /** The kind is in `infoKind`. */
      kind: 'other'
      /** IFLA_INFO_SLAVE_KIND. */
      infoKind: string
      /** IFLA_INFO_SLAVE_DATA, undecoded. */
      data?: Uint8Array
    }

/** The fields of links of all kinds. */
export interface LinkCommon {
  /** The index in this namespace (ifi_index). */
  index: number
  /** The name (IFLA_IFNAME). */
  name: string
  /** What its frames are (ifi_type, ARPHRD_): `ether`, `loopback` …, a number if it has no name here. */
  type: ValueOf<typeof linkType>
  /** Set up by the administrator (IFF_UP). */
  up: boolean
  /** Up, and operational (IFF_RUNNING). */
  running: boolean
  /** The carrier is there (IFF_LOWER_UP). */
  lowerUp: boolean
  /** Uses ARP (not IFF_NOARP). */
  arp: boolean
  /** Can multicast (IFF_MULTICAST). */
  multicast: boolean
  /** Receives all multicast (IFF_ALLMULTI). */
  allMulticast: boolean
  /** Set promiscuous by the administrator (IFF_PROMISC); `promiscuity` counts all users of this mode. */
  promisc: boolean
  /** All flags of the device as the kernel has them (ifi_flags, IFF_). */
  flags: number
  /** The link-layer address (IFLA_ADDRESS). */
  mac?: string
  /** The link-layer broadcast address (IFLA_BROADCAST). */
  broadcast?: string
  /** The largest packet in bytes (IFLA_MTU). */
  mtu: number
  /** The smallest MTU that can be set, in bytes (IFLA_MIN_MTU). */
  minMtu?: number
  /** The largest MTU that can be set, in bytes; 0: no limit (IFLA_MAX_MTU). */
  maxMtu?: number
  /** Length of the transmit queue in packets (IFLA_TXQLEN). */
  txqlen?: number
  /** How many transmit queues (IFLA_NUM_TX_QUEUES). */
  numTxQueues?: number
  /** How many receive queues (IFLA_NUM_RX_QUEUES). */
  numRxQueues?: number
  /** Group for changes in bulk (IFLA_GROUP). */
  group?: number
  /** Free text (IFLA_IFALIAS). */
  alias?: string
  /** Altnames (IFLA_PROP_LIST). Since Linux 5.5. */
  altnames?: readonly string[]
  /** Index of the device that this one is a port of: a bridge, a VRF (IFLA_MASTER). */
  master?: number
  /** Its settings as a port of `master` (IFLA_INFO_SLAVE_DATA). */
  port?: LinkPort
  /** The device below, or the other end (IFLA_LINK). */
  link?: LinkReference
  /** RFC 2863's operational state (IFLA_OPERSTATE). */
  operState?: ValueOf<typeof operState>
  /** `dormant`: the operational state stays so when the carrier comes up, until `operState` is set (IFLA_LINKMODE). */
  linkMode?: 'default' | 'dormant' | number
  /** Whether the carrier is up (IFLA_CARRIER). */
  carrier?: boolean
  /** How often the carrier has changed (IFLA_CARRIER_CHANGES). */
  carrierChanges?: number
  /** How often the carrier came up (IFLA_CARRIER_UP_COUNT). */
  carrierUpCount?: number
  /** How often the carrier went down (IFLA_CARRIER_DOWN_COUNT). */
  carrierDownCount?: number
  /** The name of its queueing discipline (IFLA_QDISC). */
  qdisc?: string
  /** How many users have requested promiscuous mode (IFLA_PROMISCUITY). */
  promiscuity?: number
  /** How many users have requested all multicast (IFLA_ALLMULTI). Since Linux 6.0. */
  allMulticastCount?: number
  /** Largest packet that segmentation offload may make, in bytes (IFLA_GSO_MAX_SIZE). */
  gsoMaxSize?: number
  /** Most segments that such a packet is cut into (IFLA_GSO_MAX_SEGS). */
  gsoMaxSegs?: number
  /** As `gsoMaxSize`, for IPv4 only (IFLA_GSO_IPV4_MAX_SIZE). Since Linux 6.3. */
  gsoIpv4MaxSize?: number
  /** Largest packet that receive offload may put together, in bytes (IFLA_GRO_MAX_SIZE). Since Linux 5.17. */
  groMaxSize?: number
  /** As `groMaxSize`, for IPv4 only (IFLA_GRO_IPV4_MAX_SIZE). Since Linux 6.3. */
  groIpv4MaxSize?: number
  /** Largest packet that the device itself can cut, in bytes (IFLA_TSO_MAX_SIZE). Since Linux 5.19. */
  tsoMaxSize?: number
  /** Most segments that the device itself can cut (IFLA_TSO_MAX_SEGS). Since Linux 5.19. */
  tsoMaxSegs?: number
  /** Held down by a protocol (IFLA_PROTO_DOWN). */
  protoDown?: boolean
  /** Bytes that the device keeps free before a packet (IFLA_HEADROOM). Since Linux 6.18. */
  headroom?: number
  /** Bytes that the device keeps free behind a packet (IFLA_TAILROOM). Since Linux 6.18. */
  tailroom?: number
  /** Whether it must stay in its namespace (IFLA_NETNS_IMMUTABLE). Since Linux 6.15. */
  netnsImmutable?: boolean
  /** How IPv6 generates addresses on it (IFLA_INET6_ADDR_GEN_MODE). */
  addrGenMode?: ValueOf<typeof addrGenMode>
  /** The permanent address of the hardware (IFLA_PERM_ADDRESS). Since Linux 5.6. */
  permAddress?: string
  /** The device of the bus that it belongs to, such as `0000:00:03.0` (IFLA_PARENT_DEV_NAME). Since Linux 5.14. */
  parentDevName?: string
  /** That bus, such as `pci` (IFLA_PARENT_DEV_BUS_NAME). Since Linux 5.14. */
  parentDevBusName?: string
  /** How many virtual functions the hardware has (IFLA_NUM_VF). */
  numVf?: number
  /** Counters (IFLA_STATS64); only if `statistics: true` asks for them. */
  statistics?: LinkStatistics
  /** Attributes that this version does not decode. */
  unknown?: UnknownAttribute[]
}

/** A link of one kind that this version knows. */
type LinkOf<K extends LinkKindName> = LinkCommon & {
  /** Its kind (IFLA_INFO_KIND). */
  kind: K
} & DataOf<(typeof linkKinds)[K]> &
  (IsPaired<(typeof linkKinds)[K]> extends true
    ? {
        /** The other end (IFLA_LINK, IFLA_LINK_NETNSID); undefined while it is being moved or deleted. */
        peer?: LinkReference
      }
    : unknown)

/** A link of a kind that this version knows. */
export type KnownLink = { [K in LinkKindName]: LinkOf<K> }[LinkKindName]

/** One end of a veth pair. */
export type VethLink = LinkOf<'veth'>

/** A device without a kind: loopback, hardware. */
export interface PlainLink extends LinkCommon {
  /** The kernel names no kind. */
  kind: 'none'
}

/** A link of a kind that this version does not know. */
export interface OtherLink extends LinkCommon {
  /** The kind is in `infoKind`. */
  kind: 'other'
  /** IFLA_INFO_KIND. */
  infoKind: string
  /** IFLA_INFO_DATA, undecoded. */
  data?: Uint8Array
}

/** A network device (RTM_NEWLINK), discriminated by `kind`. */
export type Link = KnownLink | PlainLink | OtherLink

/** Decodes a link from an RTM_NEWLINK message, with or without its counters. */
export function decodeLink({ reader, at, end }: Received, statistics: boolean): Link | undefined {
  if (at + ifinfomsg.size > end) return undefined
  const { read } = ifinfomsg
  const flags = read.flags(reader, at)
  const rest: Rest = {}
  const { attributes } = statistics ? linkLayout : briefLinkLayout
  link.begin()
  link.set('index', read.index(reader, at))
  link.set('kind', 'none')
  link.set('name', '')
  link.set('type', read.type(reader, at))
  link.set('up', (flags & IFF.UP) !== 0)
  link.set('running', (flags & IFF.RUNNING) !== 0)
  link.set('lowerUp', (flags & IFF.LOWER_UP) !== 0)
  link.set('arp', (flags & IFF.NOARP) === 0)
  link.set('multicast', (flags & IFF.MULTICAST) !== 0)
  link.set('allMulticast', (flags & IFF.ALLMULTI) !== 0)
  link.set('promisc', (flags & IFF.PROMISC) !== 0)
  link.set('flags', flags)
  attributes.decodeInto(reader, at + ((ifinfomsg.size + 3) & ~3), end, link, rest)
  const { linkInfo, link: below, linkNetnsId, afSpec } = rest
  const mode = afSpec?.inet6?.addrGenMode
  if (mode !== undefined) link.set('addrGenMode', mode)
  if (typeof below === 'number' && below !== 0) {
    const reference = linkNetnsId === undefined ? { index: below } : { index: below, netnsId: linkNetnsId }
    link.set('link', reference)
    if (schemaOf(linkInfo?.kind)?.paired === true) link.set('peer', reference)
  }
  if (linkInfo?.portKind !== undefined) link.set('port', kindOf(linkInfo.portKind, linkInfo.portData, undefined))
  const wide = linkInfo?.kind !== undefined && setKind(linkInfo.kind, linkInfo.data)
  const made = link.finish() as unknown as Link
  return wide ? printable(made) : made
}

// Reused, as links are decoded one after another.
const link = new Properties()

type Rest = Pick<ValueOf<typeof linkLayout.attributes>, 'linkInfo' | 'link' | 'linkNetnsId' | 'afSpec'>

/** Adds the kind's own attributes. Returns whether one is a bigint: other attributes of links are not. */
function setKind(kind: string, data: object | undefined): boolean {
  const properties = kindOf(kind, data, schemaOf(kind))
  let wide = false
  for (const key of Object.keys(properties)) {
    const value = properties[key]
    wide ||= typeof value === 'bigint'
    link.set(key, value)
  }
  return wide
}

// Data is decoded for a known kind, and bytes for another one.
function kindOf(kind: string, data: object | undefined, schema: ReturnType<typeof schemaOf>): Record<string, unknown> {
  if (data instanceof Uint8Array) return { kind: 'other', infoKind: kind, data }
  if (data === undefined && schema?.tells !== false) return { kind: 'other', infoKind: kind }
  return { ...schema?.traits.leftOut, ...data, kind }
}

function schemaOf(kind: string | undefined): (typeof linkKinds)[LinkKindName] | undefined {
  return kind !== undefined && Object.hasOwn(linkKinds, kind) ? linkKinds[kind as LinkKindName] : undefined
}
