// What happens to a network behind the agent's back, and how it is mended.
import { chmodSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type DhcpAgent, type DhcpNetwork } from '../../lib/index'
import { NetNs } from 'netloom'
import { ip } from '../../../../test/support/namespaces'
import { Scene, until } from './scene'

const mac = '52:54:00:00:00:01'

/** A network with a client that has its lease. */
async function served(scene: Scene, agent: DhcpAgent): Promise<{ network: DhcpNetwork; client: NetNs; pid: number }> {
  const subnets = [{ id: 'v4', cidr: '10.0.0.0/24', gateway: '10.0.0.1' }]
  const network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', subnets })
  await network.ports.add({ id: 'vm1', mac, fixedIps: ['10.0.0.10'] })
  const client = await scene.client(network.bridge, mac)
  await scene.udhcpc(client)
  return { network, client, pid: network.pid! }
}

test('dnsmasq is killed: it is started again, with its leases, more slowly each time', async () => {
  await using scene = await Scene.make()
  const { network, client, pid } = await served(scene, await scene.agent())
  process.kill(pid, 'SIGKILL')
  await until(() => scene.events('restart').length === 1, 'it is started again')
  expect(scene.events('restart')).toMatchObject([{ network: network.id, reason: 'ended', pid: network.pid }])
  expect(network.pid).not.toBe(pid)
  expect(network.leases()).toMatchObject([{ address: '10.0.0.10' }])
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
  // On a busy machine dnsmasq may have run for so long meanwhile that its end counts as the first one again.
  let took = 0
  for (let ends = 1; took < 350; ends++) {
    expect(ends).toBeLessThan(20)
    const killed = performance.now()
    process.kill(network.pid!, 'SIGKILL')
    await until(() => scene.events('restart').length === ends + 1, 'it is started again')
    took = performance.now() - killed
  }
  expect(scene.events('error')).toEqual([])
})

test.each([
  [
    'is lost',
    (path: string) => {
      rmSync(path)
    },
  ],
  [
    'has just been emptied',
    (path: string) => {
      truncateSync(path)
    },
  ],
  [
    'is half written',
    (path: string) => {
      truncateSync(path, readFileSync(path).length - 3)
    },
  ],
])('its file of leases %s with it: clients that renew are not refused', async (_, harm) => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const network = await agent.networks.ensure({
    id: scene.id(),
    tap: 'tap1',
    subnets: [{ id: 'v4', cidr: '10.0.0.0/24', leaseSeconds: 7200 }],
  })
  await network.ports.add({ id: 'vm1', mac, fixedIps: ['10.0.0.10'] })
  const client = await scene.client(network.bridge, mac)
  const script = join(__dirname, 'fixtures', 'udhcpc.sh')
  const child = client.spawn('busybox', ['udhcpc', '-i', 'eth0', '-f', '-A', '0', '-s', script])
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += String(data)))
  const obtained = (): number => said.split('lease of 10.0.0.10 obtained').length - 1
  const ended = new Promise((resolve) => child.once('exit', resolve))
  try {
    await until(() => obtained() === 1 && scene.events('lease').length === 1, 'it has its lease')
    const before = network.leases()
    expect(before).toHaveLength(1)
    process.kill(network.pid!, 'SIGKILL')
    harm(join(scene.stateDir, network.id, 'leases'))
    await until(() => scene.events('restart').length === 1, 'dnsmasq is started again')
    expect(network.leases()).toEqual(before)
    child.kill('SIGUSR1')
    await until(() => obtained() === 2, 'it renews')
    expect(said).not.toMatch(/DHCP NAK/)
  } finally {
    child.kill()
    await ended
  }
})

test('dnsmasq hangs: it is noticed, also while nothing changes', async () => {
  await using scene = await Scene.make()
  const { network, client, pid } = await served(scene, await scene.agent({ probeMs: 200, answerMs: 200 }))
  process.kill(pid, 'SIGSTOP')
  await until(() => scene.events('restart').length === 1, 'it is started again')
  expect(scene.events('restart')).toMatchObject([{ network: network.id, reason: 'hangs', pid: network.pid }])
  expect(scene.events('error')).toMatchObject([{ code: 'ERR_NETLOOM_DNSMASQ_HANGS' }])
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
})

test('dnsmasq hangs while a port is added: the port is known all the same', async () => {
  await using scene = await Scene.make()
  const { network, pid } = await served(scene, await scene.agent({ answerMs: 200 }))
  process.kill(pid, 'SIGSTOP')
  await network.ports.add({ id: 'vm2', mac: '52:54:00:00:00:02', fixedIps: ['10.0.0.20'] })
  const second = await scene.client(network.bridge, '52:54:00:00:00:02')
  expect(await scene.udhcpc(second)).toMatchObject({ ip: '10.0.0.20' })
})

test('the namespace is deleted by hand', async () => {
  await using scene = await Scene.make()
  const { network, client, pid } = await served(scene, await scene.agent())
  await NetNs.delete(network.namespace)
  await until(() => scene.events('restart').length === 1, 'a dnsmasq runs in a new one')
  expect(scene.events('restart')).toMatchObject([{ reason: 'replaced', pid: network.pid }])
  expect(scene.events('repair')[0]).toMatchObject({ network: network.id })
  expect(scene.events('repair')[0]!.mended).toContain(`namespace ${network.namespace}`)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
})

