// A link as users see it: one flat object, told apart by `kind`, made of what the kernel says.
import type { Received } from '../netlink/message'
import type { UnknownAttribute } from '../wire/attributes'
import type { StructValue } from '../wire/struct'
import type { ValueOf } from '../wire/type'
import type { linkKinds, portData } from './kinds'
import type { DataOf } from './kinds/kind'
import { type addrGenMode, briefLinkLayout, linkLayout, type linkStatistics, type operState } from './link_attributes'
import { IFF, ifinfomsg, type linkType } from './link_creation'

/** The link kinds whose options this version knows. */
export type LinkKindName = keyof typeof linkKinds

/** Another device, perhaps in another namespace: an index means nothing without its namespace. */
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
  | { [K in PortKindName]: { kind: K } & Omit<ValueOf<(typeof portData)[K]>, 'unknown'> }[PortKindName]
  | {
      kind: 'other'
      /** IFLA_INFO_SLAVE_KIND. */
      infoKind: string
      /** IFLA_INFO_SLAVE_DATA, undecoded. */
      data?: Uint8Array
    }

/** What links of all kinds have. */
export interface LinkCommon {
  /** The index in this namespace (ifindex). */
  index: number
  /** The name (IFLA_IFNAME). */
  name: string
  /** What its frames are (ARPHRD_): `ether`, `loopback` …, a number if it has no name here. */
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
  /** Set promiscuous by the administrator (IFF_PROMISC); `promiscuity` counts all who want it. */
  promisc: boolean
  /** All flags of the device as the kernel has them (IFF_). */
  flags: number
  /** The link-layer address (IFLA_ADDRESS). */
  mac?: string
  /** The link-layer broadcast address (IFLA_BROADCAST). */
  broadcast?: string
  /** The largest packet in bytes (IFLA_MTU). */
  mtu: number
  minMtu?: number
  maxMtu?: number
  /** Length of the transmit queue in packets (IFLA_TXQLEN). */
  txqlen?: number
  numTxQueues?: number
  numRxQueues?: number
  /** Group for changes in bulk (IFLA_GROUP). */
  group?: number
  /** Free text (IFLA_IFALIAS). */
  alias?: string
  /** Further names (IFLA_PROP_LIST). */
  altnames?: readonly string[]
  /** Index of the device that this one is a port of: a bridge, a VRF (IFLA_MASTER). */
  master?: number
  /** Its settings as a port of `master`. */
  port?: LinkPort
  /** The device below, or the other end (IFLA_LINK). */
  link?: LinkReference
  /** RFC 2863's operational state (IFLA_OPERSTATE). */
  operState?: ValueOf<typeof operState>
  linkMode?: 'default' | 'dormant' | number
  carrier?: boolean
  carrierChanges?: number
  carrierUpCount?: number
  carrierDownCount?: number
  /** The name of its queueing discipline. */
  qdisc?: string
  /** How many want it promiscuous (IFLA_PROMISCUITY). */
  promiscuity?: number
  allMulticastCount?: number
  /** Largest packet that segmentation offload may make, in bytes; `gsoIpv4MaxSize` for IPv4. */
  gsoMaxSize?: number
  gsoMaxSegs?: number
  gsoIpv4MaxSize?: number
  groMaxSize?: number
  groIpv4MaxSize?: number
  tsoMaxSize?: number
  tsoMaxSegs?: number
  protoDown?: boolean
  /** Bytes that the device keeps free before and behind a packet. */
  headroom?: number
  tailroom?: number
  /** Whether it must stay in its namespace. */
  netnsImmutable?: boolean
  /** How IPv6 makes addresses of its own on it (IFLA_INET6_ADDR_GEN_MODE). */
  addrGenMode?: ValueOf<typeof addrGenMode>
  /** The address it came with (IFLA_PERM_ADDRESS). */
  permAddress?: string
  parentDevName?: string
  parentDevBusName?: string
  numVf?: number
  /** Counters; asked for by `statistics: true`. */
  statistics?: LinkStatistics
  /** Attributes that this version does not know. */
  unknown?: UnknownAttribute[]
}

/** A link of a kind that this version knows. */
export type KnownLink = {
  [K in Exclude<LinkKindName, 'veth'>]: LinkCommon & { kind: K } & DataOf<(typeof linkKinds)[K]>
}[Exclude<LinkKindName, 'veth'>]

/** One end of a veth pair. */
export interface VethLink extends LinkCommon {
  kind: 'veth'
  /** The other end; undefined while it is being moved or deleted. */
  peer?: LinkReference
}

/** A device without a kind: loopback, hardware. */
export interface PlainLink extends LinkCommon {
  kind: 'none'
}

/** A link of a kind that this version does not know. */
export interface OtherLink extends LinkCommon {
  kind: 'other'
  /** IFLA_INFO_KIND. */
  infoKind: string
  /** IFLA_INFO_DATA, undecoded. */
  data?: Uint8Array
}

/** A network device (RTM_NEWLINK), told apart by `kind`. */
export type Link = KnownLink | VethLink | PlainLink | OtherLink

/** Makes a link of an RTM_NEWLINK message, with or without its counters. */
export function decodeLink({ reader, at, end }: Received, statistics: boolean): Link | undefined {
  if (at + ifinfomsg.size > end) return undefined
  const { read } = ifinfomsg
  const flags = read.flags(reader, at)
  const link: Record<string, unknown> = {
    index: read.index(reader, at),
    kind: 'none',
    name: '',
    type: read.type(reader, at),
    up: (flags & IFF.UP) !== 0,
    running: (flags & IFF.RUNNING) !== 0,
    lowerUp: (flags & IFF.LOWER_UP) !== 0,
    arp: (flags & IFF.NOARP) === 0,
    multicast: (flags & IFF.MULTICAST) !== 0,
    allMulticast: (flags & IFF.ALLMULTI) !== 0,
    promisc: (flags & IFF.PROMISC) !== 0,
    flags,
  }
  const rest: Rest = {}
  const { attributes } = statistics ? linkLayout : briefLinkLayout
  attributes.decodeInto(reader, at + ((ifinfomsg.size + 3) & ~3), end, link, rest)
  const { linkInfo, link: below, linkNetnsId, afSpec } = rest
  const mode = afSpec?.inet6?.addrGenMode
  if (mode !== undefined) link.addrGenMode = mode
  if (typeof below === 'number' && below !== 0) {
    const reference = linkNetnsId === undefined ? { index: below } : { index: below, netnsId: linkNetnsId }
    link.link = reference
    if (linkInfo?.kind === 'veth') link.peer = reference
  }
  if (linkInfo?.portKind !== undefined) link.port = withKind({}, linkInfo.portKind, linkInfo.portData)
  if (linkInfo?.kind !== undefined) withKind(link, linkInfo.kind, linkInfo.data)
  return link as unknown as Link
}

type Rest = Pick<ValueOf<typeof linkLayout.attributes>, 'linkInfo' | 'link' | 'linkNetnsId' | 'afSpec'>

// Data that was decoded belongs to a kind that is known, bytes to one that is not.
function withKind(object: Record<string, unknown>, kind: string, data: object | undefined): Record<string, unknown> {
  if (data instanceof Uint8Array) return Object.assign(object, { kind: 'other', infoKind: kind, data })
  const known = data !== undefined || kindsWithoutData.has(kind)
  if (!known) return Object.assign(object, { kind: 'other', infoKind: kind })
  return Object.assign(object, data, { kind })
}

/** Kinds that the kernel sends no IFLA_INFO_DATA for. */
const kindsWithoutData: ReadonlySet<string> = new Set(['veth', 'ifb', 'dummy'])
