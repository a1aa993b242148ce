// What docs/batches.md shows.
import { strict as assert } from 'node:assert'
import { BatchError, hole, NetNs } from 'netloom'

async function main(): Promise<void> {
  await using host = await NetNs.create()

  // a pod in one job
  const batch = host.batch({ rollback: true })
  const pod = batch.createNetNs('pod1', { ephemeral: true })
  batch.links.add({ kind: 'veth', name: 'veth1', up: true, peer: { netns: pod, name: 'eth0', up: true } })
  pod.links.set('lo', { up: true })
  pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
  pod.routes.add({ dst: 'default', via: '10.0.0.1' })
  await batch.commit()
  await using ns = pod.value // a NetNs
  assert.equal((await ns.routes.get({ dst: 'default' })).via, '10.0.0.1')

  await manyRoutes(host)
  await allOrNothing(ns)
  await deleteGroup(host)
  await flush(ns)
  await prepared(host)
}

async function manyRoutes(host: NetNs): Promise<void> {
  const batch = host.batch({ onError: 'continue' })
  for (let i = 0; i < 1000; i++) batch.routes.add({ dst: `10.1.${i >> 8}.${i & 255}/32`, dev: 'veth1' })
  const mtu = batch.links.get('veth1')
  const results = await batch.commit()
  const failed = results.filter(({ status }) => status === 'rejected')
  console.log(failed.length, mtu.value.mtu) // 0 1500
  assert.equal(failed.length, 0)
}

async function flush(ns: NetNs): Promise<void> {
  await ns.routes.add({ dst: '10.7.0.0/16', via: '10.0.0.1', protocol: 'bgp' })
  const batch = ns.batch({ rollback: true })
  batch.routes.flush({ protocol: 'bgp' })
  for (const dst of ['10.8.0.0/16', '10.9.0.0/16']) batch.routes.add({ dst, via: '10.0.0.1', protocol: 'bgp' })
  await batch.commit({
    onProgress({ done, total }) {
      console.log(`${done} of ${total}`) // 3 of 3
    },
  })
  assert.deepEqual(
    (await ns.routes.list({ protocol: 'bgp' })).map(({ dst }) => dst),
    ['10.8.0.0/16', '10.9.0.0/16'],
  )
}

async function allOrNothing(ns: NetNs): Promise<void> {
  const batch = ns.batch({ rollback: true })
  batch.links.set('eth0', { mtu: 1400 })
  batch.routes.replace({ dst: 'default', via: '10.0.0.3' })
  batch.routes.add({ dst: '10.7.0.0/16', via: '192.0.2.1' }) // not reachable
  try {
    await batch.commit()
  } catch (error) {
    if (!(error instanceof BatchError)) throw error
    console.log(error.code, error.index, error.rolledBack) // ENETUNREACH 2 true
    assert.equal(error.leftovers.length, 0)
  }
  assert.equal((await ns.links.get('eth0')).mtu, 1500)
  assert.equal((await ns.routes.get({ dst: 'default' })).via, '10.0.0.1')
}

async function prepared(host: NetNs): Promise<void> {
  const pod = host.prepare(
    { ns: hole.name(), port: hole.device(), mac: hole.mac(), address: hole.prefix(), gateway: hole.ip() },
    (batch, { ns, port, mac, address, gateway }) => {
      const netns = batch.createNetNs(ns, { ephemeral: true })
      netns.links.set('lo', { up: true })
      batch.links.add({ kind: 'veth', name: port, up: true, peer: { netns, name: 'eth0', mac, up: true } })
      netns.addresses.add({ dev: 'eth0', address })
      netns.routes.add({ dst: 'default', via: gateway })
    },
    { rollback: true },
  )
  const { netns } = await pod.run({
    ns: 'p1',
    port: 'v1',
    mac: '02:00:00:00:00:01',
    address: '10.0.0.2/24',
    gateway: '10.0.0.1',
  })
  assert.equal((await netns.links.get('eth0')).mac, '02:00:00:00:00:01')
  await netns.delete()

  const rows = Array.from({ length: 50 }, (_, n) => ({
    ns: `row${n}`,
    port: `row${n}`,
    mac: `02:00:00:00:01:${n.toString(16).padStart(2, '0')}`,
    address: `10.1.${n}.2/24`,
    gateway: `10.1.${n}.1`,
  }))
  const many = await pod.runMany(rows)
  assert.equal((await many[49]?.netns.routes.get({ dst: 'default' }))?.via, '10.1.49.1')
  for (const { netns } of many) await netns.delete()
}

async function deleteGroup(host: NetNs): Promise<void> {
  for (let i = 0; i < 50; i++) await host.links.add({ kind: 'ifb', name: `ifb${i}`, group: 7 })
  await host.links.flush({ group: 7 })
  assert.equal((await host.links.list({ kind: 'ifb' })).length, 0)
}

void main()
