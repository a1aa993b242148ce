// Classes: the parts of a qdisc that has some (RTM_NEWTCLASS), as options and as lists report them.
import { NLM_F } from '../netlink/constants'
import { decodeMessage, type Message, type Received } from '../netlink/message'
import { objectVerbs, type ObjectVerbs } from '../netlink/objects'
import type { UnknownAttribute } from '../wire/attributes'
import { checkDevice, type Device } from '../wire/device'
import { checkKeys, checkObject, wrongType } from '../wire/invalid'
import { printableThroughout } from '../wire/printable'
import type { AnyType } from '../wire/type'
import { anyClassid, classid as classidType, classParent } from './handles'
import type { GivenBy, TakenBy, TcKind } from './kind'
import { at, causeOf, kindOf, message, Mode, ownOptions, protocol, RTM, tcAttributes, tcmsg, toAsker } from './messages'
import { differenceOf } from './qdisc'
import { qdiscKinds } from './qdiscs'
import type { QdiscKind } from './qdiscs/kind'
import { anyClass } from './recipes'
import { filtersAt } from './side_effects'
import { statisticsOf, type TcStatistics } from './statistics'

type Kinds = typeof qdiscKinds

/** Kinds of qdiscs in which one makes classes. */
export type ClassKindName = {
  [K in keyof Kinds]: Kinds[K]['classes'] extends AnyType ? K : never
}[keyof Kinds]

type ClassType<K extends ClassKindName> = Extract<Kinds[K]['classes'], AnyType>

/** By what a class is known. */
export interface ClassKey {
  /** The device, by name or index. */
  dev: Device
  /** Its name in hex: `1:3`. */
  classid: string
}

/** What options of classes of all kinds have. */
export interface ClassPlace extends ClassKey {
  /** What it is below: the qdisc, `1:`, or another class, `1:1`. Default: the qdisc. */
  parent?: string | undefined
}

/** A class of a kind that this version does not know. */
export interface OtherClassOptions extends ClassPlace {
  /** The kind is in `tcKind`. */
  kind: 'other'
  /** TCA_KIND. */
  tcKind: string
  /** TCA_OPTIONS. Default: none. */
  data?: Uint8Array | undefined
}

/** A class to make or to change. */
export type ClassOptions =
  | {
      [K in ClassKindName]: ClassPlace & {
        /** The kind of the qdisc (TCA_KIND). */
        kind: K
      } & TakenBy<ClassType<K>>
    }[ClassKindName]
  | OtherClassOptions

/** What classes of all kinds have. */
export interface ClassCommon {
  /** Index of the device. */
  dev: number
  /** Its name in hex: `1:3`. */
  classid: string
  /** What it is below: the qdisc, `1:`, or another class. */
  parent: string
  /** The handle of the qdisc in it, if there is one with a handle. */
  leaf?: string
  /** What it has counted. */
  statistics?: TcStatistics
  /** What the kind counts for itself. */
  xstats?: Readonly<Record<string, unknown>>
  /** Attributes that this version does not decode. */
  unknown?: UnknownAttribute[]
}

/** A class of a kind that this version does not know, or in which one makes no classes. */
export interface OtherClass extends ClassCommon {
  /** The kind is in `tcKind`. */
  kind: 'other'
  /** TCA_KIND. */
  tcKind: string
  /** TCA_OPTIONS, undecoded. */
  data?: Uint8Array
}

/** A class, discriminated by `kind`. */
export type TrafficClass =
  | {
      [K in ClassKindName]: ClassCommon & {
        /** The kind of the qdisc (TCA_KIND). */
        kind: K
      } & GivenBy<ClassType<K>>
    }[ClassKindName]
  | OtherClass

const all = Object.values(qdiscKinds) as QdiscKind[]
const classKinds: Readonly<Record<string, TcKind>> = Object.fromEntries(
  all.flatMap((kind) =>
    kind.classes === undefined ? [] : [[kind.kind, { ...kind, options: kind.classes, optional: false }]],
  ),
)
const counted = Object.fromEntries(
  all.flatMap(({ kind, classCounted }) => (classCounted === undefined ? [] : [[kind, classCounted]])),
)

/** The messages RTM_…TCLASS. */
export const classLayout = {
  header: tcmsg(classidType, classParent, anyClassid),
  attributes: tcAttributes(classKinds, counted),
}

const common = new Set(['dev', 'classid', 'parent', 'kind', 'leaf', 'statistics', 'xstats', 'unknown'])
const keyNames = new Set(['dev', 'classid'])

const qdiscOf = (classid: string): string => `${classid.slice(0, classid.indexOf(':'))}:`

