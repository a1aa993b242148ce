// How many routes of five attributes the codec decodes in a second: a dump's bytes, received before, to objects.
import { handleOf } from '../lib/native/netns_handle'
import { scratch } from '../lib/native/addon'
import { forEachMessage } from '../lib/netlink/message'
import { Plan } from '../lib/netlink/plan'
import { transact } from '../lib/netlink/transaction'
import { decodeRoute } from '../lib/route/route_decode'
import { routeVerbs } from '../lib/route/route_operations'
import type { NetNs } from '../lib/index'
import type { Benchmark } from './benchmark'
import { withRoutes } from './many_routes'
import { copyOf } from '../lib/wire/scratch'
import { interleave, milliseconds } from './measure'

const required = 1.5

async function dumpOf(ns: NetNs): Promise<Uint8Array[]> {
  const operation = routeVerbs.list(ns[handleOf], { family: 'ipv4' })
  const { reports } = await transact(Plan.of([operation]), operation.lane, { operation: operation.name }, undefined)
  return (reports[0]?.answers ?? []).flatMap(({ blocks }) =>
    blocks.map((block) => (typeof block === 'number' ? copyOf(scratch, 0, block) : block)),
  )
}

function decode(blocks: readonly Uint8Array[]): number {
  let decoded = 0
  for (const block of blocks) {
    forEachMessage(block, (message) => {
      if (decodeRoute(message)?.via === '10.0.0.2') decoded++
    })
  }
  return decoded
}

export const routeDecode: Benchmark = async (context) => {
  const count = context.smoke ? 10_000 : 100_000
  const times = 5
  await using ns = await withRoutes(context, count)
  const blocks = await dumpOf(ns)
  const { rate } = await interleave(context.smoke ? 3 : 15, {
    rate: async () => {
      const took = await milliseconds(() => {
        for (let i = 0; i < times; i++) {
          const decoded = decode(blocks)
          if (decoded !== count) throw new Error(`${decoded} routes were decoded, not ${count}`)
        }
      })
      return (count * times) / took / 1000
    },
  })
  return {
    figures: [
      {
        what: 'routes of five attributes decoded',
        netloom: `${rate.toFixed(2)} million/s`,
        against: `required ${required} million/s`,
        ratio: rate / required,
        bound: { atLeast: 1 },
      },
    ],
  }
}
