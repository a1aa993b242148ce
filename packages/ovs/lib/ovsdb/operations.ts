// Encodes the operations of a transaction (RFC 7047, section 5.2), checked against the schema.
import { wrongValue } from 'netloom/errors'
import { checkKeys, checkObject } from 'netloom/values'
import { checkAtom, checkElements, checkMap, checkValue, encodeAtom, encodeValue, operandType } from './encode'
import type { Json } from './json'
import type { ColumnSchema, TableSchema } from './schema'
import { columnAt } from './where'

/** A row as JSON. */
export type JsonRow = Readonly<Record<string, Json>>

function writable(table: TableSchema, name: string): ColumnSchema {
  const column = columnAt(table, name, name)
  if (!name.startsWith('_')) return column
  throw wrongValue(`${table.name}.${name}`, 'left to the server', name)
}

function given(values: unknown, field: string): [string, unknown][] {
  return Object.entries(checkObject(values, field)).filter(([, value]) => value !== undefined)
}

/** The columns of a row to be inserted. */
export function insertedRow(table: TableSchema, values: unknown): JsonRow {
  const columns = given(values, 'values').map(([name, value]) => {
    const column = writable(table, name)
    return [name, encodeValue(column, checkValue(column, value, `${table.name}.${name}`))]
  })
  return Object.fromEntries(columns) as JsonRow
}

/** The columns that are to change. */
export function updatedRow(table: TableSchema, values: unknown): JsonRow {
  for (const [name] of given(values, 'changes')) refuseImmutable(table, writable(table, name))
  return insertedRow(table, values)
}

function refuseImmutable({ name: table }: TableSchema, { name, mutable }: ColumnSchema): void {
  if (!mutable) throw wrongValue(`${table}.${name}`, 'left out, as it cannot be changed', name)
}

/** A row that a wait compares with: any columns, `_uuid` too. */
export function expectedRow(table: TableSchema, values: unknown, field: string): JsonRow {
  const columns = given(values, field).map(([name, value]) => {
    const column = columnAt(table, name, name)
    return [name, encodeValue(column, checkValue(column, value, `${table.name}.${name}`))]
  })
  return Object.fromEntries(columns) as JsonRow
}

const arithmetic = ['+=', '-=', '*=', '/=', '%='] as const
const arithmeticKeys: ReadonlySet<string> = new Set(arithmetic)
const collectionKeys: ReadonlySet<string> = new Set(['insert', 'delete'])

function numberMutations(column: ColumnSchema, change: object, field: string): Json[] {
  checkKeys(change, arithmeticKeys, field)
  if (column.key.type !== 'integer' && column.key.type !== 'real') {
    throw wrongValue(field, `changed by update, as it is no number, set or map`, change)
  }
  const type = operandType(column.key)
  return given(change, field).map(([mutator, value]) => {
    if (column.key.type === 'real' && mutator === '%=') throw wrongValue(field, 'an integer for %=', value)
    const operand = checkAtom(type, value, `${field}.${mutator}`)
    if ((mutator === '/=' || mutator === '%=') && Number(operand) === 0) {
      throw wrongValue(`${field}.${mutator}`, 'another number than 0', value)
    }
    return [column.name, mutator, encodeAtom(type, operand)]
  })
}

function collection(column: ColumnSchema, value: unknown, field: string, isKeys: boolean): Json {
  if (column.shape !== 'map') return encodeValue(column, checkElements(column, value, field))
  if (!isKeys) return encodeValue(column, checkMap(column, value, field))
  return encodeValue({ ...column, shape: 'set', value: undefined }, checkElements(column, value, field))
}

// Deletions first, so that a key can get another value.
function collectionMutations(column: ColumnSchema, change: object, field: string): Json[] {
  checkKeys(change, collectionKeys, field)
  const { insert, delete: remove } = change as { insert?: unknown; delete?: unknown }
  const mutations: Json[] = []
  if (remove !== undefined) {
    mutations.push([column.name, 'delete', collection(column, remove, `${field}.delete`, Array.isArray(remove))])
  }
  if (insert !== undefined)
    mutations.push([column.name, 'insert', collection(column, insert, `${field}.insert`, false)])
  return mutations
}

/** The mutations of columns. */
export function mutationsOf(table: TableSchema, changes: unknown): Json[] {
  return given(changes, 'mutations').flatMap(([name, change]) => {
    const column = writable(table, name)
    refuseImmutable(table, column)
    const field = `${table.name}.${name}`
    const object = checkObject(change, field)
    return column.shape === 'set' || column.shape === 'map'
      ? collectionMutations(column, object, field)
      : numberMutations(column, object, field)
  })
}
