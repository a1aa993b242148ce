// Attribute sets: one table says an attribute's name, number and type. From it come the TypeScript type, the encoder, the
// decoder, the path of an error and the audit against the kernel's headers. Compiled once; decoding interprets nothing.
import { checkInteger } from './integers'
import { checkArray, checkKeys, checkObject, isBytes, unknownOption, wrongType } from './invalid'
import { Properties } from './properties'
import { type Reader } from './reader'
import type { AnyType, Siblings, Type, ValueOf } from './type'
import type { Writer } from './writer'

/** Of the 16 bits of an attribute's type, those without NLA_F_NESTED and NLA_F_NET_BYTEORDER (linux/netlink.h). */
const typeMask = 0x3fff
const headerSize = 4

/** Property → [the kernel's name without the set's prefix, number, type]. */
export type AttributeTable = Readonly<Record<string, readonly [symbol: string, number: number, type: AnyType]>>

/** An attribute that the table does not know, as it came. */
export interface UnknownAttribute {
  /** The attribute's number, with NLA_F_NESTED (0x8000) and NLA_F_NET_BYTEORDER (0x4000) where it is so marked. */
  readonly type: number
  /** Its payload. */
  readonly data: Uint8Array
}

/** The object that a set of attributes encodes from and decodes to; attributes that are not there are not in it. */
export type AttributesOf<Table extends AttributeTable> = {
  -readonly [K in keyof Table]?: ValueOf<Table[K][2]> | undefined
} & {
  /** Attributes that this version does not know; they are sent back as they came. */
  unknown?: UnknownAttribute[] | undefined
}

/** A compiled table. */
export interface AttributeSet<Table extends AttributeTable> extends Type<AttributesOf<Table>> {
  /** Prefix of the kernel's names, such as `IFLA_`. */
  readonly prefix: string
  /** As it was declared. */
  readonly table: Table
  readonly nested: true
  /** `outer` is the object whose part the value is: what a `taggedBy` with an outer tag looks at. */
  encode(writer: Writer, value: AttributesOf<Table>, field?: string, outer?: Siblings): void
  decode(reader: Reader, at: number, end: number, outer?: Siblings): AttributesOf<Table>
  /** As `decode`, into what has other properties already; what is marked `separate` goes into another object. */
  decodeInto(
    reader: Reader,
    at: number,
    end: number,
    out: object | Properties,
    separateOut: object,
    outer?: Siblings,
  ): void
  /** The kernel's name, in lower camel case, of the attribute at byte `target`, with the names of those around it. */
  path(reader: Reader, at: number, end: number, target: number, outer?: Siblings): string[]
  /** The name of an attribute by its number, as in `path`. */
  nameOf(type: number): string
}

