// The DHCP agent beside others who use the same names: what it has not made stays as it is.
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bridgeNameOf, cut } from '../../lib/agents/names'
import type { DhcpAgent } from '../../lib/index'
import { NetNs } from 'netloom'
import { Scene, until } from '../dhcp/scene'
import { Neighbor } from './neighbor'

const mac = '52:54:00:00:00:01'
const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]
const notOwn = 'ERR_NETLOOM_NOT_OWN'

const names = (id: string) => ({ bridge: bridgeNameOf(id), tap: `tap${cut(id)}`, device: `ns-${cut(id)}` })

/** Another agent, with a directory of its own. */
function second(scene: Scene, options = {}): Promise<DhcpAgent> {
  return scene.agent({ stateDir: join(scene.directory, 'second'), ...options })
}

async function namesOf(ns: NetNs): Promise<string[]> {
  return (await ns.links.list()).map(({ name }) => name).sort()
}

test('a network of Neutron stays as it is: start, ensure, sync, delete, stop', async () => {
  await using scene = await Scene.make()
  await using neutron = new Neighbor(scene.host)
  const id = scene.id('theirs')
  const ns = await neutron.namespace(`qdhcp-${id}`)
  await neutron.plug(ns, names(id))
  await neutron.dnsmasq(ns)
  const before = await neutron.state()
  const agent = await scene.agent()
  await expect(agent.networks.ensure({ id, subnets })).rejects.toMatchObject({
    code: notOwn,
    message: `Agent.ensure: the namespace qdhcp-${id} is there already, and this agent has not made it; "adopt: true" takes it over`,
  })
  expect(agent.networks.list()).toEqual([])
  expect(await neutron.state()).toEqual(before)
  await expect(agent.sync({ networks: [{ id, subnets, ports: [] }] })).rejects.toMatchObject({ code: notOwn })
  await agent.networks.delete(id, { force: true })
  await agent.sync({ networks: [] })
  await agent.close()
  const next = await scene.agent()
  // One of ours beside it comes and goes.
  const own = await next.networks.ensure({ id: scene.id('ours'), subnets })
  await next.networks.delete(own.id)
  await next.close()
  expect(await neutron.state()).toEqual(before)
})

test.each(['tap', 'bridge'] as const)(
  'a %s that is there is refused by name, and nothing of the network stays',
  async (what) => {
    await using scene = await Scene.make()
    await using neutron = new Neighbor(scene.host)
    const id = scene.id()
    const other = await neutron.namespace(scene.id('elsewhere'))
    const theirs = { ...names(id), ...(what === 'tap' ? { bridge: 'br-other' } : { tap: 'tap-other' }) }
    await neutron.plug(other, theirs)
    const before = await neutron.state()
    const agent = await scene.agent()
    const word = what === 'tap' ? `the device ${theirs.tap}` : `the bridge ${theirs.bridge}`
    await expect(agent.networks.ensure({ id, subnets })).rejects.toMatchObject({
      code: notOwn,
      message: expect.stringContaining(word) as string,
    })
    expect(await NetNs.exists(`qdhcp-${id}`)).toBe(false)
    expect(await neutron.state()).toEqual(before)
    await agent.close()
    // Named by the caller, a bridge is used, and left when the network goes.
    const named = await scene.agent({ bridge: theirs.bridge })
    const network = await named.networks.ensure({ id, tap: 'tap1', subnets })
    expect(network.bridge).toBe(theirs.bridge)
    await named.networks.delete(id)
    await named.close()
    expect(await neutron.state()).toEqual(before)
  },
)

