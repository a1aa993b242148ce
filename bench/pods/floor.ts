// How the C program of the floor makes pods, with one thread and with two.
import type { Context } from '../benchmark'
import { floor } from '../floor'
import { nameOf } from '../namespaces'
import type { Lot, PodMaker } from './pod'

/** What the program does with each pod. */
export type Mode = 'make' | 'delete' | 'cycle'

/** Runs it; gives the milliseconds that all pods took together, and the nanoseconds of each. */
export async function floorPods(
  context: Context,
  { host, prefix, first, count }: Lot,
  threads: number,
  mode: Mode,
): Promise<{ took: number; each: number[] }> {
  const [average, ...each] = await floor(context, 'pods', nameOf(host), prefix, first, count, threads, mode)
  return { took: (average * count) / 1e6, each }
}

function floorMaker(threads: number, how: string): PodMaker {
  return {
    name: `C, ${how}`,
    side: 'floor',
    share: 1,
    make: async (context, lot) => (await floorPods(context, lot, threads, 'make')).took,
  }
}

export const oneThread = floorMaker(1, 'one thread')
export const twoThreads = floorMaker(2, 'two threads')
