// A namespace that an agent keeps: creates it, opens it again, and creates it again if it was deleted. Its `lo` has the agent's mark,
// which another namespace of the same name does not have.
import { type Link, NetNs } from 'netloom'
import { isAlreadyExists, isNotFound } from 'netloom/errors'
import { isOwn, notOwn, type Claim } from './claim'

/** What `open` found. */
export interface OpenedNamespace {
  readonly netns: NetNs
  /** Whether it was opened by this call. */
  readonly opened: boolean
  /** Whether it had to be made. */
  readonly made: boolean
  /** Resolves when it has the mark; it may be used before. */
  readonly marked: Promise<unknown>
  /** Removes the mark again, if it was adopted. */
  readonly giveBack?: (() => Promise<void>) | undefined
}

/** The handle of a named namespace that the agent keeps. */
export class KeptNamespace {
  #netns: NetNs | undefined

  /** The namespace, once there is one. */
  get netns(): NetNs | undefined {
    return this.#netns
  }

  /**
   * Opens it, or creates it if it does not exist.
   * @throws NetloomError: `ERR_NETLOOM_NOT_OWN` if it belongs to others, and is not to be adopted.
   */
  async open(name: string, claim: Claim): Promise<OpenedNamespace> {
    if (this.#netns !== undefined && (await isThere(this.#netns, name))) {
      return { netns: this.#netns, opened: false, made: false, marked: Promise.resolve() }
    }
    this.close()
    let made: NetNs
    try {
      made = await NetNs.create(name)
    } catch (error) {
      if (!isAlreadyExists(error)) throw error
      return this.#found(name, claim)
    }
    this.#netns = made
    const marked = mark(made, claim.mark).catch(async (error: unknown) => {
      // Without the mark no agent would ever delete it.
      await made.delete({ force: true })
      throw error
    })
    // Awaited later.
    marked.catch(() => undefined)
    return { netns: made, opened: true, made: true, marked }
  }

  /** Opens it if it exists and is its own, to remove what is in it. */
  async openOwn(name: string, claim: Claim): Promise<NetNs | undefined> {
    const isKept = this.#netns !== undefined && (await isThere(this.#netns, name))
    if (!isKept) {
      this.close()
      this.#netns = await openIfThere(name)
    }
    if (this.#netns !== undefined && !(await owns(this.#netns, claim))) this.close()
    return this.#netns
  }

  close(): void {
    this.#netns?.close()
    this.#netns = undefined
  }

  async #found(name: string, claim: Claim): Promise<OpenedNamespace> {
    const netns = await NetNs.open(name)
    try {
      const { alias } = await netns.links.get('lo')
      const own = await owns(netns, claim)
      if (!own && !claim.adopt) throw notOwn('Agent.ensure', `the namespace ${name}`, alias)
      if (alias !== claim.mark) await mark(netns, claim.mark)
      this.#netns = netns
      const giveBack = own ? undefined : () => mark(netns, alias ?? '')
      return { netns, opened: true, made: false, marked: Promise.resolve(), giveBack }
    } catch (error) {
      netns.close()
      throw error
    }
  }
}

function mark(netns: NetNs, alias: string): Promise<void> {
  return netns.links.set('lo', { alias })
}

async function owns(netns: NetNs, claim: Claim): Promise<boolean> {
  const { alias } = await netns.links.get('lo')
  if (alias !== undefined || claim.unmarked !== 'begun') return isOwn(claim, alias)
  const links = await netns.links.list()
  const isUnused = links.every((link) => link.alias === claim.mark || isAsMade(link))
  return isOwn(claim, alias, isUnused)
}

/** Whether a new namespace may have this link: `lo`, tunnels of some kernels, or the end of a veth without a mark yet. */
function isAsMade({ name, kind, up, alias }: Link): boolean {
  const fallback = /^(lo|tunl0|sit0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0|ip6tnl0|ip6gre0)$/
  return !up && alias === undefined && (kind === 'veth' || fallback.test(name))
}

async function openIfThere(name: string): Promise<NetNs | undefined> {
  try {
    return await NetNs.open(name)
  } catch (error) {
    if (isNotFound(error) || (error as { code?: unknown }).code === 'EINVAL') return undefined
    throw error
  }
}

/** Whether the name still leads to the namespace that is open. */
async function isThere(netns: NetNs, name: string): Promise<boolean> {
  using found = await openIfThere(name)
  return found?.equals(netns) === true
}
