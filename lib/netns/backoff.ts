// How long to wait after something failed that is tried again and again.
import { hasNoRoom, longestWaitMs } from './many'

const firstPauseMs = 10
const longestPauseMs = 1000
const noRoomPauseMs = 20

/** The failures of one thing, since it last succeeded. */
export class Backoff {
  #count = 0
  #since = 0
  #pauseMs = 0
  #failure: unknown

  /** How long to wait before the next try, in milliseconds: twice as long after each failure. */
  get pauseMs(): number {
    return this.#pauseMs
  }

  /** The last failure; undefined after a success. */
  get failure(): unknown {
    return this.#failure
  }

  /** Notes a success. */
  succeeded(): void {
    this.#count = 0
    this.#pauseMs = 0
    this.#failure = undefined
  }

  /** Notes a failure; false if it is likely to pass by itself: the kernel has no room while it is freeing namespaces. */
  failed(error: unknown): boolean {
    const now = performance.now()
    if (this.#count === 0) this.#since = now
    this.#failure = error
    if (hasNoRoom(error) && now - this.#since < longestWaitMs) {
      this.#count ||= 1
      this.#pauseMs = noRoomPauseMs
      return false
    }
    this.#pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#count++)
    return true
  }
}
