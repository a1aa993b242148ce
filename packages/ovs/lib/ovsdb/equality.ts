// Values of columns compared, combined with differences (update2), and as keys of an index.
import type { ColumnSchema } from './schema'
import type { Atom, ColumnValue } from './types'

function isMap(value: ColumnValue): value is ReadonlyMap<Atom, Atom> {
  return value instanceof Map
}

function isSet(value: ColumnValue): value is readonly Atom[] {
  return Array.isArray(value)
}

/** Whether two values of one column are the same; the order of a set or map is none. */
export function sameValue(a: ColumnValue, b: ColumnValue): boolean {
  if (isMap(a)) return isMap(b) && a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)
  if (!isSet(a)) return a === b
  if (!isSet(b) || a.length !== b.length) return false
  if (a.every((atom, i) => atom === b[i])) return true
  const others = new Set(b)
  return a.every((atom) => others.has(atom))
}

/**
 * The new value of a column, from its old one and the difference that the server has sent: for a set the elements in only one of
 * them, for a map the pairs that differ, for all others the new value.
 */
export function diffed({ shape, max }: ColumnSchema, before: ColumnValue, difference: ColumnValue): ColumnValue {
  if (max <= 1) return difference
  if (shape === 'set' && isSet(before) && isSet(difference)) {
    const now = new Set(before)
    for (const atom of difference) if (!now.delete(atom)) now.add(atom)
    return [...now].sort(order)
  }
  if (isMap(before) && isMap(difference)) {
    const now = new Map(before)
    for (const [key, value] of difference) {
      if (now.get(key) === value) now.delete(key)
      else now.set(key, value)
    }
    return now
  }
  return difference
}

// As the server sorts a set.
function order(a: Atom, b: Atom): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** A text that is equal for two values of one column only if the values are. */
export function keyOf(value: ColumnValue): string {
  if (value === null) return ''
  if (isMap(value)) return JSON.stringify([...value].map(([key, atom]) => [String(key), String(atom)]).sort())
  if (isSet(value)) return JSON.stringify(value.map(String).sort())
  return `=${String(value)}`
}
