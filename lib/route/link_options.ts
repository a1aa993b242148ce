// What makes and changes a link: the options, checked and split into what each message of the kernel's takes.
import { checkNetns, type NetnsReference, type NetnsTarget } from '../native/netns_handle'
import { checkKeys, checkObject, isBytes, wrongType, wrongValue } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import type { Device } from '../wire/device'
import { checkText } from '../wire/text'
import type { ValueOf } from '../wire/type'
import { linkKinds, portData } from './kinds'
import { checkBridgePort } from './kinds/bridge_port'
import type { KindOptionsOf, Settable } from './kinds/kind'
import type { PortKindName } from './link'
import { operState, type addrGenMode, type linkAttributes } from './link_attributes'
import { creationAttributes, IFF } from './link_creation'

/** Settings of a device as a port of its master; `kind` is the master's. Default: `bridge`. */
export type LinkPortSettings = {
  [K in PortKindName]: {
    /** The kind of the master. Default: `bridge`. */
    kind?: K | undefined
  } & Settable<(typeof portData)[K]['table']>
}[PortKindName]

/**
 * What can be set on a link of any kind, when it is made and later. What is left out stays as it is; the defaults are
 * those of a new link.
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
  /** Settings as a port of the master (IFLA_INFO_SLAVE_DATA); it must have one, or get it here. */
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
  /** Receives what is not for it (IFF_PROMISC). Default: false. */
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
   * How IPv6 makes addresses of its own on it (IFLA_INET6_ADDR_GEN_MODE). Default:
   * `net.ipv6.conf.default.addr_gen_mode`, mostly `eui64`.
   */
  addrGenMode?: ValueOf<typeof addrGenMode> | undefined
  /** Whether it is held down by a protocol; macvlan, vxlan and some hardware (IFLA_PROTO_DOWN). Default: false. */
  protoDown?: boolean | undefined
  /**
   * Whether the carrier is there, for devices where software says so, such as dummy (IFLA_CARRIER). Default: by the
   * kind.
   */
  carrier?: boolean | undefined
  /**
   * RFC 2863's operational state: `up`, `dormant` or `testing`, of a device that is up and has a carrier; what the kernel
   * does not take is an error (IFLA_OPERSTATE). Default: as the kernel has it.
   */
  operState?: ValueOf<typeof operState> | undefined
  /**
   * What happens to the operational state when the carrier comes: `up`, or with `dormant` that (IFLA_LINKMODE).
   * Default: `default`.
   */
  linkMode?: 'default' | 'dormant' | number | undefined
}

/** What only the making of a link takes. */
export interface LinkCreation extends LinkSettings {
  /** The name: 1 to 15 bytes without `/`, `:`, `%` or white space (IFLA_IFNAME). */
  name: string
  /** The index that it shall have, at least 1 (ifi_index). Default: the kernel chooses. */
  index?: number | undefined
  /** Further names, each of up to 127 bytes (IFLA_PROP_LIST). Default: none. Since Linux 5.5. */
  altnames?: readonly string[] | undefined
  /**
   * How many transmit queues, 1 to 4096 (IFLA_NUM_TX_QUEUES). One is enough for a veth, and a quarter faster to make
   * than its default of one a CPU. Default: by the kind, mostly 1.
   */
  numTxQueues?: number | undefined
  /** How many receive queues, 1 to 4096 (IFLA_NUM_RX_QUEUES). Default: by the kind, mostly 1; for a veth one a CPU. */
  numRxQueues?: number | undefined
}

/** The far end of a veth pair: born with its name in its namespace, never moved, never renamed. */
export interface PeerOptions extends LinkCreation {
  /** The namespace of the far end (IFLA_NET_NS_FD). Default: that of the near end. */
  netns?: NetnsTarget | undefined
}

/** Options of a new link of one kind. */
export type LinkOptionsOf<K extends keyof typeof linkKinds> = LinkCreation & {
  /** The link's kind (IFLA_INFO_KIND). */
  kind: K
  /**
   * The namespace in which it is made; `link` and the like stay devices of this one (IFLA_NET_NS_FD). Default: this
   * one.
   */
  netns?: NetnsTarget | undefined
} & (K extends 'veth'
    ? {
        /** The far end (VETH_INFO_PEER). */
        peer: PeerOptions
      }
    : KindOptionsOf<(typeof linkKinds)[K]> & LowerOf<K>)

type NeededBy<K extends keyof typeof linkKinds> = (typeof linkKinds)[K]['needs'][number]
type LowerOf<K extends keyof typeof linkKinds> = {
  [N in NeededBy<K>]: N extends 'link'
    ? Device
    : N extends keyof KindOptionsOf<(typeof linkKinds)[K]>
      ? NonNullable<KindOptionsOf<(typeof linkKinds)[K]>[N]>
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
  /** The namespace in which it is made; `link` stays a device of this one (IFLA_NET_NS_FD). Default: this one. */
  netns?: NetnsTarget | undefined
}

