// What docs/embedding.md shows: the networks of many pods, in a process that goes on.
import { strict as assert } from 'node:assert'
import { NetNs } from 'netloom'

/** A pod's network. Either all of it is there, or none. */
async function createPod(host: NetNs, number: number, signal: AbortSignal): Promise<NetNs> {
  signal.throwIfAborted()
  const pod = await NetNs.create()
  try {
    await host.links.add({
      kind: 'veth',
      name: `pod${number}`,
      master: 'br0',
      up: true,
      numTxQueues: 1,
      numRxQueues: 1,
      peer: { netns: pod, name: 'eth0', up: true, numTxQueues: 1, numRxQueues: 1 },
    })
    await pod.addresses.add({ dev: 'eth0', address: `10.0.${number >> 8}.${number & 255}/16` })
    await pod.routes.add({ dst: 'default', via: '10.0.255.254' })
    signal.throwIfAborted()
    return pod
  } catch (error) {
    pod.close()
    throw error
  }
}

async function main(): Promise<void> {
  // what a process left behind that was killed
  const left = await NetNs.deleteAll({ prefix: 'agent-' })
  console.log(`${left} namespaces of the last run`)

  const controller = new AbortController()
  await using host = await NetNs.create()
  await host.links.add({ kind: 'bridge', name: 'br0', up: true })
  await host.addresses.add({ dev: 'br0', address: '10.0.255.254/16' })

  // all at once: they wait in the addon's queue, not on the event loop
  const numbers = Array.from({ length: 50 }, (_, i) => i + 1)
  const made = await Promise.allSettled(numbers.map((number) => createPod(host, number, controller.signal)))
  const pods = made.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  assert.equal(pods.length, numbers.length)
  assert.equal((await host.links.list({ kind: 'veth' })).length, pods.length)

  // a process's namespace
  using own = await NetNs.fromPid(process.pid)
  using home = await NetNs.current()
  console.log(own.equals(home)) // true
  console.log(own.identity.inode, own.name) // 4026531833 undefined

  // and away: a veth goes with the namespace of its other end
  for (const pod of pods) pod.close()
}

void main()
