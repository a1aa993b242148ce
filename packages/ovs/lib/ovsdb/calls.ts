// The signal and the time limit of calls that wait for the server.
import { AbortError, outOfRange, wrongType } from 'netloom/errors'
import { checkKeys } from 'netloom/values'

/** Options of every call that waits for the server. */
export interface OvsdbCallOptions {
  /**
   * Aborts the call: it rejects at once with an `AbortError`. Its `outcome` is `'unknown'` if the request had been sent; a
   * transaction that still waits on the server is canceled.
   */
  signal?: AbortSignal | undefined
  /** Milliseconds after which the call is aborted as by `signal`, with the code `ETIMEDOUT`. Default: no limit. */
  timeout?: number | undefined
}

const keys = ['signal', 'timeout']
const longestTimeout = 2 ** 31 - 1

/** Checks a number of milliseconds. */
export function checkMilliseconds(value: unknown, field: string): void {
  if (value === undefined) return
  if (typeof value !== 'number') throw wrongType(field, 'a number of milliseconds', value)
  if (!(value >= 0 && value <= longestTimeout)) throw outOfRange(field, `from 0 to ${longestTimeout}`, value)
}

/** Checks the options of a call; `more`: the names of further options. */
export function checkCall(options: unknown, more: readonly string[] = []): void {
  if (options === undefined) return
  checkKeys(options, new Set([...keys, ...more]))
  const { signal, timeout } = options as { signal?: Partial<AbortSignal> | null; timeout?: unknown }
  if (signal !== undefined && typeof signal?.aborted !== 'boolean') throw wrongType('signal', 'an AbortSignal', signal)
  checkMilliseconds(timeout, 'timeout')
}

/** A call under way, with its signal and time limit. Dispose it when the call has ended. */
export class Call implements Disposable {
  readonly operation: string
  readonly #signal: AbortSignal | undefined
  readonly #timer: NodeJS.Timeout | undefined
  readonly #ended = new Set<(reason: unknown) => void>()
  #over: { readonly reason: unknown } | undefined

  constructor(operation: string, { signal, timeout }: OvsdbCallOptions = {}) {
    this.operation = operation
    this.#signal = signal
    if (signal?.aborted === true) this.#over = { reason: signal.reason }
    signal?.addEventListener('abort', this.#abort)
    if (timeout !== undefined)
      this.#timer = setTimeout(() => {
        this.#end(undefined)
      }, timeout)
  }

  readonly #abort = (): void => {
    this.#end(this.#signal?.reason)
  }

  #end(reason: unknown): void {
    if (this.#over !== undefined) return
    this.#over = { reason }
    for (const listener of [...this.#ended]) listener(reason)
  }

  /** The error of an aborted call; `'none'` if nothing had been sent. */
  error(outcome: 'none' | 'unknown'): AbortError {
    return this.#error(outcome, outcome === 'none' ? undefined : 'the server')
  }

  /** The same for a call that only waits. */
  waited(what: string): AbortError {
    return this.#error('none', what)
  }

  #error(outcome: 'none' | 'unknown', holder: string | undefined): AbortError {
    return new AbortError({ operation: this.operation, netns: undefined }, outcome, this.#over?.reason, holder)
  }

  /** Throws if the call was aborted before anything was sent. */
  check(): void {
    if (this.#over !== undefined) throw this.error('none')
  }

  /** Calls `listener` when the call is aborted; at once if it is already. Returns a function that removes the listener. */
  onEnd(listener: () => void): () => void {
    if (this.#over !== undefined) {
      listener()
      return () => undefined
    }
    this.#ended.add(listener)
    return () => this.#ended.delete(listener)
  }

  /** The result of a promise, or the call's error if it is aborted first. */
  race<T>(promise: Promise<T>, outcome: 'none' | 'unknown'): Promise<T> {
    return this.#race(promise, () => this.error(outcome))
  }

  /** The same for a call that only waits. */
  raceFor<T>(promise: Promise<T>, what: string): Promise<T> {
    return this.#race(promise, () => this.waited(what))
  }

  async #race<T>(promise: Promise<T>, error: () => AbortError): Promise<T> {
    let forget = (): void => undefined
    try {
      return await new Promise<T>((resolve, reject) => {
        promise.then(resolve, reject)
        forget = this.onEnd(() => {
          reject(error())
        })
      })
    } finally {
      forget()
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#ended.clear()
  }
}
