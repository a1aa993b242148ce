// Routers as an agent keeps them: made once, found again, mended, taken away, undone when something fails.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { RouterAgent, type RouterOptions } from '../../lib/index'
import { NetNs } from 'netloom'
import { firstGeneration, generationOf } from 'netloom/nftables'
import { runIn, until } from '../dhcp/scene'
import { ask, Scene, whoAsks } from './scene'

function red(scene: Scene): RouterOptions {
  return {
    id: scene.id(),
    ports: [{ id: 'p-red', network: 'red', addresses: ['10.0.0.1/24'] }],
    gateway: scene.gateway('gw'),
    floatingIps: [{ address: '203.0.113.10', fixed: '10.0.0.10' }],
    routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.0.9' }],
  }
}

/** All that must not change when nothing is to be done: also what is made again would have other numbers. */
async function stateOf(scene: Scene, namespace: string): Promise<unknown> {
  using ns = await NetNs.open(namespace)
  const rules = await runIn(ns, 'nft', '-a', 'list', 'ruleset')
  const names = async (where: NetNs): Promise<unknown> =>
    (await where.links.list()).map(({ name, index, mac, mtu, master }) => ({ name, index, mac, mtu, master }))
  return {
    inode: ns.run(() => statSync('/proc/thread-self/ns/net').ino),
    rules,
    links: await names(ns),
    switch: await names(scene.host),
    addresses: (await ns.addresses.list()).map(({ address, dev }) => `${address} ${dev}`),
    routes: (await ns.routes.list({ table: 'main' })).map(({ dst, via, dev }) => `${dst} ${via} ${dev}`),
  }
}

test('what is there already is left alone, by the same agent and by the next one', async () => {
  await using scene = await Scene.make()
  const options = red(scene)
  const first = await scene.agent()
  const { namespace } = await first.routers.ensure(options)
  expect(namespace).toBe(`qrouter-${options.id}`)
  const before = await stateOf(scene, namespace)
  await first.routers.ensure(options)
  expect(await first.sync({ routers: [options] })).toEqual({ created: [], changed: [], deleted: [] })
  expect(await stateOf(scene, namespace)).toEqual(before)
  await expect(scene.agent()).rejects.toMatchObject({ code: 'ERR_NETLOOM_STATE_LOCKED' })
  await first.close()
  await expect(first.routers.ensure(options)).rejects.toMatchObject({ code: 'ERR_NETLOOM_AGENT_CLOSED' })

  const second = await scene.agent()
  expect(second.routers.list().map(({ options }) => options)).toEqual([options])
  const after = await stateOf(scene, namespace)
  // The rules are written anew, in one go, for nobody knows what has become of them.
  expect({ ...(after as object), rules: '' }).toEqual({ ...(before as object), rules: '' })
  expect(scene.repairs.flatMap(({ mended }) => mended)).toEqual(['rules'])
})

test('what somebody has taken away or added is mended', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const outside = await scene.outside()
  const client = await scene.client('red', '10.0.0.10/24', '10.0.0.1')
  await using _ = await whoAsks(outside, '198.51.100.1')
  const options = red(scene)
  const router = await agent.routers.ensure(options)
  const works = async (): Promise<void> => {
    await agent.routers.ensure(options)
    // The kernel may take a second until a bridge forwards to a new port (linkwatch), as long as one question waits.
    await until(async () => (await ask(client, '198.51.100.1')) === '203.0.113.10', 'it forwards')
  }
  await works()
  {
    using ns = await router.openNetNs()
    await runIn(ns, 'nft', 'flush', 'ruleset')
    await ns.addresses.delete({ dev: 'qr-p-red', address: '10.0.0.1/24' })
    await ns.addresses.add({ dev: 'qr-p-red', address: '10.0.7.1/24' })
    await ns.routes.delete({ dst: 'default' }, { force: true })
    await ns.sysctl.set('net.ipv4.ip_forward', 0)
    await works()
    expect((await ns.addresses.list({ dev: 'qr-p-red', family: 'ipv4' })).map(({ address }) => address)).toEqual([
      '10.0.0.1/24',
    ])
    await ns.links.delete('qg-gw')
    await works()
  }
  await scene.host.links.delete('qr-p-red')
  await works()
  await NetNs.delete(router.namespace)
  await works()
  const mended = new Set(scene.repairs.flatMap(({ mended }) => mended))
  for (const word of ['rules', 'address 10.0.0.1/24', 'device qg-gw', `namespace ${router.namespace}`]) {
    expect(mended).toContain(word)
  }
})

