// What the kernel drops by itself along with a change is there again after a rollback, as `ip` and `bridge` tell.
import type { Batch, NetNs } from '../../lib/index'
import { bridgeJson, fresh, ip, ipJson } from '../support/namespaces'
import { undone, withoutDad } from '../support/rollback'

let ns: NetNs
let other: NetNs

beforeEach(async () => {
  ns = await fresh()
  other = await fresh()
  withoutDad(ns)
  await ns.links.set('lo', { up: true })
  await ns.links.add({ kind: 'bridge', name: 'br0', up: true })
  await ns.links.add({ kind: 'bridge', name: 'br1', up: true })
  await ns.links.add({ kind: 'veth', name: 'v0', up: true, addrGenMode: 'none', peer: { name: 'v1', up: true } })
  await ns.links.add({ kind: 'veth', name: 'w0', up: true, peer: { name: 'w1', up: true } })
  await ns.links.add({ kind: 'veth', name: 'p0', master: 'br0', up: true, peer: { name: 'p1', up: true } })
  await ns.links.add({ kind: 'veth', name: 'q0', master: 'br1', up: true, peer: { name: 'q1', up: true } })
  await ns.links.set('p0', { port: { cost: 99, priority: 7, hairpin: true, learning: false, isolated: true } })
  const nodad = { flags: ['nodad' as const] }
  await ns.addresses.add({ dev: 'w0', address: '10.1.0.1/24' })
  await ns.addresses.add({ dev: 'w0', address: 'fd01::1/64', ...nodad })
  await ns.addresses.add({ dev: 'v0', address: '10.0.0.1/24', label: 'v0:one' })
  await ns.addresses.add({ dev: 'v0', address: '10.0.0.5/24' }) // secondary
  await ns.addresses.add({ dev: 'v0', address: 'fe80::1/64', ...nodad })
  await ns.addresses.add({ dev: 'v0', address: 'fd00::1/64', ...nodad })
  await ns.addresses.add({ dev: 'v0', address: 'fd00::5/64', flags: ['nodad', 'noprefixroute'] })
  // Over routers that other routes lead to, in an order in which the first ones need the last ones.
  await ns.routes.add({ dst: '10.20.0.0/16', dev: 'v0', scope: 'link' })
  await ns.routes.add({ dst: '10.5.0.0/16', via: '10.20.0.2', src: '10.0.0.1', metrics: { mtu: 1400 } })
  await ns.routes.add({ dst: 'default', via: '10.0.0.254', table: 1000 })
  await ns.routes.add({ dst: '10.6.0.0/16', via: '10.0.0.2' })
  await ns.routes.append({ dst: '10.6.0.0/16', via: '10.1.0.2' })
  await ns.routes.add({ dst: '10.7.0.0/16', nexthops: [{ via: '10.0.0.2', weight: 2 }, { via: '10.1.0.2' }] })
  await ns.routes.add({ dst: 'fd20::/64', dev: 'v0' })
  await ns.routes.add({ dst: 'fd05::/64', via: 'fd20::2' })
  await ns.routes.add({ dst: 'fd06::/64', via: 'fd00::2', src: 'fd00::5', metric: 77 })
  await ns.neighbors.add({ dev: 'v0', address: '10.0.0.2', mac: '02:00:00:00:00:02' })
  await ns.neighbors.add({ dev: 'v0', address: 'fd00::2', mac: '02:00:00:00:00:02', router: true })
  await ns.neighbors.add({ dev: 'w0', address: '10.1.0.3', mac: '02:00:00:00:00:03', state: 'stale', extLearned: true })
  await ns.neighbors.add({ dev: 'v0', address: '10.0.0.9', proxy: true })
})

afterEach(async () => {
  await ns.delete()
  await other.delete()
})

