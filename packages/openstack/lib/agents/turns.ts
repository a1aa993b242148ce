// One thing after another, for each of what they are done to.

/** Turns by name: work of one name waits for what came before it. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  /** Does something when all before it of this name is done, whatever became of that. */
  async after<T>(name: string, work: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(name) ?? Promise.resolve()).then(work)
    const settled = turn.catch(() => undefined)
    this.#last.set(name, settled)
    try {
      return await turn
    } finally {
      if (this.#last.get(name) === settled) this.#last.delete(name)
    }
  }
}
