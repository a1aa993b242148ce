// Attributes within attributes: lists, tables, and data whose meaning a sibling tells.
import type { AttributesOf, AttributeSet, AttributeTable } from './attributes'
import { checkInteger } from './integers'
import { checkArray, checkObject, isBytes, wrongValue } from './invalid'
import type { Reader } from './reader'
import type { Fields, Struct, StructValue } from './struct'
import type { AnyType, Siblings, Type, ValueOf } from './type'

const headerSize = 4

/** An attribute has at most 65,535 bytes, and each element of a list of attributes at least 4 of them for its header. */
const mostElements = Math.floor(0xffff / headerSize)

/** A list of attributes of one number and type, as IFLA_PROP_LIST holds IFLA_ALT_IFNAME. Others in it are passed over. */
export function list<Value>(symbol: string, number: number, type: Type<Value>): Type<readonly Value[]> & ListOf {
  return {
    size: 0,
    nested: true,
    element: { symbol, number },
    encode(writer, value, field, siblings) {
      checkArray(value, field, 'an array', mostElements).forEach((element, i) => {
        const at = writer.begin(number, type.nested)
        type.encode(writer, element as Value, `${field}[${i}]`, siblings)
        writer.end(at, `${field}[${i}]`)
      })
    },
    decode(reader, at, end, siblings) {
      const found: Value[] = []
      forEachAttribute(reader, at, end, (its, from, to) => {
        if (its === number && to - from >= leastOf(type)) found.push(type.decode(reader, from, to, siblings))
        return false
      })
      return found
    },
    path: (reader, at, end, target, siblings) => pathByPlace(type, reader, at, end, target, siblings),
  }
}

/** What the audit compares of a list. */
export interface ListOf {
  /** Its elements. */
  readonly element: {
    /** The kernel's name of their attribute. */
    readonly symbol: string
    /** Its number. */
    readonly number: number
  }
}

/** Values of fixed size one after another, without headers. */
export function packed<Value>(type: Type<Value>): Type<readonly Value[]> {
  return {
    size: 0,
    encode(writer, value, field, siblings) {
      checkArray(value, field, 'an array', mostElements).forEach((element, i) => {
        type.encode(writer, element as Value, `${field}[${i}]`, siblings)
      })
    },
    decode(reader, at, end, siblings) {
      const found: Value[] = []
      for (; at + type.size <= end; at += type.size) found.push(type.decode(reader, at, at + type.size, siblings))
      return found
    },
  }
}

/** Of a type whose attribute may be there several times. */
export interface Repeated {
  /** It is a list of them. */
  readonly repeated: true
}

/**
 * An attribute that may be there several times, one behind the other: a list of all of them. Only in the table of an
 * attribute set.
 */
export function repeated<Value>(type: Type<Value>): Type<readonly Value[]> & Repeated {
  return { ...type, repeated: true } as unknown as Type<readonly Value[]> & Repeated
}

/** Calls `each` for every attribute between two places, until it says true. */
export function forEachAttribute(
  reader: Reader,
  at: number,
  end: number,
  each: (number: number, at: number, end: number) => boolean | undefined,
): void {
  while (at + headerSize <= end) {
    const length = reader.u16(at)
    if (length < headerSize || at + length > end) return
    if (each(reader.u16(at + 2) & 0x3fff, at + headerSize, at + length) === true) return
    at += (length + 3) & ~3
  }
}

const leastOf = (type: AnyType): number => (type.tolerant === true ? 0 : type.size)

/** The place of the element in which the byte `target` is, and the path in it. */
function pathByPlace<Value>(
  type: Type<Value>,
  reader: Reader,
  at: number,
  end: number,
  target: number,
  siblings: Siblings,
): string[] {
  let place = 0
  let path: string[] = []
  forEachAttribute(reader, at, end, (_number, from, to) => {
    if (target >= to) {
      place++
      return false
    }
    path = [String(place), ...(type.path?.(reader, from, to, target, siblings) ?? [])]
    return true
  })
  return path
}

/** A list whose attributes are numbered by their places, from 1 on (`indexed-array`, NLA_NESTED_ARRAY). */
export function indexedArray<Value>(type: Type<Value>): Type<readonly Value[]> {
  return {
    size: 0,
    nested: true,
    encode(writer, value, field, siblings) {
      for (const [i, element] of checkArray(value, field, 'an array', mostElements).entries()) {
        const at = writer.begin(i + 1, type.nested)
        type.encode(writer, element as Value, `${field}[${i}]`, siblings)
        writer.end(at, `${field}[${i}]`)
      }
    },
    decode(reader, at, end, siblings) {
      const found: Value[] = []
      forEachAttribute(reader, at, end, (_number, from, to) => {
        if (to - from >= leastOf(type)) found.push(type.decode(reader, from, to, siblings))
        return false
      })
      return found
    },
    path: (reader, at, end, target, siblings) => pathByPlace(type, reader, at, end, target, siblings),
  }
}

