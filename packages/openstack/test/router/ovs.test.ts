// Routers on Open vSwitch, the real one with its userspace datapath: networks are tags of one switch.
import { join } from 'node:path'
import type { NetNs } from 'netloom'
import { OpenVswitch } from '@netloom/ovs'
import { until } from '../dhcp/scene'
import { ask, Scene, whoAsks } from './scene'

const red = 10
const blue = 20
const outer = 30

async function plugged(scene: Scene, ovs: OpenVswitch, vlan: number, address: string, via?: string): Promise<NetNs> {
  const ns = await scene.unplugged()
  const name = `c${vlan}`
  const peer = { netns: ns, name: 'eth0', up: true, numTxQueues: 1, numRxQueues: 1 }
  await scene.host.links.add({ kind: 'veth', name, up: true, peer, numTxQueues: 1, numRxQueues: 1 })
  await ovs.ports.add({ bridge: 'br-int', name, tag: vlan })
  await ns.addresses.add({ dev: 'eth0', address })
  if (via !== undefined) await ns.routes.add({ dst: 'default', via })
  return ns
}

test('a router joins two VLANs of a switch and the outside, with a floating address; what is taken away is mended', async () => {
  await using scene = await Scene.make()
  await using ovs = await OpenVswitch.launch({ netns: scene.host })
  await ovs.bridges.add({ name: 'br-int', datapathType: 'netdev' })
  const ovsdb = `unix:${join(ovs.runDir, 'db.sock')}`
  const agent = await scene.agent({ plug: 'ovs', ovsdb, checkMs: 50 })
  try {
    const router = await agent.routers.ensure({
      id: scene.id(),
      ports: [
        { id: 'p-red', network: 'red', vlan: red, addresses: ['10.0.0.1/24'] },
        { id: 'p-blue', network: 'blue', vlan: blue, addresses: ['10.0.1.1/24'] },
      ],
      gateway: { ...scene.gateway('gw'), vlan: outer },
      floatingIps: [{ address: '203.0.113.10', fixed: '10.0.0.10' }],
    })
    const one = await plugged(scene, ovs, red, '10.0.0.10/24', '10.0.0.1')
    const two = await plugged(scene, ovs, blue, '10.0.1.10/24', '10.0.1.1')
    const outside = await plugged(scene, ovs, outer, '203.0.113.1/24')
    await using _one = await whoAsks(one, '10.0.0.10')
    await using _outside = await whoAsks(outside, '203.0.113.1')
    expect(await ask(two, '10.0.0.10')).toBe('10.0.1.10')
    expect(await ask(one, '203.0.113.1')).toBe('203.0.113.10')
    expect(await ask(two, '203.0.113.1')).toBe('203.0.113.2')
    expect(await ask(outside, '203.0.113.10')).toBe('203.0.113.1')

    const tags = async (): Promise<unknown> =>
      Object.fromEntries((await ovs.ports.list()).map(({ name, tag }) => [name, tag]))
    expect(await tags()).toMatchObject({ 'qr-p-red': red, 'qr-p-blue': blue, 'qg-gw': outer })
    await ovs.ports.delete('qr-p-red')
    await until(async () => (await ask(two, '10.0.0.10')) === '10.0.1.10', 'the port is mended')
    expect(await tags()).toMatchObject({ 'qr-p-red': red })
    expect(scene.repairs.flatMap(({ mended }) => mended)).toContain('port qr-p-red of the bridge br-int')

    await agent.routers.delete(router.id)
    expect(Object.keys((await tags()) as object).filter((name) => name.startsWith('q'))).toEqual([])
    expect(scene.errors).toEqual([])
  } finally {
    await agent.sync({ routers: [] })
    await agent.close()
  }
})
