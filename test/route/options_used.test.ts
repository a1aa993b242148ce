// Every option of every verb is used, or refused by its name: nothing that is said is dropped.
import { execFileSync } from 'node:child_process'
import type { NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

type Verb = (options: object) => Promise<unknown>

let ns: NetNs
beforeEach(async () => {
  ns = await fresh()
  await ns.links.add({ kind: 'veth', name: 'e0', up: true, peer: { name: 'e1', up: true } })
  await ns.addresses.add({ dev: 'e0', address: '10.0.0.1/24' })
})
afterEach(async () => {
  await ns.delete()
})

const verbOf = (resource: 'routes' | 'neighbors' | 'addresses', verb: string): Verb => {
  const verbs = ns[resource] as unknown as Record<string, Verb>
  return (options) => verbs[verb]!(options)
}

const left = async (call: Promise<unknown>): Promise<unknown> => call.catch((error: unknown) => error)
const ip = (...args: string[]): string => execFileSync('ip', ['-n', ns.name!, ...args], { encoding: 'utf8' })

/** What a route may say besides its destination: each with another value than the one that is there. */
const otherwise = {
  via: '10.0.0.3',
  dev: 'e1',
  metric: 8,
  type: 'blackhole',
  protocol: 'bgp',
  scope: 'link',
  tos: 8,
  src: '10.0.0.9',
  onlink: true,
  metrics: { mtu: 1300 },
  flow: 7,
  nexthopId: 5,
  encapType: 1,
  encap: new Uint8Array(4),
  nexthops: [{ via: '10.0.0.3' }],
  preference: 'high',
  expiresSeconds: 5,
  from: 'fd00::/64',
  family: 'ipv6',
  table: 5,
  flags: ['onlink'],
  mark: 1,
  uid: 0,
  iif: 1,
  ttlPropagate: 1,
  unknown: [{ type: 99, data: new Uint8Array(4) }],
}
/** A route that none of these describes. */
const there = { dst: '10.1.0.0/16', via: '10.0.0.2', metric: 5 }

describe.each(['get', 'find', 'delete'])('routes.%s', (verb) => {
  test.each(Object.entries(otherwise))('finds none with another %s, or refuses it', async (name, value) => {
    await ns.routes.add(there)
    const before = ip('-4', 'route')
    const ended = await left(verbOf('routes', verb)({ dst: there.dst, [name]: value }))

    if (verb === 'find') expect(ended === undefined || ended instanceof Error).toBe(true)
    else expect(ended).toBeInstanceOf(Error)
    expect(ip('-4', 'route')).toBe(before)
  })
})

test.each(['add', 'replace', 'change', 'append', 'prepend'])(
  'routes.%s refuses what makes no route, and what stands beside what it belongs to',
  async (verb) => {
    await ns.routes.add(there)
    const before = ip('-4', 'route')
    const base = {
      dst: verb === 'change' || verb === 'replace' ? there.dst : '10.2.0.0/16',
      via: '10.0.0.2',
      metric: 5,
    }
    const hops = { dst: base.dst, metric: 5, nexthops: [{ via: '10.0.0.2' }] }
    for (const [field, options] of [
      ...['mark', 'uid', 'iif', 'ttlPropagate', 'unknown', 'preference', 'expiresSeconds', 'from'].map((name) => [
        name,
        { ...base, [name]: (otherwise as Record<string, unknown>)[name] },
      ]),
      ['encapType', { ...base, encapType: 1 }],
      ['encap', { ...base, encap: new Uint8Array(4) }],
      ['encapType', { ...hops, encapType: 1, encap: new Uint8Array(4) }],
      ['nexthops[0].encapType', { ...hops, nexthops: [{ via: '10.0.0.2', encapType: 1 }] }],
      ['nexthops[0].encap', { ...hops, nexthops: [{ via: '10.0.0.2', encap: new Uint8Array(4) }] }],
      ['onlink', { ...hops, onlink: true }],
      ['onlink', { dst: base.dst, metric: 5, dev: 'e0', onlink: true }],
      ['onlink', { ...base, flags: ['onlink'], onlink: false }],
      ['flags[0]', { ...base, flags: ['onlnk'] }],
      ['flow', { dst: 'fd01::/64', dev: 'e0', flow: 5 }],
      ['tos', { dst: 'fd01::/64', dev: 'e0', tos: 8 }],
      ['scope', { dst: 'fd01::/64', dev: 'e0', scope: 'link' }],
    ] as [string, object][]) {
      expect([field, await left(verbOf('routes', verb)(options))]).toMatchObject([field, { field }])
    }
    expect(ip('-4', 'route')).toBe(before)
    expect(ip('-6', 'route')).not.toContain('fd01')
  },
)

test.each<[string, object]>([
  ['type', { type: 'blackhole' }],
  ['preference', { preference: 'high' }],
  ['metrics', { metrics: { mtu: 1300 } }],
  ['src', { src: 'fd00::9' }],
  ['protocol', { protocol: 'bgp' }],
])('an IPv6 route of another %s is not deleted; one that agrees is', async (_name, other) => {
  await ns.routes.add({ dst: 'fd01::/64', dev: 'e0', metrics: { mtu: 1400 }, preference: 'low' })
  await expect(ns.routes.delete({ dst: 'fd01::/64', ...other })).rejects.toMatchObject({ code: /ENOENT|ESRCH/ })
  const listed = await ns.routes.get({ dst: 'fd01::/64' })
  await expect(ns.routes.delete({ ...listed, ...other })).rejects.toMatchObject({ code: /ENOENT|ESRCH/ })
  await ns.routes.delete(listed)
  expect(ip('-6', 'route')).not.toContain('fd01')
})

test.each<[string, string | undefined, object]>([
  ['family', 'family', { family: 'bridge' }],
  ['family', 'family', { family: 12_345 }],
  ['family', 'family', { family: 'ipv6' }],
  ['flags', 'flags[0]', { flags: ['self'] }],
  ['probes', 'probes', { probes: 'x' }],
  ['router', 'router', { flags: ['router'], router: false }],
  ['unknown', 'unknown', { unknown: [{ type: 99, data: new Uint8Array(4) }] }],
])('neighbors refuse another %s', async (_name, field, other) => {
  const neighbor = { dev: 'e0', address: '10.0.0.2', mac: '02:00:00:00:00:02' }
  await ns.neighbors.add(neighbor)
  for (const verb of ['add', 'replace', 'change', 'get', 'find', 'delete']) {
    const ended = await left(verbOf('neighbors', verb)({ ...neighbor, ...other }))
    expect([verb, ended]).toMatchObject([verb, { field }])
  }
  expect(ip('neigh')).toContain('10.0.0.2 dev e0 lladdr 02:00:00:00:00:02 PERMANENT')
})

test.each<object>([
  { mac: '02:00:00:00:00:09' },
  { state: 'reachable' },
  { router: true },
  { extLearned: true },
  { managed: true },
  { protocol: 'bgp' },
  { flags: ['router'] },
])('a neighbor is not deleted or found by what it is not: %p', async (other) => {
  await ns.neighbors.add({ dev: 'e0', address: '10.0.0.2', mac: '02:00:00:00:00:02' })
  const key = { dev: 'e0', address: '10.0.0.2', ...other }
  await expect(ns.neighbors.delete(key)).rejects.toMatchObject({ code: 'ENOENT' })
  await ns.neighbors.delete(key, { force: true })
  expect(await ns.neighbors.find(key)).toBeUndefined()
  await ns.neighbors.delete(await ns.neighbors.get({ dev: 'e0', address: '10.0.0.2' }))
  expect(ip('neigh')).not.toContain('10.0.0.2')
})

const addressed = { dev: 'e0', address: '10.5.0.1/24', broadcast: '+', label: 'e0:x', metric: 7 } as const

test.each<object>([
  { label: 'nope' },
  { broadcast: '10.5.0.254' },
  { scope: 'link' },
  { metric: 8 },
  { validLifetimeSeconds: 60 },
  { peer: '10.5.0.9/24' },
  { address: '10.5.0.1/25' },
])('an address is not deleted or found by what it is not: %p', async (other) => {
  await ns.addresses.add(addressed)
  const key = { ...addressed, ...other }
  await expect(ns.addresses.delete(key)).rejects.toMatchObject({ code: /ENOENT|EADDRNOTAVAIL/ })
  expect(await ns.addresses.find(key)).toBeUndefined()
  expect(ip('addr', 'show', 'e0')).toContain('10.5.0.1/24 metric 7 brd 10.5.0.255 scope global e0:x')
  await ns.addresses.delete(await ns.addresses.get(addressed))
  expect(ip('addr')).not.toContain('10.5.0.1')
})

test.each<[string, object]>([
  ['family', { family: 'nonsense' }],
  ['family', { family: 'ipv6' }],
  ['unknown', { unknown: [{ type: 99, data: new Uint8Array(4) }] }],
  ['anycast', { anycast: 'fd00::1' }],
  ['scope', { address: 'fd00::1/64', scope: 'link' }],
])('addresses refuse another %s', async (field, other) => {
  for (const verb of ['add', 'replace']) {
    const ended = await left(verbOf('addresses', verb)({ dev: 'e0', address: '10.6.0.1/24', ...other }))
    expect([verb, ended]).toMatchObject([verb, { field }])
  }
})

test('what a list tells can be given back', async () => {
  await ns.addresses.add({ dev: 'e0', address: 'fd00::1/64', flags: ['nodad'] })
  await ns.routes.add({
    dst: '10.7.0.0/16',
    nexthops: [
      { via: '10.0.0.2', weight: 3 },
      { via: '10.0.0.3', onlink: true, dev: 'e0' },
    ],
  })
  await ns.routes.add({ dst: 'fd07::/64', via: 'fd00::2', metrics: { mtu: 1400 } })
  for (const dst of ['10.7.0.0/16', 'fd07::/64']) {
    const route = await ns.routes.get({ dst })
    expect(await ns.routes.get(route)).toEqual(route)
    await ns.routes.delete(route)
    await ns.routes.add(route)
    expect(await ns.routes.get({ dst })).toEqual(route)
  }
  for (const address of await ns.addresses.list({ dev: 'e0', scope: 'global' })) {
    expect(await ns.addresses.get(address)).toMatchObject({ address: address.address })
    await ns.addresses.delete(address)
    await ns.addresses.add(address)
    expect(await ns.addresses.get(address)).toMatchObject({ address: address.address })
  }
})

test('options of a link that the kernel would drop are refused', async () => {
  const macvlan = { kind: 'macvlan', name: 'm0', link: 'e0', mode: 'source' } as const
  const [mac] = ['02:00:00:00:00:07']
  await expect(ns.links.add({ ...macvlan, macaddrs: [mac] })).rejects.toMatchObject({ field: 'macaddrs' })
  await expect(ns.links.add({ ...macvlan, macaddr: mac })).rejects.toMatchObject({ field: 'macaddr' })
  await expect(ns.links.add({ ...macvlan, macaddrMode: 'set', macaddr: mac })).rejects.toMatchObject({
    field: 'macaddr',
  })
  await expect(ns.links.add({ ...macvlan, macaddrMode: 'set' })).rejects.toMatchObject({ field: 'macaddrs' })
  const vxlan = { kind: 'vxlan', name: 'x0', id: 5, dstPort: 4789 } as const
  await expect(ns.links.add({ ...vxlan, ttl: 9, ttlInherit: true })).rejects.toMatchObject({ field: 'ttl' })
  for (const name of ['ttlInherit', 'gbp', 'gpe', 'remcsumNopartial']) {
    await expect(ns.links.set('x0', { kind: 'vxlan', [name]: false })).rejects.toMatchObject({ field: name })
  }
  expect((await ns.links.list()).map(({ name }) => name).sort()).toEqual(['e0', 'e1', 'lo'])
})
