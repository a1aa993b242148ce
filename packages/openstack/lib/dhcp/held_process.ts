// A process by a pidfd, as its pid may be reused. Reports its end.
import { Pidfd, type NetNs } from 'netloom'
import { isNotFound } from 'netloom/errors'
import { spawnWaiting } from './spawning'

/** A process, started here or by an agent that has ended. */
export class HeldProcess {
  /** Its process id; undefined if it could not be started. */
  readonly pid: number | undefined
  /** Why it could not be started. */
  failure: Error | undefined
  /** Its exit code, or the signal that ended it, of one that was started here. */
  how: number | string | undefined
  /** Whether its end was reported. */
  hasEnded = false
  readonly #signal: (signal: NodeJS.Signals) => boolean
  readonly #onEnd: () => void
  #closePidfd: () => void = () => undefined
  #waiting: (() => void)[] = []

  private constructor(pid: number | undefined, signal: (signal: NodeJS.Signals) => boolean, onEnd: () => void) {
    this.pid = pid
    this.#signal = signal
    this.#onEnd = onEnd
  }

  /** Starts one that waits for `release`: the end of its standard input. */
  static start(
    netns: NetNs,
    program: string,
    args: readonly string[],
    log: string,
    onEnd: () => void,
  ): { process: HeldProcess; release: () => void } {
    const { child, release } = spawnWaiting(netns, program, args, log)
    const process = new HeldProcess(child.pid, (signal) => child.kill(signal), onEnd)
    child.once('error', (error) => {
      process.failure = error
      process.#over()
    })
    child.once('exit', (code, signal) => {
      process.how = signal ?? code ?? undefined
      process.#over()
    })
    return { process, release }
  }

  /** Opens a running one; undefined if there is none with this pid. */
  static hold(pid: number, onEnd: () => void): HeldProcess | undefined {
    let pidfd: Pidfd
    try {
      pidfd = Pidfd.open(pid, () => {
        process.#over()
      })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
    const process = new HeldProcess(pid, (signal) => pidfd.signal(signal), onEnd)
    process.#closePidfd = () => {
      pidfd.close()
    }
    return process
  }

  /** Sends a signal. Returns whether it was sent. */
  signal(signal: NodeJS.Signals): boolean {
    return this.pid !== undefined && !this.hasEnded && this.#signal(signal)
  }

  /** Waits for its end. Returns whether it has ended. */
  endsWithin(milliseconds: number): Promise<boolean> {
    if (this.hasEnded) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        resolve(false)
      }, milliseconds)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve(true)
      })
    })
  }

  /** Closes the pidfd of one that another process has started: its end is no longer reported. */
  detach(): void {
    this.#closePidfd()
  }

  #over(): void {
    if (this.hasEnded) return
    this.hasEnded = true
    for (const tell of this.#waiting.splice(0)) tell()
    this.#onEnd()
  }
}
