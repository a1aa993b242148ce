// Checks JavaScript values against a column's type, and encodes them (RFC 7047, section 5.1). Refuses values that the server would
// refuse, with the name of the column.
import { types } from 'node:util'
import { outOfRange, wrongType, wrongValue } from 'netloom/errors'
import { checkArray, checkObject } from 'netloom/values'
import type { Json } from './json'
import { NewRow, tableOf } from './rows'
import { integerRange, type BaseType, type ColumnSchema } from './schema'
import type { Atom } from './types'
import { isUuid } from './uuid'

/** A checked value of a column, with new rows in place of UUIDs that do not exist yet. */
export type CheckedAtom = Atom | NewRow
/** The same for whole columns. */
export type CheckedValue = CheckedAtom | null | readonly CheckedAtom[] | ReadonlyMap<CheckedAtom, CheckedAtom>

function number({ type, wide, minimum, maximum }: BaseType, value: unknown, field: string): Atom {
  if (type === 'real') {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrongType(field, 'a finite number', value)
  } else if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) {
    throw wrongType(field, 'an integer that is safe as a number, or a bigint', value)
  }
  const given = value as number | bigint
  const least = minimum ?? -Infinity
  const most = maximum ?? Infinity
  if (given < least || given > most) throw outOfRange(field, `from ${least} to ${most}`, value)
  return wide ? BigInt(given) : Number(given)
}

function text({ minLength, maxLength }: BaseType, value: unknown, field: string): string {
  if (typeof value !== 'string') throw wrongType(field, 'a string', value)
  // A surrogate alone has no UTF-8; the null character is not allowed (RFC 7047, section 3.1).
  if (/[\p{Surrogate}\0]/u.test(value)) throw wrongValue(field, 'a string of Unicode without a null character', value)
  if (minLength === 0 && maxLength === Infinity) return value
  // Characters are code points, as the server counts them.
  const { length } = Array.from(value)
  if (length < minLength || length > maxLength) {
    throw outOfRange(field, `a string of ${minLength} to ${maxLength} characters`, value)
  }
  return value
}

function reference({ refTable }: BaseType, value: unknown, field: string): CheckedAtom {
  if (isUuid(value)) return value.toLowerCase()
  if (value instanceof NewRow) {
    if (refTable === undefined || refTable === value.table) return value
    throw wrongValue(field, `a row of ${refTable}`, `a row of ${value.table}`)
  }
  const uuid: unknown = (value as { _uuid?: unknown } | null | undefined)?._uuid
  if (isUuid(uuid)) {
    const table = tableOf(value as object)
    if (table === undefined || refTable === undefined || table === refTable) return uuid.toLowerCase()
    throw wrongValue(field, `a row of ${refTable}`, `a row of ${table}`)
  }
  throw wrongType(field, `a UUID or a row${refTable === undefined ? '' : ` of ${refTable}`}`, value)
}

/** Checks one value of a column. */
export function checkAtom(type: BaseType, value: unknown, field: string): CheckedAtom {
  const checked = atomOf(type, value, field)
  if (type.enum !== undefined && !type.enum.includes(checked as Atom)) {
    throw wrongValue(field, `one of ${type.enum.map((member) => JSON.stringify(String(member))).join(', ')}`, value)
  }
  return checked
}

function atomOf(type: BaseType, value: unknown, field: string): CheckedAtom {
  switch (type.type) {
    case 'integer':
    case 'real':
      return number(type, value, field)
    case 'boolean':
      if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
      return value
    case 'string':
      return text(type, value, field)
    case 'uuid':
      return reference(type, value, field)
  }
}

function entriesOf(value: unknown, field: string): (readonly [unknown, unknown])[] {
  if (types.isMap(value)) return [...value]
  return Object.entries(checkObject(value, field, 'a Map or an object'))
}

/** Checks a map for a column, of any size. */
export function checkMap(column: ColumnSchema, value: unknown, field: string): ReadonlyMap<CheckedAtom, CheckedAtom> {
  const { key, value: valueType = key } = column
  const pairs = entriesOf(value, field).map(
    ([k, v]) => [checkAtom(key, k, `${field} (a key)`), checkAtom(valueType, v, `${field}.${String(k)}`)] as const,
  )
  const map = new Map(pairs)
  if (map.size < pairs.length) throw wrongValue(field, 'a map with each key once', value)
  return map
}

/** Checks elements of a set for a column, any number of them. */
export function checkElements({ key }: ColumnSchema, value: unknown, field: string): readonly CheckedAtom[] {
  const atoms = checkArray(value, field).map((each, i) => checkAtom(key, each, `${field}[${i}]`))
  if (new Set(atoms).size < atoms.length) throw wrongValue(field, 'an array with each element once', value)
  return atoms
}

function checkCount({ min, max }: ColumnSchema, count: number, field: string, value: unknown): void {
  if (count < min || count > max) throw outOfRange(field, `from ${min} to ${max} elements`, value)
}

/** Checks what is to be a column's value. */
export function checkValue(column: ColumnSchema, value: unknown, field: string): CheckedValue {
  switch (column.shape) {
    case 'scalar':
      return checkAtom(column.key, value, field)
    case 'optional':
      return value === null ? null : checkAtom(column.key, value, field)
    case 'set': {
      const atoms = checkElements(column, value, field)
      checkCount(column, atoms.length, field, value)
      return atoms
    }
    case 'map': {
      const map = checkMap(column, value, field)
      checkCount(column, map.size, field, value)
      return map
    }
  }
}

/** Writes one value. */
export function encodeAtom({ type }: BaseType, value: CheckedAtom): Json {
  if (value instanceof NewRow) return ['named-uuid', value.name]
  if (type === 'uuid') return ['uuid', value]
  // As a bigint only if a number cannot represent it.
  if (typeof value === 'bigint' && BigInt(Number(value)) === value && Number.isSafeInteger(Number(value)))
    return Number(value)
  return value
}

/** Writes what was checked for a column. */
export function encodeValue({ key, value: valueType }: ColumnSchema, value: CheckedValue): Json {
  if (value === null) return ['set', []]
  if (value instanceof Map) {
    const pairs = [...(value as ReadonlyMap<CheckedAtom, CheckedAtom>)]
    return ['map', pairs.map(([k, v]) => [encodeAtom(key, k), encodeAtom(valueType ?? key, v)])]
  }
  if (Array.isArray(value)) return ['set', (value as readonly CheckedAtom[]).map((each) => encodeAtom(key, each))]
  return encodeAtom(key, value as CheckedAtom)
}

/** The type of the right side of an arithmetic mutation: the column's range is for the result. */
export function operandType(type: BaseType): BaseType {
  const unlimited = { ...type, enum: undefined }
  if (type.type === 'real') return { ...unlimited, minimum: undefined, maximum: undefined }
  return { ...unlimited, ...integerRange }
}
