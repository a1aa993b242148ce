// The verb `add` of links: the message that creates a device, with its far end, and the messages that follow for each.
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { NETLINK } from '../netlink/constants'
import type { Message } from '../netlink/message'
import type { Operation, Step } from '../netlink/operation'
import type { Device } from '../wire/device'
import type { Link } from './link'
import { linkLayout } from './link_attributes'
import { causeForLink } from './link_cause'
import { expectedOfNew, probing } from './link_expectations'
import { finishing, queryLink, readLink } from './link_messages'
import type { LinkOptions } from './link_options'
import { linkInfoOf, partsOfNew, type LinkParts } from './link_parts'
import { message, Mode } from './rtnetlink'

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

/** One end of a new link. */
export interface NewEnd {
  readonly parts: LinkParts
  /** The namespace in which it is created. */
  readonly netns: NetnsReference
}

/** The steps that create a link. */
export interface Creating {
  readonly name: string
  /** The first one creates it, the last one queries it. */
  readonly steps: readonly [Step, ...Step[]]
  /** Of these steps, the messages about the near end. */
  readonly messages: readonly Message[]
  readonly near: NewEnd
  /** The far end of a pair. */
  readonly far: NewEnd | undefined
}

/** Checks the options of a new link, and returns the steps that create it. */
export function creating(netns: NetnsReference, link: LinkOptions, verb: string): Creating {
  const parts = partsOfNew(link, verb)
  const { peer, creation, index, flags } = parts
  const near = { parts, netns: parts.netns ?? netns }
  const far = peer === undefined ? undefined : { parts: peer, netns: peer.netns ?? near.netns }
  // In a message that creates a device in another namespace, indices of devices are those of this namespace: the master is
  // set afterwards.
  const elsewhere = near.netns !== netns
  const attributes = { ...creation }
  if (parts.link !== undefined) attributes.link = parts.link
  if (elsewhere) attributes.netnsFd = near.netns
  else if (parts.master !== undefined) attributes.master = parts.master
  attributes.linkInfo = linkInfoOf(parts, far === undefined ? undefined : farMessage(far, netns))
  const upNow = !elsewhere && !parts.upFollows
  const create = message('NEWLINK', linkLayout, {
    flags: Mode.add,
    header: upNow ? { index, ...flags } : { index },
    attributes,
  })
  const made = deviceOf(parts)
  const finish = finishing(made, parts, upNow ? noFlags : flags, elsewhere ? parts.master : undefined)
  const undo = { netns: near.netns, message: message('DELLINK', linkLayout, { header: { index: made } }) }
  const expected = expectedOfNew(parts.expectations)
  const steps: [Step, ...Step[]] = [
    { netns, messages: [create], ending: Ending.ack, undo },
    ...(far === undefined ? [] : finishingFarEnd(far)),
    ...finishingIn(near, finish),
    {
      netns: near.netns,
      messages: [queryLink(made)],
      ending: Ending.reply,
      readsBack: expected.expects === undefined,
      ...expected,
    },
  ]
  return { name: creation.name ?? '', steps, messages: [create, ...finish], near, far }
}

const noFlags = { flags: 0, change: 0 }

/** The new device: by its index where it has one, as for example udev may rename it at once. */
function deviceOf({ index, creation }: LinkParts): Device {
  return index === 0 ? (creation.name ?? '') : index
}

/** The far end's part of the message, which is sent in the namespace `home`. */
function farMessage({ parts, netns }: NewEnd, home: NetnsReference): object {
  const attributes = netns === home ? parts.creation : { ...parts.creation, netnsFd: netns }
  return { header: { index: parts.index }, attributes }
}

/** The steps for the far end after its creation, in its own namespace. */
function finishingFarEnd(far: NewEnd): Step[] {
  const { parts, netns } = far
  const made = deviceOf(parts)
  const steps = finishingIn(far, finishing(made, parts, parts.flags, parts.master))
  const expected = expectedOfNew(parts.expectations)
  if (expected.expects === undefined) return steps
  return [...steps, { netns, messages: [queryLink(made)], ending: Ending.reply, ...expected }]
}

function finishingIn({ parts, netns }: NewEnd, messages: readonly Message[]): Step[] {
  const steps = probing(netns, parts.probes)
  return messages.length === 0 ? steps : [...steps, { netns, messages, ending: Ending.ack }]
}
