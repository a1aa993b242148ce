// A copy of tables in memory that follows the server, also across reconnections.
import { EventEmitter } from 'node:events'
import { Call, checkCall, type OvsdbCallOptions } from './calls'
import { asError, closedClient, malformed, OvsdbConnectionError, OvsdbProtocolError } from './errors'
import { tell } from './events'
import type { Json } from './json'
import { Mirror, type MirrorChange, type TableRequest } from './mirror'
import type { Notification } from './rpc'
import type { DatabaseSchema } from './schema'
import type { Online, Session, SessionPart } from './session'
import type { RowStore } from './store'
import type { ColumnName, DatabaseTables, Row, TableName, Where, Writable } from './types'
import { isInvalid, wrongType } from 'netloom/errors'
import { isUuid } from './uuid'

/** The monitored part of a table. */
export interface TableMonitor<R> {
  /** The columns. Default: all. `_uuid` is always there. */
  readonly columns?: readonly ColumnName<R>[] | undefined
  /** Only rows that meet these conditions. Default: all rows. The server must be Open vSwitch's, 2.6 or newer. */
  readonly where?: Where<R> | undefined
  /** Further indexes: sets of columns by which rows are found fast, besides the schema's own. */
  readonly indexes?: readonly (readonly ColumnName<R>[])[] | undefined
}

/** Which tables are monitored; `true` stands for all columns of all rows. */
export type MonitorRequest<Tables extends DatabaseTables> = {
  readonly [Table in TableName<Tables>]?: true | TableMonitor<Tables[Table]['row']>
}

/** A choice of columns. */
interface ChosenColumns<Column> {
  /** Their names. */
  readonly columns: readonly Column[]
}

/** The rows of a replica by table, with the columns that are monitored. */
export type MonitoredRows<Tables extends DatabaseTables, Request> = {
  readonly [Table in keyof Request & TableName<Tables>]: Request[Table] extends ChosenColumns<infer Column>
    ? Pick<Tables[Table]['row'], Extract<Column, keyof Tables[Table]['row']> | '_uuid'>
    : Tables[Table]['row']
}

/** A change of a row. */
export interface RowChangeOf<Table, Type, Now, Before> {
  /** The table. */
  readonly table: Table
  /** How it changed. */
  readonly type: Type
  /** The row's UUID. */
  readonly uuid: string
  /** What it is now; undefined if it was deleted. */
  readonly row: Now
  /** What it was before; undefined if it was inserted. */
  readonly old: Before
}

/** One row that changed: what it is now, and what it was before. */
export type RowChange<Rows> = {
  [Table in keyof Rows & string]:
    | RowChangeOf<Table, 'insert', Rows[Table], undefined>
    | RowChangeOf<Table, 'modify', Rows[Table], Rows[Table]>
    | RowChangeOf<Table, 'delete', undefined, Rows[Table]>
}[keyof Rows & string]

/** The events of a replica. */
export interface ReplicaEvents<Rows> {
  /** Rows have changed: by one transaction, or by several while the connection was lost. */
  change: [changes: readonly RowChange<Rows>[]]
  /** No more changes follow: the replica or its client was closed, or the server's schema no longer has the columns. */
  close: [reason: Error]
}

/** The rows of one table of a replica. Rows are frozen: one that changed is another object. */
export class ReplicaTable<R extends Row> implements Iterable<R> {
  /** The table's name. */
  readonly name: string
  readonly #store: () => RowStore

  /** @internal */
  constructor(name: string, store: () => RowStore) {
    this.name = name
    this.#store = store
  }

  /** The number of rows. */
  get size(): number {
    return this.#store().size
  }

  /** A row by its UUID. */
  get(uuid: string): R | undefined {
    return this.#store().get(uuid) as R | undefined
  }

  /**
   * The first row whose columns are equal to all of these. An index is used if there is one for some of the columns.
   * @example
   * const bridge = replica.table('Bridge').find({ name: 'br0' })
   */
  find(where: { readonly [C in keyof R]?: Writable<R[C]> | undefined }): R | undefined {
    const [row] = this.#store().matching(where)
    return row as R | undefined
  }

