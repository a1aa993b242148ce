// Rollback: whatever a batch did before an operation failed is as it was, told by `ip` and `bridge`.
import { existsSync } from 'node:fs'
import { type BatchError, NetNs, type Batch } from '../../lib/index'
import { findLeaks, holdings, useNetNs } from '../../lib/testing'
import { ip, ownPrefix, uniqueName } from '../support/namespaces'
import { undone, withoutDad } from '../support/rollback'

let ns: NetNs
let other: NetNs

async function prepare(net: { ns: NetNs; other: NetNs }): Promise<void> {
  ns = net.ns
  other = net.other
  withoutDad(ns)
  await ns.links.add({ kind: 'bridge', name: 'br0', up: true, ageingTimeSeconds: 100 })
  await ns.links.add({ kind: 'veth', name: 'v0', up: true, mac: '02:00:00:00:00:01', peer: { name: 'v1', up: true } })
  await ns.links.add({ kind: 'veth', name: 'p0', master: 'br0', up: true, peer: { name: 'p1', up: true } })
  await ns.addresses.add({ dev: 'v0', address: '10.0.0.1/24', label: 'v0:one', flags: ['noprefixroute'] })
  await ns.addresses.add({ dev: 'v0', address: 'fd00::1/64', flags: ['nodad'] })
  await ns.addresses.add({ dev: 'v0', address: '10.0.0.9/32' })
  await ns.routes.add({ dst: '10.5.0.0/16', via: '10.0.0.2', onlink: true, dev: 'v0', metrics: { mtu: 1400 } })
  await ns.routes.add({ dst: '10.5.0.0/16', dev: 'v0', metric: 50, src: '10.0.0.1' })
  await ns.routes.add({ dst: 'fd05::/64', via: 'fd00::2', metric: 77 })
  await ns.neighbors.add({ dev: 'v0', address: '10.0.0.2', mac: '02:00:00:00:00:02' })
  await ns.rules.add({ priority: 100, from: '10.0.0.0/8', table: 5, tos: 16 })
  await ns.rules.add({ priority: 101, from: '10.0.0.0/8', table: 5 })
}

useNetNs({ names: ['ns', 'other'], prefix: ownPrefix, prepare })

const additions: [string, (batch: Batch<NetNs>) => void][] = [
  ['a link', (b) => b.links.add({ kind: 'ifb', name: 'ifb7', up: true, alias: 'x' })],
  [
    'a veth into another namespace',
    (b) => b.links.add({ kind: 'veth', name: 'a0', peer: { netns: other, name: 'b0' } }),
  ],
  [
    'addresses',
    (b) => {
      b.addresses.add({ dev: 'v0', address: '10.7.0.1/24', broadcast: '+' })
      b.addresses.add({ dev: 'v0', address: 'fd07::1/64', flags: ['nodad'] })
    },
  ],
  [
    'routes',
    (b) => {
      b.routes.add({ dst: '10.6.0.0/16', via: '10.0.0.2', dev: 'v0', onlink: true })
      b.routes.add({ dst: 'fd06::/64', via: 'fd00::3' })
      b.routes.append({ dst: '10.5.0.0/16', via: '10.0.0.3', dev: 'v0', onlink: true })
      b.routes.add({ dst: 'default', dev: 'v0', table: 1000 })
    },
  ],
  [
    'five hundred routes',
    (b) => {
      for (let i = 0; i < 500; i++) b.routes.add({ dst: `10.8.${i >> 8}.${i & 255}/32`, dev: 'v0' })
    },
  ],
  [
    'a neighbor and a rule',
    (b) => {
      b.neighbors.add({ dev: 'v0', address: '10.0.0.7', mac: '02:00:00:00:00:07' })
      b.rules.add({ priority: 5, table: 9, mark: 7 })
      b.rules.add({ table: 5, from: '10.0.0.0/8' })
    },
  ],
  ['altnames', (b) => b.links.addAltnames('v0', ['one', 'another-name-that-is-long'])],
]