test("the host's own device of the name of a tap, and one in the namespace, are never replaced", async () => {
  await using scene = await Scene.make()
  await using neutron = new Neighbor(scene.host)
  await scene.host.links.add({ kind: 'bridge', name: 'uplink0', up: true })
  await scene.host.addresses.add({ dev: 'uplink0', address: '192.0.2.9/24' })
  const [one, two] = [scene.id(), scene.id()]
  const ns = await neutron.namespace(`qdhcp-${two}`)
  await ns.links.add({ kind: 'bridge', name: 'uplink1', up: true })
  const before = await neutron.state()
  const agent = await scene.agent({ adopt: true })
  for (const options of [
    { id: one, tap: 'uplink0' },
    { id: two, device: 'uplink1' },
  ]) {
    await expect(agent.networks.ensure({ ...options, subnets })).rejects.toMatchObject({
      code: notOwn,
      message: expect.stringMatching(/the device uplink\d is there already.*left alone/) as string,
    })
  }
  expect(await neutron.state()).toEqual(before)
})

test('what is adopted is the agent’s, and goes with the network; it is given back if that fails', async () => {
  await using scene = await Scene.make()
  await using neutron = new Neighbor(scene.host)
  const id = scene.id()
  const ns = await neutron.namespace(`qdhcp-${id}`)
  await neutron.plug(ns, names(id))
  const marks = async (): Promise<unknown[]> => [
    (await ns.links.get('lo')).alias,
    (await ns.links.get(names(id).device)).alias,
    (await scene.host.links.get(names(id).tap)).alias,
    (await scene.host.links.get(names(id).bridge)).alias,
  ]
  const program = join(scene.directory, 'dnsmasq')
  writeFileSync(program, '#!/bin/sh\nexit 1\n')
  chmodSync(program, 0o755)
  const broken = await scene.agent({ dnsmasq: program })
  await expect(broken.networks.ensure({ id, subnets, adopt: true })).rejects.toMatchObject({
    code: 'ERR_NETLOOM_DNSMASQ_FAILED',
  })
  expect(scene.events('error')).toEqual([])
  await broken.close()
  expect(await marks()).toEqual([undefined, undefined, undefined, undefined])
  expect(await namesOf(ns)).toEqual(['inner', 'lo', names(id).device])

  const agent = await scene.agent()
  const network = await agent.networks.ensure({ id, subnets, adopt: true })
  expect((await marks()).every((mark) => String(mark).startsWith('netloom:'))).toBe(true)
  await network.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
  expect(await scene.udhcpc(await scene.client(network.bridge, mac, 'vm'))).toMatchObject({ ip: '10.0.0.10' })
  await scene.host.links.delete('vm')
  // Without being asked again.
  await agent.close()
  const next = await scene.agent()
  expect(scene.events('error')).toEqual([])
  await next.networks.delete(id)
  expect(await NetNs.exists(`qdhcp-${id}`)).toBe(false)
  expect(await namesOf(scene.host)).toEqual(['lo'])
})

test('two agents with the same ids: the second is refused, and the first serves on', async () => {
  await using scene = await Scene.make()
  const first = await scene.agent()
  const id = scene.id()
  const network = await first.networks.ensure({ id, subnets })
  await network.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
  const { pid } = network
  const other = await second(scene)
  for (const options of [
    { id, subnets },
    // Nothing but the device on the switch, or in the namespace, is the same.
    { id, subnets, namespace: scene.id('mine') },
    { id: scene.id(), subnets, namespace: `qdhcp-${id}` },
  ]) {
    await expect(other.networks.ensure(options)).rejects.toMatchObject({
      code: notOwn,
      message: expect.stringContaining(`another agent has made it (dhcp ${id})`) as string,
    })
  }
  await other.sync({ networks: [] })
  await other.close()
  expect(network.pid).toBe(pid)
  expect(await scene.udhcpc(await scene.client(network.bridge, mac))).toMatchObject({ ip: '10.0.0.10' })
  expect(scene.events('repair')).toEqual([])
})

test('somebody deletes the namespace and makes one of the same name: it is his, also when the network is deleted', async () => {
  await using scene = await Scene.make()
  await using neutron = new Neighbor(scene.host)
  // Not so often that it would make the namespace again before the other does.
  const agent = await scene.agent({ checkMs: 2500 })
  const id = scene.id()
  await agent.networks.ensure({ id, subnets })
  await NetNs.delete(`qdhcp-${id}`)
  await neutron.namespace(`qdhcp-${id}`)
  await until(() => scene.events('error').length > 0, 'it is told')
  expect(scene.events('error')).toMatchObject([{ code: notOwn }])
  await agent.networks.delete(id)
  expect(await neutron.state()).toMatchObject({ spaces: [{ same: true, links: [{ name: 'lo' }, { name: 'inner' }] }] })
  expect(await namesOf(scene.host)).toEqual(['lo'])
})

