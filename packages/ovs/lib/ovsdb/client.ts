// A client of one database: its requests, and the replicas and locks that it restores after a reconnection.
import { constants } from 'node:buffer'
import { EventEmitter } from 'node:events'
import { NetloomError, outOfRange, wrongType, wrongValue } from 'netloom/errors'
import { checkArray, checkKeys, checkObject } from 'netloom/values'
import { Call, checkCall, checkMilliseconds, type OvsdbCallOptions } from './calls'
import { malformed } from './errors'
import { tell } from './events'
import type { Json } from './json'
import { Lock, type LockOptions } from './lock'
import type { TableRequest } from './mirror'
import type { JsonRow } from './operations'
import { parseRemote, type Dial, type TlsOptions } from './remote'
import { Replica, type MonitoredRows, type MonitorRequest } from './replica'
import type { DatabaseSchema } from './schema'
import { Session, type SessionOptions } from './session'
import { defaultMessageLimit } from './splitter'
import type { Transaction } from './transaction'
import { runTransaction, transactRaw, type TransactionOptions } from './transact'
import type { DatabaseTables, UntypedTables } from './types'

/** Milliseconds between attempts to connect. */
export interface Backoff {
  /** The first time; at least 1. Default: 100. */
  readonly min?: number | undefined
  /** The longest time. Default: 8000, or `min` if that is more. */
  readonly max?: number | undefined
}

/** Options for the connections to a database. */
export interface OvsdbConnectOptions extends OvsdbCallOptions {
  /**
   * Where its servers listen: `unix:PATH`, `tcp:HOST[:PORT]` or `ssl:HOST[:PORT]` (the port is 6640 unless given), tried in
   * this order, again and again.
   */
  readonly remotes: string | readonly string[]
  /** The database's name, such as `Open_vSwitch`. */
  readonly database: string
  /**
   * Connects only to the leader of a cluster: reads there are never stale, and writes take one step less. Default: true.
   */
  readonly leaderOnly?: boolean | undefined
  /**
   * Certificates and other options of `tls.connect`, for `ssl:`. The server's name is checked, by `checkServerIdentity` if it is
   * given.
   */
  readonly tls?: TlsOptions | undefined
  /** Opens connections instead of `net.connect`, for example in a network namespace; TLS goes over it. */
  readonly dial?: Dial | undefined
  /** Goes on trying if no server serves at first, until `signal` or `timeout` ends it. Default: false. */
  readonly persistent?: boolean | undefined
  /** Milliseconds that one attempt may take until the server serves. Default: 5000. */
  readonly connectTimeout?: number | undefined
  /**
   * Milliseconds of silence after which an echo is sent; after as long again without an answer the connection is closed.
   * 0 means never. Default: 5000.
   */
  readonly probeInterval?: number | undefined
  /** Milliseconds between attempts, twice as many each time. */
  readonly backoff?: Backoff | undefined
  /** The largest message, in bytes, that the server may send; no more than a string can have. Default: 256 MiB. */
  readonly messageLimit?: number | undefined
}

const connectKeys = [
  'remotes',
  'database',
  'leaderOnly',
  'tls',
  'dial',
  'persistent',
  'connectTimeout',
  'probeInterval',
  'backoff',
  'messageLimit',
]

function checkBoolean(value: unknown, field: string): void {
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
}

function checkName(value: unknown, field: string): asserts value is string {
  if (typeof value !== 'string') throw wrongType(field, 'a string', value)
  if (value === '') throw wrongValue(field, 'a name', value)
}

function checkBackoff(backoff: OvsdbConnectOptions['backoff']): { min: number; max: number } {
  if (backoff !== undefined) checkKeys(backoff, new Set(['min', 'max']), 'backoff')
  const { min = 100, max = Math.max(8000, min) } = backoff ?? {}
  checkMilliseconds(min, 'backoff.min')
  checkMilliseconds(max, 'backoff.max')
  if (min < 1) throw outOfRange('backoff.min', 'at least 1', min)
  if (max < min) throw outOfRange('backoff.max', 'at least backoff.min', max)
  return { min, max }
}

