// Traffic control of a namespace (tc(8)): `ns.qdiscs`, `ns.classes`, `ns.filters`.
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { splitForce, type DeleteOptions } from '../netlink/deletion'
import type { Ensured } from '../netlink/ensure'
import { perform } from '../netlink/perform'
import { classVerbs, type ClassFilter, type ClassKey, type ClassOptions, type TrafficClass } from './class'
import { filterVerbs, type Filter, type FilterKey, type FilterOptions, type FilterPlace } from './filter'
import { qdiscVerbs, type Qdisc, type QdiscFilter, type QdiscKey, type QdiscOptions } from './qdisc'

/**
 * Queueing disciplines: `ns.qdiscs`.
 * @example
 * await ns.qdiscs.add({ dev: 'eth0', kind: 'tbf', rateBitsPerSecond: 1e6, burstBytes: 10_000, latencyMilliseconds: 50 })
 */
export class Qdiscs {
  readonly #netns: NetnsReference

  /** @internal */
  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  /**
   * Adds a qdisc (RTM_NEWQDISC).
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError: `EEXIST` if there is one at its place, `ENOENT`
   *   for a class that is not there, or a kind that this kernel lacks: then it says which module has it.
   */
  async add(options: QdiscOptions, call?: CallOptions): Promise<void> {
    return perform(qdiscVerbs.add(this.#netns, options), call)
  }

  /**
   * Adds a qdisc, or puts it in the place of the one there, with all that is in that one.
   * @throws What `add` throws, except `EEXIST`.
   */
  async replace(options: QdiscOptions, call?: CallOptions): Promise<void> {
    return perform(qdiscVerbs.replace(this.#netns, options), call)
  }

  /**
   * Changes the options of a qdisc (`tc qdisc change`). What is left out mostly gets its default.
   * @throws What `add` throws; NetlinkError: `ENOENT` if there is none, `EOPNOTSUPP` of kinds that are not changed, as htb.
   */
  async set(options: QdiscOptions, call?: CallOptions): Promise<void> {
    return perform(qdiscVerbs.set(this.#netns, options), call)
  }

  /**
   * Adds a qdisc, or finds that it is there as it is wanted; compares the options that are given.
   * @throws What `add` throws; NetloomError with `EEXIST` if what is there differs: it says in what.
   */
  async ensure(options: QdiscOptions, call?: CallOptions): Promise<Ensured<Qdisc>> {
    return perform(qdiscVerbs.ensure(this.#netns, options), call)
  }

  /**
   * The qdisc at a place, or of a handle.
   * @throws NetloomError, NetlinkError with `ENOENT` if there is none (`isNotFound`).
   */
  async get(key: QdiscKey, call?: CallOptions): Promise<Qdisc> {
    return perform(qdiscVerbs.get(this.#netns, key), call)
  }

  /** As `get`, but undefined if there is none. */
  async find(key: QdiscKey, call?: CallOptions): Promise<Qdisc | undefined> {
    return perform(qdiscVerbs.find(this.#netns, key), call)
  }

  /**
   * All qdiscs, or those of one device, with what they have counted.
   * @throws NetlinkError: `ENODEV` for a name that no device has.
   */
  async list(filter?: QdiscFilter, call?: CallOptions): Promise<Qdisc[]> {
    return perform(qdiscVerbs.list(this.#netns, filter), call)
  }

  /**
   * Removes a qdisc, and with it its classes, filters and the qdiscs in it (RTM_DELQDISC).
   * @param options - `force: true` to succeed if there is none.
   * @throws NetlinkError: `ENOENT`, `EINVAL` of one that the kernel made by itself.
   */
  async delete(key: QdiscKey, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(qdiscVerbs.delete(this.#netns, key, { force }), call)
  }
}

/**
 * Classes of qdiscs: `ns.classes`.
 * @example
 * await ns.classes.add({ dev: 'eth0', kind: 'htb', classid: '1:3', rateBitsPerSecond: 40e9 })
 */
export class Classes {
  readonly #netns: NetnsReference

  /** @internal */
  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  /**
   * Adds a class (RTM_NEWTCLASS).
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError: `EEXIST`, `ENOENT` without the qdisc.
   */
  async add(options: ClassOptions, call?: CallOptions): Promise<void> {
    return perform(classVerbs.add(this.#netns, options), call)
  }

  /** Adds a class, or changes the one there. */
  async replace(options: ClassOptions, call?: CallOptions): Promise<void> {
    return perform(classVerbs.replace(this.#netns, options), call)
  }

  /**
   * Changes a class. What is left out gets its default.
   * @throws What `add` throws; NetlinkError: `ENOENT` if there is none.
   */
  async set(options: ClassOptions, call?: CallOptions): Promise<void> {
    return perform(classVerbs.set(this.#netns, options), call)
  }

  /**
   * Adds a class, or finds that it is there as it is wanted; compares the options that are given.
   * @throws What `add` throws; NetloomError with `EEXIST` if what is there differs: it says in what.
   */
  async ensure(options: ClassOptions, call?: CallOptions): Promise<Ensured<TrafficClass>> {
    return perform(classVerbs.ensure(this.#netns, options), call)
  }

  /**
   * A class by its name.
   * @throws NetlinkError with `ENOENT` if there is none (`isNotFound`).
   */
  async get(key: ClassKey, call?: CallOptions): Promise<TrafficClass> {
    return perform(classVerbs.get(this.#netns, key), call)
  }

  /** As `get`, but undefined if there is none. */
  async find(key: ClassKey, call?: CallOptions): Promise<TrafficClass | undefined> {
    return perform(classVerbs.find(this.#netns, key), call)
  }

  /** The classes of a device, with what they have counted. */
  async list(filter: ClassFilter, call?: CallOptions): Promise<TrafficClass[]> {
    return perform(classVerbs.list(this.#netns, filter), call)
  }

  /**
   * Removes a class (RTM_DELTCLASS).
   * @param options - `force: true` to succeed if there is none.
   * @throws NetlinkError: `ENOENT`, `EBUSY` of one that has classes or filters.
   */
  async delete(key: ClassKey, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(classVerbs.delete(this.#netns, key, { force }), call)
  }
}

/**
 * Filters: `ns.filters`.
 * @example
 * await ns.filters.add({
 *   dev: 'eth0',
 *   parent: 'ingress',
 *   kind: 'matchall',
 *   actions: [{ kind: 'mirred', mode: 'egressRedirect', to: 'ifb0' }],
 * })
 */
export class Filters {
  readonly #netns: NetnsReference

  /** @internal */
  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  /**
   * Adds a filter (RTM_NEWTFILTER). In a batch it is undone if it has a `priority` and a `handle`: the kernel does not tell
   * those that it chooses. What a batch changes or removes of filters it brings back only where the kernel takes what it tells,
   * which it does not of kinds with `flags`: they are among the batch's `leftovers` then.
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError: `EEXIST`, `ENOENT` for a parent that is not there,
   *   or a kind of filter or action that this kernel lacks.
   */
  async add(options: FilterOptions, call?: CallOptions): Promise<void> {
    return perform(filterVerbs.add(this.#netns, options), call)
  }

  /** Adds a filter, or puts it in the place of the one with its priority and handle. */
  async replace(options: FilterOptions, call?: CallOptions): Promise<void> {
    return perform(filterVerbs.replace(this.#netns, options), call)
  }

  /**
   * Changes a filter, by its priority and handle.
   * @throws What `add` throws; NetlinkError: `ENOENT` if there is none.
   */
  async set(options: FilterOptions, call?: CallOptions): Promise<void> {
    return perform(filterVerbs.set(this.#netns, options), call)
  }

  /**
   * A filter by its priority, protocol, kind and handle.
   * @throws NetlinkError with `ENOENT` if there is none (`isNotFound`).
   */
  async get(key: FilterKey, call?: CallOptions): Promise<Filter> {
    return perform(filterVerbs.get(this.#netns, key), call)
  }

  /** As `get`, but undefined if there is none. */
  async find(key: FilterKey, call?: CallOptions): Promise<Filter | undefined> {
    return perform(filterVerbs.find(this.#netns, key), call)
  }

  /** The filters at a qdisc or class, of all chains or one, with their actions and what those have counted. */
  async list(place: FilterPlace, call?: CallOptions): Promise<Filter[]> {
    return perform(filterVerbs.list(this.#netns, place), call)
  }

  /**
   * Removes a filter, or without a `handle` all of a priority (RTM_DELTFILTER).
   * @param options - `force: true` to succeed if there is none.
   */
  async delete(key: FilterKey, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(filterVerbs.delete(this.#netns, key, { force }), call)
  }

  /** Removes all filters at a qdisc or class, of a chain: by default of chain 0. A batch does not bring them back. */
  async flush(place: FilterPlace, call?: CallOptions): Promise<void> {
    return perform(filterVerbs.flush(this.#netns, place), call)
  }
}
