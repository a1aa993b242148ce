// The time for one pod while many others exist, which grows with look-ups and lists in the kernel. For netloom it must not grow
// faster than for the C program.
import { NetNs } from '../lib/index'
import type { Benchmark } from './benchmark'
import { interleave } from './measure'
import { fresh, freshPrefix } from './namespaces'
import { floorPods, oneThread } from './pods/floor'
import { sequential } from './pods/netloom'
import { freed, removePods } from './pods/pod'

// Their numbers, and with them the names and indexes of their near ends, are none of a measured pod's.
const firstLive = 100_000

export const livePods: Benchmark = async (context) => {
  const levels = context.smoke ? [0, 20] : [0, 1000, 4000]
  const count = context.smoke ? 5 : 100
  const rounds = context.smoke ? 1 : 5
  await using host = await fresh('host')
  const prefix = freshPrefix('live')
  const netloom: number[] = []
  const c: number[] = []
  let live = 0
  for (const [at, level] of levels.entries()) {
    if (level > live) {
      await floorPods(context, { host, prefix, first: firstLive + live, count: level - live }, 2, 'make')
      live = level
    }
    const onProgress: typeof context.onProgress = ({ done, total }) => {
      context.onProgress({ done: at * total + done, total: levels.length * total })
    }
    const cost = async (maker: typeof sequential): Promise<number> => {
      const lot = { host, prefix: freshPrefix('pod'), first: 0, count }
      const took = await maker.make(context, lot)
      await removePods(lot)
      return took / count
    }
    const found = await interleave(
      rounds,
      {
        netloom: () => cost(sequential),
        c: () => cost(oneThread),
      },
      onProgress,
    )
    netloom.push(found.netloom)
    c.push(found.c)
  }
  await NetNs.deleteAll({ prefix })
  await freed(host, [firstLive + live - 1])
  const growth = (values: readonly number[]): number => values.at(-1)! / values[0]!
  return {
    figures: [
      {
        what: `cost of a pod, ${live} live ones against none`,
        netloom: `${growth(netloom).toFixed(2)}×`,
        against: `C ${growth(c).toFixed(2)}×`,
        ratio: growth(netloom) / growth(c),
        // It must not grow faster; the rest above 1 is the difference of two medians on a busy machine.
        bound: { atMost: 1.05 },
      },
    ],
    comparisons: [
      {
        name: 'live-pods',
        title: 'What one pod costs while others live',
        unit: 'ms',
        along: 'live pods',
        rows: levels.map(String),
        series: [
          { name: 'netloom, a batch each', side: 'netloom', values: netloom },
          { name: 'C, one thread', side: 'floor', values: c },
        ],
      },
    ],
  }
}