  /** All rows whose columns are equal to all of these. */
  filter(where: { readonly [C in keyof R]?: Writable<R[C]> | undefined }): R[] {
    return [...this.#store().matching(where)] as R[]
  }

  /** The rows, in no particular order. */
  [Symbol.iterator](): Iterator<R> {
    return this.#store()[Symbol.iterator]() as Iterator<R>
  }
}

type Method = 'monitor_cond_since' | 'monitor_cond' | 'monitor'

/** How many notifications may wait until the contents, which are sent first, are applied. */
const mostEarly = 10_000
const zeroUuid = '00000000-0000-0000-0000-000000000000'
let count = 0

// The types of the events depend on those of the rows, which the code that applies changes does not have.
function untyped(emitter: object): EventEmitter {
  return emitter as EventEmitter
}

function isUnknownMethod(error: unknown): boolean {
  return error instanceof OvsdbProtocolError && error.error.startsWith('unknown method')
}

/**
 * A copy of tables in memory. It keeps its rows while there is no connection; on the next one the server sends the changes since
 * (`monitor_cond_since`, if it still has them) or all rows, and the replica emits the differences.
 */
export class Replica<Rows extends Readonly<Record<string, Row>>>
  extends EventEmitter<ReplicaEvents<Rows>>
  implements AsyncDisposable
{
  readonly #session: Session
  readonly #requests: Readonly<Record<string, TableRequest>>
  readonly #id = `netloom-${count++}`
  readonly #part: SessionPart
  readonly #watchers = new Set<{ check: () => void; reject: (error: Error) => void }>()
  #mirror: Mirror
  #method: Method = 'monitor_cond_since'
  #lastTransaction = zeroUuid
  #online: Online | undefined
  /** Notifications that were received before the contents were applied. */
  #early: Notification[] | undefined
  #wasLive = false
  #closed: Error | undefined

  /** @internal */
  constructor(session: Session, schema: DatabaseSchema, requests: Readonly<Record<string, TableRequest>>) {
    super()
    this.#session = session
    this.#requests = requests
    this.#mirror = new Mirror(schema, requests)
    this.#part = {
      online: (online) => this.#monitor(online),
      offline: () => {
        this.#online = undefined
        this.#check()
      },
      notified: (notification) => this.#notified(notification),
      closed: (error) => {
        this.#end(error)
      },
    }
  }

