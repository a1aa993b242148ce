// The verbs of each resource, which return operations: a class performs each at once, a batch performs them together.
import type { NetnsReference } from '../native/netns_handle'
import { forcible, type Force } from '../netlink/deletion'
import { ifThere, type Operation } from '../netlink/operation'
import type { Link } from './link'
import { addLink } from './link_add'
import { changeAltnames } from './link_altnames'
import { deleteLink, flushLinks } from './link_delete'
import { ensureLink } from './link_ensure'
import { getLink, listLinks, type LinkDetail } from './link_list'
import type { LinkName } from './link_messages'
import { setLink } from './link_set'

export { addressVerbs } from './address_messages'
export { neighborVerbs } from './neighbor_messages'
export { routeVerbs } from './route_operations'
export { ruleVerbs } from './rule_messages'

type Netns = NetnsReference

/**
 * Links are not declared as objects in a table: to create or change one takes several messages in two namespaces, whose order
 * depends on the kind's options. So each verb is a function that returns its operation.
 */
export const linkVerbs = {
  add: addLink,
  ensure: ensureLink,
  get: getLink,
  find: (netns: Netns, dev: LinkName, detail?: LinkDetail): Operation<Link | undefined> =>
    ifThere(getLink(netns, dev, detail)),
  list: listLinks,
  set: setLink,
  delete: (netns: Netns, dev: LinkName, options?: Force): Operation<void> => forcible(deleteLink(netns, dev), options),
  flush: flushLinks,
  addAltnames: (netns: Netns, dev: LinkName, altnames: readonly string[]): Operation<void> =>
    changeAltnames(netns, 'addAltnames', dev, altnames),
  deleteAltnames: (netns: Netns, dev: LinkName, altnames: readonly string[]): Operation<void> =>
    changeAltnames(netns, 'deleteAltnames', dev, altnames),
}
