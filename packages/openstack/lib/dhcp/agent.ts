// The DHCP agent: dnsmasq for many networks, each in a namespace of its own, kept alive.
import { EventEmitter } from 'node:events'
import { checkHolding, Holding } from '../agents/holding'
import { checkDomain } from '../agents/names'
import type { Plug } from '../agents/plug'
import { findProgram, type NetNs } from 'netloom'
import { wrongType, wrongValue } from 'netloom/errors'
import { checkInteger, checkKeys } from 'netloom/values'
import { pathsIn, pidArgument, pidArgumentsIn } from './arguments'
import { checkNetwork } from './check_network'
import { checkList } from './check_options'
import { dhcpError } from './errors'
import type { DhcpAgentEvents, Tell } from './events'
import type { Shared } from './shared'
import { filled } from './network'
import { DhcpNetworks } from './networks'
import type { DesiredNetwork } from './options'
import { OptionTester } from './option_tester'
import { findByArgument } from './processes'
import { canonical } from './ranges'
import { checkDesired, optionsIn, sync, type Differences } from './sync'
import { readNetworkFile } from './network_record'

/** Options of `DhcpAgent.start`. */
export interface DhcpAgentOptions {
  /**
   * The directory for the agent's descriptions and dnsmasq's files: absolute, created if it is missing. Networks in it are taken over.
   * Only one agent at a time may use it.
   */
  stateDir: string
  /** The switch: Linux bridges, Open vSwitch, or a plug of your own. */
  plug: 'bridge' | 'ovs' | Plug
  /**
   * The bridge. Default: with `bridge` one for each network, named `brq…`, created and deleted with it; with `ovs` `br-int`, which
   * must exist.
   */
  bridge?: string | undefined
  /** Where Open vSwitch's database is. Default: `unix:/var/run/openvswitch/db.sock`. */
  ovsdb?: string | readonly string[] | undefined
  /** The namespace with the switch, whose handle the caller keeps. Default: that of this process. */
  netns?: NetNs | undefined
  /**
   * Whether to take over objects of others with the names that it would use: a namespace, a device, a bridge. From then on the
   * agent owns them, and deletes them with the network. Default: false, they are refused (`ERR_NETLOOM_NOT_OWN`) and left alone.
   */
  adopt?: boolean | undefined
  /** Domain of networks that have none. Default: none. */
  domain?: string | undefined
  /** Name servers that dnsmasq asks for names outside of its network. Default: none, it answers its own names only. */
  upstreamDns?: readonly string[] | undefined
  /** The program. Default: `dnsmasq`, looked for in PATH, /usr/sbin and /sbin. */
  dnsmasq?: string | undefined
  /** The user as which dnsmasq runs, which must have access to the directory. Default: `root`. */
  user?: string | undefined
  /** Milliseconds between two checks that everything exists, 50 to 3600000. Default: 2000. */
  checkMs?: number | undefined
  /** Milliseconds between two probes of dnsmasq, 50 to 3600000. Default: 30000. */
  probeMs?: number | undefined
  /** Milliseconds for its answer, 50 to 600000; longer where there are thousands of ports. Default: 5000. */
  answerMs?: number | undefined
}

const keys = new Set(
  'stateDir plug bridge ovsdb netns adopt domain upstreamDns dnsmasq user checkMs probeMs answerMs'.split(' '),
)

/**
 * Serves DHCP to networks, as OpenStack's DHCP agent does: with a namespace, a device on the switch and a dnsmasq for each network.
 * dnsmasq outlives the agent: when the agent is closed or killed, clients are still served, and the next agent with the same
 * `stateDir` takes the networks over.
 * @example
 * await using agent = await DhcpAgent.start({ stateDir: '/var/lib/netloom-dhcp', plug: 'bridge' })
 * const network = await agent.networks.ensure({ id: 'red', subnets: [{ id: 'v4', cidr: '10.0.0.0/24', gateway: '10.0.0.1' }] })
 * await network.ports.add({ id: 'vm1', mac: '52:54:00:00:00:01', fixedIps: ['10.0.0.10'] })
 */
export class DhcpAgent extends EventEmitter<DhcpAgentEvents> {
  /** The networks that it keeps. */
  readonly networks: DhcpNetworks
  readonly #holding: Holding
  readonly #tester: OptionTester
  readonly #domain: string | undefined
  #timer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  #syncing: Promise<unknown> = Promise.resolve()

