// A lock of the database server (RFC 7047, sections 4.1.8 to 4.1.10): one client owns it, others are queued.
import { EventEmitter } from 'node:events'
import { Call, checkCall, type OvsdbCallOptions } from './calls'
import { closedClient, malformed, OvsdbConnectionError, OvsdbProtocolError } from './errors'
import { tell } from './events'
import type { Json } from './json'
import type { Notification } from './rpc'
import type { Online, Session, SessionPart } from './session'

/** The events of a lock. */
export interface LockEvents {
  /** This client owns the lock. */
  acquired: []
  /** It no longer owns the lock: another client has stolen it, or the connection was lost. */
  lost: [reason: 'stolen' | 'disconnected']
}

/** Options for the request of a lock. */
export interface LockOptions extends OvsdbCallOptions {
  /** Takes the lock from its owner, if it has one. Default: false, which queues for it. */
  readonly steal?: boolean | undefined
}

function isLocked(result: Json): boolean {
  const { locked } = (result ?? {}) as { readonly locked?: Json }
  if (typeof locked !== 'boolean') throw malformed('a lock that is neither locked nor not')
  return locked
}

/**
 * A lock that this client owns or waits for. When the connection is lost, so is the lock; it is requested again, never stolen
 * again, on the next connection. Code that depends on the lock should assert it in its transactions: `tx.assert(lock.id)`.
 */
export class Lock extends EventEmitter<LockEvents> implements AsyncDisposable {
  /** The lock's name. */
  readonly id: string
  readonly #session: Session
  readonly #part: SessionPart
  readonly #released: (lock: Lock) => void
  readonly #waiters = new Set<{ resolve: () => void; reject: (error: Error) => void }>()
  #online: Online | undefined
  #method: 'lock' | 'steal'
  #owned = false
  #closed: Error | undefined

  /** @internal */
  constructor(session: Session, id: string, method: 'lock' | 'steal', released: (lock: Lock) => void) {
    super()
    this.id = id
    this.#session = session
    this.#method = method
    this.#released = released
    this.#part = {
      online: (online) => this.#ask(online),
      offline: () => {
        this.#online = undefined
        this.#lose('disconnected')
      },
      notified: (notification) => this.#notified(notification),
      closed: (error) => {
        this.#end(error)
      },
    }
  }

  /** @internal */
  async start(call: Call): Promise<void> {
    await this.#session.ready(call)
    try {
      await call.race(this.#session.attach(this.#part), 'unknown')
      if (this.#closed !== undefined) throw this.#closed
    } catch (error) {
      await this.release()
      throw error
    }
  }

  /** Whether this client owns it now. */
  get owned(): boolean {
    return this.#owned
  }

  /** Resolves when this client owns the lock; at once if it does. */
  async acquired(options?: OvsdbCallOptions): Promise<void> {
    checkCall(options)
    using call = new Call('lock.acquired', options)
    call.check()
    if (this.#closed !== undefined) throw closedClient('lock.acquired', 'the lock')
    if (this.#owned) return
    let waiter: { resolve: () => void; reject: (error: Error) => void } | undefined
    const promise = new Promise<void>((resolve, reject) => {
      waiter = { resolve, reject }
      this.#waiters.add(waiter)
    })
    try {
      await call.raceFor(promise, 'the lock')
    } finally {
      if (waiter !== undefined) this.#waiters.delete(waiter)
    }
  }

  /** Releases the lock, or leaves the queue. Resolves when the server has confirmed it. */
  async release(): Promise<void> {
    if (this.#closed !== undefined) return
    const online = this.#online
    this.#session.detach(this.#part)
    this.#end(closedClient('lock', 'the lock'))
    if (online === undefined) return
    using call = new Call('lock.release')
    try {
      await online.connection.request(call, 'unlock', [this.id])
    } catch (error) {
      // Without the connection there is no lock.
      if (!(error instanceof OvsdbConnectionError)) throw error
    }
  }

  /** The same as `release`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }

  #end(error: Error): void {
    this.#closed = error
    this.#owned = false
    this.#released(this)
    for (const { reject } of this.#waiters) reject(error)
  }

  async #ask(online: Online): Promise<void> {
    this.#online = online
    const method = this.#method
    this.#method = 'lock'
    using call = new Call('lock')
    try {
      const locked = isLocked(await online.connection.request(call, method, [this.id]))
      if (locked && this.#online === online && this.#closed === undefined) this.#acquire()
    } catch (error) {
      // The server refuses it: another connection would not help.
      if (!(error instanceof OvsdbProtocolError) || online.connection.end !== undefined) throw error
      this.#session.detach(this.#part)
      this.#end(error)
    }
  }

  #notified({ method, params: [id] }: Notification): boolean {
    if (id !== this.id || (method !== 'locked' && method !== 'stolen')) return false
    if (method === 'locked') this.#acquire()
    else this.#lose('stolen')
    return true
  }

  #acquire(): void {
    if (this.#owned) return
    this.#owned = true
    for (const { resolve } of this.#waiters) resolve()
    tell(() => this.emit('acquired'))
  }

  #lose(reason: 'stolen' | 'disconnected'): void {
    if (!this.#owned) return
    this.#owned = false
    tell(() => this.emit('lost', reason))
  }
}
