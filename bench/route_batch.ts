// Many routes in one batch, noted and committed, against a C program that adds the same ones.
import type { NetNs } from '../lib/index'
import type { Benchmark, Context } from './benchmark'
import { floor } from './floor'
import { interleave, median } from './measure'
import { fresh, nameOf, oneQueue } from './namespaces'
import { freed, nearEnd } from './pods/pod'

const gateway = '10.0.0.2'

/** A namespace for routes, and the index of its device. Its peer in the host tells when the kernel has freed it. */
async function withDevice(host: NetNs): Promise<{ ns: NetNs; index: number }> {
  const ns = await fresh('routes')
  const { index } = await ns.links.add({
    kind: 'veth',
    name: 'eth0',
    up: true,
    ...oneQueue,
    peer: { netns: host, name: nearEnd(0), up: true, ...oneQueue },
  })
  await ns.addresses.add({ dev: 'eth0', address: '10.0.0.1/24' })
  return { ns, index }
}

function destination(n: number): string {
  return `20.${n >> 16}.${(n >> 8) & 255}.${n & 255}/32`
}

/** The milliseconds that it took: to note them, to commit them up to where the event loop goes on, and all. */
interface Parts {
  readonly noting: number
  readonly handingOver: number
  readonly all: number
}

async function addBatch(ns: NetNs, index: number, count: number): Promise<Parts> {
  const batch = ns.batch()
  const begin = performance.now()
  for (let n = 0; n < count; n++) {
    batch.routes.add({ dst: destination(n), via: gateway, dev: index, metric: 100, protocol: 'static' })
  }
  const noted = performance.now()
  const committing = batch.commit()
  const handedOver = performance.now()
  const { length } = await committing
  if (length !== count) throw new Error(`${length} results for ${count} routes`)
  return { noting: noted - begin, handingOver: handedOver - noted, all: performance.now() - begin }
}

export const routeBatch: Benchmark = async (context: Context) => {
  const count = context.smoke ? 5_000 : 100_000
  await using host = await fresh('host')
  const measure = async (add: (ns: NetNs, index: number) => Promise<number>): Promise<number> => {
    const { ns, index } = await withDevice(host)
    const took = await add(ns, index)
    await ns.delete()
    await freed(host, [0])
    return took
  }
  const parts: Parts[] = []
  const { netloom, c } = await interleave(
    context.smoke ? 1 : 7,
    {
      netloom: () =>
        measure(async (ns, index) => {
          const took = await addBatch(ns, index, count)
          parts.push(took)
          return took.all
        }),
      c: () =>
        measure(async (ns, index) => {
          const [each] = await floor(context, 'route_add', nameOf(ns), index, gateway, count)
          return (each * count) / 1e6
        }),
    },
    context.onProgress,
  )
  const part = (of: (took: Parts) => number): string => median(parts.map(of)).toFixed(0)
  return {
    figures: [
      {
        what: `${count} routes in one batch`,
        netloom: `${netloom.toFixed(0)} ms`,
        against: `C ${c.toFixed(0)} ms`,
        ratio: netloom / c,
        bound: { atMost: 1.5 },
      },
    ],
    notes: [
      `${count} routes in one batch: noted in ${part(({ noting }) => noting)} ms; ` +
        `commit() holds the event loop for ${part(({ handingOver }) => handingOver)} ms before it waits`,
    ],
  }
}
