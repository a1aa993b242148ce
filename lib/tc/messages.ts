// The messages of traffic control: struct tcmsg and TCA_… (linux/rtnetlink.h), the same for qdiscs, classes, filters and chains.
import { errnoNumber } from '../errno'
import { NETLINK, NLM_F } from '../netlink/constants'
import { asReceived, decodeMessage, encodeMessage, type Message, type MessageContent } from '../netlink/message'
import type { Refused } from '../netlink/operation'
import { Shapes } from '../netlink/shapes'
import { attributes, type AttributeTable } from '../wire/attributes'
import { device } from '../wire/device'
import { i16, i32, u32, u8 } from '../wire/integers'
import { taggedBy } from '../wire/nesting'
import { isBytes, unknownOption, wrongType, wrongValue } from '../wire/invalid'
import { ignored, readOnly } from '../wire/read_only'
import { struct, type Fields } from '../wire/struct'
import { binary, checkText, text } from '../wire/text'
import type { AnyType, Scalar } from '../wire/type'
import { lacking, optionsByKind, reportedOf, unnamed, type TcKind, type TcKinds } from './kind'
import { stats2 } from './statistics'

/** Message types (RTM_). */
export const RTM = {
  NEWQDISC: 36,
  DELQDISC: 37,
  GETQDISC: 38,
  NEWTCLASS: 40,
  DELTCLASS: 41,
  GETTCLASS: 42,
  NEWTFILTER: 44,
  DELTFILTER: 45,
  GETTFILTER: 46,
  NEWACTION: 48,
  DELACTION: 49,
  GETACTION: 50,
  NEWCHAIN: 100,
  DELCHAIN: 101,
  GETCHAIN: 102,
} as const

/** The netlink protocol. */
export const protocol = NETLINK.ROUTE

/** The shapes of operations. */
export const { change, dump, query } = new Shapes(protocol)

/** Flags of `tc … add`, `replace` and `change`. */
export const Mode = {
  add: NLM_F.CREATE | NLM_F.EXCL,
  replace: NLM_F.CREATE | NLM_F.REPLACE,
  change: 0,
} as const

/**
 * A look-up is answered to all who listen, and to who asks only if he wants it so (tclass_notify of net/sched/sch_api.c). Of
 * what the kernel keeps to itself, as the qdisc of a device that is down (tc_qdisc_dump_ignore), it says nothing but the
 * acknowledgement.
 */
export const toAsker = NLM_F.ECHO | NLM_F.ACK

/** struct tcmsg, whose numbers mean something else for each kind of object. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the table is the type
export const tcmsg = <Handle, Parent, Info>(handle: Scalar<Handle>, parent: Scalar<Parent>, info: Scalar<Info>) =>
  struct('tcmsg', {
    family: ['tcm_family', u8],
    _pad1: ['tcm__pad1', u8],
    _pad2: ['', u8],
    _pad3: ['', u8],
    dev: ['tcm_ifindex', device],
    handle: ['tcm_handle', handle],
    parent: ['tcm_parent', parent],
    info: ['tcm_info', info],
  })

/** Where the fields of struct tcmsg are. */
export const at = { dev: 4, handle: 8, parent: 12, info: 16 } as const

/** struct tc_sizespec. */
const sizespec = struct('tc_sizespec', {
  cellLog: ['cell_log', u8],
  sizeLog: ['size_log', u8],
  cellAlign: ['cell_align', i16],
  overhead: ['overhead', i32],
  linklayer: ['linklayer', u32],
  mpu: ['mpu', u32],
  mtu: ['mtu', u32],
  tsize: ['tsize', u32],
})

