// Integers: host byte order, or network byte order (be…) where the kernel has it. 64 bits are bigint.
import { outOfRange, wrongType } from './invalid'
import type { Reader } from './reader'
import type { Scalar, Type } from './type'
import type { Writer } from './writer'

/** Checks an integer within bounds; throws a TypeError or RangeError that names the field and the bounds. */
export function checkInteger(value: unknown, least: number, most: number, field: string): number {
  if (typeof value !== 'number') throw wrongType(field, `an integer from ${least} to ${most}`, value)
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw outOfRange(field, `an integer from ${least} to ${most}`, value)
}

function integer(
  size: number,
  least: number,
  most: number,
  write: (writer: Writer, value: number) => void,
  read: (reader: Reader, at: number) => number,
): Scalar<number> {
  return {
    size,
    fixed: true,
    encode: (writer, value, field) => {
      write(writer, checkInteger(value, least, most, field))
    },
    decode: read,
  }
}

/** An integer of 64 bits. */
export interface Wide extends Scalar<bigint> {
  /** Whether it has more bits than a number of JavaScript holds exactly. */
  readonly wide: true
}

const mostWide = 2n ** 64n - 1n
const leastSignedWide = -(2n ** 63n)
const mostSignedWide = 2n ** 63n - 1n

/** Checks an integer of 64 bits: a bigint, or a number that is one exactly, as it comes out of JSON. */
export function checkWide(value: unknown, field: string, least = 0n, most = mostWide): bigint {
  const expected = `a bigint from ${least} to ${most}, or a safe integer`
  const exact = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value
  if (typeof exact !== 'bigint') throw wrongType(field, expected, value)
  if (exact < least || exact > most) throw outOfRange(field, expected, value)
  return exact
}

function bigInteger(
  write: (writer: Writer, value: bigint) => void,
  read: (reader: Reader, at: number) => bigint,
  least = 0n,
  most = mostWide,
): Wide {
  return {
    size: 8,
    fixed: true,
    wide: true,
    encode(writer, value, field) {
      write(writer, checkWide(value, field, least, most))
    },
    decode: read,
  }
}

/** An unsigned integer of 8 bits. */
export const u8 = integer(
  1,
  0,
  0xff,
  (w, v) => {
    w.u8(v)
  },
  (r, at) => r.u8(at),
)
/** An unsigned integer of 16 bits. */
export const u16 = integer(
  2,
  0,
  0xffff,
  (w, v) => {
    w.u16(v)
  },
  (r, at) => r.u16(at),
)
/** An unsigned integer of 32 bits. */
export const u32 = integer(
  4,
  0,
  0xffffffff,
  (w, v) => {
    w.u32(v)
  },
  (r, at) => r.u32(at),
)
/** An unsigned integer of 16 bits in network byte order. */
export const be16 = integer(
  2,
  0,
  0xffff,
  (w, v) => {
    w.be16(v)
  },
  (r, at) => r.be16(at),
)
/** An unsigned integer of 32 bits in network byte order. */
export const be32 = integer(
  4,
  0,
  0xffffffff,
  (w, v) => {
    w.be32(v)
  },
  (r, at) => r.be32(at),
)
/** An unsigned integer of 64 bits, a bigint. */
export const u64 = bigInteger(
  (w, v) => {
    w.u64(v)
  },
  (r, at) => r.u64(at),
)
/** An unsigned integer of 64 bits in network byte order, a bigint. */
export const be64 = bigInteger(
  (w, v) => {
    w.be64(v)
  },
  (r, at) => r.be64(at),
)

const signed = (
  bits: 8 | 16 | 32,
  write: (writer: Writer, value: number) => void,
  read: (reader: Reader, at: number) => number,
): Scalar<number> => integer(bits / 8, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1, write, read)

const signedWide = (
  write: (writer: Writer, value: bigint) => void,
  read: (reader: Reader, at: number) => bigint,
): Wide => bigInteger(write, (r, at) => BigInt.asIntN(64, read(r, at)), leastSignedWide, mostSignedWide)

