// The verb `set` of links: moves a link, changes its settings and those as a port, and sets it up, in separate messages where
// the kernel needs that.
import { Ending } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { NLM_F } from '../netlink/constants'
import type { Before, Operation, Step } from '../netlink/operation'
import type { Device } from '../wire/device'
import { wrongValue } from '../wire/invalid'
import { addressGeneration, heldBy, lostByMove, neighborsOf, portSettings } from './rollback/side_effects'
import type { Link } from './link'
import { linkLayout } from './link_attributes'
import { IFF } from './link_creation'
import { afterChanges, beforeChanges, probing } from './link_expectations'
import { brief, decodeBrief, indexOf, linkChange, queryLink, setting, type LinkName } from './link_messages'
import type { LinkChanges } from './link_options'
import { linkInfoOf, partsOfChanges, type LinkParts } from './link_parts'
import type { LinkWire } from './link_places'
import { message, only } from './rtnetlink'
import { linkSettings } from './rollback/recipes'

/** links.set: returns the link in its new namespace, if it was moved. */
export function setLink(netns: NetnsReference, dev: LinkName, changes: LinkChanges): Operation<Link | undefined> {
  const index = indexOf(dev)
  const parts = partsOfChanges(changes, 'links.set')
  const sideEffects = droppedBy(parts, dev)
  const { netns: target } = parts
  if (typeof dev === 'object' && parts.creation.name !== undefined) {
    throw wrongValue('dev', 'a name or an index, to rename a device', dev.altname)
  }
  if (target === undefined) {
    const steps = settling(parts, netns, index)
    return linkChange('links.set', netns, withSideEffects(steps, sideEffects), dev) as Operation<undefined>
  }
  if (typeof dev === 'object') throw wrongValue('dev', 'a name or an index, to move a device', dev.altname)
  const { name, ...creation } = parts.creation
  const renamed = name ?? dev
  // The move may change the index: messages after it need a name that the link has in both namespaces.
  if (typeof renamed === 'number' && Object.keys(parts.options).length > 1) {
    throw wrongValue('dev', 'a name (or "name" given), to move a device and set more', dev)
  }
  const move = moving(netns, target, dev, name)
  const steps = [move, ...settling({ ...parts, creation }, target, renamed, true)]
  return thenLook(linkChange('links.set', netns, withSideEffects(steps, sideEffects), dev), target, renamed)
}

function withSideEffects(steps: readonly Step[], sideEffects: Step['sideEffects']): readonly Step[] {
  return sideEffects === undefined ? steps : steps.map((step, i) => (i === 0 ? { ...step, sideEffects } : step))
}

/** Moves a device to another namespace; on rollback, back and to its old name. */
function moving(netns: NetnsReference, target: NetnsReference, dev: Device, name: string | undefined): Step {
  const renamed = name === undefined ? {} : { name }
  const old = typeof dev === 'string' ? { name: dev } : {}
  const undo = { netns: target, message: setting(name ?? dev, { netnsFd: netns, ...old }) }
  return { netns, messages: [setting(dev, { netnsFd: target, ...renamed })], ending: Ending.ack, undo }
}

/** The steps that set the options of a device; at least one, unless it was moved. */
function settling(parts: LinkParts, netns: NetnsReference, index: Device, moved = false): Step[] {
  const { creation, later, master, port, flags, upFollows, expectations, probes } = parts
  const settings: LinkWire = { ...creation, ...later }
  if (master !== undefined) settings.master = master
  const linkInfo = linkInfoOf(parts)
  if (linkInfo !== undefined) settings.linkInfo = linkInfo
  const change = (attributes: LinkWire, its = {}): Step => ({
    netns,
    messages: [setting(index, attributes, its)],
    ending: Ending.ack,
    before: (): Before => ({ recipe: linkSettings, lookup: queryLink(index) }),
  })
  const look = queryLink(index)
  const upNow = !upFollows && flags.change !== 0
  const own = Object.keys(settings).length > 0 || upNow ? [change(settings, upNow ? flags : {})] : []
  const portChecks = [...probing(netns, probes), ...beforeChanges(netns, look, expectations, 'port')]
  const asPort = port === undefined ? [] : [change({ linkInfo: port.linkInfo })]
  const up = upFollows && flags.change !== 0 ? [change({}, flags)] : []
  const steps = [
    ...beforeChanges(netns, look, expectations, 'link'),
    // A device that is to become a port has no settings of a port before.
    ...(master === undefined ? [...portChecks, ...own] : [...own, ...portChecks]),
    ...(port?.afterUp === true && up.length > 0 ? [...up, ...asPort] : [...asPort, ...up]),
    ...afterChanges(netns, look, expectations),
  ]
  // Without changes, an empty message checks that the device exists.
  return steps.length === 0 && !moved ? [change({})] : steps
}

/** The same operation, which then queries a link that it has moved. */
function thenLook(operation: Operation<void>, target: NetnsReference, dev: Device): Operation<Link> {
  const { name: verb, protocol, lane, netns, steps, about, cause } = operation
  const moved = { name: verb, protocol, lane, netns, about, cause }
  if (typeof dev === 'string') {
    const last: Step = { netns: target, messages: [queryLink(dev)], ending: Ending.reply }
    const result: Operation<Link>['result'] = (answers) => only(answers, steps.length, decodeBrief)
    return { ...moved, steps: [...steps, last], result }
  }
  // It may have another index there, but its name is the same.
  const first: Step = { netns, messages: [queryLink(dev)], ending: Ending.reply }
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

/** The side effects of changes of a device. */
function droppedBy({ netns, master, creation, flags }: LinkParts, dev: LinkName): Step['sideEffects'] {
  const { mac, mtu } = creation
  // An altname may be too long for a look-up: then all objects of the namespace are examined.
  const device = typeof dev === 'object' ? undefined : dev
  const moves = netns !== undefined
  const leaves = moves || master !== undefined
  const withoutIPv6 = moves || (mtu !== undefined && mtu < minIPv6MTU)
  const all = leaves || withoutIPv6 || (flags.change & IFF.UP) !== 0
  if (!all && mac === undefined && (flags.change & IFF.NOARP) === 0) return undefined
  return () => [
    ...(withoutIPv6 && device !== undefined ? addressGeneration(device) : []),
    ...(moves && device !== undefined ? lostByMove(device) : []),
    ...(leaves && device !== undefined ? portSettings(device) : []),
    ...(all ? heldBy(device) : neighborsOf(device)),
  ]
}

/** IPV6_MIN_MTU: with less a device has no IPv6. */
const minIPv6MTU = 1280
