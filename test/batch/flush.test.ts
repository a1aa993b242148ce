// Flushing: what a list with a filter gives is what goes, in a batch and without; with a rollback it is all there again.
import { unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type NetNs,
  type AddressFilter,
  type NeighborFilter,
  type RouteFilter,
  type RuleOptions,
} from '../../lib/index'
import { fresh, ip, ownPrefix } from '../support/namespaces'
import { ready, stateOf, undone, withoutDad } from '../support/rollback'

let ns: NetNs

// What only `ip` can make: a nexthop object; and a next router of the other family, which it names in its own way.
const ofIp = join(tmpdir(), `${ownPrefix}flush`)

beforeAll(() => {
  writeFileSync(
    ofIp,
    [
      'route add 10.60.0.0/16 via inet6 fd00::2 dev v0',
      'nexthop add id 7 via 10.0.0.2 dev v0',
      'route add 10.61.0.0/16 nhid 7\n',
    ].join('\n'),
  )
})

afterAll(() => {
  unlinkSync(ofIp)
})

beforeEach(async () => {
  ns = await fresh()
  withoutDad(ns)
  const b = ns.batch()
  b.links.set('lo', { up: true })
  const nodad = { flags: ['nodad' as const] }
  for (const [name, n] of [
    ['v0', 0],
    ['w0', 1],
  ] as const) {
    b.links.add({
      kind: 'veth',
      name,
      up: true,
      addrGenMode: 'none',
      peer: { name: `${name}p`, up: true, addrGenMode: 'none' },
    })
    b.addresses.add({ dev: name, address: `10.${n}.0.1/24` })
    b.addresses.add({ dev: name, address: `10.${n}.0.5/24` }) // secondary
    b.addresses.add({ dev: name, address: `10.${n}.9.1/32`, label: `${name}:one`, scope: 'link' })
    b.addresses.add({ dev: name, address: `fd0${n}::1/64`, ...nodad })
    b.addresses.add({ dev: name, address: 'fe80::1/64', ...nodad })
  }
  // Look-alikes: one destination, and the first of them counts.
  const dst = '10.9.0.0/16'
  b.routes.add({ dst, via: '10.0.0.2' })
  b.routes.append({ dst, via: '10.1.0.2', protocol: 'static' })
  b.routes.append({ dst, via: '10.0.0.3' })
  b.routes.append({ dst, nexthops: [{ via: '10.0.0.4', weight: 3 }, { via: '10.1.0.4' }] })
  b.routes.append({ dst, dev: 'v0', scope: 'link', protocol: 'static' })
  b.routes.add({ dst, via: '10.0.0.2', metric: 5, metrics: { mtu: 1400, congestion: 'cubic' } })
  b.routes.add({ dst, type: 'blackhole', metric: 1024 })
  b.routes.add({ dst, via: '10.0.0.2', tos: 16 })
  b.routes.add({ dst: 'default', via: '10.0.0.2', src: '10.0.0.5' })
  b.routes.add({ dst: '10.8.0.0/16', dev: 'v0', scope: 'link' })
  b.routes.add({ dst: '10.7.0.0/16', via: '10.8.0.2' })
  b.routes.add({ dst: '10.62.0.0/16', via: '10.0.0.2', table: 77 })
  b.routes.add({ dst: 'fd09::/64', via: 'fd00::2' })
  b.routes.append({ dst: 'fd09::/64', via: 'fd01::2' })
  b.routes.add({ dst: 'fd09::/64', via: 'fd00::2', metric: 5, preference: 'high' })
  b.routes.add({ dst: 'default', via: 'fd00::2', protocol: 'static' })
  b.routes.add({ dst: 'fd08::/64', type: 'unreachable' })
  for (const dev of ['v0', 'w0']) {
    const n = dev === 'v0' ? 0 : 1
    b.neighbors.add({ dev, address: `10.${n}.0.2`, mac: '02:00:00:00:00:02' })
    b.neighbors.add({ dev, address: `10.${n}.0.3`, mac: '02:00:00:00:00:03', state: 'stale' })
    b.neighbors.add({ dev, address: `fd0${n}::2`, mac: '02:00:00:00:00:02', router: true })
    b.neighbors.add({ dev, address: `10.${n}.0.4`, mac: '02:00:00:00:00:04', state: 'noarp' })
    b.neighbors.add({ dev, address: `10.${n}.0.9`, proxy: true })
  }
  for (const family of ['ipv4', 'ipv6'] as const) {
    const from = family === 'ipv4' ? '10.0.0.0/8' : 'fd00::/8'
    // What says less than another one is refused after it.
    b.rules.add({ family, priority: 100, table: 5 })
    b.rules.add({ family, priority: 100, table: 5, tos: 16 })
    b.rules.add({ priority: 100, table: 6, from })
    b.rules.add({ priority: 100, table: 5, to: from, invert: true })
    b.rules.add({ family, priority: 101, table: 5, mark: 7, markMask: 0xff, iif: 'v0' })
    b.rules.add({ family, priority: 102, action: 'blackhole', oif: 'x0', protocol: 'static' })
    b.rules.add({ family, priority: 103, goto: 32766 })
    b.rules.add({ family, priority: 104, l3mdev: true })
    b.rules.add({ family, priority: 105, table: 5, ipProtocol: 'tcp', destinationPorts: { start: 80, end: 90 } })
    b.rules.add({ family, priority: 106, table: 5, suppressPrefixLength: 0 })
    b.rules.add({ family, priority: 107, table: 5, uids: { start: 5, end: 9 }, tunnelId: 5n })
  }
  await b.commit()
  await ip(ns, '-batch', ofIp)
  await ready(ns)
})

