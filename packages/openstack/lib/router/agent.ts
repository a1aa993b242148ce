// The router agent: routers in namespaces, between networks and to the outside.
import { EventEmitter } from 'node:events'
import { checkHolding, Holding } from '../agents/holding'
import type { Plug } from '../agents/plug'
import { Turns } from '../agents/turns'
import type { NetNs } from 'netloom'
import { checkInteger, checkKeys } from 'netloom/values'
import type { RouterAgentEvents, TellRouter } from './events'
import { readRouterFile } from './keeper'
import type { RouterOptions } from './options'
import { Routers } from './routers'
import { checkDesired, type RouterDifferences } from './sync'

/** Options of `RouterAgent.start`. */
export interface RouterAgentOptions {
  /**
   * The directory where the agent keeps what it was told: absolute, made if it is missing, no DHCP agent's. What is in it is taken
   * over. One agent at a time has it.
   */
  stateDir: string
  /** The switch: Linux bridges, Open vSwitch, or a plug of your own. */
  plug: 'bridge' | 'ovs' | Plug
  /**
   * The bridge. Default: with `bridge` one for each network, named `brq…` as by `DhcpAgent`, made if it is missing, and deleted
   * with its last port; with `ovs` `br-int`, which must be there.
   */
  bridge?: string | undefined
  /** Where Open vSwitch's database is. Default: `unix:/var/run/openvswitch/db.sock`. */
  ovsdb?: string | readonly string[] | undefined
  /** The namespace with the switch, whose handle the caller keeps. Default: that of this process. */
  netns?: NetNs | undefined
  /**
   * Whether to take over objects of others with the names that it would use: a namespace, a device, a bridge. From then on the
   * agent owns them, and deletes them with the router. Default: false, they are refused (`ERR_NETLOOM_NOT_OWN`) and left alone.
   */
  adopt?: boolean | undefined
  /**
   * Milliseconds between two checks that everything exists, 50 to 3600000. Default: 10000.
   */
  checkMs?: number | undefined
}

const keys = new Set('stateDir plug bridge ovsdb netns adopt checkMs'.split(' '))

/**
 * Keeps routers, as OpenStack's L3 agent does: a namespace for each, with a device on every network, source and floating addresses
 * by nftables. What somebody takes away is mended. Routers outlive the agent, for the kernel does their work: the next agent with
 * the same `stateDir` takes them over, and changes nothing where nothing is missing.
 * @example
 * await using agent = await RouterAgent.start({ stateDir: '/var/lib/netloom-router', plug: 'bridge' })
 * const router = await agent.routers.ensure({
 *   id: 'r1',
 *   ports: [{ id: 'r1-red', network: 'red', addresses: ['10.0.0.1/24'] }],
 *   gateway: { id: 'r1-gw', network: 'outside', addresses: ['203.0.113.2/24'], nexthops: ['203.0.113.1'] },
 *   floatingIps: [{ address: '203.0.113.10', fixed: '10.0.0.10' }],
 * })
 */
export class RouterAgent extends EventEmitter<RouterAgentEvents> {
  /** The routers that it keeps. */
  readonly routers: Routers
  readonly #holding: Holding
  #timer: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined

  private constructor(holding: Holding, options: RouterAgentOptions) {
    super()
    this.#holding = holding
    const { state, plug } = holding
    const tell: TellRouter = (name, ...args) => {
      // Later, so that an exception of a listener does not interrupt the agent: it is an uncaught one, as elsewhere.
      process.nextTick(() => this.emit(name, ...(args as never)))
    }
    const { adopt = false } = options
    this.routers = new Routers(state, { plug, plugging: new Turns(), adopt }, tell)
  }

  /**
   * Starts an agent, which takes over the routers that are in `stateDir`; what is half made or half deleted is finished. A router
   * that cannot be taken over is told by an `error` event.
   * @throws TypeError, RangeError for a wrong option; NetloomError: `ERR_NETLOOM_STATE_LOCKED` (another agent has the directory),
   *   `ERR_NETLOOM_STATE_FOREIGN` (it is that of a DHCP agent), `EACCES` and the like.
   */
  static async start(options: RouterAgentOptions): Promise<RouterAgent> {
    checkKeys(options, keys)
    checkHolding(options)
    const checkMs = checkInteger(options.checkMs ?? 10_000, 50, 3_600_000, 'checkMs')
    return Holding.give('router', 'RouterAgent.start', options, async (holding) => {
      const agent = new RouterAgent(holding, options)
      await agent.#takeOver()
      holding.plug.onChange?.((tap) => void agent.routers.superviseTap(tap))
      agent.#timer = setInterval(() => void agent.routers.supervise(), checkMs)
      return agent
    })
  }

  /**
   * Makes the routers equal to a description: those that are missing are made, others changed or mended, and what is not in it is
   * deleted. All of it is checked before anything is done. An address may move from one router to another. Routers whose description is
   * that of the last time, and of which nothing was amiss then, cost nothing: what somebody takes away from them is mended by the next
   * look (`checkMs`), or by `routers.ensure`.
   * @returns What differed.
   * @throws TypeError, RangeError for what is wrong with it, by field; what `routers.ensure` throws, or an AggregateError of several such
   *   errors, after all routers were tried.
   * @example
   * const { created, changed, deleted } = await agent.sync({ routers: [{ id: 'r1', ports }] })
   */
  async sync(desired: { readonly routers: readonly RouterOptions[] }): Promise<RouterDifferences> {
    return this.routers.sync(checkDesired(desired, this.routers.present))
  }

  /** Ends the agent; its routers stay, until the next one takes them over. May be called again. */
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
    await this.routers.close()
    await this.#holding.release()
  }

  #takeOver(): Promise<void> {
    return this.#holding.takeOver({
      read: (text, id) => {
        const written = readRouterFile(text)
        if (written.router.id !== id) throw new Error(`it is of router ${written.router.id}`)
        return written
      },
      keep: (written, directory) => this.routers.takeOver(written, directory),
      failed: (error) => {
        process.nextTick(() => this.emit('error', error))
      },
    })
  }
}
