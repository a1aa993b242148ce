// `ensure` of each resource: made once, found then; what is there and differs is told, and stays.
import { isAlreadyExists, type LinkOptions, type RouteOptions, type RuleOptions } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { fresh, ownPrefix } from '../support/namespaces'

const net = useNetNs({ prefix: ownPrefix })

async function conflictOf(ensuring: Promise<unknown>): Promise<string> {
  const error = (await ensuring.then(
    () => new Error('no conflict'),
    (caught: unknown) => caught,
  )) as Error
  expect(isAlreadyExists(error)).toBe(true)
  return /differs in "([^"]+)"/.exec(error.message)?.[1] ?? error.message
}

describe('links.ensure', () => {
  const cases: readonly LinkOptions[] = [
    { kind: 'bridge', name: 'x', up: true, mtu: 1400, stpState: true, forwardDelaySeconds: 4, alias: 'a text' },
    { kind: 'ifb', name: 'x', master: 'br', port: { cost: 7 }, altnames: ['b', 'a'], mac: '02:00:00:00:00:0A' },
    { kind: 'macvlan', name: 'x', link: 'low', mode: 'bridge', addrGenMode: 'none', up: true },
    { kind: 'macvlan', name: 'x', link: 'low', mode: 'source', macaddrMode: 'set', macaddrs: ['02:00:00:00:00:01'] },
    { kind: 'veth', name: 'x', mtu: 1400, up: true, peer: { name: 'y', up: true, mac: '02:00:00:00:00:0B' } },
  ]

  it.each(cases)('makes it, and finds it then: %p', async (options) => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br' })
    await ns.links.add({ kind: 'veth', name: 'low', up: true, peer: { name: 'far' } })
    const first = await ns.links.ensure(options)
    expect(first).toMatchObject({ made: true, value: { name: 'x', index: (await ns.links.get('x')).index } })
    const before = await ns.links.list()
    const again = await ns.links.ensure(options)
    expect(again).toMatchObject({ made: false, value: { name: 'x', index: first.value.index } })
    expect((await ns.links.list()).length).toBe(before.length)
  })

  it.each<[string, LinkOptions, LinkOptions]>([
    ['kind', { kind: 'ifb', name: 'x' }, { kind: 'bridge', name: 'x' }],
    ['mtu', { kind: 'ifb', name: 'x' }, { kind: 'ifb', name: 'x', mtu: 1300 }],
    ['up', { kind: 'ifb', name: 'x' }, { kind: 'ifb', name: 'x', up: true }],
    ['master', { kind: 'ifb', name: 'x' }, { kind: 'ifb', name: 'x', master: 'br' }],
    [
      'mode',
      { kind: 'macvlan', name: 'x', link: 'br', mode: 'bridge' },
      { kind: 'macvlan', name: 'x', link: 'br', mode: 'vepa' },
    ],
    ['stpState', { kind: 'bridge', name: 'x' }, { kind: 'bridge', name: 'x', stpState: true }],
    ['alias', { kind: 'ifb', name: 'x' }, { kind: 'ifb', name: 'x', alias: 'a' }],
    [
      'peer.mtu',
      { kind: 'veth', name: 'x', peer: { name: 'y' } },
      { kind: 'veth', name: 'x', peer: { name: 'y', mtu: 1300 } },
    ],
    ['peer', { kind: 'veth', name: 'x', peer: { name: 'y' } }, { kind: 'veth', name: 'x', peer: { name: 'br' } }],
  ])('tells that %s differs, and leaves what is there alone', async (field, first, second) => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br' })
    await ns.links.add(first)
    const before = await ns.links.list()
    expect(await conflictOf(ns.links.ensure(second))).toBe(field)
    expect(await ns.links.list()).toEqual(before)
  })

  it('makes a veth whose far end is elsewhere, and finds it', async () => {
    const { ns } = net
    await using far = await fresh()
    const options: LinkOptions = { kind: 'veth', name: 'x', up: true, peer: { netns: far, name: 'eth0', up: true } }
    expect(await ns.links.ensure(options)).toMatchObject({ made: true })
    expect(await ns.links.ensure(options)).toMatchObject({ made: false, value: await ns.links.get('x') })
    await far.delete()
  })
})

