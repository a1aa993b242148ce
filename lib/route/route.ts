// A route as users give it and as lists report it.
import type { UnknownAttribute } from '../wire/attributes'
import type { Device } from '../wire/device'
import type { ValueOf } from '../wire/type'
import type { Family, routeProtocol, scope, table } from './families'
import type { EncapType, routeFlags, routeMetrics, routerPreference, routeType } from './route_attributes'

/** Metrics of a route (RTA_METRICS, RTAX_); one that is left out or 0 has the kernel's default. */
export type RouteMetrics = Omit<ValueOf<typeof routeMetrics>, 'unknown'>
/** Flags of a route (RTM_F_) or nexthop (RTNH_F_), by name; at the end the number of those without one. */
export type RouteFlags = ValueOf<typeof routeFlags>
/** A routing table (RT_TABLE_): `main`, `local`, `default`, or a number up to 2^32 - 1. */
export type RouteTable = ValueOf<typeof table>

/** One of several nexthops of a route (RTA_MULTIPATH, struct rtnexthop). */
export interface Nexthop {
  /** The next router (RTA_GATEWAY); for an IPv4 route also an IPv6 address (RTA_VIA). Default: none. */
  via?: string | undefined
  /** The device, by name or index (rtnh_ifindex). Default: the one that leads to `via`. */
  dev?: Device | undefined
  /** Its share of the traffic, 1 to 256 (rtnh_hops + 1). Default: 1. */
  weight?: number | undefined
  /** The next router counts as on the link, even if no prefix covers it (RTNH_F_ONLINK). Default: false. */
  onlink?: boolean | undefined
  /** Realms (RTA_FLOW): the upper 16 bits of the source, the lower ones of the destination. IPv4 only. Default: none. */
  flow?: number | undefined
  /** How the packet is encapsulated (RTA_ENCAP_TYPE): `mpls`, `ip`, `seg6` … Default: not at all. */
  encapType?: EncapType | undefined
  /** The encapsulation's attributes, encoded (RTA_ENCAP). */
  encap?: Uint8Array | undefined
}

/**
 * The key of a route, to find or delete it: fields that are given have to match, others are not compared. Only `delete` takes
 * `tos` and `from` as none if they are left out.
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
   * Of two routes to one destination the kernel uses the one with the lower metric (RTA_PRIORITY). Default for a new one: 0
   * for IPv4; 1024 for IPv6, also instead of 0.
   */
  metric?: number | undefined
  /**
   * Its type (rtm_type): `unicast`, `blackhole`, `unreachable`, `prohibit`, `throw`, `local` … Default for a new one:
   * `unicast`.
   */
  type?: ValueOf<typeof routeType> | undefined
  /** Its origin (rtm_protocol). Default for a new one: `boot`, as of `ip route`. */
  protocol?: ValueOf<typeof routeProtocol> | undefined
  /**
   * Where the destination is valid (rtm_scope); IPv6 routes are all `global`. Default for a new one, as of
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
  /** The next router counts as on the link, even if no prefix covers it (RTNH_F_ONLINK). Default: false. */
  onlink?: boolean | undefined
  /** Path MTU, window and the like (RTA_METRICS). Default: none. */
  metrics?: RouteMetrics | undefined
  /** Several nexthops, instead of `via` and `dev` (RTA_MULTIPATH). */
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
  /** Its type (rtm_type): `unicast`, `blackhole`, `local` …, a number if it has no name here. */
  type: ValueOf<typeof routeType>
  /** Its table (RTA_TABLE). */
  table: RouteTable
  /** Its origin (rtm_protocol), a number if it has no name here. */
  protocol: ValueOf<typeof routeProtocol>
  /** Where the destination is valid (rtm_scope); `global` for all of IPv6. */
  scope: ValueOf<typeof scope>
  /** The next router (RTA_GATEWAY); of an IPv4 route perhaps an IPv6 address (RTA_VIA). */
  via?: string
  /** Index of the device (RTA_OIF). IPv6 routes that drop packets have that of `lo`. */
  dev?: number
  /** The source address that packets get (RTA_PREFSRC). */
  src?: string
  /** Only for packets from this prefix; in a look-up, the packet's source address (RTA_SRC). IPv6. */
  from?: string
  /** Of two routes to one destination the kernel uses the one with the lower metric (RTA_PRIORITY). Left out: 0. */
  metric?: number
  /** Path MTU, window and the like (RTA_METRICS). */
  metrics?: RouteMetrics
  /** Type of service that it is for (rtm_tos). Left out: any. */
  tos?: number
  /** Several nexthops (RTA_MULTIPATH); `via` and `dev` are left out then. */
  nexthops?: RouteNexthop[]
  /** Flags of the route, and of its nexthop if it has only one (rtm_flags). */
  flags: RouteFlags
  /** Preference of a router (RTA_PREF). IPv6. */
  preference?: ValueOf<typeof routerPreference>
  /**
   * Seconds until it expires, to 1/100 (rta_expires); 0: it has expired, and is not removed yet. IPv6; left out: never.
   */
  expiresSeconds?: number
  /** Id of the nexthop object that it uses (RTA_NH_ID). */
  nexthopId?: number
  /** Realms (RTA_FLOW): the upper 16 bits of the source, the lower ones of the destination. */
  flow?: number
  /** In a look-up, the packet's mark (RTA_MARK). IPv4. */
  mark?: number
  /** In a look-up, the packet's uid (RTA_UID). IPv4. */
  uid?: number
  /** In a look-up, the index of the device that receives the packet (RTA_IIF). */
  iif?: number
  /** How the packet is encapsulated (RTA_ENCAP_TYPE, LWTUNNEL_ENCAP_). */
  encapType?: EncapType
  /** The encapsulation's attributes, undecoded (RTA_ENCAP). */
  encap?: Uint8Array
  /** Whether MPLS propagates the TTL (RTA_TTL_PROPAGATE). IPv4 and IPv6 routes do not have it. */
  ttlPropagate?: boolean
  /** Attributes that this version does not decode. */
  unknown?: UnknownAttribute[]
}

/** One of several nexthops, as the kernel reports it (struct rtnexthop). */
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
// Further fields of a listed route, which is accepted as options. Fields of a look-up alone are not.
const reported = ['flags', 'unknown']
/** Keys of RouteOptions, and of a listed route. */
export const routeGivenKeys: ReadonlySet<string> = new Set([...routeOptionKeys, ...reported])
/** Keys of Nexthop, and of a listed nexthop. */
export const nexthopKeys: ReadonlySet<string> = new Set([
  'via',
  'dev',
  'weight',
  'onlink',
  'flags',
  'flow',
  'encapType',
  'encap',
])
