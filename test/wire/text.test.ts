// Strings, bytes and flags on the wire.
import fc from 'fast-check'
import { binary, flag, text } from '../../lib/wire/text'
import { wrongValue } from '../../lib/wire/invalid'
import { checkDeviceName, device } from '../../lib/wire/device'
import { u32 } from '../../lib/wire/integers'
import { Writer, EncodedBytes } from '../../lib/wire/writer'
import { bytesOf, refusal, refused, roundTrip, seeing, thrownBy, valueOf } from './codec'

const withoutNul = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0'))

describe('a string', () => {
  it('of any characters comes back as it was, and ends in one NUL', () => {
    fc.assert(
      fc.property(withoutNul, (value) => {
        const bytes = bytesOf(text(4096), value)
        expect(bytes).toEqual(Buffer.from(`${value}\0`))
        expect(valueOf(text(4096), bytes)).toBe(value)
      }),
    )
  })

  it('ends at its first NUL, or where its attribute ends', () => {
    fc.assert(
      fc.property(withoutNul, fc.uint8Array({ maxLength: 20 }), (value, rest) => {
        const decode = (bytes: Uint8Array): string =>
          seeing(bytes, (reader) => text(0).decode(reader, 0, bytes.length, {}))
        expect(decode(Buffer.from(value))).toBe(value)
        expect(decode(Buffer.concat([Buffer.from(`${value}\0`), rest]))).toBe(value)
      }),
    )
  })

  it('is measured in bytes', () => {
    expect(roundTrip(text(15), 'x'.repeat(15))).toHaveLength(15)
    expect(refusal(text(15), 'x'.repeat(16))).toEqual(refused.range())
    expect(roundTrip(text(15), 'ä'.repeat(7))).toHaveLength(7)
    expect(refusal(text(15), 'ä'.repeat(8))).toEqual(refused.range())
    expect(thrownBy(() => bytesOf(text(15, undefined, 1), '')).message).toContain('a string of 1 to 15 bytes')
  })

  it('may be empty unless it must not', () => {
    expect(roundTrip(text(15), '')).toBe('')
    expect(refusal(text(15, undefined, 1), '')).toEqual(refused.range())
  })

  it.each(['\0', 'a\0b', 'eth0\0'])('with a NUL is refused: %p', (value) => {
    expect(refusal(text(15), value)).toEqual(refused.value())
  })

  it.each([1, null, undefined, ['a'], Buffer.from('eth0')])('is not %p', (value) => {
    expect(refusal(text(15), value)).toEqual(refused.type())
  })

  it('may be refused by a check of its own', () => {
    const even = text(15, (value, field) => {
      if (value.length % 2 !== 0) throw wrongValue(field, 'of even length', value)
    })
    expect(roundTrip(even, 'ab')).toBe('ab')
    expect(refusal(even, 'abc')).toEqual(refused.value())
  })
})

describe('bytes', () => {
  it('come back as they were, in memory of their own', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (value) => {
        const bytes = bytesOf(binary(), value)
        expect(bytes).toEqual(Buffer.from(value))
        const found = valueOf(binary(), bytes)
        bytes.fill(0)
        expect(Buffer.from(found)).toEqual(Buffer.from(value))
      }),
    )
  })

  it('do not change with the block they came from', () => {
    const block = Buffer.from([1, 2, 3])
    const found = seeing(block, (reader) => {
      const copy = binary().decode(reader, 0, 3, {})
      ;(reader.bytes as Uint8Array).fill(9)
      return copy
    })
    expect([...found]).toEqual([1, 2, 3])
  })

  it('are limited', () => {
    expect(roundTrip(binary(4), new Uint8Array(4))).toHaveLength(4)
    expect(refusal(binary(4), new Uint8Array(5))).toEqual(refused.range())
  })

  it.each(['abc', [1, 2], null, new DataView(new ArrayBuffer(2)), new ArrayBuffer(2)])('are not %p', (value) => {
    expect(refusal(binary(), value)).toEqual(refused.type())
  })
})

describe('a flag', () => {
  it('is true where it is, whatever it holds, and has no bytes', () => {
    expect(bytesOf(flag, true)).toHaveLength(0)
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        expect(valueOf(flag, bytes)).toBe(true)
      }),
    )
  })

  it.each([1, 'yes', null])('is not %p', (value) => {
    expect(refusal(flag, value)).toEqual(refused.type())
  })
})

describe('a device', () => {
  it('is its index', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7fffffff }), (index) => {
        expect(bytesOf(device, index)).toEqual(bytesOf(u32, index))
        expect(roundTrip(device, index)).toBe(index)
      }),
    )
  })

  it('may be a name, whose index the message waits for', () => {
    const writer = new Writer()
    u32.encode(writer, 1, 'it', {})
    device.encode(writer, 'eth0', 'dev', {})
    device.encode(writer, 7, 'dev', {})
    device.encode(writer, 'eth1', 'dev', {})
    expect(writer.relocations).toEqual([
      { at: 4, device: 'eth0' },
      { at: 12, device: 'eth1' },
    ])
    expect([...new EncodedBytes(writer).bytes.subarray(4, 8)]).toEqual([0, 0, 0, 0])
  })

  it.each([-1, 1.5, 2 ** 31, NaN])('is not %p', (value) => {
    expect(refusal(device, value)).toEqual(refused.range())
  })

  it.each(['.', '..', 'a/b', 'a b', 'a:1', 'eth%d', 'a\tb', 'a\u{a0}'])('is not called %p', (value) => {
    expect(refusal(device, value)).toEqual(refused.value())
    expect(thrownBy(() => checkDeviceName(value, 'name')).field).toBe('name')
  })

  it('has a name of 1 to 15 bytes', () => {
    expect(checkDeviceName('x'.repeat(15), 'name')).toBe('x'.repeat(15))
    expect(refusal(device, '')).toEqual(refused.range())
    expect(refusal(device, 'x'.repeat(16))).toEqual(refused.range())
    expect(refusal(device, 'ö'.repeat(8))).toEqual(refused.range())
  })

  it.each([null, {}, 1n, true])('is not %p', (value) => {
    expect(refusal(device, value)).toEqual(refused.type())
  })
})
