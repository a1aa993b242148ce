// What is refused, by field, before anything is made.
import { readdirSync } from 'node:fs'
import type { RouterAgent } from '../../lib/index'
import { RouterAgent as Agent } from '../../lib/index'
import { Scene } from './scene'

let scene: Scene
let agent: RouterAgent
const port = { id: 'p1', network: 'red', addresses: ['10.0.0.1/24', 'fd00::1/64'] }
const gateway = { id: 'gw', network: 'outside', addresses: ['203.0.113.2/24'], nexthops: ['203.0.113.1'] }
const floating = { address: '203.0.113.10', fixed: '10.0.0.10' }

describe('refused', () => {
  beforeAll(async () => {
    scene = await Scene.make()
    agent = await scene.agent()
  })
  afterAll(async () => {
    await scene[Symbol.asyncDispose]()
  })

  const ports: [field: string, changes: Record<string, unknown>][] = [
    ['id', { id: 'a/b' }],
    ['id', { id: '..' }],
    ['id', { id: '' }],
    ['id', { id: 5 }],
    ['network', { network: 'a/b' }],
    ['network', { network: undefined }],
    ['addresses', { addresses: '10.0.0.1/24' }],
    ['addresses[0]', { addresses: ['10.0.0.1'] }],
    ['addresses[0]', { addresses: ['10.0.0.0/24'] }],
    ['addresses[0]', { addresses: ['10.0.0.255/24'] }],
    ['addresses[0]', { addresses: ['10.0.0.1/0'] }],
    ['addresses[0]', { addresses: ['10.0.0.1/33'] }],
    ['addresses[0]', { addresses: ['10.0.0.1/24\n'] }],
    ['addresses[0]', { addresses: [7] }],
    ['addresses[1]', { addresses: ['10.0.0.1/24', '10.0.0.2/24'] }],
    ['addresses[1]', { addresses: ['10.0.0.1/24', '10.0.0.200/8'] }],
    ['mac', { mac: '01:00:5e:00:00:01' }],
    ['mac', { mac: 'x' }],
    ['vlan', { vlan: 4095 }],
    ['mtu', { mtu: 10 }],
    ['mtu', { mtu: 1279 }],
    ['advertise', { advertise: 1 }],
    ['advertise', { advertise: 'yes' }],
    ['advertise', { advertise: null }],
    ['advertise', { advertise: [] }],
    ['advertise', { addresses: ['10.0.0.1/24'], advertise: true }],
    ['advertise', { advertise: { prefixes: Array.from({ length: 40 }, (_, i) => `fd00:${i}::/64`) } }],
    ['advertise.lifetime', { advertise: { lifetime: 5 } }],
    ['advertise.prefixes', { advertise: { prefixes: 'fd00::/64' } }],
    ['advertise.prefixes[0]', { advertise: { prefixes: ['fd00::1/64'] } }],
    ['advertise.prefixes[0]', { advertise: { prefixes: ['fd00::'] } }],
    ['advertise.prefixes[0]', { advertise: { prefixes: ['10.0.0.0/8'] } }],
    ['advertise.prefixes[0]', { advertise: { prefixes: ['fe80::/64'] } }],
    ['advertise.prefixes[0]', { advertise: { prefixes: ['ff00::/64'] } }],
    ['advertise.prefixes[0]', { advertise: { prefixes: ['::/0'] } }],
    ['advertise.prefixes[0]', { advertise: { prefixes: [7] } }],
    ['advertise.prefixes[0].prefix', { advertise: { prefixes: [{}] } }],
    ['advertise.prefixes[0].vlaid', { advertise: { prefixes: [{ prefix: 'fd00::/64', vlaid: 1 }] } }],
    ['advertise.prefixes[0].autonomous', { advertise: { prefixes: [{ prefix: 'fd00::/56', autonomous: true }] } }],
    ['advertise.prefixes[0].onLink', { advertise: { prefixes: [{ prefix: 'fd00::/64', onLink: 1 }] } }],
    ['advertise.prefixes[0].validSeconds', { advertise: { prefixes: [{ prefix: 'fd00::/64', validSeconds: -1 }] } }],
    [
      'advertise.prefixes[0].preferredSeconds',
      { advertise: { prefixes: [{ prefix: 'fd00::/64', validSeconds: 5, preferredSeconds: 6 }] } },
    ],
    ['advertise.prefixes[1]', { advertise: { prefixes: ['fd00::/64', 'FD00:0::/64'] } }],
    ['advertise.lifetimeSeconds', { advertise: { lifetimeSeconds: 599 } }],
    ['advertise.lifetimeSeconds', { advertise: { lifetimeSeconds: 65_536 } }],
    ['advertise.lifetimeSeconds', { advertise: { lifetimeSeconds: Infinity } }],
    ['advertise.preference', { advertise: { preference: 'best' } }],
    ['advertise.managed', { advertise: { managed: 1 } }],
    ['advertise.other', { advertise: { other: 'yes' } }],
    ['advertise.mtu', { advertise: { mtu: 1279 } }],
    ['advertise.mtu', { mtu: 1400, advertise: { mtu: 1500 } }],
    ['advertise.hopLimit', { advertise: { hopLimit: 256 } }],
    ['advertise.reachableMs', { advertise: { reachableMs: 3_600_001 } }],
    ['advertise.retransmitMs', { advertise: { retransmitMs: 2 ** 32 } }],
    ['advertise.maxIntervalSeconds', { advertise: { maxIntervalSeconds: 3 } }],
    ['advertise.maxIntervalSeconds', { advertise: { maxIntervalSeconds: 1801 } }],
    ['advertise.minIntervalSeconds', { advertise: { minIntervalSeconds: 2 } }],
    ['advertise.minIntervalSeconds', { advertise: { maxIntervalSeconds: 100, minIntervalSeconds: 76 } }],
    ['advertise.dnsServers[0]', { advertise: { dnsServers: ['10.0.0.53'] } }],
    ['advertise.dnsServers[0]', { advertise: { dnsServers: ['::'] } }],
    ['advertise.dnsServers[0]', { advertise: { dnsServers: ['ff02::1'] } }],
    ['advertise.dnsServers[1]', { advertise: { dnsServers: ['fd00::53', 'fd00:0::53'] } }],
    ['advertise.domainSearch[0]', { advertise: { domainSearch: ['a..b'] } }],
    ['advertise.domainSearch[0]', { advertise: { domainSearch: [`${'a'.repeat(64)}.b`] } }],
    ['advertise.dnsSeconds', { advertise: { dnsSeconds: 5 } }],
    ['advertise.routes[0]', { advertise: { routes: ['10.0.0.0/8'] } }],
    ['advertise.routes[0].preference', { advertise: { routes: [{ destination: '::/0', preference: 1 }] } }],
    ['advertise.routes[1]', { advertise: { routes: ['::/0', { destination: '::/0' }] } }],
    ['bridge', { bridge: '../br' }],
    ['device', { device: 'a-name-that-is-too-long' }],
    ['vlans', { vlans: 1 }],
    ['snat', { snat: true }],
  ]
  it.each(ports)('ports[0].%s: %j', async (field, changes) => {
    const refused = expect(agent.routers.ensure({ id: 'r', ports: [{ ...port, ...changes }] })).rejects
    await refused.toMatchObject({ field: `ports[0].${field}` })
  })

  const routers: [field: string, options: Record<string, unknown>][] = [
    ['id', { id: 'a/b' }],
    ['id', { id: 'a\nb' }],
    ['ports', { ports: undefined }],
    ['ports[1]', { ports: [port, 7] }],
    ['ports[1].id', { ports: [port, { ...port, addresses: ['10.0.1.1/24'] }] }],
    ['ports[1].device', { ports: [port, { id: 'p2', device: 'qr-p1', network: 'blue', addresses: [] }] }],
    ['ports[1].addresses[0]', { ports: [port, { id: 'p2', network: 'blue', addresses: ['10.0.0.2/25'] }] }],
    ['ports[1].addresses[0]', { ports: [port, { id: 'p2', network: 'blue', addresses: ['fd00::2/48'] }] }],
    ['gateway', { gateway: 7 }],
    ['gateway.addresses[0]', { gateway: { ...gateway, addresses: ['10.0.0.2/16'], nexthops: [] } }],
    ['gateway.nexthops[0]', { gateway: { ...gateway, nexthops: ['203.0.114.1'] } }],
    ['gateway.nexthops[0]', { gateway: { ...gateway, nexthops: ['203.0.113.2'] } }],
    ['gateway.nexthops[1]', { gateway: { ...gateway, nexthops: ['203.0.113.1', '203.0.113.3'] } }],
    ['gateway.advertise', { gateway: { ...gateway, advertise: true } }],
    ['gateway.snat', { gateway: { ...gateway, snat: 1 } }],
    ['routes[0].nexthop', { routes: [{ destination: '10.9.0.0/16', nexthop: '10.5.0.1' }] }],
    ['routes[0].nexthop', { routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.255' }] }],
    ['routes[0].nexthop', { routes: [{ destination: '10.9.0.0/16', nexthop: 'fd00::9' }] }],
    ['routes[0].destination', { routes: [{ destination: '10.9.0.1/16', nexthop: '10.0.0.9' }] }],
    [
      'routes[1].destination',
      {
        routes: [
          { destination: '10.9.0.0/16', nexthop: '10.0.0.9' },
          { destination: '10.9.0.0/16', nexthop: '10.0.0.8' },
        ],
      },
    ],
    ['routes', { gateway, routes: [{ destination: '0.0.0.0/0', nexthop: '10.0.0.9' }] }],
    ['floatingIps[0]', { floatingIps: [floating] }],
    ['floatingIps[0].address', { gateway, floatingIps: [{ ...floating, address: '203.0.114.10' }] }],
    ['floatingIps[0].address', { gateway, floatingIps: [{ ...floating, address: '203.0.113.2' }] }],
    ['floatingIps[0].address', { gateway, floatingIps: [{ ...floating, address: '203.0.113.1' }] }],
    ['floatingIps[0].address', { gateway, floatingIps: [{ ...floating, address: '203.0.113.255' }] }],
    ['floatingIps[0].address', { gateway, floatingIps: [{ ...floating, address: 'fd00::5' }] }],
    ['floatingIps[0].fixed', { gateway, floatingIps: [{ ...floating, fixed: '10.1.0.10' }] }],
    ['floatingIps[0].fixed', { gateway, floatingIps: [{ ...floating, fixed: '10.0.0.1' }] }],
    ['floatingIps[0].fixed', { gateway, floatingIps: [{ ...floating, fixed: '203.0.113.7' }] }],
    ['floatingIps[1].address', { gateway, floatingIps: [floating, { ...floating, fixed: '10.0.0.11' }] }],
    ['floatingIps[1].fixed', { gateway, floatingIps: [floating, { ...floating, address: '203.0.113.11' }] }],
    ['namespace', { namespace: 'a/b' }],
    ['namespace', { namespace: '..' }],
    ['portz', { portz: [] }],
  ]
  it.each(routers)('%s: %j', async (field, options) => {
    const wanted = { id: 'r', ports: [port], ...options } as never
    await expect(agent.routers.ensure(wanted)).rejects.toMatchObject({ field })
    const inside = expect(agent.sync({ routers: [wanted] })).rejects
    await inside.toMatchObject({
      field: `routers[0].${field}`,
      message: expect.stringContaining('routers[0].') as string,
    })
  })

  it('two routers of one description with one address, on one network', async () => {
    const two = { ...port, id: 'p2' }
    const routers = [
      { id: 'r1', ports: [port] },
      { id: 'r2', ports: [two] },
    ]
    await expect(agent.sync({ routers })).rejects.toMatchObject({ field: 'routers[1].ports[0].addresses[0]' })
    await expect(agent.sync({ routers: 7 as never })).rejects.toMatchObject({ field: 'routers' })
    await expect(agent.sync(undefined as never)).rejects.toMatchObject({ field: 'routers' })
  })

  it('changes of what cannot change', async () => {
    const id = scene.id()
    const router = await agent.routers.ensure({ id, ports: [] })
    await expect(router.update({ namespace: 'x' } as never)).rejects.toMatchObject({ field: 'namespace' })
    await expect(router.update({ id: 'x' } as never)).rejects.toMatchObject({ field: 'id' })
    await expect(agent.routers.ensure({ id, ports: [], namespace: 'x' })).rejects.toMatchObject({ field: 'namespace' })
    await expect(agent.routers.delete(id, { forced: true } as never)).rejects.toMatchObject({ field: 'forced' })
    await expect(agent.routers.delete('a/b')).rejects.toMatchObject({ field: 'id' })
    await agent.routers.delete(id)
  })

  const starts: [field: string, options: Record<string, unknown>][] = [
    ['stateDir', { stateDir: 'relative' }],
    ['plug', { plug: 'vde' }],
    ['bridge', { bridge: 'a/b' }],
    ['ovsdb', { ovsdb: 'unix:/x' }],
    ['netns', { netns: 'red' }],
    ['nft', { nft: 'nft' }],
  ]
  it.each(starts)('start, %s: %j', async (field, options) => {
    const start = Agent.start({ stateDir: `${scene.directory}/other`, plug: 'bridge', ...options } as never)
    await expect(start).rejects.toMatchObject({ field })
  })

  it('nothing was made by all that', async () => {
    expect(readdirSync(scene.directory)).toEqual(['state'])
    expect(readdirSync(scene.stateDir)).toEqual(['lock'])
    expect((await scene.host.links.list()).map(({ name }) => name)).toEqual(['lo'])
  })
})
