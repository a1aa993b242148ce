// NetNs.prepare: what is given to it, in both of its forms, and the first look at what it describes.
import type { NetnsReference } from '../native/netns_handle'
import type { Hole } from '../netlink/template/hole'
import { examplesOf, type HoleValues } from '../netlink/template/template'
import { wrongType, wrongValue } from '../wire/invalid'
import { checkBatchOptions, type BatchOptions } from './batch'
import type { BatchBuilder, MakeNetNs } from './batch_builder'
import { Description } from './description'
import { holeMaker, makeHole, templatesOf, type HoleMaker, type Holes } from './holes'
import { PreparedBatch } from './prepared_batch'

/** Either of a prepared batch's two forms of description. */
type Describe<Created> = (batch: BatchBuilder<Created>, holes: never) => unknown

/** Prepares a batch. */
export function prepare<Created>(
  netns: NetnsReference,
  make: MakeNetNs<Created>,
  given: readonly unknown[],
): PreparedBatch<HoleValues, Created, unknown> {
  const declared = typeof given[0] === 'function'
  const [describe, options] = given.slice(declared ? 0 : 1) as [Describe<Created>, BatchOptions | undefined]
  if (typeof describe !== 'function') throw wrongType('describe', 'a function', describe)
  const onFailure = checkBatchOptions(options)
  const run = (holes: unknown): Description => Description.of(netns, make, (batch) => describe(batch, holes as never))
  if (declared) {
    const holes = declaredBy(run)
    return new PreparedBatch(netns, holes, (values) => run(reader(holes, values)), onFailure)
  }
  const holes = templatesOf(given[0] as Holes)
  run(examplesOf(holes))
  return new PreparedBatch(netns, holes, run, onFailure)
}

/** Calls a description to learn which holes it declares. */
function declaredBy(run: (holes: HoleMaker) => unknown): Record<string, Hole> {
  const holes: Record<string, Hole> = {}
  const examples: Record<string, unknown> = {}
  run(
    holeMaker((key, declared) => {
      const hole = declared[makeHole](key)
      const known = holes[key]
      if (known === undefined) examples[key] = hole.example()
      else if (known.expected !== hole.expected) throw wrongValue(key, known.expected, hole.expected)
      holes[key] ??= hole
      return examples[key]
    }),
  )
  return holes
}

/** Gives the values of a run where holes are declared. */
function reader(holes: Readonly<Record<string, Hole>>, values: HoleValues): HoleMaker {
  return holeMaker((key) => {
    if (!(key in holes)) throw wrongValue('describe', 'a function that declares the same holes each time', key)
    return values[key]
  })
}
