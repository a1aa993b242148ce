// Qdiscs: what packets of a device wait in (RTM_NEWQDISC), as options and as lists report them.
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { isDeepStrictEqual } from 'node:util'
import { NLM_F } from '../netlink/constants'
import { decodeMessage, type Message, type Received } from '../netlink/message'
import { objectVerbs, type ObjectVerbs } from '../netlink/objects'
import type { Operation, SideEffect, Step } from '../netlink/operation'
import type { Difference } from '../netlink/ensure'
import { all } from '../netlink/shapes'
import { queryLink } from '../route/link_messages'
import type { UnknownAttribute } from '../wire/attributes'
import { checkDevice, type Device } from '../wire/device'
import { checkKeys, checkObject, wrongType } from '../wire/invalid'
import { u32 } from '../wire/integers'
import { printableThroughout } from '../wire/printable'
import type { AnyType, ValueOf } from '../wire/type'
import { qdiscHandle, qdiscParent } from './handles'
import type { GivenBy, TakenBy } from './kind'
import { at, causeOf, kindOf, message, Mode, ownOptions, protocol, RTM, tcAttributes, tcmsg, toAsker } from './messages'
import { qdiscKinds } from './qdiscs'
import { statisticsOf, type TcStatistics } from './statistics'
import { heldBy } from './side_effects'
import { anyQdisc } from './recipes'

/** Kinds of qdiscs whose options this version knows. */
export type QdiscKindName = keyof typeof qdiscKinds

/** Where a qdisc is. */
export interface QdiscKey {
  /** The device, by name or index. */
  dev: Device
  /** Its place: `root`, `ingress` (also of clsact), or a class such as `1:3`. */
  parent?: string | undefined
  /** Its handle in hex: `1:`. */
  handle?: string | undefined
}

/** What options of all kinds have. */
export interface QdiscPlace {
  /** The device, by name or index. */
  dev: Device
  /** Its place: `root`, `ingress` (also of clsact), or a class such as `1:3`. Default: `root`, of ingress and clsact `ingress`. */
  parent?: string | undefined
  /** Its handle in hex, `1:` to `ffff:`. Default: the kernel chooses one. */
  handle?: string | undefined
  /** The block of filters that it shares with others, of ingress and clsact: for what comes in. Default: one of its own. */
  ingressBlock?: number | undefined
  /** The same of clsact for what goes out. */
  egressBlock?: number | undefined
}

type OptionsOf<K extends QdiscKindName> = QdiscPlace & {
  /** The kind (TCA_KIND). */
  kind: K
} & TakenBy<(typeof qdiscKinds)[K]['options']>

/** A qdisc of a kind that this version does not know. */
export interface OtherQdiscOptions extends QdiscPlace {
  /** The kind is in `tcKind`. */
  kind: 'other'
  /** TCA_KIND. */
  tcKind: string
  /** TCA_OPTIONS. Default: none. */
  data?: Uint8Array | undefined
}

/** A qdisc to make or to change. */
export type QdiscOptions = { [K in QdiscKindName]: OptionsOf<K> }[QdiscKindName] | OtherQdiscOptions

/** What qdiscs of all kinds have. */
export interface QdiscCommon {
  /** Index of its device. */
  dev: number
  /** Its handle: `1:`; `0:` of one that the kernel made by itself. */
  handle: string
  /** Its place: `root`, `ingress`, or a class such as `1:3`. */
  parent: string
  /** How many refer to it. */
  references: number
  /** A device does its work (TCA_HW_OFFLOAD). */
  offloaded?: boolean
  /** The block of filters that it shares. */
  ingressBlock?: number
  /** The same for what goes out. */
  egressBlock?: number
  /** What it has counted. */
  statistics?: TcStatistics
  /** Attributes that this version does not decode. */
  unknown?: UnknownAttribute[]
}

type Counted<T> = T extends AnyType
  ? {
      /** What the kind counts for itself. */
      xstats?: ValueOf<T>
    }
  : unknown

type QdiscOf<K extends QdiscKindName> = QdiscCommon & {
  /** The kind (TCA_KIND). */
  kind: K
} & GivenBy<(typeof qdiscKinds)[K]['options']> &
  Counted<(typeof qdiscKinds)[K]['counted']>

/** A qdisc of a kind that this version does not know. */
export interface OtherQdisc extends QdiscCommon {
  /** The kind is in `tcKind`. */
  kind: 'other'
  /** TCA_KIND. */
  tcKind: string
  /** TCA_OPTIONS, undecoded. */
  data?: Uint8Array
}

