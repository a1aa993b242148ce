// What an agent has for itself while it runs: its directory, which no other agent has, and the plug. And how it takes over what a former
// one has left there.
import { readdirSync, realpathSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { lockFile, type FileLock } from '../native/file_lock'
import { checkPath } from '../netns/name'
import { agentError } from './errors'
import { makeDirectory, readIfThere, removeDirectory } from './files'
import { forEach } from './for_each'
import type { Plug } from './plug'
import { checkPlug, makePlug, type PlugChoice } from './plug_choice'

/** The options that all agents have; see `DhcpAgentOptions`. */
export interface HoldingOptions extends PlugChoice {
  readonly stateDir: string
}

/** How what is kept in a directory of its own, by its id, is taken over. */
export interface TakeOver<Written> {
  /** The file with its description, in its directory. */
  readonly descriptionIn: (directory: string) => string
  /** Reads a description; throws for what is none of this id. */
  readonly read: (text: string, id: string) => Written
  /** Goes on with it. */
  readonly keep: (written: Written, directory: string) => Promise<void>
  /** Told of each that cannot be taken over; the others are. */
  readonly failed: (error: Error) => void
}

/** Checks the options, before anything is made. */
export function checkHolding(options: HoldingOptions): void {
  checkPath(options.stateDir, 'stateDir')
  checkPlug(options)
}

/** How long a lock may outlive who had it: a program that it was about to start has it, too, until it is that program. */
const patienceMs = 500

async function lockSoon(path: string, operation: string): Promise<FileLock | undefined> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const lock = lockFile(path, operation)
    if (lock !== undefined || performance.now() > deadline) return lock
    await sleep(10)
  }
}

/** A directory and a plug. */
export class Holding {
  /** The directory, without symbolic links in its path. */
  readonly directory: string
  readonly plug: Plug
  readonly #operation: string
  readonly #lock: FileLock

  private constructor(operation: string, directory: string, lock: FileLock, plug: Plug) {
    this.#operation = operation
    this.directory = directory
    this.#lock = lock
    this.plug = plug
  }

  /** Takes hold of both, makes an agent of them, and lets go if that fails. */
  static async give<Agent>(
    operation: string,
    options: HoldingOptions,
    make: (holding: Holding) => Promise<Agent>,
  ): Promise<Agent> {
    makeDirectory(options.stateDir)
    const directory = realpathSync(options.stateDir)
    const lock = await lockSoon(`${directory}/lock`, operation)
    if (lock === undefined) {
      throw agentError('ERR_NETLOOM_STATE_LOCKED', operation, `another agent has the directory ${directory}`)
    }
    let plug: Plug | undefined
    try {
      plug = await makePlug(options)
      return await make(new Holding(operation, directory, lock, plug))
    } catch (error) {
      await plug?.close()
      lock.release()
      throw error
    }
  }

  /** Takes over all that is in the directory. */
  async takeOver<Written>(how: TakeOver<Written>): Promise<void> {
    const entries = readdirSync(this.directory, { withFileTypes: true })
    const ids = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
    await forEach(ids, async (id) => {
      try {
        await this.#takeOverOne(how, id)
      } catch (error) {
        how.failed(error as Error)
      }
    })
  }

  /** Lets go of both. */
  async release(): Promise<void> {
    await this.plug.close()
    this.#lock.release()
  }

  async #takeOverOne<Written>({ descriptionIn, read, keep }: TakeOver<Written>, id: string): Promise<void> {
    const directory = `${this.directory}/${id}`
    const path = descriptionIn(directory)
    const text = readIfThere(path)
    if (text === undefined) {
      // Killed before anything was made: the description comes first.
      removeDirectory(directory)
      return
    }
    let written: Written
    try {
      written = read(text, id)
    } catch (error) {
      const why = `${path}: ${(error as Error).message}; left as it is`
      throw agentError('ERR_NETLOOM_STATE_DAMAGED', this.#operation, why, error)
    }
    await keep(written, directory)
  }
}
