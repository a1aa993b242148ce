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
   * Makes an address as `add` does, or finds an existing one. Options that are left out are not compared, except as said
   * below; existing lifetimes may be shorter than those given, as they run down. An existing object is not changed.
   * @throws As `add`; `EEXIST` if what is there is not so: the message names the option. In a batch only its
   *   entry has this error, and the batch goes on.
   * @example
   * await ns.addresses.ensure({ dev: 'eth0', address: '10.0.0.1/24' })
   */
  async ensure(options: AddressOptions, call?: CallOptions): Promise<Ensured<Address>> {
    return perform(addressVerbs.ensure(this.#netns, options), call)
  }

  /**
   * Adds an address, or sets lifetimes, flags, metric and protocol of an existing one, those that are left out to their
   * defaults. Its label, scope and broadcast address stay (RTM_NEWADDR, NLM_F_REPLACE).
   * @throws As `add`, without `EEXIST`.
   * @example
   * await ns.addresses.replace({ dev: 'eth0', address: '10.0.0.1/24', validLifetimeSeconds: 3600 })
   */
  async replace(options: AddressOptions, call?: CallOptions): Promise<void> {
    return perform(addressVerbs.replace(this.#netns, options), call)
  }

  /**
   * One address; without a prefix length in the key, of any length.
   * @throws NetloomError with `ENOENT` if there is none, `ENODEV` if there is no such device (`isNotFound`).
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
   * All addresses, or those that match a filter (RTM_GETADDR).
   * @throws `ENODEV` if there is no such device; DumpInterruptedError if it was interrupted in every try.
   * @example
   * const own = await ns.addresses.list({ dev: 'eth0', scope: 'global' })
   */
  async list(filter?: AddressFilter, call?: CallOptions): Promise<Address[]> {
    return perform(addressVerbs.list(this.#netns, filter), call)
  }

  /**
   * Removes an address (RTM_DELADDR). The kernel also removes the secondary addresses of an IPv4 one, unless
   * `promote_secondaries` is set.
   * @param options - `force: true` to succeed if there is none.
   * @throws NetlinkError: `EADDRNOTAVAIL`; `ENODEV` if there is no such device.
   * @example
   * await ns.addresses.delete({ dev: 'eth0', address: '10.0.0.1/24' }, { force: true })
   */
  async delete(key: AddressKey, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(addressVerbs.delete(this.#netns, key, { force }), call)
  }

  /**
   * Removes all addresses that match a filter, such as `{ dev: 'eth0' }`; none is no error.
   * @throws RangeError for a filter without a condition.
   */
  async flush(filter: AddressFilter, call?: CallOptions): Promise<void> {
    return perform(addressVerbs.flush(this.#netns, filter), call)
  }
}
