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
   * Makes a route as `add` does, or finds an existing one. Options that are left out are not compared, except as said
   * below; `type`, `via`, `nexthops`, `nexthopId` and the encapsulation are compared in any case. An existing object is not changed.
   * @throws As `add`; `EEXIST` if what is there is not so: the message names the option. In a batch only its
   *   entry has this error, and the batch goes on.
   * @example
   * await ns.routes.ensure({ dst: 'default', via: '10.0.0.254' })
   */
  async ensure(options: RouteOptions, call?: CallOptions): Promise<Ensured<Route>> {
    return perform(routeVerbs.ensure(this.#netns, options), call)
  }

  /**
   * Adds a route, or replaces the first one to that destination with that metric and `tos` (RTM_NEWROUTE, NLM_F_REPLACE).
   * @throws As `add`, without `EEXIST`.
   * @example
   * await ns.routes.replace({ dst: 'default', via: '10.0.0.253' })
   */
  async replace(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(routeVerbs.replace(this.#netns, options), call)
  }

  /**
   * Replaces the first existing route to that destination with that metric and `tos` (RTM_NEWROUTE, NLM_F_REPLACE without
   * NLM_F_CREATE).
   * @throws As `add`, without `EEXIST`; NetlinkError with `ENOENT` if there is none.
   */
  async change(options: RouteOptions, call?: CallOptions): Promise<void> {
    return perform(routeVerbs.change(this.#netns, options), call)
  }

  /**
   * Adds a route behind those to the same destination; for IPv6 one more nexthop of the same metric (RTM_NEWROUTE,
   * NLM_F_APPEND).
   * @throws As `add`; `EEXIST` if the same one exists.
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
   * The first route that matches a key, as the table has it.
   * @throws NetloomError with `ENOENT` if there is none (`isNotFound`).
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
   * All routes of all tables, or those that match a filter (RTM_GETROUTE, NLM_F_DUMP).
   * @throws `ENODEV` if there is no such device; DumpInterruptedError if it was interrupted in every try.
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
   * Removes the first route that matches a key (RTM_DELROUTE).
   * @param options - `force: true` to succeed if there is none.
   * @throws NetlinkError: `ESRCH`; NetloomError: `ENODEV`.
   * @example
   * await ns.routes.delete({ dst: '10.1.0.0/16', table: 1000 }, { force: true })
   */
  async delete(key: RouteKey, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(routeVerbs.delete(this.#netns, key, { force }), call)
  }

  /**
   * Removes all routes that match a filter; it must let through less than all. None is no error. Default table:
   * `main`.
   * @throws RangeError for a filter without a condition.
   * @example
   * await ns.routes.flush({ protocol: 'bgp' })
   */
  async flush(filter: RouteFilter, call?: CallOptions): Promise<void> {
    return perform(routeVerbs.flush(this.#netns, filter), call)
  }
}
