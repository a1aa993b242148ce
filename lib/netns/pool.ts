// Pool: fresh namespaces, ready before they are needed.
import { setMaxListeners } from 'node:events'
import { statSync } from 'node:fs'
import { AbortError, NetloomError } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsIdentity } from '../native/netns_handle'
import { RefillFailures } from './refill_failures'
import type { MakeNetNs } from './batch_builder'
import { runEach } from './delete_many'
import { Pause } from './pause'
import { checkPoolOptions, createPrepared, type PoolOptions } from './prepared'
import { Waiters } from './waiters'

/** What a pool has to know of the namespaces that it keeps. */
interface Kept extends AsyncDisposable {
  readonly path: string | undefined
  readonly identity: NetnsIdentity
  close(): void
}

/**
 * Keeps fresh namespaces ready. It makes new ones in the background, one at a time and on a thread of their own, so that no
 * call waits behind them but those for namespaces that `prepare` names.
 *
 * What is taken is the taker's: an ephemeral namespace, which goes when it is disposed, deleted or closed, and does not
 * come back. A pool that nobody waits for keeps no process alive, and what is ready goes with the process or Worker.
 * @example
 * await using pool = NetNs.pool({ size: 16, prepare: (pod) => { pod.links.set('lo', { up: true }) } })
 * await using ns = await pool.take()
 */
export class Pool<Created extends Kept> implements AsyncDisposable {
  readonly #options: PoolOptions
  readonly #makeNetNs: MakeNetNs<Created>
  readonly #ready: Created[] = []
  readonly #failures = new RefillFailures()
  readonly #pause = new Pause()
  readonly #takers: Waiters<Created>
  readonly #spectators: Waiters<undefined>
  readonly #end = new AbortController()
  #numbers = 0
  #refilling: Promise<void> | undefined
  #closing: Promise<void> | undefined

