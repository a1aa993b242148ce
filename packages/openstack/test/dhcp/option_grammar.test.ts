// Options by number, as clients get them: exactly what was given, whatever it looks like, or the call is refused by the option's name.
import fc from 'fast-check'
import { isIPv4 } from 'node:net'
import { bridgeNameOf } from '../../lib/agents/names'
import type { DhcpNetwork, DhcpOption } from '../../lib/index'
import type { NetNs } from 'netloom'
import { isInvalid } from 'netloom/errors'
import { inform } from './inform'
import { Scene } from './scene'

const mac = '52:54:00:00:00:01'
const address = '10.0.0.10'

interface Wired {
  readonly scene: Scene
  readonly network: DhcpNetwork
  readonly client: NetNs
}

async function wired(use: (wired: Wired) => Promise<void>): Promise<void> {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const id = scene.id()
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24', serverAddress: '10.0.0.2', dnsServers: [] }]
  const network = await agent.networks.ensure({ id, tap: 'tap1', subnets })
  await network.ports.add({ id: 'vm', mac, fixedIps: [address] })
  const client = await scene.client(bridgeNameOf(id), mac)
  await client.addresses.add({ dev: 'eth0', address: `${address}/24` })
  await use({ scene, network, client })
}

/** Options that are taken, with what a client gets; the others are named in errors. */
async function told({ network, client }: Wired, options: readonly DhcpOption[]) {
  const taken = [...options]
  for (;;) {
    try {
      await network.ports.update('vm', { options: taken })
      break
    } catch (error) {
      if (!isInvalid(error)) throw error
      const [, index] = /^options\[(\d+)\]\.(value|code)/.exec(error.field) ?? []
      expect(index).toBeDefined()
      taken.splice(Number(index), 1)
    }
  }
  const codes = taken.map(({ code }) => Number(code))
  const got = codes.length === 0 ? new Map() : await inform(client, { address, server: '10.0.0.2', mac }, codes)
  return { taken, got: new Map(codes.map((code) => [code, got.get(code) as Buffer | undefined])) }
}

const bytes = (...all: number[]): Buffer => Buffer.from(all)
const four = (value: string): number[] => value.split('.').map(Number)
function big(value: number, length: number): Buffer {
  const all = Buffer.alloc(8)
  all.writeBigInt64BE(BigInt(value))
  return all.subarray(8 - length)
}
const name = (domain: string): Buffer =>
  Buffer.concat([...domain.split('.').map((one) => Buffer.concat([bytes(one.length), Buffer.from(one)])), bytes(0)])

/** How the documentation says that a value without a kind is read. */
function reading(value: string): Buffer {
  const list = value.split(',')
  if (list.every((one) => isIPv4(one))) return Buffer.from(list.flatMap(four))
  if (/^[0-9a-f]{1,2}(:[0-9a-f]{1,2})+$/i.test(value)) {
    return Buffer.from(value.split(':').map((byte) => parseInt(byte, 16)))
  }
  if (/^\d+$/.test(value)) return big(Number(value), Number(value) < 256 ? 1 : Number(value) < 65_536 ? 2 : 4)
  if (/^-\d+$/.test(value)) return big(Number(value), 4)
  const [, number, size] = /^(-?\d+)([bsi])$/.exec(value) ?? []
  if (number !== undefined) return big(Number(number), { b: 1, s: 2, i: 4 }[size!]!)
  return Buffer.from(value)
}

