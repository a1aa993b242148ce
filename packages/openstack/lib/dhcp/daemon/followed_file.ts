// A file that is followed: what is in it is carried out when it changes, and tried again where that fails for the time being.
import { statSync, watch, type FSWatcher } from 'node:fs'
import { dirname } from 'node:path'

/** An editor writes a file in several steps. */
const settleMs = 100
const [firstAgainMs, lastAgainMs] = [1000, 60_000]

/** What came of it: `again` where it may work later, without a change of the file. */
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

  /** Carries it out, and from now on when it changes. */
  async start(): Promise<void> {
    // The directory: whoever replaces the file, or a link on the way to it, gives it another inode.
    this.#watcher = watch(dirname(this.#path), () => {
      this.#soon(settleMs)
    })
    // One that has ended tells of nothing any more; a signal still makes the file be read.
    this.#watcher.on('error', () => undefined)
    await this.now()
  }

  /** Carries it out, changed or not. */
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

  /** Ends the following; waits for what is under way. */
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

  /** What tells one state of the file from another. */
  #look(): string {
    try {
      const { ino, size, mtimeNs } = statSync(this.#path, { bigint: true })
      return `${ino} ${size} ${mtimeNs}`
    } catch (error) {
      // It is not there, or links lead to each other, or somebody has closed a directory: who carries it out tells.
      return String((error as NodeJS.ErrnoException).code)
    }
  }
}