/** A qdisc, discriminated by `kind`. */
export type Qdisc = { [K in QdiscKindName]: QdiscOf<K> }[QdiscKindName] | OtherQdisc

const counted = Object.fromEntries(
  Object.entries(qdiscKinds).flatMap(([name, kind]) =>
    (kind.counted as AnyType | undefined) === undefined ? [] : [[name, kind.counted as unknown as AnyType]],
  ),
)

/** The messages RTM_…QDISC. */
export const qdiscLayout = {
  header: tcmsg(qdiscHandle, qdiscParent, u32),
  attributes: tcAttributes(qdiscKinds, counted),
}

const place = ['dev', 'parent', 'handle', 'ingressBlock', 'egressBlock', 'kind']
const told = ['references', 'offloaded', 'statistics', 'xstats', 'unknown']
const common = new Set([...place, ...told])

const isZero = (handle: string | undefined): boolean => handle === undefined || handle === '0:'

function content(options: QdiscOptions, flags: number) {
  const given = checkObject(options)
  checkDevice(options.dev, 'dev')
  const { name, own } = ownOptions(given, common, qdiscKinds)
  const { dev, handle, ingressBlock, egressBlock } = options
  const atHook = name === 'ingress' || name === 'clsact'
  const parent = options.parent ?? (atHook ? 'ingress' : 'root')
  return {
    flags,
    header: { dev, parent, ...(isZero(handle) ? {} : { handle: handle ?? '' }) },
    attributes: { kind: name, options: own as never, ingressBlock, egressBlock },
  }
}

const make = (options: QdiscOptions, flags: number): Message =>
  message('NEWQDISC', qdiscLayout, content(options, flags))

const keyOf = (key: QdiscKey): Pick<QdiscKey, 'dev' | 'parent' | 'handle'> => {
  checkKeys(key, 'statistics' in checkObject(key, 'key') ? new Set([...common, ...Object.keys(key)]) : keyNames)
  const { dev, parent, handle } = key
  checkDevice(dev, 'dev')
  if (parent === undefined && isZero(handle)) throw wrongType('parent', 'given, or "handle"', parent)
  return { dev, ...(parent === undefined ? {} : { parent }), ...(isZero(handle) ? {} : { handle }) }
}
const keyNames = new Set(['dev', 'parent', 'handle'])

const naming = (type: 'GETQDISC' | 'DELQDISC', key: QdiscKey): Message =>
  message(type, qdiscLayout, { flags: type === 'GETQDISC' ? toAsker : 0, header: keyOf(key) as never })

const placeOf = ({ dev, parent, kind }: QdiscOptions): QdiscKey => ({
  dev,
  parent: parent ?? (kind === 'ingress' || kind === 'clsact' ? 'ingress' : 'root'),
})

/** Decodes a qdisc. */
export function decodeQdisc(received: Pick<Received, 'reader' | 'at' | 'end'>): Qdisc | undefined {
  const decoded = decodeMessage(qdiscLayout, received)
  if (decoded === undefined) return undefined
  const { header, attributes: its } = decoded
  const { kind, options, statistics, hwOffload, ingressBlock, egressBlock, unknown } = its
  const app = statistics?.app
  return printableThroughout({
    dev: header.dev,
    handle: header.handle,
    parent: header.parent,
    ...kindOf(kind, options, qdiscKinds),
    references: header.info,
    ...(hwOffload === undefined ? {} : { offloaded: hwOffload !== 0 }),
    ...(ingressBlock === undefined ? {} : { ingressBlock }),
    ...(egressBlock === undefined ? {} : { egressBlock }),
    ...(statistics === undefined ? {} : { statistics: statisticsOf(statistics as never) }),
    ...(app === undefined || app instanceof Uint8Array ? {} : { xstats: app }),
    ...(unknown === undefined ? {} : { unknown }),
  }) as unknown as Qdisc
}

/** The first thing that was asked for and is not so. */
export function differenceOf(options: object, told: object, there: object): Difference | undefined {
  for (const [field, value] of Object.entries(options)) {
    if (value === undefined || field === 'dev' || common.has(field)) continue
    const wanted = (told as Record<string, unknown>)[field]
    const its = (there as Record<string, unknown>)[field]
    if (field in told && !isDeepStrictEqual(wanted, its)) return { field, there: its, wanted }
  }
  return undefined
}

