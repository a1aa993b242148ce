// JSON with 64-bit integers. JSON.parse rounds what is beyond 2^53; such a number, which is rare, is a bigint here.
import { parse as parseLossless, stringify as stringifyLossless } from 'lossless-json'

/** A value of JSON. An integer beyond ±(2^53 - 1) is a bigint, any other number is a number. */
export type Json = null | boolean | number | bigint | string | readonly Json[] | { readonly [key: string]: Json }

// Whatever JSON.parse could round has at least 16 digits on end. UUIDs have no more than 12.
const long = /\d{16}/
const integer = /^-?\d+$/

function numberOf(text: string): number | bigint {
  const value = Number(text)
  return integer.test(text) && !Number.isSafeInteger(value) ? BigInt(text) : value
}

/** The value of a text. Throws a SyntaxError if it is no JSON. */
export function parseJson(text: string): Json {
  return (long.test(text) ? parseLossless(text, null, numberOf) : JSON.parse(text)) as Json
}

function hasWideInteger(value: Json): boolean {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint'
  return Object.values(value as Readonly<Record<string, Json>>).some(hasWideInteger)
}

/** The text of a value. */
export function jsonText(value: Json): string {
  return (hasWideInteger(value) ? stringifyLossless(value) : JSON.stringify(value)) ?? 'null'
}
