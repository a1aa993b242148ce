// The options that create and change a link. link_places.ts has the part of the message to which each belongs.
import type { NetnsTarget } from '../native/netns_handle'
import type { Device } from '../wire/device'
import type { ValueOf } from '../wire/type'
import type { linkKinds, portData } from './kinds'
import type { IsPaired, KindOptionsOf, Settable } from './kinds/kind'
import type { LinkKindName, PortKindName } from './link'
import type { addrGenMode, operState } from './link_attributes'

/** Settings of a device as a port of its master; `kind` is the master's. Default: `bridge`. */
export type LinkPortSettings = {
  [K in PortKindName]: {
    /** The kind of the master. Default: `bridge`. */
    kind?: K | undefined
  } & Settable<(typeof portData)[K]['table']>
}[PortKindName]

/**
 * Settings of a link of any kind, at its creation and later. Those that are left out stay as they are; the defaults are those of
 * a new link.
 */
export interface LinkSettings {
  /** Up or down (IFF_UP). Default: false. */
  up?: boolean | undefined
  /** The link-layer address, such as `02:00:00:00:00:01` (IFLA_ADDRESS). Default: by the kind, mostly at random. */
  mac?: string | undefined
  /** The link-layer broadcast address (IFLA_BROADCAST). Default: by the kind, mostly `ff:ff:ff:ff:ff:ff`. */
  broadcast?: string | undefined
  /**
   * The largest packet in bytes, from `minMtu` to `maxMtu` of the link (IFLA_MTU). Default: by the kind, mostly 1500 or
   * that of the device below.
   */
  mtu?: number | undefined
  /**
   * The device that this one becomes a port of (a bridge, a VRF), by name or index; 0 for none (IFLA_MASTER). Default:
   * 0.
   */
  master?: Device | undefined
  /** Settings as a port of the master (IFLA_INFO_SLAVE_DATA), which the link has, or gets by `master`. */
  port?: LinkPortSettings | undefined
  /** Length of the transmit queue in packets (IFLA_TXQLEN). Default: by the kind, mostly 1000. */
  txqlen?: number | undefined
  /** Group for changes in bulk (IFLA_GROUP). Default: 0. */
  group?: number | undefined
  /** Free text of up to 255 bytes; empty for none (IFLA_IFALIAS). Default: none. */
  alias?: string | undefined
  /** Uses ARP and NDP (not IFF_NOARP). Default: by the kind, mostly true. */
  arp?: boolean | undefined
  /** Can multicast (IFF_MULTICAST). Default: by the kind, mostly true. */
  multicast?: boolean | undefined
  /** Receives all multicast (IFF_ALLMULTI). Default: false. */
  allMulticast?: boolean | undefined
  /** Also receives packets for other hosts (IFF_PROMISC). Default: false. */
  promisc?: boolean | undefined
  /**
   * Largest packet that segmentation offload may make, in bytes, at most `tsoMaxSize` of the link (IFLA_GSO_MAX_SIZE).
   * Up to 65536 it sets `gsoIpv4MaxSize`, too. Default: by the kind, mostly 65536.
   */
  gsoMaxSize?: number | undefined
  /**
   * Most segments that such a packet is cut into, up to 65535 (IFLA_GSO_MAX_SEGS). Default: by the kind, mostly 65535.
   */
  gsoMaxSegs?: number | undefined
  /** As `gsoMaxSize`, for IPv4 only (IFLA_GSO_IPV4_MAX_SIZE). Since Linux 6.3. */
  gsoIpv4MaxSize?: number | undefined
  /**
   * Largest packet that receive offload may put together, in bytes (IFLA_GRO_MAX_SIZE). Up to 65536 it sets
   * `groIpv4MaxSize`, too. Default: 65536. Since Linux 5.17.
   */
  groMaxSize?: number | undefined
  /** As `groMaxSize`, for IPv4 only (IFLA_GRO_IPV4_MAX_SIZE). Since Linux 6.3. */
  groIpv4MaxSize?: number | undefined
  /**
   * How IPv6 generates addresses on it (IFLA_INET6_ADDR_GEN_MODE). Default:
   * `net.ipv6.conf.default.addr_gen_mode`, mostly `eui64`.
   */
  addrGenMode?: ValueOf<typeof addrGenMode> | undefined
  /** Whether it is held down by a protocol; macvlan, vxlan and some hardware (IFLA_PROTO_DOWN). Default: false. */
  protoDown?: boolean | undefined
  /**
   * Whether the carrier is up, for devices where software sets it, such as dummy (IFLA_CARRIER). Default: by the kind.
   */
  carrier?: boolean | undefined
  /**
   * RFC 2863's operational state: `up`, `dormant` or `testing`, of a device that is up and has a carrier; an error if the
   * kernel ignores it (IFLA_OPERSTATE). Default: set by the kernel.
   */
  operState?: ValueOf<typeof operState> | undefined
  /**
   * The operational state when the carrier comes up: `up` with `default`, else `dormant` (IFLA_LINKMODE). Default: `default`.
   */
  linkMode?: 'default' | 'dormant' | number | undefined
}