/** A signed integer of 8 bits. */
export const i8 = signed(
  8,
  (w, v) => {
    w.u8(v & 0xff)
  },
  (r, at) => (r.u8(at) << 24) >> 24,
)
/** A signed integer of 16 bits. */
export const i16 = signed(
  16,
  (w, v) => {
    w.u16(v & 0xffff)
  },
  (r, at) => (r.u16(at) << 16) >> 16,
)
/** A signed integer of 32 bits. */
export const i32 = signed(
  32,
  (w, v) => {
    w.u32(v >>> 0)
  },
  (r, at) => r.i32(at),
)
/** A signed integer of 64 bits, a bigint. */
export const i64 = signedWide(
  (w, v) => {
    w.u64(BigInt.asUintN(64, v))
  },
  (r, at) => r.u64(at),
)
/** A signed integer of 16 bits in network byte order. */
export const bei16 = signed(
  16,
  (w, v) => {
    w.be16(v & 0xffff)
  },
  (r, at) => (r.be16(at) << 16) >> 16,
)
/** A signed integer of 32 bits in network byte order. */
export const bei32 = signed(
  32,
  (w, v) => {
    w.be32(v >>> 0)
  },
  (r, at) => r.be32(at) | 0,
)
/** A signed integer of 64 bits in network byte order, a bigint. */
export const bei64 = signedWide(
  (w, v) => {
    w.be64(BigInt.asUintN(64, v))
  },
  (r, at) => r.be64(at),
)

/** An integer that has 4 bytes in a message where it fits, and 8 where it does not (NLA_UINT), unsigned. */
export const uint = flexible(u32, u64, 0n, 2n ** 32n - 1n)
/** The same, signed (NLA_SINT). */
export const sint = flexible(i32, i64, -(2n ** 31n), 2n ** 31n - 1n)

function flexible(narrow: Scalar<number>, wide: Wide, least: bigint, most: bigint): Type<bigint> {
  return {
    size: 4,
    encode(writer, value, field, siblings) {
      const exact = checkWide(value, field, ...(least < 0n ? [leastSignedWide, mostSignedWide] : []))
      if (exact >= least && exact <= most) narrow.encode(writer, Number(exact), field, siblings)
      else wide.encode(writer, exact, field, siblings)
    },
    decode: (reader, at, end, siblings) =>
      end - at >= 8 ? wide.decode(reader, at, end, siblings) : BigInt(narrow.decode(reader, at, end, siblings)),
  }
}

/** An integer with narrower bounds than its size has. */
export function within(type: Scalar<number>, least: number, most: number): Scalar<number> {
  return {
    ...type,
    encode(writer, value, field, siblings) {
      type.encode(writer, checkInteger(value, least, most, field), field, siblings)
    },
  }
}

/** A yes or no, which the kernel keeps as 1 or 0. */
export function boolean(type: Scalar<number>): Scalar<boolean> {
  return {
    size: type.size,
    fixed: true,
    encode(writer, value, field, siblings) {
      if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
      type.encode(writer, value ? 1 : 0, field, siblings)
    },
    decode: (reader, at, end, siblings) => type.decode(reader, at, end, siblings) !== 0,
  }
}

/** A time that the kernel counts in units of 1/`perSecond` second, in seconds. */
export function seconds<Unit extends number | bigint>(type: Scalar<Unit>, perSecond: number): Scalar<number> {
  return time(type, perSecond, 'seconds')
}

/** A time that the kernel counts in units of 1/`perMillisecond` millisecond, in milliseconds. */
export function milliseconds(type: Scalar<number>, perMillisecond: number): Scalar<number> {
  return time(type, perMillisecond, 'milliseconds')
}

function time<Unit extends number | bigint>(type: Scalar<Unit>, each: number, unit: string): Scalar<number> {
  const most = type.size === 8 ? Number.MAX_SAFE_INTEGER : 2 ** (8 * type.size) - 1
  return {
    size: type.size,
    fixed: true,
    encode(writer, value, field, siblings) {
      const expected = `a number of ${unit} from 0 to ${Math.floor(most / each)}`
      if (typeof value !== 'number') throw wrongType(field, expected, value)
      const units = Math.round(value * each)
      if (!(units >= 0 && units <= most)) throw outOfRange(field, expected, value)
      type.encode(writer, (type.size === 8 ? BigInt(units) : units) as Unit, field, siblings)
    },
    decode: (reader, at, end, siblings) => Number(type.decode(reader, at, end, siblings)) / each,
  }
}
