// Decodes a route that the kernel reports.
import type { Received } from '../netlink/message'
import { lengthSuffixes } from '../wire/ip'
import type { ValueOf } from '../wire/type'
import { table } from './families'
import type { Route, RouteNexthop, RouteTable } from './route'
import { type HopMessage, routeAttributes, rtmsg } from './route_attributes'
import { ticksPerSecond } from './rtnetlink'

const attributesAt = (rtmsg.size + 3) & ~3

/** Decodes a route from an RTM_NEWROUTE message. Decodes the attributes directly into it, as there may be a million routes. */
export function decodeRoute({ reader, at, end }: Pick<Received, 'reader' | 'at' | 'end'>): Route | undefined {
  if (at + rtmsg.size > end) return undefined
  const { read } = rtmsg
  const family = read.family(reader, at)
  if (family !== 'ipv4' && family !== 'ipv6') return undefined
  const route: Route = {
    family,
    dst: '',
    type: read.type(reader, at),
    table: tableNames[read.table(reader, at)] ?? 0,
    protocol: read.protocol(reader, at),
    scope: read.scope(reader, at),
    flags: read.flags(reader, at),
  }
  const rare: Rare = {}
  routeAttributes.decodeInto(reader, at + attributesAt, end, route, rare)
  const length = read.dstLength(reader, at)
  route.dst = route.dst === '' ? 'default' : route.dst + (lengthSuffixes[length] ?? '')
  const tos = read.tos(reader, at)
  if (tos !== 0) route.tos = tos
  if (route.from !== undefined) route.from += lengthSuffixes[read.srcLength(reader, at)] ?? ''
  const { viaOther, nexthops, cacheInfo } = rare
  if (viaOther !== undefined) route.via = viaOther
  if (nexthops !== undefined) route.nexthops = nexthops.map(decodeHop)
  const expires = cacheInfo?.expires ?? 0
  if (expires !== 0) route.expiresSeconds ??= Math.max(0, expires) / ticksPerSecond
  return route
}

type Rare = Pick<ValueOf<typeof routeAttributes>, 'viaOther' | 'nexthops' | 'cacheInfo'>

const tableNames = Array.from({ length: 256 }, (_, number): RouteTable => {
  const known = Object.entries(table.names).find(([, [, value]]) => value === number)
  return (known?.[0] as keyof typeof table.names | undefined) ?? number
})

function decodeHop({ header, attributes }: HopMessage): RouteNexthop {
  const { via = attributes.viaOther, flow, encapType, encap } = attributes
  const hop: RouteNexthop = { dev: header.dev as number, weight: (header.hops ?? 0) + 1, flags: header.flags ?? [] }
  if (via !== undefined) hop.via = via
  if (flow !== undefined) hop.flow = flow
  if (encapType !== undefined) hop.encapType = encapType
  if (encap !== undefined) hop.encap = encap
  return hop
}
