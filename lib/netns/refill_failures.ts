// The failures of a pool to make a namespace, and how long it waits after each.
import { Backoff } from '../backoff'
import { hasNoRoom, longestWaitMs } from './many'

const noRoomPauseMs = 20

/** The failures of one thing, since it last succeeded. */
export class RefillFailures {
  readonly #backoff = new Backoff({ min: 10, max: 1000 })
  /** When the first of them was; undefined after a success. */
  #since: number | undefined
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
    this.#backoff.reset()
    this.#since = undefined
    this.#pauseMs = 0
    this.#failure = undefined
  }

  /** Notes a failure; false if it is likely to pass by itself: the kernel has no room while it is freeing namespaces. */
  failed(error: unknown): boolean {
    const now = performance.now()
    this.#since ??= now
    this.#failure = error
    if (hasNoRoom(error) && now - this.#since < longestWaitMs) {
      this.#pauseMs = noRoomPauseMs
      return false
    }
    this.#pauseMs = this.#backoff.next()
    return true
  }
}
