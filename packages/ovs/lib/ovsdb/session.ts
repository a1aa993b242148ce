// Connects to the first suitable one of several servers, and reconnects with growing delays. What has to be set up again on each
// connection (monitors, locks) is a part of the session.
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { Backoff } from 'netloom/errors'
import { Call } from './calls'
import { asError, closedClient, malformed, OvsdbConnectionError } from './errors'
import { jsonText } from './json'
import { openSocket, type Dial, type Remote, type TlsOptions } from './remote'
import { RpcConnection, type Notification } from './rpc'
import { readSchema, type DatabaseSchema } from './schema'
import { ServerState, type Progress } from './server_state'

/** A session's settings, checked and complete. */
export interface SessionOptions {
  readonly remotes: readonly Remote[]
  readonly database: string
  readonly tls: TlsOptions | undefined
  readonly dial: Dial | undefined
  readonly leaderOnly: boolean
  readonly probeInterval: number
  readonly connectTimeout: number
  readonly messageLimit: number
  readonly backoff: { readonly min: number; readonly max: number }
}

/** A connection that serves. */
export interface Online {
  readonly connection: RpcConnection
  /** The same object for every connection, unless the server has another schema. */
  readonly schema: DatabaseSchema
  readonly remote: string
}

/** A part of the session, which is restored on each connection. */
export interface SessionPart {
  /** Called when a connection is open. A rejection ends the connection, if it has not ended. */
  online(online: Online): Promise<void>
  /** Called when it is lost. */
  offline(): void
  /** Called with a notification. Returns whether it was for this part. */
  notified(notification: Notification): boolean
  /** Called when no other connection will follow. */
  closed(error: Error): void
}

/** Callbacks for connections. */
export interface SessionEvents {
  connected(remote: string): void
  disconnected(reason: Error): void
}

/** After a connection of at least this many milliseconds the delay begins at its minimum again. */
const goodLife = 1000
/** Milliseconds that a server which is no longer suitable has to answer requests under way. */
const retirement = 1000

interface Waiter {
  readonly resolve: (online: Online) => void
  readonly reject: (error: Error) => void
}

/** The connections of a client, one after the other. */
export class Session {
  readonly #options: SessionOptions
  readonly #events: SessionEvents
  readonly #parts = new Set<SessionPart>()
  readonly #waiters = new Set<Waiter>()
  readonly #closing = new AbortController()
  readonly #progress: Progress = { cluster: null, index: 0n }
  #schema: { readonly text: string; readonly schema: DatabaseSchema } | undefined
  #online: Online | undefined
  #done: Promise<void> = Promise.resolve()
  /** Whether `connect` was emitted for this connection. */
  #announced = false
  /** Whether any connection ever served. */
  #served = false
  /** Why each remote did not serve. */
  readonly #reasons = new Map<string, string>()
  /** Attempts since the last connection that lasted. */
  #failures = 0
  readonly #backoff: Backoff
  #next = 0

  constructor(options: SessionOptions, events: SessionEvents) {
    this.#options = options
    this.#backoff = new Backoff({ ...options.backoff, jitter: true })
    this.#events = events
  }

  /** The connection that serves now. */
  get current(): Online | undefined {
    return this.#online
  }

  get isClosed(): boolean {
    return this.#closing.signal.aborted
  }

