// The routers of an agent: `agent.routers`.
import { checkId } from '../agents/names'
import type { OwnDirectory, StateDirectory } from '../agents/state_directory'
import { wrongType, wrongValue } from 'netloom/errors'
import { checkKeys } from 'netloom/values'
import { checkRouter, portsOf, refuseTaken, type CheckedRouter } from './check'
import { routerError } from './errors'
import type { TellRouter } from './events'
import { Keeper, type RouterRecord } from './keeper'
import type { RouterChanges, RouterOptions } from './options'
import type { Surroundings } from './router_namespace'
import { Router } from './router'
import { syncRouters, type RouterDifferences } from './sync'

interface Kept {
  readonly router: Router
  readonly keeper: Keeper
}

const changeable = new Set('ports gateway routes floatingIps'.split(' '))

/**
 * The routers that an agent keeps. One change is made after another.
 * @example
 * const router = await agent.routers.ensure({ id: 'r1', ports: [{ id: 'r1-red', network: 'red', addresses: ['10.0.0.1/24'] }] })
 */
export class Routers {
  readonly #directory: StateDirectory
  readonly #surroundings: Surroundings
  readonly #tell: TellRouter
  readonly #kept = new Map<string, Kept>()
  /** Failed repairs, in words, each of which is reported once. */
  readonly #failing = new Map<string, string>()
  #turn: Promise<unknown> = Promise.resolve()
  #supervising = false
  #closed = false

  /** @internal */
  constructor(directory: StateDirectory, surroundings: Surroundings, tell: TellRouter) {
    this.#directory = directory
    this.#surroundings = surroundings
    this.#tell = tell
  }

  /**
   * Creates, changes or repairs a router as described; changes nothing if it is complete.
   * @throws TypeError, RangeError for a wrong field, by name; NetloomError of the kernel, of files. What was created is removed
   *   then, and what was changed is restored.
   */
  async ensure(options: RouterOptions): Promise<Router> {
    const wanted = checkRouter(options)
    return this.#inTurn(() => this.#ensure(wanted))
  }

  /** A router by its id; undefined if there is none. */
  get(id: string): Router | undefined {
    return this.#kept.get(id)?.router
  }

  /** All routers. */
  list(): Router[] {
    return Array.from(this.#kept.values(), ({ router }) => router)
  }

  /**
   * Deletes a router, with its devices, its namespace and its files.
   * @param options - `force: true` to succeed if there is none.
   * @throws NetloomError: `ERR_NETLOOM_NO_ROUTER`.
   */
  async delete(id: string, options: { force?: boolean | undefined } = {}): Promise<void> {
    checkId(id, 'id')
    checkKeys(options, new Set(['force']))
    const { force = false } = options
    if (typeof force !== 'boolean') throw wrongType('force', 'a boolean', force)
    await this.#inTurn(async () => {
      if (force && !this.#kept.has(id)) return
      await this.#delete(id, 'routers.delete')
    })
  }

  /** @internal The descriptions of all. */
  get present(): CheckedRouter[] {
    return Array.from(this.#kept.values(), ({ keeper }) => keeper.router)
  }

  /** @internal Makes all routers equal to a description. */
  sync(wanted: readonly CheckedRouter[]): Promise<RouterDifferences> {
    return this.#inTurn(() =>
      syncRouters(
        {
          present: () => this.present,
          isSettled: ({ id, key }) => {
            const keeper = this.#kept.get(id)?.keeper
            return keeper?.settled === true && keeper.router.key === key
          },
          ensure: async (router) => {
            await this.#ensure(router)
          },
          delete: (id) => this.#delete(id, 'RouterAgent.sync'),
        },
        wanted,
      ),
    )
  }

  /** @internal Takes over from a former agent a router. */
  takeOver(written: RouterRecord, directory: OwnDirectory): Promise<void> {
    return this.#inTurn(async () => {
      const { id } = written.router
      const kept = this.#keep(written.router, directory, written.owner)
      const mended = await kept.keeper.takeOver(written)
      if (written.deleted) this.#kept.delete(id)
      else this.#repaired(id, mended)
    })
  }

  /** @internal Checks and repairs all of them. Reports repairs that fail, and tries them again the next time. */
  async supervise(): Promise<void> {
    if (this.#supervising || this.#closed) return
    this.#supervising = true
    try {
      for (const id of [...this.#kept.keys()]) await this.#mendInTurn(id)
    } finally {
      this.#supervising = false
    }
  }

  /** @internal Checks those with this tap, which was created again. */
  async superviseTap(tap: string): Promise<void> {
    const has = ({ keeper }: Kept): boolean => portsOf(keeper.router).some(({ device }) => device === tap)
    for (const [id, kept] of [...this.#kept]) if (has(kept)) await this.#mendInTurn(id)
  }

  /** @internal Stops keeping all of them. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#turn
    for (const { keeper } of this.#kept.values()) await keeper.close()
  }

  async #ensure(wanted: CheckedRouter): Promise<Router> {
    refuseTaken(wanted, this.present)
    const known = this.#kept.get(wanted.id)
    if (known !== undefined) {
      const before = known.keeper.router
      if (before.namespace !== wanted.namespace) {
        throw wrongValue('namespace', `${before.namespace}, as the router was made`, wanted.namespace)
      }
      if (before.key === wanted.key) this.#repaired(wanted.id, await known.keeper.mend())
      else await known.keeper.become(wanted)
      return known.router
    }
    const kept = this.#keep(wanted, this.#directory.directory(wanted.id))
    try {
      await kept.keeper.create()
    } catch (error) {
      this.#kept.delete(wanted.id)
      throw error
    }
    return kept.router
  }

  async #delete(id: string, operation: string): Promise<void> {
    await this.#find(id, operation).keeper.remove()
    this.#kept.delete(id)
    this.#failing.delete(id)
  }

  #keep(checked: CheckedRouter, directory: OwnDirectory, owner?: string): Kept {
    const { id } = checked
    const keeper = new Keeper(directory, checked, this.#surroundings, owner)
    const router = new Router(id, {
      described: () => this.#find(id, 'Router').keeper.router,
      change: (changes) => this.#change(id, changes),
    })
    const kept = { keeper, router }
    this.#kept.set(id, kept)
    return kept
  }

  async #change(id: string, changes: RouterChanges): Promise<void> {
    checkKeys(changes, changeable)
    await this.#inTurn(async () => {
      const { given } = this.#find(id, 'Router.update').keeper.router
      await this.#ensure(checkRouter({ ...given, ...changes }))
    })
  }

  #find(id: string, operation: string): Kept {
    const kept = this.#kept.get(id)
    if (kept === undefined) throw routerError('ERR_NETLOOM_NO_ROUTER', operation, `there is no router ${id}`)
    return kept
  }

  async #mendInTurn(id: string): Promise<void> {
    if (!this.#closed) await this.#inTurn(() => this.#mend(id))
  }

  async #mend(id: string): Promise<void> {
    const kept = this.#kept.get(id)
    if (kept === undefined) return
    try {
      this.#repaired(id, await kept.keeper.mend())
      this.#failing.delete(id)
    } catch (error) {
      const { message } = error as Error
      if (this.#failing.get(id) !== message) this.#tell('error', error as Error)
      this.#failing.set(id, message)
    }
  }

  #repaired(router: string, mended: readonly string[]): void {
    if (mended.length > 0) this.#tell('repair', { router, mended })
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw routerError('ERR_NETLOOM_AGENT_CLOSED', 'routers', 'the agent is closed')
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => undefined)
    return turn
  }
}
