// Pods in all the ways in which they can be made, used and deleted.
import { strict as assert } from 'node:assert'
import { readlinkSync } from 'node:fs'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { BatchError, NetNs, type Batch } from '../lib/index'
import type { Random } from './random'

/** A pod: a pinned namespace with a veth into the host's bridge, an address and a default route. */
export interface Pod {
  readonly ns: NetNs
  readonly name: string
  readonly mac: string
  readonly address: string
}

/** What the pods of one thread are attached to. */
export interface Host {
  readonly ns: NetNs
  /** Begins the names of its pods. */
  readonly prefix: string
  readonly random: Random
  /** How many pods it has made. */
  made: number
}

const gateway = '10.255.255.254'
const oneQueue = { numTxQueues: 1, numRxQueues: 1 } as const

/** A host with its bridge. */
export async function makeHost(prefix: string, random: Random): Promise<Host> {
  const ns = await NetNs.create(`${prefix}host`)
  // Without a MAC of its own a bridge has that of one of its ports, and others' ARP caches are wrong when that one goes.
  await ns.links.add({ kind: 'bridge', name: 'br0', mac: '02:ff:00:00:00:01', up: true, addrGenMode: 'none' })
  await ns.addresses.add({ dev: 'br0', address: `${gateway}/8` })
  return { ns, prefix, random, made: 0 }
}

type Plan = Omit<Pod, 'ns'> & { readonly veth: string }

function plan(host: Host): Plan {
  const n = ++host.made
  const bytes = [n >> 16, n >> 8, n].map((byte) => byte & 255)
  return {
    name: `${host.prefix}${n}`,
    veth: `v${n}`,
    mac: ['02', '00', '00', ...bytes.map((byte) => byte.toString(16).padStart(2, '0'))].join(':'),
    address: `10.${bytes.join('.')}`,
  }
}

/** Notes everything but the namespace itself. */
function notePlumbing(
  batch: Batch<NetNs>,
  netns: Parameters<Batch<NetNs>['in']>[0],
  { veth, mac, address }: Plan,
): void {
  batch.links.add({
    ...{ kind: 'veth', name: veth, master: 'br0', up: true, addrGenMode: 'none', ...oneQueue },
    peer: { netns, name: 'eth0', mac, up: true, ...oneQueue },
  })
  const inside = batch.in(netns)
  inside.links.set('lo', { up: true })
  inside.addresses.add({ dev: 'eth0', address: `${address}/8` })
  inside.routes.add({ dst: 'default', via: gateway })
}

const makers: Readonly<Record<string, (host: Host, most: number) => Promise<Pod[]>>> = {
  async oneBatch(host) {
    const wanted = plan(host)
    const batch = host.ns.batch({ rollback: host.random.percent(50) })
    const created = batch.createNetNs(wanted.name, { ephemeral: host.random.percent(30) })
    notePlumbing(batch, created, wanted)
    await batch.commit()
    return [{ ...wanted, ns: created.value }]
  },
  async manyInOneBatch(host, most) {
    const wanted = Array.from({ length: Math.min(most, 2 + host.random.below(6)) }, () => plan(host))
    const batch = host.ns.batch({ rollback: true })
    const created = wanted.map((one) => {
      const netns = batch.createNetNs(one.name)
      notePlumbing(batch, netns, one)
      return netns
    })
    await batch.commit()
    return wanted.map((one, i) => ({ ...one, ns: created[i]!.value }))
  },
  async callByCall(host) {
    const { name, veth, mac, address } = plan(host)
    const ns = await NetNs.create(name)
    const peer = { netns: ns, name: 'eth0', mac, up: true, ...oneQueue }
    const calls = [
      host.ns.links.add({ kind: 'veth', name: veth, master: 'br0', up: true, ...oneQueue, peer }),
      ns.links.set('lo', { up: true }),
      ns.addresses.add({ dev: 'eth0', address: `${address}/8` }),
      ns.routes.add({ dst: 'default', via: gateway }),
    ]
    // Not awaited in between: they keep their order.
    await Promise.all(calls)
    return [{ ns, name, mac, address }]
  },
  async bulk(host, most) {
    const plans = Array.from({ length: Math.min(most, 2 + host.random.below(6)) }, () => plan(host))
    const all = await NetNs.createMany(plans.length, { prefix: host.prefix })
    const wanted = plans.map((one, i) => ({ ...one, name: all[i]!.name!, ns: all[i]! }))
    const batch = host.ns.batch()
    for (const one of wanted) notePlumbing(batch, one.ns, one)
    await batch.commit()
    return wanted
  },
}

