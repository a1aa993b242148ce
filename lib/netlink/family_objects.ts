// The objects that a family of a user's declares: from attribute tables, what `objectVerbs` makes verbs of.
import { isDeepStrictEqual } from 'node:util'
import type { AttributesOf, AttributeSet, AttributeTable } from '../wire/attributes'
import { device } from '../wire/device'
import { checkObject, isPlainObject, wrongType, wrongValue } from '../wire/invalid'
import type { Fields, Struct } from '../wire/struct'
import type { AnyType } from '../wire/type'
import { messageHeaderSize, NLM_F } from './constants'
import { show, type Difference } from './ensure'
import type { Message } from './message'
import type { ObjectTable, Selection, Undo } from './objects'
import { payloadOf, type Condition } from './rollback/pattern'
import type { UndoRecipe } from './rollback/recipe'
import type { Decode } from './shapes'

type AnySet = AttributeSet<AttributeTable>
type Values = Readonly<Record<string, unknown>>

/** A command of a family. */
export interface CommandDeclaration {
  /** Its number: the command of a generic family (`cmd` of `struct genlmsghdr`), else the type of its message. */
  readonly command: number
  /** The kernel's name of it, for errors: `TCP_METRICS_CMD_GET`. */
  readonly symbol: string
}

/** How a verb makes an object. */
export interface ModeDeclaration {
  /** NLM_F_ flags: how what is made relates to what is there. Default: none. */
  readonly flags?: number
  /**
   * It may take the place of an object that is there, which a rollback brings back, unless the key has an attribute with others
   * inside: then it stays done. Default: false, and a rollback removes what was made.
   */
  readonly replaces?: boolean
}

/** The objects of a family, as they are declared. */
export interface ObjectsDeclaration<
  Attributes extends AttributeTable = AttributeTable,
  Key extends string = string,
  Mode extends string = string,
> {
  /** What an object is made of, and told as. */
  readonly attributes: AttributeSet<Attributes>
  /** By which attributes, and fields of the family's header, one is known. */
  readonly key: readonly Key[]
  /** What makes one: a method for each mode, by its name. `ensure` makes one in the first mode. */
  readonly make: CommandDeclaration & {
    /** The flags of each mode, and what takes it back. */
    readonly modes: Readonly<Record<Mode, ModeDeclaration>>
  }
  /** What tells of them: it is asked for a dump (NLM_F_DUMP), and here is chosen from that. */
  readonly look: CommandDeclaration & {
    /** The kernel also looks up one by its key. Default: false, it has only dumps. */
    readonly single?: boolean
    /** Attributes and fields of the header by which the kernel filters its dumps. Default: none. */
    readonly filters?: readonly string[]
  }
  /** What removes one by its key. */
  readonly remove: CommandDeclaration
}

/** Declared objects, with the types of what they are made of. */
export interface DeclaredObjects<Whole, Key extends string, Mode extends string> {
  /** What they are declared as. */
  readonly declaration: ObjectsDeclaration
  /** @internal */
  readonly types?: { readonly whole: Whole; readonly key: Key; readonly mode: Mode }
}

/**
 * Declares the objects of a family: what makes, tells and removes one. They get the verbs of netloom's own resources: those of
 * the modes, `ensure`, `get`, `find`, `list`, `delete` and `flush`.
 * @example
 * objects({
 *   attributes: tunnel,
 *   key: ['id'],
 *   make: { command: 1, symbol: 'L2TP_CMD_TUNNEL_CREATE', modes: { add: { flags: NLM_F.CREATE | NLM_F.EXCL } } },
 *   look: { command: 4, symbol: 'L2TP_CMD_TUNNEL_GET', single: true },
 *   remove: { command: 2, symbol: 'L2TP_CMD_TUNNEL_DELETE' },
 * })
 */
export function objects<Attributes extends AttributeTable, const Key extends string, Mode extends string>(
  declaration: ObjectsDeclaration<Attributes, Key, Mode>,
): DeclaredObjects<AttributesOf<Attributes>, Key, Mode> {
  return { declaration }
}

