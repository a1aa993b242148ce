// Carries many operations out as one job: their results in their order, and what became of them if one failed.
import { setImmediate } from 'node:timers/promises'
import { AbortError, BatchError, NetloomError, systemError, type Subject } from '../errors'
import { errnoNumber } from '../errno'
import { Lane, Outcome, type NetnsDescription } from '../native/addon'
import type { CallOptions, Watch } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { nothing as withoutResult, type Operation } from './operation'
import { reportWarnings, resultOf, wasInterrupted } from './outcome'
import { findNumbers, perform } from './perform'
import type { Creation, Plan } from './plan'
import { transact, type Report, type Transacted } from './transaction'

/** A namespace that a batch creates. */
export interface CreationItem<Result> {
  readonly name: string
  readonly creation: Creation
  /** Makes the handle of what was created; `path`: where it is pinned, if not where `creation` says. */
  result(created: NetnsDescription, path?: string): Result
}

/** One entry of a batch. */
export type BatchItem = Operation<unknown> | CreationItem<unknown>

/** What became of one entry, in the words of `Promise.allSettled`. */
export type BatchResult<Result = unknown> = PromiseSettledResult<Result>

/** Callbacks of a batch under way. */
export interface BatchListener {
  /** How many operations are done; what it throws ends the batch as an abort does. */
  readonly onProgress?: ((done: number) => void) | undefined
  /** What became of each operation, before `commit` resolves or rejects. */
  readonly onResults?: ((results: readonly BatchResult[]) => void) | undefined
}

/** Where a batch is carried out. */
interface Where {
  /** Default: that of changes. */
  readonly lane?: Lane
  /** Where the kernel is asked for the numbers of families; needed if an operation is of one that has to be asked for. */
  readonly netns?: NetnsReference
}

/** Carries a batch out. Rejects with a `BatchError` if it stopped, or was rolled back; else resolves to all results. */
export async function commit(
  plan: Plan<BatchItem>,
  subject: Subject,
  options: CallOptions,
  { onProgress, onResults, lane = Lane.mutation, netns }: BatchListener & Where = {},
): Promise<BatchResult[]> {
  if (netns !== undefined && plan.families.length > 0) await findNumbers(plan.families, netns, options)
  return watched(plan.length, onProgress, (watch) => carryOut(plan, lane, subject, options, { onResults, watch }))
}

/** Starts something that tells how many of its operations are done. What `onProgress` throws ends it, and is thrown. */
export async function watched<Result>(
  total: number,
  onProgress: ((done: number) => void) | undefined,
  start: (watch: Watch | undefined) => Promise<Result>,
): Promise<Result> {
  if (onProgress === undefined) return start(undefined)
  let thrown: { readonly error: unknown } | undefined
  const watch = (done: number): boolean => {
    try {
      // The last call is made after all has succeeded.
      if (done < total) onProgress(done)
      return true
    } catch (error) {
      thrown = { error }
      return false
    }
  }
  const [ended] = await Promise.allSettled([start(watch)])
  // Also where it was too late to end it: all was done.
  if (isThrown(thrown)) throw thrown.error
  if (ended.status === 'rejected') throw ended.reason
  onProgress(total)
  return ended.value
}

// A callback sets it, which the compiler does not see.
function isThrown(thrown: { readonly error: unknown } | undefined): thrown is { readonly error: unknown } {
  return thrown !== undefined
}

/** To make the handles of hundreds of namespaces takes that long again and again: others have their turn in between. */
const longestTurnMs = 1

async function carryOut(
  plan: Plan<BatchItem>,
  lane: Lane,
  subject: Subject,
  options: CallOptions,
  { onResults, watch }: Pick<BatchListener, 'onResults'> & { readonly watch: Watch | undefined },
): Promise<BatchResult[]> {
  const running = transact(plan, lane, subject, options, watch)
  const later = running instanceof Promise
  return conclude(plan, later ? await running : running, later, subject, options, { onResults })
}

/** The operations of a batch, and how it goes on when one fails. */
export type Noted = Pick<Plan<BatchItem>, 'items' | 'onFailure' | 'families'>

interface Concluding extends Pick<BatchListener, 'onResults'> {
  /** The results of the first operations, if those are made; undefined: done, and without result. */
  readonly known?: readonly (BatchResult | undefined)[] | undefined
}

/**
 * Makes the results of a batch that was carried out, or its error.
 * @param later - Whether it ended in a later turn of the event loop: else its answers lie in scratch memory.
 */
