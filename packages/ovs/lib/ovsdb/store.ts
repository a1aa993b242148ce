// The rows of one table, found by their UUID and by indexes.
import { wrongType } from 'netloom/errors'
import { checkObject } from 'netloom/values'
import { emptyColumns } from './decode'
import { checkValue } from './encode'
import { keyOf, sameValue } from './equality'
import type { TableSchema } from './schema'
import type { ColumnValue, Row } from './types'
import { columnAt } from './where'

type Valued = Readonly<Record<string, ColumnValue>>

/** Rows by the values of some columns. */
class Index {
  readonly columns: readonly string[]
  readonly #rows = new Map<string, Map<string, Row>>()

  constructor(columns: readonly string[]) {
    this.columns = columns
  }

  #key(values: Valued): string {
    const keys = this.columns.map((column) => keyOf(values[column] ?? null))
    return keys.length === 1 ? (keys[0] ?? '') : JSON.stringify(keys)
  }

  add(row: Row): void {
    const key = this.#key(row as Row & Valued)
    const rows = this.#rows.get(key)
    if (rows === undefined) this.#rows.set(key, new Map([[row._uuid, row]]))
    else rows.set(row._uuid, row)
  }

  remove(row: Row): void {
    const key = this.#key(row as Row & Valued)
    const rows = this.#rows.get(key)
    if (rows === undefined) return
    rows.delete(row._uuid)
    if (rows.size === 0) this.#rows.delete(key)
  }

  rows(values: Valued): Iterable<Row> {
    return this.#rows.get(this.#key(values))?.values() ?? []
  }
}

/** The rows of one table. */
export class RowStore implements Iterable<Row> {
  readonly #table: TableSchema
  /** The columns that the rows have. */
  readonly #columns: ReadonlySet<string>
  readonly #rows = new Map<string, Row>()
  readonly #indexes: readonly Index[]

  constructor(table: TableSchema, columns: ReadonlySet<string>, indexes: readonly (readonly string[])[]) {
    this.#table = table
    this.#columns = columns
    for (const index of indexes) this.#checkMonitored(index)
    this.#indexes = indexes.map((index) => new Index(index))
  }

  get size(): number {
    return this.#rows.size
  }

  get(uuid: string): Row | undefined {
    return this.#rows.get(uuid)
  }

  set(row: Row): void {
    const old = this.#rows.get(row._uuid)
    this.#rows.set(row._uuid, row)
    for (const index of this.#indexes) {
      if (old !== undefined) index.remove(old)
      index.add(row)
    }
  }

  delete(uuid: string): Row | undefined {
    const old = this.#rows.get(uuid)
    if (old === undefined) return undefined
    this.#rows.delete(uuid)
    for (const index of this.#indexes) index.remove(old)
    return old
  }

  [Symbol.iterator](): Iterator<Row> {
    return this.#rows.values()
  }

  #checkMonitored(columns: readonly string[]): void {
    const missing = columns.find((column) => column !== '_uuid' && !this.#columns.has(column))
    if (missing === undefined) return
    throw wrongType(`${this.#table.name}.${missing}`, 'one of the columns that are monitored', missing)
  }

  /** The rows whose columns are equal to all of these values: by an index if there is one for some of the columns. */
  *matching(where: unknown): Iterable<Row> {
    const given = Object.entries(checkObject(where, 'where', 'an object of columns with their values')).filter(
      ([, value]) => value !== undefined,
    )
    const values = emptyColumns()
    for (const [name, value] of given) {
      const column = columnAt(this.#table, name, name)
      values[name] = checkValue(column, value, `${this.#table.name}.${name}`) as ColumnValue
    }
    const names = Object.keys(values)
    this.#checkMonitored(names)
    for (const row of this.#candidates(values)) {
      if (names.every((name) => sameValue((row as Row & Valued)[name] ?? null, values[name] ?? null))) yield row
    }
  }

  #candidates(values: Valued): Iterable<Row> {
    const { _uuid: uuid } = values
    if (typeof uuid === 'string') return [this.#rows.get(uuid)].filter((row) => row !== undefined)
    const index = this.#indexes.find(({ columns }) => columns.every((column) => column in values))
    return index === undefined ? this.#rows.values() : index.rows(values)
  }
}
