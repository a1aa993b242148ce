// Filters: they sort packets into classes, and do actions with them (RTM_NEWTFILTER).
import type { NetnsReference } from '../native/netns_handle'
import { NLM_F } from '../netlink/constants'
import { decodeMessage, type Message, type Received } from '../netlink/message'
import { objectVerbs, rollbackOf } from '../netlink/objects'
import type { Operation } from '../netlink/operation'
import type { Verbs } from '../netlink/verbs'
import type { UnknownAttribute } from '../wire/attributes'
import { checkDevice, type Device } from '../wire/device'
import { checkInteger, u16, u32 } from '../wire/integers'
import { checkKeys, checkObject, wrongType, wrongValue } from '../wire/invalid'
import { printableThroughout } from '../wire/printable'
import { struct } from '../wire/struct'
import type { ValueOf } from '../wire/type'
import { littleEndian } from '../wire/writer'
import { filterKinds } from './filters'
import type { FilterKind } from './filters/kind'
import { filterParent } from './handles'
import { unnamed, type GivenBy, type TakenBy } from './kind'
import {
  at,
  causeOf,
  change,
  kindOf,
  message,
  Mode,
  ownOptions,
  protocol as netlink,
  tcAttributes,
  tcmsg,
  toAsker,
} from './messages'
import { etherType } from './protocols'
import { anyFilter } from './recipes'

/** Kinds of filters whose options this version knows. */
export type FilterKindName = keyof typeof filterKinds

/** Where filters are. */
export interface FilterPlace {
  /** The device, by name or index. */
  dev: Device
  /** What they are at: a qdisc or class (`1:`), `ingress` and `egress` of clsact, `root`. Default: `root`. */
  parent?: string | undefined
  /** Their chain. Default: 0. */
  chain?: number | undefined
}

/** By what one filter is known. */
export interface FilterKey extends FilterPlace {
  /** Its priority, 1 to 65535: the least is asked first. */
  priority: number
  /** Which packets it is asked about. */
  protocol: ValueOf<typeof etherType>
  /** Its kind. */
  kind: string
  /** Its handle: a number, of u32 `table:bucket:node` in hex. Without it all of this priority are meant. */
  handle?: number | string | undefined
}

/** What options of filters of all kinds have. */
export interface FilterCommonOptions extends FilterPlace {
  /** Which packets it is asked about. Default: `all`. */
  protocol?: ValueOf<typeof etherType> | undefined
  /** Its priority, 1 to 65535: the least is asked first. Default: the kernel chooses one. */
  priority?: number | undefined
  /** Its handle: a number, of u32 `table:bucket:node` in hex, of fw the mark. Default: the kernel chooses one. */
  handle?: number | string | undefined
}

/** A filter of a kind that this version does not know. */
export interface OtherFilterOptions extends FilterCommonOptions {
  /** The kind is in `tcKind`. */
  kind: 'other'
  /** TCA_KIND. */
  tcKind: string
  /** TCA_OPTIONS. */
  data?: Uint8Array | undefined
}

/** A filter to make or to change. */
export type FilterOptions =
  | {
      [K in FilterKindName]: FilterCommonOptions & {
        /** The kind (TCA_KIND). */
        kind: K
      } & TakenBy<(typeof filterKinds)[K]['options']>
    }[FilterKindName]
  | OtherFilterOptions

/** What filters of all kinds have. */
export interface FilterCommon {
  /** Index of the device. */
  dev: number
  /** What it is at. */
  parent: string
  /** Its chain. */
  chain: number
  /** Which packets it is asked about. */
  protocol: ValueOf<typeof etherType>
  /** The least is asked first. */
  priority: number
  /** A number, of u32 `table:bucket:node` in hex. */
  handle: number | string
  /** Attributes that this version does not decode. */
  unknown?: UnknownAttribute[]
}

/** A filter of a kind that this version does not know. */
export interface OtherFilter extends FilterCommon {
  /** The kind is in `tcKind`. */
  kind: 'other'
  /** TCA_KIND. */
  tcKind: string
  /** TCA_OPTIONS, undecoded. */
  data?: Uint8Array
}

/** A filter, discriminated by `kind`. */
export type Filter =
  | {
      [K in FilterKindName]: FilterCommon & {
        /** The kind (TCA_KIND). */
        kind: K
      } & GivenBy<(typeof filterKinds)[K]['options']>
    }[FilterKindName]
  | OtherFilter

