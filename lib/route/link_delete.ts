// The verbs of links that remove: one link, or all of a group.
import { Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { ifThere, type Operation } from '../netlink/operation'
import { checkInteger } from '../wire/integers'
import { checkKeys, outOfRange } from '../wire/invalid'
import { linkLayout } from './link_attributes'
import { causeForLink } from './link_cause'
import { naming, show, type LinkName } from './link_messages'
import { change, message } from './rtnetlink'

/** links.delete */
export function deleteLink(netns: NetnsReference, dev: LinkName): Operation<void> {
  const request = message('DELLINK', linkLayout, naming(dev))
  return change('links.delete', netns, request, `link ${show(dev)}`, Lane.removal, { lasting: true }, causeForLink)
}

const groupKeys = new Set(['group'])
const lastGroup = 0xffffffff

/** links.flush: the kernel deletes all links of the group, or refuses and deletes none. */
export function flushLinks(netns: NetnsReference, filter: { group: number }): Operation<void> {
  checkKeys(filter, groupKeys)
  const group = checkInteger(filter.group, 0, lastGroup, 'group')
  if (group === 0) {
    throw outOfRange('group', `from 1 to ${lastGroup}: 0 is the group of all links that were given none`, group)
  }
  const request = message('DELLINK', linkLayout, { attributes: { group } })
  // ENODEV is forgiven for the whole operation: a flush that has found nothing needs no rollback.
  return ifThere(change('links.flush', netns, request, `group ${group}`, Lane.removal, { lasting: true }, causeForLink))
}
