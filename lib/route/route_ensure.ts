// The verb `ensure` of routes.
import { isDeepStrictEqual } from 'node:util'
import { Ending } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { asReceived } from '../netlink/message'
import type { Answers, Operation } from '../netlink/operation'
import type { Device } from '../wire/device'
import { conflict, ensuring, querying, making, vanished, type Ensured, type Ensuring } from '../netlink/ensure'
import { causeForRoute } from './likely_cause'
import { queryLink, readLink } from './link_messages'
import type { Route, RouteOptions } from './route'
import { decodeRoute } from './route_decode'
import { defaultMetric } from './route_filter'
import { dumpOf, newRoute } from './route_messages'
import { Mode, protocol, RTM } from './rtnetlink'

/** routes.ensure */
export function ensureRoute(netns: NetnsReference, options: RouteOptions): Operation<Ensured<Route>> {
  const request = newRoute(options, Mode.add)
  const it: Ensuring = { name: 'routes.ensure', protocol, netns, about: `route ${options.dst}`, cause: causeForRoute }
  const told = decodeRoute(asReceived(request))
  if (told === undefined) throw vanished(it)
  const names = namedDevices(options)
  const steps = [
    making(it, request, RTM.DELROUTE),
    querying(netns, dumpOf(options), Ending.dump),
    ...names.map((name) => querying(netns, queryLink(name), Ending.reply)),
  ]
  return ensuring(it, steps, (answers) => {
    const wanted = withIndices(told, options, indexBy(names, answers))
    const found: Route[] = []
    answers.forEach(1, (received) => {
      const route = decodeRoute(received)
      if (route !== undefined && isAlike(route, wanted)) found.push(route)
    })
    const differences = found.map((route) => difference(route, wanted, options))
    const value = found[differences.indexOf(undefined)]
    const made = !answers.isRefused(0)
    if (value !== undefined) return { made, value }
    const [first] = found
    const [field] = differences
    if (first === undefined || field === undefined) throw vanished(it)
    throw conflict(it, { field, there: first[field], wanted: wanted[field] })
  })
}

/** The devices that options have by name. */
function namedDevices({ dev, nexthops = [] }: RouteOptions): string[] {
  const all: (Device | undefined)[] = [dev, ...nexthops.map((hop) => hop.dev)]
  return [...new Set(all.filter((device) => typeof device === 'string'))]
}

function indexBy(names: readonly string[], answers: Answers): ReadonlyMap<Device | undefined, number> {
  return new Map(names.map((name, i) => [name, readLink(answers, 2 + i).index]))
}

/** The route of the options as the kernel would report it: with indices in place of names of devices. */
function withIndices(told: Route, options: RouteOptions, indices: ReadonlyMap<Device | undefined, number>): Route {
  const indexOf = (dev: Device | undefined): number | undefined => (typeof dev === 'number' ? dev : indices.get(dev))
  const wanted: Route = { ...told }
  const dev = indexOf(options.dev)
  if (dev !== undefined) wanted.dev = dev
  if (told.nexthops !== undefined) {
    wanted.nexthops = told.nexthops.map((hop, i) => ({ ...hop, dev: indexOf(options.nexthops?.[i]?.dev) ?? 0 }))
  }
  return wanted
}

/** Whether two routes have the same destination and metric, so that the kernel takes only one of them. */
function isAlike(route: Route, wanted: Route): boolean {
  const metricOf = ({ family, metric = 0 }: Route): number => (family === 'ipv6' ? metric || defaultMetric : metric)
  return (
    route.dst === wanted.dst &&
    route.from === wanted.from &&
    (route.tos ?? 0) === (wanted.tos ?? 0) &&
    metricOf(route) === metricOf(wanted)
  )
}

// Fields that are always compared, also if they are left out; and fields that are compared if they are given.
const always = ['type', 'via', 'nexthops', 'nexthopId', 'encapType', 'encap'] as const
const given = ['dev', 'src', 'scope', 'protocol', 'preference', 'flow', 'metrics', 'expiresSeconds'] as const
type Field = (typeof always)[number] | (typeof given)[number]

/** The first field in which a route differs. */
function difference(route: Route, wanted: Route, options: RouteOptions): Field | undefined {
  if (wanted.nexthopId !== undefined) return route.nexthopId === wanted.nexthopId ? undefined : 'nexthopId'
  return (
    always.find((field) => !isSame(field, route, wanted)) ??
    given.find((field) => options[field] !== undefined && !isSame(field, route, wanted))
  )
}

function isSame(field: Field, route: Route, wanted: Route): boolean {
  switch (field) {
    case 'nexthops':
      return isSameWays(route.nexthops, wanted.nexthops)
    case 'metrics':
      return Object.entries(wanted.metrics ?? {}).every(([name, value]) =>
        isDeepStrictEqual((route.metrics as Record<string, unknown> | undefined)?.[name], value),
      )
    case 'scope':
      return route.family === 'ipv6' || route.scope === wanted.scope
    case 'expiresSeconds':
      return (route.expiresSeconds === undefined) === (wanted.expiresSeconds === undefined)
    default:
      return isDeepStrictEqual(route[field], wanted[field])
  }
}

function isSameWays(ways: Route['nexthops'], wanted: Route['nexthops']): boolean {
  if (ways === undefined || wanted === undefined) return ways === wanted
  return (
    ways.length === wanted.length &&
    wanted.every(({ via, dev, weight, encap }, i) => {
      const way = ways[i]
      const same = way?.via === via && way?.weight === weight && isDeepStrictEqual(way.encap, encap)
      return same && (dev === 0 || way.dev === dev)
    })
  )
}
