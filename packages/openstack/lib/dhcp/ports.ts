// The ports of a network: `network.ports`.
import { wrongType } from 'netloom/errors'
import { checkKeys } from 'netloom/values'
import type { Changes } from './changes'
import { checkOptions } from './check_options'
import { dhcpError } from './errors'
import type { State } from './host_files'
import { checkId } from '../agents/names'
import type { OptionTester } from './option_tester'
import type { PortChanges, PortOptions } from './options'
import { checkPort, restored, type KnownPort, type Port } from './ports_table'

/** The public fields of a port. */
function told({ id, mac, fixedIps, hostname, clientId }: KnownPort): Port {
  return { id, mac, fixedIps, hostname, clientId }
}

/**
 * The ports of a network. A change resolves when dnsmasq has read it. Changes that are made while another one is under way are
 * performed together, so that dnsmasq reads its files once or twice for a thousand of them.
 * @example
 * const port = await network.ports.add({ id: 'vm1', mac: '52:54:00:00:00:01', fixedIps: ['10.0.0.10'], hostname: 'vm1' })
 */
export class Ports {
  readonly #state: () => State
  readonly #changes: Changes
  readonly #tester: OptionTester

  /** @internal */
  constructor(state: () => State, changes: Changes, tester: OptionTester) {
    this.#tester = tester
    this.#state = state
    this.#changes = changes
  }

  /**
   * Adds a port.
   * @throws TypeError, RangeError for a wrong field, by name: an address outside of the subnets, or of another port …;
   *   NetloomError: `ERR_NETLOOM_PORT_EXISTS`; of files and dnsmasq. Nothing has changed then.
   */
  async add(options: PortOptions): Promise<Port> {
    const { id, checked } = checkPort(options)
    const given = structuredClone(options)
    await this.#tester.check([{ field: 'options', options: checked }])
    return this.#change(id, (state) => {
      if (state.ports.get(id) !== undefined) {
        throw dhcpError('ERR_NETLOOM_PORT_EXISTS', 'ports.add', `network ${state.network.id} has a port ${id}`)
      }
      state.ports.put(given)
      return state
    })
  }

  /**
   * Changes a port: options that are left out stay. Leases of addresses that it loses are released.
   * @throws As `add`; NetloomError: `ERR_NETLOOM_NO_PORT`.
   */
  async update(id: string, changes: PortChanges): Promise<Port> {
    checkId(id, 'id')
    checkKeys(changes, new Set(['mac', 'fixedIps', 'hostname', 'clientId', 'options']))
    const given = structuredClone(changes)
    await this.#tester.check([{ field: 'options', options: checkOptions(given.options, 'options') }])
    return this.#change(id, (state) => {
      const port = state.ports.get(id)
      if (port === undefined) throw noPort('ports.update', state, id)
      state.ports.put({ ...restored(port), ...given })
      return state
    })
  }

  /**
   * Deletes a port. Its lease is released, so that another port can get the address at once.
   * @param options - `force: true` to succeed if there is none.
   * @throws NetloomError: `ERR_NETLOOM_NO_PORT`.
   */
  async delete(id: string, options: { force?: boolean | undefined } = {}): Promise<void> {
    checkId(id, 'id')
    checkKeys(options, new Set(['force']))
    const { force = false } = options
    if (typeof force !== 'boolean') throw wrongType('force', 'a boolean', force)
    await this.#changes.add((state) => {
      if (!state.ports.delete(id) && !force) throw noPort('ports.delete', state, id)
      return state
    })
  }

  /** A port by its id; undefined if there is none. */
  get(id: string): Port | undefined {
    const port = this.#state().ports.get(id)
    return port === undefined ? undefined : told(port)
  }

  /** All ports. */
  list(): Port[] {
    return Array.from(this.#state().ports, told)
  }

  /** How many there are. */
  get size(): number {
    return this.#state().ports.size
  }

  async #change(id: string, make: (state: State) => State): Promise<Port> {
    const { ports } = await this.#changes.add(make)
    const port = ports.get(id)
    // A later change of the same round may have deleted it.
    if (port === undefined) throw noPort('ports.add', this.#state(), id)
    return told(port)
  }
}

function noPort(operation: string, { network }: State, id: string): Error {
  return dhcpError('ERR_NETLOOM_NO_PORT', operation, `network ${network.id} has no port ${id}`)
}
