// Which objects of a dump are meant, told so that the native side can tell: see native/rollback/pattern.h.

import { testTrait } from '../../native/layout'
import type { Device } from '../../wire/device'

/** A comparison with some bytes of an object. */
export interface Test {
  /** Offset in the family's own header; at most 4 bytes are compared. */
  readonly header?: number
  /**
   * Numbers of the attributes that lead to the one whose payload is compared, the outermost first. An attribute that is a
   * list of items has the size of their header, in the upper 16 bits; behind it may stand which item is meant (`item`), else
   * any of them is.
   */
  readonly attribute?: readonly number[]
  /** What it is compared with. Default: nothing; the attribute has to be there, whatever it is. */
  readonly value?: Uint8Array | undefined
  /** Instead: the index of a device, which is looked up if this is its name. Only of side effects of a change. */
  readonly device?: Device
  /** Of an attribute, only a number of at most 4 bytes in its payload, at this offset. Default: the whole payload. */
  readonly at?: number
  /** Of such a number: it may be less, too. Default: it is the same. */
  readonly atMost?: boolean
  /** Of a number, in the header or at an offset: the bits that count. Default: all. */
  readonly mask?: number
  /** It holds where the comparison does not. Default: false. */
  readonly not?: boolean
  /** The kernel leaves the attribute out where it is zero. Default: false. */
  readonly zeroIsAbsent?: boolean
}

/** One of these tests holds. */
export type Condition = readonly Test[]

/** All of these conditions hold. */
export type Pattern = readonly Condition[]

/** Of a list of items one by its number: the item itself, or, with more behind it, an attribute in it. */
export function item(number: number): number {
  return (number | (1 << 31)) >>> 0
}

/** A number of one byte. */
export function byte(value: number): Uint8Array {
  return Uint8Array.of(value)
}

/** A number of four bytes, as the kernel has it. */
export function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer)
}

/** The payload of the first attribute of a number, among those from `at` to the end. */
export function payloadOf(bytes: Uint8Array, at: number, number: number): Uint8Array | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  while (at + 4 <= bytes.length) {
    const length = view.getUint16(at, true)
    if ((view.getUint16(at + 2, true) & 0x3fff) === number) return bytes.subarray(at + 4, at + length)
    at += (length + 3) & ~3
  }
  return undefined
}

/** Puts a value, or the index of a device, into the transaction's bytes, and tells where. */
export type StoreValue = (value: Uint8Array, device?: Device) => number

/** A pattern as numbers, as native/transactions/plan_reader.h has it. */
export function patternWords(pattern: Pattern, store: StoreValue): number[] {
  return [
    pattern.length,
    ...pattern.flatMap((tests) => [tests.length, ...tests.flatMap((test) => testWords(test, store))]),
  ]
}

function testWords(test: Test, store: StoreValue): number[] {
  const { header, attribute = [], at, atMost, mask = -1, not, zeroIsAbsent, device } = test
  const value = device === undefined ? test.value : word(typeof device === 'number' ? device : 0)
  const trait =
    (header === undefined ? 0 : testTrait.header) |
    (not === true ? testTrait.negated : 0) |
    (zeroIsAbsent === true ? testTrait.zeroIsAbsent : 0) |
    (value === undefined ? testTrait.presence : 0) |
    (at === undefined ? 0 : testTrait.part) |
    (atMost === true ? testTrait.atMost : 0)
  const where = header === undefined ? attribute : [header]
  return [
    trait,
    mask,
    at ?? 0,
    where.length,
    ...where,
    value === undefined ? 0 : store(value, device),
    value?.length ?? 0,
  ]
}