/** What a family knows of its messages. */
export interface Codec {
  readonly name: string
  readonly protocol: number
  readonly generic: boolean
  /** What all its messages begin with, behind `struct nlmsghdr`. */
  readonly header: Struct<Fields>
  /** Checks and encodes what a command is asked with. */
  readonly encode: (command: CommandDeclaration, value: object, flags: number) => Message
  readonly decode: Decode<object>
}

/** Makes a table of declared objects. */
export function tableOf(
  { attributes, key, make, look, remove }: ObjectsDeclaration,
  codec: Codec,
): ObjectTable<object, object, object, object, string> {
  const { name, protocol, generic, header, encode, decode } = codec
  const typeOf = (one: string): AnyType | undefined => attributes.table[one]?.[2] ?? header.fields[one]?.[1]
  for (const one of [...key, ...(look.filters ?? [])]) {
    if (typeOf(one) === undefined) throw wrongValue('objects', 'with names of attributes or fields of the header', one)
  }
  const filters = new Set(look.filters)
  const keys = new Set(key)
  const pick = (value: object, names: ReadonlySet<string>): Values =>
    Object.fromEntries(Object.entries(value as Values).filter(([one, part]) => part !== undefined && names.has(one)))
  const keyOf = (value: object): Values => {
    const given = checkObject(value, 'key')
    for (const one of key) if (given[one] === undefined) throw wrongType(one, 'given', undefined)
    return pick(given, keys)
  }
  const about = (value: object): string =>
    Object.entries(keyOf(value))
      .map(([one, part]) => `${one} ${typeof part === 'string' ? part : show(part)}`)
      .join(' ')

  /** Those that have what is said, of a dump. */
  const filtering = (filter: object): Selection => {
    const own = encode(look, filter, 0)
    const pattern: Condition[] = []
    for (const [one, part] of Object.entries(filter as Values)) {
      if (part === undefined || filters.has(one)) continue
      if (typeOf(one) === device && typeof part === 'string') {
        throw wrongType(one, 'an index: the kernel does not filter by it, and only the kernel knows names', part)
      }
      const at = header.offsets.get(one)
      if (at === undefined) pattern.push(...has(attributes, own.bytes.subarray(attributesAt), { [one]: part }, []))
      else pattern.push(...inHeader(at, header.fields[one]?.[1].size ?? 0, own.bytes))
    }
    return { request: encode(look, pick(filter, filters), NLM_F.DUMP), pattern }
  }
  const attributesAt = messageHeaderSize + ((header.size + 3) & ~3)
  const single = look.single === true
  const select = (value: object): Selection =>
    single ? { request: encode(look, keyOf(value), 0), pattern: [] } : filtering(keyOf(value))
  const lookup = (value: object): Message => select(value).request

  const any = recipeOf({ attributes, key, make, look, remove }, codec)
  const removed = { ...any, ...samenessOf({ attributes, key, make, look, remove }, codec) }
  // Native code compares such attributes as a whole, but a key has not all that the kernel tells.
  const nested = key.some((one) => typeOf(one)?.nested === true)
  const modes = Object.entries(make.modes).map(([mode, { flags = 0, replaces = false }]) => {
    const setBack: Undo<object> = nested
      ? { lasting: true }
      : { recipe: { ...removed, makeFlags: flags, replaces: true }, lookup }
    const removedAgain: Undo<object> = generic
      ? { message: (options) => encode(remove, keyOf(options), 0) }
      : { inverse: remove.command }
    const its: { flags: number; undo: Undo<object> } = { flags, undo: replaces ? setBack : removedAgain }
    return [mode, its] as const
  })
  const [first] = modes
  if (first === undefined) throw wrongValue('objects.make.modes', 'at least one mode', make.modes)
  const [, { flags, undo }] = first
  const message = (options: object, mode: number): Message => {
    keyOf(options) // checks it
    return encode(make, options, mode)
  }
  return {
    name,
    protocol,
    headerSize: header.size,
    decode,
    make: { message, modes: Object.fromEntries(modes), about },
    ensure: {
      flags,
      undo,
      select,
      differs: (...its) => difference(key, ...its),
      lookFirst: () => (flags & NLM_F.EXCL) === 0,
    },
    get: { select, dump: !single, about },
    list: { select: filtering },
    remove: {
      message: (value) => {
        const wanted = keyOf(value)
        const other = Object.keys(value).find((one) => !keys.has(one))
        if (other !== undefined) throw wrongValue(other, 'left out: it is no part of the key', (value as Values)[other])
        return encode(remove, wanted, 0)
      },
      about,
      undo: { recipe: removed, lookup },
      exactly: (value) => (nested ? filtering(keyOf(value)) : undefined),
      symbol: remove.symbol,
      recipe: any,
    },
  }
}