const byPlace = [
  [at.dev, 4],
  [at.parent, 4],
] as const
const byHandle = [
  [at.dev, 4],
  [at.handle, 4],
] as const

const about = ({ dev, parent, handle }: QdiscKey): string => `qdisc ${handle ?? parent ?? ''} of ${dev}`

const removed = {
  recipe: ({ parent }: QdiscKey) => ({ ...anyQdisc, sameHeader: parent === undefined ? byHandle : byPlace }),
  lookup: (key: QdiscKey) => naming('GETQDISC', { dev: key.dev, parent: key.parent, handle: key.handle }),
  sideEffects: (key: QdiscKey): readonly SideEffect[] => heldBy(key.dev, key.parent, key.handle),
}

const replaced = {
  recipe: { ...anyQdisc, sameHeader: byPlace, replaces: true },
  lookup: (options: QdiscOptions) => naming('GETQDISC', placeOf(options)),
  sideEffects: (options: QdiscOptions) => heldBy(options.dev, placeOf(options).parent, undefined),
}

const cause = causeOf(qdiscKinds, qdiscLayout)

const verbs = objectVerbs<QdiscOptions, QdiscKey, { readonly dev?: number }, Qdisc, 'add' | 'replace' | 'set'>({
  name: 'qdiscs',
  protocol,
  headerSize: qdiscLayout.header.size,
  decode: decodeQdisc,
  make: {
    message: make,
    modes: {
      add: { flags: Mode.add, undo: { inverse: RTM.DELQDISC } },
      replace: { flags: Mode.replace, undo: replaced },
      set: {
        flags: Mode.change,
        undo: { recipe: { ...anyQdisc, sameHeader: byPlace }, lookup: replaced.lookup },
      },
    },
    about: (options) => `${options.kind === 'other' ? options.tcKind : options.kind} of ${options.dev}`,
    cause,
  },
  ensure: {
    flags: Mode.add,
    undo: { inverse: RTM.DELQDISC },
    select: (options) => ({ request: naming('GETQDISC', placeOf(options)), pattern: [] }),
    differs: (options, told, there) =>
      there.kind === told.kind
        ? differenceOf(options, told, there)
        : { field: 'kind', there: there.kind, wanted: told.kind },
  },
  get: { select: (key) => ({ request: naming('GETQDISC', key), pattern: [] }), dump: false, about },
  list: { select: () => ({ request: message('GETQDISC', qdiscLayout, { flags: NLM_F.DUMP }), pattern: [] }) },
  remove: { message: (key) => naming('DELQDISC', key), about, undo: removed, symbol: 'RTM_DELQDISC', recipe: anyQdisc },
})

/** Which qdiscs to list. */
export interface QdiscFilter {
  /** Those of one device, by name or index. */
  dev?: Device | undefined
}

const filterKeys = new Set(['dev'])

/** The kernel has only a dump of all devices' qdiscs, and knows names: one is looked up first. */
function listQdiscs(netns: NetnsReference, filter: QdiscFilter = {}): Operation<Qdisc[]> {
  checkKeys(filter, filterKeys)
  const { dev } = filter
  if (dev !== undefined) checkDevice(dev, 'dev')
  const named: Step[] = typeof dev === 'string' ? [{ netns, messages: [queryLink(dev)], ending: Ending.reply }] : []
  const request = message('GETQDISC', qdiscLayout, { flags: NLM_F.DUMP })
  return {
    name: 'qdiscs.list',
    protocol,
    lane: Lane.query,
    netns,
    steps: [...named, { netns, messages: [request], ending: Ending.dump }],
    result(answers) {
      let index = dev
      // struct ifinfomsg has the index behind family and type.
      if (named.length > 0) {
        answers.forEach(0, ({ reader, at: begin }) => {
          index = reader.u32(begin + 4)
        })
      }
      const found = all(answers, named.length, decodeQdisc)
      return index === undefined ? found : found.filter((one) => one.dev === index)
    },
  }
}

type Verbs = Omit<ObjectVerbs<QdiscOptions, QdiscKey, object, Qdisc, 'add' | 'replace' | 'set'>, 'list' | 'flush'> & {
  /** All qdiscs, or those of one device. */
  readonly list: typeof listQdiscs
}

const { add, replace, set, ensure, get, find, delete: remove } = verbs

export const qdiscVerbs: Verbs = { add, replace, set, ensure, get, find, list: listQdiscs, delete: remove }
