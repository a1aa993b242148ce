// Pods created and deleted again and again: the rate that the kernel can keep up for good, as the time until it has freed
// them counts too.
import type { Benchmark, Figure } from './benchmark'
import { interleave, milliseconds } from './measure'
import { fresh, freshPrefix } from './namespaces'
import { floorPods } from './pods/floor'
import { makePod } from './pods/netloom'
import { freed, numbersOf, type Lot } from './pods/pod'

async function cycle(lot: Lot, n: number): Promise<void> {
  const pod = await makePod(lot, n)
  await pod.delete()
}

/** Several at once, each of which begins with the next pod when it is done with one. */
async function inTurn(lot: Lot, atOnce: number): Promise<void> {
  const numbers = numbersOf(lot).values()
  const worker = async (): Promise<void> => {
    for (const n of numbers) await cycle(lot, n)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

export const podChurn: Benchmark = async (context) => {
  const count = context.smoke ? 16 : 1500
  await using host = await fresh('host')
  const rate = async (run: (lot: Lot) => Promise<unknown>): Promise<number> => {
    const lot = { host, prefix: freshPrefix('pod'), first: 0, count }
    const took = await milliseconds(async () => {
      await run(lot)
      await freed(host, numbersOf(lot).slice(-16)) // the others go before, or with these
    })
    await freed(host, numbersOf(lot))
    return (1000 * count) / took
  }
  const found = await interleave(
    context.smoke ? 1 : 5,
    {
      sequential: () => rate((lot) => inTurn(lot, 1)),
      one: () => rate((lot) => floorPods(context, lot, 1, 'cycle')),
      concurrent: () => rate((lot) => inTurn(lot, 16)),
      two: () => rate((lot) => floorPods(context, lot, 2, 'cycle')),
    },
    context.onProgress,
  )
  const figure = (how: string, ours: number, threads: string, theirs: number): Figure => ({
    what: `pods created and deleted a second, ${how}`,
    netloom: ours.toFixed(0),
    against: `C, ${threads} ${theirs.toFixed(0)}`,
    ratio: ours / theirs,
    bound: { atLeast: 0.92 },
  })
  return {
    figures: [
      figure('awaited', found.sequential, 'one thread', found.one),
      figure('16 at once', found.concurrent, 'two threads', found.two),
    ],
  }
}
