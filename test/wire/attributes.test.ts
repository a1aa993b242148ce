// Attribute sets: there and back, what is unknown, what is refused.
import fc from 'fast-check'
import { separate } from '../../lib/wire/separate'
import { attributes, type AttributesOf } from '../../lib/wire/attributes'
import { bits, oneOf } from '../../lib/wire/choices'
import { be32, u16, u32, u64, u8 } from '../../lib/wire/integers'
import { ip, mac } from '../../lib/wire/ip'
import { list, packed } from '../../lib/wire/nesting'
import { readOnly } from '../../lib/wire/read_only'
import { struct } from '../../lib/wire/struct'
import { binary, flag, text } from '../../lib/wire/text'
import { Writer, EncodedBytes } from '../../lib/wire/writer'
import { bytesOf, refusal, refused, roundTrip, seeing, thrownBy, valueOf } from './codec'

const inner = attributes('IN_', { depth: ['DEPTH', 1, u16], label: ['LABEL', 2, text(20)], on: ['ON', 3, flag] })
const range = struct('range', { low: ['low', u16], high: ['high', u16] })

const set = attributes('X_', {
  small: ['SMALL', 1, u8],
  count: ['COUNT', 2, u32],
  total: ['TOTAL', 3, u64],
  order: ['ORDER', 4, be32],
  name: ['NAME', 5, text(64)],
  raw: ['RAW', 6, binary()],
  address: ['ADDRESS', 7, ip],
  mac: ['MAC', 8, mac],
  mode: ['MODE', 9, oneOf(u8, 'MODE_', { slow: ['SLOW', 1], fast: ['FAST', 2] })],
  flags: ['FLAGS', 10, bits(u16, 'F_', { up: ['UP', 1], lower: ['LOWER', 2] })],
  on: ['ON', 11, flag],
  inner: ['INNER', 12, inner],
  names: ['NAMES', 13, list('X_ONE', 1, text(20))],
  numbers: ['NUMBERS', 14, packed(u32)],
  range: ['RANGE', 15, range],
  inners: ['INNERS', 16, list('X_INNER', 1, inner)],
  reported: ['REPORTED', 300, readOnly(u32)],
})

const words = fc.string({ unit: 'grapheme-ascii', maxLength: 20 })
const u32s = fc.integer({ min: 0, max: 0xffff_ffff })
const inners = fc.record({ depth: fc.nat(0xffff), label: words, on: fc.constant(true) }, { requiredKeys: [] })
const unknowns = fc.array(
  fc.record({
    type: fc.integer({ min: 17, max: 299 }),
    data: fc.uint8Array({ maxLength: 30 }).map((b) => Buffer.from(b)),
  }),
  { minLength: 1, maxLength: 4 },
)
const values: fc.Arbitrary<AttributesOf<typeof set.table>> = fc.record(
  {
    small: fc.nat(0xff),
    count: u32s,
    total: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    order: u32s,
    name: words,
    raw: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
    address: fc.constantFrom('10.0.0.1', 'fd00::1', '::'),
    mac: fc.constantFrom('02:00:00:00:00:01', 'ff:ff:ff:ff:ff:ff'),
    mode: fc.constantFrom('slow' as const, 'fast' as const, 77),
    flags: fc.constantFrom(['up' as const], ['up' as const, 'lower' as const], [], ['lower' as const, 16]),
    on: fc.constant(true),
    inner: inners,
    names: fc.array(words, { maxLength: 4 }),
    numbers: fc.array(u32s, { maxLength: 4 }),
    range: fc.record({ low: fc.nat(0xffff), high: fc.nat(0xffff) }),
    inners: fc.array(inners, { maxLength: 3 }),
    unknown: unknowns,
  },
  { requiredKeys: [] },
)

it('whatever a set encodes, it decodes', () => {
  fc.assert(
    fc.property(values, (value) => {
      const bytes = bytesOf(set, value)
      expect(seeing(bytes, (reader) => set.decode(reader, 0, bytes.length))).toEqual(value)
      expect(bytes.length % 4).toBe(0)
    }),
    { numRuns: 1000 },
  )
})

it('attributes are decoded into an object that has other properties already, some of them into a separate one', () => {
  const split = attributes('X_', { ...set.table, address: ['ADDRESS', 7, separate(ip)] })
  fc.assert(
    fc.property(values, (value) => {
      const bytes = bytesOf(set, value)
      const out = { family: 'ipv4' }
      const apart = { mark: 1 }
      seeing(bytes, (reader) => {
        split.decodeInto(reader, 0, bytes.length, out, apart)
      })
      const { address, ...others } = value
      expect(out).toEqual({ family: 'ipv4', ...others })
      expect(apart).toEqual(address === undefined ? { mark: 1 } : { mark: 1, address })
    }),
  )
})

it('undefined is left out, and so is a flag that is false; zero, an empty string and an empty list are not', () => {
  expect(bytesOf(set, { small: undefined, on: false, inner: undefined })).toHaveLength(0)
  expect(roundTrip(set, { small: 0, name: '', names: [], flags: [] })).toEqual({
    small: 0,
    name: '',
    names: [],
    flags: [],
  })
})

it('an attribute of a set within a set is marked as nested, another one is not', () => {
  const bytes = bytesOf(set, { inner: { depth: 1 } })
  const marks = seeing(bytes, (reader) => [reader.u16(2), reader.u16(6)] as const)
  expect(marks).toEqual([12 | 0x8000, 1])
})

it.each([0x8000, 0x4000, 0xc000])(
  'an attribute is found also if the kernel sets flag bits 0x%s in its type',
  (mark) => {
    const bytes = bytesOf(set, { unknown: [{ type: 2 | mark, data: bytesOf(u32, 7) }] })
    expect(valueOf(set, bytes)).toEqual({ count: 7 })
  },
)