describe('addresses.ensure', () => {
  it.each([
    { address: '10.0.0.1/24', broadcast: '+', label: 'd:x', metric: 7 },
    { address: '10.0.0.1/30', peer: '10.0.0.2' },
    { address: '10.0.0.1/24', validLifetimeSeconds: 600 },
    { address: 'FD00::1/64', flags: ['nodad', 'noprefixroute'] as const },
    { address: 'fd00::1', peer: 'fd00::2', flags: ['nodad'] as const },
  ])('makes it, and finds it then: %p', async (options) => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'd', up: true })
    const first = await ns.addresses.ensure({ dev: 'd', ...options })
    expect(first.made).toBe(true)
    const again = await ns.addresses.ensure({ dev: 'd', ...options })
    expect(again).toMatchObject({ made: false, value: { address: first.value.address } })
  })

  it.each([
    ['label', { label: 'd:y' }],
    ['metric', { metric: 8 }],
    ['broadcast', { broadcast: '10.0.0.9' }],
    ['flags', { flags: ['noprefixroute'] as const }],
    ['validLifetimeSeconds', { validLifetimeSeconds: 60 }],
  ])('tells that %s differs', async (field, options) => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'd', up: true })
    await ns.addresses.add({ dev: 'd', address: '10.0.0.1/24' })
    expect(await conflictOf(ns.addresses.ensure({ dev: 'd', address: '10.0.0.1/24', ...options }))).toBe(field)
  })
})

describe('routes.ensure', () => {
  const cases: readonly RouteOptions[] = [
    { dst: 'default', via: '10.0.0.2' },
    { dst: '10.1.0.0/16', dev: 'd', src: '10.0.0.1', metric: 5, protocol: 'static', table: 1000 },
    { dst: '10.1.0.0/16', nexthops: [{ via: '10.0.0.2', dev: 'd', weight: 2 }, { via: '10.0.0.3' }] },
    { dst: '10.1.0.0/16', type: 'blackhole' },
    { dst: '10.1.0.0/16', dev: 'd', metrics: { mtu: 1300, rtt: 100, lock: ['mtu'] } },
    { dst: 'fd01::/48', via: 'fd00::2', dev: 'd' },
    { dst: 'FD01::/48', via: 'FD00::2' },
    { dst: 'fd01::/48', type: 'unreachable' },
  ]

  beforeEach(async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'd', up: true })
    await ns.addresses.add({ dev: 'd', address: '10.0.0.1/24' })
    await ns.addresses.add({ dev: 'd', address: 'fd00::1/64', flags: ['nodad'] })
  })

  it.each(cases)('makes it, and finds it then: %p', async (options) => {
    const { ns } = net
    const first = await ns.routes.ensure(options)
    expect(first.made).toBe(true)
    expect(await ns.routes.ensure(options)).toEqual({ made: false, value: first.value })
  })

  it.each<[string, RouteOptions, RouteOptions]>([
    ['via', { dst: 'default', via: '10.0.0.2' }, { dst: 'default', via: '10.0.0.3' }],
    ['via', { dst: '10.1.0.0/16', via: '10.0.0.2' }, { dst: '10.1.0.0/16', dev: 'd' }],
    ['type', { dst: '10.1.0.0/16', dev: 'd' }, { dst: '10.1.0.0/16', type: 'blackhole' }],
    ['metrics', { dst: '10.1.0.0/16', dev: 'd' }, { dst: '10.1.0.0/16', dev: 'd', metrics: { mtu: 1300 } }],
    ['via', { dst: 'fd01::/48', via: 'fd00::2' }, { dst: 'fd01::/48', via: 'fd00::3' }],
  ])('tells that %s differs', async (field, first, second) => {
    const { ns } = net
    await ns.routes.add(first)
    const before = await ns.routes.list({ dst: second.dst })
    expect(await conflictOf(ns.routes.ensure(second))).toBe(field)
    expect(await ns.routes.list({ dst: second.dst })).toEqual(before)
  })
})

describe('neighbors.ensure', () => {
  it('makes it, finds it, and tells what differs', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'd', up: true })
    const key = { dev: 'd', address: '10.0.0.2' }
    const options = { ...key, mac: '02:00:00:00:00:0A' }
    const first = await ns.neighbors.ensure(options)
    expect(first).toMatchObject({ made: true, value: { state: 'permanent', mac: '02:00:00:00:00:0a' } })
    expect(await ns.neighbors.ensure(options)).toMatchObject({ made: false, value: { mac: '02:00:00:00:00:0a' } })
    expect(await conflictOf(ns.neighbors.ensure({ ...key, mac: '02:00:00:00:00:0b' }))).toBe('mac')
    expect(await conflictOf(ns.neighbors.ensure({ ...options, state: 'stale' }))).toBe('state')
    expect(await conflictOf(ns.neighbors.ensure({ ...options, router: true }))).toBe('flags')
    const proxy = { ...key, proxy: true }
    expect(await ns.neighbors.ensure(proxy)).toMatchObject({ made: true, value: { flags: ['proxy'] } })
    expect(await ns.neighbors.ensure(proxy)).toMatchObject({ made: false })
  })
})

