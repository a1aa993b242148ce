// The messages of routes, and the selection of a key.
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

/** The message that creates a route. */
export function newRoute(options: RouteOptions, flags: number): Message {
  checkKeys(options, routeGivenKeys)
  const { header, attributes } = routeMessage(named(options), true)
  // The kernel's default, which is given so that it is compared.
  const unsaid = attributes.metric === undefined || attributes.metric === 0
  const replaces = (flags & NLM_F.REPLACE) !== 0
  if (unsaid && replaces && familyOfRoute(options) === 'ipv6') attributes.metric = defaultMetric
  return message('NEWROUTE', routeLayout, { flags, header, attributes })
}

/** Requests the routes of a key's table. */
export function dumpOf(key: RouteKey): Message {
  return message('GETROUTE', routeLayout, {
    flags: NLM_F.DUMP,
    header: { family: familyOfRoute(key) },
    attributes: { table: tableOf(key) },
  })
}

/** A listed route has the nexthops of its nexthop object; as options only the id may be sent. */
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

/** Selects exactly the route of a key, if the key has fields that the kernel does not compare. */
export function exactly(key: RouteKey, request: Message): Selection | undefined {
  if (!saysMore(key, familyOfRoute(key))) return undefined
  const selection = filtering(filterOf(key))
  return { ...selection, pattern: [ofIP, ...selection.pattern, ...agreementOfDeleted(key, request.bytes)] }
}

/** The selection of a key. */
export function routeOf(key: RouteKey): Selection {
  checkKeys(key, routeGivenKeys)
  const route = named(key)
  checkIndices(route.nexthops)
  const { request, pattern } = filtering(filterOf(route))
  return { request, pattern: [...pattern, ...agreement(route, naming(key).bytes)] }
}

/** The fields of a key that a filter can have. */
function filterOf(key: RouteKey): RouteFilter {
  const { dst, via, dev, metric, type, protocol, scope } = key
  return { dst, via, dev, metric, type, protocol, scope, family: familyOfRoute(key), table: tableOf(key) }
}