  private constructor(holding: Holding, shared: Omit<Shared, 'tell' | 'plug' | 'tester'>, domain: string | undefined) {
    super()
    this.#holding = holding
    this.#tester = new OptionTester(shared.program)
    this.#domain = domain
    const tell: Tell = (name, ...args) => {
      // Later, so that an exception of a listener does not interrupt the agent: it is an uncaught one, as elsewhere.
      process.nextTick(() => this.emit(name, ...(args as never)))
    }
    this.networks = new DhcpNetworks(
      holding.state,
      { ...shared, plug: holding.plug, tell, tester: this.#tester },
      domain,
    )
  }

  /**
   * Starts an agent, which takes over the networks in `stateDir`: those whose dnsmasq runs are not interrupted, and incomplete
   * creations and deletions are completed. For a network that cannot be taken over it emits `error`, and tries again.
   * @throws TypeError, RangeError for a wrong option; NetloomError: `ERR_NETLOOM_NO_DNSMASQ`, `ERR_NETLOOM_STATE_LOCKED` (another
   *   agent has the directory), `ERR_NETLOOM_STATE_FOREIGN` (it is that of a router agent), `EACCES` and the like.
   */
  static async start(options: DhcpAgentOptions): Promise<DhcpAgent> {
    checkKeys(options, keys)
    checkHolding(options)
    const milliseconds = (name: 'checkMs' | 'probeMs' | 'answerMs', otherwise: number): number =>
      checkInteger(options[name] ?? otherwise, 50, 3_600_000, name)
    const checkMs = milliseconds('checkMs', 2000)
    const patience = { answerMs: milliseconds('answerMs', 5000), endMs: 3000 }
    const probeMs = milliseconds('probeMs', 30_000)
    const domain = options.domain === undefined ? undefined : checkDomain(options.domain, 'domain')
    const upstream = checkList(options.upstreamDns, 'upstreamDns').map((one, i) => canonical(one, `upstreamDns[${i}]`))
    const settings = { user: checkUser(options.user ?? 'root'), upstream }
    const program = checkProgram(options.dnsmasq ?? 'dnsmasq')
    return Holding.give('dhcp', 'DhcpAgent.start', options, async (holding) => {
      const agent = new DhcpAgent(
        holding,
        { program, settings, patience, probeMs, adopt: options.adopt ?? false },
        domain,
      )
      await agent.#takeOver()
      holding.plug.onChange?.((tap) => void agent.networks.superviseTap(tap))
      agent.#timer = setInterval(() => void agent.networks.supervise(), checkMs)
      return agent
    })
  }

  /**
   * Makes the networks and their ports equal to a description: creates those that are missing, changes others, and deletes those
   * that are not in it. Checks all of it first.
   * @returns What differed.
   * @throws TypeError, RangeError for what is wrong with it, by field; what `ensure` throws, or an AggregateError of several such
   *   errors, after all networks were tried.
   * @example
   * const { networks, deleted } = await agent.sync({ networks: [{ id: 'red', subnets, ports }] })
   */
  async sync(desired: { readonly networks: readonly DesiredNetwork[] }): Promise<Differences> {
    const wanted = checkDesired(desired, this.#domain, (id) => this.networks.get(id)?.described)
    await this.#tester.check(wanted.flatMap(optionsIn))
    const turn = this.#syncing.then(() =>
      sync(
        {
          list: () => this.networks.list(),
          create: (network, ports) => this.networks.create(network, ports),
          delete: (id) => this.networks.delete(id, { force: true }),
        },
        wanted,
        this.#domain,
      ),
    )
    this.#syncing = turn.catch(() => undefined)
    return turn
  }

  /** Ends the agent; its networks are still served, and the next agent takes them over. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** For `await using`: `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer)
    await this.#syncing
    await this.networks.close()
    await this.#holding.release()
  }

  async #takeOver(): Promise<void> {
    // By /proc, not by pid files: an agent that was killed may not have written one.
    const running = findByArgument(pidArgumentsIn(this.#holding.state.path))
    await this.#holding.takeOver({
      read: (text, id) => {
        const written = readNetworkFile(text)
        if (written === undefined) throw new Error('this is not the description of a network')
        const network = checkNetwork(written.network, this.#domain)
        if (network.id !== id) throw wrongValue('id', id, network.id)
        const { deleted, owner } = written
        return { state: { network, ports: filled(undefined, network, written.ports) }, deleted, owner }
      },
      keep: (written, { path }) =>
        this.networks.takeOver({ ...written, pids: running.get(pidArgument(pathsIn(path))) ?? [] }),
      failed: (error) => {
        process.nextTick(() => this.emit('error', error))
      },
    })
  }
}

function checkUser(value: unknown): string {
  if (typeof value !== 'string') throw wrongType('user', 'the name of a user', value)
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(value)) throw wrongValue('user', 'the name of a user', value)
  return value
}

function checkProgram(value: unknown): string {
  if (typeof value !== 'string' || value === '') throw wrongType('dnsmasq', 'the name or path of a program', value)
  const found = findProgram(value)
  if (found !== undefined) return found
  const message = `there is no program ${value}; Debian has it in the package dnsmasq-base`
  throw dhcpError('ERR_NETLOOM_NO_DNSMASQ', 'DhcpAgent.start', message)
}
