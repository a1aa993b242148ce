// Attributes of which one is a struct: one flat object, in which the struct's fields stand beside the other attributes.
import { attributes, type AttributesOf, type AttributeSet, type AttributeTable } from '../wire/attributes'
import type { Fields, Struct, StructValue } from '../wire/struct'
import { mapped, unnamed, type Mapped } from './kind'

type Flat<H extends Fields, Table extends AttributeTable, Key extends keyof Table> = Partial<StructValue<H>> &
  Omit<AttributesOf<Table>, Key | 'unknown'>

/** What may be given: nothing that the kernel only reports. */
type Settable<H extends Fields, Table extends AttributeTable, Key extends keyof Table> = Omit<
  Flat<H, Table, Key>,
  | { [K in keyof Table]: Table[K][2] extends { readonly reported: true } ? K : never }[keyof Table]
  | { [K in keyof H]: H[K][1] extends { readonly reported: true } ? K : never }[keyof H]
>

/**
 * Lifts the fields of the struct in the attribute `key` to where the other attributes are.
 * @param defaults - What the struct has where nothing is said.
 * @param check - Refuses what the kernel would refuse without naming it.
 */
export function lifted<H extends Fields, Table extends AttributeTable, Key extends keyof Table & string>(
  head: Struct<H>,
  set: AttributeSet<Table>,
  key: Key,
  defaults: (given: Settable<H, Table, Key>) => Partial<StructValue<H>> = () => ({}),
  check: (given: Settable<H, Table, Key>) => void = () => undefined,
): Mapped<Settable<H, Table, Key>, Flat<H, Table, Key>> {
  const inHead = new Set(Object.keys(head.fields))
  const [symbol, number] = set.table[key] ?? ['', 0]
  const compiled = attributes(set.prefix, { ...set.table, [key]: [symbol, number, unnamed(head)] })
  const isReported = (type: object): boolean => 'reported' in type || 'ignored' in type
  const all = [
    ...Object.entries(head.fields).map(([name, [, type]]) => [name, isReported(type)] as const),
    ...Object.entries(set.table).map(([name, [, , type]]) => [name, isReported(type)] as const),
  ].filter(([name]) => name !== key && !name.startsWith('_'))
  return mapped<AttributesOf<Table>, Settable<H, Table, Key>, Flat<H, Table, Key>>(
    compiled,
    {
      takes: all.filter(([, reported]) => !reported).map(([name]) => name) as never[],
      reports: all.filter(([, reported]) => reported).map(([name]) => name),
    },
    (given) => {
      check(given)
      const entries = Object.entries(given).filter(([, value]) => value !== undefined)
      const header = Object.fromEntries(entries.filter(([name]) => inHead.has(name)))
      const rest = Object.fromEntries(entries.filter(([name]) => !inHead.has(name)))
      return { [key]: { ...defaults(given), ...header }, ...rest } as AttributesOf<Table>
    },
    (wire) => {
      const { [key]: header, unknown: _, ...rest } = wire as Record<string, unknown>
      return { ...(header as object), ...rest } as Flat<H, Table, Key>
    },
  )
}
