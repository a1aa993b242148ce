// Errors of an OVSDB server: a refused operation, a refused commit, a malformed message, and a lost connection. Bad input is a
// TypeError or RangeError, as everywhere (wire/invalid.ts).
import { types } from 'node:util'
import { NetloomError } from 'netloom/errors'
import type { Json } from './json'

/** A server's description of a failure (`<error>` of RFC 7047, section 3.1). */
export interface ServerError {
  /** The kind of error, such as `constraint violation` or `timed out`. */
  readonly error: string
  /** The server's own words, if it gave any. */
  readonly details: string | undefined
}

/** The longest text of the server in an error's message; `error` and `details` have all of it. */
const mostShown = 1000

function said({ error, details }: ServerError): string {
  const words = details === undefined ? error : `${error}: ${details}`
  return words.length > mostShown ? `${words.slice(0, mostShown)}...` : words
}

/**
 * The server refused an operation of a transaction, and with it the whole transaction: nothing of it was applied. `code` is
 * `ERR_NETLOOM_OVSDB_OPERATION`.
 */
export class OvsdbOperationError extends NetloomError implements ServerError {
  override name = 'OvsdbOperationError'
  /** The kind of error, such as `constraint violation`, `timed out` (a wait), `not owner` (an assert) or `aborted`. */
  readonly error: string
  /** The server's own words, if it gave any. */
  readonly details: string | undefined
  /** The place of the operation in the transaction. */
  readonly index: number
  /** What the operation was: `insert`, `wait` … */
  readonly op: string
  /** The table that it was for; undefined for an operation without one. */
  readonly table: string | undefined
  /** The results of the operations before it. */
  readonly results: readonly Json[]

  constructor(
    operation: string,
    failed: { readonly index: number; readonly op: string; readonly table: string | undefined },
    failure: ServerError,
    results: readonly Json[],
  ) {
    const { index, op, table } = failed
    const where = table === undefined ? op : `${op} in ${table}`
    super(`${operation}: operation ${index} (${where}): ${said(failure)}`, 'ERR_NETLOOM_OVSDB_OPERATION', {
      operation,
      outcome: 'none',
    })
    this.error = failure.error
    this.details = failure.details
    this.index = index
    this.op = op
    this.table = table
    this.results = results
  }
}

/**
 * Each operation was possible, but not their result: a reference to a deleted row, a second row with the same name.
 * Nothing of the transaction was applied. `code` is `ERR_NETLOOM_OVSDB_COMMIT`.
 */
export class OvsdbCommitError extends NetloomError implements ServerError {
  override name = 'OvsdbCommitError'
  /** The kind of error, such as `referential integrity violation` or `constraint violation`. */
  readonly error: string
  /** The server's own words, if it gave any. */
  readonly details: string | undefined

  constructor(operation: string, failure: ServerError) {
    super(`${operation}: the commit failed: ${said(failure)}`, 'ERR_NETLOOM_OVSDB_COMMIT', {
      operation,
      outcome: 'none',
    })
    this.error = failure.error
    this.details = failure.details
  }
}

/**
 * The server refused a whole request (an unknown database, an unknown method), or has sent a malformed message. In the second case
 * `error` is `malformed`; `outcome` is `'unknown'` if that was the answer to a request which may have changed something. `code` is
 * `ERR_NETLOOM_OVSDB_PROTOCOL`.
 */
export class OvsdbProtocolError extends NetloomError implements ServerError {
  override name = 'OvsdbProtocolError'
  /** The kind of error, such as `unknown database`; `malformed` for a malformed message. */
  readonly error: string
  /** The server's own words, or a description of the malformed part. */
  readonly details: string | undefined

  constructor(operation: string, failure: ServerError, cause?: unknown, outcome?: 'unknown') {
    const end = outcome === 'unknown' ? '; the outcome is unknown' : ''
    super(`${operation}: ${said(failure)}${end}`, 'ERR_NETLOOM_OVSDB_PROTOCOL', { operation, cause, outcome })
    this.error = failure.error
    this.details = failure.details
  }
}

/** An OvsdbProtocolError for a malformed message. */
export function malformed(details: string, cause?: unknown): OvsdbProtocolError {
  return new OvsdbProtocolError('ovsdb', { error: 'malformed', details }, cause)
}

/** The error for a malformed answer to a request: it is unknown what the server has done. */
export function unreadable(operation: string, error: unknown): OvsdbProtocolError {
  const details = error instanceof OvsdbProtocolError ? error.details : asError(error).message
  return new OvsdbProtocolError(operation, { error: 'malformed', details }, error, 'unknown')
}

/**
 * There is no connection: no remote could be reached or was suitable, or the connection was lost. `outcome` is `'unknown'` if a
 * request had been sent that the server may or may not have performed. `code` is `ERR_NETLOOM_OVSDB_CONNECTION`, `cause` the reason.
 */
export class OvsdbConnectionError extends NetloomError {
  override name = 'OvsdbConnectionError'

  constructor(operation: string, what: string, outcome: 'none' | 'unknown', cause?: unknown) {
    const why = types.isNativeError(cause) ? `: ${cause.message}` : ''
    const end = outcome === 'unknown' ? '; the outcome is unknown' : ''
    super(`${operation}: ${what}${why}${end}`, 'ERR_NETLOOM_OVSDB_CONNECTION', { operation, outcome, cause })
  }
}

/** A thrown value as an error. Node's own errors may be of another realm, and are no `instanceof Error` then. */
export function asError(thrown: unknown): Error {
  return types.isNativeError(thrown) ? thrown : new Error(String(thrown))
}

/** A client, replica or lock that was used after it was closed. */
export function closedClient(operation: string, what: string): NetloomError {
  return new NetloomError(`${operation}: ${what} is closed`, 'ERR_NETLOOM_CLOSED', { operation, outcome: 'none' })
}

/** An `<error>` object of the server, if a value is one. */
export function serverErrorOf(value: Json | undefined): ServerError | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const { error, details } = value as { readonly error?: Json; readonly details?: Json }
  if (typeof error !== 'string') return undefined
  return { error, details: typeof details === 'string' ? details : undefined }
}
