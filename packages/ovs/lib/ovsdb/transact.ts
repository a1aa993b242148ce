// A transaction from its code to its results: sent, read, and run again where that cannot apply it twice.
import { setTimeout as sleep } from 'node:timers/promises'
import { Backoff, wrongType } from 'netloom/errors'
import type { Call, OvsdbCallOptions } from './calls'
import {
  malformed,
  OvsdbCommitError,
  OvsdbConnectionError,
  OvsdbOperationError,
  serverErrorOf,
  unreadable,
} from './errors'
import type { Json } from './json'
import type { JsonRow } from './operations'
import type { Online, Session } from './session'
import { Transaction } from './transaction'
import type { DatabaseTables } from './types'

/** Options of a transaction. */
export interface TransactionOptions extends OvsdbCallOptions {
  /**
   * Whether the code may run again after it was perhaps applied: when the connection was lost before the result came. True
   * only for code that looks first whether there is anything to do, or that makes the same of whatever there is. Default:
   * false, which rejects with an `OvsdbConnectionError` whose `outcome` is `'unknown'`. A transaction that changes nothing is
   * run again always.
   */
  readonly idempotent?: boolean | undefined
  /** How many times the code runs again because a wait found that the rows have changed. Default: 20. */
  readonly retries?: number | undefined
}

const withoutEffect: ReadonlySet<Json | undefined> = new Set(['select', 'wait', 'comment', 'assert', 'abort'])

function changesNothing(operations: readonly JsonRow[]): boolean {
  return operations.every(({ op }) => withoutEffect.has(op))
}

function nameOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** The results of a transaction, one for each operation. Throws what the server reported. */
export function readResults(operation: string, operations: readonly JsonRow[], json: Json): readonly JsonRow[] {
  if (!Array.isArray(json)) throw malformed('results of a transaction that are no array')
  const results = json as readonly Json[]
  operations.forEach(({ op, table }, index) => {
    const failure = serverErrorOf(results[index])
    if (failure === undefined) return
    const failed = { index, op: nameOf(op) ?? 'an operation', table: nameOf(table) }
    throw new OvsdbOperationError(operation, failed, failure, results.slice(0, index))
  })
  const failure = serverErrorOf(results[operations.length])
  if (failure !== undefined) throw new OvsdbCommitError(operation, failure)
  const read = results.slice(0, operations.length)
  if (read.length < operations.length) throw malformed('results of a transaction that are too few')
  if (read.some((result) => typeof result !== 'object' || result === null || Array.isArray(result))) {
    throw malformed('results of a transaction of which one is no object')
  }
  return read as readonly JsonRow[]
}

/** Reads what the server answered to a transaction; it may have been carried out, however strange the answer is. */
function understood<T>(operation: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (error instanceof OvsdbOperationError || error instanceof OvsdbCommitError) throw error
    throw unreadable(operation, error)
  }
}

/** Sends operations over one connection. When the call ends early, the server is told to forget them if it still waits. */
async function send({ connection, schema }: Online, operations: readonly JsonRow[], call: Call): Promise<Json> {
  return connection.request(call, 'transact', [schema.name, ...operations], (id) => {
    connection.notify('cancel', [id])
  })
}

/** Whether a transaction that failed so may be sent again: for sure nothing of it was applied, or nothing could be. */
function isHarmless(error: unknown, operations: readonly JsonRow[], idempotent: boolean): boolean {
  if (!(error instanceof OvsdbConnectionError)) return false
  return error.outcome === 'none' || idempotent || changesNothing(operations)
}

/** Sends operations that are written as JSON, again if the connection was lost and that does no harm. */
export async function transactRaw(session: Session, operations: readonly JsonRow[], call: Call): Promise<Json[]> {
  for (;;) {
    const online = await session.ready(call)
    try {
      const answer = await send(online, operations, call)
      return understood('transact', () => [...readResults('transact', operations, answer)])
    } catch (error) {
      if (!isHarmless(error, operations, false)) throw error
    }
  }
}

/** Whether a wait that does not wait has found that rows are not as expected. */
function isConflict(error: unknown, operations: readonly JsonRow[]): boolean {
  if (!(error instanceof OvsdbOperationError) || error.error !== 'timed out') return false
  return operations[error.index]?.op === 'wait' && operations[error.index]?.timeout === 0
}

// What has changed is on its way to the replica. Others that have met the same conflict come at another time.
const betweenConflicts = { min: 2, max: 250, jitter: true }

/** Runs the code of a transaction and sends what it wrote, until it is applied or cannot be. */
export async function runTransaction<Tables extends DatabaseTables, T>(
  session: Session,
  code: (tx: Transaction<Tables>) => T | Promise<T>,
  { idempotent = false, retries = 20 }: TransactionOptions,
  call: Call,
): Promise<T> {
  if (typeof code !== 'function') throw wrongType('code', 'a function', code)
  const backoff = new Backoff(betweenConflicts)
  for (let conflicts = 0; ;) {
    const online = await session.ready(call)
    const tx = new Transaction<Tables>(online.schema)
    const result = await call.race(Promise.resolve(code(tx)), 'none')
    const { operations } = tx
    if (operations.length === 0) return result
    // Code that took its time has perhaps seen rows, and used a schema, of an earlier connection.
    if (session.current !== online) continue
    try {
      const answer = await send(online, operations, call)
      understood('transaction', () => {
        tx.committed(readResults('transaction', operations, answer))
      })
      return result
    } catch (error) {
      if (isConflict(error, operations) && conflicts < retries) {
        conflicts++
        await call.race(sleep(backoff.next()), 'none')
      } else if (!isHarmless(error, operations, idempotent)) throw error
    }
  }
}
