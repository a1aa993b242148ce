// Watches a file: applies its content when it changes, and tries again after a temporary failure.
import { statSync, watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'

/** An editor writes a file in several steps. */
const settleMs = 100
const [firstAgainMs, lastAgainMs] = [1000, 60_000]

/** The result of applying the file: `again` after a temporary failure. */
export type CarriedOut = 'done' | 'refused' | 'again'

/** One file. */
export class FollowedFile {
  readonly #path: string
  readonly #carryOut: () => Promise<CarriedOut>
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined
  #seen = ''
  #againMs = firstAgainMs
  #turn: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(path: string, carryOut: () => Promise<CarriedOut>) {
    this.#path = path
    this.#carryOut = carryOut
  }

  /** Applies it now, and whenever it changes. */
  async start(): Promise<void> {
    // Watches the directory, as a program that replaces the file, or a symbolic link to it, changes the inode.
    this.#watcher = watch(dirname(this.#path), () => {
      this.#soon(settleMs)
    })
    // After an error it no longer reports changes; SIGHUP still makes the file be read.
    this.#watcher.on('error', () => undefined)
    await this.now()
  }

  /** Applies it, changed or not. */
  now(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      if (this.#stopped) return
      this.#seen = this.#look()
      const came = await this.#carryOut()
      if (came !== 'again') {
        this.#againMs = firstAgainMs
        return
      }
      this.#seen = ''
      this.#soon(this.#againMs)
      this.#againMs = Math.min(lastAgainMs, 2 * this.#againMs)
    })
    return this.#turn
  }

  /** Stops watching; waits for work under way. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#watcher?.close()
    await this.#turn
  }

  #soon(milliseconds: number): void {
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (this.#look() !== this.#seen) void this.now()
    }, milliseconds)
  }

  /** A text that differs between states of the file. */
  #look(): string {
    try {
      const { ino, size, mtimeNs } = statSync(this.#path, { bigint: true })
      return `${ino} ${size} ${mtimeNs}`
    } catch (error) {
      // It does not exist, or cannot be reached: applying it reports the error.
      return String((error as NodeJS.ErrnoException).code)
    }
  }
}