test('rules are put in where something was changed, and not otherwise; what others put beside our table stays', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const options = red(scene)
  const plain = { id: scene.id('plain'), ports: [{ id: 'p-plain', network: 'plain', addresses: ['10.0.2.1/24'] }] }
  await agent.sync({ routers: [options, plain] })
  using ns = await NetNs.open(`qrouter-${options.id}`)
  // Whoever changes nothing leaves the generation as it is, too.
  const rules = async (): Promise<unknown> => [await generationOf(ns), await runIn(ns, 'nft', '-a', 'list', 'ruleset')]
  const before = await rules()
  for (let i = 0; i < 3; i++) {
    await agent.sync({ routers: [options, plain] })
    await agent.routers.ensure(options)
  }
  expect(await rules()).toEqual(before)
  using other = await NetNs.open(`qrouter-${plain.id}`)
  expect(await generationOf(other)).toBe(firstGeneration)
  await runIn(ns, 'nft', 'add', 'table', 'inet', 'other')
  await agent.routers.ensure(options)
  expect(scene.repairs).toEqual([])
  // The first look has nothing to compare with: it puts in what is there, and tells nothing.
  await agent.routers.ensure(options)
  const settled = await rules()
  await agent.routers.ensure(options)
  expect(await rules()).toEqual(settled)
  expect(String(settled)).toContain('table inet other')
  await runIn(ns, 'nft', 'add', 'element', 'ip', 'netloom', 'inward', '{ 203.0.113.66 : 10.0.0.66 }')
  await agent.routers.ensure(options)
  expect(await runIn(ns, 'nft', 'list', 'ruleset')).not.toContain('203.0.113.66')
  expect((await runIn(ns, 'nft', 'list', 'tables')).split('\n').sort()).toEqual([
    '',
    'table inet other',
    'table ip netloom',
  ])
  await until(() => scene.repairs.length > 0, 'it is told')
  expect(scene.repairs).toEqual([{ router: options.id, mended: ['rules'] }])
})

test('the agent looks by itself, and mends; what it cannot mend it tells once, and tries again', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent({ checkMs: 50 })
  const outside = await scene.outside()
  const client = await scene.client('red', '10.0.0.10/24', '10.0.0.1')
  await using _ = await whoAsks(outside, '198.51.100.1')
  const { namespace } = await agent.routers.ensure(red(scene))
  const mended = async (word: string): Promise<void> => {
    await until(() => scene.repairs.some(({ mended }) => mended.includes(word)), `${word} is mended`)
    await until(async () => (await ask(client, '198.51.100.1')) === '203.0.113.10', 'it works')
    scene.repairs.length = 0
  }
  {
    using ns = await NetNs.open(namespace)
    await runIn(ns, 'nft', 'flush', 'ruleset')
    await mended('rules')
    await ns.addresses.delete({ dev: 'qr-p-red', address: '10.0.0.1/24' })
    await mended('address 10.0.0.1/24')
    await ns.routes.delete({ dst: 'default' })
    await mended('route to 0.0.0.0/0 via 203.0.113.1')
  }
  await scene.host.links.delete('qg-gw')
  await mended('device qg-gw')
  await NetNs.delete(namespace)
  await mended(`namespace ${namespace}`)

  expect(scene.errors).toEqual([])
  using ns = await NetNs.open(namespace)
  // A table that is another process's, as long as that lives.
  const owner = ns.spawn('nft', ['-i'], { stdio: ['pipe', 'ignore', 'inherit'] })
  owner.stdin?.write('flush ruleset; add table ip netloom { flags owner; }\n')
  await until(() => scene.errors.length > 0, 'it is told')
  await sleep(300)
  expect(scene.errors).toMatchObject([{ code: 'EPERM', operation: 'routers.ensure' }])
  owner.kill('SIGKILL')
  await mended('rules')
  await ns.addresses.delete({ dev: 'qr-p-red', address: '10.0.0.1/24' })
  await mended('address 10.0.0.1/24')
  expect(scene.errors).toHaveLength(1)
})

