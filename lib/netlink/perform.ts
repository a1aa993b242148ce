// Carries one operation out: one job, interrupted dumps again.
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, DumpInterruptedError, type Subject } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { Operation } from './operation'
import { reportWarnings, resultOf, wasInterrupted } from './outcome'
import { Plan } from './plan'
import { transact } from './transaction'

/** An interrupted dump is tried this often, with 1, 2, 4 … ms in between: half a second in all. */
const dumpTries = 10

/** Sends an operation's messages and makes its result. Rejects with an error that says what the kernel said. */
export async function perform<Result>(operation: Operation<Result>, options?: CallOptions): Promise<Result> {
  checkCallOptions(options)
  const subject = { operation: operation.name, netns: operation.netns.label }
  const deadline = options?.timeout === undefined ? undefined : performance.now() + options.timeout
  let limited = options
  for (let tries = 1; ; tries++) {
    const running = transact(Plan.of([operation]), operation.lane, subject, limited)
    // What ended at once lies in memory that the next one overwrites: nobody else gets a turn before it is read.
    const { reports } = running instanceof Promise ? await running : running
    const report = reports[0]
    reportWarnings(operation, report, options)
    const result = resultOf(operation, report)
    if (!wasInterrupted(report)) return result
    if (tries === dumpTries) throw new DumpInterruptedError(operation.name, operation.netns.label, tries, result)
    const rest = deadline === undefined ? Infinity : deadline - performance.now()
    await pause(Math.min(rest, 2 ** (tries - 1)), subject, options?.signal)
    if (deadline === undefined) continue
    if (performance.now() >= deadline) throw new AbortError(subject, 'none', undefined)
    limited = { ...options, timeout: deadline - performance.now() }
  }
}

async function pause(ms: number, subject: Subject, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(ms, undefined, signal === undefined ? {} : { signal })
  } catch {
    throw new AbortError(subject, 'none', signal?.reason)
  }
}
