// Makes one network real and keeps it so: files, namespace, device, dnsmasq, leases. One thing after another.
import { NetloomError } from 'netloom/errors'
import type { Network } from './check_network'
import { dnsmasqArguments, isSame, pathsIn, type Paths } from './arguments'
import { RestartDelay } from './restart_delay'
import type { Claim } from '../agents/claim'
import { Dnsmasq } from './dnsmasq'
import { dhcpError } from './errors'
import type { RestartEvent } from './events'
import { Following } from './following'
import { readIfThere, replaceFiles } from '../agents/files'
import { Ownership } from '../agents/ownership'
import type { OwnDirectory } from '../agents/state_directory'
import type { State } from './host_files'
import { parseLeases, type Lease } from './leases'
import { NetworkFiles } from './network_files'
import type { OptionTester } from './option_tester'
import { DhcpNamespace, type Settled } from './dhcp_namespace'
import type { Left, Shared } from './shared'
import { releaseLeases } from './release'
import { isGrounded, mayLeaveLeases, withoutLeases } from './stale'

/** Keeps one network. */
export class Keeper {
  readonly #shared: Shared
  readonly #paths: Paths
  readonly #place: DhcpNamespace
  readonly #dnsmasq: Dnsmasq
  readonly #files: NetworkFiles
  readonly #own: OwnDirectory
  readonly #ownership: Ownership
  readonly #following: Following
  readonly #delay = new RestartDelay()
  #state: State | undefined
  #busy: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #notBefore = 0
  #probedAt = performance.now()
  #failure = ''
  #closed = false
  #ran = false
  /** The index of the device that dnsmasq serves; undefined while none is known. */
  #served: number | undefined
  /** Whether the end of the one that was started last has been counted. */
  #endNoted = false
  /** How often dnsmasq was told to read its files again. */
  reloads = 0

