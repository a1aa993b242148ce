// A transaction while it is written: ordinary code calls these methods, and each adds an operation. Nothing is sent before
// the code has ended.
import { NetloomError, wrongType, wrongValue } from 'netloom/errors'
import { checkArray, checkKeys } from 'netloom/values'
import { checkMilliseconds } from './calls'
import { decodeColumns } from './decode'
import { malformed } from './errors'
import type { Json } from './json'
import { expectedRow, insertedRow, mutationsOf, updatedRow, type JsonRow } from './operations'
import { makeRow, NewRow, tableOf } from './rows'
import type { DatabaseSchema, TableSchema } from './schema'
import type {
  ColumnName,
  DatabaseTables,
  InsertValues,
  Mutations,
  Row,
  RowOf,
  TableName,
  UpdateValues,
  Where,
  Writable,
} from './types'
import { isUuid } from './uuid'
import { columnNames, encodeWhere, tableAt } from './where'

/** Rows of a table, named by conditions. From `Transaction.rows`. */
export class RowSelection<Table extends string = string> {
  /** The table. */
  readonly table: Table
  /** @internal */
  readonly where: readonly Json[]

  /** @internal */
  constructor(table: Table, where: readonly Json[]) {
    this.table = table
    this.where = where
  }
}

/** What an operation is for: a row that was read, one that the same transaction inserts, or all that meet conditions. */
export type Target<Table extends string> = Row<Table> | NewRow<Table> | RowSelection<Table>

/** What an operation gives, once the transaction has succeeded. */
export class Outcome<T> {
  #value: { readonly value: T } | undefined
  readonly #read: (result: JsonRow) => T

  /** @internal */
  constructor(read: (result: JsonRow) => T) {
    this.#read = read
  }

  /** The result. Throws as long as the transaction has not succeeded. */
  get value(): T {
    if (this.#value !== undefined) return this.#value.value
    throw new NetloomError(
      'an operation has no result before its transaction has succeeded',
      'ERR_NETLOOM_OVSDB_NOT_COMMITTED',
      { operation: 'transaction' },
    )
  }

  /** @internal */
  committed(result: JsonRow): void {
    this.#value = { value: this.#read(result) }
  }
}

/** When a wait is over. */
export interface WaitOptions<Column extends string = string> {
  /** Whether the rows must be as expected, or anything else. Default: `==`. */
  readonly until?: '==' | '!=' | undefined
  /**
   * Milliseconds that the server waits for it. Default: 0, which makes it a check: the code of the transaction runs again,
   * on newer rows, if it fails. With any other value the transaction fails after that time, with `timed out`.
   */
  readonly timeout?: number | undefined
  /** Which columns are compared. Default: all those of the expected rows. */
  readonly columns?: readonly Column[] | undefined
}

/** How a row is inserted. */
export interface InsertOptions {
  /**
   * The row's UUID, chosen by the caller (`crypto.randomUUID()`), who can look for it afterwards: after a lost connection, code
   * that runs again knows by it whether its row is there. Open vSwitch's server has it since 2.13. Default: the server chooses.
   */
  readonly uuid?: string | undefined
}

const insertKeys: ReadonlySet<string> = new Set(['uuid'])
const waitKeys: ReadonlySet<string> = new Set(['until', 'timeout', 'columns'])

interface Operation {
  readonly json: JsonRow
  readonly committed: (result: JsonRow) => void
}

const nothing = (): void => undefined

function countOf(result: JsonRow): number {
  if (Number.isSafeInteger(result.count)) return result.count as number
  throw malformed('a result without a count')
}

/** The operations of one transaction. Get one from `OvsdbClient.transaction`. */
export class Transaction<Tables extends DatabaseTables> {
  readonly #schema: DatabaseSchema
  readonly #operations: Operation[] = []
  #inserts = 0

  /** @internal */
  constructor(schema: DatabaseSchema) {
    this.#schema = schema
  }

  /** @internal */
  get operations(): readonly JsonRow[] {
    return this.#operations.map(({ json }) => json)
  }

