// What is refused, by field, before anything is written: dnsmasq would take most of it without a word.
import { readdirSync } from 'node:fs'
import type { DhcpAgent, DhcpNetwork, NetworkOptions, PortOptions } from '../../lib/index'
import { DhcpAgent as Agent } from '../../lib/index'
import { Scene } from './scene'

let scene: Scene
let agent: DhcpAgent
let network: DhcpNetwork
const v4 = { id: 'v4', cidr: '10.0.0.0/24', gateway: '10.0.0.1' }
const v6 = { id: 'v6', cidr: 'fd77::/64' }
const mac = '52:54:00:00:00:01'

describe('refused', () => {
  beforeAll(async () => {
    scene = await Scene.make()
    agent = await scene.agent()
    network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', subnets: [v4, v6] })
    await network.ports.add({
      id: 'there',
      mac: '52:54:00:00:00:aa',
      fixedIps: ['10.0.0.100', 'fd77::100'],
      hostname: 'there',
    })
  })
  afterAll(async () => {
    expect(scene.events('error')).toEqual([])
    await scene[Symbol.asyncDispose]()
  })

  const ports: [field: string, port: Partial<Record<keyof PortOptions, unknown>>][] = [
    ['id', { id: 'a/b' }],
    ['id', { id: '..' }],
    ['id', { id: 'a..b' }],
    ['id', { id: 'a\nb' }],
    ['id', { id: '' }],
    ['id', { id: 5 }],
    ['id', { id: 'a,set:b' }],
    ['mac', { mac: `${mac}\n` }],
    ['mac', { mac: `${mac},10.0.0.66` }],
    ['mac', { mac: '52:54:00:00:00' }],
    ['mac', { mac: 'ff:ff:ff:ff:ff:ff' }],
    ['mac', { mac: '01:00:5e:00:00:01' }],
    ['mac', { mac: '00:00:00:00:00:00' }],
    ['mac', { mac: undefined }],
    ['mac', { mac: '52:54:00:00:00:aa' }],
    ['mac', { mac: '52-54-00-00-00-AA' }],
    ['fixedIps[0]', { fixedIps: ['10.0.1.10'] }],
    ['fixedIps[0]', { fixedIps: ['10.0.0.999'] }],
    ['fixedIps[0]', { fixedIps: ['10.0.0.10\n'] }],
    ['fixedIps[0]', { fixedIps: ['10.0.0.10,infinite'] }],
    ['fixedIps[0]', { fixedIps: ['10.0.0.0'] }],
    ['fixedIps[0]', { fixedIps: ['10.0.0.255'] }],
    ['fixedIps[0]', { fixedIps: ['10.0.0.1'] }],
    ['fixedIps[0]', { fixedIps: ['10.0.0.2'] }],
    ['fixedIps[0]', { fixedIps: ['10.0.0.100'] }],
    ['fixedIps[0]', { fixedIps: ['fd77:0::100'] }],
    ['fixedIps[0]', { fixedIps: ['fd78::1'] }],
    ['fixedIps[1]', { fixedIps: ['fd77::5', 'fd77:0:0::5'] }],
    ['fixedIps[1]', { fixedIps: ['10.0.0.10', '10.0.0.11'] }],
    ['fixedIps[0].subnet', { fixedIps: [{ subnet: 'v5' }] }],
    ['fixedIps[0].subnet', { fixedIps: [{}] }],
    ['fixedIps[0].address', { fixedIps: [{ subnet: 'v6', address: '10.0.0.10' }] }],
    ['fixedIps[0].adress', { fixedIps: [{ adress: '10.0.0.10' }] }],
    ['fixedIps', { fixedIps: '10.0.0.10' }],
    ['hostname', { hostname: 'vm1\ndhcp-script=/bin/sh' }],
    ['hostname', { hostname: 'vm1,10.0.0.66' }],
    ['hostname', { hostname: 'vm..1' }],
    ['hostname', { hostname: '../x' }],
    ['hostname', { hostname: '-vm' }],
    ['hostname', { hostname: 'a'.repeat(64) }],
    ['hostname', { hostname: '' }],
    ['hostname', { hostname: 'THERE' }],
    ['clientId', { clientId: 'a,b' }],
    ['clientId', { clientId: '*' }],
    ['clientId', { clientId: 'a\nb' }],
    ['options[0].code', { options: [{ code: 0, value: 'x' }] }],
    ['options[0].code', { options: [{ code: 255, value: 'x' }] }],
    ['options[0].code', { options: [{ code: '67,x', value: 'x' }] }],
    ['options[0].value', { options: [{ code: 67, value: 'x\noption:router,6.6.6.6' }] }],
    ['options[0].value', { options: [{ code: 67, value: 'x"' }] }],
    ['options[0].value[1]', { options: [{ code: 67, value: ['x', 'y\r'] }] }],
    ['options[0].tag', { options: [{ code: 67, value: 'x', tag: 'a,b' }] }],
    ['options[0].family', { options: [{ code: 67, value: 'x', family: 6 }] }],
    ['options', { options: {} }],
    ['options[0].code', { options: [{ code: 'no-such-option', value: 'x' }] }],
    ['options[0].code', { options: [{ code: 'router', value: '10.0.0.1', family: 'ipv6' }] }],
    [
      'options[1].value',
      {
        options: [
          { code: 67, value: 'x' },
          { code: 6, value: 'nobody' },
        ],
      },
    ],
    ['options[0].value', { options: [{ code: 'dns-server', value: '10.0.0.1', family: 'ipv6' }] }],
    ['hostnam', { hostnam: 'x' } as never],
  ]
  test.each(ports)('ports.add: %s of %j', async (field, port) => {
    const before = scene.read(network.id, 'host') + scene.read(network.id, 'network.json')
    const reloads = network.reloads
    await expect(network.ports.add({ id: 'new', mac, ...port } as PortOptions)).rejects.toMatchObject({ field })
    const { id: _id, ...changes } = port
    if (Object.keys(changes).length > 0 && !/aa|AA/.test(String(port.mac)) && !/100|THERE/.test(JSON.stringify(port))) {
      await expect(network.ports.update('there', changes as never)).rejects.toMatchObject({ field })
    }
    expect(scene.read(network.id, 'host') + scene.read(network.id, 'network.json')).toBe(before)
    expect(network.ports.list().map(({ id }) => id)).toEqual(['there'])
    expect(network.reloads).toBe(reloads)
  })

  const networks: [field: string, network: Partial<Record<keyof NetworkOptions, unknown>>][] = [
    ['id', { id: 'a/b' }],
    ['id', { id: '..' }],
    ['id', { id: '.hidden' }],
    ['id', { id: 'x'.repeat(65) }],
    ['subnets', { subnets: undefined }],
    ['subnets[0].id', { subnets: [{ ...v4, id: 'a,b' }] }],
    ['subnets[1].id', { subnets: [v4, { ...v6, id: 'v4' }] }],
    ['subnets[1].cidr', { subnets: [v4, { id: 'b', cidr: '10.0.0.128/25' }] }],
    ['subnets[0].cidr', { subnets: [{ ...v4, cidr: '10.0.0.5/24' }] }],
    ['subnets[0].cidr', { subnets: [{ ...v4, cidr: '10.0.0.0' }] }],
    ['subnets[0].cidr', { subnets: [{ ...v4, cidr: '10.0.0.0/31' }] }],
    ['subnets[0].cidr', { subnets: [{ ...v6, cidr: 'fd00::/8' }] }],
    ['subnets[0].gateway', { subnets: [{ ...v4, gateway: '10.0.1.1' }] }],
    ['subnets[0].gateway', { subnets: [{ ...v4, gateway: 'fd77::1' }] }],
    ['subnets[0].pool.start', { subnets: [{ ...v4, pool: { start: '10.0.1.1', end: '10.0.1.2' } }] }],
    ['subnets[0].pool.end', { subnets: [{ ...v4, pool: { start: '10.0.0.9', end: '10.0.0.8' } }] }],
    [
      'subnets[0].pool[1]',
      {
        subnets: [
          {
            ...v4,
            pool: [
              { start: '10.0.0.8', end: '10.0.0.10' },
              { start: '10.0.0.10', end: '10.0.0.12' },
            ],
          },
        ],
      },
    ],
    ['subnets[0].serverAddress', { subnets: [{ ...v4, serverAddress: '10.0.0.1' }] }],
    ['subnets[0].dnsServers[0]', { subnets: [{ ...v4, dnsServers: ['8.8.8.8,6.6.6.6'] }] }],
    ['subnets[0].dnsServers[0]', { subnets: [{ ...v4, dnsServers: ['fd77::53'] }] }],
    [
      'subnets[0].hostRoutes[0].destination',
      { subnets: [{ ...v4, hostRoutes: [{ destination: 'x', nexthop: '10.0.0.1' }] }] },
    ],
    [
      'subnets[0].hostRoutes[0].nexthop',
      { subnets: [{ ...v4, hostRoutes: [{ destination: '10.8.0.0/16', nexthop: 'x' }] }] },
    ],
    ['subnets[0].leaseSeconds', { subnets: [{ ...v4, leaseSeconds: 60 }] }],
    ['subnets[0].leaseSeconds', { subnets: [{ ...v4, leaseSeconds: NaN }] }],
    ['subnets[0].mtu', { subnets: [{ ...v4, mtu: 68 }] }],
    ['subnets[0].domain', { subnets: [{ ...v4, domain: 'a,10.0.0.0/8' }] }],
    ['subnets[0].domainSearch[0]', { subnets: [{ ...v4, domainSearch: ['a b'] }] }],
    ['subnets[0].tftpServer', { subnets: [{ ...v4, tftpServer: 'a\nb' }] }],
    ['subnets[0].bootFile', { subnets: [{ ...v4, bootFile: 'a\nb' }] }],
    ['subnets[1].options[0].code', { subnets: [v4, { ...v6, options: [{ code: 'no-such-option', value: 'x' }] }] }],
    ['subnets[0].ipv6Mode', { subnets: [{ ...v4, ipv6Mode: 'stateless' }] }],
    ['subnets[0].ipv6Mode', { subnets: [{ ...v6, ipv6Mode: 'slaac' }] }],
    ['subnets[0].cidr', { subnets: [{ ...v6, cidr: 'fd77::/80', ipv6Mode: 'stateless' }] }],
    ['subnets[0].cidr', { subnets: [{ ...v6, cidr: 'fd77::/80', ipv6Mode: 'stateless', dhcp: false }] }],
    ['subnets[0].dhcp', { subnets: [{ ...v4, dhcp: 'yes' }] }],
    ['subnets[0].gatway', { subnets: [{ ...v4, gatway: '10.0.0.1' }] }],
    ['vlan', { vlan: 0 }],
    ['vlan', { vlan: 4095 }],
    ['mtu', { mtu: 1000, subnets: [v6] }],
    ['domain', { domain: 'a..b' }],
    ['namespace', { namespace: 'a/b' }],
    ['namespace', { namespace: 'a,b' }],
    ['tap', { tap: 'a'.repeat(16) }],
    ['tap', { tap: 'a/b' }],
    ['tap', { tap: 'tap1' }],
    ['device', { device: 'a b' }],
    ['mac', { mac: 'x' }],
    ['hostLines', { hostLines: 'neutron' }],
    ['dns', { dns: 1 }],
    ['subnet', { subnet: [] } as never],
  ]
  test.each(networks)('networks.ensure: %s of %j', async (field, options) => {
    const before = readdirSync(scene.stateDir)
    const made = agent.networks.ensure({ id: 'new', subnets: [v4], ...options } as NetworkOptions)
    await expect(made).rejects.toMatchObject({ field })
    const wanted = { id: 'new', subnets: [v4], ports: [], ...options }
    if (field !== 'tap' || options.tap !== 'tap1') {
      await expect(agent.sync({ networks: [wanted as never] })).rejects.toMatchObject({ field: `networks[0].${field}` })
    }
    expect(readdirSync(scene.stateDir)).toEqual(before)
    expect(agent.networks.list()).toEqual([network])
  })

  test('a VLAN on a Linux bridge, which is not supported yet', async () => {
    const made = agent.networks.ensure({ id: scene.id(), tap: 'tapv', vlan: 7, subnets: [v4] })
    await expect(made).rejects.toMatchObject({ code: 'ERR_NETLOOM_NO_VLANS' })
    expect(agent.networks.list()).toEqual([network])
    expect((await scene.host.links.list()).map(({ name }) => name)).toEqual(['lo', network.bridge, 'tap1'])
  })

  test('two at once that want the same device', async () => {
    const ids = [scene.id(), scene.id()]
    const both = await Promise.allSettled(ids.map((id) => agent.networks.ensure({ id, tap: 'same', subnets: [v4] })))
    expect(both).toMatchObject([{ status: 'fulfilled' }, { status: 'rejected', reason: { field: 'tap' } }])
    await agent.networks.delete(ids[0]!)
  })

  test.each(['namespace', 'tap', 'device'])('%s of a network that is there', async (field) => {
    const changed = { id: network.id, tap: 'tap1', subnets: [v4, v6], [field]: 'another' }
    await expect(agent.networks.ensure(changed)).rejects.toMatchObject({ field })
  })

  test.each([
    ['networks', {}],
    ['networks', null],
    ['networks[0]', { networks: [5] }],
    ['networks[0].ports', { networks: [{ id: 'new', subnets: [v4] }] }],
    ['networks[1].id', { networks: ['new', 'new'].map((id) => ({ id, subnets: [v4], ports: [] })) }],
    ['networks[0].ports[0].mac', { networks: [{ id: 'new', subnets: [v4], ports: [{ id: 'a', mac: 'x' }] }] }],
    [
      'networks[0].ports[1].mac',
      {
        networks: [
          {
            id: 'new',
            subnets: [v4],
            ports: [
              { id: 'a', mac },
              { id: 'b', mac },
            ],
          },
        ],
      },
    ],
    [
      'networks[0].ports[0].fixedIps[0]',
      { networks: [{ id: 'new', subnets: [v4], ports: [{ id: 'a', mac, fixedIps: ['10.9.9.9'] }] }] },
    ],
    [
      'networks[1].ports[0].options[0].value',
      {
        networks: [
          { id: 'new', subnets: [v4], ports: [] },
          { id: 'newer', subnets: [v4], ports: [{ id: 'a', mac, options: [{ code: 3, value: 'x' }] }] },
        ],
      },
    ],
  ])('sync: %s', async (field, desired) => {
    await expect(agent.sync(desired as never)).rejects.toMatchObject({ field })
    expect(agent.networks.list()).toEqual([network])
  })

  test.each([
    ['stateDir', { stateDir: 'relative' }],
    ['stateDir', { stateDir: 5 }],
    ['plug', { plug: 'ofs' }],
    ['plug', { plug: undefined }],
    ['bridge', { bridge: 'a/b' }],
    ['ovsdb', { ovsdb: 'unix:/x' }],
    ['netns', { netns: 'red' }],
    ['domain', { domain: '..' }],
    ['upstreamDns[0]', { upstreamDns: ['8.8.8.8#53'] }],
    ['dnsmasq', { dnsmasq: 5 }],
    ['user', { user: 'root\n' }],
    ['checkMs', { checkMs: 1 }],
    ['probeMs', { probeMs: Infinity }],
    ['answerMs', { answerMs: '1' }],
    ['sateDir', { sateDir: '/x' }],
  ])('DhcpAgent.start: %s of %j', async (field, options) => {
    const all = { stateDir: `${scene.directory}/other`, plug: 'bridge', ...options }
    await expect(Agent.start(all as never)).rejects.toMatchObject({ field })
    expect(readdirSync(scene.directory)).toEqual(['state'])
  })

  test('ids that are not there, and one that is', async () => {
    await expect(network.ports.delete('none')).rejects.toMatchObject({ code: 'ERR_NETLOOM_NO_PORT' })
    await network.ports.delete('none', { force: true })
    await expect(network.ports.update('none', {})).rejects.toMatchObject({ code: 'ERR_NETLOOM_NO_PORT' })
    await expect(network.ports.add({ id: 'there', mac })).rejects.toMatchObject({ code: 'ERR_NETLOOM_PORT_EXISTS' })
    await expect(agent.networks.delete('none')).rejects.toMatchObject({ code: 'ERR_NETLOOM_NO_NETWORK' })
    await expect(agent.networks.delete('a/b')).rejects.toMatchObject({ field: 'id' })
    await agent.networks.delete('none', { force: true })
  })

  test('of several at once, only those that are wrong are refused', async () => {
    const reloads = network.reloads
    const all = await Promise.allSettled([
      network.ports.add({ id: 'one', mac, fixedIps: ['10.0.0.10'] }),
      network.ports.add({ id: 'two', mac: '52:54:00:00:00:02', fixedIps: ['10.0.0.10'] }),
      network.ports.add({ id: 'three', mac, fixedIps: ['10.0.0.13'] }),
      network.ports.add({ id: 'four', mac: '52:54:00:00:00:04', fixedIps: ['10.0.0.14'] }),
    ])
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled'])
    expect(network.ports.list().map(({ id }) => id)).toEqual(['there', 'one', 'four'])
    expect(network.reloads).toBe(reloads + 1)
    await Promise.all(['one', 'four'].map((id) => network.ports.delete(id)))
  })
})
