// What the options of a route say of one another, and whether a route is as a key says: what the kernel would drop or not
// compare is refused, or compared here.
import { isDeepStrictEqual } from 'node:util'
import { messageHeaderSize } from '../netlink/constants'
import { payloadOf, type Condition } from '../netlink/pattern'
import { checkKeys, outOfRange, wrongValue } from '../wire/invalid'
import { canonicalIP, parseIP, parsePrefix } from '../wire/ip'
import type { Family } from './families'
import type { Nexthop, Route, RouteNexthop, RouteOptions } from './route'
import { routeMetrics, rtmsg } from './route_attributes'
import { samePrefix } from './route_filter'

/** What a list tells of a route besides. */
type Given = RouteOptions & Partial<Pick<Route, 'flags' | 'unknown'>>

const metricNames: ReadonlySet<string> = new Set(Object.keys(routeMetrics.table))

/** Refuses options that the kernel would drop beside others, or in this family. */
export function checkAgreement(route: Given, of: Family): void {
  const { via, nexthops, onlink, flags, encap, encapType, metrics, unknown } = route
  if (unknown !== undefined && unknown.length > 0) {
    throw wrongValue('unknown', 'left out: what it means is not known here', unknown)
  }
  if (metrics !== undefined) checkKeys(metrics, metricNames, 'metrics')
  checkOnlink(onlink, flags, '')
  if (onlink === true && nexthops !== undefined) throw wrongValue('onlink', 'given in each of "nexthops"', onlink)
  if (onlink === true && via === undefined) throw wrongValue('onlink', 'given with "via"', onlink)
  if (nexthops !== undefined) {
    if (encapType !== undefined) throw wrongValue('encapType', 'given in each of "nexthops"', encapType)
    if (encap !== undefined) throw wrongValue('encap', 'given in each of "nexthops"', encap)
  }
  checkEncapsulation(route, '')
  if (of === 'ipv6') checkIPv6(route)
}

/** Refuses what a nexthop says in vain. */
export function checkHopAgreement(
  hop: Nexthop & Partial<Pick<RouteNexthop, 'flags'>>,
  of: Family,
  field: string,
): void {
  checkOnlink(hop.onlink, hop.flags, `${field}.`)
  checkEncapsulation(hop, `${field}.`)
  if (of === 'ipv6' && hop.flow !== undefined) throw wrongValue(`${field}.flow`, 'left out for IPv6', hop.flow)
}

function checkOnlink(onlink: unknown, flags: unknown, prefix: string): void {
  if (typeof onlink !== 'boolean' || !Array.isArray(flags) || flags.includes('onlink') === onlink) return
  throw wrongValue(`${prefix}onlink`, `as "${prefix}flags" say`, onlink)
}

function checkEncapsulation({ encap, encapType }: Pick<RouteOptions, 'encap' | 'encapType'>, prefix: string): void {
  if (encapType !== undefined && encap === undefined && encapType !== 0) {
    throw wrongValue(`${prefix}encapType`, 'given with "encap"', encapType)
  }
  if (encap !== undefined && encapType === undefined)
    throw wrongValue(`${prefix}encap`, 'given with "encapType"', encap)
}

function checkIPv6({ flow, tos, scope }: RouteOptions): void {
  if (flow !== undefined) throw wrongValue('flow', 'left out for IPv6', flow)
  if (tos !== undefined && tos !== 0) throw wrongValue('tos', 'left out for IPv6', tos)
  if (scope !== undefined && scope !== 'global' && scope !== 0) throw wrongValue('scope', '"global" for IPv6', scope)
}

/** Whether the next router counts as on the link; a listed route says so among its flags. */
function onlinkOf({ onlink, flags }: Given): boolean | undefined {
  return onlink ?? flags?.includes('onlink')
}

