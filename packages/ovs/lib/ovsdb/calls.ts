// What every call that waits for the server has: a signal and a time limit, and what becomes of it when they end it.
import { AbortError, outOfRange, wrongType } from 'netloom/errors'
import { checkKeys } from 'netloom/values'

/** Options of every call that waits for the server. */
export interface OvsdbCallOptions {
  /**
   * Aborts the call: it rejects at once with an `AbortError`. Its `outcome` is `'unknown'` if the server had the request by
   * then; a transaction is canceled there, if it still waits.
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

/** Checks the options of a call; `more` names the ones that it has besides. */
export function checkCall(options: unknown, more: readonly string[] = []): void {
  if (options === undefined) return
  checkKeys(options, new Set([...keys, ...more]))
  const { signal, timeout } = options as { signal?: Partial<AbortSignal> | null; timeout?: unknown }
  if (signal !== undefined && typeof signal?.aborted !== 'boolean') throw wrongType('signal', 'an AbortSignal', signal)
  checkMilliseconds(timeout, 'timeout')
}

/** One call under way: what ends it early. Dispose it when the call is over, however it ended. */
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

  /** The error that the call ends with if it was ended early; `'none'` if nothing had been sent. */
  error(outcome: 'none' | 'unknown'): AbortError {
    return this.#error(outcome, outcome === 'none' ? undefined : 'the server')
  }

  /** The same for a call that sends nothing, and waits for something to come. */
  waited(what: string): AbortError {
    return this.#error('none', what)
  }

  #error(outcome: 'none' | 'unknown', holder: string | undefined): AbortError {
    return new AbortError({ operation: this.operation, netns: undefined }, outcome, this.#over?.reason, holder)
  }

  /** Throws if the call was ended early before anything was sent. */
  check(): void {
    if (this.#over !== undefined) throw this.error('none')
  }

  /** Calls back when the call is ended early; at once if it was. Gives what takes that back. */
  onEnd(listener: () => void): () => void {
    if (this.#over !== undefined) {
      listener()
      return () => undefined
    }
    this.#ended.add(listener)
    return () => this.#ended.delete(listener)
  }

  /** A promise's outcome, or the error of the call if that ends first. */
  race<T>(promise: Promise<T>, outcome: 'none' | 'unknown'): Promise<T> {
    return this.#race(promise, () => this.error(outcome))
  }

  /** The same for a call that sends nothing, and waits for something to come. */
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