  /** @internal */
  committed(results: readonly JsonRow[]): void {
    this.#operations.forEach(({ committed }, i) => {
      committed(results[i] ?? {})
    })
  }

  /**
   * Inserts a row. What this gives may stand for the row's UUID in the same transaction.
   * @example
   * const port = tx.insert('Port', { name: 'p1', interfaces: [tx.insert('Interface', { name: 'p1' })] })
   */
  insert<Table extends TableName<Tables>>(
    table: Table,
    values: InsertValues<RowOf<Tables, Table>>,
    options: InsertOptions = {},
  ): NewRow<Table> {
    checkKeys(options, insertKeys)
    const chosen = options.uuid
    if (chosen !== undefined && !isUuid(chosen)) throw wrongValue('uuid', 'a UUID of 36 characters', chosen)
    const row = insertedRow(tableAt(this.#schema, table), values)
    const inserted = new NewRow(table, `row${this.#inserts++}`)
    const json = { op: 'insert', table, row, 'uuid-name': inserted.name, ...(chosen !== undefined && { uuid: chosen }) }
    this.#add(json, ({ uuid }) => {
      const [, text] = (Array.isArray(uuid) ? uuid : []) as readonly Json[]
      if (!isUuid(text)) throw malformed('an insertion without a UUID')
      inserted.committed(text)
    })
    return inserted
  }

  /** Sets columns. Its outcome is the number of rows. */
  update<Table extends TableName<Tables>>(
    target: Target<Table>,
    changes: UpdateValues<RowOf<Tables, Table>, Tables[Table]['immutable']>,
  ): Outcome<number> {
    const { table, where } = this.#target(target)
    return this.#count({ op: 'update', table: table.name, where, row: updatedRow(table, changes) })
  }

  /**
   * Changes numbers, sets and maps relative to what they are when the server carries it out. Its outcome is the number of rows.
   * @example
   * tx.mutate(bridge, { ports: { insert: [port] }, external_ids: { delete: ['owner'], insert: { owner: 'me' } } })
   */
  mutate<Table extends TableName<Tables>>(
    target: Target<Table>,
    mutations: Mutations<RowOf<Tables, Table>, Tables[Table]['immutable']>,
  ): Outcome<number> {
    const { table, where } = this.#target(target)
    return this.#count({ op: 'mutate', table: table.name, where, mutations: mutationsOf(table, mutations) })
  }

  /** Deletes rows. Its outcome is their number. */
  delete(target: Target<TableName<Tables>>): Outcome<number> {
    const { table, where } = this.#target(target)
    return this.#count({ op: 'delete', table: table.name, where })
  }

  /** Reads rows as they are at this place of the transaction. Its outcome is the rows. */
  select<Table extends TableName<Tables>>(target: Target<Table>): Outcome<readonly RowOf<Tables, Table>[]>
  /** Reads some columns of rows as they are at this place of the transaction. Its outcome is the rows. */
  select<Table extends TableName<Tables>, Column extends ColumnName<RowOf<Tables, Table>>>(
    target: Target<Table>,
    columns: readonly Column[],
  ): Outcome<readonly Pick<RowOf<Tables, Table>, Column | '_uuid'>[]>
  select(target: Target<TableName<Tables>>, columns?: readonly string[]): Outcome<readonly unknown[]> {
    const { table, where } = this.#target(target)
    const names = columns && [...new Set(['_uuid', ...columnNames(table, columns, 'columns')])]
    const outcome = new Outcome(({ rows }) => {
      if (!Array.isArray(rows)) throw malformed('a selection without rows')
      return (rows as readonly Json[]).map((row) => makeRow(table.name, decodeColumns(table, row)))
    })
    this.#add({ op: 'select', table: table.name, where, ...(names && { columns: names }) }, (result) => {
      outcome.committed(result)
    })
    return outcome
  }

  /** Names rows by conditions, for the other methods. */
  rows<Table extends TableName<Tables>>(table: Table, where?: Where<RowOf<Tables, Table>>): RowSelection<Table> {
    return new RowSelection(table, encodeWhere(tableAt(this.#schema, table), where))
  }

  /**
   * Lets the transaction go on only if the target is just these rows, with these columns; none means that there must be none.
   * @example
   * tx.wait(tx.rows('Bridge', { name: 'br0' }), []) // nobody has made it yet
   */
  wait<Table extends TableName<Tables>>(
    target: Target<Table>,
    expected: readonly { readonly [C in keyof RowOf<Tables, Table>]?: Writable<RowOf<Tables, Table>[C]> }[],
    options: WaitOptions<ColumnName<RowOf<Tables, Table>>> = {},
  ): void {
    const { table, where } = this.#target(target)
    checkKeys(options, waitKeys)
    const { until = '==', timeout = 0, columns } = options
    if ((until as unknown) !== '==' && (until as unknown) !== '!=') throw wrongValue('until', '== or !=', until)
    checkMilliseconds(timeout, 'timeout')
    const rows = checkArray(expected, 'expected', 'an array of rows').map((row, i) =>
      expectedRow(table, row, `expected[${i}]`),
    )
    const named =
      columns === undefined ? rows.flatMap((row) => Object.keys(row)) : columnNames(table, columns, 'columns')
    const compared = named.length === 0 ? ['_uuid'] : [...new Set(named)]
    this.#add({ op: 'wait', table: table.name, where, columns: compared, until, rows, timeout }, nothing)
  }

  /**
   * Lets the transaction go on only if columns of a row are as they were when it was read: nobody has changed them since.
   * Otherwise the code of the transaction runs again.
   */
  verify<Table extends TableName<Tables>, R extends Row<Table>>(row: R, columns: readonly ColumnName<R>[]): void {
    const { table } = this.#target(row)
    const names = columnNames(table, columns, 'columns')
    const seen = Object.fromEntries(names.map((name) => [name, row[name as keyof R]]))
    const missing = names.find((name) => seen[name] === undefined)
    if (missing !== undefined) throw wrongValue('columns', `columns that were read, which ${missing} was not`, columns)
    this.wait(row, [seen as never], { columns: names as never })
  }

  /** Writes words into the database's log, beside the transaction. */
  comment(words: string): void {
    if (typeof words !== 'string') throw wrongType('words', 'a string', words)
    this.#add({ op: 'comment', comment: words }, nothing)
  }

  /** Lets the transaction fail, with `not owner`, if this client does not own the lock. */
  assert(lock: string): void {
    if (typeof lock !== 'string') throw wrongType('lock', 'the name of a lock', lock)
    this.#add({ op: 'assert', lock }, nothing)
  }

  /** Lets the transaction succeed only when it is on the disk. */
  durable(): void {
    this.#add({ op: 'commit', durable: true }, nothing)
  }

  /** Lets the transaction fail, with `aborted`, after all operations before were tried. */
  abort(): void {
    this.#add({ op: 'abort' }, nothing)
  }

  #add(json: JsonRow, committed: (result: JsonRow) => void): void {
    this.#operations.push({ json, committed })
  }

  #count(json: JsonRow): Outcome<number> {
    const outcome = new Outcome(countOf)
    this.#add(json, (result) => {
      outcome.committed(result)
    })
    return outcome
  }

  #target(target: Target<string>): { table: TableSchema; where: readonly Json[] } {
    if (target instanceof RowSelection) return { table: tableAt(this.#schema, target.table), where: target.where }
    if (target instanceof NewRow) {
      return { table: tableAt(this.#schema, target.table), where: [['_uuid', '==', ['named-uuid', target.name]]] }
    }
    const name = typeof target === 'object' && (target as Row | null) !== null ? tableOf(target) : undefined
    if (name === undefined) throw wrongType('target', 'a row that was read, a new row, or rows of a table', target)
    return { table: tableAt(this.#schema, name), where: [['_uuid', '==', ['uuid', target._uuid]]] }
  }
}
