// For the tests of the netlink layer: messages without the checks of the layers above, so that it is the kernel that refuses
// them, and operations made of them. Nothing here comes from lib/route.
import { Ending, Lane } from '../../lib/native/addon'
import { handleOf } from '../../lib/native/netns_handle'
import type { CallOptions } from '../../lib/native/jobs'
import { messageHeaderSize, NETLINK, NLM_F } from '../../lib/netlink/constants'
import { encodeMessage, type Message, type Received } from '../../lib/netlink/message'
import { nothing, type Operation, type Step } from '../../lib/netlink/operation'
import { perform } from '../../lib/netlink/perform'
import { attributes, type AttributesOf } from '../../lib/wire/attributes'
import { device } from '../../lib/wire/device'
import { i32, u16, u32, u8 } from '../../lib/wire/integers'
import { taggedBy } from '../../lib/wire/nesting'
import { struct, type StructValue } from '../../lib/wire/struct'
import { binary, text } from '../../lib/wire/text'
import type { Type } from '../../lib/wire/type'
import type { NetNs } from '../../lib/index'

export const NEWLINK = ['RTM_NEWLINK', 16] as const
export const DELLINK = ['RTM_DELLINK', 17] as const
export const GETLINK = ['RTM_GETLINK', 18] as const
export const NEWADDR = ['RTM_NEWADDR', 20] as const
export const DELADDR = ['RTM_DELADDR', 21] as const
export const GETADDR = ['RTM_GETADDR', 22] as const

export const ifinfomsg = struct('ifinfomsg', {
  family: ['ifi_family', u8],
  _pad: ['__ifi_pad', u8],
  type: ['ifi_type', u16],
  index: ['ifi_index', device],
  flags: ['ifi_flags', u32],
  change: ['ifi_change', u32],
})

/** Names of any length and content. */
const names = { name: ['IFNAME', 3, text(1000)], mtu: ['MTU', 4, u32] } as const
const peerSet = attributes('IFLA_', names)

const peer: Type<AttributesOf<typeof peerSet.table>> = {
  size: ifinfomsg.size,
  nested: true,
  encode(writer, value, field) {
    writer.zeros(ifinfomsg.size)
    peerSet.encode(writer, value, field)
  },
  decode: (reader, at, end) => peerSet.decode(reader, at + ifinfomsg.size, end),
  path: (reader, at, end, target) => peerSet.path(reader, at + ifinfomsg.size, end, target),
}

const linkInfo = attributes('IFLA_INFO_', {
  kind: ['KIND', 1, text(1000)],
  data: [
    'DATA',
    2,
    taggedBy('kind', {
      veth: attributes('VETH_INFO_', { peer: ['PEER', 1, peer] }),
      vlan: attributes('IFLA_VLAN_', { id: ['ID', 1, u16] }),
    }),
  ],
})

export const rawLink = {
  header: ifinfomsg,
  attributes: attributes('IFLA_', {
    ...names,
    link: ['LINK', 5, device],
    linkInfo: ['LINKINFO', 18, linkInfo],
    netnsFd: ['NET_NS_FD', 28, u32],
    mask: ['EXT_MASK', 29, u32],
    targetNetnsId: ['TARGET_NETNSID', 46, i32],
  }),
}

export const rawAddress = {
  header: struct('ifaddrmsg', {
    family: ['ifa_family', u8],
    prefixLength: ['ifa_prefixlen', u8],
    flags: ['ifa_flags', u8],
    scope: ['ifa_scope', u8],
    index: ['ifa_index', device],
  }),
  attributes: attributes('IFA_', { local: ['LOCAL', 2, binary()], label: ['LABEL', 3, text(1000)] }),
}

type LinkHeader = Partial<StructValue<typeof ifinfomsg.fields>>

/** A message about a link. */
export function linkMessage(
  type: readonly [string, number],
  attributes: AttributesOf<typeof rawLink.attributes.table>,
  { flags = 0, header }: { flags?: number; header?: LinkHeader } = {},
): Message {
  return encodeMessage(rawLink, ...type, header === undefined ? { flags, attributes } : { flags, header, attributes })
}

/** A message that makes a link. */
export function newLink(attributes: AttributesOf<typeof rawLink.attributes.table>): Message {
  return linkMessage(NEWLINK, attributes, { flags: NLM_F.CREATE | NLM_F.EXCL })
}

/** A message that makes a device: an ifb needs nothing but its name. */
export function newDevice(name: string): Message {
  return newLink({ name, linkInfo: { kind: 'ifb' } })
}

/** A message that gives the n-th address of 10.0.0.0/8 to a device. */
export function newAddress(dev: string | number, n: number): Message {
  return encodeMessage(rawAddress, ...NEWADDR, {
    flags: NLM_F.CREATE | NLM_F.EXCL,
    header: { family: 2, prefixLength: 32, index: dev },
    attributes: { local: Uint8Array.of(10, n >> 16, n >> 8, n) },
  })
}

/** An operation of one step, or of several. */
export function operation<Result = void>(
  ns: NetNs,
  what: Message | readonly Message[] | readonly Step[],
  more: Partial<Operation<Result>> = {},
): Operation<Result> {
  const netns = ns[handleOf]
  const list = Array.isArray(what) ? (what as readonly (Message | Step)[]) : [what as Message]
  const isSteps = list.some((one) => 'messages' in one)
  const steps = isSteps ? (list as Step[]) : [{ netns, messages: list as Message[], ending: Ending.ack }]
  return {
    name: 'test.raw',
    protocol: NETLINK.ROUTE,
    lane: Lane.mutation,
    netns,
    steps,
    result: nothing as () => Result,
    ...more,
  }
}

/** Sends messages in one step. */
export function send(ns: NetNs, what: Message | readonly Message[], options?: CallOptions): Promise<void> {
  return perform(operation(ns, what), options)
}

/** A step that ends with an acknowledgement. */
export function step(ns: NetNs, messages: readonly Message[], more: Partial<Step> = {}): Step {
  return { netns: ns[handleOf], messages, ending: Ending.ack, ...more }
}

/** A dump or look, and what `each` makes of its answers. */
export function reading<T>(
  ns: NetNs,
  request: Message,
  each: (received: Received) => T,
  ending: Ending = Ending.dump,
): Operation<T[]> {
  return operation(ns, [step(ns, [request], { ending })], {
    lane: Lane.read,
    result(answers) {
      const found: T[] = []
      answers.forEach(0, (received) => found.push(each(received)))
      return found
    },
  })
}

/** The bytes of all messages that answer a dump with an empty header of this size. */
export async function dumpBytes(ns: NetNs, type: number, headerSize: number): Promise<Buffer> {
  const header = struct('any', { _all: ['all', { ...u8, size: headerSize }] })
  const request = encodeMessage({ header, attributes: attributes('', {}) }, `#${type}`, type, { flags: NLM_F.DUMP })
  const parts = await perform(
    reading(ns, request, ({ reader, at, end }) => reader.copy(at - messageHeaderSize, (end + 3) & ~3)),
  )
  return Buffer.concat(parts)
}
