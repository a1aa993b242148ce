// How long the event loop is blocked while pods are created and deleted, in every available way.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { NetNs } from '../lib/index'
import type { Benchmark } from './benchmark'
import { interleave } from './measure'
import { fresh, freshPrefix } from './namespaces'
import { floorPods } from './pods/floor'
import { makePod, makeTogether } from './pods/netloom'
import { freed, numbersOf, removePods, type Lot } from './pods/pod'

const allowed = 5

/** The 99.9th percentile of the delay, in milliseconds. The monitor's own period of 1 ms is part of it. */
async function delayDuring(work: () => Promise<unknown>): Promise<number> {
  const monitor = monitorEventLoopDelay({ resolution: 1 })
  monitor.enable()
  try {
    await work()
  } finally {
    monitor.disable()
  }
  return monitor.percentile(99.9) / 1e6
}

/** Ways to make the pods of a lot and to delete them. */
const ways = {
  'one after another': async (lot: Lot) => {
    for (const n of numbersOf(lot)) (await makePod(lot, n)).close()
    await NetNs.deleteAll({ prefix: lot.prefix })
  },
  'all at once': async (lot: Lot) => {
    const pods = await Promise.all(numbersOf(lot).map((n) => makePod(lot, n)))
    await Promise.all(pods.map((pod) => pod.delete()))
  },
  'in one batch': async (lot: Lot) => {
    await NetNs.deleteAll(await makeTogether(lot))
  },
  'in turn, created and deleted': async (lot: Lot) => {
    for (const n of numbersOf(lot)) await (await makePod(lot, n)).delete()
  },
} satisfies Record<string, (lot: Lot) => Promise<void>>

export const eventLoopDelay: Benchmark = async (context) => {
  const count = context.smoke ? 20 : 500
  await using host = await fresh('host')
  const contenders = Object.entries(ways).map(([name, way]): [string, () => Promise<number>] => [
    name,
    async () => {
      const lot = { host, prefix: freshPrefix('pod'), first: 0, count }
      const delay = await delayDuring(() => way(lot))
      await removePods(lot)
      return delay
    },
  ])
  // The best possible delay: this event loop is idle, and shares the cores with the kernel and the C program.
  const besideFloor = (threads: number) => async (): Promise<number> => {
    const lot = { host, prefix: freshPrefix('pod'), first: 0, count }
    const delay = await delayDuring(() => floorPods(context, lot, threads, 'cycle'))
    await freed(host, numbersOf(lot))
    return delay
  }
  const delays = await interleave<string>(
    context.smoke ? 1 : 5,
    {
      idle: () => delayDuring(() => sleep(500)),
      besideOne: besideFloor(1),
      besideTwo: besideFloor(2),
      ...Object.fromEntries(contenders),
    },
    context.onProgress,
  )
  return {
    figures: Object.keys(ways).map((name) => ({
      what: `event loop delay p99.9, ${count} pods ${name}`,
      netloom: `${delays[name]!.toFixed(2)} ms`,
      against: `allowed ${allowed} ms`,
      ratio: delays[name]! / allowed,
      bound: { atMost: 1 },
    })),
    notes: [
      `event loop delay: an idle loop shows ${delays.idle!.toFixed(2)} ms, as the monitor's own period of 1 ms counts`,
      `event loop delay: an idle loop beside the C program that creates and deletes ${count} pods in another process shows ` +
        `${delays.besideOne!.toFixed(2)} ms (one thread), ${delays.besideTwo!.toFixed(2)} ms (two threads)`,
    ],
  }
}
