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

/** What is known of the rules in a namespace. */
interface Known {
  readonly netns: NetNs
  /** The rules that were put in, as text. */
  readonly asked: string
  /** The generation in which that was so; undefined if somebody else may have changed something since. */
  generation: number | undefined
  /** How the kernel shows them; undefined while nobody has looked. */
  shown: string | undefined
}

/** The rules in one namespace. */
export class KeptRules {
  #known: Known | undefined

  /**
   * Puts rules into the place of those that are there, in one go: no packet sees half of them. Connections stay. Where they are there
   * already, and nothing was changed in the namespace's nftables since, one message tells so.
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
    // Somebody has changed something, there or elsewhere in the namespace.
    const before = await this.#look(netns)
    if (before === known.shown) {
      known.generation = generation
      return false
    }
    const put = await this.#put(netns, rules, generation)
    put.shown = await this.#look(netns)
    return before !== put.shown
  }

  /** Takes away what is there of ours, if anything. */
  async #clear(netns: NetNs, generation: number | undefined): Promise<boolean> {
    // Without nftables, and where nothing was ever put in, there can be none of ours.
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
    // What somebody else has done meanwhile may have been to ours.
    const isOurs = before !== undefined && after === generationAfter(before)
    const generation = isOurs ? after : undefined
    this.#known = { netns, asked: JSON.stringify(rules ?? []), generation, shown: undefined }
    return this.#known
  }
}
