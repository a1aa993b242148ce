// A pause that keeps the process alive only while somebody waits for its end.

/** One pause after another. */
export class Pause {
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined
  #resolve: (() => void) | undefined
  #held = false

  /** Lasts so many milliseconds; with 0, until the event loop has had its turn. */
  for(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve
      const end = (): void => {
        this.end()
      }
      this.#timer = ms === 0 ? setImmediate(end) : setTimeout(end, ms)
      this.hold(this.#held)
    })
  }

  /** Whether the process has to live for it. */
  hold(held: boolean): void {
    this.#held = held
    if (held) this.#timer?.ref()
    else this.#timer?.unref()
  }

  /** Ends it now. */
  end(): void {
    if (this.#timer !== undefined && 'refresh' in this.#timer) clearTimeout(this.#timer)
    else clearImmediate(this.#timer)
    this.#timer = undefined
    this.#resolve?.()
  }
}
