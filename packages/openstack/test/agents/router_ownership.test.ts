// The router agent beside others who use the same names: what it has not made stays as it is.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bridgeNameOf } from '../../lib/agents/names'
import { DhcpAgent } from '../../lib/index'
import { NetNs } from 'netloom'
import type { RouterAgent, RouterOptions } from '../../lib/index'
import { Scene } from '../router/scene'
import { Neighbor } from './neighbor'

const notOwn = 'ERR_NETLOOM_NOT_OWN'
const red = { id: 'p-red', network: 'red', addresses: ['10.0.0.1/24'] }

function described(scene: Scene, more: Partial<RouterOptions> = {}): RouterOptions {
  return { id: scene.id(), ports: [red], ...more }
}

async function namesOf(ns: NetNs): Promise<string[]> {
  return (await ns.links.list()).map(({ name }) => name).sort()
}

/** An agent that adopts nothing. */
function strict(scene: Scene, options = {}): Promise<RouterAgent> {
  return scene.agent({ adopt: false, ...options })
}

test('a router of Neutron stays as it is: start, ensure, sync, delete, stop', async () => {
  await using scene = await Scene.make()
  await using neutron = new Neighbor(scene.host)
  const options = described(scene)
  const ns = await neutron.namespace(`qrouter-${options.id}`)
  await neutron.plug(ns, { bridge: 'brqred', tap: 'tap-red', device: 'qr-p-red' })
  await ns.routes.add({ dst: '10.9.0.0/16', via: '198.51.100.9', protocol: 'static' })
  const before = await neutron.state()
  const agent = await strict(scene)
  await expect(agent.routers.ensure(options)).rejects.toMatchObject({
    code: notOwn,
    message: expect.stringContaining(`the namespace qrouter-${options.id} is there already`) as string,
  })
  await expect(agent.sync({ routers: [options] })).rejects.toMatchObject({ code: notOwn })
  // With a namespace of its own: the network's bridge is theirs.
  const elsewhere = { ...options, namespace: scene.id('mine') }
  await expect(agent.routers.ensure(elsewhere)).rejects.toMatchObject({
    code: notOwn,
    message: expect.stringContaining('the bridge brqred is there already') as string,
  })
  await agent.routers.delete(options.id, { force: true })
  await agent.sync({ routers: [] })
  await agent.close()
  const next = await strict(scene)
  const blue = { ...red, id: 'p-blue', network: 'blue' }
  const own = await next.routers.ensure(described(scene, { ports: [blue] }))
  await next.routers.delete(own.id)
  await next.close()
  expect(await neutron.state()).toEqual(before)
})

test('a port whose device is there is refused; a router that has it already stays as it was', async () => {
  await using scene = await Scene.make()
  await using neutron = new Neighbor(scene.host)
  await scene.host.links.add({ kind: 'bridge', name: 'uplink0', up: true })
  await scene.host.addresses.add({ dev: 'uplink0', address: '192.0.2.9/24' })
  const before = await neutron.state()
  const agent = await strict(scene)
  const options = described(scene)
  const taken = { ...red, id: 'p-up', network: 'up', addresses: ['10.0.1.1/24'], device: 'uplink0' }
  const refusal = { code: notOwn, message: expect.stringContaining('the device uplink0') as string }
  await expect(agent.routers.ensure({ ...options, ports: [red, taken] })).rejects.toMatchObject(refusal)
  expect(await NetNs.exists(`qrouter-${options.id}`)).toBe(false)
  expect(await neutron.state()).toEqual(before)
  const router = await agent.routers.ensure(options)
  await expect(router.update({ ports: [red, taken] })).rejects.toMatchObject(refusal)
  expect(router.devices.map(({ device }) => device)).toEqual(['qr-p-red'])
  await agent.routers.delete(router.id)
  expect(await neutron.state()).toEqual(before)
})

test('a namespace is adopted where that is asked for, and given back if it fails', async () => {
  await using scene = await Scene.make()
  await using neutron = new Neighbor(scene.host)
  const options = described(scene, { adopt: true })
  const ns = await neutron.namespace(`qrouter-${options.id}`)
  await scene.host.links.add({ kind: 'ifb', name: 'brqblue' })
  const agent = await strict(scene)
  const blue = { ...red, id: 'p-blue', network: 'blue', addresses: ['10.0.1.1/24'] }
  await expect(agent.routers.ensure({ ...options, ports: [red, blue] })).rejects.toMatchObject({ code: 'EEXIST' })
  expect((await ns.links.get('lo')).alias).toBeUndefined()
  expect(await namesOf(ns)).toEqual(['inner', 'lo'])
  expect(await namesOf(scene.host)).toEqual(['brqblue', 'lo'])
  const router = await agent.routers.ensure(options)
  expect(await namesOf(ns)).toEqual(['inner', 'lo', 'qr-p-red'])
  await agent.routers.delete(router.id)
  expect(await NetNs.exists(`qrouter-${options.id}`)).toBe(false)
})