afterEach(async () => {
  await ns.delete()
})

const addresses: AddressFilter[] = [
  { dev: 'v0' },
  { family: 'ipv6' },
  { family: 'ipv4', dev: 'w0' },
  { scope: 'link' },
  { scope: 253 },
  { label: 'v0:one' },
  { label: 'v0' },
  { label: 'nothing' },
]
const routes: RouteFilter[] = [
  { dst: '10.9.0.0/16' },
  { dst: '10.9.0.1/16' },
  { dst: 'default' },
  { dst: 'default', family: 'ipv6' },
  { dst: '0.0.0.0/0' },
  { dst: '::/0' },
  { dst: 'fd09::1/64' },
  { dst: '10.9.0.0/24' },
  { via: '10.0.0.2' },
  { via: '10.1.0.4' },
  { via: 'fd00::2' },
  { via: 'fd00:0::0:2', family: 'ipv4' },
  { via: 'fd01::2' },
  { metric: 0 },
  { metric: 5 },
  { metric: 1024 },
  { metric: 0, family: 'ipv6' },
  { scope: 'link' },
  { scope: 'global', dst: '10.9.0.0/16' },
  { protocol: 'static' },
  { type: 'blackhole' },
  { type: 'unreachable' },
  { dev: 'v0' },
  { dev: 'w0', via: '10.1.0.2' },
  { table: 77 },
  { table: 12345 },
  { table: 'main' },
  { dst: '10.9.0.0/16', via: '10.1.0.2', scope: 'global', metric: 0, dev: 'w0' },
]
const neighbors: NeighborFilter[] = [
  { dev: 'v0' },
  { family: 'ipv6' },
  { state: 'stale' },
  { state: 'permanent', dev: 'w0' },
  { state: 'noarp' },
  { proxy: true },
  { master: 'v0' },
]
const rules: RuleOptions[] = [
  { priority: 100 },
  { priority: 0 },
  { table: 5 },
  { table: 5, tos: 0 },
  { tos: 16 },
  { tos: 0 },
  { from: '10.0.0.0/8' },
  { from: '10.0.0.0/9' },
  { from: '0.0.0.0/0' },
  { to: 'fd00::/8' },
  { invert: true },
  { invert: false },
  { mark: 7 },
  { mark: 0 },
  { markMask: 0xff },
  { iif: 'v0' },
  { oif: 'x0' },
  { action: 'blackhole' },
  { action: 'table', family: 'ipv6' },
  { action: 'unspec' },
  { goto: 32766 },
  { l3mdev: true },
  { l3mdev: true, table: 254 },
  { l3mdev: false },
  { table: 5, action: 'blackhole' },
  { ipProtocol: 'tcp' },
  { destinationPorts: { start: 80, end: 90 } },
  { destinationPorts: 80 },
  { suppressPrefixLength: 0 },
  { uids: { start: 5, end: 9 } },
  { tunnelId: 5n },
  { protocol: 'static' },
  { protocol: 'kernel' },
  { family: 'ipv6' },
]

