// What is to be taken away again, the last one first; as AsyncDisposableStack, which Node has since 24 only.

/** Takes away what it was given, when it is disposed. All of it is tried; the first failure is told. */
export class Cleanup implements AsyncDisposable {
  readonly #all: (() => PromiseLike<void>)[] = []

  /** Keeps something, and gives it back. */
  use<T extends AsyncDisposable>(one: T): T {
    this.#all.push(() => one[Symbol.asyncDispose]())
    return one
  }

  /** Keeps something to be done. */
  defer(work: () => Promise<unknown>): void {
    this.#all.push(() => work().then(() => undefined))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = []
    for (const work of this.#all.splice(0).reverse()) {
      try {
        await work()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }
}