test.each(additions)('what was added goes: %s', async (_what, note) => {
  await undone([ns, other], note)
})

const changes: [string, (batch: Batch<NetNs>) => void][] = [
  ['settings of a link', (b) => b.links.set('v0', { mtu: 1300, txqlen: 5, group: 9, alias: 'changed' })],
  ['flags', (b) => b.links.set('p1', { promisc: true, arp: false, allMulticast: true })],
  [
    'a name',
    (b) => {
      b.links.set('v1', { name: 'renamed' })
      b.links.set('renamed', { mtu: 1300 })
    },
  ],
  ['a master', (b) => b.links.set('v1', { master: 'br0' })],
  ['no master', (b) => b.links.set('p0', { master: 0 })],
  [
    'options of the kind',
    (b) => b.links.set('br0', { kind: 'bridge', ageingTimeSeconds: 30, stpState: true, priority: 5 }),
  ],
  ['options of the port', (b) => b.links.set('p0', { port: { cost: 99, hairpin: true, learning: false } })],
  ['the address generation', (b) => b.links.set('v1', { addrGenMode: 'none' })],
  ['a replaced route', (b) => b.routes.replace({ dst: '10.5.0.0/16', via: '10.0.0.8', dev: 'v0', onlink: true })],
  [
    'a replaced route of a metric',
    (b) => b.routes.replace({ dst: '10.5.0.0/16', dev: 'v0', metric: 50, scope: 'link' }),
  ],
  ['a replaced IPv6 route', (b) => b.routes.replace({ dst: 'fd05::/64', via: 'fd00::9', metric: 77 })],
  ['a route that replaced none', (b) => b.routes.replace({ dst: '10.66.0.0/16', dev: 'v0' })],
  ['an IPv6 route that replaced none', (b) => b.routes.replace({ dst: 'fd66::/64', via: 'fd00::9' })],
  ['a changed route', (b) => b.routes.change({ dst: '10.5.0.0/16', via: '10.0.0.8', dev: 'v0', onlink: true })],
  ['a prepended route', (b) => b.routes.prepend({ dst: '10.5.0.0/16', via: '10.0.0.8', dev: 'v0', onlink: true })],
  ['a changed neighbor', (b) => b.neighbors.change({ dev: 'v0', address: '10.0.0.2', mac: '02:00:00:00:00:99' })],
  ['a replaced neighbor', (b) => b.neighbors.replace({ dev: 'v0', address: '10.0.0.2', mac: '02:00:00:00:00:99' })],
  [
    'a neighbor that replaced none',
    (b) => b.neighbors.replace({ dev: 'v0', address: '10.0.0.3', mac: '02:00:00:00:00:99' }),
  ],
  [
    'a replaced address',
    (b) => b.addresses.replace({ dev: 'v0', address: 'fd00::1/64', flags: ['nodad', 'noprefixroute'] }),
  ],
  [
    'deleted routes',
    (b) => {
      b.routes.delete({ dst: '10.5.0.0/16', metric: 50 })
      b.routes.delete({ dst: '10.5.0.0/16' })
      b.routes.delete({ dst: 'fd05::/64' })
    },
  ],
  ['a deleted neighbor', (b) => b.neighbors.delete({ dev: 'v0', address: '10.0.0.2' })],
  ['a deleted rule', (b) => b.rules.delete({ priority: 100, tos: 16 })],
  ['what had nothing to delete', (b) => b.neighbors.delete({ dev: 'v0', address: '10.0.0.77' }, { force: true })],
]

test.each(changes)('without a failure it stays: %s', async (_what, note) => {
  const batch = ns.batch({ rollback: true })
  note(batch)
  const results = await batch.commit()
  expect(results.every(({ status }) => status === 'fulfilled')).toBe(true)
})

