// A namespace that an agent keeps: made, found again, made again if somebody has deleted it.
import { isAlreadyExists, isNotFound } from '../errors'
import { NetNs } from '../netns/netns'

/** The handle of a named namespace that shall be there. */
export class KeptNamespace {
  #netns: NetNs | undefined

  /** The namespace, once there is one. */
  get netns(): NetNs | undefined {
    return this.#netns
  }

  /** Sees to it that it is there. Tells whether it was opened by this call, and whether it had to be made. */
  async open(name: string): Promise<{ netns: NetNs; opened: boolean; made: boolean }> {
    if (this.#netns !== undefined && (await isThere(this.#netns, name))) {
      return { netns: this.#netns, opened: false, made: false }
    }
    this.close()
    let made = true
    try {
      this.#netns = await NetNs.create(name)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      this.#netns = await NetNs.open(name)
      made = false
    }
    return { netns: this.#netns, opened: true, made }
  }

  close(): void {
    this.#netns?.close()
    this.#netns = undefined
  }
}

/** Whether the name still leads to the namespace that is open. */
async function isThere(netns: NetNs, name: string): Promise<boolean> {
  try {
    using found = await NetNs.open(name)
    return found.equals(netns)
  } catch (error) {
    if (isNotFound(error) || (error as { code?: unknown }).code === 'EINVAL') return false
    throw error
  }
}
