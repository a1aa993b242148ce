// The time to wait between tries of something that fails. Like lib/errors.ts it serves all layers, and imports none.

/** The options of a `Backoff`. */
export interface BackoffOptions {
  /** Milliseconds after the first failure. */
  readonly min: number
  /** The longest wait in milliseconds. */
  readonly max: number
  /**
   * Whether each wait is shortened at random, to no less than half: so that many clients of one server do not retry together.
   * Default: false.
   */
  readonly jitter?: boolean | undefined
}

/**
 * The waits between tries: each twice as long as the one before, up to a limit. Only computes them; does not check its options.
 * @example
 * const backoff = new Backoff({ min: 100, max: 8000, jitter: true })
 * while (!(await tryIt())) await sleep(backoff.next())
 * backoff.reset()
 */
export class Backoff {
  readonly #options: BackoffOptions
  #next: number

  constructor(options: BackoffOptions) {
    this.#options = options
    this.#next = options.min
  }

  /** To be called after a failure: how many milliseconds to wait before the next try. */
  next(): number {
    const { max, jitter = false } = this.#options
    const longest = Math.min(max, this.#next)
    this.#next = 2 * longest
    return jitter ? longest * (0.5 + Math.random() / 2) : longest
  }

  /** To be called after a success: the next failure counts as the first. */
  reset(): void {
    this.#next = this.#options.min
  }
}
