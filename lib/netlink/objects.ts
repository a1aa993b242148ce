// The verbs of what a family has many of (addresses, neighbors, rules …), from one table: how an object is made, found, listed and
// removed, and what takes that back. Verbs share rows: what a key or a filter means is said once.
import { errnoNumber } from '../errno'
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { checkCondition, forcible, type Force } from './deletion'
import { conflict, ensuring, isThere, vanished, type Difference, type Ensured } from './ensure'
import { firstOf } from './lookup'
import { asReceived, type Message } from './message'
import { ifThere, type Flush, type Operation, type SideEffect, type Step } from './operation'
import { matches } from './rollback/matches'
import type { Pattern } from './rollback/pattern'
import type { UndoRecipe } from './rollback/recipe'
import { all, Shapes, type Decode, type Rollback } from './shapes'

type Netns = NetnsReference

/** Which objects are meant: what finds them, and which of those that it finds. */
export interface Selection {
  /** A dump, or a look-up of one. */
  readonly request: Message
  readonly pattern: Pattern
  /** A dump in which they are among those that stay, for their places. Default: the dump that finds them. */
  readonly among?: (() => Message) | undefined
}

/** What takes a change back. */
export type Undo<Request> =
  /** A message of this type with the same content. */
  | { readonly inverse: number }
  /** Another message. */
  | { readonly message: (request: Request) => Message }
  /** What was there before, and is found by a look-up or a dump. */
  | {
      readonly recipe: UndoRecipe | ((request: Request) => UndoRecipe)
      readonly lookup: (request: Request) => Message
      /** What the kernel drops because of the change. */
      readonly sideEffects?: (request: Request) => readonly SideEffect[]
    }
  /** Nothing. */
  | { readonly lasting: true }

/** The verbs that make an object, with the same message. */
export interface MakeRow<Options, Mode extends string> {
  /** Checks what it is made of. */
  readonly message: (options: Options, flags: number) => Message
  /** By the verb's name, how what is made relates to what is there (NLM_F_), and what takes it back. */
  readonly modes: Readonly<Record<Mode, { readonly flags: number; readonly undo: Undo<Options> }>>
  /** What errors call it. */
  readonly about: (options: Options) => string
  /** What a refusal probably means. */
  readonly cause?: Operation<void>['cause']
}

/** The verb `ensure`: makes an object, or finds that it is there. */
export interface EnsureRow<Options, Found> {
  readonly flags: number
  readonly undo: Undo<Options>
  /** What finds it; `told` is what the message says, as the kernel would tell it. */
  readonly select: (options: Options, told: Found, request: Message) => Selection
  /** Whether it has to be looked for first, as the kernel does not say that it is there. Default: never. */
  readonly lookFirst?: (told: Found) => boolean
  /** In what one that was there is not as the options say. Default: in nothing. */
  readonly differs?: (options: Options, told: Found, there: Found) => Difference | undefined
}

/** The verbs `get` and `find`. */
export interface GetRow<Key> {
  /** Checks the key. */
  readonly select: (key: Key) => Selection
  /** Whether the kernel has only dumps. */
  readonly dump: boolean
  /** What errors call it. */
  readonly about: (key: Key) => string
  /** Errnos that mean that there is none. */
  readonly tolerate?: ReadonlySet<number>
}

/** The verb `list`. */
export interface ListRow<Filter> {
  /** Checks the filter. */
  readonly select: (filter: Filter) => Selection
  /** Errnos that mean that there are none. */
  readonly tolerate?: ReadonlySet<number>
}

/** The verbs `delete` and `flush`. */
export interface RemoveRow<Key, Filter> {
  /** Checks the key. */
  readonly message: (key: Key) => Message
  /** What errors call it. Default: nothing. */
  readonly about?: (key: Key) => string
  readonly undo: Undo<Key>
  /** Where a key says more than the kernel compares: what finds the one that it means, which is removed alone. */
  readonly exactly?: (key: Key, request: Message) => Selection | undefined
  /** What `flush` removes. Default: what `list` gives. */
  readonly select?: (filter: Filter) => Selection
  /** Of that, what can be removed. Default: all. */
  readonly removable?: Pattern
  /** Whether `flush` removes the last ones first. Default: false. */
  readonly backwards?: boolean
  /** The message's name, for errors: `RTM_DELADDR`. */
  readonly symbol: string
  /** How those are brought back that were found by a dump. */
  readonly recipe: UndoRecipe
  /** What the kernel drops with those that were found by a dump. */
  readonly sideEffects?: (request: Key | Filter) => readonly SideEffect[]
}

