// How every refusal of a caller's value reads: the field, what is expected, what was given. Node's classes and codes.
import { types } from 'node:util'
import { nearest } from './nearest'

/** A refused value: the field it was given for, as a path such as `peer.mac`. */
export interface InvalidValue {
  /** Node's code: a wrong type, a value that means nothing here, a number or length beyond a limit. */
  readonly code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE'
  /** The option or argument that was refused, such as `peer.mac`. */
  readonly field: string
  /** What was given. */
  readonly value: unknown
}

/** So much of a text is shown: what is longer says no more, and may be a megabyte that somebody sent. */
const mostShown = 80

function cut(text: string): string {
  return text.length > mostShown ? `${text.slice(0, mostShown - 3)}...` : text
}

/** More bits than any integer of the kernel's has; to write out a larger one takes the square of its length. */
const mostBits = 128

function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(cut(value))
    case 'bigint':
      return BigInt.asIntN(mostBits, value) === value ? `${value}n` : `a bigint of more than ${mostBits} bits`
    case 'function':
      return 'a function'
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array'
      if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
      if (isThenable(value)) {
        return `${types.isPromise(value) ? 'a promise' : 'a thenable'}; did you forget await?`
      }
      return isPlainObject(value) ? 'an object' : instance(value)
    default:
      return cut(String(value))
  }
}

function isThenable(value: object): boolean {
  try {
    return typeof (value as { then?: unknown }).then === 'function'
  } catch {
    return false // a getter that throws, which is no promise's
  }
}

function instance(value: object): string {
  try {
    const { name } = value.constructor
    return typeof name === 'string' && name !== '' ? `an instance of ${cut(name)}` : 'an object with a prototype'
  } catch {
    return 'an object with a prototype'
  }
}

function describe(field: string, expected: string, value: unknown): string {
  return `The "${cut(field)}" option must be ${expected}; received ${show(value)}`
}

/** Whether a value is a Uint8Array, also one of another realm. */
export function isBytes(value: unknown): value is Uint8Array {
  return types.isUint8Array(value)
}

/** A TypeError for a value of a wrong type. */
export function wrongType(field: string, expected: string, value: unknown): TypeError & InvalidValue {
  return Object.assign(new TypeError(describe(field, expected, value)), {
    code: 'ERR_INVALID_ARG_TYPE' as const,
    field,
    value,
  })
}

/** A TypeError for a value of the right type that means nothing here. */
export function wrongValue(field: string, expected: string, value: unknown): TypeError & InvalidValue {
  return Object.assign(new TypeError(describe(field, expected, value)), {
    code: 'ERR_INVALID_ARG_VALUE' as const,
    field,
    value,
  })
}

/** A RangeError for a number or a length beyond a limit. */
export function outOfRange(field: string, expected: string, value: unknown): RangeError & InvalidValue {
  return Object.assign(new RangeError(describe(field, expected, value)), {
    code: 'ERR_OUT_OF_RANGE' as const,
    field,
    value,
  })
}

/** A TypeError for an option that does not exist, with the nearest one that does. */
export function unknownOption(field: string, key: string, known: Iterable<string>): TypeError & InvalidValue {
  const near = nearest(key, known)
  const hint = near === undefined ? '' : `; did you mean "${near}"?`
  return Object.assign(new TypeError(`Unknown option "${cut(field)}"${hint}`), {
    code: 'ERR_INVALID_ARG_VALUE' as const,
    field: cut(field),
    value: key,
  })
}

/** Whether an error is one of a refused value. */
export function isInvalid(error: unknown): error is Error & InvalidValue {
  return types.isNativeError(error) && 'field' in error && 'value' in error
}

/** An object of options, whose values nobody has looked at yet. */
export type PlainObject = Readonly<Record<string, unknown>>

/**
 * Whether a value is an object of options: a plain one, also of another realm, or one without a prototype. A Map, a Date, an
 * Error or a promise has other properties than those that somebody wrote down.
 */
export function isPlainObject(value: unknown): value is PlainObject {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) return !Array.isArray(value)
  // Every realm has an Object.prototype of its own: the only prototype without one that has this method itself.
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'isPrototypeOf')
}

/** Refuses what is no object of options. Returns it. */
export function checkObject(value: unknown, field = 'options', expected = 'an object'): PlainObject {
  if (!isPlainObject(value) || typeof value.then === 'function') throw wrongType(field, expected, value)
  return value
}

/** Names of options: a set, or a map of what they mean. */
export interface KnownOptions {
  /** Whether there is such an option. */
  has(key: string): boolean
  /** All of them. */
  keys(): Iterable<string>
}

/**
 * Refuses what is no object of options, keys of it that are not in `known`, and known ones that are hidden or inherited:
 * an option is what somebody wrote into the object. Calls `each` for every option that has a value.
 */
export function checkKeys(
  options: unknown,
  known: KnownOptions,
  prefix = '',
  each?: (key: string, value: unknown) => void,
): void {
  const given = checkObject(options, prefix === '' ? 'options' : prefix)
  let seen = 0
  for (const key in given) {
    seen++
    if (!known.has(key)) refuseKey(given, key, known, prefix)
    else if (each !== undefined) {
      const value = given[key]
      if (value !== undefined) each(key, value)
    }
  }
  if (Object.getOwnPropertyNames(given).length !== seen) refuseUnwritten(given, known, prefix)
}

function refuseKey(options: PlainObject, key: string, known: KnownOptions, prefix: string): void {
  if (!Object.hasOwn(options, key)) return // what somebody put into Object.prototype is no mistake of the caller's
  throw unknownOption(prefix === '' ? key : `${prefix}.${key}`, key, known.keys())
}

function refuseUnwritten(options: PlainObject, known: KnownOptions, prefix: string): void {
  for (const key of known.keys()) {
    if (!(key in options) || Object.prototype.propertyIsEnumerable.call(options, key)) continue
    const field = prefix === '' ? key : `${prefix}.${key}`
    throw wrongValue(field, 'an enumerable property of the object itself', options[key])
  }
}

/**
 * Refuses what is no array, one that is longer than `most`, and one with holes, which `map` and `forEach` pass over: by the
 * hole's index. Returns the array.
 */
export function checkArray(
  value: unknown,
  field: string,
  expected = 'an array',
  most: number = 2 ** 32,
): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(field, expected, value)
  const array: readonly unknown[] = value
  if (array.length > most) throw outOfRange(field, `${expected} of at most ${most}`, value)
  for (let i = 0; i < array.length; i++) {
    if (array[i] === undefined) throw wrongType(`${field}[${i}]`, 'given: arrays have no holes', undefined)
  }
  return array
}
