// The delay before a program that has ended is started again.
import { Backoff } from 'netloom/errors'

/** A program that has run this long counts as started successfully. */
const soundMs = 10_000

/** The delays between the starts of one program. */
export class RestartDelay {
  readonly #backoff = new Backoff({ min: 100, max: 30_000 })
  #isFirst = true
  #startedAt = -Infinity

  /** To be called when it was started. */
  started(): void {
    this.#startedAt = performance.now()
  }

  /** To be called when it has ended, or did not start: how many milliseconds to wait. None for the first time after a long run. */
  ended(): number {
    if (performance.now() - this.#startedAt >= soundMs) {
      this.#isFirst = true
      this.#backoff.reset()
    }
    if (!this.#isFirst) return this.#backoff.next()
    this.#isFirst = false
    return 0
  }
}