test('two agents with the same ids: the second is refused, and the first has all that it had', async () => {
  await using scene = await Scene.make()
  const first = await strict(scene)
  const options = described(scene)
  await first.routers.ensure(options)
  const second = await strict(scene, { stateDir: join(scene.directory, 'second') })
  for (const namespace of [undefined, scene.id('mine')]) {
    await expect(second.routers.ensure({ ...options, namespace })).rejects.toMatchObject({
      code: notOwn,
      message: expect.stringContaining(`another agent has made it (router ${options.id})`) as string,
    })
  }
  await second.sync({ routers: [] })
  await second.close()
  await first.routers.ensure(options)
  expect(scene.repairs).toEqual([])
})

test('a DHCP agent and a router agent meet on the bridge of a network; whoever leaves last takes it away', async () => {
  await using scene = await Scene.make()
  const routers = await strict(scene)
  await using dhcp = await DhcpAgent.start({
    ...{ stateDir: join(scene.directory, 'dhcp'), plug: 'bridge', netns: scene.host, checkMs: 50 },
  })
  const id = scene.id('net')
  const [bridge, tap] = [bridgeNameOf(id), 'tap1']
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24' }]
  const options = described(scene, { ports: [{ ...red, network: id }] })
  for (const routerFirst of [true, false]) {
    const [make, other] = [() => routers.routers.ensure(options), () => dhcp.networks.ensure({ id, tap, subnets })]
    await (routerFirst ? make() : other())
    await (routerFirst ? other() : make())
    expect(dhcp.networks.get(id)!.bridge).toBe(bridge)
    const { index } = await scene.host.links.get(bridge)
    const ports = await scene.host.links.list({ master: index })
    expect(ports.map(({ name }) => name).sort()).toEqual(['qr-p-red', 'tap1'])
    if (routerFirst) await routers.routers.delete(options.id)
    else await dhcp.networks.delete(id)
    expect((await scene.host.links.get(bridge)).index).toBe(index)
    if (routerFirst) await dhcp.networks.delete(id)
    else await routers.routers.delete(options.id)
    expect(await namesOf(scene.host)).toEqual(['lo'])
  }
})

test('what an older version has made is taken over, changed by nothing', async () => {
  await using scene = await Scene.make()
  const first = await strict(scene)
  const options = described(scene)
  const router = await first.routers.ensure(options)
  await first.close()
  const file = join(scene.stateDir, options.id, 'router.json')
  const { owner, ...former } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  expect(owner).toMatch(/^[0-9a-f]{32}$/)
  writeFileSync(file, JSON.stringify(former))
  writeFileSync(join(scene.stateDir, 'lock'), '')
  for (const name of ['brqred', 'qr-p-red']) await scene.host.links.set(name, { alias: '' })
  using ns = await router.openNetNs()
  for (const name of ['lo', 'qr-p-red']) await ns.links.set(name, { alias: '' })
  const { index } = await ns.links.get('qr-p-red')
  for (let round = 0; round < 2; round++) {
    const agent = await strict(scene)
    await agent.routers.ensure(options)
    expect(await ns.links.get('qr-p-red')).toMatchObject({
      index,
      alias: expect.stringContaining(options.id) as string,
    })
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ owner: expect.stringMatching(/^\w{32}$/) as string })
    await agent.close()
  }
  expect([scene.repairs, scene.errors]).toEqual([[], []])
  const last = await strict(scene)
  await last.routers.delete(options.id)
  expect(await NetNs.exists(router.namespace)).toBe(false)
  expect(await namesOf(scene.host)).toEqual(['lo'])
})

test('somebody makes a namespace of the name while the agent runs: it is his, also when the router is deleted', async () => {
  await using scene = await Scene.make()
  await using neutron = new Neighbor(scene.host)
  const agent = await strict(scene, { checkMs: 3_600_000 })
  const options = described(scene)
  await agent.routers.ensure(options)
  await NetNs.delete(`qrouter-${options.id}`)
  await neutron.namespace(`qrouter-${options.id}`)
  await expect(agent.routers.ensure(options)).rejects.toMatchObject({ code: notOwn })
  await agent.routers.delete(options.id)
  expect(await neutron.state()).toMatchObject({ spaces: [{ same: true, links: [{ name: 'lo' }, { name: 'inner' }] }] })
})
