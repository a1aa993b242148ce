// Batch: the public face of many operations that are carried out as one job.
import { NetloomError } from '../errors'
import { Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { commit, type BatchItem, type BatchResult } from '../netlink/batch'
import { Plan, type OnFailure } from '../netlink/plan'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { BatchBuilder, type MakeNetNs, type Notes } from './batch_builder'
import { checkProgress, type ProgressOptions } from './many'

/** Options of `NetNs.batch`. */
export interface BatchOptions {
  /**
   * If one operation fails, what succeeded is taken back, the last first: what was made is removed; changed settings and
   * replaced, deleted or flushed addresses, routes, neighbors and rules are put back to what they were; and so is what the
   * kernel dropped along with a change, such as the routes of a device that was set down. Deleted links cannot be brought
   * back, and the error says so. The kernel is asked what there was as part of the same job. Default: false.
   */
  rollback?: boolean | undefined
  /**
   * What an operation that fails means for those behind it: `stop`: they are not tried, and `commit` rejects; `continue`:
   * they are tried all the same, and `commit` resolves. With `rollback` only `stop`. Default: `stop`.
   */
  onError?: 'stop' | 'continue' | undefined
}

const batchKeys = new Set(['rollback', 'onError'])
/** Checks the options of a batch. */
export function checkBatchOptions(options: BatchOptions = {}): OnFailure {
  checkKeys(options, batchKeys)
  const { rollback = false, onError = 'stop' } = options
  if (typeof rollback !== 'boolean') throw wrongType('rollback', 'a boolean', rollback)
  if ((onError as unknown) !== 'stop' && (onError as unknown) !== 'continue') {
    throw wrongValue('onError', '"stop" or "continue"', onError)
  }
  if (rollback && onError === 'continue') throw wrongValue('onError', '"stop" where "rollback" is true', onError)
  return { rollback, stop: onError === 'stop' }
}

/**
 * Operations that are noted first and then carried out as one job: one hop to the addon's thread, few system calls, results
 * in the order of the operations. What is wrong with an operation's options is thrown where it is noted.
 * @example
 * const batch = host.batch({ rollback: true })
 * const pod = batch.createNetNs('pod1')
 * batch.links.add({ kind: 'veth', name: 'veth1', up: true, peer: { netns: pod, name: 'eth0', up: true } })
 * pod.links.set('lo', { up: true })
 * pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
 * pod.routes.add({ dst: 'default', via: '10.0.0.1' })
 * await batch.commit()
 * const ns = pod.value // a NetNs
 */
export class Batch<Created> extends BatchBuilder<Created> {
  readonly #netns: NetnsReference
  readonly #lane: Lane
  readonly #notes: BatchNotes

  /** @internal NetNs.batch */
  constructor(netns: NetnsReference, make: MakeNetNs<Created>, options?: BatchOptions, lane: Lane = Lane.mutation) {
    const notes = new BatchNotes(checkBatchOptions(options), netns)
    super(netns, make, notes)
    this.#netns = netns
    this.#lane = lane
    this.#notes = notes
  }

  /** How many operations are noted. */
  get length(): number {
    return this.#notes.length
  }

  /**
   * Carries out what was noted, once. An empty batch resolves to an empty list.
   * @param options - `signal` and `timeout` end it between two operations: with `rollback`, what was done is taken back
   *   first, and the AbortError has the outcome `'none'`. `onProgress` is told up to twenty times a second how many
   *   operations are done, and at the end, unless that is an error; never after that or an abort. What it throws ends
   *   the batch as an abort does, unless all is done by then, and `commit` rejects with it: entries tell what was done.
   * @returns What became of each operation, in their order, as `Promise.allSettled` gives it.
   * @throws BatchError if an operation failed and the batch stopped there, or was rolled back: `cause` is its error.
   */
  async commit(options: ProgressOptions = {}): Promise<BatchResult[]> {
    checkProgress(options)
    const notes = this.#notes
    notes.commit()
    if (this.length === 0) return (notes.results = [])
    const subject = { operation: 'Batch.commit', netns: this.#netns.label }
    const { onProgress, ...call } = options
    const total = this.length
    const listener = {
      lane: this.#lane,
      netns: this.#netns,
      onProgress:
        onProgress === undefined
          ? undefined
          : (done: number): void => {
              onProgress({ done, total })
            },
      onResults: (results: readonly BatchResult[]): void => {
        notes.results = results
      },
    }
    try {
      return (notes.results = await commit(notes.plan, subject, call, listener))
    } catch (error) {
      notes.results ??= notes.plan.items.map(() => ({ status: 'rejected', reason: error }))
      throw error
    }
  }
}

/** The operations of a batch, laid out as they are noted. */
class BatchNotes implements Notes {
  readonly plan: Plan<BatchItem>
  results: readonly BatchResult[] | undefined
  readonly #netns: NetnsReference
  #committed = false

  constructor(onFailure: OnFailure, netns: NetnsReference) {
    this.plan = new Plan(onFailure)
    this.#netns = netns
  }

  get length(): number {
    return this.plan.length
  }

  add(item: BatchItem): number {
    return this.plan.add(item)
  }

  refuse(operation: string): void {
    if (!this.#committed) return
    throw new NetloomError(`Batch.${operation}: the batch was committed already`, 'ERR_NETLOOM_COMMITTED', {
      operation: `Batch.${operation}`,
      netns: this.#netns.label,
    })
  }

  /** Nothing is noted from now on. */
  commit(): void {
    this.refuse('commit')
    this.#committed = true
  }
}
