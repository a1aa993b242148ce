// How long to wait before something that ended is started again.
const firstMs = 100
const longestMs = 30_000
/** What has run that long has not failed at once. */
const soundMs = 10_000

/** The delays between the starts of one thing. */
export class RestartDelay {
  #failures = 0
  #startedAt = -Infinity

  /** It was started. */
  started(): void {
    this.#startedAt = performance.now()
  }

  /** It ended, or did not start: how many milliseconds to wait. None the first time after it had run for a while. */
  ended(): number {
    if (performance.now() - this.#startedAt >= soundMs) this.#failures = 0
    const failures = this.#failures++
    return failures === 0 ? 0 : Math.min(longestMs, firstMs * 2 ** (failures - 1))
  }
}
