// Messages as bytes: how ours begin and end, and how blocks of the kernel's are taken apart.
import { endianness } from 'node:os'
import fc from 'fast-check'
import { NLM_F } from '../../lib/netlink/constants'
import { encodeMessage, forEachMessage, type Received } from '../../lib/netlink/message'
import { attributes } from '../../lib/wire/attributes'
import { device } from '../../lib/wire/device'
import { u16, u32, u8 } from '../../lib/wire/integers'
import { Reader } from '../../lib/wire/reader'
import { struct } from '../../lib/wire/struct'
import { binary } from '../../lib/wire/text'
import { seeing, thrownBy } from '../wire/codec'

// Five bytes: the attributes begin at the next multiple of four.
const header = struct('odd', { first: ['first', u32], last: ['last', u8] })
const layout = {
  header,
  attributes: attributes('X_', { dev: ['DEV', 1, device], id: ['ID', 2, u16], raw: ['RAW', 3, binary()] }),
}

const write32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  if (endianness() === 'LE') bytes.writeUInt32LE(value)
  else bytes.writeUInt32BE(value)
  return bytes
}

describe('a message', () => {
  const some = fc.record({ first: fc.nat(), last: fc.nat(255), raw: fc.uint8Array({ maxLength: 50 }) })

  it('has its length, type and flags in front, and its attributes at a multiple of four', () => {
    fc.assert(
      fc.property(some, fc.nat(0xffff), fc.nat(0xffff), ({ first, last, raw }, type, flags) => {
        const data = { flags, header: { first, last }, attributes: { raw } }
        const { name, bytes } = encodeMessage(layout, 'GETIT', type, data)
        const reader = new Reader(bytes)
        expect(name).toBe('GETIT')
        expect(bytes.length % 4).toBe(0)
        expect(reader.u32(0)).toBeLessThanOrEqual(bytes.length)
        expect([reader.u16(4), reader.u16(6)]).toEqual([type, flags | NLM_F.REQUEST])
        expect([reader.u32(8), reader.u32(12)]).toEqual([0, 0])
        expect(header.whole(reader, 16)).toEqual({ first, last })
        expect(layout.attributes.decode(reader, 24, bytes.length)).toEqual({ raw: Buffer.from(raw) })
      }),
    )
  })

  it('without attributes ends with its header', () => {
    const { bytes } = encodeMessage(layout, 'GETIT', 1, { header: { first: 1 } })
    expect(new Reader(bytes).u32(0)).toBe(24)
    expect(encodeMessage(layout, 'GETIT', 1, {}).bytes).toHaveLength(24)
  })

  it('knows the places of the devices that it names', () => {
    const { bytes, relocations } = encodeMessage(layout, 'GETIT', 1, { attributes: { id: 1, dev: 'eth0' } })
    expect(relocations).toEqual([{ at: 36, device: 'eth0' }])
    expect(new Reader(bytes).u32(36)).toBe(0)
  })

  it('of 60 KB is one piece', () => {
    const raw = Buffer.alloc(30_000, 7)
    const unknown = [{ type: 9, data: raw }]
    const { bytes } = encodeMessage(layout, 'GETIT', 1, { attributes: { raw, unknown } })
    expect(new Reader(bytes).u32(0)).toBe(24 + 2 * 30_004)
    expect(layout.attributes.decode(new Reader(bytes), 24, bytes.length)).toEqual({ raw, unknown })
  })

  it('that is refused names the field, and the next one is as if it had not been', () => {
    const good = (): Uint8Array => encodeMessage(layout, 'GETIT', 1, { attributes: { id: 1 } }).bytes
    const before = good()
    expect(thrownBy(() => encodeMessage(layout, 'GETIT', 1, { header: { last: 256 } })).field).toBe('last')
    const bad = { raw: Buffer.alloc(5000, 0xff), id: -1 }
    expect(thrownBy(() => encodeMessage(layout, 'GETIT', 1, { attributes: bad })).field).toBe('id')
    expect(good()).toEqual(before)
  })
})

describe('blocks of received messages', () => {
  const message = (payload: Uint8Array, sequence: number): Buffer => {
    const head = Buffer.concat([write32(16 + payload.length), Buffer.from([9, 0, 2, 0]), write32(sequence), write32(0)])
    return Buffer.concat([head, payload, Buffer.alloc(-payload.length & 3)])
  }
  const payloads = fc.array(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 }), { maxLength: 4 })

  it('are taken apart into the messages that are in them, in order', () => {
    fc.assert(
      fc.property(payloads, (blocks) => {
        const found: [number, number[]][] = []
        let sequence = 0
        const bytes = blocks.map((block) => Buffer.concat(block.map((payload) => message(payload, ++sequence))))
        const collect = (received: Received): void => {
          const { reader, at, end } = received
          found.push([received.sequence, [...reader.copy(at, end)]])
        }
        for (const block of bytes) forEachMessage(block, collect)
        expect(found).toEqual(blocks.flat().map((payload, i) => [i + 1, [...payload]]))
      }),
    )
  })

  it('whatever they are, end, and each message lies within its block', () => {
    const length = fc.constantFrom(0, 1, 15, 16, 17, 20, 24, 0x7fff_ffff, 0x8000_0000, 0xffff_fffd, 0xffff_ffff)
    const block = fc
      .array(
        fc.tuple(length, fc.uint8Array({ maxLength: 40 })).map(([size, rest]) => Buffer.concat([write32(size), rest])),
        { maxLength: 5 },
      )
      .map((parts) => Buffer.concat(parts))
    fc.assert(
      fc.property(block, (bytes) => {
        const places = seeing(bytes, (reader) => {
          const found: (readonly [number, number])[] = []
          forEachMessage(reader.bytes as Uint8Array, ({ at, end }) => found.push([at, end]))
          return found
        })
        let before = 0
        for (const [at, end] of places) {
          expect(at).toBeGreaterThanOrEqual(before + 16)
          expect(end).toBeGreaterThanOrEqual(at)
          expect(end).toBeLessThanOrEqual(bytes.length)
          before = end
        }
      }),
      { numRuns: 1000 },
    )
  })
})
