// Keeps the dnsmasq of one network running with the network's state: starts it, reloads it, replaces one that has ended, hangs
// or has other arguments, and has it release the leases that have become invalid.
import type { NetNs } from 'netloom'
import { NetloomError } from 'netloom/errors'
import { readIfThere, replaceFiles } from '../agents/files'
import { dnsmasqArguments, isSame, type Paths } from './arguments'
import type { Network } from './check_network'
import type { Settled } from './dhcp_namespace'
import { Dnsmasq } from './dnsmasq'
import { dhcpError } from './errors'
import type { RestartEvent } from './events'
import type { State } from './host_files'
import { parseLeases } from './leases'
import { releaseLeases } from './release'
import { RestartDelay } from './restart_delay'
import type { Shared } from './shared'
import { isGrounded, mayLeaveLeases, withoutLeases } from './stale'

/** What the keeper of the network does for its dnsmasq. */
export interface ServingListener {
  /** Called when dnsmasq has ended by itself. */
  onEnd(): void
  /** Called with a failure after which dnsmasq is started again. */
  onFailure(error: unknown): void
  /** The content of the lease file, with lines that were lost since. */
  leaseText(): string
}

/** The dnsmasq of one network, and what it has to serve. */
export class Serving {
  readonly #shared: Shared
  readonly #paths: Paths
  readonly #listener: ServingListener
  readonly #dnsmasq: Dnsmasq
  readonly #delay = new RestartDelay()
  #notBefore = 0
  #probedAt = performance.now()
  #ran = false
  /** The index of the device that dnsmasq serves; undefined while it is not known. */
  #served: number | undefined
  /** Whether the last end of dnsmasq has been counted. */
  #endNoted = false
  /** How often dnsmasq was told to read its files again. */
  reloads = 0

  constructor(shared: Shared, paths: Paths, listener: ServingListener) {
    this.#shared = shared
    this.#paths = paths
    this.#listener = listener
    this.#dnsmasq = new Dnsmasq(shared.program, paths, shared.patience)
    this.#dnsmasq.onEnd = () => {
      listener.onEnd()
    }
  }

  /** The process id of dnsmasq, while it runs. */
  get pid(): number | undefined {
    return this.#dnsmasq.pid
  }

  /** Whether dnsmasq has ended by itself, and `noteEnd` was not called since. */
  get hasEnded(): boolean {
    return this.#ran && !this.#endNoted && !this.#dnsmasq.isAlive()
  }

  isAlive(): boolean {
    return this.#dnsmasq.isAlive()
  }

  /** Reads the log, which has grown. */
  look(): void {
    this.#dnsmasq.look()
  }

  /** Counts an end of dnsmasq: after how many milliseconds it may start again. Undefined if that end was counted. */
  noteEnd(): number | undefined {
    if (this.#endNoted) return undefined
    this.#endNoted = true
    const delay = this.#delay.ended()
    this.#notBefore = performance.now() + delay
    return delay
  }

  /** Starts dnsmasq up to where it needs its device and files. */
  prepare(netns: NetNs, network: Network, device: string): void {
    const args = this.#argumentsFor(network, device)
    if (args !== undefined) this.#dnsmasq.prepare(netns, args)
  }

  /** Completes the start of a new network's dnsmasq. */
  async begin(settled: Settled, state: State): Promise<void> {
    const args = this.#argumentsFor(state.network, settled.device)
    if (args === undefined) return
    if (!isSame(this.#dnsmasq.preparedArgs, args)) await this.#dnsmasq.stop()
    await this.#start(settled, args, state)
  }

  /** Takes over the running dnsmasq of an agent that has ended. */
  async takeOver(pids: readonly number[]): Promise<void> {
    const named = Number(readIfThere(this.#paths.pid))
    const pid = pids.includes(named) ? named : pids[0]
    // A second one in the namespace would answer clients, too.
    await this.discard(pids.filter((one) => one !== pid))
    if (pid !== undefined) this.#dnsmasq.adopt(pid)
    this.#ran = pid !== undefined
  }

  /** Kills what runs of an agent that has ended. */
  async discard(pids: readonly number[]): Promise<void> {
    for (const pid of pids) {
      this.#dnsmasq.adopt(pid)
      await this.#dnsmasq.kill()
    }
  }

  async kill(): Promise<void> {
    await this.#dnsmasq.kill()
  }

  /** Leaves dnsmasq running, and no longer watches for its end. */
  detach(): void {
    this.#dnsmasq.detach()
  }

  /** Has dnsmasq run with this state: starts, restarts or reloads it if it has to. */
  async serve(
    settled: Settled,
    next: State,
    before: State | undefined,
    changed: boolean,
    always: boolean,
  ): Promise<void> {
    const args = this.#argumentsFor(next.network, settled.device)
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

  /**
   * Starts dnsmasq again if it has ended, hangs or has other arguments. False if the network needs none, or it may not
   * start yet.
   * @param isRewritten - Whether another program had changed its files.
   */
  async mend(settled: Settled, state: State, isRewritten: boolean): Promise<boolean> {
    const args = this.#argumentsFor(state.network, settled.device)
    if (args === undefined) return false
    const unfit = this.#unfit(settled, args)
    const reason = unfit === 'new' ? 'ended' : unfit
    if (reason === 'ended' && performance.now() < this.#notBefore) return false
    if (reason !== undefined) await this.#restarted(() => this.#restart(settled, args, state, undefined, reason))
    // It may have read what the other program had written.
    else if (isRewritten) await this.#reload(settled, args, state, undefined)
    else if (performance.now() - this.#probedAt >= this.#shared.probeMs) await this.#probe(settled, args, state)
    return true
  }

  #argumentsFor(network: Network, device: string): readonly string[] | undefined {
    return dnsmasqArguments(network, device, this.#paths, this.#shared.settings)
  }

  /** Why dnsmasq has to be started again; undefined if the running one has these arguments, namespace and device. */
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
      if (hangs) this.#listener.onFailure(error)
      await this.#restart(settled, args, next, before, hangs ? 'hangs' : 'ended')
    }
  }

  /** Starts dnsmasq, after it has ended the running one. Keeps its leases, but for those that no port or range justifies. */
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
    // dnsmasq refuses clients whose leases it does not find.
    const kept = withoutLeases(this.#listener.leaseText(), (lease) => !isGrounded(lease, state, before))
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
    const read = (): string => readIfThere(this.#paths.leases) ?? ''
    const stale = parseLeases(read()).leases.filter((lease) => !isGrounded(lease, state, before))
    if (stale.length === 0) return
    const left = await releaseLeases(settled.netns, settled.device, state.network, stale, read)
    // Leases that it does not release are removed from its file, which it reads when it starts.
    if (left.length > 0) await this.#restart(settled, args, state, before, 'changed')
  }

  /** Restarts dnsmasq. If that fails, the delay before the next try grows. */
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
      this.#listener.onFailure(dhcpError('ERR_NETLOOM_DNSMASQ_HANGS', 'DhcpAgent', message, error))
      await this.#restart(settled, args, state, undefined, 'hangs')
    }
  }
}
