// Memory and descriptors of a pod with an open handle, and of a process that has created and deleted many.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Benchmark, Context } from './benchmark'
import type { Message, Weight } from './footprint_program'

type Found = Extract<Message, { live: unknown }>

/** Runs the program and gives what it found. */
async function measured({ signal, onProgress }: Context, ...args: readonly number[]): Promise<Found> {
  const child = fork(join(__dirname, 'footprint_program.js'), args.map(String), { signal, execArgv: ['--expose-gc'] })
  let found: Found | undefined
  child.on('message', (message: Message) => {
    if ('live' in message) found = message
    else onProgress(message)
  })
  const [status] = (await once(child, 'exit')) as [number | null]
  if (status !== 0 || found === undefined) throw new Error(`the program that is weighed ended with ${String(status)}`)
  return found
}

const mega = (bytes: number): number => bytes / 2 ** 20

export const footprint: Benchmark = async (context) => {
  const [live, churned, steps] = context.smoke ? [20, 40, 4] : [4_000, 30_000, 12]
  const { live: growing, churned: curve } = await measured(context, live, churned, steps)
  const [none, all] = [growing[0]!, growing.at(-1)!]
  const perPod = (of: (weight: Weight) => number): number => (of(all) - of(none)) / all.pods
  // During the first ten thousand, caches fill, functions are compiled, and the heap grows to its size.
  const [early, late] = [curve[Math.ceil(steps / 2)]!, curve.at(-1)!]
  return {
    figures: [
      {
        what: `resident memory after ${late.pods} pods made and deleted`,
        netloom: `${mega(late.rss).toFixed(1)} MiB`,
        against: `after ${early.pods} ${mega(early.rss).toFixed(1)} MiB`,
        ratio: late.rss / early.rss,
        bound: { atMost: 1.05 },
      },
    ],
    comparisons: [
      {
        name: 'memory',
        title: 'Resident memory while pods are made and deleted',
        unit: 'MiB',
        along: 'pods made and deleted',
        rows: curve.map(({ pods }) => String(pods)),
        series: [{ name: 'netloom', side: 'netloom', values: curve.map(({ rss }) => mega(rss)) }],
      },
    ],
    notes: [
      `a live pod with an open handle, of ${all.pods}: ${(perPod(({ rss }) => rss) / 1024).toFixed(2)} KiB resident, ` +
        `${perPod(({ descriptors }) => descriptors).toFixed(2)} descriptors; ` +
        `a process without any: ${mega(none.rss).toFixed(1)} MiB, ${none.descriptors} descriptors`,
    ],
  }
}