const changes: [string, (batch: Batch<NetNs>) => void][] = [
  ['a MAC: its neighbors', (b) => b.links.set('v0', { mac: '02:00:00:00:00:77' })],
  ['no ARP: its neighbors', (b) => b.links.set('v0', { arp: false })],
  ['down: all that it had', (b) => b.links.set('v0', { up: false })],
  ['down: what is learned elsewhere', (b) => b.links.set('w0', { up: false })],
  [
    'down, by an altname',
    (b) => {
      b.links.addAltnames('v0', ['another-name-that-is-too-long-for-a-device'])
      b.links.set({ altname: 'another-name-that-is-too-long-for-a-device' }, { up: false })
    },
  ],
  [
    'down and up: all that it had',
    (b) => {
      b.links.set('v0', { up: false })
      b.links.set('v0', { up: true })
    },
  ],
  ['the device of a neighbor namespace: what it had', (b) => b.links.set('v1', { up: false })],
  ['an MTU that IPv6 cannot use', (b) => b.links.set('w0', { mtu: 1000 })],
  ['a bridge as master', (b) => b.links.set('v0', { master: 'br0' })],
  ['no master: the settings of a port', (b) => b.links.set('p0', { master: 0 })],
  ['another master, and other settings', (b) => b.links.set('p0', { master: 'br1', port: { cost: 5 } })],
  ['another namespace: all that it had', (b) => b.links.set('v0', { netns: other })],
  ['another namespace and name', (b) => b.links.set('v0', { netns: other, name: 'moved', mtu: 1300, up: true })],
  ['another namespace: a port', (b) => b.links.set('p0', { netns: other })],
  ['a primary address: its secondary one', (b) => b.addresses.delete({ dev: 'v0', address: '10.0.0.1/24' })],
  [
    'the last address: neighbors and routes',
    (b) => {
      b.addresses.delete({ dev: 'v0', address: '10.0.0.5/24' })
      b.addresses.delete({ dev: 'v0', address: '10.0.0.1/24' })
    },
  ],
  ['an IPv6 address: the source of routes', (b) => b.addresses.delete({ dev: 'v0', address: 'fd00::5/64' })],
  ['all addresses of a device', (b) => b.addresses.flush({ dev: 'v0' })],
  [
    'all addresses of all devices',
    (b) => {
      b.addresses.flush({ scope: 'global' })
      b.addresses.flush({ scope: 'link', family: 'ipv6' })
    },
  ],
]

test.each(changes)('what goes with it comes back: %s', async (_what, note) => {
  await undone([ns, other], note)
})

test('what was made of a device in the batch does not come back, and what was there does', async () => {
  await undone([ns, other], (b) => {
    b.neighbors.add({ dev: 'v0', address: '10.0.0.77', mac: '02:00:00:00:00:77' })
    b.routes.add({ dst: '10.77.0.0/16', via: '10.0.0.77' })
    b.links.set('v0', { up: false })
    b.links.set('v0', { up: true })
  })
})

test('what is set on a device that goes into a new namespace and comes back is as it was', async () => {
  await undone([ns, other], (b) => {
    const pod = b.createNetNs()
    b.links.set('v0', { netns: pod })
    pod.links.set('v0', { mtu: 1300, up: true })
    pod.addresses.add({ dev: 'v0', address: '10.9.0.1/24' })
  })
})

test('what cannot come back is told: the device is not there any more', async () => {
  const batch = ns.batch({ rollback: true })
  batch.links.set('v0', { up: false })
  batch.links.delete('v0')
  batch.links.delete('nobody')
  await expect(batch.commit()).rejects.toMatchObject({ rolledBack: true, leftovers: [0, 1] })
  expect(await ipJson(ns, 'link')).not.toContainEqual(expect.objectContaining({ ifname: 'v0' }))
})

test('a batch that does not fail changes what it says', async () => {
  const batch = ns.batch({ rollback: true })
  batch.links.set('v0', { up: false })
  batch.links.set('p0', { master: 'br1' })
  await batch.commit()
  expect(await ip(ns, 'route')).not.toContain('10.5.0.0')
  expect(await bridgeJson(ns, 'link')).toContainEqual(expect.objectContaining({ ifname: 'p0', master: 'br1' }))
})
