// How long one pod takes to make, one after another: the median, and how far the slowest are from it.
import type { Benchmark } from './benchmark'
import { percentile } from './measure'
import { fresh, freshPrefix } from './namespaces'
import { floorPods } from './pods/floor'
import { makePod } from './pods/netloom'
import { numbersOf, removePods, type Lot } from './pods/pod'

const parts = { p50: 0.5, p90: 0.9, p99: 0.99, 'p99.9': 0.999 } as const

async function netloomPods(lot: Lot): Promise<number[]> {
  const each: number[] = []
  for (const n of numbersOf(lot)) {
    const since = performance.now()
    const pod = await makePod(lot, n)
    each.push(performance.now() - since)
    pod.close()
  }
  return each
}

export const podLatency: Benchmark = async (context) => {
  const rounds = context.smoke ? 1 : 8
  const count = context.smoke ? 10 : 300
  await using host = await fresh('host')
  const netloom: number[] = []
  const c: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const ours = { host, prefix: freshPrefix('pod'), first: 0, count }
    const took = await netloomPods(ours)
    await removePods(ours)
    const theirs = { ...ours, prefix: freshPrefix('pod') }
    const { each } = await floorPods(context, theirs, 1, 'make')
    await removePods(theirs)
    // The first round is not counted: functions are compiled, caches fill.
    if (round > 0) {
      netloom.push(...took)
      c.push(...each.map((ns) => ns / 1e6))
    }
    context.onProgress({ done: round + 1, total: rounds + 1 })
  }
  return {
    comparisons: [
      {
        name: 'pod-latency',
        title: `How long one pod takes, of ${netloom.length} made one after another`,
        unit: 'ms',
        rows: Object.keys(parts),
        series: [
          { name: 'netloom', side: 'netloom', values: Object.values(parts).map((part) => percentile(netloom, part)) },
          { name: 'C, one thread', side: 'floor', values: Object.values(parts).map((part) => percentile(c, part)) },
        ],
      },
    ],
  }
}
