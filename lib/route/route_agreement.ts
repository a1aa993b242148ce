// What the options of a route say of one another, and whether a route is as a key says: what the kernel would drop or not
// compare is refused, or compared here.
import { isDeepStrictEqual } from 'node:util'
import { messageHeaderSize } from '../netlink/constants'
import { byte, item, payloadOf, word, type Condition } from '../netlink/rollback/pattern'
import { checkKeys, outOfRange, wrongValue } from '../wire/invalid'
import { AF_INET6, canonicalIP, parseIP, parsePrefix } from '../wire/ip'
import type { Family } from './families'
import type { Nexthop, Route, RouteNexthop, RouteOptions } from './route'
import { routeMetrics, rtmsg } from './route_attributes'
import { samePrefix, ways } from './route_filter'

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
    (expiresSeconds === undefined || runsDown(route.expiresSeconds ?? Infinity, expiresSeconds)) &&
    (['flow', 'preference', 'encapType', 'nexthopId'] as const).every(
      (name) => key[name] === undefined || (route[name] ?? (name === 'preference' ? 'medium' : 0)) === key[name],
    ) &&
    (encap === undefined || holdsAll(route.encap, encap)) &&
    (metrics === undefined || sameValues(route.metrics ?? {}, metrics)) &&
    (nexthops === undefined || sameHops(route.nexthops ?? [], nexthops))
  )
}

/** Whether a rest of time may be what is left of one that was given. */
function runsDown(left: number, given: number): boolean {
  return given === Infinity ? left === Infinity : left <= given
}

/** The attributes of an encapsulation (LWTUNNEL_), of which the kernel tells more than were given. */
function partsOf(encap: Uint8Array): [number: number, value: Uint8Array][] {
  const parts: [number, Uint8Array][] = []
  const view = new DataView(encap.buffer, encap.byteOffset, encap.byteLength)
  for (let at = 0; at + 4 <= encap.length;) {
    const length = view.getUint16(at, true)
    if (length < 4 || at + length > encap.length) break
    parts.push([view.getUint16(at + 2, true) & 0x3fff, encap.subarray(at + 4, at + length)])
    at += (length + 3) & ~3
  }
  return parts
}

/** Whether an encapsulation has all that another one has. */
function holdsAll(found: Uint8Array | undefined, wanted: Uint8Array): boolean {
  if (found === undefined) return false
  const parts = new Map(partsOf(found))
  return partsOf(wanted).every(([number, value]) => Buffer.compare(parts.get(number) ?? new Uint8Array(0), value) === 0)
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
      (encap === undefined || holdsAll(hop.encap, encap))
    )
  })
}

/** Refuses the names of devices in ways that are looked for: a list tells their indices. */
export function checkIndices(nexthops: readonly Nexthop[] | undefined): void {
  for (const [i, { dev }] of (nexthops ?? []).entries()) {
    if (typeof dev === 'string') throw outOfRange(`nexthops[${i}].dev`, 'an index, to find a route', dev)
  }
}

/** The kernel compares routers and devices, and of weights nothing. */
function saysMoreOfHops(nexthops: readonly Nexthop[]): boolean {
  if (nexthops.every(({ dev }) => typeof dev !== 'string')) return true
  const more = nexthops.some((hop) => hop.weight !== undefined || hop.encap !== undefined || hop.flow !== undefined)
  if (more) checkIndices(nexthops)
  return false
}

/** Whether a key says more of a route than the kernel compares when it deletes one. */
export function saysMore(key: Given, of: Family): boolean {
  const { via, dev, type, src, preference, metrics, encap, flow, metric, nexthops, expiresSeconds } = key
  if (expiresSeconds !== undefined || (nexthops !== undefined && saysMoreOfHops(nexthops))) return true
  const onlink = onlinkOf(key)
  const loose = via === undefined && dev === undefined
  if (of === 'ipv4') return metric === 0 || onlink === true || (loose && (encap !== undefined || flow !== undefined))
  const another = type !== undefined && (loose || type !== 'unicast')
  return another || [src, preference, metrics, encap].some((value) => value !== undefined)
}

