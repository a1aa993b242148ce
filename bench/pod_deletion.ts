// How long it takes to delete pods, up to when the call returns: the kernel frees them later, by itself.
import { NetNs } from '../lib/index'
import type { Benchmark, Figure } from './benchmark'
import { interleave, milliseconds } from './measure'
import { fresh, freshPrefix } from './namespaces'
import { floorPods } from './pods/floor'
import { makeTogether } from './pods/netloom'
import { freed, numbersOf, type Lot } from './pods/pod'

export const podDeletion: Benchmark = async (context) => {
  const count = context.smoke ? 10 : 300
  await using host = await fresh('host')
  const measure = async (remove: (lot: Lot, pods: readonly NetNs[]) => Promise<number>): Promise<number> => {
    const lot = { host, prefix: freshPrefix('pod'), first: 0, count }
    const pods = await makeTogether(lot)
    const took = await remove(lot, pods)
    for (const pod of pods) pod.close()
    await freed(host, numbersOf(lot))
    return (1000 * took) / count
  }
  const found = await interleave(
    context.smoke ? 1 : 9,
    {
      handles: () => measure((_, pods) => milliseconds(() => NetNs.deleteAll(pods))),
      prefix: () => measure(({ prefix }) => milliseconds(() => NetNs.deleteAll({ prefix }))),
      c: () => measure(async (lot) => (await floorPods(context, lot, 1, 'delete')).took),
    },
    context.onProgress,
  )
  const figure = (how: string, took: number): Figure => ({
    what: `delete a pod of ${count}, ${how}`,
    netloom: `${took.toFixed(1)} µs`,
    against: `C ${found.c.toFixed(1)} µs`,
    ratio: took / found.c,
  })
  return { figures: [figure('deleteAll(handles)', found.handles), figure('deleteAll({ prefix })', found.prefix)] }
}
