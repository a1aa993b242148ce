// Converts properties to columns of the database, and back. Errors name the property.
import { isIP } from 'node:net'
import type { ColumnValue } from './ovsdb/types'
import { outOfRange, wrongType, wrongValue } from 'netloom/errors'
import { checkArray, checkObject, parseMac } from 'netloom/values'

/** One kind of column. */
export interface Codec {
  /** Converts a value for the column; throws an error that names the field. */
  readonly write: (value: unknown, field: string) => unknown
  /** Converts the column's value to the property; undefined for an empty one. */
  readonly read: (value: ColumnValue) => unknown
  /** The column's value for `null`; undefined if `null` is refused. */
  readonly empty: unknown
  /** Whether changes of the column go key by key. */
  readonly byKey?: boolean
}

const orUndefined = (value: ColumnValue): unknown => value ?? undefined

/** Checks a text: it must have no control characters. */
export function checkWords(value: unknown, field: string): string {
  if (typeof value !== 'string') throw wrongType(field, 'a string', value)
  // eslint-disable-next-line no-control-regex
  if (/[\0-\x1f\x7f]/.test(value)) throw wrongValue(field, 'a string without control characters', value)
  return value
}

function checkName(value: unknown, field: string): string {
  const name = checkWords(value, field)
  if (name === '') throw wrongValue(field, 'a string that is not empty', value)
  return name
}

/** A string that may be missing. */
export const text: Codec = { write: checkName, read: orUndefined, empty: null }

/** A string; the empty one stands for nothing. */
export const word: Codec = { write: checkWords, read: (value) => (value === '' ? undefined : value), empty: '' }

/** A boolean that is always there. */
export const flag: Codec = {
  write(value, field) {
    if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
    return value
  },
  read: orUndefined,
  empty: false,
}

/** A boolean that may be missing. */
export const optionalFlag: Codec = { ...flag, empty: null }

/** One of some words. */
export function oneOf(...words: readonly string[]): Codec {
  const expected = `one of ${words.map((each) => JSON.stringify(each)).join(', ')}`
  return {
    write(value, field) {
      if (typeof value !== 'string') throw wrongType(field, expected, value)
      if (!words.includes(value)) throw wrongValue(field, expected, value)
      return value
    },
    read: (value) => (value === '' ? undefined : orUndefined(value)),
    empty: null,
  }
}

/** Checks an integer. */
export function checkWhole(value: unknown, least: number, most: number, field: string): number {
  if (typeof value !== 'number') throw wrongType(field, 'a number', value)
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw outOfRange(field, `an integer from ${least} to ${most}`, value)
  }
  return value
}

function numberIn(value: ColumnValue): unknown {
  return value === null ? undefined : Number(value)
}

/** An integer far below 2^53. */
export function integer(least: number, most: number, empty: unknown = null): Codec {
  return { write: (value, field) => checkWhole(value, least, most, field), read: numberIn, empty }
}

/** Milliseconds of the database as seconds of ours, or seconds as they are. */
export function seconds(perSecond: 1 | 1000, least = 0, empty: unknown = null): Codec {
  return {
    write(value, field) {
      if (typeof value !== 'number') throw wrongType(field, 'a number of seconds', value)
      const whole = Math.round(value * perSecond)
      if (!Number.isSafeInteger(whole) || whole < least * perSecond) {
        throw outOfRange(field, `at least ${least} seconds`, value)
      }
      return whole
    },
    read: (value) => (value === null ? undefined : Number(value) / perSecond),
    empty,
  }
}

/** A MAC address. */
export const mac: Codec = {
  write(value, field) {
    parseMac(value, field)
    return (value as string).toLowerCase().replaceAll('-', ':')
  },
  read: orUndefined,
  empty: null,
}

/** Checks an IP address of either family. */
export function checkAddress(value: unknown, field: string): string {
  if (typeof value !== 'string') throw wrongType(field, 'an IP address', value)
  if (isIP(value) === 0) throw wrongValue(field, 'an IP address', value)
  return value
}

/** An IP address of either family. */
export const address: Codec = { write: checkAddress, read: orUndefined, empty: null }

function each(value: unknown, field: string, check: (element: unknown, field: string) => unknown): readonly unknown[] {
  const checked = checkArray(value, field).map((element, i) => check(element, `${field}[${i}]`))
  if (new Set(checked).size < checked.length) throw wrongValue(field, 'an array with each element once', value)
  return checked
}

function sorted(value: ColumnValue): unknown {
  const elements = [...(value as readonly (string | number)[])]
  return typeof elements[0] === 'number' ? elements.sort((a, b) => Number(a) - Number(b)) : elements.sort()
}

/** VLAN numbers. */
export const vlans: Codec = {
  write: (value, field) => each(value, field, (vlan, at) => checkWhole(vlan, 0, 4095, at)),
  read: sorted,
  empty: [],
}

/** Some words, each once. */
export function setOf(one: Codec, least = 0): Codec {
  return {
    write(value, field) {
      const elements = each(value, field, one.write)
      if (elements.length < least) throw outOfRange(field, `at least ${least} of them`, value)
      return elements
    },
    read: sorted,
    empty: least === 0 ? [] : undefined,
  }
}

/** An object with these keys only, without a prototype: a key in the database may be `constructor`. */
function keyed<V>(entries: Iterable<readonly [string, V]>): Record<string, V> {
  const object = Object.create(null) as Record<string, V>
  for (const [key, value] of entries) object[key] = value
  return object
}

/** A map of strings, as a plain object; in a change, a key with `null` is removed. */
export const strings: Codec = {
  write(value, field) {
    const given = Object.entries(checkObject(value, field)).filter(([, each]) => each !== undefined)
    return Object.fromEntries(
      given.map(([key, each]) => {
        if (key === '') throw wrongValue(field, 'an object without an empty key', value)
        if (each === null) return [key, null]
        if (typeof each !== 'string') throw wrongType(`${field}.${key}`, 'a string', each)
        return [key, each]
      }),
    )
  },
  read: (value) => keyed(value as ReadonlyMap<string, string>),
  empty: {},
  byKey: true,
}

const refuse = (value: unknown, field: string): never => {
  throw wrongValue(field, 'left out, as only the switch writes it', value)
}

/** A column that only the switch writes. */
export function reported(read: (value: ColumnValue) => unknown = orUndefined): Codec {
  return { write: refuse, read, empty: undefined }
}

/** A number that only the switch writes. */
export const reportedNumber: Codec = reported(numberIn)

/** A map of strings that only the switch writes. */
export const reportedStrings: Codec = reported(strings.read)

function camelCase(name: string): string {
  return name.replaceAll(/_+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** Counters: `rx_bytes` of the database is `rxBytes`. */
export const counters: Codec = reported((value) =>
  keyed([...(value as ReadonlyMap<string, bigint>)].map(([name, count]) => [camelCase(name), count])),
)
