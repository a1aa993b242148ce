// Links: network devices (rtnetlink(7), linux/if_link.h).
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsReference, NetnsTarget } from '../native/netns_handle'
import { perform } from '../netlink/perform'
import type { Link } from './link'
import type { LinkDetail, LinkFilter } from './link_list'
import type { LinkName } from './link_messages'
import type { LinkChanges, LinkOptions } from './link_options'
import { splitForce, type DeleteOptions } from '../netlink/deletion'
import type { Ensured } from '../netlink/ensure'
import { linkVerbs } from './verbs'

const detailOption = ['statistics']

/**
 * The devices of a namespace: `ns.links`.
 * @example
 * const bridge = await host.links.add({ kind: 'bridge', name: 'br0', up: true })
 * await host.links.add({ kind: 'veth', name: 'veth-r', master: 'br0', up: true,
 *                        peer: { netns: red, name: 'eth0', mac: '02:00:00:00:00:01', up: true } })
 */
export class Links {
  readonly #netns: NetnsReference

  /** @internal */
  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  /**
   * Creates a link and sets all its options, as one job; if a part fails, the link is removed. A veth's far end is created in
   * its own namespace (RTM_NEWLINK, IFLA_LINKINFO).
   * @returns The link as the kernel reports it afterwards, without counters.
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError: `EEXIST` (the name is taken), `EOPNOTSUPP`
   *   (the kernel has no such kind); NetloomError: `ENODEV` (no device of a name among the options).
   * @example
   * await ns.links.add({ kind: 'vlan', name: 'eth0.5', link: 'eth0', id: 5, up: true })
   */
  async add(options: LinkOptions, call?: CallOptions): Promise<Link> {
    return perform(linkVerbs.add(this.#netns, options), call)
  }

  /**
   * Makes a link as `add` does, or finds an existing one. Options that are left out are not compared, except as said
   * below; both ends of a veth are compared. An existing object is not changed.
   * @throws As `add`; `EEXIST` if what is there is not so: the message names the option. In a batch only its
   *   entry has this error, and the batch goes on.
   * @example
   * const { made, value } = await ns.links.ensure({ kind: 'bridge', name: 'br0', up: true })
   */
  async ensure(options: LinkOptions, call?: CallOptions): Promise<Ensured<Link>> {
    return perform(linkVerbs.ensure(this.#netns, options), call)
  }

  /**
   * One link, by name, index or `{ altname }` (RTM_GETLINK without NLM_F_DUMP).
   * @throws NetlinkError with `ENODEV` if there is none (`isNotFound`).
   * @example
   * const { statistics } = await ns.links.get('eth0', { statistics: true })
   */
  async get(dev: LinkName, options?: LinkDetail & CallOptions): Promise<Link> {
    checkCallOptions(options, detailOption)
    const { statistics, ...call } = options ?? {}
    return perform(linkVerbs.get(this.#netns, dev, { statistics }), call)
  }

  /**
   * As `get`, but undefined if there is none.
   * @throws What `get` throws, except that.
   */
  async find(dev: LinkName, options?: LinkDetail & CallOptions): Promise<Link | undefined> {
    checkCallOptions(options, detailOption)
    const { statistics, ...call } = options ?? {}
    return perform(linkVerbs.find(this.#netns, dev, { statistics }), call)
  }

  /**
   * All links, or those that match a filter (RTM_GETLINK, NLM_F_DUMP).
   * @throws NetloomError: `ENODEV` if there is no `master` of that name; DumpInterruptedError if it was interrupted in
   *   every try.
   * @example
   * const ports = await ns.links.list({ master: 'br0', up: true })
   */
  async list(filter?: LinkFilter, call?: CallOptions): Promise<Link[]> {
    return perform(linkVerbs.list(this.#netns, filter), call)
  }

  /**
   * Changes a link (RTM_NEWLINK): settings, `name` (rename), `netns` (move), and with `kind` the options of that kind.
   * Options that are left out stay as they are. If it fails, some changes may have been made: changes that need several
   * messages stop at the first failure, and if the new name is taken in the new namespace, the link has moved there.
   * @throws TypeError, RangeError for a wrong option, by name; `ENODEV` if there is no such link; NetlinkError:
   *   `EEXIST` (the name is taken), `EOPNOTSUPP` (the device cannot do it).
   * @returns If it was moved, the link in its new namespace, where it may have another index.
   * @example
   * await ns.links.set('eth0', { mtu: 9000, master: 'br0', up: true })
   * await ns.links.set('br0', { kind: 'bridge', vlanFiltering: true })
   */
  async set(dev: LinkName, changes: LinkChanges & { netns: NetnsTarget }, call?: CallOptions): Promise<Link>
  async set(dev: LinkName, changes: LinkChanges & { netns?: undefined }, call?: CallOptions): Promise<void>
  async set(dev: LinkName, changes: LinkChanges, call?: CallOptions): Promise<Link | undefined>
  async set(dev: LinkName, changes: LinkChanges, call?: CallOptions): Promise<unknown> {
    return perform(linkVerbs.set(this.#netns, dev, changes), call)
  }

  /**
   * Deletes a link (RTM_DELLINK), with the other end of a veth.
   * @param options - `force: true` to succeed if there is none.
   * @throws NetlinkError: `ENODEV`; `EOPNOTSUPP` if it cannot be deleted, such as hardware.
   */
  async delete(dev: LinkName, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return perform(linkVerbs.delete(this.#netns, dev, { force }), call)
  }

  /**
   * Deletes all links of a group with one message (RTM_DELLINK with IFLA_GROUP): a hundred veth pairs in about twice the
   * time of one, where each single deletion blocks its caller for some milliseconds. An empty group is no error. Group 0, the
   * default of all links and `lo`, is refused.
   * @throws RangeError for the group 0; NetlinkError: `EOPNOTSUPP` if one of them cannot be deleted, such as hardware or
   *   `lo`; then all stay.
   * @example
   * for (const name of ['v0', 'v1']) batch.links.set(name, { group: 7 })
   * batch.links.flush({ group: 7 })
   */
  async flush(filter: { group: number }, call?: CallOptions): Promise<void> {
    return perform(linkVerbs.flush(this.#netns, filter), call)
  }

  /**
   * Adds altnames to a link, by which `ip` and `{ altname }` find it (RTM_NEWLINKPROP). Since Linux 5.5.
   * @throws NetlinkError: `ENODEV`; `EEXIST` if one of them is taken.
   * @example
   * await ns.links.addAltnames('eth0', ['uplink'])
   */
  async addAltnames(dev: LinkName, altnames: readonly string[], call?: CallOptions): Promise<void> {
    return perform(linkVerbs.addAltnames(this.#netns, dev, altnames), call)
  }

  /**
   * Removes altnames (RTM_DELLINKPROP). Since Linux 5.5.
   * @throws NetlinkError: `ENODEV`; `ENOENT` if the link has no such name.
   */
  async deleteAltnames(dev: LinkName, altnames: readonly string[], call?: CallOptions): Promise<void> {
    return perform(linkVerbs.deleteAltnames(this.#netns, dev, altnames), call)
  }
}