  /** @internal */
  async start(call: Call): Promise<void> {
    try {
      await this.#session.ready(call)
      await call.race(this.#session.attach(this.#part), 'unknown')
      // If the connection was lost meanwhile, the session starts this part again on the next.
      while (this.#closed === undefined && !this.live) await this.#session.ready(call)
      if (this.#closed !== undefined) throw this.#closed
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** The rows of a table that is monitored. */
  table<Table extends keyof Rows & string>(name: Table): ReplicaTable<Rows[Table]> {
    const storeOf = (): RowStore => {
      const store = this.#mirror.store(name)
      if (store === undefined) throw wrongType('name', 'a table that is monitored', name)
      return store
    }
    storeOf()
    return new ReplicaTable(name, storeOf)
  }

  /** Whether the replica follows the server now. While it does not, it has what it had last. */
  get live(): boolean {
    return this.#online !== undefined && this.#early === undefined
  }

  /**
   * Resolves with the first result of a function that is not undefined, null or false. Calls it now, after each change and its
   * listeners, and when the replica becomes live or is no longer live.
   * @example
   * await replica.until(() => replica.table('Interface').find({ name: 'p1' })?.ofport, { timeout: 5000 })
   */
  async until<T>(look: () => T | undefined | false | null, options?: OvsdbCallOptions): Promise<T> {
    if (typeof look !== 'function') throw wrongType('look', 'a function', look)
    checkCall(options)
    using call = new Call('replica.until', options)
    call.check()
    let watcher: { check: () => void; reject: (error: Error) => void } | undefined
    const seen = new Promise<T>((resolve, reject) => {
      if (this.#closed !== undefined) throw this.#closed
      const check = (): void => {
        const result = look()
        if (result !== undefined && result !== false && result !== null) resolve(result)
      }
      watcher = {
        reject,
        check: () => {
          try {
            check()
          } catch (error) {
            reject(asError(error))
          }
        },
      }
      this.#watchers.add(watcher)
      check()
    })
    try {
      return await call.raceFor(seen, 'the rows')
    } finally {
      if (watcher !== undefined) this.#watchers.delete(watcher)
    }
  }

  /** Ends the replica. Its rows stay as they were. */
  async close(): Promise<void> {
    if (this.#closed !== undefined) return
    const online = this.#online
    this.#session.detach(this.#part)
    this.#end(closedClient('replica', 'the replica'))
    if (online === undefined) return
    using call = new Call('replica.close')
    try {
      await online.connection.request(call, 'monitor_cancel', [this.#id])
    } catch (error) {
      // Without the connection there is no monitor; the server may also have canceled it by itself.
      if (!(error instanceof OvsdbConnectionError || error instanceof OvsdbProtocolError)) throw error
    }
  }

  /** The same as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #end(reason: Error): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    this.#online = undefined
    for (const { reject } of this.#watchers) reject(reason)
    tell(() => untyped(this).emit('close', reason))
  }

  async #monitor(online: Online): Promise<void> {
    if (!this.#sameSchema(online.schema)) return
    this.#early = []
    this.#online = online
    using call = new Call('monitor')
    try {
      const result = await this.#request(online, call)
      if (this.#closed !== undefined || this.#online !== online) return
      this.#contents(result)
      const early = this.#early
      this.#early = undefined
      this.#wasLive = true
      for (const notification of early) this.#update(notification)
      this.#check()
    } catch (error) {
      if (!(error instanceof OvsdbProtocolError) || online.connection.end !== undefined) throw error
      // After a malformed message, requests all rows on the next connection.
      this.#lastTransaction = zeroUuid
      if (error.error === 'malformed' && this.#wasLive) throw error
      // The server refuses what is asked for, or never sent an answer to it: another connection would not help.
      this.#session.detach(this.#part)
      this.#end(error)
    }
  }

  // Another schema may lack monitored columns: then the replica ends.
  #sameSchema(schema: DatabaseSchema): boolean {
    if (this.#mirror.schema === schema) return true
    try {
      const mirror = new Mirror(schema, this.#requests)
      mirror.adopt(this.#mirror)
      this.#mirror = mirror
      this.#lastTransaction = zeroUuid
      return true
    } catch (error) {
      if (!isInvalid(error)) throw error
      this.#session.detach(this.#part)
      this.#end(error)
      return false
    }
  }

  async #request(online: Online, call: Call): Promise<Json> {
    for (;;) {
      const conditions = this.#mirror.request(this.#method !== 'monitor')
      const since = this.#method === 'monitor_cond_since' ? [this.#lastTransaction] : []
      const params = [online.schema.name, this.#id, conditions, ...since]
      try {
        return await online.connection.request(call, this.#method, params)
      } catch (error) {
        const older = this.#method === 'monitor_cond_since' ? 'monitor_cond' : 'monitor'
        const possible = this.#method !== 'monitor' && !(older === 'monitor' && this.#mirror.conditional)
        if (!possible || !isUnknownMethod(error)) throw error
        this.#method = older
      }
    }
  }

  #contents(result: Json): void {
    if (this.#method !== 'monitor_cond_since') {
      this.#apply(result, true)
      return
    }
    const [found, last, updates] = (Array.isArray(result) ? result : []) as readonly Json[]
    if (typeof found !== 'boolean' || !isUuid(last) || updates === undefined) {
      throw malformed('contents of a monitor that are none')
    }
    this.#apply(updates, !found)
    this.#lastTransaction = last
  }

  #notified(notification: Notification): boolean {
    const { method, params } = notification
    if (params[0] !== this.#id || !/^update[23]?$/.test(method)) return false
    if (this.#early !== undefined) {
      if (this.#early.push(notification) > mostEarly) throw malformed('changes without the contents that they change')
      return true
    }
    try {
      this.#update(notification)
    } catch (error) {
      // The rows here do not match the server's: requests all of them on the next connection.
      this.#lastTransaction = zeroUuid
      throw error
    }
    return true
  }

  #update({ method, params }: Notification): void {
    const [, second, third] = params
    const updates = method === 'update3' ? third : second
    if (updates === undefined) throw malformed('an update without rows')
    if (method === 'update3' && !isUuid(second)) throw malformed('an update without its transaction')
    this.#apply(updates, false)
    if (isUuid(second)) this.#lastTransaction = second
  }

  #check(): void {
    // A listener may have closed the replica.
    if (this.#closed !== undefined) return
    for (const { check } of [...this.#watchers]) check()
  }

  #apply(updates: Json, whole: boolean): void {
    // A listener to an earlier change may have closed the replica, while more of them waited.
    if (this.#closed !== undefined) return
    const changes: readonly MirrorChange[] = this.#mirror.apply(updates, whole)
    if (changes.length === 0) return
    // Listeners first: calls of `until` may depend on what they store, and another change may not follow.
    tell(() => untyped(this).emit('change', changes))
    this.#check()
  }
}