test('ports come and go, and nothing is left of a router that is deleted', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const options = red(scene)
  const router = await agent.routers.ensure(options)
  const { ports } = options
  const blue = { id: 'p-blue', network: 'blue', addresses: ['10.0.1.1/24'], mtu: 1400, mac: '02:00:00:00:00:01' }
  await router.update({ ports: [...ports, blue] })
  const devices = async (): Promise<string[]> => (await scene.host.links.list()).map(({ name }) => name).sort()
  expect(await devices()).toEqual(['brqblue', 'brqoutside', 'brqred', 'lo', 'qg-gw', 'qr-p-blue', 'qr-p-red'])
  {
    using ns = await router.openNetNs()
    expect(await ns.links.get('qr-p-blue')).toMatchObject({ mtu: 1400, mac: '02:00:00:00:00:01', up: true })
  }
  // A port that goes to another network, with the bridge that it was the last on.
  await router.update({ ports: [...ports, { ...blue, network: 'green' }] })
  expect(await devices()).toEqual(['brqgreen', 'brqoutside', 'brqred', 'lo', 'qg-gw', 'qr-p-blue', 'qr-p-red'])
  await router.update({ ports, gateway: undefined, floatingIps: undefined })
  expect(await devices()).toEqual(['brqred', 'lo', 'qr-p-red'])
  {
    using ns = await router.openNetNs()
    expect(await runIn(ns, 'nft', 'list', 'ruleset')).toBe('')
    expect(await ns.routes.find({ dst: 'default' })).toBeUndefined()
  }
  await expect(agent.routers.delete('other')).rejects.toMatchObject({ code: 'ERR_NETLOOM_NO_ROUTER' })
  await agent.routers.delete('other', { force: true })
  const { namespace } = router
  await agent.routers.delete(options.id)
  expect(await devices()).toEqual(['lo'])
  expect(await NetNs.exists(namespace)).toBe(false)
  expect(existsSync(join(scene.stateDir, options.id))).toBe(false)
  expect(() => router.namespace).toThrow(expect.objectContaining({ code: 'ERR_NETLOOM_NO_ROUTER' }) as Error)
  // A bridge that others have named stays.
  await scene.host.links.add({ kind: 'bridge', name: 'br-ex', up: true })
  await agent.routers.ensure({ ...options, gateway: { ...scene.gateway('gw'), bridge: 'br-ex' } })
  await agent.routers.delete(options.id)
  expect(await devices()).toEqual(['br-ex', 'lo'])
})

test('what fails is undone: nothing is left of a new router, and a changed one is as it was', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const options = red(scene)
  // A device that is no bridge has the bridge's name, of the last port.
  await scene.host.links.add({ kind: 'ifb', name: 'brqoutside' })
  await expect(agent.routers.ensure(options)).rejects.toMatchObject({ code: 'EEXIST' })
  expect(agent.routers.list()).toEqual([])
  expect((await scene.host.links.list()).map(({ name }) => name).sort()).toEqual(['brqoutside', 'lo'])
  expect(await NetNs.exists(`qrouter-${options.id}`)).toBe(false)
  expect(readdirSync(scene.stateDir)).toEqual(['lock'])

  const { gateway: _, floatingIps: __, ...inner } = options
  const router = await agent.routers.ensure(inner)
  const before = await stateOf(scene, router.namespace)
  await expect(agent.routers.ensure(options)).rejects.toMatchObject({ code: 'EEXIST' })
  expect(await stateOf(scene, router.namespace)).toEqual(before)
  expect(router.options).toEqual(inner)
})

test('an agent that is killed at any moment leaves nothing that the next one does not finish', async () => {
  await using scene = await Scene.make()
  const options = red(scene)
  const root = join(__dirname, '../../../..')
  const program = join(scene.directory, 'agent.cjs')
  writeFileSync(
    program,
    `const { RouterAgent } = require(${JSON.stringify(join(root, 'packages/openstack/dist'))})
     const { NetNs } = require(${JSON.stringify(join(root, 'dist'))})
     void (async () => {
       const [directory, host, options] = process.argv.slice(2)
       const agent = await RouterAgent.start({ stateDir: directory, plug: 'bridge', netns: await NetNs.open(host) })
       const router = JSON.parse(options)
       console.log('begun')
       for (;;) {
         await agent.routers.ensure(router)
         await agent.routers.ensure({ ...router, ports: [{ ...router.ports[0], network: 'blue' }] })
         await agent.routers.delete(router.id)
       }
     })()`,
  )
  for (let i = 0; i < 6; i++) {
    const args = [program, scene.stateDir, scene.host.name ?? '', JSON.stringify(options)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(child.stdout, 'data')
    await new Promise((resolve) => setTimeout(resolve, 20 + i * 23))
    child.kill('SIGKILL')
    await once(child, 'exit')
    const agent = await scene.agent()
    await agent.routers.ensure(options)
    expect((await scene.host.links.list()).map(({ name }) => name).sort()).toEqual([
      'brqoutside',
      'brqred',
      'lo',
      'qg-gw',
      'qr-p-red',
    ])
    if (i % 2 === 0) await agent.sync({ routers: [] })
    await agent.close()
  }
  expect(scene.errors).toEqual([])
})

test('a file that is no description is told, and left', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const options = red(scene)
  await agent.routers.ensure({ id: options.id, ports: [] })
  await agent.close()
  const file = join(scene.stateDir, options.id, 'router.json')
  writeFileSync(file, '{"version":1')
  const next = await RouterAgent.start({ stateDir: scene.stateDir, plug: 'bridge', netns: scene.host })
  const told = new Promise((resolve) => next.once('error', resolve))
  expect(await told).toMatchObject({ code: 'ERR_NETLOOM_STATE_DAMAGED' })
  // Said again, it is whole again.
  await next.routers.ensure({ id: options.id, ports: [] })
  await next.close()
})
