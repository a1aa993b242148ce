// Somebody takes a device away while an agent mends it: it looks again, without a word, and tells what it has mended in the end.
import type { NetNs } from 'netloom'
import { NetloomError } from 'netloom/errors'
import type { Attached, Attachment, Plug } from '../../lib/agents/plug'
import { bridgeNameOf, cut } from '../../lib/agents/names'
import { Scene as DhcpScene, until } from '../dhcp/scene'
import { ask, Scene, whoAsks } from '../router/scene'

/** A dummy for each device; whatever it makes goes `fading` times before anybody can use it, as where a switch is started again. */
class FadingPlug implements Plug {
  fading = 0
  attempts = 0
  readonly #bridge: NetNs

  constructor(host: NetNs) {
    this.#bridge = host
  }

  async attach({ netns, device, tap, mac, network, claim }: Attachment): Promise<Attached> {
    this.attempts++
    let inside = await netns.links.find(device)
    const renewed = inside === undefined
    if (inside === undefined) {
      const master = bridgeNameOf(network)
      await this.#bridge.links.ensure({ kind: 'bridge', name: master, up: true })
      const peer = { netns, name: device, mac, up: true, alias: claim.mark }
      await this.#bridge.links.add({ kind: 'veth', name: tap, master, up: true, peer })
      inside = await netns.links.get(device)
    }
    const attached = { device, renewed, mended: renewed ? [`device ${device}`] : [] }
    if (this.fading === 0) return attached
    this.fading--
    await netns.links.delete(inside.index, { force: true })
    return attached
  }

  async detach({ tap, network }: Pick<Attachment, 'tap' | 'network'>): Promise<void> {
    await this.#bridge.links.delete(tap, { force: true })
    await this.#bridge.links.delete(bridgeNameOf(network), { force: true })
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

describe('a router', () => {
  async function withRouter(
    use: (all: {
      scene: Scene
      plug: FadingPlug
      client: NetNs
      agent: Awaited<ReturnType<Scene['agent']>>
    }) => unknown,
  ): Promise<void> {
    await using scene = await Scene.make()
    const plug = new FadingPlug(scene.host)
    const agent = await scene.agent({ plug, checkMs: 100 })
    const ports = [{ id: 'red', network: 'red', addresses: ['10.0.0.1/24'] }]
    const routes = [{ destination: '192.0.2.0/24', nexthop: '10.0.0.10' }]
    await agent.routers.ensure({ id: scene.id(), ports, routes })
    const client = await scene.client('red', '10.0.0.10/24', '10.0.0.1')
    await use({ scene, plug, client, agent })
    await agent.sync({ routers: [] })
  }

  test('is mended where its device goes twice meanwhile; that is one event, and no error', async () => {
    await withRouter(async ({ scene, plug, client, agent }) => {
      using ns = await agent.routers.list()[0]!.openNetNs()
      await using _ = await whoAsks(ns, '10.0.0.1')
      expect(await ask(client, '10.0.0.1')).toBe('10.0.0.10')
      plug.fading = 2
      await ns.links.delete('qr-red', { force: true })
      await until(() => scene.repairs.length > 0, 'it is mended')
      expect(plug.fading).toBe(0)
      expect(await ask(client, '10.0.0.1')).toBe('10.0.0.10')
      expect(scene.errors).toEqual([])
      expect(scene.repairs.map(({ mended }) => mended)).toEqual([
        ['device qr-red', 'address 10.0.0.1/24', 'route to 192.0.2.0/24 via 10.0.0.10'],
      ])
    })
  })

  test('whose device goes again and again is told as an error, once, and mended when it stays', async () => {
    await withRouter(async ({ scene, plug, agent }) => {
      plug.fading = Infinity
      using ns = await agent.routers.list()[0]!.openNetNs()
      await ns.links.delete('qr-red', { force: true })
      await until(() => scene.errors.length > 0, 'it is told')
      const told = scene.errors[0]
      expect(told).toBeInstanceOf(NetloomError)
      const before = plug.attempts
      await until(() => plug.attempts >= before + 6, 'it is tried again')
      expect(scene.errors).toEqual([told])
      plug.fading = 0
      await until(() => scene.repairs.length > 0, 'it is mended')
      expect(scene.repairs).toHaveLength(1)
      expect(scene.repairs[0]!.mended).toContain('device qr-red')
    })
  })
})

test('a DHCP server whose device goes meanwhile serves the one that stays', async () => {
  await using scene = await DhcpScene.make()
  const plug = new FadingPlug(scene.host)
  const agent = await scene.agent({ plug, checkMs: 100 })
  const id = scene.id()
  const network = await agent.networks.ensure({ id, tap: 'tap1', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
  const mac = '52:54:00:00:00:01'
  await network.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
  const client = await scene.client(bridgeNameOf(id), mac)
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
  plug.fading = 2
  await scene.host.links.delete('tap1', { force: true })
  await until(() => scene.events('restart').length > 0, 'dnsmasq has the new device')
  expect(await scene.udhcpc(client)).toMatchObject({ ip: '10.0.0.10' })
  expect(scene.events('restart')).toMatchObject([{ reason: 'replaced' }])
  expect(scene.events('repair').map(({ mended }) => mended)).toEqual([[`device ns-${cut(id)}`, 'address 10.0.0.1/24']])
  expect(scene.events('error')).toEqual([])
  await agent.networks.delete(id)
})