/** Options for the creation of a link only. */
export interface LinkCreation extends LinkSettings {
  /** The name: 1 to 15 bytes without `/`, `:`, `%` or white space (IFLA_IFNAME). */
  name: string
  /** Its index, at least 1 (ifi_index). Default: the kernel chooses. */
  index?: number | undefined
  /** Altnames, each of up to 127 bytes (IFLA_PROP_LIST). Default: none. Since Linux 5.5. */
  altnames?: readonly string[] | undefined
  /**
   * How many transmit queues, 1 to 4096 (IFLA_NUM_TX_QUEUES). One is enough for a veth, and a quarter faster to make
   * than its default of one a CPU. Default: by the kind, mostly 1.
   */
  numTxQueues?: number | undefined
  /** How many receive queues, 1 to 4096 (IFLA_NUM_RX_QUEUES). Default: by the kind, mostly 1; for a veth one a CPU. */
  numRxQueues?: number | undefined
}

/** The far end of a pair, such as veth: created in its namespace with its name, so that it is never moved or renamed. */
export interface PeerOptions extends LinkCreation {
  /** The namespace of the far end (IFLA_NET_NS_FD). Default: that of the near end. */
  netns?: NetnsTarget | undefined
}

type Kinds = typeof linkKinds

/** Options of a new link of one kind. */
export type LinkOptionsOf<K extends LinkKindName> = LinkCreation & {
  /** The link's kind (IFLA_INFO_KIND). */
  kind: K
  /**
   * The namespace in which it is created; `link` and similar options still name devices of this one (IFLA_NET_NS_FD). Default:
   * this one.
   */
  netns?: NetnsTarget | undefined
} & (IsPaired<Kinds[K]> extends true
    ? KindOptionsOf<Kinds[K]> & {
        /** The far end, such as VETH_INFO_PEER. */
        peer: PeerOptions
      }
    : KindOptionsOf<Kinds[K]> & LowerOf<K>)

type NeededBy<K extends LinkKindName> = Kinds[K]['needs'][number]
type LowerOf<K extends LinkKindName> = {
  [N in NeededBy<K>]: N extends 'link'
    ? Device
    : N extends keyof KindOptionsOf<Kinds[K]>
      ? NonNullable<KindOptionsOf<Kinds[K]>[N]>
      : never
} & {
  /** The device below, by name or index, for the kinds that have one (IFLA_LINK). Default: none. */
  link?: Device | undefined
}

/** Options of a new link of a kind that this version does not know: its attributes as bytes. */
export interface OtherLinkOptions extends LinkCreation {
  /** The kind is in `infoKind`. */
  kind: 'other'
  /** The kernel's name of the kind, 1 to 55 bytes (IFLA_INFO_KIND). */
  infoKind: string
  /** The kind's own attributes, encoded (IFLA_INFO_DATA). Default: none. */
  data?: Uint8Array | undefined
  /** The device below, by name or index (IFLA_LINK). Default: none. */
  link?: Device | undefined
  /** The namespace in which it is created; `link` is still a device of this one (IFLA_NET_NS_FD). Default: this one. */
  netns?: NetnsTarget | undefined
}

/** Options of a new link, by `kind`. */
export type LinkOptions = { [K in LinkKindName]: LinkOptionsOf<K> }[LinkKindName] | OtherLinkOptions

/** Kinds with options that can be changed. */
type ChangeableKind = {
  [K in LinkKindName]: IsPaired<Kinds[K]> extends true ? (keyof KindOptionsOf<Kinds[K]> extends never ? never : K) : K
}[LinkKindName]

/** Changes to a link. With `kind`, also the options of that kind. */
export type LinkChanges = LinkSettings & {
  /** A new name: 1 to 15 bytes without `/`, `:`, `%` or white space (IFLA_IFNAME). */
  name?: string | undefined
  /** The namespace to move it to (IFLA_NET_NS_FD). */
  netns?: NetnsTarget | undefined
} & (
    | {
        /** Left out: only what links of all kinds have. */
        kind?: undefined
      }
    | {
        [K in ChangeableKind]: {
          /** The link's own kind. */
          kind: K
        } & KindOptionsOf<Kinds[K]>
      }[ChangeableKind]
  )