test('what an older version has made is taken over without an outage, on the bridge that it had', async () => {
  await using scene = await Scene.make()
  const first = await scene.agent()
  const id = scene.id()
  const network = await first.networks.ensure({ id, tap: 'tap1', subnets })
  await network.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
  const { pid, bridge } = network
  const client = await scene.client(bridge, mac)
  await first.close()
  // As that version left it: no marks, nobody's name in the files, and the bridge called after the tap.
  const file = join(scene.stateDir, id, 'network.json')
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(/"owner":"[0-9a-f]{32}",/)
  writeFileSync(file, text.replace(/"owner":"[0-9a-f]{32}",/, ''))
  writeFileSync(join(scene.stateDir, 'lock'), '')
  await scene.host.links.set(bridge!, { name: 'brq1', alias: '' })
  await scene.host.links.set('tap1', { alias: '' })
  {
    using ns = await network.openNetNs()
    await ns.links.set('lo', { alias: '' })
    await ns.links.set(`ns-${cut(id)}`, { alias: '' })
  }
  for (let round = 0; round < 2; round++) {
    const agent = await scene.agent()
    expect(agent.networks.get(id)).toMatchObject({ pid, bridge: 'brq1' })
    expect(readFileSync(file, 'utf8')).toMatch(/"owner":"[0-9a-f]{32}",/)
    expect((await scene.host.links.get('tap1')).alias).toMatch(new RegExp(`^netloom:dhcp:${id}:`))
    expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
    await agent.close()
  }
  expect([scene.events('repair'), scene.events('error'), scene.events('restart')]).toEqual([[], [], []])
  const last = await scene.agent()
  await scene.host.links.delete('c1-01')
  await last.networks.delete(id)
  expect(await NetNs.exists(`qdhcp-${id}`)).toBe(false)
  expect(await namesOf(scene.host)).toEqual(['lo'])
})

describe('bridges', () => {
  test('each network has its own, however its tap is called', async () => {
    await using scene = await Scene.make()
    const agent = await scene.agent()
    const taps = ['tenant-net-01', 'tenant-net-02', 'tapx', 'x']
    const networks = await Promise.all(taps.map((tap) => agent.networks.ensure({ id: scene.id(), tap, subnets })))
    expect(new Set(networks.map(({ bridge }) => bridge)).size).toBe(taps.length)
    const masters = await Promise.all(taps.map(async (tap) => (await scene.host.links.get(tap)).master))
    expect(new Set(masters).size).toBe(taps.length)
    for (const { id, bridge } of networks) expect(bridge).toBe(bridgeNameOf(id))
  })

  test('two ids that give one name: the second is refused', async () => {
    await using scene = await Scene.make()
    const agent = await scene.agent()
    const ids = ['5c6d7e8f-1a2b-4c3d-8e4f-000000000001', '5c6d7e8f-1a2b-4c3d-8e4f-000000000002']
    const options = (i: number) => ({ id: ids[i]!, namespace: scene.id('ns'), tap: `tap${i}`, subnets, adopt: true })
    const one = await agent.networks.ensure(options(0))
    await expect(agent.networks.ensure(options(1))).rejects.toMatchObject({
      code: notOwn,
      message: expect.stringContaining(`the bridge ${one.bridge} is there already`) as string,
    })
    expect((await namesOf(scene.host)).filter((name) => name !== 'lo')).toEqual([one.bridge, 'tap0'].sort())
    // The bridge is one for both agents, of the one network.
    expect((await scene.host.links.get(one.bridge!)).alias).toContain(`netloom:bridge:${ids[0]!}:`)
  })
})
