// What docs/threads.md shows of Workers, and of many calls at once.
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { configure, NetNs, type SharedNetNs } from 'netloom'

/** In the Worker. */
async function work(): Promise<void> {
  using ns = await NetNs.adopt(workerData as SharedNetNs)
  await ns.links.add({ kind: 'bridge', name: 'br0' })
  parentPort?.postMessage('done')
}

async function main(): Promise<void> {
  // a namespace without a name, in another thread
  using ns = await NetNs.create()
  const worker = new Worker(__filename, { workerData: ns.share() })
  await once(worker, 'message')
  console.log((await ns.links.get('br0')).kind) // bridge
  await once(worker, 'exit')

  // tasks, all at once
  const task = async (): Promise<boolean> => {
    using one = await NetNs.create()
    await one.links.set('lo', { up: true })
    return (await one.links.get('lo')).up
  }
  const up = await Promise.all(Array.from({ length: 1000 }, task))
  assert(up.every(Boolean))

  // limits
  configure({ limit: 16, idleSockets: 256 })
}

void (isMainThread ? main() : work())
