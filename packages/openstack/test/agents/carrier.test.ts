// A device that is where it should be, but has lost its carrier: the switch that had it open has ended.
import { setTimeout as sleep } from 'node:timers/promises'
import { until } from '../dhcp/scene'
import { Scene } from '../router/scene'
import { Switch } from '../../../ovs/test/ovs/separate_switch'

async function withRouter(use: (scene: Scene, sw: Switch) => Promise<void>): Promise<void> {
  await using scene = await Scene.make()
  await using sw = await Switch.make(scene.host)
  await use(scene, sw)
  const last = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote })
  await last.sync({ routers: [] })
  await last.close()
}

const ports = [{ id: 'red', network: 'red', addresses: ['10.0.0.1/24'] }]

test('while no switch runs it stays; the one that is started makes another, which takes its place', async () => {
  await withRouter(async (scene, sw) => {
    const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote, checkMs: 50 })
    const router = await agent.routers.ensure({ id: scene.id(), ports })
    using ns = await router.openNetNs()
    const before = await ns.links.get('qr-red')
    expect(before.carrier).toBe(true)
    await sw.stop('SIGKILL')
    await until(async () => (await ns.links.get('qr-red')).carrier === false, 'it has no carrier')
    // Longer than the switch is given to say that it runs.
    await sleep(1500)
    expect(await ns.links.get('qr-red')).toMatchObject({ index: before.index, mac: before.mac, up: true })
    expect([scene.repairs, scene.errors]).toEqual([[], []])
    sw.start()
    await until(async () => (await ns.links.find('qr-red'))?.carrier === true, 'it has a carrier again')
    await until(() => scene.repairs.length > 0, 'it is told')
    expect(scene.repairs[0]!.mended).toEqual(['device qr-red', 'address 10.0.0.1/24'])
    expect((await ns.links.get('qr-red')).index).not.toBe(before.index)
    expect(scene.errors).toEqual([])
    await agent.close()
  })
})

test('the switch runs, and there is no new one: the port is made again', async () => {
  await withRouter(async (scene, sw) => {
    const first = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote })
    const id = scene.id()
    using ns = await (await first.routers.ensure({ id, ports })).openNetNs()
    const before = await ns.links.get('qr-red')
    await first.close()
    await sw.restart('SIGKILL')
    await until(() => scene.host.links.find('qr-red'), 'the switch has made another one')
    await scene.host.links.delete('qr-red')
    expect(await ns.links.get('qr-red')).toMatchObject({ index: before.index, carrier: false })
    const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote })
    expect(await ns.links.get('qr-red')).toMatchObject({ mac: before.mac, alias: before.alias, carrier: true })
    expect((await ns.links.get('qr-red')).index).not.toBe(before.index)
    expect(await scene.host.links.find('qr-red')).toBeUndefined()
    expect(await ns.addresses.list({ dev: 'qr-red', family: 'ipv4' })).toMatchObject([{ address: '10.0.0.1/24' }])
    await until(() => scene.repairs.length > 0, 'it is told')
    // If there is time enough, the switch makes the device once more by itself, and the agent takes that one.
    const again = expect.stringMatching(/^(port qr-red of the bridge br-int|device qr-red)$/) as string
    expect(scene.repairs).toMatchObject([{ router: id, mended: [again, 'address 10.0.0.1/24'] }])
    expect(scene.errors).toEqual([])
    await agent.close()
  })
})
