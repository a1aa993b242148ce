// Ownership of one network's or router's objects across restarts of the agent: their marks, and whether older ones have none yet.
import { markOf, type Claim } from './claim'
import type { AgentKind } from './state_directory'

/** The ownership of one network's or router's objects. */
export class Ownership {
  readonly #owner: string
  readonly #mark: string
  readonly #adopt: boolean
  #unmarked: Claim['unmarked'] = 'nothing'

  /**
   * @param owner - The owner in the marks.
   * @param adopt - The default of a description's `adopt`.
   */
  constructor(kind: AgentKind, id: string, owner: string, adopt: boolean) {
    this.#owner = owner
    this.#mark = markOf(kind, id, owner)
    this.#adopt = adopt
  }

  /**
   * For objects of a former agent, until the first `settled`.
   * @param isMarked - Whether they have marks.
   */
  takeOver(isMarked: boolean): void {
    this.#unmarked = isMarked ? 'begun' : 'former'
  }

  /** To be called when all objects have the mark. */
  settled(): void {
    this.#unmarked = 'nothing'
  }

  /** The owner for the file; undefined while older objects have no marks. */
  get recorded(): string | undefined {
    return this.#unmarked === 'former' ? undefined : this.#owner
  }

  /** The claim to existing objects. */
  claim(adopt: boolean | undefined): Claim {
    return { mark: this.#mark, unmarked: this.#unmarked, adopt: adopt ?? this.#adopt }
  }
}
