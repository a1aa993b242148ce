// Runs that are carried out as if by one job, in lots: results come while the next lot is carried out.
import type { Subject } from '../errors'
import { Lane, Outcome } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import { NetnsHandle } from '../native/netns_handle'
import { watched, type BatchResult } from '../netlink/batch'
import { joined, transactInTurn } from '../netlink/chain'
import type { OnFailure } from '../netlink/plan'
import { Sections } from '../netlink/template/layout'
import { transact, type Sendable, type Transacted } from '../netlink/transaction'
import { endOf, type Run, type RunResults } from './runs'

// So many in one job: few enough that JavaScript makes their results while the next job is carried out.
const mostCreations = 16
const mostOperations = 1000

/** Runs that are carried out by one job. */
export class Lot {
  readonly runs: Run[] = []
  readonly sections = new Sections()
  #creations = 0
  #operations = 0

  get isFull(): boolean {
    return this.#creations >= mostCreations || this.#operations >= mostOperations
  }

  /** Its sections, as one plan. */
  get plan(): Sendable {
    return { length: this.#operations, hand: (send) => send(this.sections.all) }
  }

  /** Adds a run, whose section was added. */
  add(run: Run): void {
    this.runs.push(run)
    this.#creations += run.description.creations.length
    this.#operations += run.description.items.length
  }
}

/** Is told of the runs, in their order, as they end; `done`: how many have ended. */
export interface RunListener {
  readonly onProgress?: ((done: number) => void) | undefined
  readonly onEnded?: ((ended: readonly RunResults[], done: number) => void) | undefined
}

/**
 * Makes the results of runs; throws if one failed that ends the others.
 * @param later - Whether they ended in a later turn of the event loop: else their answers lie in scratch memory.
 * @param known - The results of the first operations, if those are made.
 */
export type Conclude = (
  runs: readonly Run[],
  transacted: Transacted,
  later: boolean,
  known?: readonly (BatchResult | undefined)[],
) => RunResults[] | Promise<RunResults[]>

/** What a call is about, and what it was told. */
export interface LotCall {
  readonly subject: Subject
  readonly options: CallOptions
  readonly onFailure: OnFailure
  readonly listener: RunListener
}

/** Carries a lot out. What the listener throws ends it as an abort does, and is thrown. */
export async function carryOutOne(
  { runs, plan }: Lot,
  { subject, options, listener: { onProgress, onEnded } }: LotCall,
  conclude: Conclude,
): Promise<RunResults[]> {
  return watched(plan.length, onProgress && rowProgress(runs, onProgress), async (watch) => {
    const running = transact(plan, Lane.mutation, subject, options, watch)
    const later = running instanceof Promise
    const results = await conclude(runs, later ? await running : running, later)
    onEnded?.(results, results.length)
    return results
  })
}

/** Carries lots out in turn. What the listener throws ends them as an abort does, and is thrown. */
export async function carryOut(
  lots: readonly Lot[],
  { subject, options, onFailure, listener }: LotCall,
  conclude: Conclude,
): Promise<RunResults[]> {
  const stop = new AbortController()
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal])
  const plans = lots.map(({ plan }) => plan)
  const total = lots.reduce((sum, { runs }) => sum + runs.length, 0)
  const ended: Transacted[] = []
  const results: RunResults[] = []
  let whole = 0 // lots, from the first one on, whose results are made
  let failure: { readonly error: unknown } | undefined
  const fail = (error: unknown): void => {
    failure ??= { error }
    stop.abort()
  }
  for (const [i, part] of transactInTurn(plans, subject, { ...options, signal }).entries()) {
    const end = await part
    if ('error' in end) {
      fail(end.error)
      continue
    }
    ended.push(end.transacted)
    const { runs = [] } = lots[i] ?? {}
    if (whole < i || failure !== undefined || !succeeded(end.transacted, plans[i]?.length, onFailure)) continue
    try {
      const made = await conclude(runs, end.transacted, true)
      results.push(...made)
      whole++
      listener.onEnded?.(made, results.length)
      if (results.length < total) listener.onProgress?.(results.length)
    } catch (error) {
      fail(error)
    }
  }
  if (failure !== undefined) {
    closeCreated(ended.slice(whole))
    throw failure.error
  }
  if (whole === lots.length) {
    listener.onProgress?.(total)
    return results
  }
  // It failed: the error tells of all runs.
  return conclude(
    lots.flatMap(({ runs }) => runs),
    joined(plans, ended),
    true,
    results.flatMap(({ results }) => Array.from(results)),
  )
}

function succeeded({ tried, reports }: Transacted, length: number | undefined, { stop }: OnFailure): boolean {
  return tried === length && !(stop && reports.some(({ outcome }) => outcome === Outcome.failed))
}

/** Closes the handles of namespaces that nobody will be told of. */
export function closeCreated(ended: readonly Transacted[]): void {
  for (const { reports } of ended) {
    for (const { created } of reports) if (created !== undefined) new NetnsHandle(created).close()
  }
}

/** Tells how many runs are done: those whose operations are. */
function rowProgress(runs: readonly Run[], onProgress: (done: number) => void): (done: number) => void {
  let rows = 0
  return (done) => {
    for (let run = runs[rows]; run !== undefined && endOf(run) <= done; run = runs[++rows]);
    onProgress(rows)
  }
}
