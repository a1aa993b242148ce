// Whether a message is one that a pattern means: what `matches` of native/rollback/pattern.cc tells, for listings. So a filter
// is written once, as a pattern, and serves listing, flushing and rollback.
import type { Received } from '../message'
import { forEachAttribute } from '../../wire/nesting'
import type { Reader } from '../../wire/reader'
import type { Pattern, Test } from './pattern'

const itemNumber = 0x80000000
const longestNumber = 4

/** The first four bytes of some at most, as a number. */
function numberAt(reader: Reader, at: number, size: number): number {
  let value = 0
  for (let i = Math.min(size, longestNumber) - 1; i >= 0; i--) value = value * 256 + reader.u8(at + i)
  return value
}

function numberIn(value: Uint8Array): number {
  return value.subarray(0, longestNumber).reduceRight((number, byte) => number * 256 + byte, 0)
}

const isZero = (value: Uint8Array): boolean => value.every((byte) => byte === 0)

/** Calls `found` for each attribute at a place, until it says true; whether it did. */
function anyAt(
  reader: Reader,
  at: number,
  end: number,
  place: readonly number[],
  found: (at: number, end: number) => boolean,
): boolean {
  const [first = 0, second = 0] = place
  const itemHeader = first >>> 16
  let any = false
  forEachAttribute(reader, at, end, (number, from, to) => {
    if (number !== (first & 0xffff)) return false
    if (place.length === 1) any = found(from, to)
    else if (itemHeader === 0) any = anyAt(reader, from, to, place.slice(1), found)
    else {
      const wanted = second >= itemNumber ? second - itemNumber : undefined
      const inItem = place.slice(wanted === undefined ? 1 : 2)
      let item = 0
      for (let begin = from; begin + itemHeader <= to && !any; item++) {
        const length = reader.u16(begin)
        if (length < itemHeader || begin + length > to) break
        if (wanted === undefined || wanted === item) {
          any =
            inItem.length === 0
              ? found(begin, begin + length)
              : anyAt(reader, begin + itemHeader, begin + length, inItem, found)
        }
        begin += (length + 3) & ~3
      }
    }
    return any
  })
  return any
}

function holds(test: Test, reader: Reader, at: number, attributes: number, end: number): boolean {
  const { header, attribute = [], value, at: offset, atMost, mask = -1, zeroIsAbsent } = test
  const wanted = value ?? new Uint8Array(0)
  const agrees = (from: number, bits: number): boolean =>
    (numberAt(reader, from, wanted.length) & bits) === (numberIn(wanted) & bits)
  if (header !== undefined) return agrees(at + header, mask)
  const seen = { there: false }
  const equal = anyAt(reader, attributes, end, attribute, (from, to) => {
    seen.there = true
    if (offset !== undefined) {
      if (from + offset + wanted.length > to) return false
      return atMost === true
        ? numberAt(reader, from + offset, wanted.length) <= numberIn(wanted)
        : agrees(from + offset, mask)
    }
    if (value === undefined) return true
    const payload = reader.copy(from, to)
    if (Buffer.compare(payload, value) === 0) return true
    return zeroIsAbsent === true && isZero(payload) && isZero(value)
  })
  return equal || (!seen.there && zeroIsAbsent === true && isZero(wanted))
}

/** Whether a message is one that a pattern means; without devices by name. */
export function matches(
  { reader, at, end }: Pick<Received, 'reader' | 'at' | 'end'>,
  headerSize: number,
  pattern: Pattern,
): boolean {
  if (at + headerSize > end) return false
  const attributes = Math.min(end, at + ((headerSize + 3) & ~3))
  return pattern.every((tests) =>
    tests.some((test) => holds(test, reader, at, attributes, end) !== (test.not === true)),
  )
}
