// The writer: it grows, pads, and fills in lengths that are known only afterwards.
import { endianness } from 'node:os'
import fc from 'fast-check'
import { Reader } from '../../lib/wire/reader'
import { Writer, EncodedBytes } from '../../lib/wire/writer'

const NLA_F_NESTED = 0x8000

type Call = readonly [method: 'u8' | 'u16' | 'u32' | 'be16' | 'be32', value: number] | readonly ['zeros', number]

const calls = fc.array(
  fc.oneof(
    fc.tuple(fc.constantFrom('u8' as const), fc.nat(0xff)),
    fc.tuple(fc.constantFrom('u16' as const, 'be16' as const), fc.nat(0xffff)),
    fc.tuple(fc.constantFrom('u32' as const, 'be32' as const), fc.integer({ min: 0, max: 0xffff_ffff })),
    fc.tuple(fc.constant('zeros' as const), fc.oneof(fc.nat(70), fc.nat(9000))),
  ),
)

function spelled([method, value]: Call): Buffer {
  if (method === 'zeros') return Buffer.alloc(value)
  const size = { u8: 1, u16: 2, be16: 2, u32: 4, be32: 4 }[method]
  const buffer = Buffer.alloc(size)
  if (method.startsWith('be') || endianness() === 'BE') buffer.writeUIntBE(value, 0, size)
  else buffer.writeUIntLE(value, 0, size)
  return buffer
}

it('whatever is written stands there in order, however much it is', () => {
  fc.assert(
    fc.property(calls, (made: Call[]) => {
      const writer = new Writer()
      for (const [method, value] of made) writer[method](value)
      const expected = Buffer.concat(made.map(spelled))
      expect(writer.length).toBe(expected.length)
      expect(Buffer.from(new EncodedBytes(writer).bytes)).toEqual(expected)
    }),
  )
})

it('a message of 60 KB of attributes grows out of a small writer', () => {
  const writer = new Writer()
  const payloads = Array.from({ length: 1000 }, (_, i) => Buffer.alloc(57 + (i % 4), i & 0xff))
  payloads.forEach((payload, i) => {
    const at = writer.begin(i + 1)
    writer.bytes(payload)
    writer.end(at)
  })
  const { bytes } = new EncodedBytes(writer)
  expect(bytes.length).toBeGreaterThan(60_000)
  const reader = new Reader(bytes)
  let at = 0
  payloads.forEach((payload, i) => {
    expect(reader.u16(at)).toBe(4 + payload.length)
    expect(reader.u16(at + 2)).toBe(i + 1)
    expect(reader.copy(at + 4, at + 4 + payload.length).equals(payload)).toBe(true)
    at += 64
  })
  expect(bytes).toHaveLength(at)
})

it('nothing of an earlier message shows in a later one', () => {
  const earlier = new Writer()
  earlier.bytes(new Uint8Array(6000).fill(0xff))
  earlier.finish()
  const writer = new Writer()
  const at = writer.begin(1)
  writer.zeros(20)
  writer.deviceIndex('eth0')
  writer.u8(1)
  writer.end(at)
  expect(Buffer.from(new EncodedBytes(writer).bytes)).toEqual(
    Buffer.from([29, 0, 1, 0, ...new Array<number>(24).fill(0), 1, 0, 0, 0]),
  )
})

it('a finished message stays as it is, whatever is written afterwards', () => {
  const first = new Writer()
  first.u32(1)
  const { bytes } = new EncodedBytes(first)
  const second = new Writer()
  second.u32(2)
  expect([...bytes]).toEqual([...spelled(['u32', 1])])
  expect([...new EncodedBytes(second).bytes]).toEqual([...spelled(['u32', 2])])
})

it('two messages can be written at a time', () => {
  const [first, second] = [new Writer(), new Writer()]
  for (let i = 0; i < 3000; i++) {
    first.u16(1)
    second.u16(2)
  }
  expect(Buffer.from(new EncodedBytes(first).bytes)).toEqual(
    Buffer.concat(new Array<Buffer>(3000).fill(spelled(['u16', 1]))),
  )
  expect(Buffer.from(new EncodedBytes(second).bytes)).toEqual(
    Buffer.concat(new Array<Buffer>(3000).fill(spelled(['u16', 2]))),
  )
})

it('an attribute has the length of its payload, and padding behind it that does not count', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(0x3fff), fc.boolean(), (payload, type, nested) => {
      const writer = new Writer()
      const at = writer.begin(type, nested)
      writer.bytes(payload)
      writer.end(at)
      const reader = new Reader(new EncodedBytes(writer).bytes)
      expect(reader.u16(0)).toBe(4 + payload.length)
      expect(reader.u16(2)).toBe(nested ? type | NLA_F_NESTED : type)
      expect(reader.bytes.length % 4).toBe(0)
      expect(reader.bytes.length - payload.length).toBeLessThan(8)
    }),
  )
})

it('an attribute within one counts as payload, padding and all', () => {
  const writer = new Writer()
  const outer = writer.begin(1, true)
  const inner = writer.begin(2)
  writer.u8(9)
  writer.end(inner)
  writer.end(outer)
  const reader = new Reader(new EncodedBytes(writer).bytes)
  expect(reader.u16(0)).toBe(12)
  expect(reader.u16(4)).toBe(5)
})

it('an attribute of 65,535 bytes is written', () => {
  const writer = new Writer()
  const at = writer.begin(1)
  writer.zeros(0xffff - 4)
  writer.end(at)
  const reader = new Reader(new EncodedBytes(writer).bytes)
  expect(reader.u16(0)).toBe(0xffff)
})

it('an attribute whose length does not fit its header is refused, not cut', () => {
  const writer = new Writer()
  const at = writer.begin(1)
  writer.zeros(0x10000 - 4)
  expect(() => {
    writer.end(at)
  }).toThrow(RangeError)
})
