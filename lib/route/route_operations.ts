// The messages behind the verbs of routes.
import { errnoNumber } from '../errno'
import { Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { NLM_F } from '../netlink/constants'
import type { Message } from '../netlink/message'
import type { Operation } from '../netlink/operation'
import type { Condition } from '../netlink/rollback/pattern'
import { checkDevice, type Device } from '../wire/device'
import { checkKeys, wrongType } from '../wire/invalid'
import { familyOf, parseIP } from '../wire/ip'
import type { ValueOf } from '../wire/type'
import { checkCondition } from '../netlink/deletion'
import type { ipProtocol } from './families'
import {
  decodeRoute,
  familyOfRoute,
  routeGivenKeys,
  routeMessage,
  tableOf,
  type Route,
  type RouteKey,
  type RouteOptions,
} from './route'
import { causeForRoute } from './likely_cause'
import { agreement, agreementOfDeleted, checkIndices, saysMore } from './route_agreement'
import { routeLayout } from './route_attributes'
import { defaultMetric, filtering, type RouteFilter } from './route_filter'
import { change, flush, list, query, message, Mode, ofIP, RTM } from './rtnetlink'
import { anyRoute, deletedRoute, replacedRoute } from './rollback/recipes'

/** How a packet looks whose route is asked for. */
export interface LookupOptions {
  /** The source address (RTA_SRC). Default: the kernel chooses. */
  from?: string | undefined
  /** The device that it comes in by, by name or index (RTA_IIF). Default: it is sent from here. */
  iif?: Device | undefined
  /** The device that it shall leave by, by name or index (RTA_OIF). Default: any. */
  oif?: Device | undefined
  /** Its mark (RTA_MARK). Default: 0. */
  mark?: number | undefined
  /** The user whose packet it is, by uid (RTA_UID). Default: this process's. */
  uid?: number | undefined
  /** Its type of service (rtm_tos). Default: 0. */
  tos?: number | undefined
  /** Its protocol over IP: `tcp`, `udp`, `icmp`, `icmpv6` (RTA_IP_PROTO). Default: not told. */
  ipProtocol?: ValueOf<typeof ipProtocol> | undefined
  /** Its source port, of `tcp` and `udp` (RTA_SPORT). Default: not told. */
  sourcePort?: number | undefined
  /** Its destination port, of `tcp` and `udp` (RTA_DPORT). Default: not told. */
  destinationPort?: number | undefined
  /**
   * The route as it stands in the table, instead of what becomes of it for this packet (RTM_F_FIB_MATCH). Default:
   * false.
   */
  fibMatch?: boolean | undefined
}

const noSuchTable = new Set([errnoNumber('ENOENT') ?? 0])

/** The message that makes a route. */
export function newRoute(options: RouteOptions, flags: number): Message {
  checkKeys(options, routeGivenKeys)
  const { header, attributes } = routeMessage(named(options), true)
  // What the kernel takes it for, said so that it can be compared.
  const unsaid = attributes.metric === undefined || attributes.metric === 0
  const replaces = (flags & NLM_F.REPLACE) !== 0
  if (unsaid && replaces && familyOfRoute(options) === 'ipv6') attributes.metric = defaultMetric
  return message('NEWROUTE', routeLayout, { flags, header, attributes })
}

/** The routes of a table, among which one is. */
export function dumpOf(key: RouteKey): Message {
  return message('GETROUTE', routeLayout, {
    flags: NLM_F.DUMP,
    header: { family: familyOfRoute(key) },
    attributes: { table: tableOf(key) },
  })
}

/** A listed route tells the ways of its nexthop object; of the kernel's side its id is all there is to say. */
function named(route: RouteOptions & Partial<Pick<Route, 'flags'>>): RouteOptions {
  if (route.nexthopId === undefined || route.flags === undefined) return route
  const { via: _via, dev: _dev, nexthops: _nexthops, ...rest } = route
  return rest
}

function naming(key: RouteOptions): Message {
  return message('DELROUTE', routeLayout, routeMessage(named(key), false))
}

function deletion(key: RouteKey): Message {
  checkKeys(key, routeGivenKeys)
  return naming(key)
}

/** What finds just the route that a key means, if the key says more than the kernel compares. */
function exactly(key: RouteKey, request: Message): Selection | undefined {
  if (!saysMore(key, familyOfRoute(key))) return undefined
  const selection = filtering(filterOf(key))
  return { ...selection, pattern: [ofIP, ...selection.pattern, ...agreementOfDeleted(key, request.bytes)] }
}

/** What finds the route of a key. */
function routeOf(key: RouteKey): Selection {
  checkKeys(key, routeGivenKeys)
  const route = named(key)
  checkIndices(route.nexthops)
  const { request, pattern } = filtering(filterOf(route))
  return { request, pattern: [...pattern, ...agreement(route, naming(key).bytes)] }
}

/** What the kernel and `filtering` compare of a key. */
function filterOf(key: RouteKey): RouteFilter {
  const { dst, via, dev, metric, type, protocol, scope } = key
  return { dst, via, dev, metric, type, protocol, scope, family: familyOfRoute(key), table: tableOf(key) }
}

const lookupKeys = new Set([
  'from',
  'iif',
  'oif',
  'mark',
  'uid',
  'tos',
  'ipProtocol',
  'sourcePort',
  'destinationPort',
  'fibMatch',
])

/** routes.lookup */
export function lookUpRoute(netns: NetnsReference, address: string, options: LookupOptions = {}): Operation<Route> {
  checkKeys(options, lookupKeys)
  const { from, iif, oif, mark, uid, tos, ipProtocol, sourcePort, destinationPort, fibMatch = false } = options
  const { length } = parseIP(address, 'address')
  const family = familyOf(address) ?? 'ipv4'
  if (from !== undefined) parseIP(from, 'from', family)
  if (iif !== undefined) checkDevice(iif, 'iif')
  if (oif !== undefined) checkDevice(oif, 'oif')
  if (typeof fibMatch !== 'boolean') throw wrongType('fibMatch', 'a boolean', fibMatch)
  const request = message('GETROUTE', routeLayout, {
    header: {
      family,
      dstLength: 8 * length,
      srcLength: from === undefined ? 0 : 8 * length,
      ...(tos === undefined ? {} : { tos }),
      // IPv6 tells the table unasked, and refuses to be asked.
      flags: [...(family === 'ipv4' ? (['lookupTable'] as const) : []), ...(fibMatch ? (['fibMatch'] as const) : [])],
    },
    attributes: { dst: address, from, iif, dev: oif, mark, uid, ipProtocol, sourcePort, destinationPort },
  })
  return query('routes.lookup', netns, Lane.read, request, decodeRoute, `route to ${address}`)
}
