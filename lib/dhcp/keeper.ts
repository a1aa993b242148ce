// Makes one network real and keeps it so: files, namespace, device, dnsmasq, leases. One thing after another.
import { watch, type FSWatcher } from 'node:fs'
import { NetloomError } from '../errors'
import type { Network } from './check_network'
import { dnsmasqArguments, isSame, pathsIn, type DnsmasqSettings, type Paths } from './arguments'
import { RestartDelay } from './backoff'
import { Dnsmasq, type Patience } from './dnsmasq'
import { dhcpError } from './errors'
import type { RestartEvent, Tell } from './events'
import { readIfThere, removeDirectory, replaceDurably, replaceFiles } from '../agents/files'
import type { State } from './host_files'
import { LeaseWatch, memoryOf } from './lease_watch'
import { parseLeases, type Lease, type LeaseChanges } from './leases'
import { descriptionIn, NetworkFiles } from './network_files'
import type { OptionTester } from './option_tester'
import { Place, type Settled } from './place'
import type { Plug } from '../agents/plug'
import { releaseLeases } from './release'
import { isGrounded, mayLeaveLeases, withoutLeases } from './stale'
import { networkFile } from './written'

/** What all networks of an agent share. */
export interface Shared {
  readonly plug: Plug
  readonly program: string
  readonly settings: DnsmasqSettings
  readonly patience: Patience
  /** Milliseconds between two questions whether dnsmasq still works. */
  readonly probeMs: number
  readonly tell: Tell
  readonly tester: OptionTester
}

/** Keeps one network. */
export class Keeper {
  readonly #shared: Shared
  readonly #paths: Paths
  readonly #place: Place
  readonly #dnsmasq: Dnsmasq
  readonly #files: NetworkFiles
  readonly #delay = new RestartDelay()
  #state: State | undefined
  #leases: LeaseWatch | undefined
  #watcher: FSWatcher | undefined
  #busy: Promise<unknown> = Promise.resolve()
  #waiting = 0
  #notBefore = 0
  #probedAt = performance.now()
  #failure = ''
  #closed = false
  #ran = false
  /** Whether the end of the one that was started last has been counted. */
  #endNoted = false
  /** How often dnsmasq was told to read its files again. */
  reloads = 0

  constructor(directory: string, shared: Shared) {
    this.#shared = shared
    this.#paths = pathsIn(directory)
    this.#files = new NetworkFiles(this.#paths)
    this.#place = new Place(shared.plug)
    this.#dnsmasq = new Dnsmasq(shared.program, this.#paths, shared.patience)
    this.#dnsmasq.onEnd = () => {
      this.superviseSoon()
    }
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
    return parseLeases(this.#leaseText()).leases
  }

