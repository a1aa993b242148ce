// Filters for routes: the part that the kernel filters by, and the part that the addon compares.
import { messageHeaderSize, NLM_F } from '../netlink/constants'
import type { Message } from '../netlink/message'
import type { Selection } from '../netlink/objects'
import { attributeNumber, numbersOf, offsetOf } from '../netlink/rollback/offsets'
import { byte, word, type Condition, type Test } from '../netlink/rollback/pattern'
import { checkDevice, type Device } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkKeys } from '../wire/invalid'
import { AF_INET, AF_INET6, parseIP, parsePrefix, type Prefix } from '../wire/ip'
import type { ValueOf } from '../wire/type'
import { checkFamily, checkScope, type Family, type routeProtocol, type scope } from './families'
import type { RouteTable } from './route'
import { routeLayout, rtnexthop, type routeType } from './route_attributes'
import { message } from './rtnetlink'

/** A filter for routes. The kernel filters by family, table, type, protocol and device. */
export interface RouteFilter {
  /** Of one family. Default: that of `dst`, else both. */
  family?: Family | undefined
  /** Of one table. Default: all tables. */
  table?: RouteTable | undefined
  /** Of one type, such as `blackhole`. */
  type?: ValueOf<typeof routeType> | undefined
  /** Of one origin, such as `static`. */
  protocol?: ValueOf<typeof routeProtocol> | undefined
  /** Over one device, by name or index; also those that have it in one of several nexthops. */
  dev?: Device | undefined
  /** Exactly this destination: a prefix, or `default`. */
  dst?: string | undefined
  /** Over this next router; also those that have it in one of several nexthops. */
  via?: string | undefined
  /** With this metric; 0 for those without one. */
  metric?: number | undefined
  /** Of one scope. */
  scope?: ValueOf<typeof scope> | undefined
}

const filterKeys = new Set(['family', 'table', 'type', 'protocol', 'dev', 'dst', 'via', 'metric', 'scope'])

/** IP6_RT_PRIO_USER: IPv6 has no metric of 0. */
export const defaultMetric = 1024

/** Checks a filter. The kernel filters by family, table, type, protocol and device. */
export function filtering(filter: RouteFilter): Selection {
  checkKeys(filter, filterKeys)
  const { dst, via, metric, dev, type, protocol, table } = filter
  if (dev !== undefined) checkDevice(dev, 'dev')
  const hop = via === undefined ? undefined : parseIP(via, 'via')
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
  // Only with the conditions under which all routes to one destination are still listed.
  const among = (): Message =>
    message('GETROUTE', routeLayout, { flags: NLM_F.DUMP, header: { family }, attributes: { table } })
  const pattern = [
    ...(dst === undefined ? [] : toPrefix(prefix)),
    ...(hop === undefined ? [] : [over(hop)]),
    ...(metric === undefined ? [] : ofMetric(metric)),
    ...(wantedScope === undefined ? [] : [[ofScope(wantedScope)]]),
  ]
  return { request, among, pattern }
}

const { header: rtmsg, attributes } = routeLayout
const destinationNumber = attributeNumber(attributes, 'DST')
const gatewayNumber = attributeNumber(attributes, 'GATEWAY')
const viaNumber = attributeNumber(attributes, 'VIA')
/** The nexthops of RTA_MULTIPATH, each behind a struct rtnexthop. */
export const ways = attributeNumber(attributes, 'MULTIPATH') | (rtnexthop.size << 16)

function toPrefix(prefix: Prefix | undefined): Condition[] {
  const { bytes, length } = prefix ?? { bytes: new Uint8Array(0), length: 0 }
  const destination: Test =
    length === 0
      ? { attribute: [destinationNumber], not: true }
      : { attribute: [destinationNumber], value: bytesOf({ bytes, length }) }
  return [[{ header: offsetOf(rtmsg, 'rtm_dst_len'), value: byte(length) }], [destination]]
}

function over(router: Uint8Array): Condition {
  const direct: Test[] = [[gatewayNumber], [ways, gatewayNumber]].map((attribute) => ({ attribute, value: router }))
  if (router.length === 4) return direct
  // Of an IPv4 route: struct rtvia has the family before the address.
  const value = Buffer.concat([new Uint8Array(Uint16Array.of(AF_INET6).buffer), router])
  return [...direct, ...[[viaNumber], [ways, viaNumber]].map((attribute) => ({ attribute, value }))]
}

function ofMetric(metric: number): Condition[] {
  const priority = (value: number): Test => ({
    attribute: numbersOf(attributes, 'PRIORITY'),
    value: word(value),
    zeroIsAbsent: true,
  })
  if (metric !== 0) return [[priority(metric)]]
  const family = (value: number): Test => ({ header: 0, value: byte(value) })
  return [
    [priority(0), family(AF_INET6)],
    [priority(defaultMetric), family(AF_INET)],
  ]
}

function ofScope(wanted: NonNullable<RouteFilter['scope']>): Test {
  const { bytes } = message('GETROUTE', routeLayout, { header: { scope: wanted } })
  const header = offsetOf(rtmsg, 'rtm_scope')
  return { header, value: bytes.slice(messageHeaderSize + header, messageHeaderSize + header + 1) }
}

/** The bytes of a prefix in the kernel: it clears bits behind the prefix for IPv6, and refuses them for IPv4. */
export function bytesOf({ bytes, length }: Pick<Prefix, 'bytes' | 'length'>): Uint8Array {
  return bytes.length === 16 ? masked(bytes, length) : bytes
}

function masked(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.map((byte, i) => byte & (0xff00 >> Math.min(8, Math.max(0, length - 8 * i))) & 0xff)
}
