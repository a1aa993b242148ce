// A network that an agent keeps.
import { NetNs } from 'netloom'
import { wrongValue } from 'netloom/errors'
import { Changes } from './changes'
import type { Network } from './check_network'
import { dhcpError } from './errors'
import type { State } from './host_files'
import type { Keeper } from './keeper'
import type { Lease } from './leases'
import type { PortOptions } from './options'
import { Ports } from './ports'
import { PortTable, restored } from './ports_table'

/**
 * A network with DHCP, of `agent.networks`.
 * @example
 * for (const { address, mac } of network.leases()) console.log(address, mac)
 */
export class DhcpNetwork {
  /** Its id. */
  readonly id: string
  /** Its ports. */
  readonly ports: Ports
  readonly #keeper: Keeper
  readonly #changes: Changes

  /** @internal */
  constructor(id: string, keeper: Keeper) {
    this.id = id
    this.#keeper = keeper
    const state = (): State => {
      if (keeper.state === undefined) throw dhcpError('ERR_NETLOOM_NO_NETWORK', 'DhcpNetwork', `network ${id} is gone`)
      return keeper.state
    }
    this.#changes = new Changes(state, (next) => keeper.become(next))
    this.ports = new Ports(state, this.#changes, keeper.tester)
  }

  /** The name of its namespace. */
  get namespace(): string {
    return this.#description.namespace
  }

  /** The bridge of its DHCP server and its clients; undefined if a plug of your own does not report it. */
  get bridge(): string | undefined {
    return this.#keeper.bridgeOf(this.#description)
  }

  /** The addresses of its DHCP server, one a subnet, in their order. */
  get serverAddresses(): readonly string[] {
    return this.#description.subnets.map(({ serverAddress }) => serverAddress)
  }

  /** The process id of its dnsmasq; undefined while none runs. */
  get pid(): number | undefined {
    return this.#keeper.pid
  }

  /** How often its dnsmasq was told to read its files again, by this agent. */
  get reloads(): number {
    return this.#keeper.reloads
  }

  /** The leases of its clients, as in dnsmasq's file at this moment. */
  leases(): readonly Lease[] {
    return this.#keeper.leases()
  }

  /** Opens its namespace; the caller has to close the handle. */
  openNetNs(): Promise<NetNs> {
    return NetNs.open(this.namespace)
  }

  /** @internal Its description as it is now. */
  get described(): State | undefined {
    return this.#keeper.state
  }

  /** @internal Changes its description, and with `ports` its ports. */
  async become(network: Network, ports?: readonly PortOptions[]): Promise<void> {
    await this.#changes.add((state) => {
      const before = state.network
      for (const field of ['namespace', 'tap', 'device'] as const) {
        if (network[field] === before[field]) continue
        throw wrongValue(field, `${before[field]}, as the network was made`, network[field])
      }
      return { network, ports: ports === undefined ? moved(state.ports, network) : filled(state.ports, network, ports) }
    })
  }

  /** @internal Waits for what is under way. */
  idle(): Promise<void> {
    return this.#changes.idle()
  }

  get #description(): Network {
    const network = this.#keeper.state?.network
    if (network === undefined) throw dhcpError('ERR_NETLOOM_NO_NETWORK', 'DhcpNetwork', `network ${this.id} is gone`)
    return network
  }
}

/** The same ports with other subnets, in which each has to have its addresses. */
function moved(ports: PortTable, network: Network): PortTable {
  const table = PortTable.empty(network)
  for (const port of ports) {
    try {
      table.put(restored(port))
    } catch (error) {
      const message = `subnets for all ports: port ${port.id} does not fit (${(error as Error).message})`
      throw Object.assign(wrongValue('subnets', message, undefined), { cause: error })
    }
  }
  return table
}

/** Other ports; existing ones keep automatically chosen addresses where possible. */
export function filled(before: PortTable | undefined, network: Network, ports: readonly PortOptions[]): PortTable {
  const table = PortTable.empty(network)
  // Ports with given addresses first, so that no other port gets one of these.
  const order = [...ports.entries()].sort(
    ([, a], [, b]) => Number(a.fixedIps === undefined) - Number(b.fixedIps === undefined),
  )
  for (const [i, port] of order) {
    const field = `ports[${i}]`
    if (table.get(port.id) !== undefined) throw wrongValue(`${field}.id`, 'another one', port.id)
    const known = port.fixedIps === undefined ? before?.get(port.id) : undefined
    if (known === undefined) table.put(port, field)
    else {
      try {
        table.put({ ...port, fixedIps: restored(known).fixedIps }, field)
      } catch {
        table.put(port, field)
      }
    }
  }
  return table
}
