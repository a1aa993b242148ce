// Carries one operation out: one job, interrupted dumps again.
import { setTimeout as sleep } from 'node:timers/promises'
import { Backoff } from '../backoff'
import { AbortError, DumpInterruptedError, NetloomError, type Subject } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import type { NumberedFamily } from './message'
import type { Operation } from './operation'
import { reportWarnings, resultOf, wasInterrupted } from './outcome'
import { Plan } from './plan'
import { transact } from './transaction'

/** An interrupted dump is tried this often, with 1, 2, 4 … ms in between: half a second in all. */
const dumpTries = 10
const betweenDumps = { min: 1, max: 256 }

/** Sends an operation's messages and makes its result. Rejects with an error that says what the kernel said. */
export async function perform<Result>(operation: Operation<Result>, options?: CallOptions): Promise<Result> {
  checkCallOptions(options)
  const limit = new Limit(operation, options)
  let backoff: Backoff | undefined
  for (let tries = 1; ; tries++) {
    const plan = Plan.of([operation])
    const { families } = plan
    if (families.length > 0) await findNumbers(families, operation.netns, limit.options)
    const running = transact(plan, operation.lane, limit.subject, limit.options)
    // What ended at once lies in memory that the next one overwrites: nobody else gets a turn before it is read.
    const { reports } = running instanceof Promise ? await running : running
    const report = reports[0]
    reportWarnings(operation, report, options)
    let result: Result
    try {
      result = resultOf(operation, report)
    } catch (error) {
      if (tries > 1 || !(await haveMoved(error, families, operation.netns, limit.options))) throw error
      continue
    }
    if (!wasInterrupted(report)) return result
    if (tries === dumpTries) throw new DumpInterruptedError(operation.name, operation.netns.label, tries, result)
    backoff ??= new Backoff(betweenDumps)
    await limit.pause(backoff.next())
  }
}

/** Finds the numbers of families that have none yet. */
export async function findNumbers(
  families: readonly NumberedFamily[],
  netns: NetnsReference,
  options: CallOptions | undefined,
): Promise<void> {
  // While one is asked for, another may be forgotten.
  for (
    let missing = families[0];
    missing !== undefined;
    missing = families.find(({ number }) => number === undefined)
  ) {
    if (missing.number === undefined) await missing.find(netns, options)
  }
}

/**
 * Whether a refusal may mean that a family has another number by now: its module was removed and loaded again. Nobody had
 * the old number, so nothing was done.
 */
async function haveMoved(
  error: unknown,
  families: readonly NumberedFamily[],
  netns: NetnsReference,
  options: CallOptions | undefined,
): Promise<boolean> {
  if (families.length === 0 || !(error instanceof NetloomError) || error.code !== 'ENOENT') return false
  let moved = false
  for (const family of families) {
    const before = family.number
    moved = (await family.find(netns, options)) !== before || moved
  }
  return moved
}

/** The time limit and the signal of a call that is made of several. */
class Limit {
  readonly subject: Subject
  readonly #options: CallOptions | undefined
  readonly #deadline: number | undefined

  constructor({ name, netns }: Operation<unknown>, options: CallOptions | undefined) {
    this.subject = { operation: name, netns: netns.label }
    this.#options = options
    this.#deadline = options?.timeout === undefined ? undefined : performance.now() + options.timeout
  }

  get #rest(): number {
    return this.#deadline === undefined ? Infinity : this.#deadline - performance.now()
  }

  /** Those of the next call. */
  get options(): CallOptions | undefined {
    return this.#deadline === undefined ? this.#options : { ...this.#options, timeout: Math.max(0, this.#rest) }
  }

  async pause(ms: number): Promise<void> {
    const signal = this.#options?.signal
    try {
      await sleep(Math.min(this.#rest, ms), undefined, signal === undefined ? {} : { signal })
    } catch {
      throw new AbortError(this.subject, 'none', signal?.reason)
    }
    if (this.#rest <= 0) throw new AbortError(this.subject, 'none', undefined)
  }
}