  /** @param owner - Whose the marks of its devices are. Default: this agent's. */
  constructor(own: OwnDirectory, id: string, shared: Shared, owner = own.owner) {
    this.#shared = shared
    this.#own = own
    this.#ownership = new Ownership('dhcp', id, owner, shared.adopt)
    this.#paths = pathsIn(own.path)
    this.#files = new NetworkFiles(own, this.#paths, () => this.#ownership.recorded)
    this.#place = new DhcpNamespace(shared.plug)
    this.#dnsmasq = new Dnsmasq(shared.program, this.#paths, shared.patience)
    this.#dnsmasq.onEnd = () => {
      this.superviseSoon()
    }
    const state = (): State | undefined => this.#state
    const logGrew = (): void => {
      this.#dnsmasq.look()
    }
    this.#following = new Following(this.#paths, shared.tell, state, logGrew, () => this.#dnsmasq.isAlive())
  }

  get state(): State | undefined {
    return this.#state
  }

  /** The process id of its dnsmasq. */
  get pid(): number | undefined {
    return this.#dnsmasq.pid
  }

  /** The bridge of a network, where the plug tells it. */
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
   * Makes a network that was not there. Who fails half-way leaves what there is to `undo`.
   * The longest part is dnsmasq's own start: it is on its way while its device and files are made.
   */
  async create(state: State): Promise<void> {
    await this.#exclusively(async () => {
      const { network } = state
      const { durable } = this.#files.begin(state, this.#claim(state).adopt)
      let refused: Error | undefined
      const settled = await this.#place.settle(network, this.#claim(state), {
        opened: (netns, device) => {
          const args = dnsmasqArguments(network, device, this.#paths, this.#shared.settings)
          if (args !== undefined) this.#dnsmasq.prepare(netns, args)
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
      const args = dnsmasqArguments(network, settled.device, this.#paths, this.#shared.settings)
      if (args !== undefined) {
        if (!isSame(this.#dnsmasq.preparedArgs, args)) await this.#dnsmasq.stop()
        await this.#start(settled, args, state)
      }
      await settled.rest
      await durable
      this.#place.keep()
      this.#state = state
    })
  }

  /** Makes another state real, or leaves the old one. */
  async become(next: State): Promise<void> {
    await this.#exclusively(async () => {
      const before = this.#state
      try {
        await this.#realize(next, before, false)
        this.#place.keep()
        this.#state = next
      } catch (error) {
        await this.#place.giveBack().catch(() => undefined)
        // What cannot be had is forgotten; the supervisor sees to what there was.
        if (before !== undefined) await this.#realize(before, next, false).catch(() => undefined)
        throw error
      }
    })
  }

  /** Takes over what is there of a network that another agent has kept: perhaps all, with its dnsmasq, perhaps half. */
  async takeOver({ state, pids, owner }: Left): Promise<void> {
    this.#ownership.takeOver(owner !== undefined)
    await this.#exclusively(async () => {
      this.#state = state
      const named = Number(readIfThere(this.#paths.pid))
      const pid = pids.includes(named) ? named : pids[0]
      // A second one in a namespace would answer too.
      for (const other of pids.filter((one) => one !== pid)) {
        this.#dnsmasq.adopt(other)
        await this.#dnsmasq.kill()
      }
      if (pid !== undefined) this.#dnsmasq.adopt(pid)
      this.#ran = pid !== undefined
      this.#files.recall()
      await this.#realize(state, undefined, true)
    })
  }

  /** Looks whether all is as it should be, and mends what is not. Only a dnsmasq that ends again and again has to wait. */
  async supervise(): Promise<void> {
    if (this.#closed || this.#waiting > 0) return
    // An end that is seen here before anybody has told of it delays the next start, too.
    if (this.#ran && !this.#endNoted && !this.#dnsmasq.isAlive()) this.superviseSoon()
    try {
      await this.#exclusively(() => this.#mend())
      this.#failure = ''
    } catch (error) {
      this.#complain(error)
    }
  }

  /** Supervises outside of the turn, as soon as the delay between two starts allows. */
  superviseSoon(): void {
    if (this.#closed || this.#endNoted) return
    this.#endNoted = true
    this.#notBefore = performance.now() + this.#delay.ended()
    setTimeout(() => void this.supervise(), Math.max(0, this.#notBefore - performance.now()) + 1).unref()
  }

  /** Takes away what a former agent has not wholly taken away. */
  async discard({ state, pids, owner }: Left): Promise<void> {
    this.#ownership.takeOver(owner !== undefined)
    for (const pid of pids) {
      this.#dnsmasq.adopt(pid)
      await this.#dnsmasq.kill()
    }
    this.#state = state
    await this.remove()
  }

  /** Takes away what `create` has made of a network before it failed. What it has adopted is somebody else's again. */
  async undo(state: State): Promise<void> {
    await this.#exclusively(async () => {
      await this.#place.giveBack()
      await this.#letGo()
      if (this.#own.isOwn) await this.#files.condemn(state)
      await this.#dnsmasq.kill()
      await this.#place.remove(state.network, this.#claim(state))
      this.#own.undo()
    })
  }

  /** Takes the network away. A process that is killed in the middle leaves a note that it shall go. */
  async remove(): Promise<void> {
    await this.#exclusively(async () => {
      const state = this.#state
      await this.#letGo()
      if (state === undefined) return
      if (this.#own.isOwn) await this.#files.condemn(state)
      // What it would write at its end goes anyway.
      await this.#dnsmasq.kill()
      this.#following.forsake()
      await this.#place.remove(state.network, this.#claim(state))
      this.#own.remove()
    })
  }

  /** Ends the keeping; the network stays as it is, with its dnsmasq. */
  async close(): Promise<void> {
    await this.#exclusively(async () => {
      await this.#letGo()
      this.#dnsmasq.letGo()
    })
  }

  async #letGo(): Promise<void> {
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
    // The same failure again and again is told once.
    if (message === this.#failure) return
    this.#failure = message
    this.#shared.tell('error', error instanceof Error ? error : new Error(message))
  }

  #leaseText(): string {
    return readIfThere(this.#paths.leases) ?? ''
  }

  async #realize(next: State, before: State | undefined, always: boolean): Promise<void> {
    const { changed, durable } = await this.#files.replace(next)
    this.#following.start()
    const settled = await this.#settle(next)
    await this.#serve(settled, next, before, changed, always)
    await durable.catch((error: unknown) => {
      this.#files.forget()
      throw error
    })
  }

  #claim({ network }: State): Claim {
    return this.#ownership.claim(network.adopt)
  }

  /** Sees to its place; what an older version has made has marks then, and is written down so. */
  async #settle(state: State): Promise<Settled> {
    const settled = await this.#place.settle(state.network, this.#claim(state))
    const isNew = this.#ownership.recorded === undefined
    this.#ownership.settled()
    if (isNew) await (await this.#files.replace(state)).durable
    return settled
  }

  /** Sees to it that a dnsmasq runs that knows this state. */
  async #serve(
    settled: Settled,
    next: State,
    before: State | undefined,
    changed: boolean,
    always: boolean,
  ): Promise<void> {
    const args = dnsmasqArguments(next.network, settled.device, this.#paths, this.#shared.settings)
    if (args === undefined) {
      await this.#dnsmasq.stop()
      this.#ran = false
      return
    }
    const reason = this.#unfit(settled, args)
    if (reason !== undefined) await this.#restart(settled, args, next, before, reason)
    else if (changed || always) await this.#reload(settled, args, next, before)
    if (always || before === undefined || mayLeaveLeases(before, next)) {
      await this.#release(settled, args, next, before)
    }
  }

  /** Why the dnsmasq that runs, or does not, will not do. */
  #unfit(settled: Settled, args: readonly string[]): 'new' | RestartEvent['reason'] | undefined {
    if (!this.#dnsmasq.isAlive()) return this.#ran ? 'ended' : 'new'
    const { netns, renewed, index = this.#served } = settled
    const isAnother = this.#served !== undefined && index !== this.#served
    if (renewed || isAnother || !this.#dnsmasq.isIn(netns)) return 'replaced'
    this.#served = index
    return isSame(this.#dnsmasq.args, args) ? undefined : 'changed'
  }

  async #reload(settled: Settled, args: readonly string[], next: State, before: State | undefined): Promise<void> {
    try {
      this.reloads++
      await this.#dnsmasq.reload(next.ports.size)
    } catch (error) {
      if (!(error instanceof NetloomError) || !error.code.startsWith('ERR_NETLOOM_DNSMASQ')) throw error
      const hangs = error.code === 'ERR_NETLOOM_DNSMASQ_HANGS'
      if (hangs) this.#complain(error)
      await this.#restart(settled, args, next, before, hangs ? 'hangs' : 'ended')
    }
  }

  /** Starts dnsmasq, in the place of one that runs. Its leases stay, but for those without ground. */
  async #restart(
    settled: Settled,
    args: readonly string[],
    state: State,
    before: State | undefined,
    reason: 'new' | RestartEvent['reason'],
  ): Promise<void> {
    if (reason === 'hangs') await this.#dnsmasq.kill()
    else await this.#dnsmasq.stop()
    const text = readIfThere(this.#paths.leases)
    // Clients whose leases it does not find would be refused.
    const kept = withoutLeases(this.#following.restored(), (lease) => !isGrounded(lease, state, before))
    if (kept !== (text ?? '')) await replaceFiles([{ path: this.#paths.leases, text: kept, durable: false }])
    await this.#start(settled, args, state)
    const { pid } = this.#dnsmasq
    if (reason === 'new' || pid === undefined) return
    this.#shared.tell('restart', { network: state.network.id, reason, pid })
  }

  async #start({ netns, index }: Settled, args: readonly string[], { ports }: State): Promise<void> {
    this.#delay.started()
    this.#endNoted = false
    this.#ran = true
    await this.#dnsmasq.start(netns, args, ports.size)
    this.#served = index
    this.#probedAt = performance.now()
  }

  async #release(settled: Settled, args: readonly string[], state: State, before: State | undefined): Promise<void> {
    const read = (): string => this.#leaseText()
    const stale = parseLeases(read()).leases.filter((lease) => !isGrounded(lease, state, before))
    if (stale.length === 0) return
    const left = await releaseLeases(settled.netns, settled.device, state.network, stale, read)
    // What it does not let go of is taken from its file, which it reads at its start.
    if (left.length > 0) await this.#restart(settled, args, state, before, 'changed')
  }

  async #mend(): Promise<void> {
    const state = this.#state
    if (state === undefined || this.#closed) return
    const isRewritten = !this.#following.isOn || this.#files.areChanged
    if (isRewritten) await this.#rewrite(state)
    const settled = await this.#settle(state)
    const network = state.network.id
    if (settled.mended.length > 0) this.#shared.tell('repair', { network, mended: settled.mended })
    const args = dnsmasqArguments(state.network, settled.device, this.#paths, this.#shared.settings)
    if (args === undefined) return
    const unfit = this.#unfit(settled, args)
    const reason = unfit === 'new' ? 'ended' : unfit
    if (reason === 'ended' && performance.now() < this.#notBefore) return
    if (reason !== undefined) await this.#restarted(() => this.#restart(settled, args, state, undefined, reason))
    // It may have read what somebody had written.
    else if (isRewritten) await this.#reload(settled, args, state, undefined)
    else if (performance.now() - this.#probedAt >= this.#shared.probeMs) await this.#probe(settled, args, state)
    this.#following.look()
  }

  /** Writes the files again that somebody has changed or taken away, and follows the directory that they are in. */
  async #rewrite(state: State): Promise<void> {
    if (!this.#own.isOwn) this.#following.stop()
    const { durable } = await this.#files.replace(state)
    await durable
    this.#following.start()
  }

  /** Starts dnsmasq; one that does not start is tried again more and more slowly. */
  async #restarted(restart: () => Promise<void>): Promise<void> {
    try {
      await restart()
    } catch (error) {
      this.#notBefore = performance.now() + this.#delay.ended()
      this.#endNoted = true
      throw error
    }
  }

  async #probe(settled: Settled, args: readonly string[], state: State): Promise<void> {
    this.#probedAt = performance.now()
    try {
      await this.#dnsmasq.probe()
    } catch (error) {
      const message = `the dnsmasq of network ${state.network.id} does not answer; it is started again`
      this.#complain(dhcpError('ERR_NETLOOM_DNSMASQ_HANGS', 'DhcpAgent', message, error))
      await this.#restart(settled, args, state, undefined, 'hangs')
    }
  }
}
