// Patterns as listings compare them. That the native side does the same, tests of flush, delete and rollback show.
import { byte, item, word, type Test } from '../../lib/netlink/rollback/pattern'
import { matches } from '../../lib/netlink/rollback/matches'
import { Reader } from '../../lib/wire/reader'

const attribute = (type: number, payload: Uint8Array): Buffer => {
  const header = Buffer.from(Uint16Array.of(4 + payload.length, type).buffer)
  return Buffer.concat([header, payload, Buffer.alloc(-payload.length & 3)])
}

/** An item with a header of 8 bytes: its length, and a number at 4. */
const itemOf = (number: number, ...attributes: Buffer[]): Buffer => {
  const inside = Buffer.concat(attributes)
  const header = Buffer.alloc(8)
  header.writeUInt16LE(8 + inside.length, 0)
  header.writeUInt32LE(number, 4)
  return Buffer.concat([header, inside])
}

const object = Buffer.concat([
  Buffer.from([2, 24, 0, 0xf0]),
  attribute(1, Buffer.from([10, 0, 0, 1])),
  attribute(2, word(0)),
  attribute(0x8003, attribute(4, word(500))),
  attribute(5, Buffer.concat([itemOf(7, attribute(1, byte(8))), itemOf(9)])),
])
const items = 5 | (8 << 16)

const means = (...tests: Test[]): boolean =>
  matches({ reader: new Reader(object), at: 0, end: object.length }, 4, [tests])

test.each<[string, Test, boolean]>([
  ['a byte of the header', { header: 1, value: byte(24) }, true],
  ['another byte of the header', { header: 1, value: byte(25) }, false],
  ['some bits of the header', { header: 3, value: byte(0x10), mask: 0x10 }, true],
  ['a bit that is not set', { header: 3, value: byte(1), mask: 1 }, false],
  ['a payload', { attribute: [1], value: Buffer.from([10, 0, 0, 1]) }, true],
  ['a longer payload', { attribute: [1], value: Buffer.from([10, 0, 0, 1, 0]) }, false],
  ['an attribute that is there', { attribute: [1] }, true],
  ['one that is not', { attribute: [6] }, false],
  ['the absence of one', { attribute: [6], not: true }, true],
  ['zero, of one that is not there', { attribute: [6], value: word(0), zeroIsAbsent: true }, true],
  ['zero, of another size', { attribute: [2], value: byte(0), zeroIsAbsent: true }, true],
  ['no zero, of one that is not there', { attribute: [6], value: word(0) }, false],
  ['a number in another attribute', { attribute: [3, 4], at: 0, value: word(500) }, true],
  ['at most a number', { attribute: [3, 4], at: 0, value: word(501), atMost: true }, true],
  ['at most a smaller one', { attribute: [3, 4], at: 0, value: word(499), atMost: true }, false],
  ['a number beyond the payload', { attribute: [3, 4], at: 2, value: word(0) }, false],
  ['an attribute of any item', { attribute: [items, 1], value: byte(8) }, true],
  ['of the first item', { attribute: [items, item(0), 1], value: byte(8) }, true],
  ['of the second item', { attribute: [items, item(1), 1], value: byte(8) }, false],
  ['the header of an item', { attribute: [items, item(1)], at: 4, value: byte(9) }, true],
  ['an item that is not there', { attribute: [items, item(2)], not: true }, true],
])('%s', (_what, wanted, expected) => {
  expect(means(wanted)).toBe(expected)
})

test('one test of a condition is enough, and each condition counts', () => {
  const received = { reader: new Reader(object), at: 0, end: object.length }
  const right: Test = { header: 0, value: byte(2) }
  const wrong: Test = { header: 0, value: byte(10) }
  expect(matches(received, 4, [])).toBe(true)
  expect(matches(received, 4, [[wrong, right], [right]])).toBe(true)
  expect(matches(received, 4, [[right], [wrong]])).toBe(false)
  expect(matches({ ...received, end: 3 }, 4, [])).toBe(false)
})