test('what dnsmasq would take for something else comes as it is', async () => {
  await wired(async (wired) => {
    const cases: [DhcpOption, Buffer][] = [
      [{ code: 224, value: '2024-01-01' }, Buffer.from('2024-01-01')],
      [{ code: 225, value: 'b' }, Buffer.from('b')],
      [{ code: 226, value: '1-2b' }, Buffer.from('1-2b')],
      [{ code: 227, value: '1.5' }, Buffer.from('1.5')],
      [{ code: 228, value: 'cafe:babe' }, Buffer.from('cafe:babe')],
      [{ code: 229, value: '1,2' }, Buffer.from('1,2')],
      [{ code: 230, value: 'a::b' }, Buffer.from('a::b')],
      [{ code: 231, value: '4294967295' }, bytes(255, 255, 255, 255)],
      [{ code: 232, value: '-1' }, bytes(255, 255, 255, 255)],
      [{ code: 233, value: '12s' }, bytes(0, 12)],
      [{ code: 234, value: '5' }, bytes(5)],
      [{ code: 235, value: '10.0.0.0/24' }, bytes(24, 10, 0, 0)],
      [{ code: 43, value: '01:04:0a:00:00:09' }, bytes(1, 4, 10, 0, 0, 9)],
      [{ code: 60, value: '12b ' }, Buffer.from('12b ')],
      [{ code: 17, value: '10.0.0.1:/srv/root' }, Buffer.from('10.0.0.1:/srv/root')],
      [{ code: 101, value: '5' }, Buffer.from('5')],
      [{ code: 26, value: '1450' }, bytes(5, 170)],
      [{ code: 2, value: '-3600' }, big(-3600, 4)],
      [{ code: 119, value: '12b' }, name('12b')],
      [{ code: 120, value: ['sip.example', 'b'] }, Buffer.concat([bytes(0), name('sip.example'), name('b')])],
      [{ code: 42, value: '10.0.0.5,10.0.0.6' }, bytes(10, 0, 0, 5, 10, 0, 0, 6)],
      [{ code: 121, value: ['10.8.0.0/16', '10.0.0.9'] }, bytes(16, 10, 8, 10, 0, 0, 9)],
    ]
    const { taken, got } = await told(
      wired,
      cases.map(([option]) => option),
    )
    expect(taken.map(({ code }) => code)).toEqual(cases.map(([{ code }]) => code))
    for (const [{ code }, expected] of cases) {
      expect([code, got.get(Number(code))?.toString('latin1')]).toEqual([code, expected.toString('latin1')])
    }
  })
})

test.each([
  ['code', { code: 51, value: '3600' }],
  ['code', { code: 54, value: '10.0.0.9' }],
  ['code', { code: 3, value: 'd', family: 'ipv6' }],
  ['value', { code: 15, value: '12b' }],
  ['value', { code: 67, value: 's' }],
  ['value', { code: 26, value: '70000' }],
  ['value', { code: 23, value: '300' }],
  ['value', { code: 26, value: 'large' }],
  ['value', { code: 'mtu', value: '1-2' }],
  ['value', { code: 224, value: '99999999999' }],
  ['value', { code: 224, value: '300b' }],
  ['value', { code: 58, value: '5x' }],
  ['value', { code: 't1', value: '99999999999h' }],
  ['value', { code: 6, value: '10.0.0.1/24' }],
  ['value[1]', { code: 121, value: ['10.0.0.0/33', '10.0.0.1'] }],
  ['value', { code: 121, value: ['10.0.0.0/8'] }],
  ['value', { code: 119, value: 'a..b' }],
  ['value', { code: 224, value: ['a', 'b'] }],
  ['value', { code: 42, value: Array.from({ length: 64 }, (_, i) => `10.0.0.${i}`) }],
] as const)('what cannot be told is refused by name: %s of %j', async (field, option) => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const options = [option as DhcpOption]
  const cidr = 'family' in option ? 'fd00::/64' : '10.0.0.0/24'
  const made = agent.networks.ensure({ id: scene.id(), subnets: [{ id: 'a', cidr, options }] })
  const at = new RegExp(`^subnets\\[0\\]\\.options\\[0\\]\\.${field.replace('[1]', '')}`)
  await expect(made).rejects.toMatchObject({ field: expect.stringMatching(at) as string })
})

