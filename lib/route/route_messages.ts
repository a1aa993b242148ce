// The messages of routes, and which route a key names.
import { NLM_F } from '../netlink/constants'
import type { Message } from '../netlink/message'
import type { Selection } from '../netlink/objects'
import { checkKeys } from '../wire/invalid'
import { routeGivenKeys, type Route, type RouteKey, type RouteOptions } from './route'
import { agreement, agreementOfDeleted, checkIndices, saysMore } from './route_agreement'
import { routeLayout } from './route_attributes'
import { familyOfRoute, routeMessage, tableOf } from './route_encode'
import { defaultMetric, filtering, type RouteFilter } from './route_filter'
import { message, ofIP } from './rtnetlink'

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

export function deletion(key: RouteKey): Message {
  checkKeys(key, routeGivenKeys)
  return naming(key)
}

/** What finds just the route that a key means, if the key says more than the kernel compares. */
export function exactly(key: RouteKey, request: Message): Selection | undefined {
  if (!saysMore(key, familyOfRoute(key))) return undefined
  const selection = filtering(filterOf(key))
  return { ...selection, pattern: [ofIP, ...selection.pattern, ...agreementOfDeleted(key, request.bytes)] }
}

/** What finds the route of a key. */
export function routeOf(key: RouteKey): Selection {
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
