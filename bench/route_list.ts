// Many routes as objects, against a program in C that only counts the messages of the same dump.
import type { Benchmark } from './benchmark'
import { floor } from './floor'
import { withRoutes } from './many_routes'
import { interleave, milliseconds } from './measure'
import { nameOf } from './namespaces'

export const routeList: Benchmark = async (context) => {
  const count = context.smoke ? 10_000 : 100_000
  await using ns = await withRoutes(context, count)
  let found = 0
  let walked = 0
  const { netloom, c } = await interleave(context.smoke ? 3 : 15, {
    netloom: () =>
      milliseconds(async () => {
        found = (await ns.routes.list({ family: 'ipv4' })).length
      }),
    c: async () => {
      const [took, messages = 0] = await floor(context, 'route_count', nameOf(ns), 1)
      walked = messages
      return took / 1e6
    },
  })
  if (found < count || found !== walked) throw new Error(`${found} routes were listed, ${walked} walked over`)
  return {
    figures: [
      {
        what: `routes.list of ${count}`,
        netloom: `${netloom.toFixed(1)} ms`,
        against: `C, counting ${c.toFixed(1)} ms`,
        ratio: netloom / c,
        bound: { atMost: 4 },
      },
    ],
  }
}
