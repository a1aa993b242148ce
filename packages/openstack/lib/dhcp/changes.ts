// Queues changes of a network's state: those that arrive together are performed as one.
import type { State } from './host_files'

interface Change {
  readonly make: (state: State) => State
  readonly resolve: (state: State) => void
  readonly reject: (error: unknown) => void
}

/** Rounds of changes, one after another. */
export class Changes {
  readonly #carryOut: (next: State) => Promise<void>
  readonly #current: () => State
  #waiting: Change[] = []
  #running: Promise<void> | undefined

  /**
   * @param current - Returns the present state.
   * @param carryOut - Changes to another state, or throws and keeps the present one.
   */
  constructor(current: () => State, carryOut: (next: State) => Promise<void>) {
    this.#current = current
    this.#carryOut = carryOut
  }

  /** Makes a change; resolves when it is in effect, to the state that it is part of. */
  add(make: (state: State) => State): Promise<State> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ make, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  async #run(): Promise<void> {
    // Changes of the same turn of the event loop are performed together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) await this.#round()
    this.#running = undefined
  }

  async #round(): Promise<void> {
    const round = this.#waiting
    this.#waiting = []
    const before = this.#current()
    let next = { network: before.network, ports: before.ports.copy(before.network) }
    const accepted: Change[] = []
    for (const change of round) {
      try {
        next = change.make(next)
        accepted.push(change)
      } catch (error) {
        change.reject(error)
      }
    }
    if (accepted.length === 0) return
    try {
      await this.#carryOut(next)
      for (const { resolve } of accepted) resolve(next)
    } catch (error) {
      for (const { reject } of accepted) reject(error)
    }
  }
}
