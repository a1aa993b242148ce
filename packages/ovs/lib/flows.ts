// Flows: `ovs.flows`, as ovs-ofctl, over the management sockets of bridges.
import { join } from 'node:path'
import { Call, checkCall } from './ovsdb/calls'
import type { OpenVswitch } from './ovsdb/index'
import { isInvalid, outOfRange, wrongType, wrongValue } from 'netloom/errors'
import { checkArray, checkKeys } from 'netloom/values'
import { splitForce, type OvsCallOptions, type OvsDeleteOptions } from './call'
import type { Database } from './database'
import { notFound } from './errors'
import { encodeActions, type FlowAction } from './openflow/actions'
import { OpenflowConnection } from './openflow/connection'
import {
  addition,
  exactly,
  flowStats,
  listing,
  matching,
  matchText,
  commands,
  readFlows,
  type Flow,
  type FlowFilter,
  type FlowKey,
  type FlowOptions,
} from './openflow/flow'
import { largestBody, messageTypes } from './openflow/messages'
import { widePort, type PortNames } from './openflow/ports'

const keyNames = ['bridge', 'table', 'priority', 'match']
const flowNames = new Set([...keyNames, 'actions', 'cookie', 'idleTimeoutSeconds', 'hardTimeoutSeconds'])
const filterNames = new Set(['bridge', 'table', 'match', 'cookie', 'outPort'])

/** The names that a bridge's interfaces have now. */
class Names implements PortNames {
  readonly bridge: string
  readonly #numbers = new Map<string, number>()
  readonly #names = new Map<number, string>()

  constructor(database: Database, bridge: OpenVswitch.Bridge) {
    this.bridge = bridge.name
    for (const uuid of bridge.ports) {
      for (const each of database.table('Port').get(uuid)?.interfaces ?? []) {
        const row = database.table('Interface').get(each)
        const ofport = row?.ofport ?? -1n
        if (row === undefined || ofport < 1n) continue
        const number = widePort(Number(ofport))
        this.#numbers.set(row.name, number)
        this.#names.set(number, row.name)
      }
    }
  }

  readonly numberOf = (name: string): number | undefined => this.#numbers.get(name)
  readonly nameOf = (number: number): string | undefined => this.#names.get(number)
}

/** The match of a listed flow as text; undefined if this library cannot express it. */
function shownMatch({ match }: Flow, ports: PortNames): string | undefined {
  try {
    return matchText(match, ports)
  } catch (error) {
    if (!isInvalid(error)) throw error
    return undefined
  }
}

/** The flows of a switch's bridges. */
export class Flows {
  readonly #database: Database
  readonly #runDir: string
  readonly #connections = new Map<string, Promise<OpenflowConnection>>()

  /** @internal */
  constructor(database: Database, runDir: string) {
    this.#database = database
    this.#runDir = runDir
  }

  /**
   * Adds a flow. One of the same table, priority and match is replaced. Resolves when the bridge has it.
   * @throws TypeError, RangeError for a wrong option; `ENOENT` if there is no such bridge; OpenflowError if the bridge refuses it.
   * @example
   * await ovs.flows.add({ bridge: 'br0', priority: 10, match: { nwSrc: '10.0.0.0/8' }, actions: [{ output: 'veth-g' }] })
   * await ovs.flows.add({ bridge: 'br0', match: { tcpDst: 23 }, actions: 'drop' })
   */
  async add(flow: FlowOptions, call?: OvsCallOptions): Promise<void> {
    checkKeys(flow, flowNames)
    await this.#commit('flows.add', flow.bridge, call, (ports) => [addition(flow, '', ports)])
  }

  /**
   * Adds many flows of one bridge: all of them or none (a bundle). A bridge without OpenFlow 1.4 keeps those before the one that
   * it refuses.
   * @throws What `add` throws; wrong options are named as `flows[3].match.nwSrc`.
   */
  async addMany(flows: readonly FlowOptions[], call?: OvsCallOptions): Promise<void> {
    const given = checkArray(flows, 'flows') as readonly FlowOptions[]
    given.forEach((flow, i) => {
      checkKeys(flow, flowNames, `flows[${i}]`)
      if (flow.bridge === given[0]?.bridge) return
      throw wrongValue(`flows[${i}].bridge`, 'the same for all of them', flow.bridge)
    })
    const [first] = given
    if (first === undefined) return
    const write = (ports: PortNames): Buffer[] => given.map((flow, i) => addition(flow, `flows[${i}]`, ports))
    await this.#commit('flows.addMany', first.bridge, call, write)
  }

