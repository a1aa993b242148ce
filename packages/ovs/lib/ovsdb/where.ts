// Conditions (RFC 7047, section 5.1): which rows an operation or a monitor is about.
import { unknownOption, wrongType, wrongValue } from 'netloom/errors'
import { checkArray, checkKeys } from 'netloom/values'
import { checkElements, checkMap, checkValue, encodeValue } from './encode'
import type { Json } from './json'
import type { ColumnSchema, DatabaseSchema, TableSchema } from './schema'
import type { ConditionFunction } from './types'

const functions: ReadonlySet<unknown> = new Set<ConditionFunction>([
  '<',
  '<=',
  '==',
  '!=',
  '>=',
  '>',
  'includes',
  'excludes',
])

/** The schema of a table. Throws a TypeError, naming `field`, if there is none. */
export function tableAt(schema: DatabaseSchema, name: unknown, field = 'table'): TableSchema {
  const table = typeof name === 'string' ? schema.tables.get(name) : undefined
  if (table !== undefined) return table
  throw wrongValue(field, `a table of ${schema.name}`, name)
}

/** The schema of a column. Throws a TypeError, naming the column, if there is none. */
export function columnAt(table: TableSchema, name: unknown, field: string): ColumnSchema {
  if (typeof name !== 'string') throw wrongType(field, `the name of a column of ${table.name}`, name)
  const column = table.columns.get(name)
  if (column !== undefined) return column
  throw unknownOption(`${table.name}.${name}`, name, table.columns.keys())
}

/** The names of columns, checked. */
export function columnNames(table: TableSchema, names: unknown, field: string): readonly string[] {
  return checkArray(names, field, 'an array of names of columns').map(
    (name, i) => columnAt(table, name, `${field}[${i}]`).name,
  )
}

/** What a column is compared with: `includes` and `excludes` take any number of elements. */
function comparedWith(column: ColumnSchema, compare: ConditionFunction, value: unknown, field: string): Json {
  const partial = compare === 'includes' || compare === 'excludes'
  if (partial && column.shape === 'set') return encodeValue(column, checkElements(column, value, field))
  if (partial && column.shape === 'map') return encodeValue(column, checkMap(column, value, field))
  return encodeValue(column, checkValue(column, value, field))
}

function clause(table: TableSchema, given: unknown, field: string): Json {
  if (!Array.isArray(given) || given.length !== 3) throw wrongType(field, '[column, function, value]', given)
  const [name, compare, value] = given as readonly unknown[]
  const column = columnAt(table, name, `${field}[0]`)
  if (!functions.has(compare)) throw wrongValue(`${field}[1]`, `one of ${[...functions].join(' ')}`, compare)
  const checked = compare as ConditionFunction
  return [column.name, checked, comparedWith(column, checked, value, `${table.name}.${column.name}`)]
}

/** Writes conditions; none mean all rows. */
export function encodeWhere(table: TableSchema, where: unknown, field = 'where'): Json[] {
  if (where === undefined) return []
  if (Array.isArray(where)) return checkArray(where, field).map((each, i) => clause(table, each, `${field}[${i}]`))
  checkKeys(where, new Set(table.columns.keys()), field)
  return Object.entries(where as object)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => clause(table, [name, '==', value], field))
}
