// The verbs `addAltnames` and `deleteAltnames` of links (IFLA_PROP_LIST).
import { Ending } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import type { Operation, Step } from '../netlink/operation'
import { checkArray, wrongType } from '../wire/invalid'
import { linkLayout } from './link_attributes'
import { indexOf, linkChange, type LinkName } from './link_messages'
import { mostAltnames } from './link_places'
import { message, RTM } from './rtnetlink'

/** links.addAltnames, links.deleteAltnames */
export function changeAltnames(
  netns: NetnsReference,
  verb: 'addAltnames' | 'deleteAltnames',
  dev: LinkName,
  altnames: readonly string[],
): Operation<void> {
  if (checkArray(altnames, 'altnames', 'an array of names', mostAltnames).length === 0) {
    throw wrongType('altnames', 'an array of at least one name', altnames)
  }
  const [type, opposite] =
    verb === 'addAltnames' ? (['NEWLINKPROP', 'DELLINKPROP'] as const) : (['DELLINKPROP', 'NEWLINKPROP'] as const)
  const header = { index: indexOf(dev) }
  message(type, linkLayout, { header, attributes: { altnames } }) // checks all of them, by their places
  // One by one: if the kernel refuses one of several, it keeps those before it.
  const steps = altnames.map((altname): Step => {
    const request = message(type, linkLayout, { header, attributes: { altnames: [altname] } })
    return { netns, messages: [request], ending: Ending.ack, inverse: RTM[opposite] }
  })
  return linkChange(`links.${verb}`, netns, steps, dev)
}
