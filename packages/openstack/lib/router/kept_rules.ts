// Keeps the rules of a router in its namespace's nftables.
import type { NetNs } from 'netloom'
import {
  describeTable,
  firstGeneration,
  generationAfter,
  generationOf,
  replaceTable,
  type TableContent,
} from 'netloom/nftables'

const table = 'netloom'
const operation = 'routers.ensure'

/** The state of the rules in a namespace. */
interface Known {
  readonly netns: NetNs
  /** The rules that were set, as text. */
  readonly asked: string
  /** The generation of nftables then; undefined if another program may have changed something since. */
  generation: number | undefined
  /** The rules as the kernel lists them; undefined before they were listed. */
  shown: string | undefined
}

/** The rules in one namespace. */
export class KeptRules {
  #known: Known | undefined

  /**
   * Replaces the rules atomically; connections stay. If they are set already, and the namespace's nftables were not changed since, this
   * takes only one message.
   * @returns Whether something was changed.
   */
  async apply(netns: NetNs, rules: TableContent | undefined): Promise<boolean> {
    const asked = JSON.stringify(rules ?? [])
    const known = this.#known?.netns === netns && this.#known.asked === asked ? this.#known : undefined
    const generation = await generationOf(netns)
    if (known !== undefined && generation !== undefined && known.generation === generation) return false
    if (rules === undefined) return this.#clear(netns, generation)
    if (known === undefined) {
      await this.#put(netns, rules, generation)
      return true
    }
    // Another program has changed this table, or another one of the namespace.
    const before = await this.#look(netns)
    if (before === known.shown) {
      known.generation = generation
      return false
    }
    const put = await this.#put(netns, rules, generation)
    put.shown = await this.#look(netns)
    return before !== put.shown
  }

  /** Removes our table, if it exists. */
  async #clear(netns: NetNs, generation: number | undefined): Promise<boolean> {
    // Without nftables, or in their first generation, our table cannot exist.
    const isEmpty = generation === undefined || generation === firstGeneration || (await this.#look(netns)) === ''
    if (isEmpty) {
      this.#known = { netns, asked: '[]', generation, shown: '' }
      return false
    }
    await this.#put(netns, undefined, generation)
    return true
  }

  #look(netns: NetNs): Promise<string> {
    return describeTable(netns, table, operation)
  }

  async #put(netns: NetNs, rules: TableContent | undefined, before: number | undefined): Promise<Known> {
    this.#known = undefined
    await replaceTable(netns, table, rules, operation)
    const after = await generationOf(netns)
    // Another program may have changed our table meanwhile.
    const isOurs = before !== undefined && after === generationAfter(before)
    const generation = isOurs ? after : undefined
    this.#known = { netns, asked: JSON.stringify(rules ?? []), generation, shown: undefined }
    return this.#known
  }
}