/** Makes one pod, or some, but not more than so many. */
export function makePods(host: Host, most: number): Promise<Pod[]> {
  return host.random.of(Object.values(makers))(host, most)
}

const uses: Readonly<Record<string, (pod: Pod, host: Host) => Promise<void>>> = {
  async traffic({ ns, name, address }, host) {
    const server = await ns.listen({ host: address, port: 80 })
    server.on('connection', (socket) => {
      socket.on('error', () => undefined)
      socket.end(name)
    })
    const socket = await host.ns.connect({ host: address, port: 80, timeout: 10_000 })
    assert.equal(await text(socket), name)
    // The kernel has one small table for all namespaces, and drops packets when it is full.
    await host.ns.neighbors.delete({ dev: 'br0', address }, { force: true })
    const closed = once(server, 'close')
    server.close()
    await closed
  },
  async get({ ns, mac }) {
    const [eth0, lo] = await Promise.all([ns.links.get('eth0'), ns.links.find('lo')])
    assert.deepEqual([eth0.mac, eth0.up, lo?.up], [mac, true, true])
  },
  async list({ ns, address }) {
    const routes = await ns.routes.list({ table: 'main' })
    assert.ok(routes.some((route) => route.dst === 'default' && route.via === gateway))
    const [links, addresses] = await Promise.all([ns.links.list(), ns.addresses.list({ dev: 'eth0' }), ns.rules.list()])
    assert.deepEqual(links.map(({ name }) => name).sort(), ['eth0', 'lo'])
    assert.ok(addresses.some((one) => one.address === `${address}/8`))
  },
  async set({ ns }, { random }) {
    const mtu = 1000 + random.below(500)
    await ns.links.set('eth0', { mtu, alias: `mtu ${mtu}` })
    assert.equal((await ns.links.get('eth0')).mtu, mtu)
  },
  async routes({ ns }, { random }) {
    const batch = ns.batch()
    const count = 1 + random.below(300)
    for (let i = 0; i < count; i++) batch.routes.add({ dst: `172.16.${i >> 8}.${i & 255}/32`, dev: 'eth0', table: 77 })
    await batch.commit()
    assert.equal((await ns.routes.list({ table: 77 })).length, count)
    await ns.routes.flush({ table: 77 })
  },
  async rollback({ ns }) {
    const batch = ns.batch({ rollback: true })
    batch.links.add({ kind: 'ifb', name: 'ifb7', up: true })
    batch.createNetNs()
    batch.links.set('nobody', { up: true })
    await assert.rejects(batch.commit(), BatchError)
    assert.equal(await ns.links.find('ifb7'), undefined)
  },
  async abort({ ns }, { random }) {
    const controller = new AbortController()
    const listing = ns.links.list({}, { signal: controller.signal })
    const batch = ns.batch({ rollback: true })
    batch.links.set('eth0', { txqlen: 5 })
    batch.rules.add({ priority: 100 + random.below(100), table: 77 })
    const committing = batch.commit({ signal: controller.signal })
    if (random.percent(50)) await new Promise(setImmediate)
    controller.abort()
    await Promise.allSettled([listing, committing])
  },
  async openAgain({ ns, name }) {
    using again = await NetNs.open(name)
    assert.ok(again.equals(ns))
    assert.ok(await NetNs.exists(name))
  },
  async run({ ns }) {
    await Promise.resolve()
    assert.equal(
      ns.run(() => readlinkSync('/proc/thread-self/ns/net')),
      `net:[${ns.identity.inode}]`,
    )
  },
}

/** The ways of using a pod. */
export const waysOfUse = Object.keys(uses)

/** Uses a pod; gives the way. */
export async function usePod(pod: Pod, host: Host): Promise<string> {
  const [way, use] = host.random.of(Object.entries(uses))
  await use(pod, host)
  return way
}

/** Deletes pods. */
export async function deletePods(pods: readonly Pod[], { random }: Host): Promise<void> {
  if (random.percent(30)) {
    assert.equal(await NetNs.deleteAll(pods.map(({ ns }) => ns)), pods.length)
    return
  }
  for (const { ns, name } of pods) {
    if (ns.ephemeral) {
      if (random.percent(50)) ns.close()
      else await ns[Symbol.asyncDispose]()
    } else if (random.percent(50)) {
      await ns.delete()
    } else {
      await NetNs.delete(name)
      ns.close()
    }
  }
}
