// Which routes are meant by a filter: what the kernel filters, and what is compared here or by the native side.
import { messageHeaderSize, NLM_F } from '../netlink/constants'
import type { Message } from '../netlink/message'
import { byte, word, type Condition, type Test } from '../netlink/rollback/pattern'
import { checkDevice, type Device } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkKeys } from '../wire/invalid'
import { AF_INET, AF_INET6, canonicalIP, parseIP, parsePrefix, type Prefix } from '../wire/ip'
import type { ValueOf } from '../wire/type'
import { checkFamily, checkScope, type Family, type routeProtocol, type scope } from './families'
import type { Route, RouteTable } from './route'
import { routeLayout, type routeType } from './route_attributes'
import { message, ofIP } from './rtnetlink'

/** Which routes a list is of. Family, table, type, protocol and device are filtered in the kernel. */
export interface RouteFilter {
  /** Of one family. Default: that of `dst`, else both. */
  family?: Family | undefined
  /** Of one table. Default: all tables. */
  table?: RouteTable | undefined
  /** Of one type, such as `blackhole`. */
  type?: ValueOf<typeof routeType> | undefined
  /** Made by one, such as `static`. */
  protocol?: ValueOf<typeof routeProtocol> | undefined
  /** Over one device, by name or index; also those that have it among several ways. */
  dev?: Device | undefined
  /** Exactly this destination: a prefix, or `default`. */
  dst?: string | undefined
  /** Over this next router; also those that have it among several ways. */
  via?: string | undefined
  /** With this metric; 0 for those without one. */
  metric?: number | undefined
  /** Of one scope. */
  scope?: ValueOf<typeof scope> | undefined
}

const filterKeys = new Set(['family', 'table', 'type', 'protocol', 'dev', 'dst', 'via', 'metric', 'scope'])

/** IP6_RT_PRIO_USER: IPv6 has no metric of 0. */
export const defaultMetric = 1024

/** A filter that was checked. */
export interface RouteFiltering {
  /** The dump; the kernel filters by family, table, type, protocol and device. */
  readonly request: Message
  /** The same without what is not needed to tell which routes are to the same destination. */
  readonly among: () => Message
  /** Whether a route is meant by the rest of the filter. */
  readonly isIt: (route: Route) => boolean
  /** The same, for the native side. */
  readonly pattern: readonly Condition[]
}

/** Checks a filter. */
export function filtering(filter: RouteFilter): RouteFiltering {
  checkKeys(filter, filterKeys)
  const { dst, via, metric, dev, type, protocol, table } = filter
  if (dev !== undefined) checkDevice(dev, 'dev')
  const hop = via === undefined ? undefined : parseIP(via, 'via')
  const router = via === undefined ? undefined : canonicalIP(via)
  const wantedScope = checkScope(filter.scope)
  if (metric !== undefined) checkInteger(metric, 0, 0xffffffff, 'metric')
  const chosen = checkFamily(filter.family)
  const prefix = dst === undefined || dst === 'default' ? undefined : parsePrefix(dst, 'dst', chosen)
  const family = chosen ?? prefix?.family ?? ('any' as const)
  const request = message('GETROUTE', routeLayout, {
    flags: NLM_F.DUMP,
    header: { family, ...(type === undefined ? {} : { type }), ...(protocol === undefined ? {} : { protocol }) },
    attributes: { dev, table },
  })
  const among = (): Message =>
    message('GETROUTE', routeLayout, { flags: NLM_F.DUMP, header: { family }, attributes: { table } })
  const isIt = (route: Route): boolean =>
    (dst === undefined || (prefix === undefined ? route.dst === 'default' : samePrefix(route.dst, prefix))) &&
    (router === undefined || route.via === router || route.nexthops?.some((hop) => hop.via === router) === true) &&
    (metric === undefined || (route.metric ?? 0) === (route.family === 'ipv6' ? metric || defaultMetric : metric)) &&
    (wantedScope === undefined || route.scope === wantedScope)
  const pattern = [
    ofIP,
    ...(dst === undefined ? [] : toPrefix(prefix)),
    ...(hop === undefined ? [] : [over(hop)]),
    ...(metric === undefined ? [] : ofMetric(metric)),
    ...(wantedScope === undefined ? [] : [[ofScope(wantedScope)]]),
  ]
  return { request, among, isIt, pattern }
}

// Attributes of a route (RTA_), and fields of struct rtmsg.
const RTA = { DST: 1, GATEWAY: 5, PRIORITY: 6, MULTIPATH: 9, VIA: 18 } as const
const rtm = { dstLength: 1, scope: 6 } as const
/** The ways of RTA_MULTIPATH: struct rtnexthop has 8 bytes. */
export const ways = RTA.MULTIPATH | (8 << 16)

function toPrefix(prefix: Prefix | undefined): Condition[] {
  const { bytes, length } = prefix ?? { bytes: new Uint8Array(0), length: 0 }
  const destination: Test =
    length === 0
      ? { attribute: [RTA.DST], not: true }
      : { attribute: [RTA.DST], value: bytes.length === 16 ? masked(bytes, length) : bytes }
  return [[{ header: rtm.dstLength, value: byte(length) }], [destination]]
}

function over(router: Uint8Array): Condition {
  const direct: Test[] = [[RTA.GATEWAY], [ways, RTA.GATEWAY]].map((attribute) => ({ attribute, value: router }))
  if (router.length === 4) return direct
  // Of an IPv4 route: struct rtvia has the family before the address.
  const value = Buffer.concat([new Uint8Array(Uint16Array.of(AF_INET6).buffer), router])
  return [...direct, ...[[RTA.VIA], [ways, RTA.VIA]].map((attribute) => ({ attribute, value }))]
}

function ofMetric(metric: number): Condition[] {
  const priority = (value: number): Test => ({ attribute: [RTA.PRIORITY], value: word(value), zeroIsAbsent: true })
  if (metric !== 0) return [[priority(metric)]]
  const family = (value: number): Test => ({ header: 0, value: byte(value) })
  return [
    [priority(0), family(AF_INET6)],
    [priority(defaultMetric), family(AF_INET)],
  ]
}

function ofScope(wanted: NonNullable<RouteFilter['scope']>): Test {
  const { bytes } = message('GETROUTE', routeLayout, { header: { scope: wanted } })
  const at = messageHeaderSize + rtm.scope
  return { header: rtm.scope, value: bytes.subarray(at, at + 1) }
}

/** Whether a route's destination is a prefix. */
export function samePrefix(text: string, wanted: Pick<Prefix, 'bytes' | 'length'>): boolean {
  if (text === 'default') return wanted.length === 0
  const { bytes, length } = parsePrefix(text, 'dst')
  if (length !== wanted.length) return false
  // IPv6 takes the bits behind the prefix and drops them; IPv4 refuses them.
  return Buffer.compare(bytes, bytes.length === 16 ? masked(wanted.bytes, length) : wanted.bytes) === 0
}

function masked(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))) & 0xff)
}
