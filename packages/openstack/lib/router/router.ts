// A router that an agent keeps.
import { NetNs } from 'netloom'
import { portsOf, type CheckedRouter } from './check'
import type { RouterChanges, RouterOptions } from './options'

/** A device of a router. */
export interface RouterDevice {
  /** The id of its port. */
  readonly port: string
  /** Its name, on the switch and in the namespace. */
  readonly device: string
  /** Its MAC address. */
  readonly mac: string
  /** Its addresses, without floating ones. */
  readonly addresses: readonly string[]
  /** Whether it is the gateway. */
  readonly gateway: boolean
}

/** The interface of the agent for a router. */
export interface RouterSource {
  /** Its present description; throws if it was deleted. */
  described(): CheckedRouter
  /** Changes it, after earlier changes. */
  change(changes: RouterChanges): Promise<void>
}

/**
 * A router, of `agent.routers`.
 * @example
 * await router.update({ floatingIps: [{ address: '203.0.113.10', fixed: '10.0.0.10' }] })
 */
export class Router {
  /** Its id. */
  readonly id: string
  readonly #source: RouterSource

  /** @internal */
  constructor(id: string, source: RouterSource) {
    this.id = id
    this.#source = source
  }

  /** The name of its namespace. */
  get namespace(): string {
    return this.#source.described().namespace
  }

  /** Its description, as it was given. */
  get options(): RouterOptions {
    return structuredClone(this.#source.described().given)
  }

  /** Its devices, the gateway at the end. */
  get devices(): readonly RouterDevice[] {
    const router = this.#source.described()
    return portsOf(router).map((port) => ({
      port: port.id,
      device: port.device,
      mac: port.mac,
      addresses: port.addresses.map(({ address }) => address),
      gateway: port === router.gateway,
    }))
  }

  /**
   * Changes parts of its description; others stay. Does not interrupt traffic of unchanged addresses and rules. A new floating address
   * is announced to the neighbors; connections by a removed one end at once.
   * @throws As `ensure`; nothing is changed then.
   */
  async update(changes: RouterChanges): Promise<void> {
    await this.#source.change(changes)
  }

  /** Opens its namespace; the caller has to close the handle. */
  openNetNs(): Promise<NetNs> {
    return NetNs.open(this.namespace)
  }
}
