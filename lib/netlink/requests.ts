// Requests to any protocol of netlink, as users write them: a payload, or what a layout makes one of; and what comes back.
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import type { AttributesOf, AttributeTable } from '../wire/attributes'
import { checkInteger } from '../wire/integers'
import { checkKeys, isBytes, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { Reader } from '../wire/reader'
import type { Fields, StructValue } from '../wire/struct'
import { checkText } from '../wire/text'
import { messageHeaderSize, NLM_F } from './constants'
import {
  decodeMessage,
  encodeMessage,
  messageOf,
  type Decoded,
  type Layout,
  type Message,
  type Received,
} from './message'
import { nothing, type Operation } from './operation'
import { all, only } from './shapes'

/** A message to the kernel. */
export interface NetlinkRequest<H extends Fields = Fields, A extends AttributeTable = AttributeTable> {
  /** Its type (nlmsg_type), at least 16 (NLMSG_MIN_TYPE). */
  readonly type: number
  /** The kernel's name of the type, for errors, such as `RTM_GETLINK`. Default: `type` and the number. */
  readonly name?: string | undefined
  /** NLM_F_ flags besides those that follow from how it is sent (NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP). Default: 0. */
  readonly flags?: number | undefined
  /** What follows `struct nlmsghdr`, encoded already. Default: nothing, or what `layout` makes. */
  readonly payload?: Uint8Array | undefined
  /** What it is encoded by, so that errors of the kernel name the attribute that they are about. */
  readonly layout?: Layout<H, A> | undefined
  /** Fields of the layout's header; those that are left out are 0. */
  readonly header?: Partial<StructValue<H>> | undefined
  /** Attributes of the layout. */
  readonly attributes?: AttributesOf<A> | undefined
}

const requestKeys = new Set(['type', 'name', 'flags', 'payload', 'layout', 'header', 'attributes'])

/** More than one netlink message can be. */
const longestPayload = 2 ** 24

/** A message of the kernel's. */
export class NetlinkMessage {
  /** Its type (nlmsg_type). */
  readonly type: number
  /** Its flags (NLM_F_). */
  readonly flags: number
  /** The sequence number of the request that it answers; 0 of a multicast message. */
  readonly sequence: number
  /** The group that it was sent to; 0 of an answer. */
  readonly group: number
  /** What follows `struct nlmsghdr`. */
  readonly payload: Buffer

  /** @internal */
  constructor({ type, flags, sequence, reader, at, end }: Received, group = 0) {
    this.type = type
    this.flags = flags
    this.sequence = sequence
    this.group = group
    this.payload = reader.copy(at, end)
  }

  /**
   * Its header and attributes, by a layout.
   * @throws RangeError if it is shorter than the layout's header.
   * @example
   * const { header, attributes } = message.decode({ header: ifinfomsg, attributes: link })
   */
  decode<H extends Fields, A extends AttributeTable>(layout: Layout<H, A>): Decoded<H, A> {
    const { payload } = this
    const decoded = decodeMessage(layout, { reader: new Reader(payload), at: 0, end: payload.length })
    if (decoded === undefined) throw outOfRange('layout', `of a message of ${payload.length} bytes`, layout.header.size)
    return decoded
  }
}

/** Checks and encodes a request. */
function messageFor<H extends Fields, A extends AttributeTable>(request: NetlinkRequest<H, A>, more: number): Message {
  checkKeys(request, requestKeys)
  const { layout, payload = new Uint8Array(0), header, attributes } = request
  const type = checkInteger(request.type, 16, 0xffff, 'type')
  const flags = checkInteger(request.flags ?? 0, 0, 0xffff, 'flags') | more
  const name = request.name === undefined ? `type ${type}` : checkText(request.name, 1, 100, 'name')
  if (!isBytes(payload)) throw wrongType('payload', 'a Uint8Array', payload)
  if (payload.length > longestPayload - messageHeaderSize) {
    throw outOfRange('payload', `at most ${longestPayload - messageHeaderSize} bytes`, payload)
  }
  if (layout === undefined) {
    if (header !== undefined) throw wrongValue('header', 'left out without "layout"', header)
    if (attributes !== undefined) throw wrongValue('attributes', 'left out without "layout"', attributes)
    return messageOf(name, type, flags, payload)
  }
  if (request.payload !== undefined) throw wrongValue('payload', 'left out beside "layout"', request.payload)
  return encodeMessage(layout, name, type, {
    flags,
    ...(header === undefined ? {} : { header }),
    ...(attributes === undefined ? {} : { attributes }),
  })
}

type AnyRequest = NetlinkRequest

function operationOf<Result>(
  verb: string,
  protocol: number,
  netns: NetnsReference,
  message: Message,
  lane: Lane,
  ending: Ending,
  result: Operation<Result>['result'],
): Operation<Result> {
  const name = `netlink.${verb}`
  return { name, protocol, lane, netns, steps: [{ netns, messages: [message], ending }], result }
}

/** A request that is acknowledged. */
export function acknowledged(protocol: number, netns: NetnsReference, request: AnyRequest): Operation<void> {
  const message = messageFor(request, 0)
  return operationOf('request', protocol, netns, message, Lane.mutation, Ending.ack, nothing)
}

/** A request that is answered with one message. */
export function answered(protocol: number, netns: NetnsReference, request: AnyRequest): Operation<NetlinkMessage> {
  const message = messageFor(request, 0)
  const first = (answers: Parameters<typeof only>[0]): NetlinkMessage =>
    only(answers, 0, (received) => new NetlinkMessage(received))
  return operationOf('get', protocol, netns, message, Lane.query, Ending.reply, first)
}

/** A request that is answered with any number of messages, and NLMSG_DONE. */
export function dumped(protocol: number, netns: NetnsReference, request: AnyRequest): Operation<NetlinkMessage[]> {
  const message = messageFor(request, NLM_F.DUMP)
  const each = (answers: Parameters<typeof all>[0]): NetlinkMessage[] =>
    all(answers, 0, (received) => new NetlinkMessage(received))
  return operationOf('dump', protocol, netns, message, Lane.query, Ending.dump, each)
}
