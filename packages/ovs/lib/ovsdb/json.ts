// JSON with 64-bit integers. JSON.parse rounds integers beyond 2^53; here such a number, which is rare, is a bigint.
import { parse as parseLossless, stringify as stringifyLossless } from 'lossless-json'

/** A value of JSON. An integer beyond ±(2^53 - 1) is a bigint, any other number is a number. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json }

// A number that JSON.parse could round has at least 16 consecutive digits. UUIDs have no more than 12.
const long = /\d{16}/
const integer = /^-?\d+$/
// OVSDB's integers have 64 bits, at most 20 digits. To parse a number of millions of digits would take seconds.
const mostDigits = 20

function parseNumber(text: string): number | bigint {
  const value = Number(text)
  if (text.length > mostDigits && integer.test(text) && text.replace('-', '').length > mostDigits) {
    // JavaScript writes a real number from 1e20 to 1e21 in this form.
    if (String(value) !== text) throw new SyntaxError(`an integer of more than ${mostDigits} digits`)
  }
  return integer.test(text) && !Number.isSafeInteger(value) ? BigInt(text) : value
}

/** The value of a text. Throws a SyntaxError if it is no JSON, or has an integer of more than 20 digits that is no real number. */
export function parseJson(text: string): Json {
  return (long.test(text) ? parseLossless(text, null, parseNumber) : JSON.parse(text)) as Json
}

function hasWideInteger(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint'
  return Object.values(value as Readonly<Record<string, Json>>).some(hasWideInteger)
}

/** The text of a value. */
export function jsonText(value: Json): string {
  return (hasWideInteger(value) ? stringifyLossless(value) : JSON.stringify(value)) ?? 'null'
}
