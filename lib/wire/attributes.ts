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
  readonly table: Table
  readonly nested: true
  encode(writer: Writer, value: AttributesOf<Table>, field?: string): void
  decode(reader: Reader, at: number, end: number): AttributesOf<Table>
  /** As `decode`, into what has other properties already; what is marked `aside` goes into another object. */
  decodeInto(reader: Reader, at: number, end: number, out: object | Properties, asideOut: object): void
  /** The kernel's name, in lower camel case, of the attribute at byte `target`, with the names of those around it. */
  path(reader: Reader, at: number, end: number, target: number): string[]
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
  readonly aside: boolean
}

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
      aside: 'aside' in type,
    }
    byKey.set(key, entry)
    while (byNumber.length <= number) byNumber.push(undefined)
    byNumber[number] ??= entry
  }

  function encode(writer: Writer, value: Siblings, field = ''): void {
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
      const at = writer.begin(entry.number, entry.type.nested)
      entry.type.encode(writer, part, name, value)
      writer.end(at, name)
    }
  }

  function decodeInto(
    reader: Reader,
    at: number,
    end: number,
    out: Record<string, unknown> | Properties,
    asideOut: Record<string, unknown>,
  ): void {
    const properties = out instanceof Properties ? out : undefined
    let unknown: UnknownAttribute[] | undefined
    while (at + headerSize <= end) {
      const length = reader.u16(at)
      if (length < headerSize || at + length > end) break
      const number = reader.u16(at + 2) & typeMask
      const entry = byNumber[number]
      if (entry !== undefined && length - headerSize >= entry.least) {
        if (!entry.ignored) {
          if (properties !== undefined && !entry.aside) {
            properties.set(entry.key, entry.type.decode(reader, at + headerSize, at + length, asideOut))
          } else {
            const target = entry.aside ? asideOut : (out as Record<string, unknown>)
            target[entry.key] = entry.type.decode(reader, at + headerSize, at + length, target)
          }
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

  function decode(reader: Reader, at: number, end: number): Siblings {
    const out: Record<string, unknown> = {}
    decodeInto(reader, at, end, out, out)
    return out
  }

  function path(reader: Reader, at: number, end: number, target: number): string[] {
    const siblings: Record<string, unknown> = {}
    while (at + headerSize <= end) {
      const length = reader.u16(at)
      if (length < headerSize || at + length > end) break
      const number = reader.u16(at + 2) & typeMask
      const entry = byNumber[number]
      if (target >= at && target < at + length) {
        const name = nameOf(number)
        if (target < at + headerSize || entry?.type.path === undefined) return [name]
        return [name, ...entry.type.path(reader, at + headerSize, at + length, target, siblings)]
      }
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
    encode: encode,
    decode: decode as AttributeSet<Table>['decode'],
    decodeInto: decodeInto,
    path,
    nameOf,
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
