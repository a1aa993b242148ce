// A job that does nothing, from JavaScript through the mutation lane's thread and back: what every call costs besides.
// One that is awaited alone, as here, may end within the call that starts it; else it comes back by the event loop.
import { addon, Lane, type Started } from '../lib/native/addon'
import { runJob } from '../lib/native/jobs'
import { planHead, planSize } from '../lib/native/layout'
import type { Benchmark } from './benchmark'
import { interleave, milliseconds } from './measure'

const allowed = 15

// Without bytes and operations.
const plan = new Int32Array(planSize.head)
plan[planHead.words] = planSize.head
plan[planHead.sections] = 1
const bytes = new Uint8Array(0)
const start = (): Started => addon.transact(Lane.mutation, plan, bytes, '')

export const jobRoundTrip: Benchmark = async ({ smoke }) => {
  const count = smoke ? 2_000 : 20_000
  const { job } = await interleave(smoke ? 3 : 15, {
    job: async () => {
      const took = await milliseconds(async () => {
        for (let i = 0; i < count; i++) await runJob({ operation: 'bench' }, start)
      })
      return (1000 * took) / count
    },
  })
  return {
    figures: [
      {
        what: 'an empty job, round trip',
        netloom: `${job.toFixed(2)} µs`,
        against: `allowed ${allowed} µs`,
        ratio: job / allowed,
        bound: { atMost: 1 },
      },
    ],
  }
}
