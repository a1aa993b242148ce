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

/** What a router asks of its agent. */
export interface RouterSource {
  /** Its description as it is now; throws if it is gone. */
  described(): CheckedRouter
  /** Changes it in its turn. */
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
   * Changes parts of its description; others stay. Addresses and rules change without a pause for what is not concerned. A floating
   * address that comes is announced to the neighbors; connections by one that goes end at once.
   * @throws As `ensure`; then everything is as it was.
   */
  async update(changes: RouterChanges): Promise<void> {
    await this.#source.change(changes)
  }

  /** A handle of its namespace, which is the caller's to close. */
  openNetNs(): Promise<NetNs> {
    return NetNs.open(this.namespace)
  }
}