describe('rules.ensure', () => {
  const base: RuleOptions = { priority: 1000, family: 'ipv4', table: 100 }
  const variants: readonly RuleOptions[] = [
    base,
    { ...base, invert: true, mark: 1 },
    { ...base, mark: 1 },
    { ...base, mark: 1, markMask: 0xff },
    { ...base, tos: 4 },
    { ...base, dscp: 1 },
    { ...base, from: '10.0.0.0/8' },
    { ...base, from: '10.0.0.0/8', ipProtocol: 'tcp', destinationPorts: 80 },
    { ...base, destinationPorts: { start: 80, end: 90 }, uids: { start: 5 } },
    { ...base, table: undefined, action: 'blackhole' },
    { ...base, table: 'main', suppressPrefixLength: 0 },
    { ...base, iif: 'lo' },
    { ...base, table: 0x12345678 },
  ]

  it('tells rules apart that the kernel takes for the same, and makes each of them once', async () => {
    const { ns } = net
    for (const options of variants) expect(await ns.rules.ensure(options)).toMatchObject({ made: true })
    for (const options of variants) expect(await ns.rules.ensure(options)).toMatchObject({ made: false })
    expect(await ns.rules.list({ priority: 1000 })).toHaveLength(variants.length)
  })

  it('without a priority makes one, not one for each call', async () => {
    const { ns } = net
    const options: RuleOptions = { from: 'fd00::/64', table: 100, flowLabel: 0x12345 }
    const { made, value } = await ns.rules.ensure(options)
    expect(made).toBe(true)
    expect(value).toMatchObject({ family: 'ipv6', flowLabel: 0x12345, flowLabelMask: 0xfffff })
    expect(await ns.rules.ensure(options)).toEqual({ made: false, value })
  })

  it('add says which rule the kernel takes for one that is there', async () => {
    const { ns } = net
    await ns.rules.add(base)
    await expect(ns.rules.add({ ...base, invert: true })).rejects.toThrow(/EEXIST.*rule priority 1000.*table 100/)
  })
})

describe('ensure in a batch', () => {
  it('takes back what it has made, and nothing that it has found', async () => {
    const { ns } = net
    await ns.links.ensure({ kind: 'ifb', name: 'd', up: true })
    await ns.addresses.ensure({ dev: 'd', address: '10.0.0.1/24' })
    await ns.rules.ensure({ priority: 5, table: 100 })
    const state = async (): Promise<unknown> => [
      (await ns.links.list()).map(({ name }) => name),
      (await ns.addresses.list({ dev: 'd', family: 'ipv4' })).map(({ address }) => address),
      await ns.rules.list(),
      await ns.routes.list({ family: 'ipv4' }),
    ]
    const before = await state()
    const batch = ns.batch({ rollback: true })
    const entries = [
      batch.links.ensure({ kind: 'ifb', name: 'd', up: true }),
      batch.links.ensure({ kind: 'ifb', name: 'e' }),
      batch.addresses.ensure({ dev: 'd', address: '10.0.0.1/24' }),
      batch.addresses.ensure({ dev: 'd', address: '10.0.0.2/24' }),
      batch.routes.ensure({ dst: '10.1.0.0/16', via: '10.0.0.3' }),
      batch.rules.ensure({ priority: 5, table: 100 }),
      batch.rules.ensure({ priority: 6, table: 100 }),
    ]
    batch.links.delete('nowhere')
    await expect(batch.commit()).rejects.toMatchObject({ rolledBack: true, leftovers: [] })
    expect(entries).toHaveLength(7)
    expect(await state()).toEqual(before)
  })

  it('tells what was made', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'd', up: true })
    const batch = ns.batch()
    const entries = [
      batch.links.ensure({ kind: 'ifb', name: 'd' }),
      batch.addresses.ensure({ dev: 'd', address: '10.0.0.1/24' }),
      batch.addresses.ensure({ dev: 'd', address: '10.0.0.1/24' }),
      batch.rules.ensure({ priority: 5, table: 100 }),
      batch.rules.ensure({ priority: 5, table: 100 }),
    ]
    await batch.commit()
    expect(entries.map(({ value }) => value.made)).toEqual([false, true, false, true, false])
  })
})