/** TCA_…, with the options of these kinds, and what each counts for itself. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the table is the type
export function tcAttributes(kinds: TcKinds, counted: Readonly<Record<string, AnyType>> = {}) {
  return attributes('TCA_', {
    kind: ['KIND', 1, text(15, undefined, 1)],
    options: ['OPTIONS', 2, unnamed(taggedBy('kind', optionsByKind(kinds)))],
    oldStatistics: ['STATS', 3, ignored],
    xstats: ['XSTATS', 4, ignored],
    rate: ['RATE', 5, struct('tc_estimator', { interval: ['interval', u8], ewmaLog: ['ewma_log', u8] })],
    statistics: ['STATS2', 7, readOnly(stats2(counted))],
    sizeTable: ['STAB', 8, attributes('TCA_STAB_', { base: ['BASE', 1, sizespec], data: ['DATA', 2, binary()] })],
    pad: ['PAD', 9, ignored],
    dumpInvisible: ['DUMP_INVISIBLE', 10, { ...ignored, encode: () => undefined }],
    chain: ['CHAIN', 11, u32],
    hwOffload: ['HW_OFFLOAD', 12, readOnly(u8)],
    ingressBlock: ['INGRESS_BLOCK', 13, u32],
    egressBlock: ['EGRESS_BLOCK', 14, u32],
    dumpFlags: ['DUMP_FLAGS', 15, ignored],
    warning: ['EXT_WARN_MSG', 16, readOnly(text(1000))],
  })
}

/** The layout of such messages. */
export type TcLayout = {
  readonly header: ReturnType<typeof tcmsg<unknown, unknown, unknown>>
  readonly attributes: ReturnType<typeof tcAttributes>
}

/** A message; see `encodeMessage`. */
export function message<H extends Fields, A extends AttributeTable>(
  type: keyof typeof RTM,
  layout: Parameters<typeof encodeMessage<H, A>>[0],
  content: MessageContent<H, A>,
): Message {
  return encodeMessage(layout, `RTM_${type}`, RTM[type], content)
}

const ENOENT = errnoNumber('ENOENT')

// What the kernel says, net/sched/sch_api.c and cls_api.c.
const unknownKind = /kind is unknown|classifier not found|Specified qdisc not found/i
const noParent = /parent qdisc|find qdisc|find specified (class|qdisc)|class doesn't exist|parent class/i

/** What a refusal means in terms of the options. */
export function causeOf(kinds: TcKinds, layout: { readonly header: TcLayout['header']; readonly attributes: object }) {
  return ({ errno, kernelMessage = '', message }: Refused): string | undefined => {
    if (errno === ENOENT && kernelMessage === '') return 'there is no such object, or no such "parent"'
    if (noParent.test(kernelMessage)) return 'there is no such "parent"'
    if (!unknownKind.test(kernelMessage)) return undefined
    const kind = decodeMessage(layout as TcLayout, asReceived(message))?.attributes.kind
    const known = kind === undefined ? undefined : kinds[kind]
    return known === undefined ? undefined : lacking(known)
  }
}

/** The kind of an object, and its own options among all of them. */
export function ownOptions(
  options: Readonly<Record<string, unknown>>,
  common: ReadonlySet<string>,
  kinds: TcKinds,
  field = '',
): { readonly name: string; readonly kind: TcKind | undefined; readonly own: object | Uint8Array | undefined } {
  const { kind: name } = options
  const expected = `one of ${Object.keys(kinds).join(', ')}, or "other"`
  const called = field === '' ? 'kind' : `${field}.kind`
  if (typeof name !== 'string') throw wrongType(called, expected, name)
  const given = Object.fromEntries(
    Object.entries(options).filter(([key, value]) => !common.has(key) && value !== undefined),
  )
  if (name === 'other') {
    const { tcKind, data, ...rest } = given
    for (const key of Object.keys(rest)) throw unknownOption(key, key, [...common, 'tcKind', 'data'])
    if (data !== undefined && !isBytes(data)) throw wrongType('data', 'a Uint8Array', data)
    return { name: checkText(tcKind, 1, 15, 'tcKind'), kind: undefined, own: data }
  }
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined
  if (kind === undefined) throw wrongValue(called, expected, name)
  const reported = reportedOf(kind.options)
  const own = Object.fromEntries(Object.entries(given).filter(([key]) => !reported.has(key)))
  return { name, kind, own: kind.optional && Object.keys(own).length === 0 ? undefined : own }
}

/** What an object is besides what all have: its options, or if the kind is not known, its bytes. */
export function kindOf(name: string | undefined, options: unknown, kinds: TcKinds): Record<string, unknown> {
  if (name !== undefined && Object.hasOwn(kinds, name) && !isBytes(options)) {
    return { kind: name, ...(options as object | undefined) }
  }
  return { kind: 'other', tcKind: name ?? '', ...(options === undefined ? {} : { data: options }) }
}
