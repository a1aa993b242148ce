// What a function describes that is called with a batch to note in: its operations, and which results it asks for.
import { types } from 'node:util'
import { NetloomError } from '../errors'
import type { NetnsReference } from '../native/netns_handle'
import type { BatchItem, BatchResult } from '../netlink/batch'
import { nothing, unread } from '../netlink/operation'
import type { BatchEntry } from '../netlink/verbs'
import { wrongType } from '../wire/invalid'
import { BatchBuilder, type MakeNetNs, type Notes } from './batch_builder'

/** What may be asked for: an entry of the batch, or several by names; nothing: only what is created. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a function that returns nothing
export type AskedFor = BatchEntry<unknown> | Readonly<Record<string, BatchEntry<unknown>>> | undefined | void

/** What entries come to. */
export type AnswersTo<Its extends AskedFor> =
  Its extends BatchEntry<infer Value>
    ? Value
    : Its extends Readonly<Record<string, BatchEntry<unknown>>>
      ? { readonly [Key in keyof Its]: Its[Key] extends BatchEntry<infer Value> ? Value : never }
      : undefined

/** Places of entries among the operations: one, some by names, or none. */
type Wanted = number | Readonly<Record<string, number>> | undefined

/** Operations that were described. */
export class Description {
  readonly items: readonly BatchItem[]
  /** The places of the namespaces that are created. */
  readonly creations: readonly number[]
  /** Whether an operation has a result, or finds out by its result that it failed. */
  readonly hasResults: boolean
  readonly #wanted: Wanted

  private constructor(items: readonly BatchItem[], wanted: Wanted) {
    const places = placesOf(wanted)
    // What nobody asks for is not looked up.
    this.items = items.map((item, i) => ('creation' in item || places.includes(i) ? item : unread(item)))
    this.creations = items.flatMap((item, i) => ('creation' in item ? [i] : []))
    this.hasResults = this.items.some((item) => !('creation' in item) && item.result !== nothing)
    this.#wanted = wanted
  }

  /**
   * Calls a function that notes operations, and returns the entries whose results it asks for.
   * @throws what an option throws that is refused; TypeError if it is asynchronous, or returns something else.
   */
  static of<Created>(
    netns: NetnsReference,
    make: MakeNetNs<Created>,
    describe: (batch: BatchBuilder<Created>) => unknown,
  ): Description {
    const notes = new List(netns)
    const asked: unknown = describe(new BatchBuilder(netns, make, notes))
    notes.end()
    if (types.isPromise(asked)) {
      // It is refused, so nobody else will handle its failure.
      void asked.catch(() => undefined)
      throw wrongType('describe', 'a synchronous function, for what it notes is carried out without it', describe)
    }
    return new Description(notes.items, wantedOf(asked, notes.items.length))
  }

  /** What is asked for, of the results. */
  answer(results: readonly (BatchResult | undefined)[]): unknown {
    const wanted = this.#wanted
    if (wanted === undefined) return undefined
    if (typeof wanted === 'number') return valueOf(results[wanted])
    return Object.fromEntries(Object.entries(wanted).map(([key, place]) => [key, valueOf(results[place])]))
  }
}

/** The value of a result; throws its error. */
export function valueOf(result: BatchResult | undefined): unknown {
  if (result?.status === 'rejected') throw result.reason
  return result?.value
}

function placesOf(wanted: Wanted): number[] {
  return wanted === undefined ? [] : typeof wanted === 'number' ? [wanted] : Object.values(wanted)
}

function placeOf(entry: unknown, count: number): number | undefined {
  const index: unknown = (entry as Partial<BatchEntry<unknown>> | null | undefined)?.index
  return typeof index === 'number' && index >= 0 && index < count ? index : undefined
}

function wantedOf(asked: unknown, count: number): Wanted {
  if (asked === undefined) return undefined
  const one = placeOf(asked, count)
  if (one !== undefined) return one
  if (typeof asked !== 'object' || asked === null) throw notEntries('describe', asked)
  return Object.fromEntries(
    Object.entries(asked).map(([key, entry]) => {
      const place = placeOf(entry, count)
      if (place === undefined) throw notEntries(`describe().${key}`, entry)
      return [key, place]
    }),
  )
}

function notEntries(field: string, value: unknown): TypeError {
  return wrongType(field, 'a function that returns nothing, an entry of the batch, or an object of entries', value)
}

class List implements Notes {
  readonly items: BatchItem[] = []
  readonly results = undefined
  readonly #netns: NetnsReference
  #ended = false

  constructor(netns: NetnsReference) {
    this.#netns = netns
  }

  get length(): number {
    return this.items.length
  }

  add(item: BatchItem): number {
    return this.items.push(item) - 1
  }

  end(): void {
    this.#ended = true
  }

  refuse(operation: string): void {
    if (!this.#ended) return
    const name = `Batch.${operation}`
    throw new NetloomError(`${name}: the description has ended`, 'ERR_NETLOOM_COMMITTED', {
      operation: name,
      netns: this.#netns.label,
    })
  }
}
