// Parses a database's schema (RFC 7047, section 3.2) into the form for encoding and decoding.
import { malformed } from './errors'
import type { Json } from './json'
import { isUuid } from './uuid'

/** The types of a column's atoms. */
export type AtomicType = 'integer' | 'real' | 'boolean' | 'string' | 'uuid'

/** The type of an atom: of a value, of a set's elements, of a map's keys or values. */
export interface BaseType {
  /** The atomic type. */
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

/** The shape of a column's value. */
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
  /** False for a column that can be set only when the row is inserted. */
  readonly mutable: boolean
  /** True for a column that is lost when the server ends. */
  readonly ephemeral: boolean
}

/** A table. */
export interface TableSchema {
  /** The name. */
  readonly name: string
  /** The columns by name, `_uuid` and `_version` among them. */
  readonly columns: ReadonlyMap<string, ColumnSchema>
  /** Sets of columns that are unique. */
  readonly indexes: readonly (readonly string[])[]
  /** False if a row is deleted when nothing refers to it any more. */
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

/** A number of elements, characters or rows. */
function countAt(value: Json | undefined, ifMissing: number, path: string): number {
  if (value === undefined) return ifMissing
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw malformed(`a schema whose ${path} is no number of things`)
}

function realAt(value: Json | undefined, path: string): number | undefined {
  if (value === undefined) return undefined
  if (Number.isFinite(value) || typeof value === 'bigint') return Number(value)
  throw malformed(`a schema whose ${path} is no number`)
}

// Names become properties and types of code, so others are refused (`<id>` and `<version>` of RFC 7047, section 3.1).
const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/
const versionForm = /^\d+\.\d+\.\d+$/
const longestName = 256

function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}

function checkId(value: Json | undefined, what: string): string {
  if (typeof value !== 'string') throw malformed(`a schema with ${what} whose name is no string`)
  if (identifier.test(value) && value.length <= longestName) return value
  throw malformed(`a schema with ${what} called ${shown(value)}: a name has letters, digits and _, and no digit first`)
}

function idAt(value: Json | undefined, path: string): string | undefined {
  return value === undefined ? undefined : checkId(value, path)
}

function arrayAt(value: Json | undefined, path: string): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[]
  throw malformed(`a schema whose ${path} is no array`)
}

/** The range of integers. */
export const integerRange = { minimum: -(2n ** 63n), maximum: 2n ** 63n - 1n } as const

function isSafe(value: bigint): boolean {
  return value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
}

function integerAt(value: Json | undefined, ifMissing: bigint, path: string): bigint {
  if (value === undefined) return ifMissing
  if (typeof value === 'bigint' || Number.isSafeInteger(value)) {
    const integer = BigInt(value as number | bigint)
    if (integer >= integerRange.minimum && integer <= integerRange.maximum) return integer
  }
  throw malformed(`a schema whose ${path} is no integer`)
}

function memberOf(type: AtomicType, wide: boolean, member: Json, path: string): string | number | bigint | boolean {
  switch (type) {
    case 'integer': {
      const integer = integerAt(member, 0n, path)
      return wide ? integer : Number(integer)
    }
    case 'real':
      return realAt(member, path) ?? 0
    case 'boolean':
      if (typeof member === 'boolean') return member
      break
    case 'string':
      if (typeof member === 'string') return member
      break
    case 'uuid':
      if (Array.isArray(member) && member[0] === 'uuid' && isUuid(member[1])) return member[1]
  }
  throw malformed(`a schema whose ${path} has a member that is no ${type}`)
}

function enumAt(value: Json | undefined, type: AtomicType, wide: boolean, path: string): BaseType['enum'] {
  if (value === undefined) return undefined
  const isSet = Array.isArray(value) && value[0] === 'set'
  const members = isSet ? arrayAt((value as readonly Json[])[1], path) : [value]
  return members.map((member) => memberOf(type, wide, member, path))
}

