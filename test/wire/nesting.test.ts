// Attributes within attributes: lists, packed values, data whose meaning a tag tells.
import fc from 'fast-check'
import { attributes } from '../../lib/wire/attributes'
import { be16, u16, u32, u8 } from '../../lib/wire/integers'
import { list, packed, taggedBy } from '../../lib/wire/nesting'
import { struct } from '../../lib/wire/struct'
import { text } from '../../lib/wire/text'
import { bytesOf, refusal, refused, roundTrip, seeing, valueOf } from './codec'

describe('a list', () => {
  const names = list('X_NAME', 7, text(30))

  it('comes back in its order', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 30 }), { maxLength: 30 }), (value) => {
        expect(roundTrip(names, value)).toEqual(value)
      }),
    )
  })

  it('passes over attributes of another number, and those that are too short', () => {
    const mixed = attributes('X_', { name: ['NAME', 7, u32], other: ['OTHER', 8, u32] })
    const bytes = Buffer.concat([
      bytesOf(mixed, { other: 1, name: 2 }),
      bytesOf(mixed, { unknown: [{ type: 7, data: Buffer.of(1) }] }),
      bytesOf(mixed, { name: 3 }),
    ])
    expect(valueOf(list('X_NAME', 7, u32), bytes)).toEqual([2, 3])
  })

  it('of structs takes shorter and longer ones, as everywhere', () => {
    const pair = struct('pair', { from: ['from', u32], to: ['to', u32] })
    const raw = attributes('X_', {})
    const bytes = bytesOf(raw, {
      unknown: [4, 8, 12].map((size) => ({ type: 1, data: new Uint8Array(size).fill(1) })),
    })
    const one = 0x01010101
    expect(valueOf(list('X_PAIR', 1, pair), bytes)).toEqual([
      { from: one },
      { from: one, to: one },
      { from: one, to: one },
    ])
  })

  it.each([null, 'abc', { 0: 'a', length: 1 }])('is not %p', (value) => {
    expect(refusal(names, value)).toEqual(refused.type())
  })
})

describe('packed values', () => {
  const ports = packed(be16)

  it('stand one after another, without headers', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0xffff)), (value) => {
        const bytes = bytesOf(ports, value)
        expect(bytes).toHaveLength(2 * value.length)
        value.forEach((port, i) => {
          expect(bytes.readUInt16BE(2 * i)).toBe(port)
        })
        expect(valueOf(ports, bytes)).toEqual(value)
      }),
    )
  })

  it('end where no whole one is left', () => {
    const bytes = Uint8Array.of(0, 1, 0, 2, 9)
    expect(seeing(bytes, (reader) => ports.decode(reader, 0, 5, {}))).toEqual([1, 2])
  })

  it('name the one that is wrong', () => {
    expect(refusal(ports, [1, 70_000])).toEqual(refused.range('peer.mtu[1]'))
    expect(refusal(ports, 1)).toEqual(refused.type())
  })
})

