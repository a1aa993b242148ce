// Messages of links that several verbs send: queries, and the settings of an existing link.
import { type NetnsReference } from '../native/netns_handle'
import type { Message, MessageContent, Received } from '../netlink/message'
import type { Answers, Operation, Step } from '../netlink/operation'
import { checkDevice, Altname, type Device } from '../wire/device'
import { checkKeys, isPlainObject } from '../wire/invalid'
import { causeForLink } from './link_cause'
import { decodeLink, type Link } from './link'
import { checkAltname, linkLayout } from './link_attributes'
import type { LinkFlags, LinkParts } from './link_parts'
import type { LinkWire } from './link_places'
import { change, message, only } from './rtnetlink'

/** A link by its name, its index, or one of its altnames (IFLA_ALT_IFNAME). */
export type LinkName =
  | Device
  | {
      /** An altname. Since Linux 5.5. */
      readonly altname: string
    }

type LinkContent = MessageContent<typeof linkLayout.header.fields, typeof linkLayout.attributes.table>

// Leaves out statistics of IPv6 and of virtual functions, which are not decoded.
export const brief = { filter: ['skipStatistics'] } satisfies LinkContent['attributes']

const nameKeys = new Set(['altname'])

/** The header and attributes that identify a link, with further attributes. */
export function naming(dev: LinkName, more?: LinkContent['attributes']): LinkContent {
  if (isPlainObject(dev)) {
    checkKeys(dev, nameKeys, 'dev')
    return { attributes: { altname: checkAltname(dev.altname, 'dev.altname'), ...more } }
  }
  const checked = checkDevice(dev, 'dev')
  if (typeof checked === 'string') return { attributes: { name: checked, ...more } }
  return more === undefined ? { header: { index: checked } } : { header: { index: checked }, attributes: more }
}

/**
 * The index of a link, checked: a name is looked up once, when an operation first needs it. All messages of the operation are
 * about that device, even if it is renamed meanwhile.
 */
export function indexOf(dev: LinkName): Device {
  naming(dev) // checks it
  return typeof dev === 'object' ? (new Altname(dev.altname) as unknown as Device) : dev
}

/** A link's name, for errors. */
export function show(dev: LinkName): string {
  return typeof dev === 'object' ? dev.altname : String(dev)
}

/** Queries a link by its index; a name is looked up when it is needed. */
export function queryLink(index: Device): Message {
  return message('GETLINK', linkLayout, { header: { index }, attributes: brief })
}

/** Decodes the link in the answer to a step. */
export function readLink(answers: Answers, step: number): Link {
  return only(answers, step, decodeBrief)
}

/** Decodes a link without its counters. */
export function decodeBrief(received: Received): Link | undefined {
  return decodeLink(received, false)
}

/** A change of a link, in steps. */
export function linkChange(
  name: string,
  netns: NetnsReference,
  steps: readonly Step[],
  dev: LinkName,
): Operation<void> {
  return { ...change(name, netns, steps, `link ${show(dev)}`), cause: causeForLink }
}

/** Sets attributes or flags of a device. */
export function setting(index: Device, attributes: LinkWire, flags: Partial<LinkFlags> = {}, field?: string): Message {
  return message('NEWLINK', linkLayout, { header: { index, ...flags }, attributes, field })
}

/**
 * The messages that set the options of an existing device: those before it is set up, the one that sets it up, and those that
 * need a device that is up. `deferred`: a master that the message which created the device could not have.
 */
export function finishing(
  index: Device,
  { prefix, later, altnames, port }: LinkParts,
  flags: LinkFlags,
  deferred: Device | undefined,
): Message[] {
  const messages: Message[] = []
  const field = prefix.slice(0, -1)
  const all = deferred === undefined ? later : { ...later, master: deferred }
  if (Object.keys(all).length > 0) messages.push(setting(index, all, {}, field))
  if (altnames.length > 0) {
    messages.push(message('NEWLINKPROP', linkLayout, { header: { index }, attributes: { altnames }, field }))
  }
  const portMessages = port === undefined ? [] : [setting(index, { linkInfo: port.linkInfo }, {}, field)]
  const up = flags.change === 0 ? [] : [message('NEWLINK', linkLayout, { header: { index, ...flags } })]
  return [...messages, ...(port?.afterUp === true ? [...up, ...portMessages] : [...portMessages, ...up])]
}