/** As text; neighbors age, and a `goto` may lead to a rule that is gone. */
const told = (objects: readonly object[]): string[] =>
  objects.map((object) =>
    JSON.stringify(object, (key, value: unknown) => {
      if (key.endsWith('Seconds')) return undefined
      if (key === 'flags') return (value as string[]).filter((flag) => flag !== 'unresolved')
      return typeof value === 'bigint' ? String(value) : value
    }),
  )

const without = (all: readonly object[], gone: readonly object[]): string[] => {
  const left = told(all)
  for (const one of told(gone)) left.splice(left.indexOf(one), 1)
  return left
}

type Flushed = 'addresses' | 'routes' | 'neighbors' | 'rules'
const cases = [
  ...addresses.map((filter) => ['addresses', filter] as const),
  ...routes.map((filter) => ['routes', filter] as const),
  ...neighbors.map((filter) => ['neighbors', filter] as const),
  ...rules.map((filter) => ['rules', filter] as const),
].map(
  ([what, filter]) =>
    [what, JSON.stringify(filter, (_, v: unknown) => (typeof v === 'bigint' ? `${v}n` : v)), filter] as const,
)

/** What has to be there before, what has to go, and what is there now, as the lists tell. */
async function expectation(what: Flushed, filter: never): Promise<{ all: object[]; goes: object[] }> {
  switch (what) {
    case 'addresses':
      return { all: await ns.addresses.list(), goes: await ns.addresses.list(filter) }
    case 'routes':
      return {
        all: await ns.routes.list(),
        goes: await ns.routes.list({ table: 'main', ...(filter as RouteFilter) }),
      }
    case 'neighbors': {
      const list = async (of: NeighborFilter): Promise<object[]> =>
        (await ns.neighbors.list(of)).filter(({ state }) => state !== 'noarp')
      const proxy = (filter as NeighborFilter).proxy === true
      return { all: await list({ proxy }), goes: await list(filter) }
    }
    case 'rules':
      return { all: await ns.rules.list(), goes: (await ns.rules.list(filter)).filter(({ priority }) => priority > 0) }
  }
}

const everything: Record<Flushed, (proxy: boolean) => Promise<object[]>> = {
  addresses: () => ns.addresses.list(),
  routes: () => ns.routes.list(),
  neighbors: async (proxy) => (await ns.neighbors.list({ proxy })).filter(({ state }) => state !== 'noarp'),
  rules: () => ns.rules.list(),
}

describe.each(['alone', 'in a batch'] as const)('%s', (how) => {
  test.each(cases)('%s.flush removes what the list gives, and nothing else: %s', async (what, _title, filter) => {
    const { all, goes } = await expectation(what, filter as never)
    if (how === 'alone') {
      await ns[what].flush(filter)
    } else {
      const batch = ns.batch()
      const entry = batch[what].flush(filter)
      await batch.commit()
      expect(entry.value).toBeUndefined()
    }
    const left = await everything[what]((filter as NeighborFilter).proxy === true)
    expect(told(left).sort()).toEqual(without(all, goes).sort())
  })
})

// Made again, the address ::1 has a route that it had not.
const restorable = cases.filter(
  ([what, , filter]) => !(what === 'addresses' && (filter as AddressFilter).family === 'ipv6'),
)

test.each(['addresses', 'routes', 'neighbors', 'rules'] as const)(
  '%s.flush is taken back',
  async (what) => {
    const before = await stateOf(ns)
    const lists = async (): Promise<string[]> => told(await everything[what](false))
    const listed = await lists()
    for (const [resource, title, filter] of restorable) {
      if (resource !== what) continue
      const batch = ns.batch({ rollback: true })
      batch[what].flush(filter)
      batch.links.delete('nobody')
      const error: unknown = await batch.commit().catch((caught: unknown) => caught)
      expect([title, error]).toMatchObject([title, { code: 'ENODEV', index: 1, rolledBack: true, leftovers: [] }])
      expect([title, ...(await lists()).sort()]).toEqual([title, ...listed.sort()])
    }
    expect(await stateOf(ns)).toEqual(before)
  },
  60_000,
)

