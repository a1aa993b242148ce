// netloom against the C program in two regimes: free, and all on one core, where nothing is gained by a second thread and each
// wake-up counts. Warm, and the first pods of a process, as most programs make no more than a few.
import type { Context, Figure } from '../benchmark'
import { interleave, median } from '../measure'
import { fresh, freshPrefix } from '../namespaces'
import { floorPods } from './floor'
import { Maker } from './maker'
import type { Way } from './netloom'
import { removePods, type Lot } from './pod'

const cold = 200

interface Bounds {
  readonly prepared: number
  readonly rows: number
  readonly each: number
}

/** The figures of one regime. */
export async function regime(context: Context, name: string, bounds: Bounds): Promise<Figure[]> {
  await using host = await fresh('host')
  const count = context.smoke ? 10 : 300
  const rounds = context.smoke ? 1 : 5
  const scripts: Record<string, number[]> = { prepared: [], each: [] }
  const lot = (size = count): Lot => ({ host, prefix: freshPrefix('pod'), first: 0, count: size })
  const rate = async (size: number, make: (lot: Lot) => Promise<number>): Promise<number> => {
    const its = lot(size)
    const took = await make(its)
    await removePods(its)
    return (1e6 * size) / took
  }
  const maker = await Maker.start(context, host)
  const warm = (way: Way) => (): Promise<number> =>
    rate(count, async (its) => {
      const { took, script } = await maker.make(way, its)
      scripts[way]?.push(script / count)
      return took
    })
  const c = (threads: number) => (): Promise<number> =>
    rate(count, async (its) => 1000 * (await floorPods(context, its, threads, 'make')).took)
  const first = (way: Way) => (): Promise<number> => {
    const size = context.smoke ? 10 : cold
    return rate(size, async (its) => {
      const freshOne = await Maker.start(context, host)
      const { took } = await freshOne.make(way, its)
      await freshOne.end()
      return took
    })
  }
  const alone = context.core !== undefined
  const found = await interleave(
    rounds,
    {
      one: c(1),
      prepared: warm('prepared'),
      each: warm('each'),
      two: c(alone ? 1 : 2),
      rows: warm('rows'),
      atOnce: warm('atOnce'),
      together: warm('together'),
      firstPrepared: first('prepared'),
      firstEach: first('each'),
    },
    context.onProgress,
  )
  await maker.end()
  const figure = (what: string, ours: number, threads: 1 | 2, theirs: number, atLeast?: number): Figure => ({
    what: `pods a second, ${name}: ${what}`,
    netloom: ours.toFixed(0),
    against: `C, ${threads === 1 || alone ? 'one thread' : 'two threads'} ${theirs.toFixed(0)}`,
    ratio: ours / theirs,
    ...(atLeast === undefined ? {} : { bound: { atLeast } }),
  })
  const perPod = 1e6 / found.one
  const script = (what: string, way: string, atMost: number): Figure => {
    const own = median(scripts[way] ?? [])
    return {
      what: `time of JavaScript's thread a pod, ${name}: ${what}`,
      netloom: `${own.toFixed(0)} µs`,
      against: `C, a pod ${perPod.toFixed(0)} µs`,
      ratio: own / perPod,
      bound: { atMost },
    }
  }
  return [
    figure('prepared, awaited', found.prepared, 1, found.one, bounds.prepared),
    figure(`prepared, the first ${cold}`, found.firstPrepared, 1, found.one, 0.85),
    figure('prepared, all rows as one job', found.rows, 2, found.two, bounds.rows),
    figure('a batch each, awaited', found.each, 1, found.one, bounds.each),
    figure(`a batch each, the first ${cold}`, found.firstEach, 1, found.one, 0.65),
    figure('a batch each, all at once', found.atOnce, 2, found.two),
    figure('all in one batch', found.together, 2, found.two),
    script('prepared', 'prepared', 0.09),
    script('a batch each', 'each', 0.33),
  ]
}