/** How an object is made again. */
function recipeOf({ attributes, make, remove }: ObjectsDeclaration, { header, generic }: Codec): UndoRecipe {
  const only = Object.values(attributes.table).filter(([, , type]) => 'reported' in type || 'ignored' in type)
  return {
    mode: 'object',
    headerSize: header.size,
    dropped: only.map(([, number]) => number),
    makeFlags: NLM_F.CREATE | NLM_F.EXCL,
    ...(generic
      ? { makeCommand: make.command, removeCommand: remove.command }
      : { makeType: make.command, removeType: remove.command }),
  }
}

/** How it is known again. */
function samenessOf(
  { attributes, key }: ObjectsDeclaration,
  { header }: Codec,
): Pick<UndoRecipe, 'sameHeader' | 'same'> {
  const sameHeader = key.flatMap((one) => {
    const at = header.offsets.get(one)
    return at === undefined ? [] : [[at, header.fields[one]?.[1].size ?? 0] as const]
  })
  const same = key.map((one) => attributes.table[one]?.[1]).filter((number) => number !== undefined)
  return { sameHeader, same }
}

/** Conditions that attributes are as an encoded message has them; of a set inside only what is said of it. */
function has({ table }: AnySet, bytes: Uint8Array, value: Values, path: readonly number[]): Condition[] {
  return Object.entries(value).flatMap(([one, part]): Condition[] => {
    const [, number = 0, type] = table[one] ?? []
    if (part === undefined || type === undefined) return []
    if ('repeated' in type) throw wrongValue(one, 'left out: there may be several of it', part)
    const attribute = [...path, number]
    const payload = payloadOf(bytes, 0, number)
    if (payload === undefined) return [[{ attribute, not: true }]]
    if ('table' in type && isPlainObject(part)) return has(type as unknown as AnySet, payload, part, attribute)
    return [[{ attribute, value: payload, zeroIsAbsent: true }]]
  })
}

/** Conditions that the header is as an encoded message has it: native code compares four bytes at once. */
function inHeader(at: number, size: number, bytes: Uint8Array): Condition[] {
  const conditions: Condition[] = []
  for (let from = at; from < at + size; from += 4) {
    const value = bytes.slice(messageHeaderSize + from, messageHeaderSize + Math.min(from + 4, at + size))
    conditions.push([{ header: from, value }])
  }
  return conditions
}

/** The first thing that is said of an object beyond its key and is not so. */
function difference(key: readonly string[], options: object, told: object, there: object): Difference | undefined {
  for (const [field, part] of Object.entries(options as Values)) {
    const [wanted, other] = [(told as Values)[field], (there as Values)[field]]
    if (part !== undefined && !key.includes(field) && !agrees(wanted, other)) return { field, there: other, wanted }
  }
  return undefined
}

function agrees(wanted: unknown, there: unknown): boolean {
  if (!isPlainObject(wanted) || !isPlainObject(there)) return isDeepStrictEqual(wanted, there)
  return Object.entries(wanted).every(([name, part]) => agrees(part, there[name]))
}
