// A route as users give and get it, and its way to and from the messages.
import { ticksPerSecond } from './rtnetlink'
import type { Received } from '../netlink/message'
import type { UnknownAttribute } from '../wire/attributes'
import { checkDevice, type Device } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkArray, checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { familyOf, lengthSuffixes, parseIP, parsePrefix, type Prefix } from '../wire/ip'
import type { ValueOf } from '../wire/type'
import { checkAgreement, checkHopAgreement } from './route_agreement'
import { checkFamily, type Family, type routeProtocol, type scope, table } from './families'
import {
  routeAttributes,
  rtmsg,
  type EncapType,
  type HopMessage,
  routeFlags,
  type routeLayout,
  type routeMetrics,
  type routerPreference,
  type routeType,
} from './route_attributes'

/** Metrics of a route (RTA_METRICS, RTAX_); what is left out or 0 is as the kernel has it by default. */
export type RouteMetrics = Omit<ValueOf<typeof routeMetrics>, 'unknown'>
/** Flags of a route (RTM_F_) or nexthop (RTNH_F_), by name; at the end the number of those without one. */
export type RouteFlags = ValueOf<typeof routeFlags>
/** A routing table (RT_TABLE_): `main`, `local`, `default`, or a number up to 2^32 - 1. */
export type RouteTable = ValueOf<typeof table>

/** One of several ways that a route has (RTA_MULTIPATH, struct rtnexthop). */
export interface Nexthop {
  /** The next router (RTA_GATEWAY); for an IPv4 route also an IPv6 address (RTA_VIA). Default: none. */
  via?: string | undefined
  /** The device, by name or index (rtnh_ifindex). Default: the one that leads to `via`. */
  dev?: Device | undefined
  /** Its share of the traffic, 1 to 256 (rtnh_hops + 1). Default: 1. */
  weight?: number | undefined
  /** The next router counts as on the link, even if no prefix says so (RTNH_F_ONLINK). Default: false. */
  onlink?: boolean | undefined
  /** Realms (RTA_FLOW): the upper 16 bits of the source, the lower ones of the destination. IPv4 only. Default: none. */
  flow?: number | undefined
  /** How the packet is encapsulated (RTA_ENCAP_TYPE): `mpls`, `ip`, `seg6` … Default: not at all. */
  encapType?: EncapType | undefined
  /** The encapsulation's attributes, encoded (RTA_ENCAP). */
  encap?: Uint8Array | undefined
}

/**
 * What names a route, to find or delete it: what is left out may be anything, what is given has to be so. Only `delete`
 * takes `tos` and `from` that are left out as none.
 */
export interface RouteKey {
  /** The destination (RTA_DST): a prefix such as `10.0.0.0/8`, or `default`. */
  dst: string
  /** The family (rtm_family); only needed for `default` without `via`. Default: that of `dst` or `via`, else IPv4. */
  family?: Family | undefined
  /**
   * The next router (RTA_GATEWAY); for an IPv4 route also an IPv6 address (RTA_VIA). Default for a new one: none, the
   * destination is on the link.
   */
  via?: string | undefined
  /** The device, by name or index (RTA_OIF). Default for a new one: the one that leads to `via`. */
  dev?: Device | undefined
  /** The table (RTA_TABLE). Default: `local` for the types `local`, `broadcast`, `anycast` and `nat`, else `main`. */
  table?: RouteTable | undefined
  /**
   * Of two routes to one destination the one with the lower metric is taken (RTA_PRIORITY). Default for a new one: 0
   * for IPv4; 1024 for IPv6, also instead of 0.
   */
  metric?: number | undefined
  /**
   * What it does (rtm_type): `unicast`, `blackhole`, `unreachable`, `prohibit`, `throw`, `local` … Default for a new
   * one: `unicast`.
   */
  type?: ValueOf<typeof routeType> | undefined
  /** Who made it (rtm_protocol). Default for a new one: `boot`, as of `ip route`. */
  protocol?: ValueOf<typeof routeProtocol> | undefined
  /**
   * How far the destination is valid (rtm_scope); IPv6 routes are all `global`. Default for a new one, as of
   * `ip route`: `host` for the type `local`; `link` for `broadcast`, `multicast`, `anycast`, and `unicast` without a
   * next router; else `global`.
   */
  scope?: ValueOf<typeof scope> | undefined
  /** Type of service that it is for, a multiple of 4 up to 252 (rtm_tos); IPv4 only. Default for a new one: 0, any. */
  tos?: number | undefined
  /** The source address that packets get (RTA_PREFSRC). Default for a new one: the kernel chooses for each. */
  src?: string | undefined
  /** Only for packets from this prefix (RTA_SRC); IPv6 only. Default for a new one: from anywhere. */
  from?: string | undefined
}

