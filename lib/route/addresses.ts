// The IP addresses of a namespace's devices (rtnetlink(7), linux/if_addr.h).
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { perform } from '../netlink/perform'
import type { Address, AddressFilter, AddressKey, AddressOptions } from './address_messages'
import { splitForce, type DeleteOptions } from '../netlink/deletion'
import type { Ensured } from '../netlink/ensure'
import { addressVerbs } from './verbs'

/**
 * IP addresses: `ns.addresses`.
 * @example
 * await red.addresses.add({ dev: 'eth0', address: '10.0.0.1/24' })
 * await red.addresses.add({ dev: 'eth0', address: 'fd00::1/64', flags: ['nodad'] })
 */
export class Addresses {
  readonly #netns: NetnsReference

  /** @internal */
  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  /**
   * Adds an address to a device (RTM_NEWADDR).
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError: `EEXIST`; NetloomError: `ENODEV`.
   */
  async add(options: AddressOptions, call?: CallOptions): Promise<void> {
    return perform(addressVerbs.add(this.#netns, options), call)
  }

  /**
   * Makes an address as `add` does, or finds that it is there. What is left out may be anything there, unless told otherwise
   * below; lifetimes that are there may be shorter than those given, for they run down. What is there stays as it is.
   * @throws As `add`; `EEXIST` if what is there is not so: the message names the option. In a batch its entry says so,
   *   and nothing stops.
   * @example
   * await ns.addresses.ensure({ dev: 'eth0', address: '10.0.0.1/24' })
   */
  async ensure(options: AddressOptions, call?: CallOptions): Promise<Ensured<Address>> {
    return perform(addressVerbs.ensure(this.#netns, options), call)
  }

  /**
   * Adds an address, or gives the one that is there these lifetimes, flags, metric and protocol; what is left out of
   * them becomes the default. Its label, scope and broadcast address stay (RTM_NEWADDR, NLM_F_REPLACE).
   * @throws As `add`, without `EEXIST`.
   * @example
   * await ns.addresses.replace({ dev: 'eth0', address: '10.0.0.1/24', validLifetimeSeconds: 3600 })
   */
  async replace(options: AddressOptions, call?: CallOptions): Promise<void> {
    return perform(addressVerbs.replace(this.#netns, options), call)
  }

  /**
   * One address. Without a prefix length in the key, whatever length it has.
   * @throws NetloomError with `ENOENT` if there is none, `ENODEV` if there is no such device; `isNotFound` tells.
   */
  async get(key: AddressKey, call?: CallOptions): Promise<Address> {
    return perform(addressVerbs.get(this.#netns, key), call)
  }

  /**
   * As `get`, but undefined if there is none.
   * @throws What `get` throws, except that.
   */
  async find(key: AddressKey, call?: CallOptions): Promise<Address | undefined> {
    return perform(addressVerbs.find(this.#netns, key), call)
  }

  /**
   * All addresses, or those that a filter lets through (RTM_GETADDR).
   * @throws `ENODEV` if there is no such device; DumpInterruptedError if things changed at every try.
   * @example
   * const own = await ns.addresses.list({ dev: 'eth0', scope: 'global' })
   */
  async list(filter?: AddressFilter, call?: CallOptions): Promise<Address[]> {
    return perform(addressVerbs.list(this.#netns, filter), call)
  }

  /**
   * Removes an address (RTM_DELADDR); with an IPv4 one those that are secondary to it, unless `promote_secondaries` is
   * set.
   * @param options - `force: true` to be content if there is none.
   * @throws NetlinkError: `EADDRNOTAVAIL`; `ENODEV` if there is no such device.
   * @example
   * await ns.addresses.delete({ dev: 'eth0', address: '10.0.0.1/24' }, { force: true })
   */
  async delete(key: AddressKey, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(addressVerbs.delete(this.#netns, key, { force }), call)
  }

  /**
   * Removes all addresses that a filter lets through, such as `{ dev: 'eth0' }`; none is no error.
   * @throws RangeError for a filter without a condition.
   */
  async flush(filter: AddressFilter, call?: CallOptions): Promise<void> {
    return perform(addressVerbs.flush(this.#netns, filter), call)
  }
}