export async function conclude(
  { items, onFailure, families }: Noted,
  transacted: Transacted,
  later: boolean,
  subject: Subject,
  options: CallOptions,
  { onResults, known = [] }: Concluding = {},
): Promise<BatchResult[]> {
  const { interrupted, tried } = transacted
  const reports = new Map(transacted.reports.map((report) => [report.operation, report]))
  const results: BatchResult[] = []
  let turn = performance.now()
  for (const [i, item] of items.entries()) {
    results.push(i < known.length ? (known[i] ?? nothing) : settle(item, i, reports.get(i), transacted, options))
    // What ended at once lies in memory that the next call overwrites, so all of that is read before anything else happens.
    if (!later || i % 32 !== 0 || performance.now() - turn < longestTurnMs) continue
    await setImmediate()
    turn = performance.now()
  }
  onResults?.(results)
  const complete = tried === items.length
  if (interrupted && !complete) throw abortError(subject, transacted, reports, options.signal)
  // A look that finds nothing in a list fails here, and stopped nothing.
  const failed = results.findIndex(
    ({ status }, i) => status === 'rejected' && reports.get(i)?.outcome === Outcome.failed,
  )
  if (failed >= 0 && (onFailure.stop || onFailure.rollback)) {
    const error = batchError(subject, items, failed, results, transacted, reports)
    // Perhaps a family is gone, or was loaded again.
    if (error.code === 'ENOENT') for (const family of families) family.forget()
    throw error
  }
  return readAgain(items, results, reports, options)
}

function settle(
  item: BatchItem,
  index: number,
  report: Report | undefined,
  { rolledBack, tried }: Transacted,
  options: CallOptions,
): BatchResult {
  if (index >= tried) return rejected(notTried(item))
  if (report === undefined && !rolledBack && item.result === withoutResult) return nothing
  if (report?.outcome === Outcome.stuck || report?.outcome === Outcome.undone || (rolledBack && report === undefined)) {
    return rejected(takenBack(item, report?.outcome === Outcome.stuck))
  }
  try {
    if ('creation' in item) return creationResult(item, report)
    reportWarnings(item, report, options)
    return fulfilled(resultOf(item, report))
  } catch (error) {
    return rejected(error)
  }
}

// Most operations of a large batch have no result: they share this one.
const nothing: BatchResult = Object.freeze({ status: 'fulfilled', value: undefined })

function fulfilled(value: unknown): BatchResult {
  return value === undefined ? nothing : { status: 'fulfilled', value }
}

function rejected(reason: unknown): BatchResult {
  return { status: 'rejected', reason }
}

function creationResult(item: CreationItem<unknown>, report: Report | undefined): BatchResult {
  const { creation, name } = item
  if (report?.created !== undefined) return fulfilled(item.result(report.created))
  const { errno = 0, call } = report ?? {}
  throw systemError({ operation: name, netns: creation.netns.label, errno, syscall: call, detail: creation.path })
}

const ECANCELED = errnoNumber('ECANCELED') ?? 0

function subjectOf(item: BatchItem): Subject {
  return { operation: item.name, netns: 'creation' in item ? item.creation.netns.label : item.netns.label }
}

function notTried(item: BatchItem): NetloomError {
  return new NetloomError(
    `${item.name} was not tried, because the batch ended before`,
    'ERR_NETLOOM_NOT_TRIED',
    subjectOf(item),
  )
}

function takenBack(item: BatchItem, stuck: boolean): NetloomError {
  if (!stuck) {
    return new NetloomError(
      `${item.name} was taken back, because the batch failed`,
      'ERR_NETLOOM_ROLLED_BACK',
      subjectOf(item),
    )
  }
  const message = `${item.name} succeeded and could not be taken back, though the batch failed`
  return new NetloomError(message, 'ERR_NETLOOM_NOT_ROLLED_BACK', { ...subjectOf(item), leftover: true })
}

function isStuck(reports: ReadonlyMap<number, Report>): boolean {
  return [...reports.values()].some(({ outcome, leftover }) => outcome === Outcome.stuck || leftover)
}

function abortError(
  subject: Subject,
  { rolledBack, tried }: Transacted,
  reports: ReadonlyMap<number, Report>,
  signal: AbortSignal | undefined,
): NetloomError {
  const whole = tried === 0 || (rolledBack && !isStuck(reports))
  return new AbortError(subject, whole ? 'none' : 'unknown', signal?.aborted === true ? signal.reason : undefined)
}

function batchError(
  subject: Subject,
  items: readonly BatchItem[],
  index: number,
  results: readonly BatchResult[],
  { rolledBack, tried }: Transacted,
  reports: ReadonlyMap<number, Report>,
): NetloomError {
  const result = results[index]
  const cause: unknown = result?.status === 'rejected' ? result.reason : undefined
  const leftovers = [...reports.values()]
    .filter(({ outcome }) => outcome === Outcome.stuck)
    .map(({ operation }) => operation)
  const first = items[index]
  return new BatchError({
    ...subject,
    index,
    failedOperation: first?.name ?? '',
    cause,
    results,
    rolledBack,
    leftovers,
    leftover: isStuck(reports),
    tried,
    errno: cause instanceof NetloomError && cause.errno !== undefined ? -cause.errno : ECANCELED,
  })
}

/** A dump that the kernel interrupted is read again, after the batch. */
async function readAgain(
  items: readonly BatchItem[],
  results: BatchResult[],
  reports: ReadonlyMap<number, Report>,
  options: CallOptions,
): Promise<BatchResult[]> {
  for (const [index, report] of reports) {
    const item = items[index]
    if (!wasInterrupted(report) || item === undefined || 'creation' in item) continue
    results[index] = await perform(item, options).then(fulfilled, rejected)
  }
  return results
}
