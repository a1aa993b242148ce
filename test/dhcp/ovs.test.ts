// The agent on Open vSwitch, the real one with its userspace datapath: VLANs of one switch keep networks apart.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { NetNs } from '../../lib/index'
import { ovsdb, Server, vswitchSchema } from '../ovsdb/server'
import { Scene, until } from './scene'

const mac = '52:54:00:00:00:01'

/** A switch in a namespace: its database, and the daemon that does what that says. */
class Switch implements AsyncDisposable {
  readonly server: Server
  readonly #host: NetNs
  #daemon: ChildProcess

  private constructor(server: Server, host: NetNs) {
    this.server = server
    this.#host = host
    this.#daemon = this.#run()
  }

  static async start(host: NetNs): Promise<Switch> {
    const server = await Server.start({ schema: vswitchSchema })
    const dir = server.directory.path
    const vsctl = (...args: string[]): string =>
      ovsdb(dir, 'ovs-vsctl', `--db=${server.remote}`, '--timeout=10', ...args)
    vsctl('--no-wait', 'init')
    // Without it, checksums of what goes through a veth pair are wrong.
    vsctl('--no-wait', 'set', 'Open_vSwitch', '.', 'other_config:userspace-tso-enable=true')
    const made = new Switch(server, host)
    vsctl('add-br', 'br-int', '--', 'set', 'bridge', 'br-int', 'datapath_type=netdev')
    return made
  }

  /** Ends the daemon in one of the ways in which it ends, and starts another one. */
  async restart(how: 'SIGTERM' | 'SIGKILL' | 'exit'): Promise<void> {
    const ended = once(this.#daemon, 'exit')
    const dir = this.server.directory.path
    if (how === 'exit') ovsdb(dir, 'ovs-appctl', '-t', `${dir}/vswitchd.ctl`, 'exit')
    else this.#daemon.kill(how)
    await ended
    this.#daemon = this.#run()
    this.vsctl('list-br')
  }

  #run(): ChildProcess {
    const dir = this.server.directory.path
    const env = { ...process.env, OVS_RUNDIR: dir, OVS_LOGDIR: dir, OVS_DBDIR: dir, OVS_SYSCONFDIR: dir }
    const args = [this.server.remote, `--unixctl=${dir}/vswitchd.ctl`, '--verbose=off']
    return this.#host.run(() => spawn('ovs-vswitchd', args, { env, stdio: 'ignore' }))
  }

  vsctl(...args: string[]): string {
    const { directory, remote } = this.server
    return ovsdb(directory.path, 'ovs-vsctl', `--db=${remote}`, '--timeout=10', ...args).trim()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#daemon, 'exit')
    this.#daemon.kill('SIGKILL')
    await ended
    await this.server[Symbol.asyncDispose]()
  }
}

/** A client behind a port of the switch. */
async function client(scene: Scene, sw: Switch, name: string, vlan?: number): Promise<NetNs> {
  const ns = await scene.client(undefined, mac, name)
  sw.vsctl('add-port', 'br-int', name, ...(vlan === undefined ? [] : [`tag=${vlan}`]))
  return ns
}

test('VLANs of one switch keep networks with the same addresses apart; what is taken away is mended', async () => {
  await using scene = await Scene.make()
  await using sw = await Switch.start(scene.host)
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
  await using sw = await Switch.start(scene.host)
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
  await using sw = await Switch.start(scene.host)
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

test.each(['SIGTERM', 'exit', 'SIGKILL'] as const)(
  'the switch is started again after %s: DHCP works again as soon as it does',
  async (how) => {
    await using scene = await Scene.make()
    await using sw = await Switch.start(scene.host)
    // It has to be noticed, not to be looked for.
    const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote, checkMs: 3_600_000 })
    const id = scene.id()
    const network = await agent.networks.ensure({ id, tap: 'tapred', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
    await network.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
    const vm = await client(scene, sw, 'vm1')
    expect(await scene.udhcpc(vm)).toMatchObject({ ip: '10.0.0.10' })
    using ns = await network.openNetNs()
    const before = await ns.links.get('tapred')
    await sw.restart(how)
    const started = performance.now()
    await until(() => scene.events('restart').length === 1, 'dnsmasq has the new device')
    expect(performance.now() - started).toBeLessThan(2000)
    expect(scene.events('repair')).toMatchObject([{ network: id, mended: ['device tapred', 'address 10.0.0.1/24'] }])
    const after = await ns.links.get('tapred')
    expect(after).toMatchObject({ mac: before.mac, alias: before.alias, carrier: true })
    expect(after.index).not.toBe(before.index)
    expect(await scene.host.links.find('tapred')).toBeUndefined()
    expect(await scene.udhcpc(vm)).toMatchObject({ ip: '10.0.0.10' })
    await agent.networks.delete(id)
    expect(sw.vsctl('list-ports', 'br-int')).toBe('vm1')
    expect(scene.events('error')).toEqual([])
    await agent.close()
  },
)

test('the switch is started again while there is no agent: the next one mends it', async () => {
  await using scene = await Scene.make()
  await using sw = await Switch.start(scene.host)
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
  await using sw = await Switch.start(scene.host)
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