it('the last of two attributes of one number counts', () => {
  expect(valueOf(set, Buffer.concat([bytesOf(set, { small: 1 }), bytesOf(set, { small: 2 })]))).toEqual({ small: 2 })
})

describe('an attribute that the table does not know', () => {
  it('survives a round trip byte by byte', () => {
    fc.assert(
      fc.property(unknowns, (unknown) => {
        const bytes = bytesOf(set, { unknown })
        const found = valueOf(set, bytes)
        expect(found).toEqual({ unknown })
        expect(bytesOf(set, found)).toEqual(bytes)
      }),
    )
  })

  it('survives it also if it is marked as nested, as the kernel wants it', () => {
    const writer = new Writer()
    const nest = writer.begin(200, true)
    const at = writer.begin(1)
    writer.u32(7)
    writer.end(at)
    writer.end(nest)
    const bytes = Buffer.from(new EncodedBytes(writer).bytes)
    expect(bytesOf(set, valueOf(set, bytes))).toEqual(bytes)
  })

  it('is also one that is too short for its type', () => {
    const bytes = bytesOf(set, { unknown: [{ type: 2, data: Buffer.of(1, 2, 3) }] })
    expect(valueOf(set, bytes)).toEqual({ unknown: [{ type: 2, data: Buffer.of(1, 2, 3) }] })
  })

  it('keeps its data when the block it came from is used again', () => {
    const bytes = bytesOf(set, { unknown: [{ type: 99, data: Buffer.of(1, 2, 3) }] })
    const found = seeing(bytes, (reader) => {
      const decoded = set.decode(reader, 0, bytes.length)
      ;(reader.bytes as Uint8Array).fill(0)
      return decoded
    })
    expect(found.unknown?.[0]?.data).toEqual(Buffer.of(1, 2, 3))
  })

  it.each([
    ['a number', 5],
    ['a list of numbers', [5]],
    ['a type that is no attribute number', [{ type: 70_000, data: Buffer.of(1) }]],
    ['data that are no bytes', [{ type: 70, data: 'text' }]],
  ])('is refused by name if it is %s', (_what, unknown) => {
    const value: object = { unknown }
    const error = thrownBy(() => bytesOf(set, value, {}, 'link'))
    expect(['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_OUT_OF_RANGE']).toContain(error.code)
    expect(error.field).toMatch(/^link\.unknown/)
  })
})

describe('a longer attribute than its type', () => {
  it('is read as far as the type goes', () => {
    const bytes = bytesOf(set, { unknown: [{ type: 2, data: Buffer.concat([bytesOf(u32, 7), Buffer.alloc(9)]) }] })
    expect(valueOf(set, bytes)).toEqual({ count: 7 })
  })
})

describe('an attribute that the kernel only reports', () => {
  it('is read', () => {
    const bytes = bytesOf(set, { unknown: [{ type: 300, data: bytesOf(u32, 7) }] })
    expect(valueOf(set, bytes)).toEqual({ reported: 7 })
  })

  it('is refused as an option', () => {
    expect(refusal(set, { reported: 7 })).toEqual(refused.value('peer.mtu.reported'))
    expect(thrownBy(() => bytesOf(set, { reported: 7 })).message).toContain('the kernel only reports it')
  })
})

describe('an option', () => {
  it('that does not exist is refused with the one that was meant', () => {
    expect(refusal(set, { adress: '10.0.0.1' })).toEqual(refused.value('peer.mtu.adress'))
    const said = (value: object): string => thrownBy(() => bytesOf(set, value, {}, '')).message
    expect(said({ adress: 1 })).toBe('Unknown option "adress"; did you mean "address"?')
    expect(said({ naem: 1 })).toBe('Unknown option "naem"; did you mean "name"?')
    expect(said({ inner: { lable: 1 } })).toBe('Unknown option "inner.lable"; did you mean "label"?')
    expect(said({ somethingElseEntirely: 1 })).toBe('Unknown option "somethingElseEntirely"')
  })

  it('that does not exist is refused also if it is undefined', () => {
    expect(refusal(set, { adress: undefined })).toEqual(refused.value('peer.mtu.adress'))
  })

  it.each(['constructor', 'toString', 'hasOwnProperty'])('is not what every object has: %s', (key) => {
    expect(refusal(set, { [key]: 1 })).toEqual(refused.value(`peer.mtu.${key}`))
  })

  it('that is wrong is named by its path', () => {
    expect(refusal(set, { inner: { depth: 70_000 } })).toEqual(refused.range('peer.mtu.inner.depth'))
    expect(refusal(set, { names: ['a', 'b', 3] })).toEqual(refused.type('peer.mtu.names[2]'))
    expect(refusal(set, { inners: [{}, { depth: 'x' }] })).toEqual(refused.type('peer.mtu.inners[1].depth'))
    expect(refusal(set, { range: { low: -1 } })).toEqual(refused.range('peer.mtu.range.low'))
    expect(refusal(set, { small: null })).toEqual(refused.type('peer.mtu.small'))
  })
})

it.each([null, 1, 'x', [], true])('a set of attributes is not %p', (value) => {
  expect(refusal(set, value)).toEqual(refused.type())
  expect(thrownBy(() => bytesOf(set, value as never, {}, '')).message).toContain(
    'The "options" option must be an object',
  )
})

it('a list that does not fit into an attribute is refused by name', () => {
  const names = new Array<string>(4000).fill('x'.repeat(20))
  expect(refusal(set, { names })).toEqual(refused.range('peer.mtu.names'))
})
