// What docs/pool.md shows.
import { strict as assert } from 'node:assert'
import { BatchError, NetNs, type Pool } from 'netloom'

async function main(): Promise<void> {
  await using host = await NetNs.create()
  await host.links.add({ kind: 'bridge', name: 'br0', up: true })
  const controller = new AbortController()
  const { signal } = controller

  // sixteen pods, ready before they are needed
  await using pool = NetNs.pool({
    size: 16,
    prefix: 'pod-',
    signal,
    prepare(pod, batch, number) {
      const peer = { netns: pod, name: 'eth0', up: true }
      batch.in(host).links.add({ kind: 'veth', name: `veth${number}`, master: 'br0', up: true, peer })
      pod.links.set('lo', { up: true })
      pod.addresses.add({ dev: 'eth0', address: `10.0.${(number >> 8) & 255}.${number & 255}/16` })
    },
  })
  await pool.filled() // only where the first ones have to be quick too

  await useOne(pool)
  await pool.filled()
  assert.equal(pool.ready, 16)

  await refilling(host)
  await pool.close()
  await settling()
}

async function useOne(pool: Pool<NetNs>): Promise<void> {
  await using ns = await pool.take({ timeout: 5000 })
  const server = await ns.listen({ host: '127.0.0.1', port: 80 })
  const socket = await ns.connect({ host: '127.0.0.1', port: 80 })
  socket.destroy()
  server.close()
}

async function refilling(host: NetNs): Promise<void> {
  await using pool = NetNs.pool({
    size: 1,
    prepare(pod, batch) {
      batch.in(host).links.add({ kind: 'veth', name: 'br0', peer: { netns: pod, name: 'eth0' } }) // the name is taken
    },
  })
  try {
    await using ns = await pool.take()
    assert.fail(`${ns.identity.inode} was made`)
  } catch (error) {
    if (!(error instanceof BatchError)) throw error
    console.log(error.code, error.index, pool.failure === error) // EEXIST 1 true
    assert.deepEqual([error.code, error.index, pool.failure], ['EEXIST', 1, error])
  }
}

async function settling(): Promise<void> {
  const pods = await NetNs.createMany(20)
  await NetNs.deleteAll(pods)
  await NetNs.settled({ timeout: 5000 })
}

void main()