  /** The schema of the last connection. */
  get schema(): DatabaseSchema {
    if (this.#schema === undefined) throw closedClient('schema', 'the client')
    return this.#schema.schema
  }

  /** Starts. Resolves with the first connection; unless `persistent`, rejects if no server was suitable. */
  async start(call: Call, persistent: boolean): Promise<void> {
    const first = this.ready(call)
    this.#done = this.#run(persistent)
    try {
      await first
    } catch (error) {
      await this.close()
      throw error
    }
  }

  /** Waits for a connection that serves. */
  async ready(call: Call): Promise<Online> {
    call.check()
    if (this.isClosed) throw closedClient(call.operation, 'the client')
    if (this.#online !== undefined && this.#online.connection.end === undefined) return this.#online
    let waiter: Waiter | undefined
    const promise = new Promise<Online>((resolve, reject) => {
      waiter = { resolve, reject }
      this.#waiters.add(waiter)
    })
    try {
      return await call.race(promise, 'none')
    } finally {
      if (waiter !== undefined) this.#waiters.delete(waiter)
    }
  }

  /** Adds a part, and calls its `online` if there is a connection. */
  async attach(part: SessionPart): Promise<void> {
    if (this.isClosed) throw closedClient('attach', 'the client')
    this.#parts.add(part)
    if (this.#online !== undefined) await this.#restore(part, this.#online)
  }

  /** Removes a part. */
  detach(part: SessionPart): void {
    this.#parts.delete(part)
  }

  /** Ends the session. Resolves when the socket is closed. */
  async close(): Promise<void> {
    this.#shut(closedClient('ovsdb', 'the client'))
    await this.#done
  }

  #shut(error: Error): void {
    if (this.isClosed) return
    this.#closing.abort(error)
    for (const { reject } of this.#waiters) reject(error)
    const parts = [...this.#parts]
    this.#parts.clear()
    for (const part of parts) part.closed(error)
  }

  async #run(persistent: boolean): Promise<void> {
    const { remotes } = this.#options
    while (!this.isClosed) {
      const remote = remotes[this.#next++ % remotes.length]
      if (remote === undefined) return
      const reason = await this.#serve(remote)
      this.#reasons.set(remote.name, reason.message)
      this.#failures++
      if (!this.#served && !persistent && this.#failures >= remotes.length) {
        const others = [...this.#reasons].map(([name, why]) => `${name}: ${why}`).join('; ')
        const what = remotes.length === 1 ? `${remote.name} does not serve` : `no remote serves (${others})`
        this.#shut(new OvsdbConnectionError('connect', what, 'none', reason))
        return
      }
      await this.#pause()
    }
  }

  // The first round through all remotes has no delay, each later one twice that of the round before.
  async #pause(): Promise<void> {
    const { remotes } = this.#options
    const rounds = this.#failures / remotes.length
    if (rounds < 1 || !Number.isInteger(rounds)) return
    await sleep(this.#backoff.next(), undefined, { signal: this.#closing.signal }).catch(() => undefined)
  }

  /** One connection, from the attempt to its end. Returns the reason of the end. */
  async #serve(remote: Remote): Promise<Error> {
    const started = performance.now()
    const { signal } = this.#closing
    const call = new Call('connect', { signal, timeout: this.#options.connectTimeout })
    let socket: Duplex
    try {
      socket = await openSocket(remote, this.#options, call)
    } catch (error) {
      call[Symbol.dispose]()
      return asError(error)
    }
    const connection = new RpcConnection(socket, {
      ...this.#options,
      onNotification: (notification) => {
        this.#notified(state, notification)
      },
    })
    const state = new ServerState(connection, { ...this.#options, progress: this.#progress })
    const close = (): void => {
      connection.close(closedClient('ovsdb', 'the client'))
    }
    signal.addEventListener('abort', close)
    try {
      await state.start(call)
      if (state.unsuited !== undefined) throw new Error(state.unsuited)
      const schema = await this.#readSchema(connection, call)
      await this.#setUp({ connection, schema, remote: remote.name }, state)
    } catch (error) {
      connection.close(asError(error))
    } finally {
      call[Symbol.dispose]()
    }
    const reason = await connection.ended
    signal.removeEventListener('abort', close)
    if (performance.now() - started >= goodLife) {
      this.#failures = 0
      this.#backoff.reset()
    }
    this.#lost(reason)
    return reason
  }

  async #readSchema(connection: RpcConnection, call: Call): Promise<DatabaseSchema> {
    const { database } = this.#options
    const json = await connection.request(call, 'get_schema', [database])
    const text = jsonText(json)
    if (this.#schema?.text !== text) {
      const schema = readSchema(json)
      if (schema.name !== database) throw malformed(`the schema of ${schema.name} for that of ${database}`)
      this.#schema = { text, schema }
    }
    return this.#schema.schema
  }

  async #setUp(online: Online, state: ServerState): Promise<void> {
    const restored = new Set<SessionPart>()
    for (;;) {
      // Again, as other parts may be attached while these are restored.
      const todo = [...this.#parts].filter((part) => !restored.has(part))
      if (todo.length === 0) break
      for (const part of todo) restored.add(part)
      await Promise.all(todo.map((part) => this.#restore(part, online)))
      if (online.connection.end !== undefined) throw online.connection.end
    }
    if (state.unsuited !== undefined) throw new Error(state.unsuited)
    this.#online = online
    this.#announced = true
    this.#served = true
    this.#events.connected(online.remote)
    for (const { resolve } of this.#waiters) resolve(online)
  }

  async #restore(part: SessionPart, online: Online): Promise<void> {
    try {
      await part.online(online)
    } catch (error) {
      online.connection.close(asError(error))
    }
  }

  #lost(reason: Error): void {
    this.#online = undefined
    for (const part of this.#parts) part.offline()
    if (this.#announced) this.#events.disconnected(reason)
    this.#announced = false
  }

  #notified(state: ServerState, notification: Notification): void {
    if (state.notified(notification)) {
      const { unsuited } = state
      if (unsuited !== undefined && this.#online !== undefined) void this.#retire(this.#online, unsuited)
      return
    }
    for (const part of this.#parts) if (part.notified(notification)) return
  }

  // Sends no more requests to this server, and gives it time to answer those under way.
  async #retire({ connection }: Online, why: string): Promise<void> {
    this.#online = undefined
    const over = new AbortController()
    const late = sleep(retirement, undefined, { signal: over.signal, ref: false }).catch(() => undefined)
    await Promise.race([connection.idle(), connection.ended, late])
    over.abort()
    connection.close(new Error(why))
  }
}
