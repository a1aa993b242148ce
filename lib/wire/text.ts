// Strings that end in NUL, bytes without a meaning, and flags that are there or not.
import { isBytes, outOfRange, wrongType, wrongValue } from './invalid'
import type { Reader } from './reader'
import { copyOf, type Scratch } from './scratch'
import type { Scalar, Type } from './type'

/** Checks a string's type, length in bytes and that it has no NUL. */
export function checkText(value: unknown, least: number, most: number, field: string): string {
  if (typeof value !== 'string') throw wrongType(field, `a string of ${least} to ${most} bytes`, value)
  const length = Buffer.byteLength(value)
  if (length < least || length > most) throw outOfRange(field, `a string of ${least} to ${most} bytes`, value)
  if (value.includes('\0')) throw wrongValue(field, 'a string without NUL', value)
  return value
}

/** Checks an absolute path: at most PATH_MAX bytes of linux/limits.h, with its NUL. */
export function checkPath(value: unknown, field = 'path'): string {
  if (typeof value !== 'string') throw wrongType(field, 'a path', value)
  const path = checkText(value, 1, 4095, field)
  if (!path.startsWith('/')) throw wrongValue(field, 'an absolute path', value)
  return path
}

/** The string between two places, up to its first NUL. */
export function readText(reader: Reader, at: number, end: number): string {
  const { bytes } = reader
  if (end - at > mostByBytes) return decodeText(bytes, at, end)
  let text = ''
  for (let i = at; i < end; i++) {
    const byte = bytes[i]
    if (byte === undefined || byte === 0) return text
    if (byte >= 0x80) return decodeText(bytes, at, end)
    text += String.fromCharCode(byte)
  }
  return text
}

// Most names are short and ASCII: up to that length a loop beats a call into the runtime.
const mostByBytes = 32

function decodeText(bytes: Scratch, at: number, end: number): string {
  const copy = copyOf(bytes, at, end)
  const nul = copy.indexOf(0)
  return copy.toString('utf8', 0, nul < 0 ? copy.length : nul)
}

// Whether names of devices take 16 bytes: then they stand where others would.
let padded = false

/**
 * Runs a function that encodes messages: the names of devices in them are as long as they can be, with NULs behind them, at the
 * first of which the kernel stops reading.
 */
export function withPaddedNames<Result>(encode: () => Result): Result {
  const before = padded
  padded = true
  try {
    return encode()
  } finally {
    padded = before
  }
}

/** IFNAMSIZ of linux/if.h. */
export const deviceNameSize = 16

/** A string of at most `most` bytes (NLA_NUL_STRING); `check` refuses more. */
export function text(most: number, check?: (value: string, field: string) => void, least = 0): Type<string> {
  return {
    size: 0,
    encode(writer, value, field) {
      checkText(value, least, most, field)
      check?.(value, field)
      writer.text(value)
      if (padded && most === deviceNameSize - 1) writer.zeros(deviceNameSize - Buffer.byteLength(value))
      else writer.u8(0)
    },
    decode: readText,
  }
}

/** A string of at most `most` bytes without NUL at its end (NLA_STRING). */
export function bareText(most: number): Type<string> {
  return {
    size: 0,
    encode(writer, value, field) {
      writer.text(checkText(value, 0, most, field))
    },
    decode: readText,
  }
}

/** Bytes as they are. */
export function binary(most = 65_000): Type<Uint8Array> {
  return {
    size: 0,
    encode(writer, value, field) {
      const expected = `a Uint8Array of at most ${most} bytes`
      if (!isBytes(value)) throw wrongType(field, expected, value)
      if (value.byteLength > most) throw outOfRange(field, expected, value)
      writer.bytes(value)
    },
    decode: (reader, at, end) => reader.copy(at, end),
  }
}

/** A string in a struct: `char name[size]`, with NULs behind it, of which the last byte is one. */
export function chars(size: number): Scalar<string> {
  return {
    size,
    fixed: true,
    encode(writer, value, field) {
      checkText(value, 0, size - 1, field)
      writer.text(value)
      writer.zeros(size - Buffer.byteLength(value))
    },
    decode: readText,
  }
}

/** So many bytes as they are, in a struct or an attribute. */
export function bytes(size: number): Scalar<Uint8Array> {
  return {
    size,
    fixed: true,
    encode(writer, value, field) {
      const expected = `a Uint8Array of ${size} bytes`
      if (!isBytes(value)) throw wrongType(field, expected, value)
      if (value.byteLength !== size) throw outOfRange(field, expected, value)
      writer.bytes(value)
    },
    decode: (reader, at) => reader.copy(at, at + size),
  }
}

/** Of a type without a payload. */
export interface Presence {
  /** The attribute says all by being there. */
  readonly presence: true
}

/** An attribute without a payload (NLA_FLAG): present is true. `false` is left out by the attribute set. */
export const flag: Type<boolean> & Presence = {
  size: 0,
  presence: true,
  encode(_writer, value, field) {
    if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
  },
  decode: () => true,
}