  /** @internal NetNs.pool */
  constructor(options: PoolOptions, make: MakeNetNs<Created>) {
    this.#options = checkPoolOptions(options)
    this.#makeNetNs = make
    const { signal } = this.#options
    if (signal?.aborted === true) throw new AbortError({ operation: 'NetNs.pool' }, 'none', signal.reason)
    const hold = (): void => {
      this.#pause.hold(this.#takers.length + this.#spectators.length > 0)
    }
    this.#takers = new Waiters(hold)
    this.#spectators = new Waiters(hold)
    // As many pools as there are may share a signal: that is no leak.
    if (signal !== undefined) setMaxListeners(0, signal)
    signal?.addEventListener('abort', this.#onAbort, { once: true })
    this.#refill()
  }

  /** How many namespaces it keeps ready. */
  get size(): number {
    return this.#options.size
  }

  /** How many namespaces are ready. */
  get ready(): number {
    return this.#ready.length
  }

  /** How many calls of `take` wait for a namespace. */
  get pending(): number {
    return this.#takers.length
  }

  /** By what the last try to make a namespace failed; undefined after one that succeeded. */
  get failure(): unknown {
    return this.#failures.failure
  }

  /** Whether it was closed, or aborted by its signal. */
  get closed(): boolean {
    return this.#closing !== undefined
  }

  /**
   * Takes a namespace: at once if one is ready; else the next one that is made, in the order of the calls. One whose name
   * somebody else has deleted meanwhile is not given to anybody.
   * @returns An ephemeral namespace, which is the caller's to dispose.
   * @throws What the next try to make one fails by: a BatchError of what `prepare` noted, what `prepare` itself throws, a
   *   NetloomError. `ENOSPC` (user.max_net_namespaces) is waited out first, ten seconds at most. The pool tries again by
   *   itself, ever later, in the end once a second. AbortError: after `timeout` its `cause` is the pool's `failure`.
   *   NetloomError: `ERR_NETLOOM_CLOSED`.
   * @example
   * await using ns = await pool.take({ timeout: 1000 })
   */
  async take(options?: CallOptions): Promise<Created> {
    this.#check('Pool.take', options)
    const taken = options?.signal?.aborted === true ? undefined : this.#takeReady()
    return taken ?? this.#wait(this.#takers, 'Pool.take', options)
  }

  /**
   * Resolves when `size` namespaces are ready.
   * @throws What `take` throws.
   */
  async filled(options?: CallOptions): Promise<void> {
    this.#check('Pool.filled', options)
    if (this.#ready.length < this.size) await this.#wait(this.#spectators, 'Pool.filled', options)
  }

  /**
   * Closes the pool: deletes what is ready and what is being made. Who waits is refused, and so is who comes later. What
   * was taken remains its taker's. May be called again.
   * @throws NetloomError, or an AggregateError of several, if some could not be deleted, after all were tried.
   */
  async close(): Promise<void> {
    return this.#closeWith((operation) => closedError(operation))
  }

  /** For `await using`: `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  readonly #onAbort = (): void => {
    const reason: unknown = this.#options.signal?.reason
    this.#closeWith((operation) => new AbortError({ operation }, 'none', reason)).catch(() => undefined)
  }

  #closeWith(refusal: (operation: string) => NetloomError): Promise<void> {
    if (this.#closing !== undefined) return this.#closing
    this.#options.signal?.removeEventListener('abort', this.#onAbort)
    const making = this.#refilling
    const deletions = this.#ready.splice(0).map((netns) => async () => netns[Symbol.asyncDispose]())
    this.#closing = runEach([...deletions, async () => making])
    this.#end.abort()
    this.#pause.end()
    this.#takers.refuse(refusal('Pool.take'))
    this.#spectators.refuse(refusal('Pool.filled'))
    return this.#closing
  }

  #check(operation: string, options: CallOptions | undefined): void {
    checkCallOptions(options)
    if (this.closed) throw closedError(operation)
  }

  #takeReady(): Created | undefined {
    for (;;) {
      const netns = this.#ready.shift()
      if (netns === undefined) return undefined
      this.#refill()
      if (isPinned(netns)) return netns
      netns.close()
    }
  }

  async #wait<Result>(line: Waiters<Result>, operation: string, options?: CallOptions): Promise<Result> {
    const waiting = line.wait({ operation }, options)
    this.#refill()
    try {
      return await waiting
    } catch (error) {
      if (error instanceof AbortError && error.code === 'ETIMEDOUT') error.cause = this.failure
      throw error
    }
  }

  #lacks(): boolean {
    return !this.closed && (this.#ready.length < this.size || this.#takers.length > 0)
  }

  /** Begins to make what is missing, if that is not under way. */
  #refill(): void {
    if (this.#lacks()) this.#refilling ??= this.#makeAll()
  }

  async #makeAll(): Promise<void> {
    while (this.#lacks()) {
      // Where nothing has failed this is a turn of the event loop: whoever has just taken one goes on first.
      await this.#pause.for(this.#failures.pauseMs)
      if (this.#lacks()) await this.#makeOne()
    }
    this.#refilling = undefined
  }

  async #makeOne(): Promise<void> {
    let netns: Created
    try {
      netns = await createPrepared(this.#options, this.#makeNetNs, this.#numbers++, this.#end.signal)
    } catch (error) {
      if (this.closed || !this.#failures.failed(error)) return
      this.#takers.refuse(error)
      this.#spectators.refuse(error)
      return
    }
    this.#failures.succeeded()
    if (this.closed) await netns[Symbol.asyncDispose]()
    else if (!this.#takers.serve(netns)) this.#ready.push(netns)
    if (this.#ready.length >= this.size) this.#spectators.serveAll(undefined)
  }
}

function closedError(operation: string): NetloomError {
  return new NetloomError(`${operation}: the pool is closed`, 'ERR_NETLOOM_CLOSED', { operation })
}

/** Whether nobody has unpinned it, or given its name to another one. */
function isPinned({ path, identity }: Kept): boolean {
  if (path === undefined) return true
  const found = statSync(path, { throwIfNoEntry: false })
  return found?.ino === identity.inode && found.dev === identity.device
}