/** Options of a new link, by `kind`. */
export type LinkOptions = { [K in keyof typeof linkKinds]: LinkOptionsOf<K> }[keyof typeof linkKinds] | OtherLinkOptions

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
        [K in Exclude<keyof typeof linkKinds, 'veth'>]: {
          /** The link's own kind. */
          kind: K
        } & KindOptionsOf<(typeof linkKinds)[K]>
      }[Exclude<keyof typeof linkKinds, 'veth'>]
  )

type LinkWire = ValueOf<typeof linkAttributes>
/** Options by name, checked for their keys. */
export type Options = Readonly<Record<string, unknown>>

const flagOptions = [
  ['up', IFF.UP],
  ['multicast', IFF.MULTICAST],
  ['allMulticast', IFF.ALLMULTI],
  ['promisc', IFF.PROMISC],
  ['arp', IFF.NOARP],
] as const
// What a message that creates a device ignores or refuses, and one that changes it takes.
const laterOptions = ['alias', 'protoDown', 'carrier', 'operState', 'linkMode']
const creationOptions = Object.keys(creationAttributes)

const settingKeys = [
  ...creationOptions,
  ...laterOptions,
  ...flagOptions.map(([option]) => option),
  'master',
  'port',
  'addrGenMode',
]
const addKeys = ['kind', 'index', 'altnames', 'netns', 'link']
const queueKeys = new Set(['numTxQueues', 'numRxQueues'])
const changeKeys = [...settingKeys.filter((key) => !queueKeys.has(key)), 'kind', 'netns']

// The keys of options, by kind: a set for each, made once.
const keysOfPeer = new Set([...settingKeys, 'index', 'altnames', 'netns'])
const keysOfOther = new Set([...settingKeys, ...addKeys, 'infoKind', 'data'])
const keysOfChanges = new Set(changeKeys)
interface KeysOfKind {
  readonly own: readonly string[]
  readonly creation: ReadonlySet<string>
  readonly changes: ReadonlySet<string>
}
const keysByKind = Object.fromEntries(
  Object.entries(linkKinds).map(([name, { data }]): [string, KeysOfKind] => {
    const own = Object.keys(data.table)
    const changeable = name === 'veth' ? [] : own
    return [
      name,
      {
        own,
        creation: new Set([...settingKeys, ...addKeys, ...own]),
        changes: new Set([...changeKeys, ...changeable]),
      },
    ]
  }),
) as Record<keyof typeof linkKinds, KeysOfKind>
const keysOf = ({ kind }: (typeof linkKinds)[keyof typeof linkKinds]): KeysOfKind => keysByKind[kind]
const keysByPortKind = new Map(
  Object.entries(portData).map(([name, { table }]) => [
    name,
    { own: Object.keys(table), all: new Set(['kind', ...Object.keys(table)]) },
  ]),
)

/** MODULE_NAME_LEN - 1: what is longer the kernel would cut (rtnl_newlink, net/core/rtnetlink.c). */
const longestKind = 55

/** Checks the kernel's name of a kind (IFLA_INFO_KIND). */
export function checkInfoKind(infoKind: unknown): string {
  return checkText(infoKind, 1, longestKind, 'infoKind')
}

/** The schema of a kind, by its name in options. */
export function checkKind(kind: unknown): (typeof linkKinds)[keyof typeof linkKinds] {
  if (typeof kind === 'string' && Object.hasOwn(linkKinds, kind)) return linkKinds[kind as keyof typeof linkKinds]
  const expected = `one of ${Object.keys(linkKinds)
    .map((name) => `"${name}"`)
    .join(', ')} or "other" with an "infoKind"${kind === 'tap' ? ' (ns.taps.create makes TAP devices)' : ''}`
  throw typeof kind === 'string' ? wrongValue('kind', expected, kind) : wrongType('kind', expected, kind)
}

/** Checks the keys of options that make a link, and that none is missing. Returns IFLA_LINKINFO. */
export function checkCreation(options: Options): NonNullable<LinkWire['linkInfo']> {
  checkObject(options)
  if (options.kind === 'other') {
    checkKeys(options, keysOfOther)
    const { name, infoKind, data } = options
    if (name === undefined) throw wrongType('name', 'given for a link', undefined)
    const kind = checkInfoKind(infoKind)
    if (data === undefined) return { kind }
    if (!isBytes(data)) throw wrongType('data', 'a Uint8Array of encoded attributes', data)
    return { kind, data }
  }
  const kind = checkKind(options.kind)
  checkKeys(options, keysOf(kind).creation)
  const need = (needed: string): void => {
    if (options[needed] === undefined) throw wrongType(needed, `given for a ${kind.kind}`, undefined)
  }
  need('name')
  kind.needs.forEach(need)
  if (kind.kind === 'veth') need('peer')
  if (kind.kind === 'veth') {
    if (options.link !== undefined) throw wrongValue('link', 'left out: a veth has no lower device', options.link)
    return { kind: 'veth' } // its far end is not as the options say it
  }
  const data = dataPart(options, kind, true)
  return { kind: kind.kind, ...(Object.keys(data).length === 0 ? {} : { data: data }) }
}

