// A database's schema (RFC 7047, section 3.2), read once into what encoding and decoding need.
import { malformed } from './errors'
import type { Json } from './json'

/** The types of a column's atoms. */
export type AtomicType = 'integer' | 'real' | 'boolean' | 'string' | 'uuid'

/** The type of an atom: of a value, of a set's elements, of a map's keys or values. */
export interface BaseType {
  /** Which of the five. */
  readonly type: AtomicType
  /** The values that are allowed; undefined for all. */
  readonly enum: readonly (string | number | bigint | boolean)[] | undefined
  /** The smallest number that is allowed. */
  readonly minimum: bigint | number | undefined
  /** The largest number that is allowed. */
  readonly maximum: bigint | number | undefined
  /** The fewest characters of a string. */
  readonly minLength: number
  /** The most characters of a string. */
  readonly maxLength: number
  /** The table that a uuid refers to. */
  readonly refTable: string | undefined
  /** `strong` for a reference that keeps its row alive. */
  readonly refType: 'strong' | 'weak' | undefined
  /** For an integer: true if a `number` may not hold all that are allowed, so that it is a bigint. */
  readonly wide: boolean
}

/** What a column holds. */
export type ColumnShape = 'scalar' | 'optional' | 'set' | 'map'

/** A column of a table. */
export interface ColumnSchema {
  /** The name. */
  readonly name: string
  /** `scalar`: exactly one; `optional`: one or none; `set`: any other number; `map`: keys with values. */
  readonly shape: ColumnShape
  /** The type of the value, of a set's elements, or of a map's keys. */
  readonly key: BaseType
  /** The type of a map's values. */
  readonly value: BaseType | undefined
  /** The fewest elements. */
  readonly min: number
  /** The most elements; Infinity for any number. */
  readonly max: number
  /** False for what is set when the row is inserted, and never again. */
  readonly mutable: boolean
  /** True for what is lost when the server ends. */
  readonly ephemeral: boolean
}

/** A table. */
export interface TableSchema {
  /** The name. */
  readonly name: string
  /** The columns by name, `_uuid` and `_version` among them. */
  readonly columns: ReadonlyMap<string, ColumnSchema>
  /** Sets of columns that no two rows have in common. */
  readonly indexes: readonly (readonly string[])[]
  /** False if a row goes when nothing refers to it any more. */
  readonly isRoot: boolean
  /** The most rows; Infinity for any number. */
  readonly maxRows: number
}

/** The schema of a database. */
export interface DatabaseSchema {
  /** The name of the database. */
  readonly name: string
  /** Its version, as `8.3.1`; empty if it has none. */
  readonly version: string
  /** The tables by name. */
  readonly tables: ReadonlyMap<string, TableSchema>
}

type JsonObject = Readonly<Record<string, Json>>

const atomicTypes: ReadonlySet<string> = new Set<AtomicType>(['integer', 'real', 'boolean', 'string', 'uuid'])

function objectAt(value: Json | undefined, path: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  throw malformed(`a schema whose ${path} is no object`)
}

function numberAt(value: Json | undefined, ifMissing: number, path: string): number {
  if (value === undefined) return ifMissing
  if (typeof value === 'number') return value
  throw malformed(`a schema whose ${path} is no number`)
}

/** The largest integers that there are. */
export const integerRange = { minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n } as const

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
}

function integerAt(value: Json | undefined, ifMissing: bigint, path: string): bigint {
  if (value === undefined) return ifMissing
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) return BigInt(value as number | bigint)
  throw malformed(`a schema whose ${path} is no integer`)
}

function enumAt(value: Json | undefined, wide: boolean, path: string): BaseType['enum'] {
  if (value === undefined) return undefined
  const members: readonly Json[] =
    Array.isArray(value) && value[0] === 'set' ? ((value as readonly Json[])[1] as readonly Json[]) : [value]
  if (!Array.isArray(members)) throw malformed(`a schema whose ${path} is no set`)
  return (members as readonly (string | number | bigint | boolean)[]).map((member) =>
    typeof member === 'number' && wide ? BigInt(member) : member,
  )
}

