// Objects with dozens of properties. One that gets them one by one, by names in variables, V8 keeps as a hash table, which
// is slow to make and five times as large. So they are noted first, and the object is a copy of one that has the same
// properties in the same order; most objects of a kind have.

/** So many templates are kept; the kernel's objects of one kind have a few dozen shapes. */
const mostTemplates = 1000

/** What the properties noted so far are, in their order. */
class Shape {
  readonly keys: readonly string[]
  readonly next = new Map<string, Shape>()
  // What came next the last time.
  lastKey: string | undefined
  lastShape: Shape = this
  template: object | undefined

  constructor(keys: readonly string[]) {
    this.keys = keys
  }
}

/** The properties of one object at a time; the next one may have the same. */
export class Properties {
  readonly #first = new Shape([])
  #shape = this.#first
  #templates = 0
  readonly #values: unknown[] = []

  /** Begins an object. What an error left of the one before is forgotten. */
  begin(): void {
    this.#shape = this.#first
    this.#values.length = 0
  }

  /** Adds a property; the same one again replaces its value. */
  set(key: string, value: unknown): void {
    this.#shape = this.#shape.lastKey === key ? this.#shape.lastShape : this.#step(key)
    this.#values.push(value)
  }

  #step(key: string): Shape {
    const shape = this.#shape
    let next = shape.next.get(key)
    if (next === undefined) {
      next = new Shape([...shape.keys, key])
      if (this.#templates < mostTemplates) shape.next.set(key, next)
    }
    shape.lastKey = key
    shape.lastShape = next
    return next
  }

  /** The object. */
  finish(): Record<string, unknown> {
    const shape = this.#shape
    const values = this.#values
    if (shape.template === undefined) {
      this.#templates++
      // The parser makes objects with any number of properties whole.
      shape.template = JSON.parse(`{${shape.keys.map((key) => `${JSON.stringify(key)}:null`).join()}}`) as object
    }
    const object: Record<string, unknown> = { ...shape.template }
    shape.keys.forEach((key, i) => {
      object[key] = values[i]
    })
    return object
  }
}
