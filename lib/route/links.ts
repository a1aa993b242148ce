// Links: network devices (rtnetlink(7), linux/if_link.h).
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { isNotFound } from '../errors'
import { perform } from '../netlink/perform'
import { checkKeys } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import type { Device } from '../wire/device'
import type { Link } from './link'
import {
  addLink,
  changeAltnames,
  deleteLink,
  flushLinks,
  getLink,
  listLinks,
  setLink,
  type LinkDetail,
  type LinkFilter,
  type LinkName,
} from './link_operations'
import type { LinkChanges, LinkOptions } from './link_options'
import { forgiving, splitForce, type DeleteOptions } from './deletion'

/**
 * The devices of a namespace: `ns.links`.
 * @example
 * const bridge = await host.links.add({ kind: 'bridge', name: 'br0', up: true })
 * await host.links.add({ kind: 'veth', name: 'veth-r', master: 'br0', up: true,
 *                        peer: { netns: red, name: 'eth0', mac: '02:00:00:00:00:01', up: true } })
 */
export class Links {
  readonly #netns: NetnsHandle

  /** @internal */
  constructor(netns: NetnsHandle) {
    this.#netns = netns
  }

  /**
   * Makes a link and gives it every setting asked for, as one job; if any of it fails, nothing remains. A veth's far end
   * is born in its namespace (RTM_NEWLINK, IFLA_LINKINFO).
   * @returns The link as the kernel has it afterwards.
   * @throws TypeError, RangeError for a wrong option, by name; NetlinkError (`EEXIST`: the name is taken).
   */
  async add(options: LinkOptions, call?: CallOptions): Promise<Link> {
    return perform(addLink(this.#netns, options), call)
  }

  /**
   * One link, by name, index or `{ altname }`. Asks the kernel for just that one (RTM_GETLINK).
   * @throws NetlinkError with `ENODEV` if there is none; `isNotFound` tells.
   */
  async get(dev: LinkName, options?: LinkDetail & CallOptions): Promise<Link> {
    checkCallOptions(options, ['statistics'])
    const { statistics, ...call } = options ?? {}
    return perform(getLink(this.#netns, dev, { statistics }), call)
  }

  /** As `get`, but undefined if there is none. */
  async find(dev: LinkName, options?: LinkDetail & CallOptions): Promise<Link | undefined> {
    try {
      return await this.get(dev, options)
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  /** All links, or those that a filter lets through (RTM_GETLINK, NLM_F_DUMP). */
  async list(filter?: LinkFilter, call?: CallOptions): Promise<Link[]> {
    return perform(listLinks(this.#netns, filter), call)
  }

  /**
   * Changes a link: settings, `name` (rename), `netns` (move), and with `kind` the options of that kind. What is left
   * out stays. Changes that need several messages stop at the first that fails.
   */
  async set(dev: Device, changes: LinkChanges, call?: CallOptions): Promise<void> {
    return perform(setLink(this.#netns, dev, changes), call)
  }

  /**
   * Deletes a link (RTM_DELLINK); a veth's other end goes with it.
   * @param options - `force: true` to be content if there is none.
   */
  async delete(dev: LinkName, options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    return forgiving(force, perform(deleteLink(this.#netns, dev), call))
  }

  /** Deletes all links of a group with one message, far faster than one by one. Group 0 is everybody's, and refused. */
  async flush(filter: { group: number }, call?: CallOptions): Promise<void> {
    checkKeys(filter, new Set(['group']))
    checkInteger(filter.group, 1, 0xffffffff, 'group')
    return perform(flushLinks(this.#netns, filter), call)
  }

  /** Gives a link further names, by which `ip` and `{ altname }` find it (RTM_NEWLINKPROP). */
  async addAltnames(dev: LinkName, altnames: readonly string[], call?: CallOptions): Promise<void> {
    return perform(changeAltnames(this.#netns, 'addAltnames', dev, altnames), call)
  }

  /** Takes further names away (RTM_DELLINKPROP). */
  async deleteAltnames(dev: LinkName, altnames: readonly string[], call?: CallOptions): Promise<void> {
    return perform(changeAltnames(this.#netns, 'deleteAltnames', dev, altnames), call)
  }
}
