// Controls one dnsmasq: starts or adopts it, has it read its files again, probes and stops it.
import { constants } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from 'netloom'
import { pidArgument, type Paths } from './arguments'
import { dhcpError } from './errors'
import { HeldProcess } from './held_process'
import { LogTail } from './log_tail'
import { catches, commandOf, hasArgument, netnsOf } from './processes'

/** Time limits. */
export interface Patience {
  /** Milliseconds for an answer to a signal, and for a start; more for many hosts. */
  readonly answerMs: number
  /** Milliseconds for an end, before it is killed. */
  readonly endMs: number
}

/** The interval at which the log is read, besides notifications. */
const lookMs = 20

interface Waiter {
  readonly isAnswer: (line: string) => boolean
  readonly answered: () => void
}

/** The dnsmasq of one network. */
export class Dnsmasq {
  readonly #program: string
  readonly #paths: Paths
  readonly #patience: Patience
  readonly #log: LogTail
  #process: HeldProcess | undefined
  #prepared: { readonly args: readonly string[]; readonly release: () => void } | undefined
  #waiter: Waiter | undefined
  #said: string[] = []
  /** Called when its process ends by itself. */
  onEnd: () => void = () => undefined

  constructor(program: string, paths: Paths, patience: Patience) {
    this.#program = program
    this.#paths = paths
    this.#patience = patience
    this.#log = new LogTail(paths.log)
  }

  /** Its process, while there is one. */
  get pid(): number | undefined {
    return this.isAlive() ? this.#process?.pid : undefined
  }

  /** Its arguments, from /proc. */
  get args(): readonly string[] | undefined {
    const pid = this.#process?.pid
    return pid === undefined ? undefined : commandOf(pid)?.slice(1)
  }

  /** Whether its process runs. */
  isAlive(): boolean {
    const { pid, hasEnded = true } = this.#process ?? {}
    return pid !== undefined && !hasEnded && hasArgument(pid, pidArgument(this.#paths))
  }

  /** Whether it is in this namespace. */
  isIn(netns: NetNs): boolean {
    const pid = this.#process?.pid
    return pid !== undefined && netnsOf(pid) === netns.identity.inode
  }

  /** Takes over one that runs, of an agent that has ended. */
  adopt(pid: number): void {
    this.detach()
    const held: HeldProcess | undefined = HeldProcess.hold(pid, () => {
      if (this.#process === held) this.onEnd()
    })
    // Opened first: from now on the pid cannot be reused.
    if (held !== undefined && hasArgument(pid, pidArgument(this.#paths))) this.#process = held
    else held?.detach()
    this.#log.skip()
  }

  /** Leaves it running, and no longer reports its end. */
  detach(): void {
    this.#process?.detach()
  }

  /** Reads its log: to be called when that has grown. */
  look(): void {
    for (const line of this.#log.lines()) {
      this.#said.push(line)
      if (this.#said.length > 20) this.#said.shift()
      if (this.#waiter?.isAnswer(line) === true) this.#waiter.answered()
    }
  }

  /**
   * Starts it up to where it needs its device and files, which is most of its start: they can be created meanwhile. It waits for
   * `start`.
   */
  prepare(netns: NetNs, args: readonly string[]): void {
    this.#log.skip()
    this.#said = []
    const { process, release } = HeldProcess.start(netns, this.#program, args, this.#paths.log, () => {
      if (this.#process === process) this.onEnd()
    })
    this.#process = process
    this.#prepared = { args, release }
  }

  /** The arguments of the prepared one, if there is one. */
  get preparedArgs(): readonly string[] | undefined {
    return this.#prepared?.args
  }

  /** Starts it, or releases the prepared one, and waits until its sockets are open and it has read its files. */
  async start(netns: NetNs, args: readonly string[], hosts: number): Promise<void> {
    if (this.#prepared === undefined) this.prepare(netns, args)
    const process = this.#process
    this.#prepared?.release()
    this.#prepared = undefined
    if (await this.#answer(this.#hasRead(), () => this.isAlive(), hosts)) return
    const ended = !this.isAlive()
    await process?.endsWithin(ended ? 100 : 0)
    await this.kill()
    const { failure, how: code = 'without a code' } = process ?? {}
    const why = failure?.message ?? this.#said.filter((line) => line !== '').at(-1) ?? 'it said nothing'
    const how = ended ? `dnsmasq ended at once (${code}): ${why}` : `dnsmasq does not start: ${why}`
    throw dhcpError('ERR_NETLOOM_DNSMASQ_FAILED', 'DhcpAgent', how, failure)
  }

  /** Makes it read its files again (SIGHUP), and waits until it has. */
  async reload(hosts: number): Promise<void> {
    await this.#ask('SIGHUP', this.#hasRead(), hosts)
  }

  /** Checks that it still works (SIGUSR1, at which it logs its statistics). */
  async probe(): Promise<void> {
    await this.#ask('SIGUSR1', (line) => /\]: time \d+$/.test(line), 0)
  }

  /** Ends it by SIGTERM, and by SIGKILL if it does not end. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM', this.#patience.endMs)
    await this.kill()
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL', 2000)
    this.detach()
    this.#process = undefined
  }

  async #end(signal: NodeJS.Signals, patienceMs: number): Promise<void> {
    const process = this.#process
    this.#prepared = undefined
    if (process === undefined || process.hasEnded) return
    this.#process = undefined // so that its end is not reported
    process.signal(signal)
    // Also if it is ending by itself: until then its sockets are open.
    if (!(await process.endsWithin(patienceMs))) this.#process = process
  }

  /** The last file that it reads is that of options. */
  #hasRead(): (line: string) => boolean {
    const end = `read ${this.#paths.options}`
    return (line) => line.endsWith(end)
  }

  async #ask(signal: 'SIGHUP' | 'SIGUSR1', isAnswer: (line: string) => boolean, hosts: number): Promise<void> {
    const process = this.#process
    const pid = process?.pid
    // Until it has installed its handlers, the signal would end it.
    const deadline = performance.now() + 2000
    while (pid !== undefined && this.isAlive() && !catches(pid, constants.signals[signal])) {
      if (performance.now() > deadline) break
      await sleep(5)
    }
    this.#log.skip()
    if (!this.isAlive() || process?.signal(signal) !== true) {
      throw dhcpError('ERR_NETLOOM_DNSMASQ_FAILED', 'DhcpAgent', 'dnsmasq has ended')
    }
    if (await this.#answer(isAnswer, () => this.isAlive(), hosts)) return
    if (!this.isAlive()) throw dhcpError('ERR_NETLOOM_DNSMASQ_FAILED', 'DhcpAgent', 'dnsmasq has ended')
    throw dhcpError('ERR_NETLOOM_DNSMASQ_HANGS', 'DhcpAgent', `dnsmasq (${pid}) does not answer ${signal}`)
  }

  /** Waits for a line of the log: true when it came, false when it is too late, or the process has ended. */
  async #answer(isAnswer: (line: string) => boolean, alive: () => boolean, hosts: number): Promise<boolean> {
    let done = false as boolean
    const answered = new Promise<void>((resolve) => {
      this.#waiter = {
        isAnswer,
        answered: () => {
          done = true
          resolve()
        },
      }
    })
    // dnsmasq takes seconds for tens of thousands of hosts.
    const deadline = performance.now() + this.#patience.answerMs + hosts / 2
    while (!done && performance.now() < deadline) {
      await Promise.race([answered, sleep(lookMs)])
      this.look()
      if (!alive()) break
    }
    this.look()
    this.#waiter = undefined
    return done
  }
}
