// How every refusal of a caller's value reads: the field, what is expected, what was given. Node's classes and codes.
import { types } from 'node:util'

/** A refused value: the field it was given for, as a path such as `peer.mac`. */
export interface InvalidValue {
  /** Node's code: a wrong type, a value that means nothing here, a number or length beyond a limit. */
  readonly code: 'ERR_INVALID_ARG_TYPE' | 'ERR_INVALID_ARG_VALUE' | 'ERR_OUT_OF_RANGE'
  /** The option or argument that was refused, such as `peer.mac`. */
  readonly field: string
  /** What was given. */
  readonly value: unknown
}

function show(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.length > 80 ? `${value.slice(0, 77)}...` : value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return 'a function'
    case 'object':
      if (value === null) return 'null'
      if (Array.isArray(value)) return 'an array'
      if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`
      return 'an object'
    default:
      return String(value)
  }
}

function describe(field: string, expected: string, value: unknown): string {
  return `The "${field}" option must be ${expected}; received ${show(value)}`
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
  return Object.assign(new TypeError(`Unknown option "${field}"${hint}`), {
    code: 'ERR_INVALID_ARG_VALUE' as const,
    field,
    value: key,
  })
}

/** Whether an error is one of a refused value. */
export function isInvalid(error: unknown): error is Error & InvalidValue {
  return types.isNativeError(error) && 'field' in error && 'value' in error
}

/** Refuses keys of `options` that are not in `known`, and what is no plain object. */
export function checkKeys(options: unknown, known: ReadonlySet<string>, prefix = ''): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw wrongType(prefix === '' ? 'options' : prefix, 'an object', options)
  }
  // Makes no array of them, as Object.keys would: this is done for every object that a caller gives.
  for (const key in options) {
    if (!known.has(key)) throw unknownOption(prefix === '' ? key : `${prefix}.${key}`, key, known)
  }
}

function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  let least = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) {
      least = distance
      best = candidate
    }
  }
  return best
}

// Insertions, deletions, changes, and two letters in each other's place.
function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= b.length; j++) {
      const changed = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? at(i - 2, j - 2) + 1 : Infinity
      row.push(Math.min(changed, at(i - 1, j) + 1, at(i, j - 1) + 1, swapped))
    }
  }
  return at(a.length, b.length)
}
