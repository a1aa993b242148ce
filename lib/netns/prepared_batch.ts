// PreparedBatch: the public face of operations that are described once, and carried out any number of times with other values.
import { BatchError, closedError } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { handleOf, type NetnsReference, type NetnsTarget } from '../native/netns_handle'
import { HoleNetns, type Hole } from '../netlink/template/hole'
import type { OnFailure } from '../netlink/plan'
import { checkKeys, wrongType } from '../wire/invalid'
import { FutureNetns } from './future'
import type { Fills, HoleValues } from './holes'
import { checkProgress, type ProgressOptions } from './many'
import { Preparation, type DescribeWith } from './preparation'
import { PreparedResult } from './prepared_result'
import { closeMade, ofRow, type RunResults } from './runs'

/** Options of `PreparedBatch.runMany`. */
export interface RunManyOptions<Created, Answers> extends ProgressOptions {
  /**
   * Called with what each row came to, in the order of the rows: as soon as it is known, which with `rollback` is when all are
   * done. What it throws ends the batch as an abort does, and is thrown.
   */
  onResult?: ((result: PreparedResult<Created, Answers>, row: number) => void) | undefined
}

const runManyKeys = ['onResult']

/**
 * A batch that was described, checked and laid out once, and is carried out any number of times: of each run only the values are
 * checked and written. It may be kept for as long as the namespace's handle, and many runs may be under way at the same time.
 *
 * The description is called with examples of the values, and again with the values of a run that fails, or whose values mean
 * something special (`127.0.0.1`, for one): it must not depend on anything else, nor decide by the values.
 */
export class PreparedBatch<Values extends Fills<Values>, Created, Answers> {
  readonly #netns: NetnsReference
  readonly #holes: Readonly<Record<string, Hole>>
  readonly #keys: ReadonlySet<string>
  #preparation: Preparation | undefined

  /** @internal NetNs.prepare */
  constructor(
    netns: NetnsReference,
    holes: Readonly<Record<string, Hole>>,
    describe: DescribeWith,
    onFailure: OnFailure,
  ) {
    this.#netns = netns
    this.#holes = holes
    this.#keys = new Set(Object.keys(holes))
    this.#preparation = new Preparation(netns, holes, describe, onFailure)
  }

  /** Whether it was closed. */
  get closed(): boolean {
    return this.#preparation === undefined
  }

  /**
   * Carries the operations out with these values, as one job.
   * @param options - `signal` and `timeout`, as of `Batch.commit`.
   * @throws What an option throws that refuses a value; BatchError, as `Batch.commit`; NetloomError
   *   (`ERR_NETLOOM_CLOSED`) if it, or a namespace, is closed.
   * @example
   * const { netns } = await pod.run({ ns: 'p1', port: 'v1', mac: '02:00:00:00:00:01', address: '10.0.0.2/24' })
   */
  async run(values: Values, options?: CallOptions): Promise<PreparedResult<Created, Answers>> {
    const preparation = this.#use('run')
    checkCallOptions(options)
    this.#check(values)
    const { description, results } = await preparation.run(values, this.#subject('run'), options)
    return new PreparedResult(description, results)
  }

  /**
   * Carries the operations out with the values of each row, as one batch of all of them. Values are all checked before anything
   * is done. Without `rollback` the kernel gets it in lots, and results come as lots end.
   * @param options - `signal` and `timeout`, as of `Batch.commit`; `onProgress` is told how many rows are done, `onResult`
   *   what each came to.
   * @returns What became of each row, in their order.
   * @throws As `run`; an error about a row has its number as `row`. Nothing is done where a value is refused.
   * @example
   * const pods = await pod.runMany(rows, { onResult: ({ netns }, row) => console.log(row, netns.name) })
   */
  async runMany(
    rows: Iterable<Values>,
    options: RunManyOptions<Created, Answers> = {},
  ): Promise<PreparedResult<Created, Answers>[]> {
    const preparation = this.#use('runMany')
    checkProgress(options, runManyKeys)
    const { onProgress, onResult, ...call } = options
    if (onResult !== undefined && typeof (onResult as unknown) !== 'function')
      throw wrongType('onResult', 'a function', onResult)
    if (typeof (rows as Partial<Iterable<Values>> | null | undefined)?.[Symbol.iterator] !== 'function') {
      throw wrongType('rows', 'an iterable of objects of values', rows)
    }
    const all = [...rows] as HoleValues[]
    for (const [row, values] of all.entries()) {
      ofRow(row, () => {
        this.#check(values)
      })
    }
    if (all.length === 0) return []
    const total = all.length
    const results: PreparedResult<Created, Answers>[] = []
    const untold: RunResults[] = []
    const onEnded = (ended: readonly RunResults[]): void => {
      untold.push(...ended)
      for (const { description, results: its } of ended) {
        const result = new PreparedResult<Created, Answers>(description, its)
        results.push(result)
        if (onResult === undefined) continue
        untold.shift()
        onResult(result, results.length - 1)
      }
    }
    const told = (done: number): void => onProgress?.({ done, total })
    try {
      await preparation.runAll(all, this.#subject('runMany'), call, { onEnded, onProgress: onProgress && told })
    } catch (error) {
      // A BatchError has all results.
      if (!(error instanceof BatchError)) closeMade(untold.flatMap(({ results: its }) => Array.from(its)))
      throw error
    }
    return results
  }

  /** Frees what it holds; runs under way finish. May be called again. */
  close(): void {
    this.#preparation = undefined
  }

  /** For `using`: `close`. */
  [Symbol.dispose](): void {
    this.close()
  }

  #subject(verb: string): { operation: string; netns: string } {
    return { operation: `PreparedBatch.${verb}`, netns: this.#netns.label }
  }

  #use(verb: string): Preparation {
    if (this.#preparation !== undefined) return this.#preparation
    throw closedError(`PreparedBatch.${verb}`, this.#netns.label, 'the prepared batch')
  }

  /** Whether there is a value for each hole; what it has to be, its option says. */
  #check(values: HoleValues): void {
    checkKeys(values, this.#keys, 'values')
    for (const key of this.#keys) {
      const { expected = '', isNetns = false } = this.#holes[key] ?? {}
      const value = values[key]
      if (value === undefined) throw wrongType(key, expected, value)
      if (isNetns && !isOpenNetns(value)) throw wrongType(key, expected, value)
    }
  }
}

function isOpenNetns(value: unknown): boolean {
  const netns = (value as Partial<NetnsTarget> | null)?.[handleOf]
  return netns !== undefined && !(netns instanceof FutureNetns) && !(netns instanceof HoleNetns)
}