/** A table of verbs of objects. */
export interface ObjectTable<Options, Key, Filter, Found, Mode extends string> extends Objects<Found> {
  readonly make: MakeRow<Options, Mode>
  /** A row, or where that does not say it all, what makes the operation. */
  readonly ensure: EnsureRow<Options, Found> | ((netns: Netns, options: Options) => Operation<Ensured<Found>>)
  readonly get: GetRow<Key>
  readonly list: ListRow<Filter>
  readonly remove: RemoveRow<Key, Filter>
}

/** What all verbs of a table need. */
interface Objects<Found> {
  /** What errors call them: `addresses`. */
  readonly name: string
  /** A NETLINK_ family. */
  readonly protocol: number
  /** Size of the family's own header. */
  readonly headerSize: number
  /** Makes an object of a message; undefined leaves it out. */
  readonly decode: Decode<Found>
}

/** The verbs that a table of objects gives. */
export type ObjectVerbs<Options, Key, Filter, Found, Mode extends string> = Readonly<
  Record<Mode, (netns: Netns, options: Options) => Operation<void>>
> & {
  /** Makes an object unless it is there, as it is wanted; fails with EEXIST where what is there differs. */
  readonly ensure: (netns: Netns, options: Options) => Operation<Ensured<Found>>
  /** The object with this key; fails where there is none. */
  readonly get: (netns: Netns, key: Key) => Operation<Found>
  /** The same, undefined where there is none. */
  readonly find: (netns: Netns, key: Key) => Operation<Found | undefined>
  /** The objects that a filter matches; without one, all. */
  readonly list: (netns: Netns, filter?: Filter) => Operation<Found[]>
  /** Removes the object with this key; fails where there is none, unless it is told `force`. */
  readonly delete: (netns: Netns, key: Key, options?: Force) => Operation<void>
  /** Removes the objects that a filter matches. */
  readonly flush: (netns: Netns, filter: Filter) => Operation<void>
}

/** Makes the verbs of a table. */
export function objectVerbs<Options, Key, Filter extends object, Found, Mode extends string>(
  table: ObjectTable<Options, Key, Filter, Found, Mode>,
): ObjectVerbs<Options, Key, Filter, Found, Mode> {
  const { make, ensure, list, remove } = table
  const get = getVerb(table, table.get)
  return {
    ...makeVerbs(table, make),
    ensure: typeof ensure === 'function' ? ensure : ensureVerb(table, table, ensure),
    get,
    find: (netns: Netns, key: Key) => ifThere(get(netns, key)),
    list: listVerb(table, list),
    delete: deleteVerb(table, remove),
    flush: flushVerb(table, list, remove),
  }
}

function makeVerbs<Options, Mode extends string>(
  { name, protocol }: Objects<unknown>,
  { message, modes, about, cause }: MakeRow<Options, Mode>,
): Record<Mode, (netns: Netns, options: Options) => Operation<void>> {
  const { change } = new Shapes(protocol)
  const verbs = Object.entries<(typeof modes)[Mode]>(modes).map(([mode, { flags, undo }]) => {
    const verb = `${name}.${mode}`
    const rollback = rollbackOf(undo)
    const make = (netns: Netns, options: Options): Operation<void> =>
      change(verb, netns, message(options, flags), about(options), undefined, rollback(netns, options), cause)
    return [mode, make]
  })
  return Object.fromEntries(verbs) as ReturnType<typeof makeVerbs<Options, Mode>>
}

function getVerb<Key, Found>(objects: Objects<Found>, row: GetRow<Key>): (netns: Netns, key: Key) => Operation<Found> {
  const { protocol } = objects
  const { select, about, tolerate, dump } = row
  const name = `${objects.name}.get`
  const ending = endingOf(row)
  return (netns, key) => {
    const { request, pattern } = select(key)
    const what = about(key)
    const decode = meant(objects, pattern)
    return {
      name,
      protocol,
      lane: Lane.read,
      netns,
      steps: [{ netns, messages: [request], ending, tolerate }],
      about: dump ? undefined : what,
      result: (answers) => firstOf(all(answers, 0, decode), name, netns, what),
    }
  }
}

function listVerb<Filter, Found>(
  objects: Objects<Found>,
  { select, tolerate }: ListRow<Filter>,
): (netns: Netns, filter?: Filter) => Operation<Found[]> {
  const { dump } = new Shapes(objects.protocol)
  const name = `${objects.name}.list`
  return (netns, filter = {} as Filter) => {
    const { request, pattern } = select(filter)
    return dump(name, netns, Lane.read, request, meant(objects, pattern), tolerate)
  }
}

type LookupEnding = typeof Ending.dump | typeof Ending.reply

function endingOf({ dump }: GetRow<never>): LookupEnding {
  return dump ? Ending.dump : Ending.reply
}

const notThere = new Set([errnoNumber('ENOENT') ?? 0])

