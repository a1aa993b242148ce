// A copy of some tables from a monitor's messages: the first contents, then changes. Does no I/O.
import { decodeColumn, decodeColumns, defaultValue, emptyColumns, type Columns } from './decode'
import { malformed } from './errors'
import { diffed, sameValue } from './equality'
import type { Json } from './json'
import { makeRow } from './rows'
import type { ColumnSchema, DatabaseSchema, TableSchema } from './schema'
import { RowStore } from './store'
import type { Row } from './types'
import { isUuid } from './uuid'
import { columnNames, encodeWhere, tableAt } from './where'

/** A checked request for a table. */
export interface TableRequest {
  readonly columns?: readonly string[] | undefined
  readonly where?: unknown
  readonly indexes?: readonly (readonly string[])[] | undefined
}

/** One row that changed. */
export interface MirrorChange {
  readonly table: string
  readonly type: 'insert' | 'modify' | 'delete'
  readonly uuid: string
  readonly row: Row | undefined
  readonly old: Row | undefined
}

type JsonObject = Readonly<Record<string, Json>>

function object(json: Json | undefined, what: string): JsonObject {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as JsonObject
  throw malformed(`${what} that is no object`)
}

interface MirrorTable {
  readonly schema: TableSchema
  readonly columns: readonly ColumnSchema[]
  readonly where: readonly Json[]
  readonly store: RowStore
}

/** A copy of some tables. */
export class Mirror {
  readonly schema: DatabaseSchema
  readonly #tables = new Map<string, MirrorTable>()

  constructor(schema: DatabaseSchema, requests: Readonly<Record<string, TableRequest>>) {
    this.schema = schema
    for (const [name, { columns, where, indexes = [] }] of Object.entries(requests)) {
      const table = tableAt(schema, name, 'tables')
      const all = [...table.columns.keys()].filter((column) => !column.startsWith('_'))
      const names = new Set(columns === undefined ? all : columnNames(table, columns, `${name}.columns`))
      names.delete('_uuid')
      const own = table.indexes.filter((index) => index.every((column) => names.has(column)))
      const asked = indexes.map((index, i) => columnNames(table, index, `${name}.indexes[${i}]`))
      const monitored = [...names].map((column) => table.columns.get(column)).filter((column) => column !== undefined)
      this.#tables.set(name, {
        schema: table,
        columns: monitored,
        where: encodeWhere(table, where, `${name}.where`),
        store: new RowStore(table, names, [...own, ...asked]),
      })
    }
  }

  /** The rows of a table. */
  store(name: string): RowStore | undefined {
    return this.#tables.get(name)?.store
  }

  /** Whether only some rows are wanted. */
  get conditional(): boolean {
    return [...this.#tables.values()].some(({ where }) => where.length > 0)
  }

  /** The request for `monitor`, which has no conditions, and for its successors, which have. */
  request(withConditions: boolean): Json {
    const requests = [...this.#tables].map(([name, { columns, where }]) => {
      const names = columns.map((column) => column.name)
      return [name, [withConditions && where.length > 0 ? { columns: names, where } : { columns: names }]]
    })
    return Object.fromEntries(requests) as Json
  }

  /** Takes over all rows of another mirror, which may have an older schema. */
  adopt(other: Mirror): void {
    for (const [name, { store }] of this.#tables) {
      for (const row of other.store(name) ?? []) store.set(row)
    }
  }

  /**
   * Applies contents or changes, in the form of `monitor` or of its successors. With `whole`, deletes all other rows.
   */
  apply(updates: Json, whole: boolean): MirrorChange[] {
    // Decodes all before it applies any: a malformed message changes nothing.
    const read: (readonly [table: MirrorTable, uuid: string, columns: Columns | undefined])[] = []
    const seen = new Map<string, Set<string>>()
    for (const [name, rows] of Object.entries(object(updates, 'an update'))) {
      const table = this.#tables.get(name)
      if (table === undefined) throw malformed(`an update of the table ${name}, which is not monitored`)
      const uuids = Object.entries(object(rows, `an update of ${name}`)).map(([uuid, update]) => {
        if (!isUuid(uuid)) throw malformed(`an update of a row of ${name} without a UUID`)
        read.push([table, uuid, this.#readRow(table, uuid, object(update, `an update of a row of ${name}`))])
        return uuid
      })
      seen.set(name, new Set(uuids))
    }
    const changes: MirrorChange[] = []
    for (const [table, uuid, columns] of read) {
      if (columns === undefined) this.#remove(table, uuid, changes)
      else this.#put(table, uuid, columns, changes)
    }
    if (whole) this.#dropOthers(seen, changes)
    return changes
  }

  #dropOthers(seen: ReadonlyMap<string, ReadonlySet<string>>, changes: MirrorChange[]): void {
    for (const [name, table] of this.#tables) {
      const gone = [...table.store].filter(({ _uuid: uuid }) => seen.get(name)?.has(uuid) !== true)
      for (const { _uuid: uuid } of gone) this.#remove(table, uuid, changes)
    }
  }

  /** The row after an update; undefined if it was deleted. */
  #readRow(table: MirrorTable, uuid: string, update: JsonObject): Columns | undefined {
    const { initial, insert, modify, new: now } = update
    // A row-update2 omits what is default; a row-update of RFC 7047 has all columns in `new`.
    const whole = initial ?? insert ?? now
    if (whole !== undefined && whole !== null) return this.#completed(table, whole)
    if (modify !== undefined) return this.#modified(table, uuid, modify)
    if ('delete' in update || 'old' in update) return undefined
    throw malformed(`an update of a row of ${table.schema.name} of an unknown kind`)
  }

  #completed({ schema, columns }: MirrorTable, json: Json): Columns {
    const given = decodeColumns(schema, json)
    const completed = emptyColumns()
    // An optional column that is empty is null, which is its default as well.
    for (const column of columns) completed[column.name] = given[column.name] ?? defaultValue(column)
    return completed
  }

  #modified({ schema, store }: MirrorTable, uuid: string, json: Json): Columns {
    const old = store.get(uuid) as (Row & Columns) | undefined
    if (old === undefined) throw malformed(`a change of a row of ${schema.name} that is not there`)
    const columns = emptyColumns(old)
    for (const [name, difference] of Object.entries(object(json, `a change of a row of ${schema.name}`))) {
      const column = schema.columns.get(name)
      const before = columns[name]
      if (column === undefined || before === undefined) throw malformed(`a change of ${schema.name}.${name}`)
      columns[name] = diffed(column, before, decodeColumn(column, difference))
    }
    return columns
  }

  #put({ schema, store }: MirrorTable, uuid: string, columns: Columns, changes: MirrorChange[]): void {
    const old = store.get(uuid)
    if (old !== undefined && sameColumns(old, columns)) return
    columns._uuid = uuid
    const row = makeRow(schema.name, columns)
    store.set(row)
    changes.push({ table: schema.name, type: old === undefined ? 'insert' : 'modify', uuid, row, old })
  }

  #remove({ schema, store }: MirrorTable, uuid: string, changes: MirrorChange[]): void {
    const old = store.delete(uuid)
    if (old !== undefined) changes.push({ table: schema.name, type: 'delete', uuid, row: undefined, old })
  }
}

function sameColumns(row: Row, columns: Columns): boolean {
  const old = row as Row & Columns
  // By an older schema the row may have had others.
  if (Object.keys(old).some((name) => name !== '_uuid' && !(name in columns))) return false
  return Object.entries(columns).every(([name, value]) => {
    const before = old[name]
    return before !== undefined && sameValue(before, value)
  })
}
