// The messages behind the verbs of links.
import { Ending, Lane } from '../native/addon'
import { checkNetns, type NetnsReference } from '../native/netns_handle'
import { NETLINK, NLM_F } from '../netlink/constants'
import type { Message, MessageContent, Received } from '../netlink/message'
import { ifThere, type Answers, type Before, type Operation, type Step } from '../netlink/operation'
import { checkDevice, FurtherName, type Device } from '../wire/device'
import { checkInteger } from '../wire/integers'
import { checkArray, checkKeys, isPlainObject, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { causeForLink } from './likely_cause'
import { decodeLink, type Link } from './link'
import { checkAltname, linkLayout } from './link_attributes'
import {
  checkChanges,
  checkCreation,
  checkPeer,
  creationPart,
  flagPart,
  indexPart,
  laterPart,
  pick,
  portPart,
  type LinkChanges,
  type LinkOptions,
  type Options,
} from './link_options'
import { addressGeneration, heldBy, lostByMove, neighborsOf, portSettings } from './along'
import { afterChanges, beforePort, beforeSettings, expectedOfNew, vlanProbe } from './link_expectations'
import { change, look, message, Mode, only, RTM } from './rtnetlink'
import { linkSettings } from './undo'

/** What a look at links gives besides. */
export interface LinkDetail {
  /** With counters (IFLA_STATS64). Default: false, which is less to read. */
  statistics?: boolean | undefined
}

/** What names a link: its name, its index, or one of its further names (IFLA_ALT_IFNAME). */
export type LinkName =
  | Device
  | {
      /** A further name. Since Linux 5.5. */
      readonly altname: string
    }

// Leaves out those of IPv6 and of virtual functions, which nobody decodes.
export const brief = { filter: ['skipStatistics'] } satisfies LinkContent['attributes']

const detailKeys = new Set(['statistics'])

export function checkStatistics({ statistics = false }: LinkDetail): boolean {
  if (typeof statistics !== 'boolean') throw wrongType('statistics', 'a boolean', statistics)
  return statistics
}

type LinkContent = MessageContent<typeof linkLayout.header.fields, typeof linkLayout.attributes.table>

const nameKeys = new Set(['altname'])

/** The header and attributes that name a link, with more attributes if there are some. */
function naming(dev: LinkName, more?: LinkContent['attributes']): LinkContent {
  if (isPlainObject(dev)) {
    checkKeys(dev, nameKeys, 'dev')
    return { attributes: { altname: checkAltname(dev.altname, 'dev.altname'), ...more } }
  }
  const checked = checkDevice(dev, 'dev')
  if (typeof checked === 'string') return { attributes: { name: checked, ...more } }
  return more === undefined ? { header: { index: checked } } : { header: { index: checked }, attributes: more }
}

/**
 * The index of a link, checked: a name is looked up when it is needed first, and its device stays the one that is meant
 * in all messages of an operation, whatever becomes of the name meanwhile.
 */
function indexOf(dev: LinkName): Device {
  naming(dev) // checks it
  return typeof dev === 'object' ? (new FurtherName(dev.altname) as unknown as Device) : dev
}

function lookMessage(dev: LinkName): Message {
  return message('GETLINK', linkLayout, naming(dev, brief))
}

/** Asks for a link by its index; a name is looked up when it is needed. */
export function lookAt(index: Device): Message {
  return message('GETLINK', linkLayout, { header: { index }, attributes: brief })
}

/** links.get */
export function getLink(netns: NetnsReference, dev: LinkName, detail: LinkDetail): Operation<Link> {
  checkKeys(detail, detailKeys)
  const statistics = checkStatistics(detail)
  const decode = (received: Received): Link | undefined => decodeLink(received, statistics)
  return look('links.get', netns, Lane.look, lookMessage(dev), decode, `link ${show(dev)}`)
}

function show(dev: LinkName): string {
  return typeof dev === 'object' ? dev.altname : String(dev)
}

/** So many have room in one attribute (IFLA_PROP_LIST): each takes at least a header, a letter and NUL. */
const mostAltnames = 0xffff >> 3

/** What makes a device that exists what the options say: messages that come before it goes up, and the one that does it. */
function finishing(
  index: Device,
  options: Options,
  deferred: Options | undefined,
  flags: Flags,
  prefix: string,
): Message[] {
  const messages: Message[] = []
  const later = Object.assign(laterPart(options, prefix), deferred)
  const port = portPart(options, prefix)
  const field = prefix === '' ? '' : prefix.slice(0, -1)
  const settle = (attributes: Options): void => {
    messages.push(message('NEWLINK', linkLayout, { header: { index }, attributes, field }))
  }
  if (Object.keys(later).length > 0) settle(later)
  if (options.altnames !== undefined) {
    const altnames = checkArray(options.altnames, `${prefix}altnames`, 'an array', mostAltnames) as string[]
    if (altnames.length > 0) {
      messages.push(message('NEWLINKPROP', linkLayout, { header: { index }, attributes: { altnames }, field }))
    }
  }
  // A port that is down has no other state than that.
  const stateLast = port !== undefined && flags.change !== 0 && 'state' in (options.port as Options)
  if (port !== undefined && !stateLast) settle({ linkInfo: port })
  if (flags.change !== 0) messages.push(message('NEWLINK', linkLayout, { header: { index, ...flags } }))
  if (stateLast) settle({ linkInfo: port })
  return messages
}

/** links.add */
export function addLink(netns: NetnsReference, link: LinkOptions): Operation<Link> {
  const { steps, name } = creating(netns, link, 'links.add')
  return {
    name: 'links.add',
    protocol: NETLINK.ROUTE,
    lane: Lane.mutation,
    netns,
    steps,
    about: `link ${name}`,
    cause: causeForLink,
    result: (answers) => readLink(answers, steps.length - 1),
  }
}

/** What makes a link. */
export interface Creating {
  readonly name: string
  /** The first one creates it, the last one looks at it. */
  readonly steps: readonly [Step, ...Step[]]
  /** Of these, the messages about the near end. */
  readonly messages: readonly Message[]
  /** Where it comes to be. */
  readonly target: NetnsReference
  /** Where its far end comes to be, if it has one. */
  readonly far: NetnsReference | undefined
}

/** Checks the options of a new link, and makes what makes it. */
export function creating(netns: NetnsReference, link: LinkOptions, verb: string): Creating {
  const options = link as unknown as Options
  const linkInfo = checkCreation(options)
  const target = options.netns === undefined ? netns : checkNetns(options.netns, 'netns', verb)
  const far = linkInfo.kind === 'veth' ? peerOf(options, netns, target) : undefined
  const name = options.name as string
  // In a message that makes a device elsewhere, device names are those of this namespace: the master has to wait.
  const elsewhere = target !== netns
  const near = creationPart(options) as Record<string, unknown>
  if (options.link !== undefined) near.link = options.link
  if (elsewhere) near.netnsFd = target
  else if (options.master !== undefined) near.master = options.master
  near.linkInfo = far === undefined ? linkInfo : { kind: 'veth', data: { peer: far.message } }
  const upNow = !elsewhere && earlyOptions.every((option) => options[option] === undefined)
  const flags = flagPart(options)
  const index = indexPart(options)
  const create = message('NEWLINK', linkLayout, {
    flags: Mode.add,
    header: upNow ? { index, flags: flags.flags, change: flags.change } : { index },
    attributes: near,
  })
  const deferred = elsewhere ? pick(options, ['master']) : undefined
  // A device may be renamed as soon as it is there, by udev for example.
  const made = index === 0 ? name : index
  const finish = finishing(made, options, deferred, upNow ? noFlags : flags, '')
  const undo = { netns: target, message: message('DELLINK', linkLayout, { header: { index: made } }) }
  const steps: [Step, ...Step[]] = [{ netns, messages: [create], ending: Ending.ack, undo }]
  if (far !== undefined) {
    const { netns: its, finish, index, options } = far
    steps.push(...vlanProbe(its, options))
    if (finish.length > 0) steps.push({ netns: its, messages: finish, ending: Ending.ack })
    const expected = expectedOfNew(options, 'peer.')
    if (expected.expects !== undefined)
      steps.push({ netns: its, messages: [lookAt(index)], ending: Ending.reply, ...expected })
  }
  steps.push(...vlanProbe(target, options))
  if (finish.length > 0) steps.push({ netns: target, messages: finish, ending: Ending.ack })
  steps.push({ netns: target, messages: [lookAt(made)], ending: Ending.reply, ...expectedOfNew(options) })
  return { name, steps, messages: [create, ...finish], target, far: far?.netns }
}

type Flags = ReturnType<typeof flagPart>
const noFlags: Flags = { flags: 0, change: 0 }

// Addresses that IPv6 makes by itself come with the up: what prevents them has to be set before.
const earlyOptions = ['addrGenMode', 'protoDown', 'port', 'operState', 'carrier']

/**
 * The far end of a veth: its part of the message, and what it takes only afterwards, in its own namespace. The message
 * is sent to `home`; `near` is where the near end comes to be.
 */
function peerOf(
  options: Options,
  home: NetnsReference,
  near: NetnsReference,
): { netns: NetnsReference; message: never; finish: Message[]; index: Device; options: Options } {
  const { options: peer, netns: far = near } = checkPeer(options.peer)
  if (peer.index !== undefined && options.index === undefined) {
    // The kernel ignores the one without the other.
    throw wrongValue('peer.index', 'given only together with "index"', peer.index)
  }
  const attributes = creationPart(peer) as Record<string, unknown>
  const index = indexPart(peer, 'peer.')
  if (far !== home) attributes.netnsFd = far
  const made = index === 0 ? (peer.name as string) : index
  return {
    netns: far,
    message: { header: { index }, attributes } as never,
    finish: finishing(made, peer, pick(peer, ['master']), flagPart(peer, 'peer.'), 'peer.'),
    index: made,
    options: peer,
  }
}

/** links.set: the link where it was moved to, if it was. */
export function setLink(netns: NetnsReference, dev: LinkName, changes: LinkChanges): Operation<Link | undefined> {
  const options = changes as unknown as Options
  const index = indexOf(dev)
  const linkInfo = checkChanges(options)
  const port = portPart(options)
  const target = options.netns === undefined ? undefined : checkNetns(options.netns, 'netns', 'links.set')
  const renamed = (options.name as string | undefined) ?? dev
  if (typeof dev === 'object' && options.name !== undefined) {
    throw wrongValue('dev', 'a name or an index, to rename a device', dev.altname)
  }
  const steps: Step[] = []
  const where = target ?? netns
  const its = target === undefined ? index : (renamed as Device)
  const add = (attributes: Options, flags = {}): void => {
    const request = message('NEWLINK', linkLayout, { header: { index: its, ...flags }, attributes })
    const before = (): Before => ({ recipe: linkSettings, lookup: lookAt(its) })
    steps.push({ netns: where, messages: [request], ending: Ending.ack, before })
  }
  if (target !== undefined) {
    if (typeof dev === 'object') throw wrongValue('dev', 'a name or an index, to move a device', dev.altname)
    // The index may change on the way; what is set after it needs a name that holds on both sides.
    if (typeof renamed === 'number' && Object.keys(options).length > 1) {
      throw wrongValue('dev', 'a name (or "name" given), to move a device and set more', dev)
    }
    const move = { header: { index: dev }, attributes: { netnsFd: target, ...pick(options, ['name']) } }
    const old = typeof dev === 'string' ? { name: dev } : {}
    const back = { header: { index: renamed as Device }, attributes: { netnsFd: netns, ...old } }
    steps.push({
      netns,
      messages: [message('NEWLINK', linkLayout, move)],
      ending: Ending.ack,
      undo: { netns: target, message: message('NEWLINK', linkLayout, back) },
    })
  }
  const settings = Object.assign(creationPart(options), laterPart(options), pick(options, ['master'])) as Options & {
    name?: unknown
    linkInfo?: unknown
  }
  if (linkInfo !== undefined) settings.linkInfo = linkInfo
  if (target !== undefined) delete settings.name
  const flags = flagPart(options)
  const upLater = port !== undefined || options.addrGenMode !== undefined || options.protoDown !== undefined
  const portChecks = beforePort(where, lookAt(its), options)
  // A device that is to become a port tells nothing of one before.
  const portLater = options.master !== undefined
  steps.push(...beforeSettings(where, lookAt(its), options), ...(portLater ? [] : portChecks))
  if (Object.keys(settings).length > 0 || (flags.change !== 0 && !upLater)) {
    add(settings, upLater ? {} : flags)
  }
  // A port that is down has no other state than that.
  const stateLast = port !== undefined && flags.change !== 0 && 'state' in (options.port as Options)
  if (portLater) steps.push(...portChecks)
  if (port !== undefined && !stateLast) add({ linkInfo: port })
  if (upLater && flags.change !== 0) add({}, flags)
  if (stateLast) add({ linkInfo: port })
  steps.push(...afterChanges(where, lookAt(its), options))
  if (steps.length === 0) add({}) // nothing to change, but the device has to be there
  const along = droppedBy(options, dev)
  const withAlong = along === undefined ? steps : steps.map((step, i) => (i === 0 ? { ...step, along } : step))
  const operation = linkChange('links.set', netns, withAlong, dev)
  return target === undefined ? (operation as Operation<undefined>) : thenLook(operation, target, renamed as Device)
}

function linkChange(name: string, netns: NetnsReference, steps: readonly Step[], dev: LinkName): Operation<void> {
  return { ...change(name, netns, steps, `link ${show(dev)}`), cause: causeForLink }
}

/** The same operation, which then tells of a link that it has moved. */
function thenLook(operation: Operation<void>, target: NetnsReference, dev: Device): Operation<Link> {
  const { name: verb, protocol, lane, netns, steps, about, cause } = operation
  const moved = { name: verb, protocol, lane, netns, about, cause }
  if (typeof dev === 'string') {
    const last: Step = { netns: target, messages: [lookAt(dev)], ending: Ending.reply }
    const result: Operation<Link>['result'] = (answers) => only(answers, steps.length, decodeBrief)
    return { ...moved, steps: [...steps, last], result }
  }
  // Its index may be another one there, but its name is the same.
  const first: Step = { netns, messages: [lookAt(dev)], ending: Ending.reply }
  const all = message('GETLINK', linkLayout, { flags: NLM_F.DUMP, attributes: brief })
  const last: Step = { netns: target, messages: [all], ending: Ending.dump }
  return {
    ...moved,
    steps: [first, ...steps, last],
    result(answers) {
      const { name } = only(answers, 0, decodeBrief)
      return only(answers, steps.length + 1, (received) => {
        const link = decodeBrief(received)
        return link?.name === name ? link : undefined
      })
    },
  }
}

/** The link that answers a step. */
export function readLink(answers: Answers, step: number): Link {
  return only(answers, step, decodeBrief)
}

function decodeBrief(received: Received): Link | undefined {
  return decodeLink(received, false)
}

/** What the kernel drops along with changes of a device. */
function droppedBy(options: Options, dev: LinkName): Step['along'] {
  const { netns, master, up, mac, arp, mtu } = options
  // A further name may be too long to be looked up by: then all that there is in the namespace is looked at.
  const device = typeof dev === 'object' ? undefined : dev
  const moves = netns !== undefined
  const leaves = moves || master !== undefined
  const withoutIPv6 = moves || (typeof mtu === 'number' && mtu < minIPv6MTU)
  const all = leaves || withoutIPv6 || up !== undefined
  if (!all && mac === undefined && arp === undefined) return undefined
  return () => [
    ...(withoutIPv6 && device !== undefined ? addressGeneration(device) : []),
    ...(moves && device !== undefined ? lostByMove(device) : []),
    ...(leaves && device !== undefined ? portSettings(device) : []),
    ...(all ? heldBy(device) : neighborsOf(device)),
  ]
}

/** IPV6_MIN_MTU: with less a device has no IPv6. */
const minIPv6MTU = 1280

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
  // Forgiven, not tolerated: a flush that found nothing leaves nothing that could not be taken back.
  return ifThere(change('links.flush', netns, request, `group ${group}`, Lane.removal, { lasting: true }, causeForLink))
}

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
  // One by one: of several the kernel keeps those before the one that it refuses.
  const steps = altnames.map((altname): Step => {
    const request = message(type, linkLayout, { header, attributes: { altnames: [altname] } })
    return { netns, messages: [request], ending: Ending.ack, inverse: RTM[opposite] }
  })
  return linkChange(`links.${verb}`, netns, steps, dev)
}
