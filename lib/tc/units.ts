// The units of traffic control: rates in bits per second where the kernel counts bytes, ticks, tables of times by size.
import { outOfRange, wrongType } from '../wire/invalid'
import { checkInteger, i16, u16, u32, u64, u8 } from '../wire/integers'
import { oneOf } from '../wire/choices'
import { struct, type StructValue } from '../wire/struct'
import type { Scalar } from '../wire/type'

/** Nanoseconds of a tick: PSCHED_SHIFT of include/net/pkt_sched.h is 6. `/proc/net/psched` says so to programs. */
const nanosecondsPerTick = 64
const ticksPerSecond = 1e9 / nanosecondsPerTick

/** More bits in a second than any device has: what a number holds exactly in bytes. */
const fastest = Number.MAX_SAFE_INTEGER

/** Checks a rate in bits per second, at least 8, and gives it in bytes per second. */
export function bytesPerSecond(value: unknown, field: string): number {
  const expected = `a number of bits per second from 8 to ${fastest}`
  if (typeof value !== 'number') throw wrongType(field, expected, value)
  if (!(value >= 8 && value <= fastest)) throw outOfRange(field, expected, value)
  return Math.round(value / 8)
}

/** A rate in bits per second that the kernel keeps in bytes; where `none` is a number, that many bytes are no limit: Infinity. */
export function bitsPerSecond<Unit extends number | bigint>(type: Scalar<Unit>, none?: Unit): Scalar<number> {
  const most = type.size === 8 ? fastest : (2 ** 32 - 1) * 8
  return {
    size: type.size,
    fixed: true,
    encode(writer, value, field, siblings) {
      if (value === Infinity && none !== undefined) {
        type.encode(writer, none, field, siblings)
        return
      }
      const bytes = bytesPerSecond(value, field)
      if (bytes > most / 8) throw outOfRange(field, `a number of bits per second from 8 to ${most}`, value)
      type.encode(writer, (type.size === 8 ? BigInt(bytes) : bytes) as Unit, field, siblings)
    },
    decode(reader, at, end, siblings) {
      const bytes = type.decode(reader, at, end, siblings)
      return bytes === none ? Infinity : Number(bytes) * 8
    },
  }
}

/** A rate of 64 bits. */
export const rate64 = bitsPerSecond(u64)

/** How many ticks it takes to send so many bytes at a rate. */
export function ticksOf(bytes: number, bytesPerSecond: number, field: string): number {
  const ticks = Math.round((bytes / bytesPerSecond) * ticksPerSecond)
  if (ticks <= 0xffffffff) return ticks
  const most = Math.floor((0xffffffff / ticksPerSecond) * bytesPerSecond)
  throw outOfRange(field, `at most ${most} bytes at this rate: the kernel counts the time that they take`, bytes)
}

/** How many bytes are sent in so many ticks. */
export function bytesOf(ticks: number, bytesPerSecond: number): number {
  return Math.round((ticks / ticksPerSecond) * bytesPerSecond)
}

/** What is said of a rate: how long a packet is that is sent at it. */
export const linklayer = oneOf(u8, 'TC_LINKLAYER_', {
  /** Told by nobody. */
  unaware: ['UNAWARE', 0],
  /** Frames, as they are. */
  ethernet: ['ETHERNET', 1],
  /** Cells of 53 bytes, of which 48 are payload. */
  atm: ['ATM', 2],
})

/** struct tc_ratespec. */
export const ratespec = struct('tc_ratespec', {
  cellLog: ['cell_log', u8],
  linklayer: ['linklayer', linklayer],
  overhead: ['overhead', u16],
  cellAlign: ['cell_align', i16],
  mpu: ['mpu', u16],
  rate: ['rate', u32],
})

type RateSpec = StructValue<typeof ratespec.fields>

/** What one says of a rate besides itself. */
export interface RateOptions {
  /** Bytes that each packet has more on the line than the kernel sees. Default: 0. */
  overheadBytes?: number | undefined
  /** The least bytes that a packet has on the line. Default: 0. */
  mpuBytes?: number | undefined
  /** How packets are sent: as frames, or in cells of ATM. Default: `ethernet`. */
  linklayer?: 'ethernet' | 'atm' | undefined
}

/** The table of `tc_calc_rtable`: the time of packets by their size, in ticks, 256 of them. */
export interface RateTable {
  readonly spec: Partial<RateSpec>
  readonly table: Uint8Array
}

const cells = 256

/** A rate as the kernel has it, with the table that kernels before 3.8, and the action `police`, look up packets in. */
export function rateTable(bytesPerSecond: number, mtu: number, options: RateOptions = {}): RateTable {
  const { overheadBytes = 0, mpuBytes = 0, linklayer = 'ethernet' } = options
  const overhead = checkInteger(overheadBytes, 0, 0xffff, 'overheadBytes')
  const mpu = checkInteger(mpuBytes, 0, 0xffff, 'mpuBytes')
  let cellLog = 0
  while (mtu >> cellLog > cells - 1) cellLog++
  const table = new Uint32Array(cells)
  for (let i = 0; i < cells; i++) {
    const size = lengthOnLine(Math.max((i + 1) << cellLog, mpu), linklayer)
    table[i] = Math.min(0xffffffff, Math.floor((size / bytesPerSecond) * 1e6) * (ticksPerSecond / 1e6))
  }
  const rate = Math.min(bytesPerSecond, 0xffffffff)
  return {
    spec: { cellLog, linklayer, overhead, cellAlign: -1, mpu, rate },
    table: new Uint8Array(table.buffer),
  }
}

function lengthOnLine(size: number, linklayer: string): number {
  return linklayer === 'atm' ? Math.ceil(size / 48) * 53 : size
}

/** A rate beyond 32 bits of bytes per second stands in an attribute of its own. */
export const wideRate = (bytes: number): bigint | undefined => (bytes > 0xffffffff ? BigInt(bytes) : undefined)

/** The bytes per second of a rate that may stand in two places. */
export const rateOf = (spec: Partial<RateSpec> | undefined, wide: bigint | undefined): number =>
  wide === undefined ? (spec?.rate ?? 0) : Number(wide)

/** What a rate says besides itself, where that is not the default. */
export function rateDetails(spec: Partial<RateSpec> | undefined): RateOptions {
  const { overhead = 0, mpu = 0, linklayer } = spec ?? {}
  return {
    ...(overhead === 0 ? {} : { overheadBytes: overhead }),
    ...(mpu === 0 ? {} : { mpuBytes: mpu }),
    ...(linklayer === 'atm' ? { linklayer } : {}),
  }
}

/** A probability, of which 2^32 - 1 is certainty, in percent. */
export const percent: Scalar<number> = {
  size: 4,
  fixed: true,
  encode(writer, value, field) {
    writer.u32(probability(value, field))
  },
  decode: (reader, at) => percentOf(reader.u32(at)),
}

/** Checks percent, and gives the kernel's number. */
export function probability(value: unknown, field: string): number {
  const expected = 'a number of percent from 0 to 100'
  if (typeof value !== 'number') throw wrongType(field, expected, value)
  if (!(value >= 0 && value <= 100)) throw outOfRange(field, expected, value)
  return Math.round((value / 100) * 0xffffffff)
}

/** Percent of the kernel's number, to seven digits: it has no more. */
export const percentOf = (value: number): number => Number(((value / 0xffffffff) * 100).toPrecision(7))
