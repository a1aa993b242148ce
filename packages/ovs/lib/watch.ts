// Changes as they happen: an endless sequence for `for await`.
import { NetloomError, wrongType } from 'netloom/errors'
import { Call, checkCall, type OvsdbCallOptions } from './ovsdb/calls'
import type { Row } from './ovsdb/types'
import type { Bridge } from './bridge'
import { readBridge } from './bridges'
import type { Database, MonitoredTable } from './database'
import type { Interface } from './interface'
import type { Port } from './port'
import { readOwnedInterface, readPort } from './port_rows'

/** What to watch, and how. */
export interface WatchOptions extends OvsdbCallOptions {
  /** Also reports changes of counters alone, which come every 5 seconds. Default: false. */
  readonly statistics?: boolean | undefined
}

/** A change of one object. */
interface Change<Kind, Value> {
  /** The kind of object. */
  readonly kind: Kind
  /** The type of the change. */
  readonly type: 'add' | 'change' | 'delete'
  /** Its name. */
  readonly name: string
  /** The UUID of its row. */
  readonly uuid: string
  /** Its current state; undefined if it was deleted, also by a later change that was read together with this one. */
  readonly value: Value | undefined
}

/** A bridge, port or interface that was added, changed or deleted. */
export type OvsChange = Change<'bridge', Bridge> | Change<'port', Port> | Change<'interface', Interface>

const kinds: Partial<Record<MonitoredTable, OvsChange['kind']>> = {
  Bridge: 'bridge',
  Port: 'port',
  Interface: 'interface',
}
const types = { insert: 'add', modify: 'change', delete: 'delete' } as const

/** Columns that only count. */
const counting = ['statistics', 'rstp_statistics']

/** How many changes may wait to be consumed. */
const limit = 10_000

function onlyCounted(now: Row | undefined, before: Row | undefined): boolean {
  if (now === undefined || before === undefined) return false
  const old = before as unknown as Readonly<Record<string, unknown>>
  return Object.entries(now).every(
    ([column, value]) => counting.includes(column) || column === '_version' || isSame(value, old[column]),
  )
}

// Values are maps, arrays and atoms; those of a new row are new objects.
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && b.get(key) === value)
  }
  return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((each, i) => each === b[i])
}

/** A call of `next` that waits. */
interface Waiter {
  readonly resolve: (result: IteratorResult<OvsChange, undefined>) => void
  readonly reject: (error: Error) => void
}

/** The sequence of changes since its creation. It ends when the loop is left. */
export class Watch implements AsyncIterableIterator<OvsChange, undefined> {
  readonly #queue: OvsChange[] = []
  readonly #waiters: Waiter[] = []
  readonly #call: Call
  readonly #stop: () => void
  #end: { readonly error: Error | undefined } | undefined

  constructor(database: Database, options: WatchOptions = {}) {
    checkCall(options, ['statistics'])
    const { statistics = false } = options
    if (typeof statistics !== 'boolean') throw wrongType('statistics', 'a boolean', statistics)
    this.#call = new Call('watch', options)
    const changed = (
      changes: readonly { table: string; type: keyof typeof types; uuid: string; row?: Row; old?: Row }[],
    ): void => {
      for (const { table, type, uuid, row, old } of changes) {
        const kind = kinds[table as MonitoredTable]
        if (kind === undefined || (!statistics && onlyCounted(row, old))) continue
        this.#tell(changeOf(database, kind, types[type], uuid, (row ?? old) as Row & { name: string }))
      }
    }
    const closed = (error: Error): void => {
      this.#finish(error)
    }
    database.replica.on('change', changed as never)
    database.replica.on('close', closed)
    this.#stop = () => {
      database.replica.off('change', changed as never)
      database.replica.off('close', closed)
      this.#call[Symbol.dispose]()
    }
    this.#call.onEnd(() => {
      this.#finish(this.#call.waited('a change'))
    })
  }

  #tell(change: OvsChange): void {
    const waiter = this.#waiters.shift()
    if (waiter !== undefined) waiter.resolve({ done: false, value: change })
    else if (this.#queue.push(change) > limit) this.#finish(overflow())
  }

  #finish(error: Error | undefined): void {
    if (this.#end !== undefined) return
    this.#end = { error }
    this.#stop()
    for (const { resolve, reject } of this.#waiters.splice(0)) {
      if (error === undefined) resolve({ done: true, value: undefined })
      else reject(error)
    }
  }

  /** The next change, when it comes. */
  next(): Promise<IteratorResult<OvsChange, undefined>> {
    const change = this.#queue.shift()
    if (change !== undefined) return Promise.resolve({ done: false, value: change })
    const { error } = this.#end ?? {}
    if (error !== undefined) {
      this.#end = { error: undefined }
      return Promise.reject(error)
    }
    if (this.#end !== undefined) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
    })
  }

  /** Ends it, as leaving the loop does. */
  return(): Promise<IteratorResult<OvsChange, undefined>> {
    this.#queue.length = 0
    this.#finish(undefined)
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return()
  }
}

function changeOf(
  database: Database,
  kind: OvsChange['kind'],
  type: OvsChange['type'],
  uuid: string,
  { name }: { readonly name: string },
): OvsChange {
  const common = { type, name, uuid }
  switch (kind) {
    case 'bridge': {
      const row = database.table('Bridge').get(uuid)
      return { kind, ...common, value: row && readBridge(database, row) }
    }
    case 'port': {
      const row = database.table('Port').get(uuid)
      return { kind, ...common, value: row && readPort(database, row) }
    }
    case 'interface': {
      const row = database.table('Interface').get(uuid)
      return { kind, ...common, value: row && readOwnedInterface(database, row) }
    }
  }
}

function overflow(): NetloomError {
  return new NetloomError(
    `watch: more than ${limit} changes were waiting to be taken; list what there is, and watch again`,
    'ERR_NETLOOM_OVERFLOW',
    { operation: 'watch' },
  )
}