/** `ADDR_GEN_MODE` as `addrGenMode`. */
function camel(symbol: string): string {
  return symbol.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

interface Entry {
  readonly key: string
  readonly number: number
  readonly name: string
  readonly type: Type<unknown>
  readonly least: number
  readonly presence: boolean
  readonly ignored: boolean
  readonly separate: boolean
  readonly repeated: boolean
  /** Its type looks at the object around this one. */
  readonly outer: boolean
}

const nothingAround: Siblings = {}

/** The attribute of a number, of which there may be several: the lists of a set that is being decoded. */
type Lists = Map<number, unknown[]>

/**
 * Declares a set of attributes.
 * @example
 * const link = attributes('IFLA_', { mac: ['ADDRESS', 1, mac], name: ['IFNAME', 3, text(15)], mtu: ['MTU', 4, u32] })
 */
export function attributes<const Table extends AttributeTable>(prefix: string, table: Table): AttributeSet<Table> {
  const byKey = new Map<string, Entry>()
  const byNumber: (Entry | undefined)[] = []
  for (const [key, [symbol, number, declared]] of Object.entries(table)) {
    const type = declared as unknown as Type<unknown>
    const least = type.tolerant === true ? 0 : type.size
    const entry = {
      key,
      number,
      name: camel(symbol),
      type,
      least,
      presence: 'presence' in type,
      ignored: 'ignored' in type,
      separate: 'separate' in type,
      repeated: 'repeated' in type,
      outer: 'outer' in type,
    }
    byKey.set(key, entry)
    while (byNumber.length <= number) byNumber.push(undefined)
    byNumber[number] ??= entry
  }

  function encode(writer: Writer, value: Siblings, field = '', outer = nothingAround): void {
    checkObject(value, field === '' ? 'options' : field)
    for (const key in value) {
      const part = value[key]
      const name = field === '' ? key : `${field}.${key}`
      const entry = byKey.get(key)
      if (entry === undefined) {
        if (key === 'unknown') encodeUnknown(writer, part, name)
        else if (Object.hasOwn(value, key)) throw unknownOption(name, key, byKey.keys())
        continue
      }
      if (part === undefined || (entry.presence && part === false)) continue
      const siblings = entry.outer ? outer : value
      if (entry.repeated) encodeEach(writer, entry, part, name, siblings)
      else encodeOne(writer, entry, part, name, siblings)
    }
  }

  function decodeInto(
    reader: Reader,
    at: number,
    end: number,
    out: Record<string, unknown> | Properties,
    separateOut: Record<string, unknown>,
    outer = nothingAround,
  ): void {
    const properties = out instanceof Properties ? out : undefined
    let unknown: UnknownAttribute[] | undefined
    let lists: Lists | undefined
    while (at + headerSize <= end) {
      const length = reader.u16(at)
      if (length < headerSize || at + length > end) break
      const number = reader.u16(at + 2) & typeMask
      const entry = byNumber[number]
      if (entry !== undefined && length - headerSize >= entry.least) {
        if (!entry.ignored) {
          const target = entry.separate || properties !== undefined ? separateOut : (out as Record<string, unknown>)
          let value = entry.type.decode(reader, at + headerSize, at + length, entry.outer ? outer : target)
          if (entry.repeated) {
            const list = lists?.get(number)
            list?.push(value)
            if (list === undefined) (lists ??= new Map()).set(number, (value = [value]))
            else value = list
          }
          if (properties !== undefined && !entry.separate) properties.set(entry.key, value)
          else target[entry.key] = value
        }
      } else {
        unknown ??= []
        unknown.push({ type: reader.u16(at + 2), data: reader.copy(at + headerSize, at + length) })
      }
      at += (length + 3) & ~3
    }
    if (unknown === undefined) return
    if (properties === undefined) (out as Record<string, unknown>).unknown = unknown
    else properties.set('unknown', unknown)
  }

  function decode(reader: Reader, at: number, end: number, outer?: Siblings): Siblings {
    const out: Record<string, unknown> = {}
    decodeInto(reader, at, end, out, out, outer)
    return out
  }

  function path(reader: Reader, at: number, end: number, target: number, outer = nothingAround): string[] {
    const siblings: Record<string, unknown> = {}
    const seen = new Map<number, number>()
    while (at + headerSize <= end) {
      const length = reader.u16(at)
      if (length < headerSize || at + length > end) break
      const number = reader.u16(at + 2) & typeMask
      const entry = byNumber[number]
      if (target >= at && target < at + length) {
        const which = entry?.repeated === true ? [nameOf(number), String(seen.get(number) ?? 0)] : [nameOf(number)]
        if (target < at + headerSize || entry?.type.path === undefined) return which
        const around = entry.outer ? outer : siblings
        return [...which, ...entry.type.path(reader, at + headerSize, at + length, target, around)]
      }
      seen.set(number, (seen.get(number) ?? 0) + 1)
      if (entry !== undefined && length - headerSize >= entry.least && entry.type.nested !== true) {
        siblings[entry.key] = entry.type.decode(reader, at + headerSize, at + length, siblings)
      }
      at += (length + 3) & ~3
    }
    return []
  }

  const nameOf = (number: number): string => byNumber[number]?.name ?? `#${number}`

  return {
    prefix,
    table,
    size: 0,
    nested: true,
    encode,
    decode: decode as AttributeSet<Table>['decode'],
    decodeInto,
    path,
    nameOf,
  }
}

function encodeOne(writer: Writer, { number, type }: Entry, value: unknown, name: string, siblings: Siblings): void {
  const at = writer.begin(number, type.nested)
  type.encode(writer, value, name, siblings)
  writer.end(at, name)
}

function encodeEach(writer: Writer, entry: Entry, values: unknown, name: string, siblings: Siblings): void {
  for (const [i, value] of checkArray(values, name, 'an array', mostUnknown).entries()) {
    encodeOne(writer, entry, value, `${name}[${i}]`, siblings)
  }
}

function encodeUnknown(writer: Writer, unknown: unknown, field: string): void {
  if (unknown === undefined) return
  const given = checkArray(
    unknown,
    field,
    'an array of { type, data }',
    mostUnknown,
  ) as readonly Partial<UnknownAttribute>[]
  for (const [i, attribute] of given.entries()) {
    const name = `${field}[${i}]`
    checkKeys(attribute, unknownKeys, name)
    const type = checkInteger(attribute.type, 0, 0xffff, `${name}.type`)
    if (!isBytes(attribute.data)) throw wrongType(`${name}.data`, 'a Uint8Array', attribute.data)
    const at = writer.begin(type)
    writer.bytes(attribute.data)
    writer.end(at, name)
  }
}

/** So many attributes without a payload have room in one. */
const mostUnknown = 0x3fff
const unknownKeys = new Set(['type', 'data'])