test('random values come to a client as they were given, or are refused', async () => {
  const octets = fc.ipV4()
  const free = fc.oneof(
    fc.nat(0xffff_ffff).map(String),
    fc.stringMatching(/^-?\d{1,5}[bsi]?$/),
    fc.stringMatching(/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){1,8}$/),
    fc.array(octets, { minLength: 1, maxLength: 3 }).map((all) => all.join()),
    fc.stringMatching(/^[0-9a-fbsix:.,/ [\]-]{1,12}$/),
    fc.string({ minLength: 1, maxLength: 20 }),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 }),
  )
  const label = fc.stringMatching(/^[a-z0-9_]([a-z0-9_-]{0,6}[a-z0-9])?$/)
  const domains = fc.array(
    fc.array(label, { minLength: 1, maxLength: 3 }).map((all) => all.join('.')),
    { minLength: 1, maxLength: 1 },
  )
  type Expected = [value: string | string[], bytes: Buffer]
  const kinds: [codes: number[], fc.Arbitrary<Expected>][] = [
    [[43, 60, 77, 97, 125, 160, 175, 224, 225, 226, 227, 228], free.map((value) => [value, reading(value)])],
    [[17, 18, 40, 64, 100, 101], free.map((value) => [value, Buffer.from(value)])],
    [
      [42, 44, 48, 69],
      fc.array(octets, { minLength: 1, maxLength: 4 }).map((all) => [all, Buffer.from(all.flatMap(four))]),
    ],
    [[22, 13], fc.integer({ min: -70_000, max: 70_000 }).map((value) => [String(value), big(value, 2)])],
    [[19, 46], fc.integer({ min: -300, max: 300 }).map((value) => [String(value), big(value, 1)])],
    [[119], domains.map((all) => [all, Buffer.concat(all.map(name))])],
  ]
  const all = fc.tuple(
    ...kinds.flatMap(([codes, values]) => codes.map((code) => values.map((expected) => ({ code, expected })))),
  )
  let [given, taken] = [0, 0]
  await wired(async (wired) => {
    await fc.assert(
      fc.asyncProperty(all, async (options) => {
        const asked = options.map(({ code, expected: [value] }) => ({ code, value }))
        const all = await told(wired, asked)
        given += asked.length
        taken += all.taken.length
        for (const { code } of all.taken) {
          const [value, expected] = options.find((one) => one.code === code)!.expected
          // Of an address that is 0.0.0.0 dnsmasq makes its own, as documented.
          if (String(value).split(',').includes('0.0.0.0')) continue
          expect([code, value, all.got.get(Number(code))?.toString('hex')]).toEqual([
            code,
            value,
            expected.toString('hex'),
          ])
        }
      }),
      { numRuns: 25, endOnFailure: true },
    )
  })
  // Most are taken.
  expect(taken / given).toBeGreaterThan(0.6)
})

test('a client identifier is what was given: text is text, also where it looks like bytes', async () => {
  await wired(async ({ scene, network, client }) => {
    await client.addresses.delete({ dev: 'eth0', address: `${address}/24` })
    const other = '52:54:00:00:00:99'
    const hex = (text: string): string => Buffer.from(text).toString('hex')
    const ids: [clientId: string, sent: string][] = [
      ['deadbeef', hex('deadbeef')],
      ['1234', hex('1234')],
      ['de-ad', hex('de-ad')],
      ['0x12', hex('0x12')],
      ['ff:00:11', 'ff0011'],
      ['node/7', hex('node/7')],
    ]
    for (const [clientId, sent] of ids) {
      await network.ports.update('vm', { mac: other, clientId })
      const lease = await scene.udhcpc(client, '-x', `61:${sent}`)
      expect([clientId, lease?.ip]).toEqual([clientId, address])
    }
  })
})

test('a network’s domain that looks like a number with its size is a domain, for both families', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const id = scene.id()
  const subnets = [
    { id: 'v4', cidr: '10.0.0.0/24' },
    { id: 'v6', cidr: 'fd77::/64' },
  ]
  const network = await agent.networks.ensure({ id, tap: 'tap1', domain: '12b', subnets })
  await network.ports.add({ id: 'vm', mac, hostname: 'vm', fixedIps: [address, 'fd77::10'] })
  const client = await scene.client(bridgeNameOf(id), mac)
  expect(await scene.udhcpc(client)).toMatchObject({ domain: '12b', hostname: 'vm' })
  expect(scene.read(id, 'opts')).toContain('option6:domain-search,12b.\n')
  await client.addresses.add({ dev: 'eth0', address: 'fe80::1/64', flags: ['nodad'] })
  expect(await scene.dhclient(client, '-6')).toMatchObject({ new_dhcp6_domain_search: '12b.' })
})
