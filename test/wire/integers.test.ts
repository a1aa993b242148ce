// Integers on the wire, against Buffer's own way to write them.
import { endianness } from 'node:os'
import fc from 'fast-check'
import {
  be16,
  be32,
  be64,
  boolean,
  checkInteger,
  i32,
  seconds,
  u16,
  u32,
  u64,
  u8,
  within,
} from '../../lib/wire/integers'
import type { Scalar } from '../../lib/wire/type'
import { bytesOf, refusal, refused, roundTrip, thrownBy, valueOf } from './codec'

const little = endianness() === 'LE'

interface Case<Value> {
  name: string
  type: Scalar<Value>
  least: Value
  most: Value
  write: (buffer: Buffer, value: Value) => unknown
}

const numbers: Case<number>[] = [
  { name: 'u8', type: u8, least: 0, most: 255, write: (b, v) => b.writeUInt8(v) },
  {
    name: 'u16',
    type: u16,
    least: 0,
    most: 65_535,
    write: (b, v) => (little ? b.writeUInt16LE(v) : b.writeUInt16BE(v)),
  },
  {
    name: 'u32',
    type: u32,
    least: 0,
    most: 4_294_967_295,
    write: (b, v) => (little ? b.writeUInt32LE(v) : b.writeUInt32BE(v)),
  },
  {
    name: 'i32',
    type: i32,
    least: -2_147_483_648,
    most: 2_147_483_647,
    write: (b, v) => (little ? b.writeInt32LE(v) : b.writeInt32BE(v)),
  },
  { name: 'be16', type: be16, least: 0, most: 65_535, write: (b, v) => b.writeUInt16BE(v) },
  { name: 'be32', type: be32, least: 0, most: 4_294_967_295, write: (b, v) => b.writeUInt32BE(v) },
]

const bigs: Case<bigint>[] = [
  {
    name: 'u64',
    type: u64,
    least: 0n,
    most: 18_446_744_073_709_551_615n,
    write: (b, v) => (little ? b.writeBigUInt64LE(v) : b.writeBigUInt64BE(v)),
  },
  { name: 'be64', type: be64, least: 0n, most: 18_446_744_073_709_551_615n, write: (b, v) => b.writeBigUInt64BE(v) },
]

function expected<Value>({ type, write }: Case<Value>, value: Value): Buffer {
  const buffer = Buffer.alloc(type.size)
  write(buffer, value)
  return buffer
}

describe.each(numbers)('$name', (one) => {
  const { type, least, most } = one

  it('encodes as Buffer does and decodes to the same number', () => {
    const values = fc.oneof(fc.integer({ min: least, max: most }), fc.constantFrom(least, least + 1, most - 1, most))
    fc.assert(
      fc.property(values, (value) => {
        const bytes = bytesOf(type, value)
        expect(bytes).toEqual(expected(one, value))
        expect(valueOf(type, bytes)).toBe(value)
      }),
    )
  })

  it.each([least - 1, most + 1, 1.5, NaN, Infinity, -Infinity])('refuses %p by its bounds', (value) => {
    expect(refusal(type, value)).toEqual(refused.range())
    expect(thrownBy(() => bytesOf(type, value)).message).toContain(`from ${least} to ${most}`)
  })

  it.each(['1', 1n, null, true, [1], {}])('refuses %p by its type', (value) => {
    expect(refusal(type, value)).toEqual(refused.type())
  })
})

describe.each(bigs)('$name', (one) => {
  const { type, least, most } = one

  it('encodes as Buffer does and decodes to the same bigint', () => {
    const values = fc.oneof(fc.bigInt({ min: least, max: most }), fc.constantFrom(least, least + 1n, most - 1n, most))
    fc.assert(
      fc.property(values, (value) => {
        const bytes = bytesOf(type, value)
        expect(bytes).toEqual(expected(one, value))
        expect(valueOf(type, bytes)).toBe(value)
      }),
    )
  })

  it.each([-1n, 2n ** 64n])('refuses %p by its bounds', (value) => {
    expect(refusal(type, value)).toEqual(refused.range())
  })

  it('takes a number that is a safe integer, as JSON has it', () => {
    expect(roundTrip(type, 77 as never)).toBe(77n)
  })

  it.each([1.5, 2 ** 53, '1', null])('refuses %p, which is no integer for certain', (value) => {
    expect(refusal(type, value)).toEqual(refused.type())
  })
})

describe('narrower bounds', () => {
  const vlan = within(u16, 1, 4094)

  it('let through what lies between them', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4094 }), (id) => {
        expect(roundTrip(vlan, id)).toBe(id)
      }),
    )
  })

  it.each([0, 4095])('refuse %p, which the type itself would take', (id) => {
    expect(roundTrip(u16, id)).toBe(id)
    expect(refusal(vlan, id)).toEqual(refused.range())
    expect(thrownBy(() => bytesOf(vlan, id)).message).toContain('from 1 to 4094')
  })

  it('do not keep a kernel from saying more', () => {
    expect(valueOf(vlan, bytesOf(u16, 4095))).toBe(4095)
  })
})

describe('a boolean', () => {
  it.each([
    ['u8', boolean(u8), 1],
    ['u32', boolean(u32), 4],
  ])('of %s is 1 or 0 in as many bytes', (_name, type, size) => {
    expect(bytesOf(type, true)).toHaveLength(size)
    expect(valueOf(type, bytesOf(type, true))).toBe(true)
    expect(valueOf(type, bytesOf(type, false))).toBe(false)
    expect(bytesOf(type, true)).not.toEqual(bytesOf(type, false))
  })

  it('is true for every byte but 0', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), (byte) => {
        expect(valueOf(boolean(u8), Uint8Array.of(byte))).toBe(byte !== 0)
      }),
    )
  })

  it.each([0, 1, 'true', null])('refuses %p', (value) => {
    expect(refusal(boolean(u8), value)).toEqual(refused.type())
  })
})

describe('seconds', () => {
  it.each([
    ['u32', seconds(u32, 100), 0xffffffff],
    // Beyond this a number cannot tell hundredths apart; it is 300,000 years.
    ['u64', seconds(u64, 100), 1e15],
  ])('in hundredths of %s come back as they were', (_name, type, most) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: most }), (units) => {
        expect(roundTrip(type, units / 100)).toBe(units / 100)
      }),
    )
  })

  it('are rounded to the unit', () => {
    expect(roundTrip(seconds(u32, 100), 1.234)).toBe(1.23)
    expect(roundTrip(seconds(u32, 1), 1.6)).toBe(2)
  })

  it.each([-1, NaN, Infinity, 42_949_673])('refuse %p', (value) => {
    expect(refusal(seconds(u32, 100), value)).toEqual(refused.range())
  })

  it('refuse what is no number', () => {
    expect(refusal(seconds(u32, 100), '15')).toEqual(refused.type())
  })
})

it('a check of an integer returns it, or says what was given and what would do', () => {
  expect(checkInteger(7, 0, 10, 'ttl')).toBe(7)
  const error = thrownBy(() => checkInteger(11, 0, 10, 'ttl'))
  expect(error.message).toBe('The "ttl" option must be an integer from 0 to 10; received 11')
  expect(error.value).toBe(11)
})