/** A route to add. */
export interface RouteOptions extends RouteKey {
  /** The next router counts as on the link, even if no prefix says so (RTNH_F_ONLINK). Default: false. */
  onlink?: boolean | undefined
  /** Path MTU, window and the like (RTA_METRICS). Default: none. */
  metrics?: RouteMetrics | undefined
  /** Several ways, instead of `via` and `dev` (RTA_MULTIPATH). */
  nexthops?: readonly Nexthop[] | undefined
  /** Preference of a router (RTA_PREF); IPv6 only. Default: `medium`. */
  preference?: ValueOf<typeof routerPreference> | undefined
  /**
   * Seconds until it expires, and is removed by the next garbage collection (RTA_EXPIRES), rounded up to whole ones; IPv6
   * only. Default: Infinity, never.
   */
  expiresSeconds?: number | undefined
  /** Realms (RTA_FLOW): the upper 16 bits of the source, the lower ones of the destination. IPv4 only. Default: none. */
  flow?: number | undefined
  /** How the packet is encapsulated (RTA_ENCAP_TYPE): `mpls`, `ip`, `seg6` … Default: not at all. */
  encapType?: EncapType | undefined
  /** The encapsulation's attributes, encoded (RTA_ENCAP). */
  encap?: Uint8Array | undefined
  /** A nexthop object to use, by its id, instead of `via`, `dev` and `nexthops` (RTA_NH_ID). */
  nexthopId?: number | undefined
}

/** A route (RTM_NEWROUTE). */
export interface Route {
  /** Its family (rtm_family). */
  family: Family
  /** The destination (RTA_DST): a prefix, or `default`. */
  dst: string
  /** What it does (rtm_type): `unicast`, `blackhole`, `local` …, a number if it has no name here. */
  type: ValueOf<typeof routeType>
  /** Its table (RTA_TABLE). */
  table: RouteTable
  /** Who made it (rtm_protocol), a number if it has no name here. */
  protocol: ValueOf<typeof routeProtocol>
  /** How far the destination is valid (rtm_scope); `global` for all of IPv6. */
  scope: ValueOf<typeof scope>
  /** The next router (RTA_GATEWAY); of an IPv4 route perhaps an IPv6 address (RTA_VIA). */
  via?: string
  /** Index of the device (RTA_OIF). IPv6 routes that drop packets have that of `lo`. */
  dev?: number
  /** The source address that packets get (RTA_PREFSRC). */
  src?: string
  /** Only for packets from this prefix; in a look-up, the source address asked about (RTA_SRC). IPv6. */
  from?: string
  /** Of two routes to one destination the one with the lower metric is taken (RTA_PRIORITY). Left out: 0. */
  metric?: number
  /** Path MTU, window and the like (RTA_METRICS). */
  metrics?: RouteMetrics
  /** Type of service that it is for (rtm_tos). Left out: any. */
  tos?: number
  /** Several ways (RTA_MULTIPATH); `via` and `dev` are left out then. */
  nexthops?: RouteNexthop[]
  /** Flags of the route, and of its nexthop if it has only one (rtm_flags). */
  flags: RouteFlags
  /** Preference of a router (RTA_PREF). IPv6. */
  preference?: ValueOf<typeof routerPreference>
  /**
   * Seconds until it expires, to 1/100 (rta_expires); 0: it has, and waits for removal. IPv6; left out: never.
   */
  expiresSeconds?: number
  /** Id of the nexthop object that it uses (RTA_NH_ID). */
  nexthopId?: number
  /** Realms (RTA_FLOW): the upper 16 bits of the source, the lower ones of the destination. */
  flow?: number
  /** The mark asked about, in a look-up (RTA_MARK). IPv4. */
  mark?: number
  /** The user asked about, in a look-up (RTA_UID). IPv4. */
  uid?: number
  /** Index of the device that the packet comes in by, in a look-up (RTA_IIF). */
  iif?: number
  /** How the packet is encapsulated (RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_). */
  encapType?: EncapType
  /** The encapsulation's attributes, undecoded (RTA_ENCAP). */
  encap?: Uint8Array
  /** Whether MPLS carries the time to live on (RTA_TTL_PROPAGATE). IPv4 and IPv6 have none of their own. */
  ttlPropagate?: boolean
  /** Attributes that this version does not know. */
  unknown?: UnknownAttribute[]
}

