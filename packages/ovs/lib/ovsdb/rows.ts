// Rows as objects: with the table of a row that was read, and rows that a transaction inserts.
import { NetloomError } from 'netloom/errors'
import { printable } from 'netloom/values'
import type { ColumnValue, Row, Uuid } from './types'

const tables = new WeakMap<object, string>()

/** Makes a frozen row from columns, for which `tableOf` returns its table. */
export function makeRow(table: string, columns: Readonly<Record<string, ColumnValue>>): Row {
  const row = Object.freeze(printable(columns))
  tables.set(row, table)
  return row as unknown as Row
}

/** The table that a row was read from; undefined for any other object. */
export function tableOf(row: object): string | undefined {
  return tables.get(row)
}

/** A row that a transaction inserts. It may be referred to in the same transaction, wherever a UUID may stand. */
export class NewRow<Table extends string = string> {
  /** The table that it is for. */
  readonly table: Table
  /** Its name in the transaction (`uuid-name`). */
  readonly name: string
  #uuid: Uuid<Table> | undefined

  /** @internal */
  constructor(table: Table, name: string) {
    this.table = table
    this.name = name
  }

  /** The UUID that the server gave it. Throws as long as the transaction has not succeeded. */
  get uuid(): Uuid<Table> {
    if (this.#uuid !== undefined) return this.#uuid
    throw new NetloomError(
      `the row that is inserted into ${this.table} has no UUID before the transaction has succeeded`,
      'ERR_NETLOOM_OVSDB_NOT_COMMITTED',
      { operation: 'transaction' },
    )
  }

  /** @internal */
  committed(uuid: string): void {
    this.#uuid = uuid as Uuid<Table>
  }
}
