// The cleanup functions of a test: runs all of them, the last first, even if some fail.
import { wrongType } from '../wire/invalid'
import type { TestCleanup } from './options'

/** The cleanup of one test. */
export class Cleanup implements TestCleanup {
  readonly #steps: (() => unknown)[] = []

  use<Resource extends AsyncDisposable | Disposable>(resource: Resource): Resource {
    const { [Symbol.asyncDispose]: later, [Symbol.dispose]: atOnce } = Object(resource) as Partial<
      AsyncDisposable & Disposable
    >
    const disposal: unknown = later ?? atOnce
    if (typeof disposal !== 'function') throw wrongType('resource', 'something that can be disposed', resource)
    this.#steps.push(() => disposal.call(resource) as unknown)
    return resource
  }

  defer(cleanup: () => unknown): void {
    if (typeof cleanup !== 'function') throw wrongType('cleanup', 'a function', cleanup)
    this.#steps.push(cleanup)
  }

  /** Runs them, and returns their errors. */
  async run(): Promise<unknown[]> {
    const failures: unknown[] = []
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step()
      } catch (error) {
        failures.push(error)
      }
    }
    return failures
  }
}
