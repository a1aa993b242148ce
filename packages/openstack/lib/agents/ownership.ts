// What one network or router of an agent has made, across restarts of the agent: its marks, and whether older things have none yet.
import { markOf, type Claim } from './claim'
import type { AgentKind } from './state_directory'

/** Whose the things of one network or router are. */
export class Ownership {
  readonly #owner: string
  readonly #mark: string
  readonly #adopt: boolean
  #unmarked: Claim['unmarked'] = 'nothing'

  /**
   * @param owner - What the marks are made of.
   * @param adopt - What holds where a description does not say it.
   */
  constructor(kind: AgentKind, id: string, owner: string, adopt: boolean) {
    this.#owner = owner
    this.#mark = markOf(kind, id, owner)
    this.#adopt = adopt
  }

  /**
   * For what a former agent has left, until it is settled for the first time.
   * @param isMarked - Whether it has been set marks.
   */
  takeOver(isMarked: boolean): void {
    this.#unmarked = isMarked ? 'begun' : 'former'
  }

  /** All that was found bears its mark now. */
  settled(): void {
    this.#unmarked = 'nothing'
  }

  /** What a file says of it; nothing while older things have no marks. */
  get recorded(): string | undefined {
    return this.#unmarked === 'former' ? undefined : this.#owner
  }

  /** What may be used of what is there. */
  claim(adopt: boolean | undefined): Claim {
    return { mark: this.#mark, unmarked: this.#unmarked, adopt: adopt ?? this.#adopt }
  }
}