const RTA = {
  SRC: 2,
  GATEWAY: 5,
  PREFSRC: 7,
  METRICS: 8,
  MULTIPATH: 9,
  FLOW: 11,
  CACHEINFO: 12,
  VIA: 18,
  PREF: 20,
  ENCAP_TYPE: 21,
  ENCAP: 22,
} as const
/** rta_expires in struct rta_cacheinfo, in units of USER_HZ; 0: never. */
const expires = 8
const ticksPerSecond = 100
// Offsets in struct rtnexthop.
const rtnh = { hops: 3, index: 4 } as const
const rtm = { tos: 3, flags: 8 } as const
const RTNH_F_ONLINK = 4

/** What `agrees` compares, for the native side; `bytes` is a message that names the route. */
export function agreement(key: Given, bytes: Uint8Array): Condition[] {
  const at = messageHeaderSize + rtmsg.size
  const pattern: Condition[] = []
  const said = (path: readonly number[], value: Uint8Array | undefined): void => {
    if (value !== undefined) pattern.push([{ attribute: path, value, zeroIsAbsent: true }])
  }
  for (const number of [RTA.SRC, RTA.FLOW, RTA.PREF, RTA.ENCAP_TYPE]) said([number], payloadOf(bytes, at, number))
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
  if (key.encap !== undefined) pattern.push(...encapsulated([RTA.ENCAP], key.encap))
  if (key.expiresSeconds !== undefined) pattern.push(...expiring(key.expiresSeconds))
  if (key.nexthops !== undefined) pattern.push(...alongWays(key.nexthops))
  // Of several ways the kernel would delete them all.
  if (key.via !== undefined || key.dev !== undefined) pattern.push([{ attribute: [RTA.MULTIPATH], not: true }])
  return pattern
}

function expiring(seconds: number): Condition[] {
  const attribute = [RTA.CACHEINFO]
  const never = { attribute, at: expires, value: word(0) }
  if (seconds === Infinity) return [[never, { attribute, not: true }]]
  const ticks = Math.min(0x7fffffff, Math.ceil(seconds * ticksPerSecond))
  return [[{ ...never, not: true }], [{ attribute, at: expires, value: word(ticks), atMost: true }]]
}

function encapsulated(path: readonly number[], encap: Uint8Array): Condition[] {
  const parts = partsOf(encap).map(([number, value]): Condition => [{ attribute: [...path, number], value }])
  return [[{ attribute: path }], ...parts]
}

/** Just these ways, in their order. */
function alongWays(nexthops: readonly Nexthop[]): Condition[] {
  const pattern: Condition[] = [[{ attribute: [ways, item(nexthops.length)], not: true }]]
  for (const [i, { via, dev, weight = 1, flow, encap }] of nexthops.entries()) {
    const way = [ways, item(i)]
    pattern.push([{ attribute: way, at: rtnh.hops, value: byte(weight - 1) }])
    if (typeof dev === 'number') pattern.push([{ attribute: way, at: rtnh.index, value: word(dev) }])
    const own = { attribute: [...way, RTA.GATEWAY] }
    const others = { attribute: [...way, RTA.VIA] }
    if (via === undefined) {
      pattern.push([{ ...own, not: true }], [{ ...others, not: true }])
    } else {
      const router = parseIP(via, 'via')
      const family = new Uint8Array(Uint16Array.of(AF_INET6).buffer)
      // struct rtvia has the family before the address.
      pattern.push([
        { ...own, value: router },
        { ...others, value: Buffer.concat([family, router]) },
      ])
    }
    pattern.push([{ attribute: [...way, RTA.FLOW], value: word(flow ?? 0), zeroIsAbsent: true }])
    if (encap !== undefined) pattern.push(...encapsulated([...way, RTA.ENCAP], encap))
  }
  return pattern
}
