// Numbers that have names: one of a set (an enum of the kernel), or any of a set of bits.
import { checkInteger } from './integers'
import { checkArray, wrongType, wrongValue } from './invalid'
import type { Scalar } from './type'

/** Name → [the kernel's name without the set's prefix, number]. */
export type Names = Readonly<Record<string, readonly [symbol: string, value: number]>>

/** What the audit against the kernel's headers compares. */
export interface Audited<Table extends Names = Names> {
  /** Prefix of the kernel's names. */
  readonly prefix: string
  /** Names and numbers. */
  readonly names: Table
}

/** One of the names, or the number of one that has none here. */
export type OneOf<Table extends Names> = (keyof Table & string) | number

/** Names for numbers. A number without a name stays a number, in both directions. */
export function oneOf<const Table extends Names>(
  type: Scalar<number>,
  prefix: string,
  names: Table,
): Scalar<OneOf<Table>> & Audited<Table> {
  const byName = new Map<string, number>()
  const byNumber = new Map<number, keyof Table & string>()
  for (const [name, [, value]] of Object.entries(names)) {
    byName.set(name, value)
    if (!byNumber.has(value)) byNumber.set(value, name)
  }
  // What a byte decodes to, at its place: most of these are bytes in headers, read for every message.
  const small = Array.from({ length: 256 }, (_, number): OneOf<Table> => byNumber.get(number) ?? number)
  const most = 2 ** (8 * type.size) - 1
  const expected = `one of ${[...byName.keys()].map((name) => `"${name}"`).join(', ')}`
  return {
    size: type.size,
    fixed: true,
    prefix,
    names,
    encode(writer, value, field, siblings) {
      if (typeof value === 'number') {
        type.encode(writer, checkInteger(value, 0, most, field), field, siblings)
        return
      }
      if (typeof value !== 'string') throw wrongType(field, expected, value)
      const number = byName.get(value)
      if (number === undefined) throw wrongValue(field, expected, value)
      type.encode(writer, number, field, siblings)
    },
    decode(reader, at, end, siblings) {
      const number = type.decode(reader, at, end, siblings)
      return small[number] ?? byNumber.get(number) ?? number
    },
  }
}

/** Names of the bits that are set; what is left over without a name is one number at the end. */
export type Bits<Table extends Names> = readonly OneOf<Table>[]

// Few combinations occur, each of them often: their lists are made once, and frozen because they are shared.
const mostSeen = 1024

/** More names than there are bits, if one is given twice. */
const mostNames = 64

/** A set of bits that the kernel has names for, as a list of ours. */
export function bits<const Table extends Names>(
  type: Scalar<number>,
  prefix: string,
  names: Table,
): Scalar<Bits<Table>> & Audited<Table> {
  const values = Object.entries(names).map(([name, [, value]]): [string, number] => [name, value])
  return { ...setOf(type, new Map(values as [keyof Table & string, number][])), prefix, names }
}

/** A set of bits, as a list of their names: name → bit. */
export function setOf<Name extends string>(
  type: Scalar<number>,
  byName: ReadonlyMap<Name, number>,
): Scalar<readonly (Name | number)[]> {
  const most = 2 ** (8 * type.size) - 1
  const seen = new Map<number, readonly (Name | number)[]>()
  const expected = `a list of ${[...byName.keys()].map((name) => `"${name}"`).join(', ')}`
  return {
    size: type.size,
    fixed: true,
    encode(writer, value, field, siblings) {
      let set = 0
      for (const name of checkArray(value, field, expected, mostNames) as readonly (Name | number)[]) {
        const bit = typeof name === 'number' ? checkInteger(name, 0, most, field) : byName.get(name)
        if (bit === undefined) throw wrongValue(field, expected, name)
        set = (set | bit) >>> 0
      }
      type.encode(writer, set, field, siblings)
    },
    decode(reader, at, end, siblings) {
      const value = type.decode(reader, at, end, siblings)
      const known = seen.get(value)
      if (known !== undefined) return known
      let rest = value
      const found: (Name | number)[] = []
      for (const [name, value] of byName) {
        if ((rest & value) >>> 0 !== value) continue
        found.push(name)
        rest = (rest & ~value) >>> 0
      }
      if (rest !== 0) found.push(rest)
      if (seen.size < mostSeen) seen.set(value, Object.freeze(found))
      return found
    },
  }
}
