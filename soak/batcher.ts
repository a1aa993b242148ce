// A Worker that commits batches without a pause, until it is terminated.
import { parentPort, workerData } from 'node:worker_threads'
import { NetNs } from '../lib/index'
import { Random } from './random'

/** What it is given at its start. */
export interface BatcherData {
  readonly host: string
  readonly prefix: string
  readonly seed: number
}

/** How many routes each batch adds, in a table of its own, after its two pods. */
export const routesPerBatch = 300
/** The first of these tables. */
export const firstTable = 1000

/** The device on the host of a pod. */
export const vethOf = (batch: number, pod: number): string => `v${batch}-${pod}`
/** The name of a pod. */
export const podOf = (prefix: string, batch: number, pod: number): string => `${prefix}${batch}-${pod}`

/** What must not be collected. */
const kept: NetNs[] = []

async function main(): Promise<void> {
  const { host: name, prefix, seed } = workerData as BatcherData
  const random = new Random(seed)
  const host = await NetNs.open(name)
  kept.push(host, await NetNs.create(`${prefix}ephemeral`, { ephemeral: true }))
  for (let number = 0; ; number++) {
    const batch = host.batch({ rollback: true })
    const failing = random.percent(30) ? random.below(3) : undefined
    const failAt = (place: number): void => {
      if (place === failing) batch.links.set('nobody', { up: true }) // all before it is taken back
    }
    for (const n of [0, 1]) {
      failAt(n)
      const pod = batch.createNetNs(podOf(prefix, number, n))
      const peer = { netns: pod, name: 'eth0', up: true }
      batch.links.add({ kind: 'veth', name: vethOf(number, n), up: true, peer })
      pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
      pod.routes.add({ dst: 'default', via: '10.0.0.1' })
    }
    const table = firstTable + number
    for (let i = 0; i < routesPerBatch; i++) {
      batch.routes.add({ dst: `10.9.${i >> 8}.${i & 255}/32`, dev: 'br0', table })
    }
    failAt(2)
    const committing = batch.commit()
    if (number === 0) parentPort!.postMessage('under way')
    // The next one waits in the queue, or does not.
    if (random.percent(50)) await committing.catch(() => undefined)
    else committing.catch(() => undefined)
  }
}

if (parentPort !== null) void main()