function sessionOptions(options: OvsdbConnectOptions): SessionOptions {
  checkCall(options, connectKeys)
  const { remotes, database, tls, dial, leaderOnly = true, connectTimeout = 5000, probeInterval = 5000 } = options
  const { messageLimit = defaultMessageLimit } = options
  checkName(database, 'database')
  checkBoolean(leaderOnly, 'leaderOnly')
  checkBoolean(options.persistent, 'persistent')
  checkMilliseconds(connectTimeout, 'connectTimeout')
  checkMilliseconds(probeInterval, 'probeInterval')
  if (tls !== undefined) checkObject(tls, 'tls')
  if (dial !== undefined && typeof dial !== 'function') throw wrongType('dial', 'a function', dial)
  if (!Number.isSafeInteger(messageLimit)) throw wrongType('messageLimit', 'a number of bytes', messageLimit)
  if (messageLimit < 1 || messageLimit > constants.MAX_STRING_LENGTH) {
    throw outOfRange('messageLimit', `from 1 to ${constants.MAX_STRING_LENGTH}`, messageLimit)
  }
  const names = Array.isArray(remotes) ? checkArray(remotes, 'remotes') : [remotes]
  if (names.length === 0) throw wrongValue('remotes', 'at least one address', remotes)
  return {
    remotes: names.map(parseRemote),
    database,
    tls,
    dial,
    leaderOnly,
    connectTimeout,
    probeInterval,
    messageLimit,
    backoff: checkBackoff(options.backoff),
  }
}

/** The events of a client. */
export interface OvsdbClientEvents {
  /** A connection is open, and replicas and locks are restored. */
  connect: [remote: string]
  /** The connection is lost; the client tries to reconnect. */
  disconnect: [reason: Error]
}

function tableRequests(request: unknown): Readonly<Record<string, TableRequest>> {
  const entries = Object.entries(checkObject(request, 'tables', 'an object of tables')).filter(
    ([, table]) => table !== undefined,
  )
  if (entries.length === 0) throw wrongValue('tables', 'at least one table', request)
  return Object.fromEntries(
    entries.map(([name, table]) => {
      if (table === true) return [name, {}]
      checkKeys(table, new Set(['columns', 'where', 'indexes']), name)
      const { indexes } = table as { indexes?: unknown }
      if (indexes !== undefined) checkArray(indexes, `${name}.indexes`)
      return [name, table as TableRequest]
    }),
  )
}

function checkOperations(operations: unknown): asserts operations is readonly JsonRow[] {
  checkArray(operations, 'operations').forEach((operation, i) => {
    if (typeof (operation as { op?: unknown } | null | undefined)?.op === 'string') return
    throw wrongType(`operations[${i}]`, 'an object with an op', operation)
  })
}

const lockName = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * A client of one OVSDB database (RFC 7047). It reconnects by itself; replicas and locks come back with the connection.
 * `Tables` are the types of the database's tables, as `netloom-ovsdb-types` writes them.
 * @example
 * await using db = await OvsdbClient.connect<OpenVswitch.Tables>({
 *   remotes: 'unix:/run/openvswitch/db.sock',
 *   database: 'Open_vSwitch',
 * })
 * const bridges = await db.transaction((tx) => tx.select(tx.rows('Bridge'), ['name']))
 * console.log(bridges.value)
 */
