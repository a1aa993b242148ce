// Makes a router real and keeps it so: its file, and its place. Whoever uses it does one thing after another.
import { makeDirectory, readIfThere, removeDirectory, replaceDurably } from '../agents/files'
import { readBack, writeDown } from '../dhcp/written'
import { checkRouter, portsOf, type CheckedRouter, type Port } from './check'
import type { RouterOptions } from './options'
import { Place, type Surroundings } from './place'

/** What a router's file holds. */
export interface Written {
  readonly router: CheckedRouter
  /** It is being deleted. */
  readonly deleted: boolean
  /** Ports that it had, which may be there yet. */
  readonly stale: readonly Port[]
}

/** Reads a router's file; throws for what is none. */
export function readRouterFile(text: string): Written {
  const file = readBack(text) as { version?: unknown; router?: RouterOptions; deleted?: unknown; stale?: Port[] }
  if (file.version !== 1) throw new Error('its version is unknown')
  return { router: checkRouter(file.router), deleted: file.deleted === true, stale: file.stale ?? [] }
}

/** The file with a router's description, in its directory. */
export function descriptionIn(directory: string): string {
  return `${directory}/router.json`
}

/** Keeps one router. */
export class Keeper {
  readonly #directory: string
  readonly #place: Place
  #router: CheckedRouter
  #stale: readonly Port[] = []
  #written = ''
  #settled = false

  constructor(directory: string, router: CheckedRouter, surroundings: Surroundings) {
    this.#directory = directory
    this.#place = new Place(surroundings)
    this.#router = router
  }

  /** The description that it has now. */
  get router(): CheckedRouter {
    return this.#router
  }

  /** Whether it was all there when it was looked at last. */
  get settled(): boolean {
    return this.#settled
  }

  /** Makes it for the first time; nothing is left of it if that fails. */
  async create(): Promise<string[]> {
    try {
      return await this.mend()
    } catch (error) {
      await this.remove()
      throw error
    }
  }

  /** Makes another description real, or leaves the old one. */
  async become(next: CheckedRouter): Promise<string[]> {
    const before = this.#router
    const staleBefore = this.#stale
    this.#stale = [...staleBefore, ...leaving(before, next)]
    this.#router = next
    try {
      return await this.mend()
    } catch (error) {
      this.#stale = [...staleBefore, ...leaving(next, before)]
      this.#router = before
      // What cannot be had again either is tried at the next call.
      await this.mend().catch(() => undefined)
      throw error
    }
  }

  /** Looks whether all is as it should be, and mends what is not; tells what that was. */
  async mend(): Promise<string[]> {
    this.#settled = false
    // Written first, so that whoever comes after a kill finds what was begun.
    await this.#write(false)
    const mended = await this.#place.settle(this.#router, this.#stale)
    if (this.#stale.length > 0) {
      this.#stale = []
      await this.#write(false)
    }
    this.#settled = true
    return mended
  }

  /** Takes over what a former agent has left. */
  async takeOver({ deleted, stale }: Written): Promise<string[]> {
    this.#stale = stale
    if (!deleted) return this.mend()
    await this.remove()
    return []
  }

  /** Takes the router away. */
  async remove(): Promise<void> {
    // On a full disk it goes without the note that it shall go.
    await this.#write(true).catch(() => undefined)
    await this.#place.remove(this.#router, this.#stale)
    removeDirectory(this.#directory)
  }

  /** Ends the keeping; the router stays as it is. */
  async close(): Promise<void> {
    await this.#place.close()
  }

  async #write(deleted: boolean): Promise<void> {
    const stale = this.#stale.map((port) => ({ ...port, addresses: [], advertise: undefined }))
    const text = `${writeDown({ version: 1, deleted, router: this.#router.given, stale })}\n`
    const path = descriptionIn(this.#directory)
    if (text === this.#written && readIfThere(path) === text) return
    makeDirectory(this.#directory)
    await replaceDurably(path, text)
    this.#written = text
  }
}

/** The ports of one description that another one does not have, or has elsewhere. */
function leaving(before: CheckedRouter, next: CheckedRouter): Port[] {
  const stays = ({ device, network, bridge }: Port): boolean =>
    portsOf(next).some((one) => one.device === device && one.network === network && one.bridge === bridge)
  return portsOf(before).filter((port) => !stays(port))
}
