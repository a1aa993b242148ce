// Pods by the hundred thousand, in several threads: nothing is left, and memory does not grow.
import { once } from 'node:events'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ChurnerData, Lap } from './churner'
import { changesSince, descriptors, settledHoldings, threads } from './holdings'

/** How much, and how. */
export interface ChurnOptions {
  readonly count: number
  readonly threads: number
  readonly seed: number
}

/** Memory is looked at after so many pods. */
const perSample = 10_000

interface Sample {
  readonly pods: number
  readonly rss: number
  /** Of the JavaScript objects of all threads. */
  readonly heap: number
}

class Churner {
  readonly #worker: Worker
  readonly ended: Promise<unknown>

  private constructor(worker: Worker, ended: Promise<unknown>) {
    this.#worker = worker
    this.ended = ended
  }

  static async start(data: ChurnerData): Promise<Churner> {
    const worker = new Worker(join(__dirname, 'churner.js'), { workerData: data })
    const failed = new Promise((_, reject) => worker.once('error', reject))
    const ended = Promise.race([once(worker, 'exit'), failed])
    await Promise.race([once(worker, 'message'), failed])
    return new Churner(worker, ended)
  }

  async lap(count: number): Promise<Lap> {
    const told = once(this.#worker, 'message')
    this.#worker.postMessage(count)
    const first = (await Promise.race([told, this.ended])) as [Lap | number]
    if (typeof first[0] === 'number') throw new Error(`a thread ended with ${first[0]}`)
    return first[0]
  }

  async end(): Promise<void> {
    this.#worker.postMessage(0)
    await this.ended
  }
}

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1)

/** Starts threads, lets each run what laps say, ends them. */
async function run(options: ChurnOptions, laps: readonly number[], each: (lap: Lap) => void): Promise<void> {
  const churners = await Promise.all(
    Array.from({ length: options.threads }, (_, i) =>
      Churner.start({ seed: options.seed + i, prefix: `soak${process.pid}-${i}-` }),
    ),
  )
  for (const count of laps) {
    const share = (i: number): number => Math.floor(((i + 1) * count) / churners.length)
    const told = await Promise.all(churners.map((churner, i) => churner.lap(share(i) - share(i - 1))))
    const uses: Record<string, number> = {}
    for (const [way, times] of told.flatMap((one) => Object.entries(one.uses))) uses[way] = (uses[way] ?? 0) + times
    const sum = (of: 'pods' | 'heap'): number => told.reduce((before, one) => before + one[of], 0)
    each({ pods: sum('pods'), heap: sum('heap'), uses })
  }
  await Promise.all(churners.map((churner) => churner.end()))
}

/** Runs it; gives what is wrong. */
export async function churn(options: ChurnOptions): Promise<string[]> {
  const { count } = options
  // What stays for good after the first use (the mount of /run/netns, libuv's pool) is there before we count.
  await run({ ...options, threads: 2 }, [20], () => undefined)
  await stat('/')
  const before = await settledHoldings()
  const samples: Sample[] = []
  const uses: Record<string, number> = {}
  let [pods, used, last] = [0, 0, performance.now()]
  const begin = last
  const perLap = Math.min(perSample, Math.ceil(count / 10))
  const laps = Array.from({ length: Math.ceil(count / perLap) }, (_, i) => Math.min(perLap, count - i * perLap))
  console.log('    pods  pods/s      uses  RSS MB  heap MB  descriptors  threads')
  await run(options, laps, (lap) => {
    gc?.()
    const now = performance.now()
    const rss = process.memoryUsage.rss()
    pods += lap.pods
    for (const [way, times] of Object.entries(lap.uses)) {
      uses[way] = (uses[way] ?? 0) + times
      used += times
    }
    const heap = lap.heap + process.memoryUsage().heapUsed
    samples.push({ pods, rss, heap })
    const columns: [string, number][] = [
      [String(pods), 8],
      [((lap.pods * 1000) / (now - last)).toFixed(0), 6],
      [String(used), 8],
      [megabytes(rss), 6],
      [megabytes(heap), 7],
      [String(descriptors().length), 11],
      [String(threads().length), 7],
    ]
    console.log(columns.map(([cell, width]) => cell.padStart(width)).join('  '))
    last = now
  })
  const seconds = (performance.now() - begin) / 1000
  console.log(`${pods} pods in ${seconds.toFixed(0)} s, ${(pods / seconds).toFixed(0)} a second; used:`, uses)
  return [...growth(samples), ...(await changesSince(before))]
}

/**
 * Memory after the first ten thousand is memory for good. What the process has from the kernel goes up and down with the
 * work of V8's collectors, so its peaks are compared: those of the second half of the run with those before.
 */
function growth(samples: readonly Sample[]): string[] {
  const [first, ...later] = samples.filter(({ pods }) => pods >= perSample)
  const end = later.at(-1)
  if (first === undefined || end === undefined) return []
  const half = end.pods / 2
  const peak = (some: readonly Sample[]): number => Math.max(...some.map(({ rss }) => rss))
  const before = peak(samples.filter(({ pods }) => pods <= half || pods <= first.pods))
  const after = peak(samples.filter(({ pods }) => pods > half))
  const inHeaps = (one: Sample): string => `${megabytes(one.heap)} MB after ${one.pods} pods`
  console.log(`objects: ${inHeaps(first)}, ${inHeaps(end)}`)
  console.log(`peak of RSS: ${megabytes(before)} MB in the first half, ${megabytes(after)} MB in the second`)
  const wrong: string[] = []
  if (end.heap > first.heap * 1.1) wrong.push('objects take a tenth more than after the first ten thousand pods')
  if (after > before * 1.1) wrong.push('the peak of memory was a tenth higher in the second half')
  return wrong
}