function baseType(json: Json | undefined, path: string): BaseType {
  const from = typeof json === 'string' ? { type: json } : objectAt(json, path)
  const { type } = from
  if (typeof type !== 'string' || !atomicTypes.has(type)) throw malformed(`a schema whose ${path} has no type`)
  const { minInteger, maxInteger, minReal, maxReal, refTable, refType } = from
  const isInteger = type === 'integer'
  const minimum = isInteger ? integerAt(minInteger, integerRange.minimum, path) : realAt(minReal, path)
  const maximum = isInteger ? integerAt(maxInteger, integerRange.maximum, path) : realAt(maxReal, path)
  const wide = isInteger && !(isSafe(minimum as bigint) && isSafe(maximum as bigint))
  const refers = type === 'uuid' ? idAt(refTable, `${path} that refers to a table`) : undefined
  return {
    type: type as AtomicType,
    enum: enumAt(from.enum, type as AtomicType, wide, `${path}.enum`),
    minimum,
    maximum,
    minLength: countAt(from.minLength, 0, path),
    maxLength: countAt(from.maxLength, Infinity, path),
    refTable: refers,
    refType: refers === undefined ? undefined : refType === 'weak' ? 'weak' : 'strong',
    wide,
  }
}

function column(name: string, json: Json | undefined, path: string): ColumnSchema {
  const { type, mutable, ephemeral } = objectAt(json, path)
  const whole = typeof type === 'string' ? { key: type } : objectAt(type, `${path}.type`)
  const { key, value, min, max } = whole
  const least = countAt(min, 1, path)
  const most = max === 'unlimited' ? Infinity : countAt(max, 1, path)
  if (least > 1 || most < 1) throw malformed(`a schema whose ${path} has ${least} to ${most} elements`)
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

// Every row has these two, and no schema may list them.
const ownColumns = ['_uuid', '_version'].map((name) => column(name, { type: 'uuid', mutable: false }, name))

function table(name: string, json: Json | undefined): TableSchema {
  const { columns, indexes, isRoot, maxRows } = objectAt(json, `table ${name}`)
  const all = new Map(ownColumns.map((each) => [each.name, each]))
  for (const [key, value] of Object.entries(objectAt(columns, `columns of ${name}`))) {
    checkId(key, `a column of ${name}`)
    if (all.has(key)) throw malformed(`a schema with a column ${name}.${key}, which is the server's own`)
    all.set(key, column(key, value, `${name}.${key}`))
  }
  const indexed = (json: Json): string[] =>
    arrayAt(json, `indexes of ${name}`).map((each) => {
      if (typeof each === 'string' && all.has(each)) return each
      throw malformed(`a schema with an index of ${name} over no column of it`)
    })
  return {
    name,
    columns: all,
    indexes: indexes === undefined ? [] : arrayAt(indexes, `indexes of ${name}`).map(indexed),
    isRoot: isRoot === true,
    maxRows: countAt(maxRows, Infinity, `maxRows of ${name}`),
  }
}

/**
 * Reads a schema, as `get_schema` gives it and as an `.ovsschema` file has it.
 * @throws OvsdbProtocolError if it is none.
 */
export function readSchema(json: Json): DatabaseSchema {
  const { name, version, tables } = objectAt(json, 'whole')
  if (
    version !== undefined &&
    !(typeof version === 'string' && versionForm.test(version) && version.length <= longestName)
  ) {
    throw malformed('a schema whose version is not like 1.2.3')
  }
  const entries = Object.entries(objectAt(tables, 'tables'))
  // Before any table was marked as a root, all were (RFC 7047, section 3.2).
  const rootless = entries.every(([key, value]) => objectAt(value, `table ${key}`).isRoot === undefined)
  return {
    name: checkId(name, 'a database'),
    version: version ?? '',
    tables: new Map(
      entries.map(([key, value]) => {
        const read = table(checkId(key, 'a table'), value)
        return [key, rootless ? { ...read, isRoot: true } : read]
      }),
    ),
  }
}
