// The verbs of routes.
import { errnoNumber } from '../errno'
import { Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { objectVerbs } from '../netlink/objects'
import type { Operation } from '../netlink/operation'
import { checkDevice, type Device } from '../wire/device'
import { checkKeys, wrongType } from '../wire/invalid'
import { familyOf, parseIP } from '../wire/ip'
import type { ValueOf } from '../wire/type'
import type { ipProtocol } from './families'
import { causeForRoute } from './likely_cause'
import type { Route, RouteKey, RouteOptions } from './route'
import { decodeRoute } from './route_decode'
import { routeLayout } from './route_attributes'
import { ensureRoute } from './route_ensure'
import { filtering, type RouteFilter } from './route_filter'
import { deletion, dumpOf, exactly, newRoute, routeOf } from './route_messages'
import { message, Mode, ofIP, protocol, query, RTM } from './rtnetlink'
import { anyRoute, deletedRoute, replacedRoute } from './rollback/recipes'

/** The packet whose route is looked up. */
export interface LookupOptions {
  /** The source address (RTA_SRC). Default: the kernel chooses. */
  from?: string | undefined
  /** The device that receives it, by name or index (RTA_IIF). Default: it is sent from here. */
  iif?: Device | undefined
  /** The device that is to send it, by name or index (RTA_OIF). Default: any. */
  oif?: Device | undefined
  /** Its mark (RTA_MARK). Default: 0. */
  mark?: number | undefined
  /** The uid of its sender (RTA_UID). Default: this process's. */
  uid?: number | undefined
  /** Its type of service (rtm_tos). Default: 0. */
  tos?: number | undefined
  /** Its protocol over IP: `tcp`, `udp`, `icmp`, `icmpv6` (RTA_IP_PROTO). Default: none. */
  ipProtocol?: ValueOf<typeof ipProtocol> | undefined
  /** Its source port, of `tcp` and `udp` (RTA_SPORT). Default: none. */
  sourcePort?: number | undefined
  /** Its destination port, of `tcp` and `udp` (RTA_DPORT). Default: none. */
  destinationPort?: number | undefined
  /**
   * Returns the table's entry, instead of the route that the kernel derives from it for this packet (RTM_F_FIB_MATCH). Default:
   * false.
   */
  fibMatch?: boolean | undefined
}

const lookupKeys = new Set([
  'from',
  'iif',
  'oif',
  'mark',
  'uid',
  'tos',
  'ipProtocol',
  'sourcePort',
  'destinationPort',
  'fibMatch',
])

/** routes.lookup: the kernel computes a route for a packet, so this does not find an object by a key. */
function lookUpRoute(netns: NetnsReference, address: string, options: LookupOptions = {}): Operation<Route> {
  checkKeys(options, lookupKeys)
  const { from, iif, oif, mark, uid, tos, ipProtocol, sourcePort, destinationPort, fibMatch = false } = options
  const { length } = parseIP(address, 'address')
  const family = familyOf(address) ?? 'ipv4'
  if (from !== undefined) parseIP(from, 'from', family)
  if (iif !== undefined) checkDevice(iif, 'iif')
  if (oif !== undefined) checkDevice(oif, 'oif')
  if (typeof fibMatch !== 'boolean') throw wrongType('fibMatch', 'a boolean', fibMatch)
  const request = message('GETROUTE', routeLayout, {
    header: {
      family,
      dstLength: 8 * length,
      srcLength: from === undefined ? 0 : 8 * length,
      ...(tos === undefined ? {} : { tos }),
      // IPv6 always reports the table, and refuses the flag.
      flags: [...(family === 'ipv4' ? (['lookupTable'] as const) : []), ...(fibMatch ? (['fibMatch'] as const) : [])],
    },
    attributes: { dst: address, from, iif, dev: oif, mark, uid, ipProtocol, sourcePort, destinationPort },
  })
  return query('routes.lookup', netns, Lane.read, request, decodeRoute, `route to ${address}`)
}

// The kernel answers ENOENT for a table without routes.
const noSuchTable = new Set([errnoNumber('ENOENT') ?? 0])

const removedAgain = { inverse: RTM.DELROUTE }
const setBack = { recipe: replacedRoute, lookup: dumpOf }
const about = ({ dst }: RouteKey): string => `route ${dst}`

const objects = objectVerbs<
  RouteOptions,
  RouteKey,
  RouteFilter,
  Route,
  'add' | 'replace' | 'change' | 'append' | 'prepend'
>({
  name: 'routes',
  protocol,
  headerSize: routeLayout.header.size,
  decode: decodeRoute,
  make: {
    message: newRoute,
    modes: {
      add: { flags: Mode.add, undo: removedAgain },
      replace: { flags: Mode.replace, undo: setBack },
      change: { flags: Mode.change, undo: setBack },
      append: { flags: Mode.append, undo: removedAgain },
      prepend: { flags: Mode.prepend, undo: removedAgain },
    },
    about,
    cause: causeForRoute,
  },
  ensure: ensureRoute, // also queries the devices of the route
  get: { select: routeOf, dump: true, about, tolerate: noSuchTable },
  list: { select: filtering, tolerate: noSuchTable },
  remove: {
    message: deletion,
    about,
    undo: {
      recipe: ({ type, protocol }) => deletedRoute({ type: type !== undefined, protocol: protocol !== undefined }),
      lookup: dumpOf,
    },
    exactly,
    select: (filter) => filtering({ ...filter, table: filter.table ?? 'main' }),
    removable: [ofIP],
    symbol: 'RTM_DELROUTE',
    recipe: anyRoute,
  },
})

export const routeVerbs = { ...objects, lookup: lookUpRoute }
