// Addresses on the wire: IPv4 and MAC against the obvious spelling, IPv6 against the one of WHATWG URLs, which is that of
// RFC 5952 but for IPv4 addresses inside.
import { BlockList, isIPv4, isIPv6 } from 'node:net'
import fc from 'fast-check'
import { familyOf, formatIPv4, formatIPv6, ip, ipv4, ipv6, mac, parseIP, parsePrefix } from '../../lib/wire/ip'
import { bytesOf, refusal, refused, roundTrip, thrownBy, valueOf } from './codec'

const four = fc.uint8Array({ minLength: 4, maxLength: 4 })
// Zeros often, so that runs of them come in all places and lengths.
const group = fc.oneof(
  fc.constant(0),
  fc.constant(0),
  fc.constantFrom(1, 0xffff, 0xa0),
  fc.integer({ max: 0xffff, min: 0 }),
)
const groups = fc.array(group, { minLength: 8, maxLength: 8 })

function bytesOfGroups(parts: readonly number[]): Buffer {
  const bytes = Buffer.alloc(16)
  parts.forEach((part, i) => bytes.writeUInt16BE(part, 2 * i))
  return bytes
}

/** As a URL spells it. */
function asUrl(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1)
}

describe('an IPv4 address', () => {
  it('is four bytes, and the text of four numbers', () => {
    fc.assert(
      fc.property(four, (bytes) => {
        const spelled = [...bytes].join('.')
        expect(valueOf(ipv4, bytes)).toBe(spelled)
        expect(valueOf(ip, bytes)).toBe(spelled)
        expect(formatIPv4(bytes)).toBe(spelled)
        expect(bytesOf(ipv4, spelled)).toEqual(Buffer.from(bytes))
        expect(bytesOf(ip, spelled)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '256.1.1.1',
    '01.2.3.4',
    '1.2.3.4 ',
    '1.2.3.4/24',
    '::1',
    'localhost',
    '0x1.2.3.4',
  ])('is not %p', (value) => {
    expect(refusal(ipv4, value)).toEqual(refused.value())
  })

  it.each([0x7f000001, null, [127, 0, 0, 1]])('is not %p', (value) => {
    expect(refusal(ipv4, value)).toEqual(refused.type())
  })
})

describe('an IPv6 address', () => {
  it('is spelled as RFC 5952 wants it', () => {
    fc.assert(
      fc.property(groups, (parts) => {
        const mapped = parts.slice(0, 5).every((part) => part === 0) && parts[5] === 0xffff
        fc.pre(!mapped)
        const spelled = asUrl(parts.map((part) => part.toString(16)).join(':'))
        expect(formatIPv6(bytesOfGroups(parts))).toBe(spelled)
        expect(roundTrip(ipv6, spelled)).toBe(spelled)
        expect(roundTrip(ip, spelled)).toBe(spelled)
      }),
      { numRuns: 2000 },
    )
  })

  // RFC 5952, sections 4 and 5, and every place at which the zeros may be.
  it.each([
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:DB8::A', '2001:db8::a'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['::', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::ffff:c000:280', '::ffff:192.0.2.128'],
    ['::1.2.3.4', '::102:304'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
  ])('written %s is %s', (written, spelled) => {
    expect(roundTrip(ipv6, written)).toBe(spelled)
  })

  it('is the same address however it is written', () => {
    const written = fc.record({
      parts: groups,
      cut: fc.nat(7),
      long: fc.boolean(),
      upper: fc.boolean(),
      dots: fc.boolean(),
    })
    fc.assert(
      fc.property(written, ({ parts, cut, long, upper, dots }) => {
        let words = parts.map((part) => part.toString(16).padStart(long ? 4 : 1, '0'))
        if (dots) words = [...words.slice(0, 6), [...bytesOfGroups(parts).subarray(12)].join('.')]
        // Zeros that begin at `cut` may be left out.
        let zeros = 0
        while (cut + zeros < (dots ? 6 : 8) && parts[cut + zeros] === 0) zeros++
        let spelled = words.join(':')
        if (zeros > 0) spelled = `${words.slice(0, cut).join(':')}::${words.slice(cut + zeros).join(':')}`
        if (upper) spelled = spelled.toUpperCase()
        expect(isIPv6(spelled)).toBe(true)
        expect(bytesOf(ipv6, spelled)).toEqual(bytesOfGroups(parts))
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    '',
    ':',
    ':::',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    'g::',
    '12345::',
    '1.2.3.4',
    'fe80::1%eth0',
    '::1/64',
  ])('is not %p', (value) => {
    expect(refusal(ipv6, value)).toEqual(refused.value())
    expect(familyOf(value)).toBe(isIPv4(value) ? 'ipv4' : undefined)
  })
})

describe('an address of either family', () => {
  it('is one that Node takes for one, and no other', () => {
    const words = fc.string({ unit: fc.constantFrom(...'0123456789af:.%/ '.split('')) })
    fc.assert(
      fc.property(words, (value) => {
        const family = isIPv4(value) ? 'ipv4' : isIPv6(value) && !value.includes('%') ? 'ipv6' : undefined
        expect(familyOf(value)).toBe(family)
        if (family === undefined) expect(refusal(ip, value)).toEqual(refused.value())
        else expect(bytesOf(ip, value)).toHaveLength(family === 'ipv4' ? 4 : 16)
      }),
      { numRuns: 2000 },
    )
  })

  it('can be asked to be of one', () => {
    expect(thrownBy(() => parseIP('::1', 'via', 'ipv4')).message).toContain('"via" option must be an IPv4 address')
    expect(thrownBy(() => parseIP('127.0.0.1', 'via', 'ipv6')).message).toContain(
      '"via" option must be an IPv6 address',
    )
  })

  it('of a strange length is shown in hexadecimal', () => {
    expect(valueOf(ip, Uint8Array.of(0xde, 0xad, 0x01))).toBe('dead01')
    expect(valueOf(ip, new Uint8Array())).toBe('')
  })
})

describe('a prefix', () => {
  it('matches the addresses that Node finds in it', () => {
    const family = fc.constantFrom('ipv4' as const, 'ipv6' as const)
    fc.assert(
      fc.property(family, groups, groups, fc.nat(128), (family, base, other, bits) => {
        const v4 = family === 'ipv4'
        const text = (parts: readonly number[]): string =>
          v4 ? formatIPv4(bytesOfGroups(parts)) : formatIPv6(bytesOfGroups(parts))
        const length = v4 ? bits % 33 : bits
        const prefix = parsePrefix(`${text(base)}/${length}`, 'dst')
        expect(prefix).toMatchObject({ family, length, address: text(base) })
        expect(prefix.bytes).toEqual(parseIP(text(base), 'dst'))

        const list = new BlockList()
        list.addSubnet(text(base), length, family)
        const inside = parseIP(text(other), 'dst').every((byte, i) => {
          const mask = 0xff00 >> Math.min(8, Math.max(0, prefix.length - 8 * i))
          return ((byte ^ (prefix.bytes[i] ?? 0)) & mask & 0xff) === 0
        })
        expect(inside).toBe(list.check(text(other), family))
      }),
    )
  })

  it('without a length is one address', () => {
    expect(parsePrefix('10.0.0.1', 'dst').length).toBe(32)
    expect(parsePrefix('::1', 'dst').length).toBe(128)
  })

  it.each(['10.0.0.0/33', '::/129', '10.0.0.0/999'])('%p has too many bits', (value) => {
    const error = thrownBy(() => parsePrefix(value, 'dst'))
    expect(error).toBeInstanceOf(RangeError)
    expect(error).toMatchObject({ code: 'ERR_OUT_OF_RANGE', field: 'dst', value })
  })

  it.each(['', '/8', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0.0/1e1', '10.0.0.0/ 8', '10/8', 'default'])(
    '%p is none',
    (value) => {
      const error = thrownBy(() => parsePrefix(value, 'dst'))
      expect(error).toBeInstanceOf(TypeError)
      expect(error).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', field: 'dst', value })
    },
  )

  it('of the other family is refused', () => {
    expect(thrownBy(() => parsePrefix('::/0', 'dst', 'ipv4'))).toMatchObject({ code: 'ERR_INVALID_ARG_VALUE' })
    expect(thrownBy(() => parsePrefix(7, 'dst'))).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' })
  })
})

describe('a MAC address', () => {
  const six = fc.uint8Array({ minLength: 6, maxLength: 6 })

  it('is six bytes in hexadecimal, with colons or hyphens, in either case', () => {
    fc.assert(
      fc.property(six, fc.constantFrom(':', '-'), fc.boolean(), (bytes, separator, upper) => {
        const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'))
        const written = upper ? pairs.join(separator).toUpperCase() : pairs.join(separator)
        expect(bytesOf(mac, written)).toEqual(Buffer.from(bytes))
        expect(valueOf(mac, bytes)).toBe(pairs.join(':'))
      }),
    )
  })

  it('of another length is shown as what it is', () => {
    expect(valueOf(mac, Uint8Array.of(10, 0, 0, 1))).toBe('10.0.0.1')
    expect(valueOf(mac, bytesOfGroups([0xfe80, 0, 0, 0, 0, 0, 0, 1]))).toBe('fe80::1')
    expect(valueOf(mac, new Uint8Array(20))).toBe(new Array(20).fill('00').join(':'))
    expect(valueOf(mac, new Uint8Array())).toBe('')
  })

  it.each([
    '',
    '02:00:00:00:00',
    '02:00:00:00:00:00:00',
    '2:0:0:0:0:1',
    'gg:00:00:00:00:00',
    '020000000001',
    '02:00:00:00:00:01\n',
  ])('is not %p', (value) => {
    expect(refusal(mac, value)).toEqual(refused.value())
  })

  it('is a string', () => {
    expect(refusal(mac, Buffer.alloc(6))).toEqual(refused.type())
  })
})
