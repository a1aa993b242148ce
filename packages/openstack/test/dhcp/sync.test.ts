// Whole descriptions, bursts, and disks that are full.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DesiredNetwork } from '../../lib/index'
import { Scene } from './scene'

function macOf(number: number): string {
  return `52:54:00:00:${[number >> 8, number & 255].map((byte) => byte.toString(16).padStart(2, '0')).join(':')}`
}

test('sync makes what is missing, changes what differs, deletes what is not wanted, and does nothing where nothing differs', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const [red, green, blue] = [scene.id('red'), scene.id('green'), scene.id('blue')]
  const network = (id: string, tap: string, ...ports: DesiredNetwork['ports']): DesiredNetwork => {
    return { id, tap, subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }], ports }
  }
  const vm = (number: number) => ({ id: `vm${number}`, mac: macOf(number) })
  const first = { networks: [network(red, 'tapr', vm(1), vm(2)), network(green, 'tapg', vm(1))] }
  const made = await agent.sync(first)
  expect(made.deleted).toEqual([])
  expect([...made.networks].sort((a, b) => (a.id === red ? -1 : b.id === red ? 1 : 0))).toEqual([
    { id: red, network: 'created', added: ['vm1', 'vm2'], updated: [], deleted: [] },
    { id: green, network: 'created', added: ['vm1'], updated: [], deleted: [] },
  ])
  const pids = agent.networks.list().map(({ pid }) => pid)
  const reloads = agent.networks.list().map(({ reloads }) => reloads)
  const before = scene.read(red, 'network.json')
  expect(await agent.sync(first)).toEqual({ networks: [], deleted: [] })
  expect(agent.networks.list().map(({ pid }) => pid)).toEqual(pids)
  expect(agent.networks.list().map(({ reloads }) => reloads)).toEqual(reloads)
  expect(scene.read(red, 'network.json')).toBe(before)
  // The same words, after somebody has changed what they made.
  await agent.networks.get(red)!.ports.delete('vm1')
  await agent.networks.get(green)!.ports.update('vm1', { hostname: 'other' })
  const back = await agent.sync(first)
  expect([...back.networks].sort((a) => (a.id === red ? -1 : 1))).toEqual([
    { id: red, network: 'unchanged', added: ['vm1'], updated: [], deleted: [] },
    { id: green, network: 'unchanged', added: [], updated: ['vm1'], deleted: [] },
  ])
  expect(await agent.sync(first)).toEqual({ networks: [], deleted: [] })
  await expect(agent.sync({ networks: [...first.networks, first.networks[0]!] })).rejects.toMatchObject({
    field: 'networks[2].id',
  })

  const { networks, deleted } = await agent.sync({
    networks: [
      network(red, 'tapr', { ...vm(2), hostname: 'two' }, vm(3)),
      { ...network(blue, 'tapg', vm(1)), subnets: [] },
    ],
  })
  expect(deleted).toEqual([green])
  expect([...networks].sort((a, b) => (a.id === red ? -1 : b.id === red ? 1 : 0))).toEqual([
    { id: red, network: 'unchanged', added: ['vm3'], updated: ['vm2'], deleted: ['vm1'] },
    { id: blue, network: 'created', added: ['vm1'], updated: [], deleted: [] },
  ])
  // Who chose no address keeps the one that he has.
  expect(agent.networks.get(red)!.ports.list()).toMatchObject([
    { id: 'vm2', fixedIps: [{ address: '10.0.0.3' }] },
    { id: 'vm3', fixedIps: [{ address: '10.0.0.2' }] },
  ])
  expect(scene.events('error')).toEqual([])
  expect(await agent.sync({ networks: [] })).toMatchObject({ networks: [] })
  expect(readdirSync(scene.stateDir)).toEqual(['lock'])
})

test('a thousand ports at once make dnsmasq read its files a handful of times', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const network = await agent.networks.ensure({
    id: scene.id(),
    tap: 'tap1',
    subnets: [{ id: 'v4', cidr: '10.0.0.0/16' }],
  })
  await Promise.all(Array.from({ length: 1000 }, (_, i) => network.ports.add({ id: `vm${i}`, mac: macOf(i + 1) })))
  expect(network.reloads).toBeLessThanOrEqual(3)
  expect(scene.read(network.id, 'host').match(/\n/g)).toHaveLength(1000)
  const client = await scene.client(network.bridge, macOf(1000))
  expect(await scene.udhcpc(client)).toMatchObject({ ip: network.ports.get('vm999')!.fixedIps[0]!.address })
})

test('a full disk: the call is refused, the old files stay, and what is asked for later works', async () => {
  await using scene = await Scene.make()
  mkdirSync(scene.stateDir)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', scene.stateDir])
  try {
    const agent = await scene.agent()
    const subnets = [{ id: 'v4', cidr: '10.0.0.0/16' }]
    const network = await agent.networks.ensure({ id: scene.id(), tap: 'tap1', subnets })
    await network.ports.add({ id: 'vm0', mac: macOf(1) })
    const files = ['host', 'addn_hosts', 'opts', 'network.json']
    const before = files.map((file) => scene.read(network.id, file))
    const ballast = join(scene.stateDir, 'ballast')
    expect(() => {
      writeFileSync(ballast, Buffer.alloc(1 << 20))
    }).toThrow('ENOSPC')
    await expect(network.ports.add({ id: 'vm1', mac: macOf(2) })).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(files.map((file) => scene.read(network.id, file))).toEqual(before)
    expect(network.ports.list().map(({ id }) => id)).toEqual(['vm0'])
    await expect(agent.networks.ensure({ id: 'second', subnets })).rejects.toMatchObject({ code: 'ENOSPC' })
    expect(agent.networks.list()).toEqual([network])
    const client = await scene.client(network.bridge, macOf(1))
    const given = await scene.udhcpc(client)
    expect(given).toMatchObject({ ip: '10.0.0.2' })
    execFileSync('rm', [ballast])
    await network.ports.add({ id: 'vm1', mac: macOf(2) })
    expect(scene.read(network.id, 'host')).toContain(macOf(2))
    expect(readdirSync(join(scene.stateDir, network.id)).filter((name) => name.endsWith('.new'))).toEqual([])
    await agent.sync({ networks: [] })
    await agent.close()
  } finally {
    execFileSync('umount', [scene.stateDir])
  }
})
