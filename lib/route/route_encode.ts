// Checks a route that a user gives, and encodes it as header and attributes.
import { checkDevice } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkArray, checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { familyOf, parseIP, parsePrefix, type Prefix } from '../wire/ip'
import type { ValueOf } from '../wire/type'
import { checkFamily, type Family, table } from './families'
import {
  nexthopKeys,
  type Nexthop,
  type Route,
  type RouteKey,
  type RouteMetrics,
  type RouteOptions,
  type RouteTable,
} from './route'
import { checkAgreement, checkHopAgreement } from './route_agreement'
import { type HopMessage, routeFlags, type routeLayout } from './route_attributes'

const routeFlagNames = routeFlags.names

type Message = { header: object; attributes: ValueOf<(typeof routeLayout)['attributes']> }

// Types of routes in the table `local`, and types that are valid on the link only: as in `ip route`.
const localTypes = new Set<unknown>(['local', 'broadcast', 'anycast', 'nat'])
const linkTypes = new Set<unknown>(['broadcast', 'multicast', 'anycast'])

/** The family of a key. */
export function familyOfRoute(route: RouteOptions): Family {
  return destinationOf(route)?.family ?? familyOfDefault(route)
}

/** The prefix of a key; undefined for the default route. */
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
  if (family === undefined) parseIP(via, field) // throws
  if (family !== of && of === 'ipv6') throw wrongValue(field, 'an IPv6 address, as the destination', via)
  return family === of
}

function hopMessage(hop: Nexthop, of: Family, field: string): HopMessage {
  checkKeys(hop, nexthopKeys, field)
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

/** As many as fit into RTA_MULTIPATH: each is at least a struct rtnexthop of 8 bytes. */
const mostHops = 0xffff >> 3

/** Options that the kernel ignores for IPv4. */
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

/** The header and attributes of a route to add, or of a key (`adding` false: without defaults). */
export function routeMessage(route: RouteOptions, adding: boolean): Message {
  // Checked before the family is derived from it.
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

// Adds only attributes that are given: encoding undefined ones would take a tenth of the time of a large batch.
function routeAttributesOf(route: RouteOptions, of: Family, adding: boolean): Message['attributes'] {
  const { dev, via, metric, src, metrics, preference, flow, encapType, encap, nexthopId } = route
  // The remaining time is no part of a key.
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

/** TCP uses the smallest retransmission timeout only if it is locked; `ip route` locks it, too. */
function locked(metrics: RouteMetrics): RouteMetrics {
  // Not checked yet: it may be null.
  const { rtoMin, lock = [] } = (metrics as RouteMetrics | null) ?? {}
  if (rtoMin === undefined || !Array.isArray(lock)) return metrics
  return { ...metrics, lock: [...(lock as NonNullable<RouteMetrics['lock']>), 'rtoMin'] }
}

/** The table of a key. */
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
