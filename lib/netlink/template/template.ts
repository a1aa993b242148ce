// A plan that was laid out once, in which the values of each run are filled in.
import { handleOf, type NetnsTarget } from '../../native/netns_handle'
import { HoleNetns, type Hole, type HoleValue } from './hole'
import { joined, type Layout, type Section } from './layout'
import { equal, findPlaces, type NamePlace, type Place, type Places, type Sample } from './places'

/** The values of a run. */
export type HoleValues = Readonly<Record<string, HoleValue>>

/** Lays the operations out with some values. */
export type LayOut = (values: HoleValues) => Layout

/** So many examples are laid out. */
const examples = 3
/** Examples of small numbers may be the same by chance: so often others are tried. */
const mostTries = 10

/** A plan with places for values. */
export class Template {
  readonly #holes: Readonly<Record<string, Hole>>
  readonly #layout: Layout
  readonly #places: Places
  /** Those that have no room for some values. */
  readonly #narrow: readonly Place[]
  /** By key: whether values of a class stand in a message as the examples do. */
  readonly #classes = new Map<string, Map<string | number, boolean>>()
  readonly #example: HoleValues

  private constructor(holes: Readonly<Record<string, Hole>>, { layout, values }: Sample, places: Places) {
    this.#example = values
    this.#holes = holes
    this.#layout = layout
    this.#places = places
    this.#narrow = places.bytes.filter(({ encoding }) => encoding.takes !== undefined)
    for (const [key, hole] of Object.entries(holes)) {
      const ofExample = hole.classOf(values[key])
      this.#classes.set(key, new Map(ofExample === undefined ? [] : [[ofExample, true]]))
    }
  }

  /** Makes one; undefined if the values do more than to stand somewhere. */
  static make(holes: Readonly<Record<string, Hole>>, layOut: LayOut): Template | undefined {
    const sample = (): Sample => {
      const values = examplesOf(holes)
      return { layout: layOut(values), values }
    }
    const first = sample()
    for (let tries = 0; tries < mostTries; tries++) {
      const places = findPlaces(holes, [first, ...Array.from({ length: examples - 1 }, sample)])
      if (places === 'none') return undefined
      if (places !== 'ambiguous') return new Template(holes, first, places)
    }
    return undefined
  }

  /** The values of which it was made, which stand in it where a run gives others. */
  get example(): HoleValues {
    return this.#example
  }

  /** Whether the families of its messages still have the numbers that are written in it. */
  get isCurrent(): boolean {
    return this.#layout.families.every(([family, number]) => family.number === number)
  }

  /**
   * Whether it takes these values. The first ones of a class are laid out, to see whether they stand where the examples do.
   * @throws what an option throws that refuses a value.
   */
  takes(values: HoleValues, layOut: LayOut): boolean {
    if (this.#narrow.some(({ key, encoding }) => encoding.takes?.(values[key]) === false)) return false
    let unknown: string[] | undefined
    for (const [key, classes] of this.#classes) {
      const of = this.#holes[key]?.classOf(values[key])
      const known = of === undefined ? false : classes.get(of)
      if (known === false) return false
      if (known === undefined) (unknown ??= []).push(key)
    }
    if (unknown === undefined) return true
    if (unknown.length > 1 && this.#fits(values, unknown, layOut)) return this.#note(values, unknown, true)
    return unknown.map((key) => this.#note(values, [key], this.#fits(values, [key], layOut))).every(Boolean)
  }

  #note(values: HoleValues, keys: readonly string[], known: boolean): boolean {
    for (const key of keys) {
      const of = this.#holes[key]?.classOf(values[key])
      if (of !== undefined) this.#classes.get(key)?.set(of, known)
    }
    return known
  }

  /** Whether some values stand where the examples do; those of the others are examples. */
  #fits(values: HoleValues, keys: readonly string[], layOut: LayOut): boolean {
    const given = Object.entries(values).filter(([key]) => keys.includes(key))
    const mixed = { ...this.#example, ...Object.fromEntries(given) }
    const { words, bytes, names } = layOut(mixed)
    if (!equal(words, this.#layout.words)) return false
    this.#writeBytes(mixed)
    return equal(bytes, this.#layout.bytes) && names.join('\0') === this.#namesFor(mixed).join('\0')
  }

  /** A name of the example, with the values in it instead. */
  nameLike(name: string, values: HoleValues): string {
    const index = this.#layout.names.indexOf(name)
    const place = this.#places.names.find((one) => one.index === index)
    return place === undefined ? name : nameAt(place, values)
  }

  /** What the addon takes, with the values filled in, until it is asked for again. */
  fill(values: HoleValues): Section {
    const { words, bytes } = this.#layout
    this.#writeBytes(values)
    this.#writeHandles(values)
    return { words, bytes, names: joined(this.#namesFor(values)) }
  }

  #writeBytes(values: HoleValues): void {
    for (const { encoding, at, key } of this.#places.bytes) encoding.write(this.#layout.bytes, at, values[key])
  }

  #writeHandles(values: HoleValues): void {
    const { words, namespaces } = this.#layout
    const begin = words.length - 2 * namespaces.length
    for (const [i, netns] of namespaces.entries()) {
      if (netns === undefined) continue
      const given = netns instanceof HoleNetns ? (values[netns.key] as NetnsTarget)[handleOf] : netns
      const handle = given.use('PreparedBatch.run')
      words[begin + 2 * i] = handle | 0
      words[begin + 2 * i + 1] = Math.floor(handle / 2 ** 32)
    }
  }

  #namesFor(values: HoleValues): string[] {
    const names = [...this.#layout.names]
    for (const place of this.#places.names) names[place.index] = nameAt(place, values)
    return names
  }
}

function nameAt({ key, before, after }: NamePlace, values: HoleValues): string {
  return `${before}${values[key] as string | number}${after}`
}

/** Values to lay a batch out with. */
export function examplesOf(holes: Readonly<Record<string, Hole>>): HoleValues {
  return Object.fromEntries(Object.entries(holes).map(([key, hole]) => [key, hole.example()]))
}
