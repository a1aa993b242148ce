// How long to wait before something that ended is started again.
import { Backoff } from 'netloom/errors'

/** What has run that long has not failed at once. */
const soundMs = 10_000

/** The delays between the starts of one thing. */
export class RestartDelay {
  readonly #backoff = new Backoff({ min: 100, max: 30_000 })
  #isFirst = true
  #startedAt = -Infinity

  /** It was started. */
  started(): void {
    this.#startedAt = performance.now()
  }

  /** It ended, or did not start: how many milliseconds to wait. None the first time after it had run for a while. */
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
