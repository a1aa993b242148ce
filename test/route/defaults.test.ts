// Every default that the options of rules, routes, addresses, neighbors and links document: left out, and given as it is
// documented, they make the same.
import type {
  AddressOptions,
  LinkChanges,
  LinkOptions,
  NeighborOptions,
  NetNs,
  RouteOptions,
  RuleOptions,
} from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { fresh, ownPrefix } from '../support/namespaces'

const net = useNetNs({ prefix: ownPrefix })

/** What two namespaces have after the one got options without a default, and the other with it. */
async function both<Options>(
  make: (ns: NetNs, options: Options) => Promise<unknown>,
  list: (ns: NetNs) => Promise<readonly unknown[]>,
  options: Options,
  defaults: Partial<Options>,
): Promise<[unknown, unknown]> {
  const { ns } = net
  await using other = await fresh()
  for (const each of [ns, other]) {
    await each.links.add({ kind: 'ifb', name: 'd', index: 7, mac: '02:00:00:00:00:01', addrGenMode: 'none', up: true })
    await each.addresses.add({ dev: 'd', address: '10.0.0.1/24' })
    await each.addresses.add({ dev: 'd', address: 'fd00::1/64', flags: ['nodad'] })
  }
  await make(ns, options)
  await make(other, { ...options, ...defaults })
  const found: [unknown, unknown] = [await list(ns), await list(other)]
  await other.delete()
  return found
}

const v4: RuleOptions = { family: 'ipv4', table: 100, priority: 5 }
const v6: RuleOptions = { ...v4, family: 'ipv6' }
const ports = { ipProtocol: 'tcp', sourcePorts: 80, destinationPorts: 90 } as const

test.each<[RuleOptions, Partial<RuleOptions>]>([
  [{ table: 100 }, { family: 'ipv4' }],
  [{ table: 100, from: 'fd00::/64' }, { family: 'ipv6' }],
  [{ table: 100, family: 'ipv4' }, { priority: 32_765 }],
  [{ priority: 5 }, { table: 'main' }],
  [v4, { action: 'table' }],
  [{ priority: 5, goto: 32_766 }, { action: 'goto' }],
  [{ ...v4, mark: 5 }, { markMask: 0xffffffff }],
  [v4, { invert: false, tos: 0, l3mdev: false, protocol: 'unspec' }],
  [v4, { suppressPrefixLength: 0xffffffff, suppressInterfaceGroup: 0xffffffff }],
  [{ ...v4, uids: { start: 5 } }, { uids: { start: 5, end: 5 } }],
  [{ ...v4, destinationPorts: { start: 80 } }, { destinationPorts: { start: 80, end: 80 } }],
  [{ ...v4, dscp: 3 }, { dscpMask: 0x3f }],
  [{ ...v6, dscp: 3 }, { dscpMask: 0x3f }],
  [{ ...v6, flowLabel: 0x12345 }, { flowLabelMask: 0xfffff }],
  [
    { ...v4, ...ports },
    { sourcePortMask: 0xffff, destinationPortMask: 0xffff },
  ],
  [
    { ...v6, ...ports },
    { sourcePortMask: 0xffff, destinationPortMask: 0xffff },
  ],
])('a rule %p has %p', async (options, defaults) => {
  const [without, given] = await both(
    (ns, its: RuleOptions) => ns.rules.add(its),
    (ns) => ns.rules.list(),
    options,
    defaults,
  )
  expect(without).toEqual(given)
})

test('a rule by its flow label alone is found and deleted', async () => {
  const { ns } = net
  const key: RuleOptions = { family: 'ipv6', flowLabel: 0x12345, table: 100 }
  await ns.rules.add(key)
  expect(await ns.rules.get({ family: 'ipv6', flowLabel: 0x12345 })).toMatchObject({ ...key, flowLabelMask: 0xfffff })
  await ns.rules.delete({ family: 'ipv6', flowLabel: 0x12345 })
  expect(await ns.rules.find({ family: 'ipv6', flowLabel: 0x12345 })).toBeUndefined()
})