  /**
   * Makes a network that was not there. Who fails half-way leaves what there is to `discard`.
   * The longest part is dnsmasq's own start: it is on its way while its device and files are made.
   */
  async create(state: State): Promise<void> {
    await this.#exclusively(async () => {
      const { network } = state
      const { durable } = this.#files.begin(state)
      let refused: Error | undefined
      const settled = await this.#place.settle(network, {
        opened: (netns, device) => {
          const args = dnsmasqArguments(network, device, this.#paths, this.#shared.settings)
          if (args !== undefined) this.#dnsmasq.prepare(netns, args)
        },
        meanwhile: () => {
          try {
            this.#files.complete(state)
            this.#follow()
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
      this.#state = state
    })
  }

  /** Makes another state real, or leaves the old one. */
  async become(next: State): Promise<void> {
    await this.#exclusively(async () => {
      const before = this.#state
      try {
        await this.#realize(next, before, false)
        this.#state = next
      } catch (error) {
        // What cannot be had is forgotten; the supervisor sees to what there was.
        if (before !== undefined) await this.#realize(before, next, false).catch(() => undefined)
        throw error
      }
    })
  }

  /** Takes over what is there of a network that another agent has kept: perhaps all, with its dnsmasq, perhaps half. */
  async takeOver(state: State, pids: readonly number[]): Promise<void> {
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

  /** Looks whether all is as it should be, and mends what is not. */
  async supervise(): Promise<void> {
    if (this.#closed || this.#waiting > 0 || performance.now() < this.#notBefore) return
    // An end that is seen here before anybody has told of it delays the next start, too.
    if (this.#ran && !this.#endNoted && !this.#dnsmasq.isAlive()) {
      this.superviseSoon()
      return
    }
    try {
      await this.#exclusively(() => this.#mend())
      this.#failure = ''
    } catch (error) {
      this.#notBefore = performance.now() + this.#delay.ended()
      this.#endNoted = true
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

  /** Takes away what there is of a network that is not kept, or was not made wholly. */
  async discard(state: State, pids: readonly number[]): Promise<void> {
    for (const pid of pids) {
      this.#dnsmasq.adopt(pid)
      await this.#dnsmasq.kill()
    }
    this.#state = state
    await this.remove()
  }

  /** Takes the network away. A process that is killed in the middle leaves a note that it shall go. */
  async remove(): Promise<void> {
    await this.#exclusively(async () => {
      const state = this.#state
      await this.#letGo()
      if (state === undefined) return
      const { network, ports } = state
      // On a full disk it goes without the note.
      const note = networkFile(network.written, ports, true)
      await replaceDurably(descriptionIn(this.#paths.directory), note).catch(() => undefined)
      // What it would write at its end goes anyway.
      await this.#dnsmasq.kill()
      this.#leases?.forsake()
      await this.#place.remove(network)
      removeDirectory(this.#paths.directory)
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
    this.#watcher?.close()
    await this.#leases?.close()
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

  /** Follows the directory: dnsmasq's log, by which it answers, and its leases. */
  #follow(): void {
    if (this.#watcher !== undefined || this.#closed) return
    this.#leases ??= new LeaseWatch(this.#paths.leases, (changes) => {
      this.#tellLeases(changes)
    })
    const watcher = watch(this.#paths.directory, (_, name) => {
      if (name === 'log') this.#dnsmasq.look()
      else if (name === 'leases') this.#leases?.changed()
    })
    watcher.on('error', () => {
      // The directory is gone; the supervisor makes it again.
      watcher.close()
      if (this.#watcher === watcher) this.#watcher = undefined
    })
    this.#watcher = watcher
  }

  #tellLeases({ added, renewed, released }: LeaseChanges): void {
    const network = this.#state?.network.id ?? ''
    for (const lease of released) this.#shared.tell('release', { network, lease })
    for (const [leases, isRenewed] of [
      [added, false],
      [renewed, true],
    ] as const) {
      for (const lease of leases) {
        const port = this.#state?.ports.withAddress(lease.address)?.id
        this.#shared.tell('lease', { network, port, lease, renewed: isRenewed })
      }
    }
  }

  async #realize(next: State, before: State | undefined, always: boolean): Promise<void> {
    const { changed, durable } = await this.#files.replace(next)
    this.#follow()
    const settled = await this.#place.settle(next.network)
    await this.#serve(settled, next, before, changed, always)
    await durable.catch((error: unknown) => {
      this.#files.forget()
      throw error
    })
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
    if (settled.renewed || !this.#dnsmasq.isIn(settled.netns)) return 'replaced'
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
    // Clients whose leases it does not find would be refused; what it had is remembered.
    const known = text ?? readIfThere(memoryOf(this.#paths.leases)) ?? ''
    const kept = withoutLeases(known, (lease) => !isGrounded(lease, state, before))
    if (kept !== (text ?? '')) await replaceFiles([{ path: this.#paths.leases, text: kept, durable: false }])
    await this.#start(settled, args, state)
    const { pid } = this.#dnsmasq
    if (reason === 'new' || pid === undefined) return
    this.#shared.tell('restart', { network: state.network.id, reason, pid })
  }

  async #start({ netns }: Settled, args: readonly string[], { ports }: State): Promise<void> {
    this.#delay.started()
    this.#endNoted = false
    this.#ran = true
    await this.#dnsmasq.start(netns, args, ports.size)
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
    if (this.#watcher === undefined || this.#files.isLost) {
      this.#files.forget()
      this.#watcher?.close()
      this.#watcher = undefined
      const { durable } = await this.#files.replace(state)
      await durable
      this.#follow()
    }
    const settled = await this.#place.settle(state.network)
    const network = state.network.id
    if (settled.mended.length > 0) this.#shared.tell('repair', { network, mended: settled.mended })
    const args = dnsmasqArguments(state.network, settled.device, this.#paths, this.#shared.settings)
    if (args === undefined) return
    const unfit = this.#unfit(settled, args)
    if (unfit !== undefined) await this.#restart(settled, args, state, undefined, unfit === 'new' ? 'ended' : unfit)
    else if (performance.now() - this.#probedAt >= this.#shared.probeMs) await this.#probe(settled, args, state)
    this.#leases?.look()
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
