// Creates a router and keeps it as it is described: its file, and its namespace. Callers serialize calls.
import type { Claim } from '../agents/claim'
import { makeLast, readIfThere, replaceDurably } from '../agents/files'
import { Ownership } from '../agents/ownership'
import { isOwner, type OwnDirectory } from '../agents/state_directory'
import { readBack, writeDown } from '../dhcp/network_record'
import { checkRouter, portsOf, type CheckedRouter, type Port } from './check'
import type { RouterOptions } from './options'
import { RouterNamespace, type Surroundings } from './router_namespace'

/** The content of a router's file. */
export interface RouterRecord {
  readonly router: CheckedRouter
  /** It is being deleted. */
  readonly deleted: boolean
  /** Former ports, which may still exist. */
  readonly stale: readonly Port[]
  /** The owner in the marks of its namespace and devices; undefined if an older version has made them, without marks. */
  readonly owner: string | undefined
}

/** The file, as JSON has it. */
interface RouterFile {
  readonly version?: unknown
  readonly router?: RouterOptions
  readonly deleted?: unknown
  readonly stale?: readonly Port[]
  readonly owner?: unknown
}

/** Parses a router's file; throws if it is malformed. */
export function readRouterFile(text: string): RouterRecord {
  const { version, router, deleted, stale = [], owner } = readBack(text) as RouterFile
  if (version !== 1) throw new Error('its version is unknown')
  const checked = { router: checkRouter(router), deleted: deleted === true, stale }
  return { ...checked, owner: isOwner(owner) ? owner : undefined }
}

/** Keeps one router. */
export class Keeper {
  readonly #own: OwnDirectory
  readonly #ownership: Ownership
  readonly #place: RouterNamespace
  #router: CheckedRouter
  #stale: readonly Port[] = []
  #written = ''
  #settled = false

  /** @param owner - The owner in the marks of its devices. Default: this agent. */
  constructor(own: OwnDirectory, router: CheckedRouter, surroundings: Surroundings, owner = own.owner) {
    this.#own = own
    this.#ownership = new Ownership('router', router.id, owner, surroundings.adopt)
    this.#place = new RouterNamespace(surroundings)
    this.#router = router
  }

  /** The description that it has now. */
  get router(): CheckedRouter {
    return this.#router
  }

  /** Whether it was complete at the last check. */
  get settled(): boolean {
    return this.#settled
  }

  /** Creates it. If that fails, removes all of it, and gives back what was adopted. */
  async create(): Promise<string[]> {
    const text = this.#text(false)
    try {
      this.#own.begin(text, this.#claim.adopt)
      this.#written = text
      await makeLast(this.#own.description)
      const mended = await this.mend()
      this.#place.keep()
      return mended
    } catch (error) {
      await this.#place.giveBack()
      await this.#remove()
      this.#own.undo()
      throw error
    }
  }

  /** Changes to another description, or keeps the old one. */
  async become(next: CheckedRouter): Promise<string[]> {
    const before = this.#router
    const staleBefore = this.#stale
    this.#stale = [...staleBefore, ...leaving(before, next)]
    this.#router = next
    try {
      const mended = await this.mend()
      this.#place.keep()
      return mended
    } catch (error) {
      await this.#place.giveBack()
      this.#stale = [...staleBefore, ...leaving(next, before)]
      this.#router = before
      // If going back fails, too, the next call tries it again.
      await this.mend().catch(() => undefined)
      throw error
    }
  }

  /** Checks everything, and repairs what is wrong. Returns the repairs. */
  async mend(): Promise<string[]> {
    this.#settled = false
    // The file first, so that after a kill the next agent finds it.
    await this.#write(false)
    const mended = await this.#place.settle(this.#router, this.#claim, this.#stale)
    this.#stale = []
    this.#ownership.settled()
    // Without removed ports; and objects of an older version have marks now.
    await this.#write(false)
    this.#settled = true
    return mended
  }

  /** Takes it over from a former agent. */
  async takeOver({ deleted, stale, owner }: RouterRecord): Promise<string[]> {
    this.#ownership.takeOver(owner !== undefined)
    this.#stale = stale
    if (!deleted) return this.mend()
    await this.remove()
    return []
  }

  /** Deletes the router. */
  async remove(): Promise<void> {
    await this.#remove()
    this.#own.remove()
  }

  /** Stops keeping it; the router stays as it is. */
  async close(): Promise<void> {
    await this.#place.close()
  }

  async #remove(): Promise<void> {
    // Ignores a full disk.
    if (this.#own.isOwn) await this.#write(true).catch(() => undefined)
    await this.#place.remove(this.#router, this.#claim, this.#stale)
  }

  get #claim(): Claim {
    return this.#ownership.claim(this.#router.adopt)
  }

  #text(deleted: boolean): string {
    const stale = this.#stale.map((port) => ({ ...port, addresses: [], advertise: undefined }))
    const owner = this.#ownership.recorded
    return `${writeDown({ version: 1, deleted, owner, router: this.#router.given, stale })}\n`
  }

  async #write(deleted: boolean): Promise<void> {
    const text = this.#text(deleted)
    const path = this.#own.description
    if (text === this.#written && readIfThere(path) === text) return
    if (!this.#own.isOwn) this.#own.restore()
    await replaceDurably(path, text)
    this.#written = text
  }
}

/** The ports of one description that another one does not have, or has on another network. */
function leaving(before: CheckedRouter, next: CheckedRouter): Port[] {
  const stays = ({ device, network, bridge }: Port): boolean =>
    portsOf(next).some((one) => one.device === device && one.network === network && one.bridge === bridge)
  return portsOf(before).filter((port) => !stays(port))
}