function baseType(json: Json | undefined, path: string): BaseType {
  const from = typeof json === 'string' ? { type: json } : objectAt(json, path)
  const { type } = from
  if (typeof type !== 'string' || !atomicTypes.has(type)) throw malformed(`a schema whose ${path} has no type`)
  const { minInteger, maxInteger, minReal, maxReal, refTable, refType } = from
  const isInteger = type === 'integer'
  const minimum = isInteger ? integerAt(minInteger, integerRange.minimum, path) : minReal
  const maximum = isInteger ? integerAt(maxInteger, integerRange.maximum, path) : maxReal
  const wide = isInteger && !(isSafe(minimum as bigint) && isSafe(maximum as bigint))
  const refers = typeof refTable === 'string'
  return {
    type: type as AtomicType,
    enum: enumAt(from.enum, wide, `${path}.enum`),
    minimum: minimum as bigint | number | undefined,
    maximum: maximum as bigint | number | undefined,
    minLength: numberAt(from.minLength, 0, path),
    maxLength: numberAt(from.maxLength, Infinity, path),
    refTable: refers ? refTable : undefined,
    refType: refers ? (refType === 'weak' ? 'weak' : 'strong') : undefined,
    wide,
  }
}

function column(name: string, json: Json | undefined, path: string): ColumnSchema {
  const { type, mutable, ephemeral } = objectAt(json, path)
  const whole = typeof type === 'string' ? { key: type } : objectAt(type, `${path}.type`)
  const { key, value, min, max } = whole
  const least = numberAt(min, 1, path)
  const most = max === 'unlimited' ? Infinity : numberAt(max, 1, path)
  const single = least === 1 ? 'scalar' : 'optional'
  return {
    name,
    shape: value !== undefined ? 'map' : most === 1 ? single : 'set',
    key: baseType(key, `${path}.type.key`),
    value: value === undefined ? undefined : baseType(value, `${path}.type.value`),
    min: least,
    max: most,
    mutable: mutable !== false,
    ephemeral: ephemeral === true,
  }
}

// Every row has these two, and no schema lists them.
const ownColumns = ['_uuid', '_version'].map((name) => column(name, { type: 'uuid', mutable: false }, name))

function table(name: string, json: Json | undefined): TableSchema {
  const { columns, indexes, isRoot, maxRows } = objectAt(json, `table ${name}`)
  const read = Object.entries(objectAt(columns, `columns of ${name}`)).map(([key, value]) =>
    column(key, value, `${name}.${key}`),
  )
  return {
    name,
    columns: new Map([...ownColumns, ...read].map((each) => [each.name, each])),
    indexes: (indexes ?? []) as readonly (readonly string[])[],
    isRoot: isRoot === true,
    maxRows: numberAt(maxRows, Infinity, `maxRows of ${name}`),
  }
}

/**
 * Reads a schema, as `get_schema` gives it and as an `.ovsschema` file has it.
 * @throws OvsdbProtocolError if it is none.
 */
export function readSchema(json: Json): DatabaseSchema {
  const { name, version, tables } = objectAt(json, 'whole')
  if (typeof name !== 'string') throw malformed('a schema without a name')
  const entries = Object.entries(objectAt(tables, 'tables'))
  // Before any table was marked as a root, all were (RFC 7047, section 3.2).
  const rootless = entries.every(([, value]) => (value as JsonObject | null)?.isRoot === undefined)
  return {
    name,
    version: typeof version === 'string' ? version : '',
    tables: new Map(
      entries.map(([key, value]) => {
        const read = table(key, value)
        return [key, rootless ? { ...read, isRoot: true } : read]
      }),
    ),
  }
}
