// Makes one network and keeps it as it is described: files, namespace, device, leases, and dnsmasq (serving.ts). One call
// at a time.
import type { Network } from './check_network'
import { pathsIn, type Paths } from './arguments'
import type { Claim } from '../agents/claim'
import { Following } from './following'
import { Ownership } from '../agents/ownership'
import type { OwnDirectory } from '../agents/state_directory'
import type { State } from './host_files'
import type { Lease } from './leases'
import { NetworkFiles } from './network_files'
import type { OptionTester } from './option_tester'
import { DhcpNamespace, type Settled } from './dhcp_namespace'
import type { Left, Shared } from './shared'
import { Serving } from './serving'
import { isGrounded } from './stale'

/** Keeps one network. */
export class Keeper {
  readonly #shared: Shared
  readonly #paths: Paths
  readonly #place: DhcpNamespace
  readonly #serving: Serving
  readonly #files: NetworkFiles
  readonly #own: OwnDirectory
  readonly #ownership: Ownership
  readonly #following: Following
  #state: State | undefined
  #busy: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #failure = ''
  #closed = false

  /** @param owner - The owner in the marks of its devices. Default: this agent. */
  constructor(own: OwnDirectory, id: string, shared: Shared, owner = own.owner) {
    this.#shared = shared
    this.#own = own
    this.#ownership = new Ownership('dhcp', id, owner, shared.adopt)
    this.#paths = pathsIn(own.path)
    this.#files = new NetworkFiles(own, this.#paths, () => this.#ownership.recorded)
    this.#place = new DhcpNamespace(shared.plug)
    this.#serving = new Serving(shared, this.#paths, {
      onEnd: () => {
        this.#superviseSoon()
      },
      onFailure: (error) => {
        this.#complain(error)
      },
      leaseText: () => this.#following.restored(),
    })
    const state = (): State | undefined => this.#state
    const logGrew = (): void => {
      this.#serving.look()
    }
    this.#following = new Following(this.#paths, shared.tell, state, logGrew, () => this.#serving.isAlive())
  }

  get state(): State | undefined {
    return this.#state
  }

  /** The process id of its dnsmasq. */
  get pid(): number | undefined {
    return this.#serving.pid
  }

  /** How often dnsmasq was told to read its files again. */
  get reloads(): number {
    return this.#serving.reloads
  }

  /** The bridge of a network, if the plug reports it. */
  bridgeOf(network: Network): string | undefined {
    return this.#place.bridgeOf(network)
  }

  /** Asks dnsmasq whether it takes options. */
  get tester(): OptionTester {
    return this.#shared.tester
  }

  /** The leases as the file has them now. */
  leases(): readonly Lease[] {
    const state = this.#state
    return this.#following.leases((lease) => state !== undefined && isGrounded(lease, state, undefined))
  }

  /**
   * Creates a new network. If it fails, `undo` removes what it has created.
   * dnsmasq's own start takes longest: it runs while its device and files are created.
   */
  async create(state: State): Promise<void> {
    await this.#exclusively(async () => {
      const { network } = state
      const { durable } = this.#files.begin(state, this.#claim(state).adopt)
      let refused: Error | undefined
      const settled = await this.#place.settle(network, this.#claim(state), {
        opened: (netns, device) => {
          this.#serving.prepare(netns, network, device)
        },
        meanwhile: () => {
          try {
            this.#files.complete(state)
            this.#following.start()
          } catch (error) {
            refused = error as Error
          }
        },
      })
      if (refused !== undefined) throw refused
      await this.#serving.begin(settled, state)
      await settled.rest
      await durable
      this.#place.keep()
      this.#state = state
    })
  }

  /** Changes to another state, or keeps the old one. */
  async become(next: State): Promise<void> {
    await this.#exclusively(async () => {
      const before = this.#state
      try {
        await this.#realize(next, before, false)
        this.#place.keep()
        this.#state = next
      } catch (error) {
        await this.#place.giveBack().catch(() => undefined)
        // Ignores failures of going back; the supervisor restores the old state.
        if (before !== undefined) await this.#realize(before, next, false).catch(() => undefined)
        throw error
      }
    })
  }

  /** Takes over a network of a former agent, which may be complete, with a running dnsmasq, or not. */
  async takeOver({ state, pids, owner }: Left): Promise<void> {
    this.#ownership.takeOver(owner !== undefined)
    await this.#exclusively(async () => {
      this.#state = state
      await this.#serving.takeOver(pids)
      this.#files.recall()
      await this.#realize(state, undefined, true)
    })
  }

  /** Checks everything, and repairs what is wrong. Only a dnsmasq that ends repeatedly is started with a delay. */
  async supervise(): Promise<void> {
    if (this.#closed || this.#waiting > 0) return
    // An end that is seen here first delays the next start, too.
    if (this.#serving.hasEnded) this.#superviseSoon()
    try {
      await this.#exclusively(() => this.#mend())
      this.#failure = ''
    } catch (error) {
      this.#complain(error)
    }
  }

  /** Calls `supervise` as soon as the delay between two starts allows. */
  #superviseSoon(): void {
    const delay = this.#closed ? undefined : this.#serving.noteEnd()
    if (delay !== undefined) setTimeout(() => void this.supervise(), delay + 1).unref()
  }

  /** Completes a deletion of a former agent. */
  async discard({ state, pids, owner }: Left): Promise<void> {
    this.#ownership.takeOver(owner !== undefined)
    await this.#serving.discard(pids)
    this.#state = state
    await this.remove()
  }

  /** Removes what `create` has created before it failed, and gives back what it has adopted. */
  async undo(state: State): Promise<void> {
    await this.#exclusively(async () => {
      await this.#place.giveBack()
      await this.#stopWatching()
      if (this.#own.isOwn) await this.#files.condemn(state)
      await this.#serving.kill()
      await this.#place.remove(state.network, this.#claim(state))
      this.#own.undo()
    })
  }

  /** Deletes the network. Notes this in its file first, in case the process is killed meanwhile. */
  async remove(): Promise<void> {
    await this.#exclusively(async () => {
      const state = this.#state
      await this.#stopWatching()
      if (state === undefined) return
      if (this.#own.isOwn) await this.#files.condemn(state)
      // Killed, as the files that it would write at its end are deleted anyway.
      await this.#serving.kill()
      this.#following.forsake()
      await this.#place.remove(state.network, this.#claim(state))
      this.#own.remove()
    })
  }

  /** Stops keeping it; the network stays as it is, with its dnsmasq. */
  async close(): Promise<void> {
    await this.#exclusively(async () => {
      await this.#stopWatching()
      this.#serving.detach()
    })
  }

  async #stopWatching(): Promise<void> {
    this.#closed = true
    await this.#following.close()
    this.#place.close()
  }

  async #exclusively<T>(work: () => Promise<T>): Promise<T> {
    this.#waiting++
    const turn = this.#busy.then(work)
    this.#busy = turn.catch(() => undefined)
    try {
      return await turn
    } finally {
      this.#waiting--
    }
  }

  #complain(error: unknown): void {
    const message = error instanceof Error ? error.message : String(error)
    // Reports a repeated failure once.
    if (message === this.#failure) return
    this.#failure = message
    this.#shared.tell('error', error instanceof Error ? error : new Error(message))
  }

  async #realize(next: State, before: State | undefined, always: boolean): Promise<void> {
    const { changed, durable } = await this.#files.replace(next)
    this.#following.start()
    const settled = await this.#settle(next)
    await this.#serving.serve(settled, next, before, changed, always)
    await durable.catch((error: unknown) => {
      this.#files.forget()
      throw error
    })
  }

  #claim({ network }: State): Claim {
    return this.#ownership.claim(network.adopt)
  }

  /** Repairs its namespace and device. Objects of an older version then have marks, which is noted in the file. */
  async #settle(state: State): Promise<Settled> {
    const settled = await this.#place.settle(state.network, this.#claim(state))
    const isNew = this.#ownership.recorded === undefined
    this.#ownership.settled()
    if (isNew) await (await this.#files.replace(state)).durable
    return settled
  }

  async #mend(): Promise<void> {
    const state = this.#state
    if (state === undefined || this.#closed) return
    const isRewritten = !this.#following.isOn || this.#files.areChanged
    if (isRewritten) await this.#rewrite(state)
    const settled = await this.#settle(state)
    const network = state.network.id
    if (settled.mended.length > 0) this.#shared.tell('repair', { network, mended: settled.mended })
    if (await this.#serving.mend(settled, state, isRewritten)) this.#following.look()
  }

  /** Writes files again that another program has changed or removed, and watches their directory again. */
  async #rewrite(state: State): Promise<void> {
    if (!this.#own.isOwn) this.#following.stop()
    const { durable } = await this.#files.replace(state)
    await durable
    this.#following.start()
  }
}