/** One of several ways, as the kernel tells it (struct rtnexthop). */
export interface RouteNexthop {
  /** The next router (RTA_GATEWAY); of an IPv4 route perhaps an IPv6 address (RTA_VIA). */
  via?: string
  /** Index of the device (rtnh_ifindex). */
  dev: number
  /** Its share of the traffic, 1 to 256 (rtnh_hops + 1). */
  weight: number
  /** `onlink`, `dead`, `linkdown` … (rtnh_flags). */
  flags: RouteFlags
  /** Realms (RTA_FLOW). */
  flow?: number
  /** How the packet is encapsulated (RTA_ENCAP_TYPE). */
  encapType?: EncapType
  /** The encapsulation's attributes, undecoded (RTA_ENCAP). */
  encap?: Uint8Array
}

const keyKeys = ['dst', 'family', 'via', 'dev', 'table', 'metric', 'type', 'protocol', 'scope', 'tos', 'src', 'from']
/** Keys of RouteKey. */
export const routeKeyKeys: ReadonlySet<string> = new Set(keyKeys)
/** Keys of RouteOptions. */
export const routeOptionKeys: ReadonlySet<string> = new Set([
  ...keyKeys,
  'onlink',
  'metrics',
  'nexthops',
  'preference',
  'expiresSeconds',
  'flow',
  'encapType',
  'encap',
  'nexthopId',
])
// What else a list tells of a route, which may be given back. What only a look-up tells is no part of a route.
const reported = ['flags', 'unknown']
/** Keys of RouteOptions and of what a list gives. */
export const routeGivenKeys: ReadonlySet<string> = new Set([...routeOptionKeys, ...reported])
const hopKeys = new Set(['via', 'dev', 'weight', 'onlink', 'flags', 'flow', 'encapType', 'encap'])

const routeFlagNames = routeFlags.names

type Message = { header: object; attributes: ValueOf<(typeof routeLayout)['attributes']> }

// Types whose routes stand in the table `local`, and those that are valid on the link only: as `ip route` has it.
const localTypes = new Set<unknown>(['local', 'broadcast', 'anycast', 'nat'])
const linkTypes = new Set<unknown>(['broadcast', 'multicast', 'anycast'])

/** The family that a key means. */
export function familyOfRoute(route: RouteOptions): Family {
  return destinationOf(route)?.family ?? familyOfDefault(route)
}

/** The prefix that a key means; undefined for the default route. */
function destinationOf({ dst, family }: RouteOptions): Prefix | undefined {
  const chosen = checkFamily(family)
  return dst === 'default' ? undefined : parsePrefix(dst, 'dst', chosen)
}

function familyOfDefault({ via, family: chosen, nexthops }: RouteOptions): Family {
  if (chosen !== undefined) return chosen
  const hops = nexthops as readonly (Partial<Nexthop> | null)[] | undefined // not checked yet
  const first = via ?? hops?.find((hop) => hop?.via !== undefined)?.via
  return (first === undefined ? undefined : familyOf(first)) ?? 'ipv4'
}

/** Whether the next router is of the destination's family (RTA_GATEWAY) or, which IPv4 may, of the other (RTA_VIA). */
function isOf(via: unknown, of: Family, field: string): boolean {
  const family = typeof via === 'string' ? familyOf(via) : undefined
  if (family === undefined) parseIP(via, field) // says what is wrong with it
  if (family !== of && of === 'ipv6') throw wrongValue(field, 'an IPv6 address, as the destination', via)
  return family === of
}

function hopMessage(hop: Nexthop, of: Family, field: string): HopMessage {
  checkKeys(hop, hopKeys, field)
  checkHopAgreement(hop, of, field)
  const { via, dev, weight = 1, onlink = isOnlink(hop), flow, encapType, encap } = hop
  if (dev !== undefined) checkDevice(dev, `${field}.dev`)
  if (typeof onlink !== 'boolean') throw wrongType(`${field}.onlink`, 'a boolean', onlink)
  checkInteger(weight, 1, 256, `${field}.weight`)
  return {
    header: { flags: onlink ? ['onlink'] : [], hops: weight - 1, ...(dev === undefined ? {} : { dev }) },
    attributes: {
      ...(via === undefined ? {} : isOf(via, of, `${field}.via`) ? { via } : { viaOther: via }),
      flow,
      encapType,
      encap,
    },
  }
}