export class OvsdbClient<Tables extends DatabaseTables = UntypedTables>
  extends EventEmitter<OvsdbClientEvents>
  implements AsyncDisposable
{
  /** The database's name. */
  readonly database: string
  readonly #session: Session
  readonly #locks = new Map<string, Lock>()

  private constructor(options: SessionOptions) {
    super()
    this.database = options.database
    this.#session = new Session(options, {
      connected: (remote) => {
        tell(() => this.emit('connect', remote))
      },
      disconnected: (reason) => {
        tell(() => this.emit('disconnect', reason))
      },
    })
  }

  /**
   * Connects to the first server that has the database (and is its leader).
   * @throws OvsdbConnectionError if none does, unless `persistent`; TypeError or RangeError for options that cannot be right.
   */
  static async connect<Tables extends DatabaseTables = UntypedTables>(
    options: OvsdbConnectOptions,
  ): Promise<OvsdbClient<Tables>> {
    const client = new OvsdbClient<Tables>(sessionOptions(options))
    using call = new Call('connect', options)
    await client.#session.start(call, options.persistent ?? false)
    return client
  }

  /** Whether there is a connection now. */
  get connected(): boolean {
    return this.#session.current !== undefined
  }

  /** The remote that the client is connected to; undefined if to none. */
  get remote(): string | undefined {
    return this.#session.current?.remote
  }

  /** The database's schema, as the server has it. */
  get schema(): DatabaseSchema {
    return this.#session.schema
  }

  /** The names of all databases that the server has (`list_dbs`). */
  async listDatabases(options?: OvsdbCallOptions): Promise<string[]> {
    const names = await this.#ask('listDatabases', 'list_dbs', [], options)
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names
    throw malformed('names of databases that are none')
  }

  /**
   * The schema of any database that the server has, as JSON (`get_schema`).
   * @throws OvsdbProtocolError if there is no such database.
   */
  async getSchema(database = this.database, options?: OvsdbCallOptions): Promise<Json> {
    checkName(database, 'database')
    return this.#ask('getSchema', 'get_schema', [database], options)
  }

  /** Sends an echo request, and waits for the answer. */
  async echo(options?: OvsdbCallOptions): Promise<void> {
    await this.#ask('echo', 'echo', [], options)
  }

  /**
   * Sends operations as in RFC 7047, section 5.2, and returns the server's results, both without conversion. Sends them again after
   * a reconnection only if that cannot apply them twice.
   * @throws OvsdbOperationError, OvsdbCommitError, OvsdbConnectionError
   */
  async transact(operations: readonly Readonly<Record<string, Json>>[], options?: OvsdbCallOptions): Promise<Json[]> {
    checkOperations(operations)
    checkCall(options)
    using call = new Call('transact', options)
    return await transactRaw(this.#session, operations, call)
  }

  /**
   * Calls a function that writes a transaction, sends the transaction, and returns the function's result: all of it is applied, or
   * nothing. Calls the function again if a wait without a time limit (`tx.verify`, `tx.wait`) finds that rows have changed, so it
   * should read them (in a replica) each time, and have no other effects.
   * @throws OvsdbOperationError if an operation is impossible, OvsdbCommitError if their result is, OvsdbConnectionError if the
   * connection was lost and it is unknown whether it was applied.
   * @example
   * const bridge = await db.transaction((tx) => {
   *   const bridge = tx.insert('Bridge', { name: 'br0' })
   *   tx.mutate(tx.rows('Open_vSwitch'), { bridges: { insert: [bridge] } })
   *   return bridge
   * })
   * console.log(bridge.uuid)
   */
  async transaction<T>(
    code: (tx: Transaction<Tables>) => T | Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    checkCall(options, ['idempotent', 'retries'])
    checkBoolean(options.idempotent, 'idempotent')
    const { retries } = options
    if (retries !== undefined && !(Number.isInteger(retries) && retries >= 0)) {
      throw outOfRange('retries', 'an integer from 0', retries)
    }
    using call = new Call('transaction', options)
    return await runTransaction<Tables, T>(this.#session, code, options, call)
  }

  /**
   * Makes a copy of tables in memory that follows the server. Resolves when it has all rows.
   * @example
   * await using replica = await db.monitor({ Bridge: true, Port: { columns: ['name', 'tag'] } })
   * for (const bridge of replica.table('Bridge')) console.log(bridge.name, bridge.ports)
   */
  async monitor<const Request extends MonitorRequest<Tables>>(
    tables: Request,
    options?: OvsdbCallOptions,
  ): Promise<Replica<MonitoredRows<Tables, Request>>> {
    checkCall(options)
    const requests = tableRequests(tables)
    using call = new Call('monitor', options)
    const { schema } = await this.#session.ready(call)
    const replica = new Replica<MonitoredRows<Tables, Request>>(this.#session, schema, requests)
    await replica.start(call)
    return replica
  }

  /**
   * Requests a lock, which all clients of the server share by its name. Resolves when this client owns it or is queued for it;
   * `lock.acquired()` resolves when it owns it.
   * @example
   * await using lock = await db.lock('leader')
   * await lock.acquired()
   */
  async lock(id: string, options: LockOptions = {}): Promise<Lock> {
    checkCall(options, ['steal'])
    checkBoolean(options.steal, 'steal')
    checkName(id, 'id')
    if (!lockName.test(id)) throw wrongValue('id', 'letters, digits and _, with no digit first', id)
    if (this.#locks.has(id)) {
      throw new NetloomError(`lock: this client has asked for ${id} already`, 'ERR_NETLOOM_OVSDB_LOCK', {
        operation: 'lock',
      })
    }
    const lock = new Lock(this.#session, id, options.steal === true ? 'steal' : 'lock', () => this.#locks.delete(id))
    this.#locks.set(id, lock)
    using call = new Call('lock', options)
    await lock.start(call)
    return lock
  }

  /** Closes the connection, replicas and locks; calls under way reject. Resolves when the socket is closed. */
  async close(): Promise<void> {
    await this.#session.close()
  }

  /** The same as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  // Requests that change nothing are sent again on the next connection.
  async #ask(operation: string, method: string, params: readonly Json[], options?: OvsdbCallOptions): Promise<Json> {
    checkCall(options)
    using call = new Call(operation, options)
    for (;;) {
      const { connection } = await this.#session.ready(call)
      try {
        return await connection.request(call, method, params)
      } catch (error) {
        if (connection.end === undefined || this.#session.isClosed || !isLost(error)) throw error
      }
    }
  }
}

function isLost(error: unknown): boolean {
  return error instanceof NetloomError && error.code === 'ERR_NETLOOM_OVSDB_CONNECTION'
}
