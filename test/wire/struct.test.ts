// Structs of the kernel's headers, and of older and newer kernels than ours.
import fc from 'fast-check'
import { attributes } from '../../lib/wire/attributes'
import { be16, u16, u32, u64, u8 } from '../../lib/wire/integers'
import { ipv4 } from '../../lib/wire/ip'
import { struct } from '../../lib/wire/struct'
import { bytesOf, readerWithin, refusal, refused, roundTrip, seeing, thrownBy, valueOf } from './codec'

const sample = struct('sample', {
  kind: ['kind', u8],
  _pad: ['__pad', u8],
  port: ['port', be16],
  index: ['index', u32],
  bytes: ['bytes', u64],
  host: ['host', ipv4],
})

const values = fc.record({
  kind: fc.integer({ min: 0, max: 255 }),
  port: fc.integer({ min: 0, max: 65_535 }),
  index: fc.integer({ min: 0, max: 0xffff_ffff }),
  bytes: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  host: fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => bytes.join('.')),
})

it('a struct comes back as it was, at the offsets of its fields', () => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = bytesOf(sample, value)
      expect(bytes).toHaveLength(20)
      expect(bytes[0]).toBe(value.kind)
      expect(bytes[1]).toBe(0)
      expect(bytes.readUInt16BE(2)).toBe(value.port)
      expect(bytes.subarray(16).join('.')).toBe(value.host)
      expect(valueOf(sample, bytes)).toEqual(value)
      expect(sample.whole(readerWithin(bytes), 0)).toEqual(value)
    }),
  )
})

it('the size and the offsets of a struct are those of its fields', () => {
  expect(sample.size).toBe(20)
  expect(Object.fromEntries(sample.offsets)).toEqual({ kind: 0, _pad: 1, port: 2, index: 4, bytes: 8, host: 16 })
})

it('one field of a struct can be read alone', () => {
  fc.assert(
    fc.property(values, fc.uint8Array({ maxLength: 7 }), (value, before) => {
      const reader = readerWithin(Buffer.concat([before, bytesOf(sample, value)]))
      const { read } = sample
      expect(read.port(reader, before.length)).toBe(value.port)
      expect(read.bytes(reader, before.length)).toBe(value.bytes)
      expect(read.host(reader, before.length)).toBe(value.host)
    }),
  )
})

it('what is left out of a struct is zero', () => {
  expect(bytesOf(sample, {})).toEqual(Buffer.alloc(20))
  expect(roundTrip(sample, { index: 7, host: undefined } as { index: number })).toEqual({
    kind: 0,
    port: 0,
    index: 7,
    bytes: 0n,
    host: '0.0.0.0',
  })
})

it('a longer struct of a newer kernel decodes to the fields that are known', () => {
  fc.assert(
    fc.property(values, fc.uint8Array({ maxLength: 40 }), (value, more) => {
      expect(valueOf(sample, Buffer.concat([bytesOf(sample, value), more]))).toEqual(value)
    }),
  )
})

it('a shorter struct of an older kernel decodes to the fields that are whole', () => {
  const ends = [1, 2, 4, 8, 16, 20]
  const keys = [['kind'], [], ['port'], ['index'], ['bytes'], ['host']]
  fc.assert(
    fc.property(values, fc.nat(20), (value, length) => {
      const bytes = bytesOf(sample, value).subarray(0, length)
      const found = seeing(bytes, (reader) => sample.decode(reader, 0, length, {}))
      const whole = keys.filter((_, i) => ends[i]! <= length).flat()
      expect(found).toEqual(Object.fromEntries(whole.map((key) => [key, value[key as keyof typeof value]])))
    }),
  )
})

it('a struct of another length is still that attribute, and not an unknown one', () => {
  const set = attributes('X_', { sample: ['SAMPLE', 1, sample], index: ['INDEX', 2, u16] })
  const whole = bytesOf(sample, { kind: 1, port: 2, index: 3 })
  for (const length of [0, 4, 8, 20]) {
    const bytes = bytesOf(set, { unknown: [{ type: 1, data: whole.subarray(0, length) }] })
    const { sample: found, unknown } = valueOf(set, bytes)
    expect(unknown).toBeUndefined()
    expect(found?.port).toBe(length < 4 ? undefined : 2)
  }
})

describe('a struct that is given', () => {
  it('names the field that is wrong', () => {
    expect(refusal(sample, { kind: 256 })).toEqual(refused.range('peer.mtu.kind'))
    expect(refusal(sample, { index: '1' })).toEqual(refused.type('peer.mtu.index'))
    expect(refusal(sample, { host: '::1' })).toEqual(refused.value('peer.mtu.host'))
    expect(thrownBy(() => bytesOf(sample, { kind: -1 }, {}, '')).message).toContain('"kind"')
  })

  it('has no fields that the struct does not have, nor its padding', () => {
    expect(refusal(sample, { prot: 1 })).toEqual(refused.value('peer.mtu.prot'))
    const typo: object = { prot: 1 }
    expect(thrownBy(() => bytesOf(sample, typo)).message).toContain('did you mean "port"?')
    expect(refusal(sample, { _pad: 1 })).toEqual(refused.value('peer.mtu._pad'))
  })

  it.each([null, 1, 'x', [1]])('is not %p', (value) => {
    expect(refusal(sample, value)).toEqual(refused.type())
  })
})
