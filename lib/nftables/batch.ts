// Batches of nftables: messages that the kernel takes all or none of, and looks at what there is.
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { NETLINK, NLM_F } from '../netlink/constants'
import { decodeMessage, encodeMessage, type Layout, type Message } from '../netlink/message'
import type { Operation } from '../netlink/operation'
import { Shapes } from '../netlink/shapes'
import type { AttributesOf, AttributeTable } from '../wire/attributes'
import type { Fields } from '../wire/struct'
import { AF_INET } from '../wire/ip'
import {
  NFNL_MSG_BATCH_BEGIN,
  NFNL_MSG_BATCH_END,
  type nfgenmsg,
  subsystem,
  tableLayout,
  typeOf,
  type NFT_MSG,
} from './messages'

type HeaderFields = typeof nfgenmsg.fields

const { dump } = new Shapes(NETLINK.NETFILTER)

/** A message about IPv4. */
export function message<A extends AttributeTable>(
  type: keyof typeof NFT_MSG,
  layout: Layout<HeaderFields, A>,
  attributes: AttributesOf<A>,
  flags = 0,
): Message {
  return encodeMessage(layout, `NFT_MSG_${type}`, typeOf(type), { flags, header: { family: AF_INET }, attributes })
}

const mark = (name: string, type: number): Message =>
  encodeMessage(tableLayout, name, type, { header: { resource: subsystem } })

/** Hands messages over as one batch: no packet sees a part of it, and a refusal is one of all. */
export function inOnePiece(name: string, netns: NetnsReference, messages: readonly Message[]): Operation<void> {
  const begin = mark('NFNL_MSG_BATCH_BEGIN', NFNL_MSG_BATCH_BEGIN)
  const end = mark('NFNL_MSG_BATCH_END', NFNL_MSG_BATCH_END)
  const steps = [{ netns, messages: [begin, ...messages, end], ending: Ending.ack, undivided: true }]
  return { name, protocol: NETLINK.NETFILTER, lane: Lane.mutation, netns, steps, result: () => undefined }
}

/** Lists what there is of a kind, for IPv4. */
export function listOf<A extends AttributeTable>(
  name: string,
  netns: NetnsReference,
  type: keyof typeof NFT_MSG,
  layout: Layout<Fields, A>,
  attributes: AttributesOf<A>,
): Operation<AttributesOf<A>[]> {
  const request = message(type, layout as never, attributes as never, NLM_F.DUMP)
  return dump(name, netns, Lane.read, request, (received) => decodeMessage(layout, received)?.attributes)
}