function make(options: ClassOptions, flags: number): Message {
  const given = checkObject(options)
  const { dev, classid } = options
  checkDevice(dev, 'dev')
  if (typeof classid !== 'string') throw wrongType('classid', 'a class in hex, such as "1:3"', classid)
  const { name, own } = ownOptions(given, common, classKinds)
  const { parent } = options
  const above = parent === undefined || parent === 'root' ? qdiscOf(classid) : parent
  return message('NEWTCLASS', classLayout, {
    flags,
    header: { dev, handle: classid, parent: above },
    attributes: { kind: name, options: own },
  })
}

function naming(type: 'GETTCLASS' | 'DELTCLASS', key: ClassKey): Message {
  checkKeys(key, 'statistics' in checkObject(key, 'key') ? new Set(Object.keys(key)) : keyNames)
  const { dev, classid } = key
  checkDevice(dev, 'dev')
  return message(type, classLayout, { flags: type === 'GETTCLASS' ? toAsker : 0, header: { dev, handle: classid } })
}

/** Decodes a class. */
export function decodeClass(received: Pick<Received, 'reader' | 'at' | 'end'>): TrafficClass | undefined {
  const decoded = decodeMessage(classLayout, received)
  if (decoded === undefined) return undefined
  const { header, attributes: its } = decoded
  const { kind, options, statistics, unknown } = its
  const app = statistics?.app
  return printableThroughout({
    dev: header.dev,
    classid: header.handle,
    parent: header.parent === 'root' ? qdiscOf(header.handle) : header.parent,
    ...kindOf(kind, options, classKinds),
    ...(header.info === '0:' ? {} : { leaf: header.info }),
    ...(statistics === undefined ? {} : { statistics: statisticsOf(statistics as never) }),
    ...(app === undefined || app instanceof Uint8Array ? {} : { xstats: app }),
    ...(unknown === undefined ? {} : { unknown }),
  }) as unknown as TrafficClass
}

/** Which classes to list: those of a device. */
export interface ClassFilter {
  /** The device, by name or index. */
  dev: Device
  /** Only those of this qdisc: `1:`. Default: of all. */
  parent?: string | undefined
}

const filterKeys = new Set(['dev', 'parent'])

const about = ({ dev, classid }: ClassKey): string => `class ${classid} of ${dev}`
const byName = [
  [at.dev, 4],
  [at.handle, 4],
] as const
const before = {
  recipe: { ...anyClass, sameHeader: byName },
  lookup: ({ dev, classid }: ClassKey) => naming('GETTCLASS', { dev, classid }),
}

const verbs = objectVerbs<ClassOptions, ClassKey, ClassFilter, TrafficClass, 'add' | 'replace' | 'set'>({
  name: 'classes',
  protocol,
  headerSize: classLayout.header.size,
  decode: decodeClass,
  make: {
    message: make,
    modes: {
      add: { flags: Mode.add, undo: { inverse: RTM.DELTCLASS } },
      replace: { flags: Mode.replace, undo: { ...before, recipe: { ...before.recipe, replaces: true } } },
      set: { flags: Mode.change, undo: before },
    },
    about,
    cause: causeOf(classKinds, classLayout),
  },
  ensure: {
    flags: Mode.add,
    undo: { inverse: RTM.DELTCLASS },
    select: ({ dev, classid }) => ({ request: naming('GETTCLASS', { dev, classid }), pattern: [] }),
    differs: (options, told, there) =>
      options.parent !== undefined && told.parent !== there.parent
        ? { field: 'parent', there: there.parent, wanted: told.parent }
        : differenceOf(options, told, there),
  },
  get: { select: (key) => ({ request: naming('GETTCLASS', key), pattern: [] }), dump: false, about },
  list: {
    select(filter) {
      checkKeys(filter, filterKeys)
      const { dev, parent } = filter
      checkDevice(dev, 'dev')
      const header = { dev, ...(parent === undefined ? {} : { parent }) }
      return { request: message('GETTCLASS', classLayout, { flags: NLM_F.DUMP, header }), pattern: [] }
    },
  },
  remove: {
    message: (key) => naming('DELTCLASS', key),
    about,
    undo: { ...before, sideEffects: ({ dev, classid }) => [filtersAt(dev, qdiscOf(classid))] },
    symbol: 'RTM_DELTCLASS',
    recipe: anyClass,
  },
})

type Verbs = Omit<ObjectVerbs<ClassOptions, ClassKey, ClassFilter, TrafficClass, 'add' | 'replace' | 'set'>, 'flush'>

const { add, replace, set, ensure, get, find, list, delete: remove } = verbs

export const classVerbs: Verbs = { add, replace, set, ensure, get, find, list, delete: remove }
