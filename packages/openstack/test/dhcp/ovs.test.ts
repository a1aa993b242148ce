// The agent on Open vSwitch, the real one with its userspace datapath: VLANs of one switch keep networks apart.
import { NetNs } from 'netloom'
import { Switch } from '../../../ovs/test/ovs/separate_switch'
import { Scene, until } from './scene'

const mac = '52:54:00:00:00:01'

/** A client behind a port of the switch. */
async function client(scene: Scene, sw: Switch, name: string, vlan?: number): Promise<NetNs> {
  const ns = await scene.client(undefined, mac, name)
  sw.vsctl('add-port', 'br-int', name, ...(vlan === undefined ? [] : [`tag=${vlan}`]))
  return ns
}

test('VLANs of one switch keep networks with the same addresses apart; what is taken away is mended', async () => {
  await using scene = await Scene.make()
  await using sw = await Switch.make(scene.host)
  {
    const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote })
    const subnets = [{ id: 'v4', cidr: '10.0.0.0/24', mtu: 1400 }]
    const ids = [scene.id('red'), scene.id('green')]
    const [red, green] = await Promise.all([
      agent.networks.ensure({ id: ids[0]!, tap: 'tapred', vlan: 10, mtu: 1400, subnets }),
      agent.networks.ensure({ id: ids[1]!, tap: 'tapgreen', vlan: 20, subnets }),
    ])
    expect([red.bridge, green.bridge]).toEqual(['br-int', 'br-int'])
    expect(sw.vsctl('get', 'port', 'tapred', 'tag')).toBe('10')
    expect(sw.vsctl('get', 'interface', 'tapred', 'external_ids:iface-id')).toContain(ids[0])
    await red.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
    await green.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.20'] })
    const [one, two, none] = [
      await client(scene, sw, 'vm1', 10),
      await client(scene, sw, 'vm2', 20),
      await client(scene, sw, 'vm3'),
    ]
    const given = await Promise.all([one, two, none].map((ns) => scene.udhcpc(ns)))
    expect(given.map((all) => all?.ip)).toEqual(['10.0.0.10', '10.0.0.20', undefined])

    // The port is deleted from the database, and its device goes with it.
    sw.vsctl('del-port', 'tapred')
    await until(() => scene.events('restart').length === 1, 'dnsmasq is started again')
    expect(scene.events('repair')).toMatchObject([
      { network: ids[0], mended: ['port tapred of the bridge br-int', 'address 10.0.0.1/24'] },
    ])
    expect(await scene.udhcpc(one)).toMatchObject({ ip: '10.0.0.10' })

    // The namespace is deleted, and the device in it goes too.
    await NetNs.delete(green.namespace)
    await until(() => scene.events('restart').length === 2, 'dnsmasq is started again')
    expect(await scene.udhcpc(two)).toMatchObject({ ip: '10.0.0.20' })

    // Another VLAN.
    await agent.networks.ensure({ id: ids[0]!, tap: 'tapred', vlan: 30, mtu: 1400, subnets })
    expect(sw.vsctl('get', 'port', 'tapred', 'tag')).toBe('30')
    const { pid } = red
    expect(await scene.udhcpc(one, '-t', '2')).toBeUndefined()

    // The next agent takes over.
    await agent.close()
    const next = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote })
    expect(next.networks.get(ids[0]!)!.pid).toBe(pid)
    expect(scene.events('restart')).toHaveLength(2)
    expect(await next.sync({ networks: [] })).toMatchObject({ deleted: expect.arrayContaining(ids) as unknown })
    expect(sw.vsctl('list-ports', 'br-int').split('\n').sort()).toEqual(['vm1', 'vm2', 'vm3'])
    expect(scene.events('error')).toEqual([])
    await next.close()
  }
})

test('the bridge is deleted by hand: it is told once, and when it is there again the server is plugged in', async () => {
  await using scene = await Scene.make()
  await using sw = await Switch.make(scene.host)
  const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote })
  const id = scene.id()
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]
  const network = await agent.networks.ensure({ id, tap: 'tapred', subnets })
  await network.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
  sw.vsctl('del-br', 'br-int')
  await until(() => scene.events('error').length > 0, 'it is told')
  await until(() => scene.events('error').length > 1, 'and not told again', 500).catch(() => undefined)
  expect(scene.events('error')).toMatchObject([
    { code: 'ERR_NETLOOM_NOT_PLUGGED', message: 'Plug.attach: Open vSwitch has no bridge br-int' },
  ])
  sw.vsctl('add-br', 'br-int', '--', 'set', 'bridge', 'br-int', 'datapath_type=netdev')
  await until(() => scene.events('restart').length === 1, 'dnsmasq is started again')
  expect(await scene.udhcpc(await client(scene, sw, 'vm1'))).toMatchObject({ ip: '10.0.0.10' })
  await agent.networks.delete(id)
  await agent.close()
})

test('a bridge that is not there is told, and nothing stays', async () => {
  await using scene = await Scene.make()
  await using sw = await Switch.make(scene.host)
  const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote, bridge: 'br-none' })
  const id = scene.id()
  const made = agent.networks.ensure({ id, tap: 'tapred', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
  await expect(made).rejects.toMatchObject({
    code: 'ERR_NETLOOM_NOT_PLUGGED',
    message: 'Plug.attach: Open vSwitch has no bridge br-none',
  })
  expect(await NetNs.exists(`qdhcp-${id}`)).toBe(false)
  await agent.close()
})

test('the switch is started again while there is no agent: the next one mends it', async () => {
  await using scene = await Scene.make()
  await using sw = await Switch.make(scene.host)
  const first = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote })
  const id = scene.id()
  const network = await first.networks.ensure({ id, tap: 'tapred', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
  await network.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
  await first.close()
  await sw.restart('SIGKILL')
  const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote })
  expect(await scene.udhcpc(await client(scene, sw, 'vm1'))).toMatchObject({ ip: '10.0.0.10' })
  await agent.networks.delete(id)
  await agent.close()
})

test('ports and devices of others on the switch stay: refused by name, left by delete', async () => {
  await using scene = await Scene.make()
  await using sw = await Switch.make(scene.host)
  sw.vsctl('add-port', 'br-int', 'taptheirs', '--', 'set', 'interface', 'taptheirs', 'type=internal')
  await scene.host.links.add({ kind: 'bridge', name: 'uplink0', up: true })
  const before = await scene.host.links.list()
  const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote, adopt: true })
  for (const [tap, adopt, word] of [
    ['taptheirs', false, 'the port taptheirs of Open vSwitch'],
    ['uplink0', true, 'the device uplink0'],
  ] as const) {
    const made = agent.networks.ensure({ id: scene.id(), tap, adopt, subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
    await expect(made).rejects.toMatchObject({
      code: 'ERR_NETLOOM_NOT_OWN',
      message: expect.stringContaining(word) as string,
    })
  }
  expect((await scene.host.links.list()).map(({ name, index }) => [name, index])).toEqual(
    before.map(({ name, index }) => [name, index]),
  )
  expect(sw.vsctl('list-ports', 'br-int')).toBe('taptheirs')
  await agent.close()
})