function isOnlink(listed: object): boolean {
  return (listed as Partial<Route>).flags?.includes('onlink') === true
}

/** So many have room in RTA_MULTIPATH: each is at least a struct rtnexthop of 8 bytes. */
const mostHops = 0xffff >> 3

/** Of these, IPv4 takes no notice. */
const onlyIPv6 = ['from', 'preference', 'expiresSeconds'] as const

function checkReported(route: object): void {
  const { flags, unknown } = route as Record<string, unknown>
  if (flags !== undefined) checkFlags(flags)
  if (unknown !== undefined) checkArray(unknown, 'unknown')
}

function checkFlags(flags: unknown): void {
  for (const [i, name] of checkArray(flags, 'flags', 'an array', 64).entries()) {
    if (typeof name === 'number') checkInteger(name, 0, 0xffffffff, `flags[${i}]`)
    else if (typeof name !== 'string' || !Object.hasOwn(routeFlagNames, name)) {
      throw wrongValue(`flags[${i}]`, `one of ${Object.keys(routeFlagNames).join(', ')}`, name)
    }
  }
}

function wholeSeconds(value: unknown): number | undefined {
  if (value === undefined || value === Infinity) return undefined
  const expected = 'a number of seconds above 0 and up to 4294967295, or Infinity'
  if (typeof value !== 'number') throw wrongType('expiresSeconds', expected, value)
  if (!(value > 0 && value <= 0xffffffff)) throw outOfRange('expiresSeconds', expected, value)
  return Math.ceil(value)
}

/** The header and attributes of a route that is added, or looked for (`adding` false: what is left out may be anything). */
export function routeMessage(route: RouteOptions, adding: boolean): Message {
  // Before it is looked into for the family.
  const { via, dev, type, protocol, tos, src, from, onlink, nexthops } = route
  if (nexthops !== undefined && checkArray(nexthops, 'nexthops', 'an array', mostHops).length === 0) {
    throw outOfRange('nexthops', 'an array of at least one', nexthops)
  }
  checkReported(route)
  const prefix = destinationOf(route)
  const of = prefix?.family ?? familyOfDefault(route)
  if (of === 'ipv4') {
    for (const key of onlyIPv6) {
      if (route[key] !== undefined) throw wrongValue(key, 'left out for IPv4', route[key])
    }
  }
  checkAgreement(route, of)
  const source = from === undefined ? undefined : parsePrefix(from, 'from', of)
  if (src !== undefined) parseIP(src, 'src', of)
  if (dev !== undefined) checkDevice(dev, 'dev')
  if (onlink !== undefined && typeof onlink !== 'boolean') throw wrongType('onlink', 'a boolean', onlink)
  if (nexthops !== undefined && (via !== undefined || dev !== undefined)) {
    throw wrongValue('nexthops', 'given instead of "via" and "dev", not with them', nexthops)
  }
  const where = tableOf(route)
  const narrow = typeof where !== 'number' || where < 256
  const attributes = routeAttributesOf(route, of, adding)
  if (prefix !== undefined) attributes.dst = prefix.address
  if (source !== undefined) attributes.from = source.address
  if (!narrow) attributes.table = where
  if (nexthops !== undefined) attributes.nexthops = nexthops.map((hop, i) => hopMessage(hop, of, `nexthops[${i}]`))
  return {
    header: {
      family: of,
      dstLength: prefix?.length ?? 0,
      srcLength: source?.length ?? 0,
      tos,
      table: narrow ? tableNumber(where) : 0,
      protocol: protocol ?? (adding ? 'boot' : 'unspec'),
      scope: route.scope ?? (of === 'ipv6' ? 'global' : adding ? defaultScope(route) : 'nowhere'),
      type: type ?? (adding ? 'unicast' : 'unspec'),
      flags: (onlink ?? isOnlink(route)) ? ['onlink'] : [],
    },
    attributes,
  }
}

