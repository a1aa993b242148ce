// One link by its name, against the same request in C.
import type { Benchmark } from './benchmark'
import { floor } from './floor'
import { interleave, milliseconds } from './measure'
import { fresh, nameOf, oneQueue } from './namespaces'

export const linkGet: Benchmark = async (context) => {
  const count = context.smoke ? 500 : 5_000
  await using ns = await fresh('get')
  await ns.links.add({ kind: 'veth', name: 'veth0', ...oneQueue, peer: { name: 'veth1', ...oneQueue } })
  const { netloom, c } = await interleave(context.smoke ? 3 : 15, {
    netloom: async () => {
      const took = await milliseconds(async () => {
        for (let i = 0; i < count; i++) await ns.links.get('veth0')
      })
      return (1000 * took) / count
    },
    c: async () => (await floor(context, 'link_get', nameOf(ns), 'veth0', count))[0] / 1000,
  })
  return {
    figures: [
      {
        what: 'links.get by name',
        netloom: `${netloom.toFixed(2)} µs`,
        against: `C ${c.toFixed(2)} µs`,
        ratio: netloom / c,
        bound: { atMost: 2.5 },
      },
    ],
  }
}
