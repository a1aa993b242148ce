// The routes of a namespace (rtnetlink(7), linux/rtnetlink.h).
import type { CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { perform } from '../netlink/perform'
import { checkCondition, forgiving, splitForce, type DeleteOptions } from './deletion'
import { firstOf, found } from './lookup'
import type { Route, RouteKey, RouteOptions } from './route'
import {
  addRoute,
  deleteRoute,
  deleteRoutes,
  listOfKey,
  listRoutes,
  lookUpRoute,
  type LookupOptions,
  type RouteFilter,
} from './route_operations'

/**
 * Routes: `ns.routes`.
 * @example
 * await red.routes.add({ dst: 'default', via: '10.0.0.254' })
 * await red.routes.add({ dst: '10.1.0.0/16', nexthops: [{ via: '10.0.0.2', weight: 2 }, { via: '10.0.0.3' }] })
 * await red.routes.add({ dst: '192.0.2.0/24', type: 'blackhole', table: 1000 })
 */
export class Routes {
  readonly #netns: NetnsHandle

  /** @internal */
  constructor(netns: NetnsHandle) {
    this.#netns = netns
  }

  /**
   * Adds a route (RTM_NEWROUTE).
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError: `EEXIST`, `ENETUNREACH` (the next router is not
   *   on a link); NetloomError: `ENODEV`.
   */
  async add(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(addRoute(this.#netns, 'add', options), call)
  }

  /** Adds a route, or puts it in the place of the one to that destination with that metric. */
  async replace(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(addRoute(this.#netns, 'replace', options), call)
  }

  /** Adds a route behind those to the same destination; for IPv6 one more nexthop. */
  async append(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(addRoute(this.#netns, 'append', options), call)
  }

  /**
   * The first route that a key names, as it stands in the table.
   * @throws NetloomError with `ENOENT` if there is none; `isNotFound` tells.
   */
  async get(key: RouteKey, call?: CallOptions): Promise<Route> {
    return firstOf(await perform(listOfKey(this.#netns, key), call), 'routes.get', this.#netns, `route ${key.dst}`)
  }

  /** As `get`, but undefined if there is none. */
  async find(key: RouteKey, call?: CallOptions): Promise<Route | undefined> {
    return found(this.get(key, call))
  }

  /** All routes of all tables, or those that a filter lets through (RTM_GETROUTE). */
  async list(filter?: RouteFilter, call?: CallOptions): Promise<Route[]> {
    return perform(listRoutes(this.#netns, filter), call)
  }

  /**
   * The route that a packet to an address would take, as `ip route get`.
   * @throws NetlinkError: `ENETUNREACH` if there is none; what a route of type `unreachable`, `prohibit` … gives.
   */
  async lookup(address: string, options?: LookupOptions, call?: CallOptions): Promise<Route> {
    return perform(lookUpRoute(this.#netns, address, options), call)
  }

  /**
   * Removes the first route that a key names (RTM_DELROUTE).
   * @param options - `force: true` to be content if there is none.
   * @throws NetlinkError: `ESRCH`.
   */
  async delete(key: RouteKey, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return forgiving(force, perform(deleteRoute(this.#netns, key), call))
  }

  /** Removes all routes that a filter lets through; it must let through less than all. Default table: `main`. */
  async flush(filter: RouteFilter, call?: CallOptions): Promise<void> {
    checkCondition(filter)
    const list = listRoutes(this.#netns, { ...filter, table: filter.table ?? 'main' }, 'routes.flush')
    const routes = await perform(list, call)
    if (routes.length > 0) await perform(deleteRoutes(this.#netns, routes), call)
  }
}
