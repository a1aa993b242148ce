// Attributes within attributes: lists, and data whose meaning a sibling tells.
import type { AttributeSet, AttributeTable } from './attributes'
import { checkArray, isBytes, wrongValue } from './invalid'
import type { Reader } from './reader'
import type { Siblings, Type, ValueOf } from './type'

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
      while (at + headerSize <= end) {
        const length = reader.u16(at)
        if (length < headerSize || at + length > end) break
        const ours =
          (reader.u16(at + 2) & 0x3fff) === number && length - headerSize >= (type.tolerant === true ? 0 : type.size)
        if (ours) found.push(type.decode(reader, at + headerSize, at + length, siblings))
        at += (length + 3) & ~3
      }
      return found
    },
    path(reader, at, end, target, siblings) {
      for (let i = 0; at + headerSize <= end; i++) {
        const length = reader.u16(at)
        if (length < headerSize || at + length > end) break
        if (target >= at && target < at + length) {
          return [String(i), ...(type.path?.(reader, at + headerSize, at + length, target, siblings) ?? [])]
        }
        at += (length + 3) & ~3
      }
      return []
    },
  }
}

/** What the audit compares of a list. */
export interface ListOf {
  readonly element: { readonly symbol: string; readonly number: number }
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

/** Tag → the attributes that it announces. */
export type Variants = Readonly<Record<string, AttributeSet<AttributeTable>>>

/** Data of one of the variants, or bytes for a tag that is not in the table. */
export type VariantData<V extends Variants> = ValueOf<V[keyof V]> | Uint8Array

/** Attributes whose meaning the sibling `tag` tells: IFLA_INFO_DATA by IFLA_INFO_KIND. */
export function taggedBy<V extends Variants>(tag: string, variants: V): Type<VariantData<V>> & { variants: V } {
  const variant = (siblings: Siblings): AttributeSet<AttributeTable> | undefined => {
    const name = siblings[tag]
    return typeof name === 'string' && Object.hasOwn(variants, name) ? variants[name] : undefined
  }
  return {
    size: 0,
    nested: true,
    variants,
    encode(writer, value, field, siblings) {
      // Encoded attributes do for every tag.
      if (isBytes(value)) {
        writer.bytes(value)
        return
      }
      const set = variant(siblings)
      if (set === undefined) {
        throw wrongValue(field, `a Uint8Array, because "${String(siblings[tag])}" is not known`, value)
      }
      set.encode(writer, value, field)
    },
    decode(reader: Reader, at, end, siblings) {
      return (variant(siblings)?.decode(reader, at, end) ?? reader.copy(at, end)) as VariantData<V>
    },
    path(reader, at, end, target, siblings) {
      return variant(siblings)?.path(reader, at, end, target) ?? []
    },
  }
}
