// What a run of a prepared batch came to.
import type { BatchResult } from '../netlink/batch'
import { outOfRange } from '../wire/invalid'
import { valueOf, type Description } from './description'

/** What a run of a prepared batch came to. */
export class PreparedResult<Created, Answers> {
  readonly #description: Description
  readonly #results: readonly (BatchResult | undefined)[]

  /** @internal Undefined stands for what was done and has no result. */
  constructor(description: Description, results: readonly (BatchResult | undefined)[]) {
    this.#description = description
    this.#results = results
  }

  /** The namespaces that it created, in their order. Throws the error of one that could not be created. */
  get namespaces(): Created[] {
    return this.#description.creations.map((place) => valueOf(this.#results[place]) as Created)
  }

  /** The first namespace that it created. Throws its error if it could not be created, a RangeError if there is none. */
  get netns(): Created {
    const place = this.#description.creations[0]
    if (place === undefined) throw outOfRange('netns', 'of a batch that creates a namespace', undefined)
    return valueOf(this.#results[place]) as Created
  }

  /** What the entries came to that the description returned. Throws the error of one that failed. */
  get value(): Answers {
    return this.#description.answer(this.#results) as Answers
  }

  /** What became of each operation, in their order, as `Promise.allSettled` gives it. */
  get results(): BatchResult[] {
    return this.#description.items.map((_, i) => this.#results[i] ?? { status: 'fulfilled', value: undefined })
  }
}
