// Declares the columns of a resource's properties, for checks, writing and reading.
import { wrongType } from 'netloom/errors'
import { checkKeys, printableThroughout } from 'netloom/values'
import type { Transaction, Target } from './ovsdb/transaction'
import type { ColumnValue, Row } from './ovsdb/types'
import type { OpenVswitch } from './ovsdb/index'
import type { Codec } from './codecs'

/** Names of the tables of the database. */
export type Table = keyof OpenVswitch.Tables

/** A transaction on Open vSwitch's database. */
export type Tx = Transaction<OpenVswitch.Tables>

/** The properties of a resource: each one's column and codec. */
export type Columns<Properties> = {
  readonly [Name in keyof Properties]-?: readonly [column: string, codec: Codec]
}

type AnyColumns = Readonly<Record<string, readonly [column: string, codec: Codec]>>

/** Columns with what they get. */
export type Values = Record<string, unknown>

function pathOf(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`
}

function entriesOf(columns: AnyColumns, given: unknown, prefix: string, more: readonly string[]): [string, unknown][] {
  checkKeys(given, new Set([...Object.keys(columns), ...more]), prefix)
  return Object.entries(given as object).filter(
    ([name, value]) => value !== undefined && Object.hasOwn(columns, name),
  ) as [string, unknown][]
}

/** The columns of a new row; `more` are options that are not columns. A key of a map with `null` is left out. */
export function newValues(columns: AnyColumns, given: unknown, prefix = '', more: readonly string[] = []): Values {
  const values: Values = {}
  for (const [name, value] of entriesOf(columns, given, prefix, more)) {
    const [column, codec] = columns[name] ?? []
    if (column === undefined || codec === undefined) continue
    if (value === null && codec.empty !== undefined) continue
    const written = codec.write(value, pathOf(prefix, name))
    values[column] =
      codec.byKey === true
        ? Object.fromEntries(Object.entries(written as object).filter(([, each]) => each !== null))
        : written
  }
  return values
}

/** Changes of a row: columns that get a value, and maps of which keys change. */
export interface Changes {
  readonly update: Values
  readonly mutate: Record<string, { readonly delete: readonly string[]; readonly insert: Values }>
}

/** The changes of an existing row. */
export function changedValues(columns: AnyColumns, given: unknown, prefix = '', more: readonly string[] = []): Changes {
  const changes: Changes = { update: {}, mutate: {} }
  for (const [name, value] of entriesOf(columns, given, prefix, more)) {
    const [column, codec] = columns[name] ?? []
    if (column === undefined || codec === undefined) continue
    const field = pathOf(prefix, name)
    if (value === null) {
      if (codec.empty === undefined) throw wrongType(field, 'a value, as it cannot be empty', value)
      changes.update[column] = codec.empty
      continue
    }
    const written = codec.write(value, field)
    if (codec.byKey === true) changeKeys(changes, column, written as Values)
    else changes.update[column] = written
  }
  return changes
}

/** Changes keys of a map; removes those with `null`. */
export function changeKeys({ mutate }: Changes, column: string, keys: Readonly<Values>): void {
  const before = mutate[column]
  mutate[column] = {
    delete: [...(before?.delete ?? []), ...Object.keys(keys)],
    insert: { ...before?.insert, ...Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null)) },
  }
}

/** Whether there are no changes. */
export function isEmpty({ update, mutate }: Changes): boolean {
  return Object.keys(update).length === 0 && Object.keys(mutate).length === 0
}

/** Writes changes of a row into a transaction. */
export function writeChanges(tx: Tx, target: Target<Table>, { update, mutate }: Changes): void {
  if (Object.keys(update).length > 0) tx.update(target as Target<'Open_vSwitch'>, update)
  if (Object.keys(mutate).length > 0) tx.mutate(target as Target<'Open_vSwitch'>, mutate)
}

/** The properties of a row, without those that are empty. */
export function readRow<Properties>(columns: Columns<Properties>, row: Row): Properties {
  const properties: Record<string, unknown> = {}
  for (const [name, [column, codec]] of Object.entries(columns as AnyColumns)) {
    const value = (row as unknown as Readonly<Record<string, ColumnValue | undefined>>)[column]
    if (value === undefined) continue
    const read = codec.read(value)
    if (read !== undefined) properties[name] = read
  }
  return printableThroughout(properties) as Properties
}