test('of routes that are alike, those that are flushed come back to their places', async () => {
  await undone([ns], (b) => {
    b.routes.flush({ via: '10.1.0.2' })
    b.routes.delete({ dst: '10.9.0.0/16', via: '10.0.0.3' })
    b.routes.delete({ dst: '10.9.0.0/16' })
    b.routes.flush({ scope: 'link', dst: '10.9.0.0/16' })
  })
})

test('of rules of one priority, those that are deleted come back to their places', async () => {
  await undone([ns], (b) => {
    b.rules.delete({ priority: 100, tos: 16 })
    b.rules.flush({ from: '10.0.0.0/8' })
  })
})

test('a rule is deleted by what is 0, too: exactly the one that find gives, and it comes back', async () => {
  const key = { priority: 100, table: 5, tos: 0, to: '0.0.0.0/0', family: 'ipv4' } as const
  await undone([ns], (b) => b.rules.delete(key))

  const batch = ns.batch({ onError: 'continue' })
  const listed = batch.rules.list({ priority: 100, table: 5, family: 'ipv4' })
  const meant = batch.rules.get(key)
  batch.rules.delete(key)
  const left = batch.rules.list({ priority: 100, table: 5, family: 'ipv4' })
  const again = batch.rules.delete(key)
  batch.rules.delete(key, { force: true })
  const results = await batch.commit()
  expect(results.map(({ status }) => status === 'fulfilled')).toEqual([true, true, true, true, false, true])
  expect(results[4]).toMatchObject({ reason: { code: 'ENOENT', operation: 'rules.delete', message: /none fits/ } })
  expect(() => again.value).toThrow()
  expect(meant.value).not.toHaveProperty('tos')
  expect(left.value).toEqual(listed.value.filter((rule) => JSON.stringify(rule) !== JSON.stringify(meant.value)))
})

test('a route that expires comes back with the time that it had', async () => {
  await ns.routes.add({ dst: 'fd33::/64', via: 'fd00::2', expiresSeconds: 300 })
  const batch = ns.batch({ rollback: true })
  batch.routes.flush({ dst: 'fd33::/64' })
  batch.links.delete('nobody')
  await expect(batch.commit()).rejects.toMatchObject({ rolledBack: true, leftovers: [] })
  const { expiresSeconds = 0 } = await ns.routes.get({ dst: 'fd33::/64' })
  expect(expiresSeconds).toBeGreaterThan(290)
  expect(expiresSeconds).toBeLessThanOrEqual(300)
})

test('a deleted IPv6 route comes back beside that of another device', async () => {
  await undone([ns], (b) => b.routes.delete({ dst: 'fe80::/64', dev: 'v0' }))
})

test('a flush in a new namespace, and in another one, has its place among the operations', async () => {
  const batch = ns.batch()
  const pod = batch.createNetNs()
  batch.links.add({ kind: 'veth', name: 'h0', up: true, peer: { netns: pod, name: 'eth0', up: true } })
  pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
  pod.routes.add({ dst: '10.1.0.0/16', via: '10.0.0.1' })
  pod.routes.flush({ via: '10.0.0.1' })
  pod.routes.add({ dst: '10.2.0.0/16', via: '10.0.0.1' })
  const routes = pod.routes.list({ table: 'main', family: 'ipv4' })
  await batch.commit()
  expect(routes.value.map(({ dst }) => dst)).toEqual(['10.0.0.0/24', '10.2.0.0/16'])
  pod.value.close()
})

test('a device that is not there is an error, and a filter without a condition is none', async () => {
  await expect(ns.routes.flush({ dev: 'nobody' })).rejects.toMatchObject({ code: 'ENODEV', operation: 'routes.flush' })
  await expect(ns.routes.flush({ dev: 4321 })).rejects.toMatchObject({ code: 'ENODEV' })
  await expect(ns.addresses.flush({ dev: 4321 })).rejects.toMatchObject({ code: 'ENODEV' })
  const batch = ns.batch()
  for (const what of ['addresses', 'routes', 'neighbors', 'rules'] as const) {
    expect(() => batch[what].flush({})).toThrow(
      expect.objectContaining({ name: 'RangeError', field: 'filter' }) as Error,
    )
    expect(() => batch[what].flush({ nothing: 1 } as never)).toThrow(TypeError)
  }
  expect(batch.length).toBe(0)
})