// The priority in the upper half of a word of this machine, the EtherType as it is on the wire in the lower one.
const info = unnamed(
  littleEndian
    ? struct('tcm_info', { protocol: ['', etherType], priority: ['', u16] })
    : struct('tcm_info', { priority: ['', u16], protocol: ['', etherType] }),
)

/** The messages RTM_…TFILTER and RTM_…CHAIN. */
export const filterLayout = { header: tcmsg(u32, filterParent, info), attributes: tcAttributes(filterKinds) }

const place = ['dev', 'parent', 'chain']
const common = new Set([...place, 'protocol', 'priority', 'handle', 'kind', 'unknown'])
const keyNames = new Set([...place, 'protocol', 'priority', 'handle', 'kind'])

const u32Handle = /^([0-9a-f]{0,3}):([0-9a-f]{0,2}):([0-9a-f]{0,3})$/i

function handleOf(handle: unknown, kind: string): number {
  if (typeof handle === 'number') return checkInteger(handle, 0, 0xffffffff, 'handle')
  const expected = kind === 'u32' ? '"table:bucket:node" in hex, such as "800::1"' : 'a number'
  if (typeof handle !== 'string' || kind !== 'u32') throw wrongType('handle', expected, handle)
  const parts = u32Handle.exec(handle)
  if (parts === null) throw wrongValue('handle', expected, handle)
  const [table = 0, bucket = 0, node = 0] = parts.slice(1).map((part) => Number.parseInt(part || '0', 16))
  return ((table << 20) | (bucket << 12) | node) >>> 0
}

function handleText(handle: number, kind: string | undefined): number | string {
  if (kind !== 'u32') return handle
  const hex = (value: number): string => (value === 0 ? '' : value.toString(16))
  return `${(handle >>> 20).toString(16)}:${hex((handle >>> 12) & 0xff)}:${hex(handle & 0xfff)}`
}

function headerOf(
  { dev, parent = 'root', protocol, priority, handle }: Partial<FilterCommonOptions> & FilterPlace,
  kind: string,
) {
  checkDevice(dev, 'dev')
  if (priority !== undefined) checkInteger(priority, 1, 0xffff, 'priority')
  return {
    dev,
    parent,
    handle: handle === undefined ? 0 : handleOf(handle, kind),
    info: { protocol: protocol ?? 'all', priority: priority ?? 0 },
  } as const
}

function make(options: FilterOptions, flags: number): Message {
  const given = checkObject(options)
  const { name, kind, own } = ownOptions(given, common, filterKinds)
  const { protocol = 'all', chain } = options
  const handle = options.handle ?? (kind as FilterKind | undefined)?.handleOf?.(own as never)
  // flower knows packets by the EtherType in its options, too, as tc gives it; the kernel tells that of what is in a VLAN.
  const wanted = name === 'flower' && protocol !== 'all' ? { ...(own as object), etherType: protocol } : own
  return message('NEWTFILTER', filterLayout, {
    flags,
    header: headerOf({ ...options, handle }, name),
    attributes: { kind: name, options: wanted, chain },
  })
}

function naming(type: 'GETTFILTER' | 'DELTFILTER', key: FilterKey): Message {
  const listed = 'unknown' in checkObject(key, 'key') || Object.keys(key).some((name) => !keyNames.has(name))
  if (!listed || typeof key.handle !== 'number') checkKeys(key, listed ? new Set(Object.keys(key)) : keyNames)
  const { kind, chain, priority, protocol } = key
  if (typeof kind !== 'string') throw wrongType('kind', 'a kind of filter', kind)
  // Without a priority the kernel removes all filters of the chain.
  if ((priority as unknown) === undefined) throw wrongType('priority', 'given', undefined)
  if ((protocol as unknown) === undefined) throw wrongType('protocol', 'given', undefined)
  return message(type, filterLayout, {
    flags: type === 'GETTFILTER' ? toAsker : 0,
    header: headerOf(key, kind),
    attributes: { kind: kind === 'other' ? String((key as { tcKind?: string }).tcKind) : kind, chain },
  })
}

/** Decodes a filter; not what holds filters together: a priority, a root hash table. */
export function decodeFilter(received: Pick<Received, 'reader' | 'at' | 'end'>): Filter | undefined {
  const decoded = decodeMessage(filterLayout, received)
  if (decoded === undefined) return undefined
  const { header, attributes: its } = decoded
  const { kind, options, chain = 0, unknown } = its
  const { handle, info: which } = header
  if (options === undefined || handle === 0) return undefined
  if (kind === 'u32' && handle >>> 31 === 1 && (handle & 0xfffff) === 0) return undefined
  return printableThroughout({
    dev: header.dev,
    parent: header.parent,
    chain,
    protocol: which.protocol ?? 'all',
    priority: which.priority ?? 0,
    handle: handleText(handle, kind),
    ...kindOf(kind, options, filterKinds),
    ...(unknown === undefined ? {} : { unknown }),
  }) as unknown as Filter
}

