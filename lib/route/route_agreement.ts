// Refuses options of a route that the kernel would ignore beside others, and compares a route with a key in the fields that the
// kernel does not compare.
import { ticksPerSecond } from './rtnetlink'
import { messageHeaderSize } from '../netlink/constants'
import { attributeNumber, offsetOf } from '../netlink/rollback/offsets'
import { byte, item, payloadOf, word, type Condition } from '../netlink/rollback/pattern'
import { checkKeys, outOfRange, wrongValue } from '../wire/invalid'
import { AF_INET6, parseIP, parsePrefix } from '../wire/ip'
import type { Family } from './families'
import type { Nexthop, Route, RouteNexthop, RouteOptions } from './route'
import { cacheInfo, hopFlags, routeLayout, routeMetrics, rtnexthop } from './route_attributes'
import { bytesOf, ways } from './route_filter'

/** What a list reports of a route besides. */
type Given = RouteOptions & Partial<Pick<Route, 'flags' | 'unknown'>>

const metricNames: ReadonlySet<string> = new Set(Object.keys(routeMetrics.table))

/** Refuses options that the kernel would ignore beside others, or in this family. */
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

/** Refuses options of a nexthop that the kernel would ignore. */
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

/** Whether the next router counts as on the link; a listed route has it among its flags. */
function onlinkOf({ onlink, flags }: Given): boolean | undefined {
  return onlink ?? flags?.includes('onlink')
}

/** The attributes of an encapsulation (LWTUNNEL_); the kernel reports more of them than were given. */
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

/** Refuses names of devices in the nexthops of a key: the kernel reports indices. */
export function checkIndices(nexthops: readonly Nexthop[] | undefined): void {
  for (const [i, { dev }] of (nexthops ?? []).entries()) {
    if (typeof dev === 'string') throw outOfRange(`nexthops[${i}].dev`, 'an index, to find a route', dev)
  }
}

/** Whether nexthops have more than routers and devices, which are all that the kernel compares. */
function saysMoreOfHops(nexthops: readonly Nexthop[]): boolean {
  if (nexthops.every(({ dev }) => typeof dev !== 'string')) return true
  const more = nexthops.some((hop) => hop.weight !== undefined || hop.encap !== undefined || hop.flow !== undefined)
  if (more) checkIndices(nexthops)
  return false
}

/** Whether a key has fields that the kernel does not compare when it deletes a route. */
export function saysMore(key: Given, of: Family): boolean {
  const { via, dev, type, src, preference, metrics, encap, flow, metric, nexthops, expiresSeconds } = key
  if (expiresSeconds !== undefined || (nexthops !== undefined && saysMoreOfHops(nexthops))) return true
  const onlink = onlinkOf(key)
  const loose = via === undefined && dev === undefined
  if (of === 'ipv4') return metric === 0 || onlink === true || (loose && (encap !== undefined || flow !== undefined))
  const another = type !== undefined && (loose || type !== 'unicast')
  return another || [src, preference, metrics, encap].some((value) => value !== undefined)
}

const { header: rtmsg, attributes } = routeLayout
const number = (name: string): number => attributeNumber(attributes, name)
const expires = offsetOf(cacheInfo, 'rta_expires')
const [, RTNH_F_ONLINK] = hopFlags.names.onlink

/** Conditions for the fields of a key by which the kernel does not filter; `bytes` is the key as a message. */
export function agreement(key: Given, bytes: Uint8Array): Condition[] {
  const at = messageHeaderSize + rtmsg.size
  const pattern: Condition[] = []
  const said = (path: readonly number[], value: Uint8Array | undefined): void => {
    if (value !== undefined) pattern.push([{ attribute: path, value, zeroIsAbsent: true }])
  }
  for (const one of ['FLOW', 'PREF', 'ENCAP_TYPE', 'NH_ID'].map(number)) said([one], payloadOf(bytes, at, one))
  if (key.from !== undefined) pattern.push(...fromPrefix(key.from))
  if (key.src !== undefined) said([number('PREFSRC')], parseIP(key.src, 'src'))
  if (key.tos !== undefined) pattern.push([{ header: offsetOf(rtmsg, 'rtm_tos'), value: Uint8Array.of(key.tos) }])
  const metrics = payloadOf(bytes, at, number('METRICS'))
  if (metrics !== undefined) {
    for (const [, one] of Object.values(routeMetrics.table)) said([number('METRICS'), one], payloadOf(metrics, 0, one))
  }
  const onlink = onlinkOf(key)
  if (onlink !== undefined) {
    const value = new Uint8Array(Uint32Array.of(onlink ? RTNH_F_ONLINK : 0).buffer)
    pattern.push([{ header: offsetOf(rtmsg, 'rtm_flags'), value, mask: RTNH_F_ONLINK }])
  }
  if (key.encap !== undefined) pattern.push(...encapsulated([number('ENCAP')], key.encap))
  if (key.expiresSeconds !== undefined) pattern.push(...expiring(key.expiresSeconds))
  if (key.nexthops !== undefined) pattern.push(...alongWays(key.nexthops))
  return pattern
}

/** The same for a route to delete: of one with several nexthops the kernel would delete them all. */
export function agreementOfDeleted(key: Given, bytes: Uint8Array): Condition[] {
  const oneWay: Condition[] =
    key.via === undefined && key.dev === undefined ? [] : [[{ attribute: [number('MULTIPATH')], not: true }]]
  return [...agreement(key, bytes), ...oneWay]
}

function fromPrefix(from: string): Condition[] {
  const { bytes, length } = parsePrefix(from, 'from')
  const attribute = [number('SRC')]
  const source = length === 0 ? { attribute, not: true } : { attribute, value: bytesOf({ bytes, length }) }
  return [[{ header: offsetOf(rtmsg, 'rtm_src_len'), value: byte(length) }], [source]]
}

function expiring(seconds: number): Condition[] {
  const attribute = [number('CACHEINFO')]
  const never = { attribute, at: expires, value: word(0) }
  if (seconds === Infinity) return [[never, { attribute, not: true }]]
  const ticks = Math.min(0x7fffffff, Math.ceil(seconds * ticksPerSecond))
  return [[{ ...never, not: true }], [{ attribute, at: expires, value: word(ticks), atMost: true }]]
}

function encapsulated(path: readonly number[], encap: Uint8Array): Condition[] {
  const parts = partsOf(encap).map(([number, value]): Condition => [{ attribute: [...path, number], value }])
  return [[{ attribute: path }], ...parts]
}

/** Conditions for exactly these nexthops, in their order. */
function alongWays(nexthops: readonly Nexthop[]): Condition[] {
  const pattern: Condition[] = [[{ attribute: [ways, item(nexthops.length)], not: true }]]
  for (const [i, { via, dev, weight = 1, flow, encap }] of nexthops.entries()) {
    const way = [ways, item(i)]
    pattern.push([{ attribute: way, at: offsetOf(rtnexthop, 'rtnh_hops'), value: byte(weight - 1) }])
    if (typeof dev === 'number')
      pattern.push([{ attribute: way, at: offsetOf(rtnexthop, 'rtnh_ifindex'), value: word(dev) }])
    const own = { attribute: [...way, number('GATEWAY')] }
    const others = { attribute: [...way, number('VIA')] }
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
    pattern.push([{ attribute: [...way, number('FLOW')], value: word(flow ?? 0), zeroIsAbsent: true }])
    if (encap !== undefined) pattern.push(...encapsulated([...way, number('ENCAP')], encap))
  }
  return pattern
}
