// Where things stand in messages, by the kernel's names: for patterns and recipes, which the addon compares bytes by. The tables
// have the numbers, and the audit compares those with the kernel's headers.
import type { AttributeSet, AttributeTable } from '../../wire/attributes'
import type { Fields, Struct } from '../../wire/struct'
import type { HeaderRange } from './recipe'

/** The number of an attribute by its name in the kernel, without the set's prefix: `OIF` of RTA_. */
export function attributeNumber(set: Pick<AttributeSet<AttributeTable>, 'table' | 'prefix'>, name: string): number {
  const found = Object.values(set.table).find(([symbol]) => symbol === name)
  if (found === undefined) throw new Error(`no attribute ${set.prefix}${name} is declared`)
  return found[1]
}

/** The same of several. */
export function numbersOf(set: Pick<AttributeSet<AttributeTable>, 'table' | 'prefix'>, ...names: string[]): number[] {
  return names.map((name) => attributeNumber(set, name))
}

/** Where a field of a struct stands, by its name in C. */
export function rangeOf(struct: Pick<Struct<Fields>, 'name' | 'fields' | 'offsets'>, name: string): HeaderRange {
  const found = Object.entries(struct.fields).find(([, [symbol]]) => symbol === name)
  const at = found === undefined ? undefined : struct.offsets.get(found[0])
  if (found === undefined || at === undefined) throw new Error(`struct ${struct.name} has no field ${name}`)
  return [at, found[1][1].size]
}

/** Where several fields stand; those that follow one another are one. */
export function rangesOf(struct: Parameters<typeof rangeOf>[0], ...names: string[]): HeaderRange[] {
  const ranges: HeaderRange[] = []
  for (const name of names) {
    const [at, size] = rangeOf(struct, name)
    const last = ranges.at(-1)
    if (last !== undefined && last[0] + last[1] === at) ranges[ranges.length - 1] = [last[0], last[1] + size]
    else ranges.push([at, size])
  }
  return ranges
}

/** Where a field begins. */
export function offsetOf(struct: Parameters<typeof rangeOf>[0], name: string): number {
  return rangeOf(struct, name)[0]
}