test.each(changes.filter(([what]) => what !== 'what had nothing to delete'))(
  'what was changed is put back: %s',
  async (_what, note) => {
    await undone([ns, other], note)
  },
)

test('a deleted address is there again', async () => {
  await undone([ns, other], (b) => b.addresses.delete({ dev: 'v0', address: '10.0.0.9/32' }))
  await undone([ns, other], (b) => b.addresses.delete({ dev: 'v0', address: 'fd00::1/64' }))
})

test('created namespaces go, and their names are free', async () => {
  const names = [uniqueName(), uniqueName()]
  const batch = ns.batch({ rollback: true })
  const pods = names.map((name) => batch.createNetNs(name))
  pods.forEach((pod, i) => {
    batch.links.add({ kind: 'veth', name: `host${i}`, up: true, peer: { netns: pod, name: 'eth0', up: true } })
    pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
  })
  pods[0]!.routes.add({ dst: 'default', via: '10.9.9.9' })
  const error: unknown = await batch.commit().catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'ENETUNREACH', rolledBack: true, leftovers: [], index: 6 })
  expect(names.map((name) => existsSync(`/run/netns/${name}`))).toEqual([false, false])
  expect((await ns.links.list()).some(({ name }) => name.startsWith('host'))).toBe(false)
  const again = await NetNs.create(names[0])
  await again.delete()
})

test('what cannot be taken back is told', async () => {
  const batch = ns.batch({ rollback: true })
  batch.links.set('v0', { mtu: 1300 })
  batch.links.delete('p0')
  batch.links.add({ kind: 'ifb', name: 'lo' })
  const error: unknown = await batch.commit().catch((caught: unknown) => caught)
  expect(error).toMatchObject({ rolledBack: true, leftovers: [1], leftover: true })
  expect((error as BatchError).message).toContain('1 of them could not be')
  const reasons = (error as BatchError).results.map((r) =>
    r.status === 'rejected' ? (r.reason as { code: string }).code : '',
  )
  expect(reasons).toEqual(['ERR_NETLOOM_ROLLED_BACK', 'ERR_NETLOOM_NOT_ROLLED_BACK', 'EEXIST'])
  expect((await ns.links.get('v0')).mtu).toBe(1500)
})

test('an aborted batch is taken back whole, or was done whole', async () => {
  const outcomes = new Set<string>()
  for (let tries = 0; tries < 40; tries++) {
    const controller = new AbortController()
    const batch = ns.batch({ rollback: true })
    for (let i = 0; i < 2000; i++) batch.routes.add({ dst: `10.8.${i >> 8}.${i & 255}/32`, dev: 'v0', table: 77 })
    const committing = batch.commit({ signal: controller.signal })
    setTimeout(() => {
      controller.abort()
    }, tries % 10)
    const outcome = await committing.then(
      () => 'done',
      (error: unknown) => (error as { outcome: string }).outcome,
    )
    outcomes.add(outcome)
    const there = await ns.routes.list({ table: 77 })
    expect(there).toHaveLength(outcome === 'done' ? 2000 : 0)
    if (outcome === 'done') await ns.routes.flush({ table: 77 })
  }
  expect([...outcomes].every((outcome) => outcome === 'done' || outcome === 'none')).toBe(true)
  expect(outcomes.size).toBeGreaterThan(0)
})

test('nothing of a rollback leaks', async () => {
  await undone([ns, other], (b) => b.links.set('v0', { mtu: 1300 }))
  const before = holdings()
  for (let i = 0; i < 20; i++) {
    const batch = ns.batch({ rollback: true })
    batch.createNetNs(uniqueName())
    batch.createNetNs()
    batch.links.delete('nobody')
    await expect(batch.commit()).rejects.toMatchObject({ code: 'ENODEV' })
  }
  // What was made ahead of such batches goes by itself.
  expect(await findLeaks(before, { ignore: ({ kind }) => kind === 'thread' })).toEqual([])
  expect(await ip(ns, 'link')).not.toContain('ifb')
})
