// dnsmasq's file of leases, as it is and as chance makes it.
import fc from 'fast-check'
import { parseLeases } from '../../lib/index'
import { compareLeases, completedLeases } from '../../lib/dhcp/leases'

const file = `1796000000 fa:16:3e:00:00:01 10.0.0.10 vm1 01:fa:16:3e:00:00:01
0 fa:16:3e:00:00:02 10.0.0.11 * *
1796000000 20-aa:bb:cc 10.0.0.12 * ff:01
duid 00:01:00:01:31:02:03:04:fa:16:3e:00:00:09
1796000000 3939017 fd77::10 vm1 00:01:00:01:aa:bb
1796000000 T3939018 fd77:0::11 * 00:03:00:01:fa:16:3e:00:00:01
`

test('leases of both families are read, with those for ever and those of other hardware', () => {
  const { leases, duid, malformed } = parseLeases(file)
  expect(malformed).toEqual([])
  expect(duid).toBe('00:01:00:01:31:02:03:04:fa:16:3e:00:00:09')
  expect(leases).toMatchObject([
    { family: 'ipv4', address: '10.0.0.10', mac: 'fa:16:3e:00:00:01', hostname: 'vm1', expires: new Date(1796e9) },
    { family: 'ipv4', address: '10.0.0.11', hostname: undefined, clientId: undefined, expires: undefined },
    { family: 'ipv4', address: '10.0.0.12', mac: '20-aa:bb:cc', clientId: 'ff:01' },
    { family: 'ipv6', address: 'fd77::10', mac: undefined, iaid: 3939017, clientId: '00:01:00:01:aa:bb' },
    { family: 'ipv6', address: 'fd77::11', iaid: 3939018 },
  ])
})

test.each([
  '1796000000 fa:16:3e:00:00:01 10.0.0.10 vm1',
  '1796000000 fa:16:3e:00:00:01 10.0.0.10 vm1 * more',
  '1796000000 fa:16:3e:00:00:01 10.0.0.999 vm1 *',
  '-1 fa:16:3e:00:00:01 10.0.0.10 vm1 *',
  '1796000000 fa:16:3e:zz:00:01 10.0.0.10 vm1 *',
  '1796000000 99999999999 fd77::10 vm1 00:01',
  '1796000000 1 fe80::1%eth0 vm1 00:01',
  'duid',
])('%j is no lease, and does not hide the others', (line) => {
  const { leases, malformed } = parseLeases(`${line}\n${file}`)
  expect(malformed).toEqual([line])
  expect(leases).toHaveLength(5)
})

test('half a line is told, not taken for a lease', () => {
  for (let length = 1; length <= file.length; length++) {
    const text = file.slice(0, length)
    const { leases, duid, malformed } = parseLeases(text)
    expect(malformed).toEqual(text.endsWith('\n') ? [] : [text.split('\n').at(-1)])
    expect(leases.length + (duid === undefined ? 0 : 1)).toBe(text.split('\n').length - 1)
  }
})

test('what is lost of a file is completed from what it said before, and nothing else', () => {
  expect(completedLeases(undefined, file)).toBe(file)
  const grown = `${file}1796000000 fa:16:3e:00:00:05 10.0.0.15 * *\n`
  for (let length = 0; length <= grown.length; length++) {
    const whole = length === grown.length || (length > 0 && grown[length - 1] === '\n')
    const completed = completedLeases(grown.slice(0, length), file)
    // What ends with a line is a file that has fewer leases.
    if (whole) expect(completed).toBe(grown.slice(0, length))
    else expect(new Set(completed.split('\n'))).toEqual(new Set(file.split('\n')))
  }
  const renewed = file.replaceAll('1796000000', '1796000009')
  expect(completedLeases(`${renewed}1796`, file)).toBe(renewed)
})

test('chance never makes it throw, and what was a lease stays one', () => {
  const junk = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom(...file.split('\n')))
  fc.assert(
    fc.property(fc.array(junk), (lines) => {
      const { leases, malformed } = parseLeases(lines.join('\n'))
      for (const { family, address } of leases) expect(address.includes(':')).toBe(family === 'ipv6')
      expect(leases.length + malformed.length).toBeLessThanOrEqual(lines.join('\n').split('\n').length)
    }),
    { numRuns: 500 },
  )
})

test('any one character changed harms at most its own line', () => {
  const before = parseLeases(file).leases.length
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
      const { leases } = parseLeases(file.slice(0, at) + character + file.slice(at + 1))
      // A line end taken away joins two lines.
      expect(leases.length).toBeGreaterThanOrEqual(before - 2)
    }),
    { numRuns: 500 },
  )
})

test('what came, was prolonged and went is told apart; another client of an address is both', () => {
  const read = (text: string) => parseLeases(text).leases
  const after = `1796000009 fa:16:3e:00:00:01 10.0.0.10 vm1 01:fa:16:3e:00:00:01
0 fa:16:3e:00:00:77 10.0.0.11 * *
0 fa:16:3e:00:00:78 10.0.0.13 * *
`
  const { added, renewed, released } = compareLeases(read(file), read(after))
  expect(added.map(({ address }) => address)).toEqual(['10.0.0.11', '10.0.0.13'])
  expect(renewed.map(({ address }) => address)).toEqual(['10.0.0.10'])
  expect(released.map(({ address }) => address)).toEqual(['10.0.0.11', '10.0.0.12', 'fd77::10', 'fd77::11'])
})
