// The networks of an agent: `agent.networks`.
import { wrongType, wrongValue } from 'netloom/errors'
import { checkKeys } from 'netloom/values'
import { checkNetwork, type Network } from './check_network'
import { dhcpError } from './errors'
import type { StateDirectory } from '../agents/state_directory'
import { Keeper } from './keeper'
import type { Left, Shared } from './shared'
import { checkId } from '../agents/names'
import { DhcpNetwork, filled } from './network'
import { optionsOf } from './option_tester'
import type { NetworkOptions, PortOptions } from './options'

interface Kept {
  /** Unique names, taken from the start of its creation on. */
  readonly names: Pick<Network, 'id' | 'namespace' | 'tap'>
  readonly network: DhcpNetwork
  readonly keeper: Keeper
}

/**
 * The networks that an agent keeps.
 * @example
 * const network = await agent.networks.ensure({ id: 'red', subnets: [{ id: 'v4', cidr: '10.0.0.0/24' }] })
 */
export class DhcpNetworks {
  readonly #directory: StateDirectory
  readonly #shared: Shared
  readonly #domain: string | undefined
  readonly #kept = new Map<string, Kept>()
  readonly #underWay = new Map<string, Promise<unknown>>()
  #closed = false

  /** @internal */
  constructor(directory: StateDirectory, shared: Shared, domain: string | undefined) {
    this.#directory = directory
    this.#shared = shared
    this.#domain = domain
  }

  /**
   * Creates or changes a network as described, if it differs. Resolves when dnsmasq serves it. Changed subnets restart dnsmasq; leases
   * stay.
   * @throws TypeError, RangeError for a wrong field, by name; NetloomError of the kernel, of files, of dnsmasq
   *   (`ERR_NETLOOM_DNSMASQ_FAILED`). What was created is removed then.
   */
  async ensure(options: NetworkOptions): Promise<DhcpNetwork> {
    const network = checkNetwork(options, this.#domain)
    await this.#shared.tester.check(optionsOf(network))
    return this.#inTurn(network.id, async () => {
      const kept = this.#kept.get(network.id)
      if (kept === undefined) return this.create(network, [])
      await kept.network.idle()
      if (kept.keeper.state?.network.key !== network.key) await kept.network.become(network)
      return kept.network
    })
  }

  /** A network by its id; undefined if there is none. */
  get(id: string): DhcpNetwork | undefined {
    const network = this.#kept.get(id)?.network
    return network?.described === undefined ? undefined : network
  }

  /** All networks that are made. */
  list(): DhcpNetwork[] {
    return Array.from(this.#kept.values(), ({ network }) => network).filter(({ described }) => described !== undefined)
  }

  /**
   * Deletes a network: ends its dnsmasq, and deletes its device, namespace and files.
   * @param options - `force: true` to succeed if there is none.
   * @throws NetloomError: `ERR_NETLOOM_NO_NETWORK`.
   */
  async delete(id: string, options: { force?: boolean | undefined } = {}): Promise<void> {
    checkId(id, 'id')
    checkKeys(options, new Set(['force']))
    const { force = false } = options
    if (typeof force !== 'boolean') throw wrongType('force', 'a boolean', force)
    await this.#inTurn(id, async () => {
      const kept = this.#kept.get(id)
      if (kept === undefined) {
        if (force) return
        throw dhcpError('ERR_NETLOOM_NO_NETWORK', 'networks.delete', `there is no network ${id}`)
      }
      await kept.network.idle()
      await kept.keeper.remove()
      this.#kept.delete(id)
    })
  }

  /** @internal Makes a network that is not there. */
  async create(network: Network, ports: readonly PortOptions[]): Promise<DhcpNetwork> {
    this.#refuseTaken(network)
    const { keeper, network: made } = this.#keep(network)
    const state = { network, ports: filled(undefined, network, ports) }
    try {
      await keeper.create(state)
    } catch (error) {
      await keeper.undo(state).catch((undoing: unknown) => {
        this.#shared.tell('error', undoing as Error)
      })
      this.#kept.delete(network.id)
      throw error
    }
    return made
  }

  /** @internal Takes over from a former agent a network. */
  async takeOver(left: Left): Promise<void> {
    const { network } = left.state
    const { keeper } = this.#keep(network, left.owner)
    if (left.deleted) {
      await keeper.discard(left)
      this.#kept.delete(network.id)
    } else await keeper.takeOver(left)
  }

  /** @internal Supervises all of them. */
  async supervise(): Promise<void> {
    await Promise.all(Array.from(this.#kept.values(), ({ keeper }) => keeper.supervise()))
  }

  /** @internal Supervises the one with this tap. */
  async superviseTap(tap: string): Promise<void> {
    for (const { names, keeper } of this.#kept.values()) if (names.tap === tap) await keeper.supervise()
  }

  /** @internal Stops keeping all of them. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#underWay.values())
    for (const { network, keeper } of this.#kept.values()) {
      await network.idle()
      await keeper.close()
    }
  }

  #keep({ id, namespace, tap }: Network, owner?: string): Kept {
    if (this.#closed) throw dhcpError('ERR_NETLOOM_AGENT_CLOSED', 'networks.ensure', 'the agent is closed')
    const keeper = new Keeper(this.#directory.directory(id), id, this.#shared, owner)
    const kept = { names: { id, namespace, tap }, keeper, network: new DhcpNetwork(id, keeper) }
    this.#kept.set(id, kept)
    return kept
  }

  /** Refuses names that another network has. */
  #refuseTaken(network: Network): void {
    for (const { names: other } of this.#kept.values()) {
      if (other.id === network.id) continue
      for (const field of ['namespace', 'tap'] as const) {
        if (other[field] !== network[field]) continue
        throw wrongValue(field, `another than network ${other.id} has`, network[field])
      }
    }
  }

  /** Serializes work by id. */
  async #inTurn<T>(id: string, work: () => Promise<T>): Promise<T> {
    if (this.#closed) throw dhcpError('ERR_NETLOOM_AGENT_CLOSED', 'networks', 'the agent is closed')
    const before = this.#underWay.get(id) ?? Promise.resolve()
    const turn = before.then(work, work)
    const settled = turn.catch(() => undefined)
    this.#underWay.set(id, settled)
    try {
      return await turn
    } finally {
      if (this.#underWay.get(id) === settled) this.#underWay.delete(id)
    }
  }
}