/** Whether a route is as a key says, in what `routes.list` cannot filter. */
export function agrees(route: Route, key: Given): boolean {
  const { src, tos, from, nexthops, metrics, encap, expiresSeconds } = key
  const onlink = onlinkOf(key)
  return (
    (src === undefined || route.src === canonicalIP(src)) &&
    (tos === undefined || (route.tos ?? 0) === tos) &&
    (from === undefined || (route.from !== undefined && samePrefix(route.from, parsePrefix(from, 'from')))) &&
    (onlink === undefined || route.flags.includes('onlink') === onlink) &&
    (expiresSeconds === undefined || (expiresSeconds === Infinity) === (route.expiresSeconds === undefined)) &&
    (['flow', 'preference', 'encapType', 'nexthopId'] as const).every(
      (name) => key[name] === undefined || (route[name] ?? (name === 'preference' ? 'medium' : 0)) === key[name],
    ) &&
    (encap === undefined || sameBytes(route.encap, encap)) &&
    (metrics === undefined || sameValues(route.metrics ?? {}, metrics)) &&
    (nexthops === undefined || sameHops(route.nexthops ?? [], nexthops))
  )
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0
}

function sameValues(found: object, wanted: object): boolean {
  const values = found as Readonly<Record<string, unknown>>
  return Object.entries(wanted).every(
    ([name, value]) => value === undefined || isDeepStrictEqual(values[name] ?? 0, value),
  )
}

function sameHops(found: readonly RouteNexthop[], wanted: readonly Nexthop[]): boolean {
  if (found.length !== wanted.length) return false
  return wanted.every(({ via, dev, weight = 1, flow, encap }, i) => {
    const hop = found[i]
    return (
      hop?.weight === weight &&
      hop.via === (via === undefined ? undefined : canonicalIP(via)) &&
      (dev === undefined || hop.dev === dev) &&
      (flow ?? 0) === (hop.flow ?? 0) &&
      (encap === undefined || sameBytes(hop.encap, encap))
    )
  })
}

/** Refuses the names of devices in ways that are looked for: a list tells their indices. */
export function checkIndices(nexthops: readonly Nexthop[] | undefined): void {
  for (const [i, { dev }] of (nexthops ?? []).entries()) {
    if (typeof dev === 'string') throw outOfRange(`nexthops[${i}].dev`, 'an index, to find a route', dev)
  }
}

/** Whether a key says more of a route than the kernel compares when it deletes one. */
export function saysMore(key: Given, of: Family): boolean {
  const { via, dev, type, src, preference, metrics, encap, flow, metric } = key
  const onlink = onlinkOf(key)
  const loose = via === undefined && dev === undefined
  if (of === 'ipv4') return metric === 0 || onlink === true || (loose && (encap !== undefined || flow !== undefined))
  const another = type !== undefined && (loose || type !== 'unicast')
  return another || [src, preference, metrics, encap].some((value) => value !== undefined)
}

const RTA = { SRC: 2, PREFSRC: 7, METRICS: 8, MULTIPATH: 9, FLOW: 11, PREF: 20, ENCAP_TYPE: 21, ENCAP: 22 } as const
const rtm = { tos: 3, flags: 8 } as const
const RTNH_F_ONLINK = 4

/** What `agrees` compares, for the native side; `bytes` is a message that names the route. */
export function agreement(key: Given, bytes: Uint8Array): Condition[] {
  const at = messageHeaderSize + rtmsg.size
  const pattern: Condition[] = []
  const said = (path: readonly number[], value: Uint8Array | undefined): void => {
    if (value !== undefined) pattern.push([{ attribute: path, value, zeroIsAbsent: true }])
  }
  for (const number of [RTA.SRC, RTA.FLOW, RTA.PREF, RTA.ENCAP_TYPE, RTA.ENCAP])
    said([number], payloadOf(bytes, at, number))
  if (key.src !== undefined) said([RTA.PREFSRC], parseIP(key.src, 'src'))
  if (key.tos !== undefined) pattern.push([{ header: rtm.tos, value: Uint8Array.of(key.tos) }])
  const metrics = payloadOf(bytes, at, RTA.METRICS)
  if (metrics !== undefined) {
    for (const [, number] of Object.values(routeMetrics.table))
      said([RTA.METRICS, number], payloadOf(metrics, 0, number))
  }
  const onlink = onlinkOf(key)
  if (onlink !== undefined) {
    const value = new Uint8Array(Uint32Array.of(onlink ? RTNH_F_ONLINK : 0).buffer)
    pattern.push([{ header: rtm.flags, value, mask: RTNH_F_ONLINK }])
  }
  // Of several ways the kernel would delete them all.
  if (key.via !== undefined || key.dev !== undefined) pattern.push([{ attribute: [RTA.MULTIPATH], not: true }])
  return pattern
}
