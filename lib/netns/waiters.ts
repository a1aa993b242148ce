// Those who wait for something: served in their order, until their signal or time limit takes them out of the line.
import { setMaxListeners } from 'node:events'
import { AbortError, type Subject } from '../errors'
import type { CallOptions } from '../native/jobs'

interface Waiter<Result> {
  resolve(result: Result): void
  reject(error: unknown): void
}

/** A line of callers, each with a promise of its own. */
export class Waiters<Result> {
  readonly #line = new Set<Waiter<Result>>()
  readonly #onChange: () => void

  /** @param onChange - Called when somebody has joined or left. */
  constructor(onChange: () => void) {
    this.#onChange = onChange
  }

  /** How many wait. */
  get length(): number {
    return this.#line.size
  }

  /** Joins the line. The options are checked already. */
  wait(subject: Subject, { signal, timeout }: Pick<CallOptions, 'signal' | 'timeout'> = {}): Promise<Result> {
    if (signal?.aborted === true) return Promise.reject(new AbortError(subject, 'none', signal.reason))
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const leave = (): void => {
        this.#line.delete(waiter)
        signal?.removeEventListener('abort', abort)
        clearTimeout(timer)
        this.#onChange()
      }
      const waiter = {
        resolve(result: Result): void {
          leave()
          resolve(result)
        },
        reject(error: unknown): void {
          leave()
          // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- as it was thrown
          reject(error)
        },
      }
      const abort = (): void => {
        waiter.reject(new AbortError(subject, 'none', signal?.aborted === true ? signal.reason : undefined))
      }
      this.#line.add(waiter)
      // As many as there are may share a signal: that is no leak.
      if (signal !== undefined) setMaxListeners(0, signal)
      signal?.addEventListener('abort', abort, { once: true })
      if (timeout !== undefined) timer = setTimeout(abort, timeout)
      this.#onChange()
    })
  }

  /** Gives a result to the first in the line; false if nobody waits. */
  serve(result: Result): boolean {
    for (const first of this.#line) {
      first.resolve(result)
      return true
    }
    return false
  }

  /** Gives all the same result. */
  serveAll(result: Result): void {
    for (const waiter of [...this.#line]) waiter.resolve(result)
  }

  /** Tells all that they wait in vain. */
  refuse(error: unknown): void {
    for (const waiter of [...this.#line]) waiter.reject(error)
  }
}