test.each<[RouteOptions, Partial<RouteOptions>]>([
  [
    { dst: 'default', via: '10.0.0.2' },
    { family: 'ipv4', dev: 'd', table: 'main', metric: 0, type: 'unicast' },
  ],
  [
    { dst: 'default', via: '10.0.0.2' },
    { protocol: 'boot', scope: 'global', tos: 0, onlink: false },
  ],
  [{ dst: '10.1.0.0/16', dev: 'd' }, { scope: 'link' }],
  [
    { dst: '10.1.0.0/16', dev: 'd', type: 'local' },
    { table: 'local', scope: 'host' },
  ],
  [
    { dst: '10.1.0.9/32', dev: 'd', type: 'broadcast' },
    { table: 'local', scope: 'link' },
  ],
  [
    { dst: '10.1.0.0/16', type: 'blackhole' },
    { table: 'main', scope: 'global' },
  ],
  [{ dst: '10.1.0.0/16', nexthops: [{ via: '10.0.0.2' }] }, { nexthops: [{ via: '10.0.0.2', dev: 'd', weight: 1 }] }],
  [{ dst: '10.1.0.0/16', nexthops: [{ via: '10.0.0.2' }] }, { nexthops: [{ via: '10.0.0.2', onlink: false }] }],
  [
    { dst: 'fd01::/48', via: 'fd00::2' },
    { family: 'ipv6', dev: 'd', metric: 1024, preference: 'medium' },
  ],
  [
    { dst: 'fd01::/48', via: 'fd00::2' },
    { metric: 0, expiresSeconds: Infinity, protocol: 'boot' },
  ],
  [{ dst: '10.1.0.0/16', dev: 'd', metrics: { rtoMin: 5 } }, { metrics: { rtoMin: 5, lock: ['rtoMin'] } }],
  [{ dst: '10.1.0.0/16', dev: 'd' }, { metrics: { quickack: false, fastopenNoCookie: false, lock: [], features: [] } }],
])('a route %p has %p', async (options, defaults) => {
  const [without, given] = await both(
    (ns, its: RouteOptions) => ns.routes.add(its),
    (ns) => ns.routes.list({ protocol: 'boot' }),
    options,
    defaults,
  )
  expect(without).toHaveLength(1)
  expect(without).toEqual(given)
})

test.each<[Omit<AddressOptions, 'dev'>, Partial<AddressOptions>]>([
  [{ address: '10.9.0.1' }, { address: '10.9.0.1/32', label: 'd', scope: 'global', flags: [] }],
  [{ address: '10.9.0.1/24' }, { validLifetimeSeconds: Infinity, preferredLifetimeSeconds: Infinity }],
  [{ address: '10.9.0.1/30', peer: '10.9.0.2' }, { peer: '10.9.0.2/32' }],
  [{ address: '127.0.0.2/8' }, { scope: 'host' }],
  [{ address: 'fd09::1' }, { address: 'fd09::1/128' }],
])('an address %p has %p', async (options, defaults) => {
  const [without, given] = await both(
    (ns, its: Omit<AddressOptions, 'dev'>) => ns.addresses.add({ dev: 'd', ...its }),
    (ns) => ns.addresses.list({ dev: 'd' }),
    options,
    defaults,
  )
  expect(without).toEqual(given)
})

test.each([
  ['10.9.0.1/24', 'ipv4', undefined],
  ['fd09::1/64', 'ipv6', 256],
] as const)('the route to the prefix of %s has the documented metric', async (address, family, metric) => {
  const { ns } = net
  await ns.links.add({ kind: 'ifb', name: 'd', addrGenMode: 'none', up: true })
  await ns.addresses.add({ dev: 'd', address, flags: family === 'ipv6' ? ['nodad'] : [] })
  const [route] = (await ns.routes.list({ family, table: 'main' })).filter(({ dst }) => dst.includes('9'))
  expect(route?.metric).toBe(metric)
})

test.each<[NeighborOptions, Partial<NeighborOptions>]>([
  [
    { dev: 'd', address: '10.0.0.2', mac: '02:00:00:00:00:02' },
    { state: 'permanent', router: false },
  ],
  [
    { dev: 'd', address: '10.0.0.2', mac: '02:00:00:00:00:02' },
    { extLearned: false, managed: false, proxy: false },
  ],
  [{ dev: 'd', address: 'fd00::2', mac: '02:00:00:00:00:02' }, { protocol: 'unspec' }],
])('a neighbor %p has %p', async (options, defaults) => {
  const [without, given] = await both(
    (ns, its: NeighborOptions) => ns.neighbors.add(its),
    (ns) => ns.neighbors.list({ state: 'permanent' }),
    options,
    defaults,
  )
  const timeless = (list: unknown): unknown => JSON.parse(JSON.stringify(list).replace(/"\w+Seconds":[\d.]+/g, '"x":0'))
  expect(timeless(without)).toEqual(timeless(given))
})

test.each<[Partial<LinkOptions & LinkChanges>]>([
  [{ up: false, group: 0, alias: '', arp: false, multicast: false, allMulticast: false, promisc: false }],
  [{ gsoMaxSize: 65_536, gsoMaxSegs: 65_535, groMaxSize: 65_536, gsoIpv4MaxSize: 65_536, groIpv4MaxSize: 65_536 }],
  [{ addrGenMode: 'eui64', linkMode: 'default', mtu: 1500 }],
])('a link has %p', async (defaults) => {
  const { ns } = net
  const without = await ns.links.add({ kind: 'ifb', name: 'x', index: 7, mac: '02:00:00:00:00:01' })
  await ns.links.delete('x')
  const options = { kind: 'ifb', name: 'x', index: 7, mac: '02:00:00:00:00:01', ...defaults } as LinkOptions
  // An ifb uses neither ARP nor multicast, by its kind.
  const given = await ns.links.add(options)
  expect({ ...given, arp: without.arp, multicast: without.multicast, flags: 0 }).toEqual({ ...without, flags: 0 })
})