describe('data whose meaning a tag tells', () => {
  const cat = attributes('CAT_', { lives: ['LIVES', 1, u8] })
  const dog = attributes('DOG_', { tricks: ['TRICKS', 1, list('DOG_TRICK', 1, text(20))] })
  const animal = attributes('ANIMAL_', {
    kind: ['KIND', 1, text(20)],
    data: ['DATA', 2, taggedBy('kind', { cat, dog })],
  })

  it('are read by it', () => {
    fc.assert(
      fc.property(fc.nat(255), fc.array(fc.constantFrom('sit', 'roll', 'fetch')), (lives, tricks) => {
        expect(roundTrip(animal, { kind: 'cat', data: { lives } })).toEqual({ kind: 'cat', data: { lives } })
        expect(roundTrip(animal, { kind: 'dog', data: { tricks } })).toEqual({ kind: 'dog', data: { tricks } })
      }),
    )
  })

  it('are bytes for a tag that is not known', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom('cow', '', 'constructor', 'toString'),
        (bytes, kind) => {
          const data = Buffer.from(bytes)
          expect(roundTrip(animal, { kind, data })).toEqual({ kind, data })
        },
      ),
    )
  })

  it('are bytes without a tag', () => {
    expect(roundTrip(animal, { data: Buffer.of(1, 2) })).toEqual({ data: Buffer.of(1, 2) })
  })

  it('are refused by the name of what is wrong in them', () => {
    expect(refusal(animal, { kind: 'cat', data: { lives: 256 } })).toEqual(refused.range('peer.mtu.data.lives'))
    expect(refusal(animal, { kind: 'cat', data: { tricks: [] } })).toEqual(refused.value('peer.mtu.data.tricks'))
    expect(refusal(animal, { kind: 'cow', data: { lives: 1 } })).toEqual(refused.value('peer.mtu.data'))
    expect(refusal(animal, { kind: 'cat', data: 9 })).toEqual(refused.type('peer.mtu.data'))
  })
})

describe('the path to the attribute at a byte', () => {
  const port = attributes('PORT_', { vlanId: ['VLAN_ID', 1, u16], cost: ['COST', 2, u32] })
  const bridge = attributes('BR_', {
    forwardDelay: ['FORWARD_DELAY', 1, u32],
    ports: ['PORTS', 5, list('BR_PORT', 3, port)],
  })
  const set = attributes('IFLA_', {
    name: ['IFNAME', 3, text(20)],
    kind: ['INFO_KIND', 4, text(20)],
    data: ['INFO_DATA', 6, taggedBy('kind', { bridge })],
  })
  const value = {
    name: 'br0',
    kind: 'bridge',
    data: { forwardDelay: 7, ports: [{ vlanId: 1 }, { cost: 2, vlanId: 9 }] },
  }
  const bytes = bytesOf(set, value)
  const path = (target: number): string =>
    seeing(bytes, (reader) => set.path(reader, 0, bytes.length, target)).join('.')

  // name 0–7, kind 8–19, data 20–: forwardDelay 24–31, ports 32–: first 36–: vlanId 40–47, second 48–: cost 52–59, vlanId 60–
  it.each([
    [0, 'ifname'],
    [7, 'ifname'],
    [8, 'infoKind'],
    [20, 'infoData'],
    [23, 'infoData'],
    [24, 'infoData.forwardDelay'],
    [31, 'infoData.forwardDelay'],
    [32, 'infoData.ports'],
    [40, 'infoData.ports.0.vlanId'],
    [52, 'infoData.ports.1.cost'],
    [60, 'infoData.ports.1.vlanId'],
    [63, 'infoData.ports.1.vlanId'],
  ])('%i is %s', (target, expected) => {
    expect(path(target)).toBe(expected)
  })

  it('ends at padding, and is empty outside', () => {
    expect(path(bytes.length + 3)).toBe('')
    expect(path(-1)).toBe('')
    const odd = bytesOf(set, { name: 'ab' })
    expect(odd).toHaveLength(8)
    expect(seeing(odd, (reader) => set.path(reader, 0, odd.length, 7))).toEqual([])
  })

  it('has the number of an attribute that is not known', () => {
    const unknown = bytesOf(set, { unknown: [{ type: 99, data: Buffer.of(1) }] })
    expect(seeing(unknown, (reader) => set.path(reader, 0, unknown.length, 0))).toEqual(['#99'])
    expect(set.nameOf(3)).toBe('ifname')
    expect(set.nameOf(99)).toBe('#99')
  })

  it('never fails, and every byte of a payload belongs to an attribute', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.integer({ min: -10, max: 100 }), (noise, target) => {
        const found = seeing(noise, (reader) => set.path(reader, 0, noise.length, target))
        expect(found.every((part) => typeof part === 'string' && part !== '')).toBe(true)
      }),
    )
  })
})
