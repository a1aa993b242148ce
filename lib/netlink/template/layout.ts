// Copies of what the addon takes of a plan: to be sent many times, or together with others.
import type { NetnsReference } from '../../native/netns_handle'
import { planHead } from '../../native/layout'
import { copyInto, copyOf, copyWords } from '../../wire/scratch'
import type { NumberedFamily } from '../message'
import type { EncodedPlan, Plan } from '../plan'

/** A plan, laid out. */
export interface Layout {
  readonly words: Int32Array
  readonly bytes: Uint8Array
  readonly names: readonly string[]
  /** The namespaces, in the order of their handles, which are its last words; undefined: created by it. */
  readonly namespaces: readonly (NetnsReference | undefined)[]
  /** The families whose numbers are in it, and these. */
  readonly families: readonly (readonly [family: NumberedFamily, number: number | undefined])[]
}

/** Lays a plan out. */
export function layoutOf(plan: Plan): Layout {
  const families = plan.families.map((family) => [family, family.number] as const)
  return plan.hand(({ words, bytes, names, namespaces }: EncodedPlan) => ({
    words: copyWords(words, words[planHead.words] ?? 0),
    bytes: copyOf(bytes, 0, words[planHead.bytes]),
    names: names === undefined ? [] : names.split('\0').slice(0, -1),
    namespaces: namespaces.map(({ netns, created }) => (created ? undefined : netns)),
    families,
  }))
}

/** What the addon takes of a plan: a section of a larger one. */
export type Section = Pick<EncodedPlan, 'words' | 'bytes' | 'names'>

/** Names as the addon takes them. */
export function joined(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `${names.join('\0')}\0`
}

function grown<Numbers extends Int32Array | Uint8Array>(numbers: Numbers, used: number, more: number): Numbers {
  if (used + more <= numbers.length) return numbers
  const larger = new (numbers.constructor as new (length: number) => Numbers)(Math.max(used + more, 2 * numbers.length))
  larger.set(numbers)
  return larger
}

/** Several plans, to be carried out one after another as one. */
export class Sections {
  #words = new Int32Array(4096)
  #bytes = new Uint8Array(16_384)
  #wordCount = 0
  #size = 0
  #count = 0
  readonly #names: string[] = []

  /** Adds a copy of a plan. */
  add({ words, bytes, names }: Section): void {
    const count = words[planHead.words] ?? 0
    const size = words[planHead.bytes] ?? 0
    // Messages are aligned, also those of the next section.
    const aligned = (size + 3) & ~3
    this.#words = grown(this.#words, this.#wordCount, count)
    this.#bytes = grown(this.#bytes, this.#size, aligned)
    copyInto(this.#words, this.#wordCount, words, count)
    copyInto(this.#bytes, this.#size, bytes, size)
    this.#words[this.#wordCount + planHead.bytes] = aligned
    this.#wordCount += count
    this.#size += aligned
    this.#count++
    if (names !== undefined) this.#names.push(names)
  }

  /** All of them, as one plan; there must be one at least. */
  get all(): Section {
    this.#words[planHead.sections] = this.#count
    return {
      words: this.#words,
      bytes: this.#bytes,
      names: this.#names.length === 0 ? undefined : this.#names.join(''),
    }
  }
}
