// Values of columns as the server sends them (RFC 7047, section 5.1), made into values of JavaScript.
import { malformed } from './errors'
import type { Json } from './json'
import { integerRange, type BaseType, type ColumnSchema, type TableSchema } from './schema'
import type { Atom, ColumnValue } from './types'

/** The columns of a row that is being decoded. */
export type Columns = Record<string, ColumnValue>

/** An object without a prototype, as a column may be called `constructor`. */
export function emptyColumns(given?: Readonly<Columns>): Columns {
  return Object.assign(Object.create(null) as Columns, given)
}

type Pair = readonly [Json, Json]

function isTagged(json: Json, tag: string): json is Pair {
  return Array.isArray(json) && json.length === 2 && json[0] === tag
}

function isInteger64(json: Json): json is number | bigint {
  if (typeof json !== 'bigint' && !Number.isInteger(json)) return false
  return (json as number | bigint) >= integerRange.minimum && (json as number | bigint) <= integerRange.maximum
}

function atom(type: BaseType, json: Json, column: string): Atom {
  switch (type.type) {
    case 'integer':
      if (type.wide && isInteger64(json)) return BigInt(json)
      if (!type.wide && Number.isSafeInteger(json)) return json as number
      break
    case 'real':
      // JSON.parse reads 1e999 as Infinity.
      if (typeof json === 'bigint' || Number.isFinite(json)) return Number(json)
      break
    case 'boolean':
      if (typeof json === 'boolean') return json
      break
    case 'string':
      if (typeof json === 'string') return json
      break
    case 'uuid':
      if (isTagged(json, 'uuid') && typeof json[1] === 'string') return json[1]
  }
  throw malformed(`a value of ${column} that is no ${type.type}`)
}

function elements(json: Json): readonly Json[] {
  return isTagged(json, 'set') && Array.isArray(json[1]) ? (json[1] as readonly Json[]) : [json]
}

function map(key: BaseType, value: BaseType, json: Json, column: string): ReadonlyMap<Atom, Atom> {
  const pairs = isTagged(json, 'map') ? json[1] : undefined
  // A map without pairs may come as an empty set.
  if (isTagged(json, 'set') && Array.isArray(json[1]) && json[1].length === 0) return new Map()
  if (!Array.isArray(pairs)) throw malformed(`a value of ${column} that is no map`)
  const read = new Map<Atom, Atom>()
  for (const pair of pairs as readonly Json[]) {
    if (!Array.isArray(pair) || pair.length !== 2) throw malformed(`a pair of ${column} that is none`)
    const [k, v] = pair as unknown as Pair
    read.set(atom(key, k, column), atom(value, v, column))
  }
  return read
}

/** Decodes the value of a column. Throws an OvsdbProtocolError if it is not of the column's type. */
export function decodeColumn({ name, shape, key, value }: ColumnSchema, json: Json): ColumnValue {
  if (value !== undefined) return map(key, value, json, name)
  // The usual case, without an array in between.
  if (shape !== 'set' && !isTagged(json, 'set')) return atom(key, json, name)
  const atoms = elements(json).map((each) => atom(key, each, name))
  if (shape === 'set') return atoms
  const [single] = atoms
  if (single !== undefined && atoms.length === 1) return single
  if (shape === 'optional' && atoms.length === 0) return null
  throw malformed(`a value of ${name} that is not one`)
}

/** Reads the columns of a row. */
export function decodeColumns(table: TableSchema, json: Json): Columns {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw malformed(`a row of ${table.name} that is no object`)
  }
  const columns = emptyColumns()
  for (const [name, value] of Object.entries(json as Readonly<Record<string, Json>>)) {
    const column = table.columns.get(name)
    if (column === undefined) throw malformed(`a column ${table.name}.${name}, which the schema has not`)
    columns[name] = decodeColumn(column, value)
  }
  return columns
}

const zero: Readonly<Record<BaseType['type'], Atom>> = {
  integer: 0,
  real: 0,
  boolean: false,
  string: '',
  uuid: '00000000-0000-0000-0000-000000000000',
}

/**
 * The default of a column that was never written, which monitors leave out: the type's zero, even if the schema does not allow it
 * (the server then refuses such a row).
 */
export function defaultValue({ shape, key, min }: ColumnSchema): ColumnValue {
  if (shape === 'map') return new Map()
  if (shape === 'optional') return null
  const atom = key.wide ? 0n : zero[key.type]
  return shape === 'scalar' ? atom : min === 0 ? [] : [atom]
}