test.each(['tap', 'device'])('the %s is deleted by hand', async (end) => {
  await using scene = await Scene.make()
  const { network, client } = await served(scene, await scene.agent())
  const inside = await network.openNetNs()
  const before = (await inside.links.list()).find(({ name }) => name !== 'lo')!
  await (end === 'tap' ? scene.host.links.delete('tap1') : inside.links.delete(before.index))
  await until(() => scene.events('restart').length === 1, 'dnsmasq is started again')
  const after = await inside.links.get(before.name)
  expect(after.mac).toBe(before.mac)
  expect((await inside.addresses.list({ dev: before.name, scope: 'global' })).map(({ address }) => address)).toEqual([
    '10.0.0.2/24',
  ])
  inside.close()
  expect(scene.events('repair')[0]!.mended).toContain(`device ${before.name}`)
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
})

test('the bridge is deleted by hand: it is there again, and the server on it; who else was on it has to come back', async () => {
  await using scene = await Scene.make()
  const { network, client } = await served(scene, await scene.agent())
  const { pid } = network
  const bridge = network.bridge!
  await scene.host.links.delete(bridge)
  await until(() => scene.events('repair').length === 1, 'it is there again')
  expect(scene.events('repair')[0]!.mended).toEqual([`bridge ${bridge}`, 'port tap1 of the bridge'])
  await scene.host.links.set('c1-01', { master: bridge })
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
  expect(network.pid).toBe(pid)
})

test('addresses, routes and settings that somebody changed are as they were', async () => {
  await using scene = await Scene.make()
  const { network, client } = await served(scene, await scene.agent())
  const inside = await network.openNetNs()
  const { name } = (await inside.links.list()).find(({ name }) => name !== 'lo')!
  await inside.addresses.delete({ dev: name, address: '10.0.0.2/24' })
  await inside.links.set(name, { up: false })
  await until(async () => (await inside.routes.list({ dst: 'default' }))[0]?.via === '10.0.0.1', 'the route is there')
  inside.close()
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
})

test('the files are deleted by hand', async () => {
  await using scene = await Scene.make()
  const { network } = await served(scene, await scene.agent())
  await ip(scene.host, 'link', 'show') // the oracle is there
  rmSync(join(scene.stateDir, network.id, 'host'))
  rmSync(join(scene.stateDir, network.id, 'network.json'))
  await until(() => {
    try {
      return scene.read(network.id, 'host').includes(mac) && scene.read(network.id, 'network.json').includes(mac)
    } catch {
      return false
    }
  }, 'they are there again')
})

test.each(['', 'garbage\n'])(
  'files that somebody has cut off or changed (%j) are whole again, and dnsmasq reads them',
  async (text) => {
    await using scene = await Scene.make()
    const { network, client, pid } = await served(scene, await scene.agent())
    const files = ['host', 'addn_hosts', 'opts', 'network.json', 'interface']
    const before = files.map((file) => scene.read(network.id, file))
    for (const file of files) writeFileSync(join(scene.stateDir, network.id, file), text)
    // dnsmasq has read what is wrong by then.
    process.kill(pid, 'SIGHUP')
    await until(() => files.every((file, i) => scene.read(network.id, file) === before[i]), 'they are whole')
    await until(() => network.reloads > 1, 'dnsmasq is told')
    expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
    // A change in between does not let it read what is wrong.
    writeFileSync(join(scene.stateDir, network.id, 'opts'), text)
    await network.ports.add({ id: 'vm9', mac: '52:54:00:00:00:09', fixedIps: ['10.0.0.90'] })
    expect(scene.read(network.id, 'opts')).toBe(before[2])
    expect(network.pid).toBe(pid)
    expect(scene.events('error')).toEqual([])
  },
)

test('a device is mended at once while dnsmasq, which ends again and again, waits for its next start', async () => {
  await using scene = await Scene.make()
  const { network } = await served(scene, await scene.agent())
  for (let end = 1; end <= 6; end++) {
    await until(() => network.pid !== undefined, 'it runs')
    process.kill(network.pid!, 'SIGKILL')
    if (end < 6) await until(() => scene.events('restart').length === end, 'it is started again')
  }
  // The next start is more than a second away: what is mended before it does not wait for it.
  await scene.host.links.delete('tap1')
  await until(() => scene.events('repair').length === 1, 'the device is there again')
  expect(scene.events('restart')).toHaveLength(5)
  await until(() => scene.events('restart').length === 6, 'dnsmasq is started again, too')
})

test('without dnsmasq the agent does not start, and says what is missing in one sentence', async () => {
  await using scene = await Scene.make()
  await expect(scene.agent({ dnsmasq: 'no-such-dnsmasq' })).rejects.toMatchObject({
    code: 'ERR_NETLOOM_NO_DNSMASQ',
    message: 'DhcpAgent.start: there is no program no-such-dnsmasq; Debian has it in the package dnsmasq-base',
  })
})

test('a dnsmasq that ends at once is told with its own words, and nothing of the network stays', async () => {
  await using scene = await Scene.make()
  const program = join(scene.directory, 'dnsmasq')
  writeFileSync(program, '#!/bin/sh\necho "dnsmasq: bad option" >&2\nexit 1\n')
  chmodSync(program, 0o755)
  const agent = await scene.agent({ dnsmasq: program })
  const id = scene.id()
  const made = agent.networks.ensure({ id, tap: 'tap1', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
  await expect(made).rejects.toMatchObject({
    code: 'ERR_NETLOOM_DNSMASQ_FAILED',
    message: 'DhcpAgent: dnsmasq ended at once (1): dnsmasq: bad option',
  })
  expect(agent.networks.get(id)).toBeUndefined()
  expect(await NetNs.exists(`qdhcp-${id}`)).toBe(false)
  expect((await scene.host.links.list()).map(({ name }) => name)).toEqual(['lo'])
  expect(() => scene.read(id, 'network.json')).toThrow('ENOENT')
})
