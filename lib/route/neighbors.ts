// The neighbor tables of a namespace: ARP and NDP (rtnetlink(7), linux/neighbour.h).
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { perform } from '../netlink/perform'
import { splitForce, type DeleteOptions } from '../netlink/deletion'
import type { Ensured } from '../netlink/ensure'
import type { Neighbor, NeighborFilter, NeighborKey, NeighborOptions } from './neighbor_messages'
import { neighborVerbs } from './verbs'

/**
 * Neighbors: `ns.neighbors`.
 * @example
 * await red.neighbors.add({ dev: 'eth0', address: '10.0.0.2', mac: '02:00:00:00:00:02' })
 * await red.neighbors.add({ dev: 'eth0', address: '10.0.0.9', proxy: true })
 */
export class Neighbors {
  readonly #netns: NetnsReference

  /** @internal */
  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  /**
   * Adds an entry (RTM_NEWNEIGH), permanent unless told otherwise.
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError: `EEXIST`; NetloomError: `ENODEV`.
   */
  async add(options: NeighborOptions, call?: CallOptions): Promise<void> {
    return perform(neighborVerbs.add(this.#netns, options), call)
  }

  /**
   * Makes an entry as `add` does, or finds an existing one. Options that are left out are not compared, except as said
   * below; the state is `permanent` unless told otherwise. An existing object is not changed.
   * @throws As `add`; `EEXIST` if what is there is not so: the message names the option. In a batch only its
   *   entry has this error, and the batch goes on.
   * @example
   * await ns.neighbors.ensure({ dev: 'eth0', address: '10.0.0.2', mac: '02:00:00:00:00:02' })
   */
  async ensure(options: NeighborOptions, call?: CallOptions): Promise<Ensured<Neighbor>> {
    return perform(neighborVerbs.ensure(this.#netns, options), call)
  }

  /**
   * Adds an entry, or changes the one for that address (RTM_NEWNEIGH, NLM_F_REPLACE).
   * @throws As `add`, without `EEXIST`.
   */
  async replace(options: NeighborOptions, call?: CallOptions): Promise<void> {
    return perform(neighborVerbs.replace(this.#netns, options), call)
  }

  /**
   * Changes the existing entry for an address (RTM_NEWNEIGH, NLM_F_REPLACE without NLM_F_CREATE).
   * @throws As `add`, without `EEXIST`; NetlinkError with `ENOENT` if there is none.
   */
  async change(options: NeighborOptions, call?: CallOptions): Promise<void> {
    return perform(neighborVerbs.change(this.#netns, options), call)
  }

  /**
   * One entry (RTM_GETNEIGH without NLM_F_DUMP).
   * @throws NetlinkError with `ENOENT` if there is none; `ENODEV` if there is no such device (`isNotFound`).
   * @example
   * const { mac, state } = await ns.neighbors.get({ dev: 'eth0', address: '10.0.0.2' })
   */
  async get(key: NeighborKey, call?: CallOptions): Promise<Neighbor> {
    return perform(neighborVerbs.get(this.#netns, key), call)
  }

  /**
   * As `get`, but undefined if there is none.
   * @throws What `get` throws, except that.
   */
  async find(key: NeighborKey, call?: CallOptions): Promise<Neighbor | undefined> {
    return perform(neighborVerbs.find(this.#netns, key), call)
  }

  /**
   * All entries, or those that match a filter (RTM_GETNEIGH, NLM_F_DUMP). Proxy entries only with
   * `{ proxy: true }`, and then only those.
   * @throws NetloomError: `ENODEV` if there is no device of that name; DumpInterruptedError if it was interrupted in every
   *   try.
   * @example
   * const failed = await ns.neighbors.list({ dev: 'eth0', state: 'failed' })
   */
  async list(filter?: NeighborFilter, call?: CallOptions): Promise<Neighbor[]> {
    return perform(neighborVerbs.list(this.#netns, filter), call)
  }

  /**
   * Removes an entry (RTM_DELNEIGH).
   * @param options - `force: true` to succeed if there is none.
   * @throws NetlinkError: `ENOENT`; `ENODEV` if there is no such device.
   */
  async delete(key: NeighborKey, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(neighborVerbs.delete(this.#netns, key, { force }), call)
  }

  /**
   * Removes all entries that match a filter, except those without ARP (multicast and the like); none is no
   * error.
   * @throws RangeError for a filter without a condition.
   * @example
   * await ns.neighbors.flush({ dev: 'eth0' })
   */
  async flush(filter: NeighborFilter, call?: CallOptions): Promise<void> {
    return perform(neighborVerbs.flush(this.#netns, filter), call)
  }
}
