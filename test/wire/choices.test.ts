// Numbers that have names: one of a set, a set of bits, switches that share a struct.
import fc from 'fast-check'
import { bits, oneOf } from '../../lib/wire/choices'
import { be16, u16, u32, u8 } from '../../lib/wire/integers'
import { struct } from '../../lib/wire/struct'
import { switches } from '../../lib/wire/switches'
import { bytesOf, refusal, refused, roundTrip, thrownBy, valueOf } from './codec'

describe('one of a set of names', () => {
  const color = oneOf(u16, 'COLOR_', { red: ['RED', 1], green: ['GREEN', 2], far: ['FAR', 40_000] })

  it.each([
    ['red', 1],
    ['green', 2],
    ['far', 40_000],
  ] as const)('%s is %i', (name, number) => {
    expect(bytesOf(color, name)).toEqual(bytesOf(u16, number))
    expect(bytesOf(color, number)).toEqual(bytesOf(u16, number))
    expect(valueOf(color, bytesOf(u16, number))).toBe(name)
  })

  it('or a number that has none', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), (number) => {
        fc.pre(![1, 2, 40_000].includes(number))
        expect(roundTrip(color, number)).toBe(number)
      }),
    )
  })

  it('is in the byte order of its type', () => {
    const protocol = oneOf(be16, 'ETH_P_', { ip: ['IP', 0x0800] })
    expect([...bytesOf(protocol, 'ip')]).toEqual([8, 0])
    expect(roundTrip(protocol, 0x86dd)).toBe(0x86dd)
  })

  it('reads the first of two names of a number, and takes both', () => {
    const same = oneOf(u8, '', { first: ['FIRST', 1], second: ['SECOND', 1] })
    expect(roundTrip(same, 'second')).toBe('first')
  })

  it('refuses another name, and says the ones that there are', () => {
    expect(refusal(color, 'blue')).toEqual(refused.value())
    expect(thrownBy(() => bytesOf(color, 'blue' as 'red')).message).toContain('one of "red", "green", "far"')
    expect(refusal(color, 'constructor')).toEqual(refused.value())
  })

  it.each([-1, 1.5, 0x10000, NaN])('refuses the number %p', (value) => {
    expect(refusal(color, value)).toEqual(refused.range())
  })

  it.each([null, true, ['red'], 1n])('refuses %p', (value) => {
    expect(refusal(color, value)).toEqual(refused.type())
  })
})

describe('a set of bits', () => {
  const rights = bits(u32, 'MAY_', { read: ['READ', 1], write: ['WRITE', 4], all: ['ALL', 0x8000_0000] })

  it('is a list of their names, in any order, once each', () => {
    fc.assert(
      fc.property(fc.subarray(['read', 'write', 'all'] as const), fc.boolean(), (names, twice) => {
        const found = roundTrip(rights, twice ? [...names, ...names] : [...names].reverse())
        expect(found).toEqual(names)
      }),
    )
  })

  it('keeps the bits without a name, as one number at the end', () => {
    expect(valueOf(rights, bytesOf(u32, 0x13))).toEqual(['read', 0x12])
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (number) => {
        const found = valueOf(rights, bytesOf(u32, number))
        expect(bytesOf(rights, found)).toEqual(bytesOf(u32, number))
        const rest = found.filter((one) => typeof one === 'number')
        expect(rest.length).toBeLessThanOrEqual(1)
        expect(((rest[0] ?? 0) & 0x8000_0005) >>> 0).toBe(0)
      }),
    )
  })

  it('is read right also when very many different ones occur', () => {
    const word = bits(u16, '', { low: ['LOW', 1], high: ['HIGH', 0x8000] })
    for (let number = 0; number <= 0xffff; number++) {
      const rest = number & 0x7ffe
      const names = [...(number & 1 ? ['low'] : []), ...(number & 0x8000 ? ['high'] : []), ...(rest ? [rest] : [])]
      // Not `toEqual` for each: 65,536 of them take seconds.
      if (valueOf(word, bytesOf(u16, number)).join() !== names.join()) {
        expect([number, valueOf(word, bytesOf(u16, number))]).toEqual([number, names])
      }
    }
    expect(roundTrip(word, ['low'])).toEqual(['low'])
  })

  it('read once is not changed by who changes it', () => {
    const first = valueOf(rights, bytesOf(u32, 5)) as string[]
    try {
      first.push('mine')
    } catch {
      // it is frozen
    }
    expect(valueOf(rights, bytesOf(u32, 5))).toEqual(['read', 'write'])
  })

  it('takes numbers too', () => {
    expect(bytesOf(rights, ['read', 0x10])).toEqual(bytesOf(u32, 0x11))
    expect(roundTrip(rights, [5])).toEqual(['read', 'write'])
    expect(refusal(rights, [-1])).toEqual(refused.range())
    expect(refusal(rights, [2 ** 32])).toEqual(refused.range())
  })

  it('refuses a name that it does not have', () => {
    expect(refusal(rights, ['read', 'execute'])).toEqual(refused.value())
    expect(refusal(rights, [null])).toEqual(refused.value())
  })

  it.each(['read', 1, null, { read: true }])('refuses %p, which is no list', (value) => {
    expect(refusal(rights, value)).toEqual(refused.type())
  })
})

describe('switches', () => {
  const words = struct('opts', { value: ['value', u32], mask: ['mask', u32] })
  const options = switches(words, 'OPT_', { first: ['FIRST', 1], second: ['SECOND', 2], last: ['LAST', 0x8000_0000] })
  const some = fc.dictionary(fc.constantFrom('first', 'second', 'last'), fc.boolean(), { noNullPrototype: true })

  it('that are given come back, and no others', () => {
    fc.assert(
      fc.property(some, (value) => {
        expect(roundTrip(options, value)).toEqual(value)
      }),
    )
  })

  it('say which of them are meant', () => {
    expect(valueOf(words, bytesOf(options, { first: false, last: true, second: undefined }))).toEqual({
      value: 0x8000_0000,
      mask: 0x8000_0001,
    })
  })

  it('may be counted instead of masked', () => {
    const counted = switches(words, 'OPT_', { zero: ['ZERO', 0], highest: ['HIGHEST', 31] }, (index) => 1 << index)
    expect(valueOf(words, bytesOf(counted, { zero: true, highest: true }))).toEqual({
      value: 0x8000_0001,
      mask: 0x8000_0001,
    })
    expect(roundTrip(counted, { highest: false })).toEqual({ highest: false })
  })

  it('without a name here are passed over, and left alone', () => {
    const bytes = bytesOf(words, { value: 0xffff_ffff, mask: 0xffff_ffff })
    expect(valueOf(options, bytes)).toEqual({ first: true, second: true, last: true })
  })

  it('of a struct that is too short are none', () => {
    expect(valueOf(options, new Uint8Array(3))).toEqual({})
    expect(valueOf(options, bytesOf(u32, 1))).toEqual({})
  })

  it('refuse a name that they do not have, and what is neither on nor off', () => {
    expect(refusal(options, { frist: true })).toEqual(refused.value('peer.mtu.frist'))
    expect(refusal(options, { first: 1 })).toEqual(refused.type('peer.mtu.first'))
    expect(refusal(options, ['first'])).toEqual(refused.type())
    expect(refusal(options, null)).toEqual(refused.type())
  })
})