function ensureVerb<Options, Found>(
  objects: Objects<Found>,
  { make, get, remove }: ObjectTable<Options, never, never, Found, string>,
  { flags, undo, select, lookFirst, differs }: EnsureRow<Options, Found>,
): (netns: Netns, options: Options) => Operation<Ensured<Found>> {
  const { protocol } = objects
  const ending = endingOf(get)
  const name = `${objects.name}.ensure`
  const rollback = rollbackOf(undo)
  return (netns, options) => {
    const request = make.message(options, flags)
    const it = { name, protocol, netns, about: make.about(options), cause: make.cause }
    const told = objects.decode(asReceived(request))
    if (told === undefined) throw vanished(it)
    const { request: lookup, pattern } = select(options, told, request)
    const first = lookFirst?.(told) === true
    const step: Step = first
      ? { netns, messages: [request], ending: Ending.ack }
      : { netns, messages: [request], ending: Ending.ack, tolerate: isThere, ensures: true }
    const making: Step = Object.assign(step, rollback(netns, options))
    const which = { pattern, recipe: remove.recipe }
    // Answers go by the step that they answer, so the second look is another step.
    const steps = first
      ? [seeking(netns, lookup, ending, which), making, seeking(netns, lookup, ending, which)]
      : [making, { netns, messages: [lookup], ending }]
    const decode = meant(objects, pattern)
    return ensuring(it, steps, (answers) => {
      const [before] = first ? all(answers, 0, decode) : []
      const value = before ?? all(answers, steps.length - 1, decode)[0]
      if (value === undefined) throw vanished(it)
      const made = first ? before === undefined : !answers.isRefused(0)
      const difference = made ? undefined : differs?.(options, told, value)
      if (difference !== undefined) throw conflict(it, difference)
      return { made, value }
    })
  }
}

/** A step that looks for an object, and if it is there, has nothing made. */
function seeking(netns: Netns, lookup: Message, ending: LookupEnding, which: Pick<Flush, 'pattern' | 'recipe'>): Step {
  const step = { netns, messages: [lookup], ending, ensures: true }
  if (ending === Ending.reply) return Object.assign(step, { tolerate: notThere })
  return Object.assign(step, { flush: { ...which, name: lookup.name } })
}

function deleteVerb<Key>(
  objects: Objects<unknown>,
  { message, about, undo, exactly, symbol, recipe, sideEffects }: RemoveRow<Key, never>,
): (netns: Netns, key: Key, options?: Force) => Operation<void> {
  const { change, flush } = new Shapes(objects.protocol)
  const name = `${objects.name}.delete`
  const rollback = rollbackOf(undo)
  return (netns, key, options) => {
    const request = message(key)
    const one = exactly?.(key, request)
    const deletion =
      one === undefined
        ? change(name, netns, request, about?.(key), undefined, rollback(netns, key))
        : flush(
            name,
            netns,
            one.request,
            { pattern: one.pattern, recipe, name: symbol, firstOnly: true, among: one.among },
            { sideEffects: laterOf(sideEffects, key) },
          )
    return forcible(deletion, options)
  }
}

function flushVerb<Filter extends object>(
  objects: Objects<unknown>,
  list: ListRow<Filter>,
  { select = list.select, removable = [], backwards = false, symbol, recipe, sideEffects }: RemoveRow<never, Filter>,
): (netns: Netns, filter: Filter) => Operation<void> {
  const { flush } = new Shapes(objects.protocol)
  const name = `${objects.name}.flush`
  return (netns, filter) => {
    checkCondition(filter)
    const { request, pattern, among } = select(filter)
    const removed = { pattern: [...removable, ...pattern], recipe, name: symbol, backwards, among }
    const { tolerate } = list
    return flush(name, netns, request, removed, { tolerate, sideEffects: laterOf(sideEffects, filter) })
  }
}

/** Decodes those that are meant. */
function meant<Found>({ headerSize, decode }: Objects<Found>, pattern: Pattern): Decode<Found> {
  return (received) => (matches(received, headerSize, pattern) ? decode(received) : undefined)
}

function laterOf<Request>(
  sideEffects: ((request: Request) => readonly SideEffect[]) | undefined,
  request: Request,
): Step['sideEffects'] {
  return sideEffects === undefined ? undefined : () => sideEffects(request)
}

/** What a step says of its rollback; most of it is made only where it may be needed. */
export function rollbackOf<Request>(undo: Undo<Request>): (netns: Netns, request: Request) => Rollback {
  if ('inverse' in undo || 'lasting' in undo) return () => undo
  if ('message' in undo) return (netns, request) => ({ undo: { netns, message: undo.message(request) } })
  const { recipe, lookup, sideEffects } = undo
  return (_netns, request) => {
    const before = (): NonNullable<ReturnType<NonNullable<Step['before']>>> => ({
      recipe: typeof recipe === 'function' ? recipe(request) : recipe,
      lookup: lookup(request),
    })
    return sideEffects === undefined ? { before } : { before, sideEffects: () => sideEffects(request) }
  }
}
