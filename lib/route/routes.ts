// The routes of a namespace (rtnetlink(7), linux/rtnetlink.h).
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { perform } from '../netlink/perform'
import { splitForce, type DeleteOptions } from '../netlink/deletion'
import type { Ensured } from '../netlink/ensure'
import type { Route, RouteKey, RouteOptions } from './route'
import type { RouteFilter } from './route_filter'
import type { LookupOptions } from './route_operations'
import { routeVerbs } from './verbs'

/**
 * Routes: `ns.routes`.
 * @example
 * await red.routes.add({ dst: 'default', via: '10.0.0.254' })
 * await red.routes.add({ dst: '10.1.0.0/16', nexthops: [{ via: '10.0.0.2', weight: 2 }, { via: '10.0.0.3' }] })
 * await red.routes.add({ dst: '192.0.2.0/24', type: 'blackhole', table: 1000 })
 */
export class Routes {
  readonly #netns: NetnsReference

  /** @internal */
  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  /**
   * Adds a route (RTM_NEWROUTE).
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError: `EEXIST`, `ENETUNREACH` (the next router is not
   *   on a link); NetloomError: `ENODEV`.
   */
  async add(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(routeVerbs.add(this.#netns, options), call)
  }

  /**
   * Makes a route as `add` does, or finds that it is there. What is left out may be anything there, unless told otherwise
   * below; `type`, `via`, `nexthops`, `nexthopId` and the encapsulation are compared in any case. What is there stays as it is.
   * @throws As `add`; `EEXIST` if what is there is not so: the message names the option. In a batch its entry says so,
   *   and nothing stops.
   * @example
   * await ns.routes.ensure({ dst: 'default', via: '10.0.0.254' })
   */
  async ensure(options: RouteOptions, call?: CallOptions): Promise<Ensured<Route>> {
    return perform(routeVerbs.ensure(this.#netns, options), call)
  }

  /**
   * Adds a route, or puts it in the place of the first one to that destination with that metric and `tos`
   * (RTM_NEWROUTE, NLM_F_REPLACE).
   * @throws As `add`, without `EEXIST`.
   * @example
   * await ns.routes.replace({ dst: 'default', via: '10.0.0.253' })
   */
  async replace(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(routeVerbs.replace(this.#netns, options), call)
  }

  /**
   * Puts a route in the place of the first one to that destination with that metric and `tos`, which has to be there
   * (RTM_NEWROUTE, NLM_F_REPLACE without NLM_F_CREATE).
   * @throws As `add`, without `EEXIST`; NetlinkError with `ENOENT` if there is none.
   */
  async change(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(routeVerbs.change(this.#netns, options), call)
  }

  /**
   * Adds a route behind those to the same destination; for IPv6 one more nexthop of the same metric (RTM_NEWROUTE,
   * NLM_F_APPEND).
   * @throws As `add`; `EEXIST` if there is the very same one.
   * @example
   * await ns.routes.append({ dst: 'fd01::/64', via: 'fe80::2', dev: 'eth0' })
   */
  async append(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(routeVerbs.append(this.#netns, options), call)
  }

  /**
   * Adds a route before those to the same destination; for IPv6 as `append` (RTM_NEWROUTE, NLM_F_CREATE alone).
   * @throws As `append`.
   */
  async prepend(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(routeVerbs.prepend(this.#netns, options), call)
  }

  /**
   * The first route that a key names, as it stands in the table.
   * @throws NetloomError with `ENOENT` if there is none; `isNotFound` tells.
   * @example
   * const { via, metric } = await ns.routes.get({ dst: 'default', family: 'ipv6' })
   */
  async get(key: RouteKey, call?: CallOptions): Promise<Route> {
    return perform(routeVerbs.get(this.#netns, key), call)
  }

  /**
   * As `get`, but undefined if there is none.
   * @throws What `get` throws, except that.
   */
  async find(key: RouteKey, call?: CallOptions): Promise<Route | undefined> {
    return perform(routeVerbs.find(this.#netns, key), call)
  }

  /**
   * All routes of all tables, or those that a filter lets through (RTM_GETROUTE, NLM_F_DUMP).
   * @throws `ENODEV` if there is no such device; DumpInterruptedError if things changed at every try.
   * @example
   * const ours = await ns.routes.list({ table: 'main', protocol: 'static' })
   */
  async list(filter?: RouteFilter, call?: CallOptions): Promise<Route[]> {
    return perform(routeVerbs.list(this.#netns, filter), call)
  }

  /**
   * The route that a packet to an address would take, as `ip route get` (RTM_GETROUTE). For an address of this host its
   * `table` may be `main`, as long as IPv4 keeps `local` and `main` together.
   * @throws NetlinkError: `ENETUNREACH` if there is none; `EHOSTUNREACH`, `EACCES` or `EINVAL` for a route of type
   *   `unreachable`, `prohibit` or `blackhole`.
   * @example
   * const { dev, src, via } = await ns.routes.lookup('192.0.2.1', { mark: 0x10 })
   */
  async lookup(address: string, options?: LookupOptions, call?: CallOptions): Promise<Route> {
    return perform(routeVerbs.lookup(this.#netns, address, options), call)
  }

  /**
   * Removes the first route that a key names (RTM_DELROUTE).
   * @param options - `force: true` to be content if there is none.
   * @throws NetlinkError: `ESRCH`; NetloomError: `ENODEV`.
   * @example
   * await ns.routes.delete({ dst: '10.1.0.0/16', table: 1000 }, { force: true })
   */
  async delete(key: RouteKey, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(routeVerbs.delete(this.#netns, key, { force }), call)
  }

  /**
   * Removes all routes that a filter lets through; it must let through less than all. None is no error. Default table:
   * `main`.
   * @throws RangeError for a filter without a condition.
   * @example
   * await ns.routes.flush({ protocol: 'bgp' })
   */
  async flush(filter: RouteFilter, call?: CallOptions): Promise<void> {
    return perform(routeVerbs.flush(this.#netns, filter), call)
  }
}