/** A table whose attributes are numbered by their keys (`nest-type-value`): key → value. */
export function keyed<Value>(type: Type<Value>): Type<Readonly<Record<number, Value>>> {
  return {
    size: 0,
    nested: true,
    encode(writer, value, field, siblings) {
      for (const [key, part] of Object.entries(checkObject(value, field))) {
        const name = `${field}.${key}`
        const at = writer.begin(checkInteger(Number(key), 0, 0x3fff, name), type.nested)
        type.encode(writer, part as Value, name, siblings)
        writer.end(at, name)
      }
    },
    decode(reader, at, end, siblings) {
      const found: Record<number, Value> = {}
      forEachAttribute(reader, at, end, (number, from, to) => {
        if (to - from >= leastOf(type)) found[number] = type.decode(reader, from, to, siblings)
        return false
      })
      return found
    },
    path(reader, at, end, target, siblings) {
      let path: string[] = []
      forEachAttribute(reader, at, end, (number, from, to) => {
        if (target >= to) return false
        path = [String(number), ...(type.path?.(reader, from, to, target, siblings) ?? [])]
        return true
      })
      return path
    },
  }
}

/** A type that is made when it is first used: for a set that is a part of itself. */
export function lazy<Value>(make: () => Type<Value>): Type<Value> {
  let made: Type<Value> | undefined
  const type = (): Type<Value> => (made ??= make())
  return {
    size: 0,
    nested: true,
    encode(writer, value, field, siblings) {
      type().encode(writer, value, field, siblings)
    },
    decode: (reader, at, end, siblings) => type().decode(reader, at, end, siblings),
    path: (reader, at, end, target, siblings) => type().path?.(reader, at, end, target, siblings) ?? [],
  }
}

/** The object of a struct with attributes behind it. */
export type HeadedValue<H extends Fields, Table extends AttributeTable> = Partial<StructValue<H>> & AttributesOf<Table>

/**
 * A struct of the kernel's with attributes behind it (`fixed-header`), as TCA_OPTIONS of several qdiscs: one object with
 * the fields of both. Their names must differ.
 */
export function headed<H extends Fields, Table extends AttributeTable>(
  header: Struct<H>,
  set: AttributeSet<Table>,
): Type<HeadedValue<H, Table>> {
  const begin = (header.size + 3) & ~3
  const inHeader = new Set(Object.keys(header.fields))
  return {
    size: header.size,
    encode(writer, value, field, siblings) {
      const entries = Object.entries(checkObject(value, field))
      const part = (wanted: boolean): object =>
        Object.fromEntries(entries.filter(([key]) => inHeader.has(key) === wanted))
      header.encode(writer, part(true), field)
      writer.align()
      set.encode(writer, part(false), field, siblings)
    },
    decode: (reader, at, end, siblings) => ({
      ...header.whole(reader, at),
      ...set.decode(reader, Math.min(at + begin, end), end, siblings),
    }),
    path: (reader, at, end, target, siblings) => set.path(reader, at + begin, end, target, siblings),
  }
}

/** Tag → the type of the data that it announces: mostly a set of attributes. */
export type Variants = Readonly<Record<string, AnyType>>

/** Data of one of the variants, or bytes for a tag that is not in the table. */
export type VariantData<V extends Variants> = ValueOf<V[keyof V]> | Uint8Array

/** Of a type whose meaning a tag tells. */
export interface Tagged<V extends Variants> {
  /** Tag → type. */
  readonly variants: V
}

/** Where the tag of a `taggedBy` stands: beside the data, or in the object of which that object is a part. */
export type TagPlace = 'sibling' | 'outer'

/**
 * Data whose meaning the attribute `tag` tells: IFLA_INFO_DATA by IFLA_INFO_KIND (`sub-message`). Data of a tag that is
 * not in the table are bytes, in both directions; encoded attributes do for every tag.
 */
export function taggedBy<V extends Variants>(
  tag: string,
  variants: V,
  place: TagPlace = 'sibling',
): Type<VariantData<V>> & Tagged<V> {
  const variant = (siblings: Siblings): Type<unknown> | undefined => {
    const name = siblings[tag]
    const isTag = typeof name === 'string' || typeof name === 'number'
    return isTag && Object.hasOwn(variants, name) ? variants[name] : undefined
  }
  const fits = (type: Type<unknown> | undefined, at: number, end: number): type is Type<unknown> =>
    type !== undefined && end - at >= leastOf(type)
  return {
    size: 0,
    nested: true,
    variants,
    ...(place === 'outer' ? { outer: true } : {}),
    encode(writer, value, field, siblings) {
      if (isBytes(value)) {
        writer.bytes(value)
        return
      }
      const type = variant(siblings)
      if (type === undefined) {
        throw wrongValue(field, `a Uint8Array, because "${String(siblings[tag])}" is not known`, value)
      }
      type.encode(writer, value, field, siblings)
    },
    decode(reader: Reader, at, end, siblings) {
      const type = variant(siblings)
      return (fits(type, at, end) ? type.decode(reader, at, end, siblings) : reader.copy(at, end)) as VariantData<V>
    },
    path(reader, at, end, target, siblings) {
      return variant(siblings)?.path?.(reader, at, end, target, siblings) ?? []
    },
  }
}
