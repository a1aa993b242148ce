// ovs-vswitchd ends and is started again: DHCP and routers work on, by both datapaths.
//
// The kernel's datapath is tried where there is the module openvswitch, and skipped elsewhere. In a virtual machine with Debian's kernel:
//   npx jest --runInBand packages/openstack/test/agents/switch_restart.test.ts      (OVS 3.1 gets no handler threads before 11 s of uptime)
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import type { NetNs } from 'netloom'
import { Scene as DhcpScene, until } from '../dhcp/scene'
import { ask, Scene, whoAsks } from '../router/scene'
import { endings, Switch, type Datapath } from '../../../ovs/test/ovs/separate_switch'

const mac = '52:54:00:00:00:01'

/** Whether the kernel has the module, or can load it. */
function hasKernelDatapath(): boolean {
  if (existsSync('/sys/module/openvswitch')) return true
  try {
    execFileSync('modprobe', ['openvswitch'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Milliseconds within which all is as before, on processors that are free; an emulated one is some ten times slower. */
function patience(): number {
  const isEmulated = /^model name\s*: QEMU/m.test(readFileSync('/proc/cpuinfo', 'utf8'))
  return 2000 * Math.max(1, loadavg()[0]! / cpus().length) * (isEmulated ? 10 : 1)
}

const datapaths: readonly Datapath[] = hasKernelDatapath() ? ['netdev', 'system'] : ['netdev']

if (datapaths.length === 1) {
  test.skip('the kernel’s datapath: this kernel has no module openvswitch (CONFIG_OPENVSWITCH)', () => undefined)
}

/** A namespace behind a port of the switch, with an address. */
async function plugged(scene: Scene, sw: Switch, vlan: number, address: string, via: string): Promise<NetNs> {
  const ns = await scene.unplugged()
  const name = `c${vlan}`
  const peer = { netns: ns, name: 'eth0', up: true, numTxQueues: 1, numRxQueues: 1 }
  await scene.host.links.add({ kind: 'veth', name, up: true, peer, numTxQueues: 1, numRxQueues: 1 })
  sw.vsctl('add-port', 'br-int', name, `tag=${vlan}`)
  await ns.addresses.add({ dev: 'eth0', address })
  await ns.routes.add({ dst: 'default', via })
  return ns
}

/** Fails if it takes longer until something is so. */
async function within(look: () => unknown, what: string): Promise<void> {
  await until(look, what, patience())
}

describe.each(datapaths)('datapath %s', (datapath) => {
  test.each(endings)(
    'after %s DHCP works again as soon as the switch does',
    async (how) => {
      await using scene = await DhcpScene.make()
      await using sw = await Switch.make(scene.host, datapath)
      // It has to be noticed, not to be looked for.
      const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote, checkMs: 3_600_000 })
      const id = scene.id()
      const network = await agent.networks.ensure({ id, tap: 'tapred', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
      await network.ports.add({ id: 'vm', mac, fixedIps: ['10.0.0.10'] })
      const vm = await scene.client(undefined, mac, 'vm1')
      sw.vsctl('add-port', 'br-int', 'vm1')
      expect(await scene.udhcpc(vm)).toMatchObject({ ip: '10.0.0.10' })
      using ns = await network.openNetNs()
      const before = await ns.links.get('tapred')
      await sw.restart(how)
      if (datapath === 'netdev') {
        await within(() => scene.events('restart').length === 1, 'dnsmasq has the new device')
        expect(scene.events('repair')).toMatchObject([
          { network: id, mended: ['device tapred', 'address 10.0.0.1/24'] },
        ])
      }
      expect(await scene.udhcpc(vm)).toMatchObject({ ip: '10.0.0.10' })
      const after = await ns.links.get('tapred')
      expect(after).toMatchObject({ mac: before.mac, alias: before.alias, carrier: true })
      // The kernel keeps the devices of its datapath, the daemon's own goes with it.
      expect(after.index === before.index).toBe(datapath === 'system')
      expect(await scene.host.links.find('tapred')).toBeUndefined()
      await agent.networks.delete(id)
      expect(sw.vsctl('list-ports', 'br-int')).toBe('vm1')
      expect(scene.events('error')).toEqual([])
      await agent.close()
    },
    180_000,
  )

  test.each(endings)(
    'after %s a router forwards again as soon as the switch does',
    async (how) => {
      await using scene = await Scene.make()
      await using sw = await Switch.make(scene.host, datapath)
      const agent = await scene.agent({ plug: 'ovs', ovsdb: sw.server.remote, checkMs: 3_600_000 })
      try {
        const router = await agent.routers.ensure({
          id: scene.id(),
          ports: [
            { id: 'red', network: 'red', vlan: 10, addresses: ['10.0.0.1/24'] },
            { id: 'blue', network: 'blue', vlan: 20, addresses: ['10.0.1.1/24'] },
          ],
          routes: [{ destination: '192.0.2.0/24', nexthop: '10.0.1.10' }],
        })
        const one = await plugged(scene, sw, 10, '10.0.0.10/24', '10.0.0.1')
        const two = await plugged(scene, sw, 20, '10.0.1.10/24', '10.0.1.1')
        await two.addresses.add({ dev: 'lo', address: '192.0.2.1/32' })
        await using _two = await whoAsks(two, '0.0.0.0')
        const forwards = async (): Promise<boolean> =>
          (await ask(one, '10.0.1.10')) === '10.0.0.10' && (await ask(one, '192.0.2.1')) === '10.0.0.10'
        await until(forwards, 'it forwards before', 10 * patience())
        using ns = await router.openNetNs()
        const before = await ns.links.get('qr-red')
        await sw.restart(how)
        await within(forwards, 'it forwards again')
        if (datapath === 'system') {
          // What it knows it has forwarded meanwhile.
          sw.forget()
          await within(forwards, 'it learns again where to')
        }
        const mended = scene.repairs.flatMap((event) => event.mended).filter((one) => one.startsWith('device'))
        expect(mended.sort()).toEqual(datapath === 'netdev' ? ['device qr-blue', 'device qr-red'] : [])
        expect(scene.repairs.every((event) => event.router === router.id)).toBe(true)
        const after = await ns.links.get('qr-red')
        expect(after).toMatchObject({ mac: before.mac, alias: before.alias, carrier: true })
        expect(after.index === before.index).toBe(datapath === 'system')
        expect(await scene.host.links.find('qr-red')).toBeUndefined()
        await agent.routers.delete(router.id)
        expect(sw.vsctl('list-ports', 'br-int').split('\n')).toEqual(['c10', 'c20'])
        expect(scene.errors).toEqual([])
      } finally {
        await agent.sync({ routers: [] })
        await agent.close()
      }
    },
    180_000,
  )
})
