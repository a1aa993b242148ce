// Measuring on a machine that does other things too: rounds in turn, medians.
import type { Context } from './benchmark'

/** The value below which a part of the values lies, between 0 and 1: the nearest one that was measured. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!
}

/** The value in the middle. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The milliseconds that something takes. */
export async function milliseconds(work: () => unknown): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/**
 * Lets contenders measure themselves in turn, so that what else happens on the machine meets them all, and gives each
 * one's median. A first round, not counted, lets caches fill and functions be compiled.
 */
export async function interleave<Name extends string>(
  rounds: number,
  contenders: Readonly<Record<Name, () => Promise<number>>>,
  onProgress?: Context['onProgress'],
): Promise<Record<Name, number>> {
  const entries = Object.entries<() => Promise<number>>(contenders)
  const results = new Map<string, number[]>(entries.map(([name]) => [name, []]))
  const total = (rounds + 1) * entries.length
  let done = 0
  for (let round = 0; round <= rounds; round++) {
    for (const [name, measure] of entries) {
      const result = await measure()
      if (round > 0) results.get(name)!.push(result)
      onProgress?.({ done: ++done, total })
    }
  }
  return Object.fromEntries([...results].map(([name, values]) => [name, median(values)])) as Record<Name, number>
}