const filterNames = new Set(place)

function listing(filter: FilterPlace) {
  checkKeys(filter, filterNames)
  const { dev, parent = 'root', chain } = filter
  checkDevice(dev, 'dev')
  return {
    request: message('GETTFILTER', filterLayout, { flags: NLM_F.DUMP, header: { dev, parent }, attributes: { chain } }),
    pattern: [],
  }
}

const about = ({ dev, parent = 'root', kind }: { dev: Device; parent?: string | undefined; kind: string }): string =>
  `${kind} at ${parent} of ${dev}`

/** By device, handle, place, and priority with protocol. */
const same = [[at.dev, 16]] as const
const before = {
  recipe: { ...anyFilter, sameHeader: same },
  lookup: (key: FilterKey) => naming('GETTFILTER', onlyKey(key)),
}
const onlyKey = ({ dev, parent, chain, priority, protocol, kind, handle }: FilterKey): FilterKey => ({
  dev,
  parent,
  chain,
  priority,
  protocol,
  kind,
  handle,
})

/** Whether a message that removes what these options make is about that alone. */
const isNamed = ({ priority, handle }: FilterOptions): boolean => priority !== undefined && handle !== undefined

const cause = causeOf(filterKinds, filterLayout)

function making(verb: 'add' | 'replace' | 'set', flags: number) {
  return (netns: NetnsReference, options: FilterOptions): Operation<void> => {
    const request = make(options, flags)
    const key = { protocol: 'all', ...options } as FilterKey
    const rollback = !isNamed(options)
      ? { lasting: true }
      : verb === 'add'
        ? { undo: { netns, message: naming('DELTFILTER', onlyKey(key)) } }
        : rollbackOf<FilterKey>({ ...before, recipe: { ...before.recipe, replaces: verb === 'replace' } })(netns, key)
    return change(`filters.${verb}`, netns, request, about(options), undefined, rollback, cause)
  }
}

const verbs = objectVerbs<FilterOptions, FilterKey, FilterPlace, Filter, 'add'>({
  name: 'filters',
  protocol: netlink,
  headerSize: filterLayout.header.size,
  decode: decodeFilter,
  make: { message: make, modes: { add: { flags: Mode.add, undo: { lasting: true } } }, about, cause },
  ensure: () => {
    throw new Error('filters have no key of their own')
  },
  get: { select: (key) => ({ request: naming('GETTFILTER', key), pattern: [] }), dump: false, about },
  list: { select: listing },
  remove: {
    message: (key) => naming('DELTFILTER', key),
    about,
    undo: before,
    symbol: 'RTM_DELTFILTER',
    recipe: anyFilter,
  },
})

/** What is done with filters. */
export interface FilterVerbs {
  readonly add: (netns: NetnsReference, options: FilterOptions) => Operation<void>
  readonly replace: (netns: NetnsReference, options: FilterOptions) => Operation<void>
  readonly set: (netns: NetnsReference, options: FilterOptions) => Operation<void>
  readonly get: typeof verbs.get
  readonly find: typeof verbs.find
  readonly list: (netns: NetnsReference, place: FilterPlace) => Operation<Filter[]>
  readonly delete: typeof verbs.delete
  readonly flush: (netns: NetnsReference, place: FilterPlace) => Operation<void>
}

/** All of a chain: the kernel has a message for it. */
function flushFilters(netns: NetnsReference, where: FilterPlace): Operation<void> {
  checkKeys(where, filterNames)
  const { chain } = where
  // Neither priority nor protocol: that means all.
  const header = { ...headerOf(where, ''), info: { protocol: 0, priority: 0 } }
  const request = message('DELTFILTER', filterLayout, { header, attributes: { chain } })
  return change('filters.flush', netns, request, undefined, undefined, { lasting: true })
}

export const filterVerbs: FilterVerbs & Verbs = {
  add: making('add', Mode.add),
  replace: making('replace', Mode.replace),
  set: making('set', Mode.change),
  get: verbs.get,
  find: verbs.find,
  list: verbs.list,
  delete: verbs.delete,
  flush: flushFilters,
}