// Only what is there: to pass over what most routes lack would take a tenth of the time of a large batch.
function routeAttributesOf(route: RouteOptions, of: Family, adding: boolean): Message['attributes'] {
  const { dev, via, metric, src, metrics, preference, flow, encapType, encap, nexthopId } = route
  // The time that is left of it names no route.
  const expiresSeconds = adding ? wholeSeconds(route.expiresSeconds) : undefined
  const attributes: Message['attributes'] = {}
  if (dev !== undefined) attributes.dev = dev
  if (via !== undefined) {
    if (isOf(via, of, 'via')) attributes.via = via
    else attributes.viaOther = via
  }
  if (metric !== undefined) attributes.metric = metric
  if (src !== undefined) attributes.src = src
  if (metrics !== undefined) attributes.metrics = locked(metrics)
  if (preference !== undefined) attributes.preference = preference
  if (expiresSeconds !== undefined) attributes.expiresSeconds = expiresSeconds
  if (flow !== undefined) attributes.flow = flow
  if (encapType !== undefined) attributes.encapType = encapType
  if (encap !== undefined) attributes.encap = encap
  if (nexthopId !== undefined) attributes.nexthopId = nexthopId
  return attributes
}

/** TCP takes notice of the smallest retransmission time-out only where it is locked; `ip route` locks it, too. */
function locked(metrics: RouteMetrics): RouteMetrics {
  // Not checked yet: it may be null.
  const { rtoMin, lock = [] } = (metrics as RouteMetrics | null) ?? {}
  if (rtoMin === undefined || !Array.isArray(lock)) return metrics
  return { ...metrics, lock: [...(lock as NonNullable<RouteMetrics['lock']>), 'rtoMin'] }
}

/** The table that a key means. */
export function tableOf({ table, type }: RouteKey): RouteTable {
  return table ?? (localTypes.has(type) ? 'local' : 'main')
}

function tableNumber(value: RouteTable): number {
  if (typeof value === 'number') return checkInteger(value, 0, 0xffffffff, 'table')
  const known = Object.hasOwn(table.names, value) ? table.names[value] : undefined
  if (known === undefined) throw wrongValue('table', 'a number, "main", "local" or "default"', value)
  return known[1]
}

function defaultScope({ type, via, nexthops, nexthopId }: RouteOptions): 'host' | 'link' | 'global' {
  if (type === 'local' || type === 'nat') return 'host'
  if (linkTypes.has(type)) return 'link'
  const direct = (type === undefined || type === 'unicast') && via === undefined
  return direct && nexthops === undefined && nexthopId === undefined ? 'link' : 'global'
}

const attributesAt = (rtmsg.size + 3) & ~3

/** Makes a route of an RTM_NEWROUTE message. There may be a million of them, so the attributes go straight into it. */
export function decodeRoute({ reader, at, end }: Pick<Received, 'reader' | 'at' | 'end'>): Route | undefined {
  if (at + rtmsg.size > end) return undefined
  const { read } = rtmsg
  const family = read.family(reader, at)
  if (family !== 'ipv4' && family !== 'ipv6') return undefined
  const route: Route = {
    family,
    dst: '',
    type: read.type(reader, at),
    table: tableNames[read.table(reader, at)] ?? 0,
    protocol: read.protocol(reader, at),
    scope: read.scope(reader, at),
    flags: read.flags(reader, at),
  }
  const rare: Rare = {}
  routeAttributes.decodeInto(reader, at + attributesAt, end, route, rare)
  const length = read.dstLength(reader, at)
  route.dst = route.dst === '' ? 'default' : route.dst + (lengthSuffixes[length] ?? '')
  const tos = read.tos(reader, at)
  if (tos !== 0) route.tos = tos
  if (route.from !== undefined) route.from += lengthSuffixes[read.srcLength(reader, at)] ?? ''
  const { viaOther, nexthops, cacheInfo } = rare
  if (viaOther !== undefined) route.via = viaOther
  if (nexthops !== undefined) route.nexthops = nexthops.map(decodeHop)
  const expires = cacheInfo?.expires ?? 0
  if (expires !== 0) route.expiresSeconds ??= Math.max(0, expires) / ticksPerSecond
  return route
}

type Rare = Pick<ValueOf<typeof routeAttributes>, 'viaOther' | 'nexthops' | 'cacheInfo'>

const tableNames = Array.from({ length: 256 }, (_, number): RouteTable => {
  const known = Object.entries(table.names).find(([, [, value]]) => value === number)
  return (known?.[0] as keyof typeof table.names | undefined) ?? number
})

function decodeHop({ header, attributes }: HopMessage): RouteNexthop {
  const { via = attributes.viaOther, flow, encapType, encap } = attributes
  const hop: RouteNexthop = { dev: header.dev as number, weight: (header.hops ?? 0) + 1, flags: header.flags ?? [] }
  if (via !== undefined) hop.via = via
  if (flow !== undefined) hop.flow = flow
  if (encapType !== undefined) hop.encapType = encapType
  if (encap !== undefined) hop.encap = encap
  return hop
}