/** Checks the far end of a veth. */
export function checkPeer(peer: unknown): { options: Options; netns: NetnsReference | undefined } {
  checkKeys(peer, keysOfPeer, 'peer')
  const options = peer as Options
  if (options.name === undefined) throw wrongType('peer.name', 'given for a veth', undefined)
  const netns = options.netns === undefined ? undefined : checkNetns(options.netns, 'peer.netns', 'links.add')
  return { options, netns }
}

/** Checks the keys of changes. Returns IFLA_LINKINFO, if there is something of the kind's among them. */
export function checkChanges(changes: Options): LinkWire['linkInfo'] {
  const { kind } = checkObject(changes)
  if (kind === undefined) {
    checkKeys(changes, keysOfChanges)
    return undefined
  }
  const known = checkKind(kind)
  checkKeys(changes, keysOf(known).changes)
  const data = known.kind === 'veth' ? {} : dataPart(changes, known, false)
  return { kind: known.kind, ...(Object.keys(data).length === 0 ? {} : { data: data as never }) }
}

function dataPart(
  options: Options,
  kind: (typeof linkKinds)[keyof typeof linkKinds],
  making: boolean,
): Record<string, unknown> {
  kind.check(options, making)
  for (const option of making ? [] : kind.fixed) {
    if (options[option] === undefined) continue
    throw wrongValue(option, `left out: the kernel does not change it of a ${kind.kind} that is there`, options[option])
  }
  for (const [one, other] of kind.excludes) {
    if (options[one] === undefined || options[other] === undefined) continue
    throw wrongValue(other, `left out where "${one}" is given`, options[other])
  }
  return pick(options, keysOf(kind).own)
}

/** The index that a new device shall have; 0 leaves the choice to the kernel. */
export function indexPart({ index }: Options, prefix = ''): number {
  return index === undefined ? 0 : checkInteger(index, 1, 0x7fffffff, `${prefix}index`)
}

/** The options of these names that are there. */
export function pick(options: Options, names: readonly string[]): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const name of names) {
    if (options[name] !== undefined) found[name] = options[name]
  }
  return found
}

/** What the creating message carries. */
export function creationPart(options: Options): LinkWire {
  return pick(options, creationOptions)
}

// The kernel passes the others over (set_operstate, net/core/rtnetlink.c).
const settableStates: ReadonlySet<unknown> = new Set(
  (['up', 'dormant', 'testing'] as const).flatMap((name) => [name, operState.names[name][1]]),
)

/** What has to follow in a message of its own, before the device goes up. */
export function laterPart(options: Options, prefix = ''): LinkWire {
  if (options.operState !== undefined && !settableStates.has(options.operState))
    throw wrongValue(`${prefix}operState`, '"up", "dormant" or "testing"', options.operState)
  const later = pick(options, laterOptions) as LinkWire
  const mode = options.addrGenMode as LinkSettings['addrGenMode']
  if (mode !== undefined) later.afSpec = { inet6: { addrGenMode: mode } }
  return later
}

/** IFLA_LINKINFO for the settings as a port. */
export function portPart(options: Options, prefix = ''): LinkWire['linkInfo'] {
  if (options.port === undefined) return undefined
  const port = checkObject(options.port, `${prefix}port`)
  const kind: unknown = port.kind ?? 'bridge'
  const keys = typeof kind === 'string' ? keysByPortKind.get(kind) : undefined
  if (typeof kind !== 'string' || keys === undefined) {
    throw wrongValue(`${prefix}port.kind`, `one of ${Object.keys(portData).join(', ')}`, kind)
  }
  checkKeys(port, keys.all, `${prefix}port`)
  if (kind === 'bridge') checkBridgePort(port, `${prefix}port.`)
  return { portKind: kind, portData: pick(port, keys.own) as never }
}

/** The flags that the options set, and which of them they mean. */
export function flagPart(options: Options, prefix = ''): { flags: number; change: number } {
  let flags = 0
  let change = 0
  for (const [option, bit] of flagOptions) {
    const value = options[option]
    if (value === undefined) continue
    if (typeof value !== 'boolean') throw wrongType(prefix + option, 'a boolean', value)
    change |= bit
    if (value !== (option === 'arp')) flags |= bit
  }
  return { flags, change }
}
