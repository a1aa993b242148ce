// The resources of a running agent: its directory, locked against other agents, and the plug. Takes over what a former agent has left
// in the directory.
import { realpathSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type FileLock, lockFile } from 'netloom'
import { wrongType } from 'netloom/errors'
import { checkPath } from 'netloom/values'
import { agentError } from './errors'
import { makeDirectory, readIfThere } from './files'
import { forEach } from './for_each'
import type { Plug } from './plug'
import { checkPlug, makePlug, type PlugChoice } from './plug_choice'
import { StateDirectory, type AgentKind, type OwnDirectory } from './state_directory'

/** The options that all agents have; see `DhcpAgentOptions`. */
export interface HoldingOptions extends PlugChoice {
  readonly stateDir: string
  readonly adopt?: boolean | undefined
}

/** How networks or routers, each in a directory of its own, are taken over. */
export interface TakeOver<Described> {
  /** Parses a description; throws if it is none of this id. */
  readonly read: (text: string, id: string) => Described
  /** Takes it over. */
  readonly keep: (written: Described, directory: OwnDirectory) => Promise<void>
  /** Called for each that cannot be taken over, and for directories of others; the rest is taken over. */
  readonly failed: (error: Error) => void
}

/** Checks the options, before anything is made. */
export function checkHolding(options: HoldingOptions): void {
  checkPath(options.stateDir, 'stateDir')
  const { adopt } = options
  if (adopt !== undefined && typeof adopt !== 'boolean') throw wrongType('adopt', 'a boolean', adopt)
  checkPlug(options)
}

/** How long a lock may outlive its owner: a child inherits the descriptor until it executes its program. */
const patienceMs = 500

async function lockSoon(path: string, operation: string): Promise<FileLock | undefined> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const lock = lockFile(path, operation)
    if (lock !== undefined || performance.now() > deadline) return lock
    await sleep(10)
  }
}

/** How many directories of others are named. */
const mostNamed = 5

/** A directory and a plug. */
export class Holding {
  /** The directory, without symbolic links in its path. */
  readonly state: StateDirectory
  readonly plug: Plug
  readonly #operation: string
  readonly #lock: FileLock

  private constructor(operation: string, state: StateDirectory, lock: FileLock, plug: Plug) {
    this.#operation = operation
    this.state = state
    this.#lock = lock
    this.plug = plug
  }

  /** Takes both, and makes an agent with them; releases them if that fails. */
  static async give<Agent>(
    kind: AgentKind,
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
      const state = StateDirectory.take(directory, kind, operation)
      plug = await makePlug(options)
      return await make(new Holding(operation, state, lock, plug))
    } catch (error) {
      await plug?.close()
      lock.release()
      throw error
    }
  }

  /** Takes over all that is in the directory. */
  async takeOver<Described>(how: TakeOver<Described>): Promise<void> {
    const { own, foreign } = this.state.look()
    await forEach(own, async (id) => {
      try {
        await this.#takeOverOne(how, id)
      } catch (error) {
        how.failed(error as Error)
      }
    })
    if (foreign.length === 0) return
    const more = foreign.length > mostNamed ? ` and ${foreign.length - mostNamed} more` : ''
    const named = `${foreign.slice(0, mostNamed).join(', ')}${more}`
    const why = `${this.state.path} has directories of others, which are left alone: ${named}`
    how.failed(agentError('ERR_NETLOOM_STATE_FOREIGN', this.#operation, why))
  }

  /** Releases both. */
  async release(): Promise<void> {
    await this.plug.close()
    this.#lock.release()
  }

  async #takeOverOne<Described>({ read, keep }: TakeOver<Described>, id: string): Promise<void> {
    const directory = this.state.directory(id)
    const path = directory.description
    let written: Described
    try {
      written = read(readIfThere(path) ?? '', id)
    } catch (error) {
      const why = `${path}: ${(error as Error).message}; left as it is`
      throw agentError('ERR_NETLOOM_STATE_DAMAGED', this.#operation, why, error)
    }
    directory.recognize()
    await keep(written, directory)
  }
}
