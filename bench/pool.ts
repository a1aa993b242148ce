// A pool of prepared namespaces: the time of `take`, and how much refills slow other calls down.
import { setTimeout as sleep } from 'node:timers/promises'
import { NetNs, type PoolOptions } from '../lib/index'
import type { Benchmark } from './benchmark'
import { interleave, median, milliseconds } from './measure'
import { fresh, oneQueue } from './namespaces'

const allowedMs = 0.15

function percentile99(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  return `${(sorted[Math.floor(sorted.length * 0.99)] ?? 0).toFixed(3)} ms`
}

/** A veth pair whose far end is created in the new namespace, an address, a default route. */
function pods(host: NetNs): PoolOptions['prepare'] {
  return (pod, batch, number) => {
    pod.links.set('lo', { up: true })
    batch.in(host).links.add({
      kind: 'veth',
      name: `vp${number}`,
      up: true,
      ...oneQueue,
      peer: { netns: pod, name: 'eth0', up: true, ...oneQueue },
    })
    pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
    pod.routes.add({ dst: 'default', via: '10.0.0.1' })
  }
}

export const pool: Benchmark = async ({ smoke }) => {
  const size = smoke ? 8 : 32
  await using host = await fresh('host')
  await using other = await fresh('other')
  await using pool = NetNs.pool({ size, prefix: `nlbench${process.pid}-pool`, prepare: pods(host) })

  /** Takes namespaces one after another, with a pause for work in them. Returns the median of `take`. */
  const takes = async (pauseMs: number): Promise<number> => {
    await pool.filled()
    const times: number[] = []
    for (let i = 0; i < 3 * size; i++) {
      let taken: NetNs | undefined
      times.push(
        await milliseconds(async () => {
          taken = await pool.take()
        }),
      )
      await sleep(pauseMs)
      await taken?.delete()
    }
    await NetNs.settled()
    return median(times)
  }
  const all: Record<'quiet' | 'refilling', number[]> = { quiet: [], refilling: [] }
  const change = (): Promise<number> => milliseconds(() => other.links.set('lo', { up: true }))

  const results = await interleave(smoke ? 1 : 7, {
    paced: () => takes(2),
    hasty: () => takes(0),
    quiet: async () => {
      await pool.filled()
      const times: number[] = []
      for (let i = 0; i < 10 * size; i++) times.push(await change())
      all.quiet.push(...times)
      return median(times)
    },
    refilling: async () => {
      await pool.filled()
      const taken = await Promise.all(Array.from({ length: size }, () => pool.take()))
      const times: number[] = []
      while (pool.ready < size) times.push(await change())
      all.refilling.push(...times)
      await NetNs.deleteAll(taken)
      await NetNs.settled()
      return median(times)
    },
  })
  const { paced, hasty, quiet, refilling } = results
  const take = (what: string, ms: number) => ({
    what: `take() of a pool of ${size} pods, ${what}`,
    netloom: `${ms.toFixed(3)} ms`,
    against: `allowed ${allowedMs} ms`,
    ratio: ms / allowedMs,
    bound: { atMost: 1 },
  })
  return {
    figures: [
      take('every 2 ms', paced),
      {
        what: 'a change elsewhere while a pool refills',
        netloom: `${refilling.toFixed(3)} ms`,
        against: `while it is full ${quiet.toFixed(3)} ms`,
        ratio: refilling / quiet,
        bound: { atMost: 3 },
      },
    ],
    notes: [
      `pool: taken and deleted without a pause, take() has a median of ${hasty.toFixed(3)} ms`,
      `pool: the 99th percentile of a change elsewhere: ${percentile99(all.refilling)} while it refills, ` +
        `${percentile99(all.quiet)} while it is full`,
    ],
  }
}
