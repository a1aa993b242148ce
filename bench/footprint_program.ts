// Measures memory and descriptors of a process that creates pods; run by footprint.ts, in a process of its own, with --expose-gc.
// Sends its progress, and at the end its results, to its parent.
//
// footprint_program LIVE CHURNED STEPS
import { readdirSync } from 'node:fs'
import { NetNs, type Progress } from '../lib/index'
import { cleanUpAtEnd, fresh, freshPrefix } from './namespaces'
import { makePod } from './pods/netloom'
import { freed, numbersOf, removePods, type Lot } from './pods/pod'

/** Memory and descriptors of a process. */
export interface Weight {
  readonly pods: number
  /** Resident memory in bytes, after the garbage was collected. */
  readonly rss: number
  readonly descriptors: number
}

/** The program's messages: its progress, and then its results. */
export type Message = Progress | { readonly live: readonly Weight[]; readonly churned: readonly Weight[] }

const [live = 0, churned = 0, steps = 1] = process.argv.slice(2).map(Number)

async function weigh(pods: number): Promise<Weight> {
  // Twice, with a turn of the event loop in between: the second one collects what finalizers have released.
  for (let i = 0; i < 2; i++) {
    globalThis.gc?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { pods, rss: process.memoryUsage.rss(), descriptors: readdirSync('/proc/self/fd').length }
}

function send(message: Message): void {
  process.send?.(message)
}

/** Measures repeatedly while pods are deleted as soon as they are created. */
async function whileChurning(host: NetNs): Promise<Weight[]> {
  const weights = [await weigh(0)]
  for (let step = 0; step < steps; step++) {
    const lot = { host, prefix: freshPrefix('pod'), first: 0, count: Math.ceil(churned / steps) }
    for (const n of numbersOf(lot)) await (await makePod(lot, n)).delete()
    await freed(host, numbersOf(lot))
    weights.push(await weigh(lot.count * (step + 1)))
    send({ done: step + 1, total: 2 * steps })
  }
  return weights
}

/** Measures repeatedly while the number of pods with open handles grows. */
async function whileGrowing(host: NetNs): Promise<Weight[]> {
  const lot: Lot = { host, prefix: freshPrefix('live'), first: 0, count: live }
  const pods: NetNs[] = []
  const weights = [await weigh(0)]
  const step = Math.ceil(live / steps)
  for (const n of numbersOf(lot)) {
    pods.push(await makePod(lot, n))
    if (pods.length % step !== 0 && pods.length < live) continue
    weights.push(await weigh(pods.length))
    send({ done: steps + pods.length / step, total: 2 * steps })
  }
  await NetNs.deleteAll(pods)
  await removePods(lot)
  return weights
}

async function main(): Promise<void> {
  await using host = await fresh('host')
  const weights = { churned: await whileChurning(host), live: await whileGrowing(host) }
  send(weights)
  process.disconnect()
}

cleanUpAtEnd()
main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
  process.disconnect()
})
