// Transactions that are parts of one: they are carried out in turn, and none behind one that has stopped.
import { AbortError, type Subject } from '../errors'
import { addon, Lane } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import { detached, transact, type Sendable, type Transacted } from './transaction'

/** What became of a part; `error`: not even that is known. */
export type Part = { readonly transacted: Transacted } | { readonly error: unknown }

/** Hands all parts to the lane now, and tells of each, as soon as it has ended, what became of it. */
export function transactInTurn(
  parts: readonly Sendable[],
  subject: Subject,
  options: CallOptions | undefined,
): Promise<Part>[] {
  const chain = addon.openChain()
  try {
    return parts.map(async (part): Promise<Part> => {
      try {
        const running = transact(part, Lane.mutation, subject, options, undefined, chain)
        // What ended at once lies in memory that the next part's answer overwrites.
        return { transacted: running instanceof Promise ? await running : detached(running) }
      } catch (error) {
        return error instanceof AbortError && error.outcome === 'none' ? { transacted: notTried } : { error }
      }
    })
  } finally {
    addon.closeChain(chain)
  }
}

const notTried: Transacted = { interrupted: true, rolledBack: false, tried: 0, reports: [] }

/** What became of all of them, as if they were one. */
export function joined(parts: readonly Sendable[], ended: readonly Transacted[]): Transacted {
  let begin = 0
  const reports = ended.flatMap((one, i) => {
    const before = begin
    begin += parts[i]?.length ?? 0
    return one.reports.map((report) => ({ ...report, operation: before + report.operation }))
  })
  return {
    interrupted: ended.some(({ interrupted }) => interrupted),
    rolledBack: ended.some(({ rolledBack }) => rolledBack),
    tried: ended.reduce((sum, { tried }) => sum + tried, 0),
    reports,
  }
}
