// How long to wait between tries of what fails. Like lib/errors.ts it serves all layers, and knows none.

/** The options of a `Backoff`. */
export interface BackoffOptions {
  /** Milliseconds after the first failure. */
  readonly min: number
  /** Milliseconds that no wait is longer than. */
  readonly max: number
  /**
   * Whether each wait is shortened by chance, to no less than half: so that many who lost the same thing do not come back in step.
   * Default: false.
   */
  readonly jitter?: boolean | undefined
}

/**
 * The waits between tries of one thing: each twice as long as the one before, up to a limit. It checks nothing and waits for nothing.
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

  /** It has failed: how many milliseconds to wait before the next try. */
  next(): number {
    const { max, jitter = false } = this.#options
    const longest = Math.min(max, this.#next)
    this.#next = 2 * longest
    return jitter ? longest * (0.5 + Math.random() / 2) : longest
  }

  /** It has succeeded: the next failure is the first again. */
  reset(): void {
    this.#next = this.#options.min
  }
}