  /**
   * The flows of a bridge, or those that match a filter, by table and falling priority.
   * @throws TypeError, RangeError for a wrong option; `ENOENT` if there is no such bridge.
   * @example
   * for (const { priority, match, actions, packets } of await ovs.flows.list({ bridge: 'br0', table: 0 })) …
   */
  async list(filter: FlowFilter = {}, call?: OvsCallOptions): Promise<Flow[]> {
    checkKeys(filter, filterNames)
    return this.#with('flows.list', filter.bridge, call, (connection, ports, running) =>
      this.#list(connection, ports, running, filter),
    )
  }

  /**
   * One flow, by its table, priority and match.
   * @throws `ENOENT` if there is none (`isNotFound`).
   */
  async get(key: FlowKey, call?: OvsCallOptions): Promise<Flow> {
    const flow = await this.find(key, call)
    if (flow === undefined) throw notFound('flows.get', 'flow', 'like that')
    return flow
  }

  /** As `get`, but undefined if there is none. */
  async find(key: FlowKey, call?: OvsCallOptions): Promise<Flow | undefined> {
    checkKeys(key, new Set(keyNames))
    return this.#with('flows.find', key.bridge, call, (connection, ports, running) =>
      this.#find(connection, ports, running, key),
    )
  }

  /**
   * Sets the actions of one flow; keeps its counters.
   * @throws What `add` throws; `ENOENT` if there is no such flow.
   */
  async set(key: FlowKey, actions: readonly FlowAction[] | 'drop', call?: OvsCallOptions): Promise<void> {
    checkKeys(key, new Set(keyNames))
    await this.#with('flows.set', key.bridge, call, async (connection, ports, running) => {
      const body = exactly(commands.modifyStrict, key, ports, encodeActions(actions, 'actions', ports))
      if ((await this.#find(connection, ports, running, key)) === undefined) {
        throw notFound('flows.set', 'flow', 'like that')
      }
      await connection.commit(running, messageTypes.flowMod, [body])
    })
  }

  /**
   * Sets the actions of all flows that match a filter. None is no error.
   * @throws What `add` throws.
   */
  async setMany(filter: FlowFilter, actions: readonly FlowAction[] | 'drop', call?: OvsCallOptions): Promise<void> {
    checkKeys(filter, filterNames)
    if (filter.outPort !== undefined) throw wrongValue('outPort', 'left out, as only flush has it', filter.outPort)
    await this.#with('flows.setMany', filter.bridge, call, async (connection, ports, running) => {
      const instructions = encodeActions(actions, 'actions', ports)
      // A bridge accepts OFPTT_ALL only in deletions.
      const flows = await this.#list(connection, ports, running, filter)
      const tables = [...new Set(flows.map(({ table }) => table))]
      const bodies = tables.map((table) => matching(commands.modify, { ...filter, table }, ports, instructions))
      if (bodies.length > 0) await connection.commit(running, messageTypes.flowMod, bodies)
    })
  }

  /**
   * Deletes one flow, by its table, priority and match.
   * @param options - `force: true` to succeed if there is none.
   * @throws `ENOENT` if there is no such flow.
   */
  async delete(key: FlowKey, options?: OvsDeleteOptions): Promise<void> {
    checkKeys(key, new Set(keyNames))
    const { force, call } = splitForce(options)
    await this.#with('flows.delete', key.bridge, call, async (connection, ports, running) => {
      const body = exactly(commands.deleteStrict, key, ports)
      if (!force && (await this.#find(connection, ports, running, key)) === undefined) {
        throw notFound('flows.delete', 'flow', 'like that')
      }
      await connection.commit(running, messageTypes.flowMod, [body])
    })
  }

  /**
   * Deletes all flows of a bridge that match a filter. None is no error.
   * @example
   * await ovs.flows.flush({ bridge: 'br0', cookie: 7n })
   */
  async flush(filter: FlowFilter = {}, call?: OvsCallOptions): Promise<void> {
    checkKeys(filter, filterNames)
    await this.#commit('flows.flush', filter.bridge, call, (ports) => [matching(commands.delete, filter, ports)])
  }

  /** @internal */
  close(): void {
    for (const connection of this.#connections.values()) {
      void connection.then(
        (open) => {
          open.close()
        },
        () => undefined,
      )
    }
    this.#connections.clear()
  }

  async #list(connection: OpenflowConnection, ports: PortNames, call: Call, filter: FlowFilter): Promise<Flow[]> {
    const parts = await connection.multipart(call, flowStats, listing(filter, ports))
    const flows = await connection.reading(call.operation, () => parts.flatMap((part) => readFlows(part, ports)))
    return flows.sort((a, b) => a.table - b.table || b.priority - a.priority)
  }

  async #find(connection: OpenflowConnection, ports: PortNames, call: Call, key: FlowKey): Promise<Flow | undefined> {
    const { table = 0, priority = 0x8000, match } = key
    exactly(commands.deleteStrict, key, ports)
    const wanted = matchText(match, ports)
    const flows = await this.#list(connection, ports, call, { table, match })
    return flows.find(
      (flow) => flow.priority === priority && flow.unknownFields === undefined && shownMatch(flow, ports) === wanted,
    )
  }

  async #commit(
    operation: string,
    bridge: string | undefined,
    options: OvsCallOptions | undefined,
    write: (ports: PortNames) => Buffer[],
  ): Promise<void> {
    await this.#with(operation, bridge, options, async (connection, ports, call) => {
      const bodies = write(ports)
      const large = bodies.find((body) => body.length + 16 > largestBody)
      if (large !== undefined) throw outOfRange('actions', 'at most 64 KiB', large.length)
      await connection.commit(call, messageTypes.flowMod, bodies)
    })
  }

  async #with<T>(
    operation: string,
    name: string | undefined,
    options: OvsCallOptions | undefined,
    use: (connection: OpenflowConnection, ports: PortNames, call: Call) => Promise<T>,
  ): Promise<T> {
    checkCall(options)
    if (name !== undefined && typeof name !== 'string') throw wrongType('bridge', 'a string', name)
    using call = new Call(operation, options)
    call.check()
    await this.#database.look(options)
    const bridge = this.#bridge(operation, name)
    const ports = new Names(this.#database, bridge)
    return await use(await this.#connection(bridge.name, call), ports, call)
  }

  #bridge(operation: string, name: string | undefined): OpenVswitch.Bridge {
    const bridges = this.#database.table('Bridge')
    if (name === undefined && bridges.size !== 1) {
      throw wrongValue('bridge', `the name of one of the ${bridges.size} bridges`, name)
    }
    const [only] = bridges
    const bridge = name === undefined ? only : bridges.find({ name })
    // The switch ignores a bridge whose name has a slash, as the name becomes that of a socket.
    if (bridge === undefined || bridge.name.includes('/'))
      throw notFound(operation, 'bridge', bridge?.name ?? name ?? '')
    return bridge
  }

  /** The open connection to a bridge, or a new one. */
  async #connection(bridge: string, call: Call): Promise<OpenflowConnection> {
    const before = this.#connections.get(bridge)
    if (before !== undefined) {
      const connection = await call.race(
        before.catch(() => undefined),
        'none',
      )
      if (connection !== undefined && connection.end === undefined) return connection
      if (this.#connections.get(bridge) !== before) return this.#connection(bridge, call)
    }
    const opened = OpenflowConnection.open(join(this.#runDir, `${bridge}.mgmt`), bridge, call)
    this.#connections.set(bridge, opened)
    try {
      return await opened
    } catch (error) {
      if (this.#connections.get(bridge) === opened) this.#connections.delete(bridge)
      throw error
    }
  }
}
