// Bridges: `ovs.bridges`.
import { randomUUID } from 'node:crypto'
import { checkCall } from './ovsdb/calls'
import type { OpenVswitch } from './ovsdb/index'
import type { NewRow } from './ovsdb/rows'
import type { Target } from './ovsdb/transaction'
import { outOfRange, wrongType } from 'netloom/errors'
import { checkArray } from 'netloom/values'
import { checkInterfaceName } from './interface_kinds'
import { bridgeColumns, bridgeSettingColumns, type Bridge, type BridgeChanges, type BridgeOptions } from './bridge'
import { checkName, splitForce, type OvsCallOptions, type OvsDeleteOptions } from './call'
import {
  changedValues,
  isEmpty,
  newValues,
  readRow,
  writeChanges,
  type Changes,
  type Columns,
  type Tx,
  type Values,
} from './columns'
import { controllerColumns } from './controller'
import type { Database } from './database'
import { alreadyExists, notFound } from './errors'
import { failuresOf, openedOrUndone } from './opened'
import { deleteQosWith } from './port_rows'
import { ipfixColumns, netFlowColumns, sflowColumns } from './sampling'

/** The rows of other tables that belong to a bridge: property, column, table, columns of that. */
const sampling = [
  ['netFlow', 'netflow', 'NetFlow', netFlowColumns],
  ['sflow', 'sflow', 'sFlow', sflowColumns],
  ['ipfix', 'ipfix', 'IPFIX', ipfixColumns],
] as const

const parts = ['controllers', ...sampling.map(([property]) => property)]

/** A row to be inserted, and the column that refers to it. */
interface Part {
  readonly column: string
  readonly insert: (tx: Tx) => NewRow | null | readonly NewRow[]
}

function checkRow(columns: Columns<never>, given: unknown, field: string, key: string, column: string): Values {
  const values = newValues(columns, given, field)
  if (values[column] === undefined) throw wrongType(`${field}.${key}`, 'given', undefined)
  return values
}

/** Checks the parts of a bridge that are rows of other tables. */
function partsOf(given: object): Part[] {
  const { controllers, ...others } = given as { controllers?: unknown } & Record<string, unknown>
  const found: Part[] = []
  if (controllers !== undefined) {
    const rows = checkArray(controllers ?? [], 'controllers').map((each, i) =>
      checkRow(controllerColumns as Columns<never>, each, `controllers[${i}]`, 'target', 'target'),
    )
    found.push({ column: 'controller', insert: (tx) => rows.map((row) => tx.insert('Controller', row as never)) })
  }
  for (const [property, column, table, columns] of sampling) {
    const value = others[property]
    if (value === undefined) continue
    const row = value === null ? null : checkRow(columns as Columns<never>, value, property, 'targets', 'targets')
    found.push({ column, insert: (tx) => row && tx.insert(table, row) })
  }
  return found
}

function insertParts(tx: Tx, found: readonly Part[]): Values {
  return Object.fromEntries(found.map(({ column, insert }) => [column, insert(tx)]))
}

/** Reads a bridge. */
export function readBridge(database: Database, row: OpenVswitch.Bridge): Bridge {
  const named = (name: 'Port' | 'Mirror', uuids: readonly string[]): string[] =>
    uuids.flatMap((uuid) => database.table(name).get(uuid)?.name ?? []).sort()
  const controllers = row.controller.flatMap((uuid) => database.table('Controller').get(uuid) ?? [])
  const samples = sampling.flatMap(([property, column, table, columns]) => {
    const uuid = row[column]
    const found = uuid === null ? undefined : database.table(table).get(uuid)
    return found === undefined ? [] : [[property, readRow(columns as Columns<never>, found)] as const]
  })
  return {
    ...readRow(bridgeColumns, row),
    ports: named('Port', row.ports),
    mirrors: named('Mirror', row.mirrors),
    controllers: controllers.map((each) => readRow(controllerColumns, each)),
    ...Object.fromEntries(samples),
  }
}

/** The bridges of a switch. */
export class Bridges {
  readonly #database: Database

  /** @internal */
  constructor(database: Database) {
    this.#database = database
  }

  /**
   * Makes a bridge, with a port and a device of its own name. Resolves when the switch has applied it.
   * @throws TypeError, RangeError for a wrong option; `EEXIST` if there is a bridge, port or interface of that name;
   *   OvsInterfaceError if the switch cannot make its device; what was added is removed then.
   * @example
   * await ovs.bridges.add({ name: 'br0', datapathType: 'netdev', failMode: 'secure' })
   */
  async add(options: BridgeOptions, call?: OvsCallOptions): Promise<Bridge> {
    checkCall(call)
    const values = newValues(bridgeSettingColumns, options, '', ['name', ...parts])
    const name = checkInterfaceName(options.name, 'internal', 'name')
    const others = partsOf(options)
    const uuid = randomUUID()
    const database = this.#database
    await database.apply(
      'bridges.add',
      (tx) => {
        if (database.table('Bridge').get(uuid) !== undefined) return
        for (const table of ['Bridge', 'Port', 'Interface'] as const) {
          if (database.table(table).find({ name }) !== undefined) {
            throw alreadyExists('bridges.add', table.toLowerCase(), name)
          }
          tx.wait(tx.rows(table, { name }), [])
        }
        const iface = tx.insert('Interface', { name, type: 'internal' })
        const port = tx.insert('Port', { name, interfaces: [iface] })
        const rows = insertParts(tx, others)
        const bridge = tx.insert('Bridge', { ...values, ...rows, name, ports: [port] }, { uuid })
        tx.mutate(database.rootIn(tx), { bridges: { insert: [bridge] } })
      },
      call,
    )
    const undo = (): Promise<void> => this.#delete('bridges.add', name, uuid)
    await openedOrUndone('bridges.add', () => failuresOf(database, [name]), undo)
    const row = database.table('Bridge').get(uuid)
    if (row === undefined) throw notFound('bridges.add', 'bridge', `${name} any more`)
    return readBridge(database, row)
  }

  /**
   * One bridge, by its name.
   * @throws `ENOENT` if there is none (`isNotFound`).
   */
  async get(name: string, call?: OvsCallOptions): Promise<Bridge> {
    const bridge = await this.find(name, call)
    if (bridge === undefined) throw notFound('bridges.get', 'bridge', name)
    return bridge
  }

  /** As `get`, but undefined if there is none. */
  async find(name: string, call?: OvsCallOptions): Promise<Bridge | undefined> {
    checkName(name)
    const database = await this.#database.look(call)
    const row = database.table('Bridge').find({ name })
    return row && readBridge(database, row)
  }

  /** All bridges, by name. */
  async list(call?: OvsCallOptions): Promise<Bridge[]> {
    const database = await this.#database.look(call)
    return [...database.table('Bridge')]
      .map((row) => readBridge(database, row))
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * Changes a bridge. Settings that are left out stay, `null` unsets a setting; of `otherConfig` and `externalIds` only the keys that
   * are given change. Resolves when the switch has applied it.
   * @throws TypeError, RangeError for a wrong option; `ENOENT` if there is no such bridge.
   * @example
   * await ovs.bridges.set('br0', { failMode: null, otherConfig: { 'mac-aging-time': '60' } })
   */
  async set(name: string, changes: BridgeChanges, call?: OvsCallOptions): Promise<void> {
    checkName(name)
    checkCall(call)
    const changed: Changes = changedValues(bridgeSettingColumns, changes, '', parts)
    const others = partsOf(changes)
    const database = await this.#database.look(call)
    await database.apply(
      'bridges.set',
      (tx) => {
        const row = database.table('Bridge').find({ name })
        if (row === undefined) throw notFound('bridges.set', 'bridge', name)
        if (isEmpty(changed) && others.length === 0) return
        const target: Target<'Bridge'> = row
        tx.verify(row, ['name'])
        writeChanges(tx, target, changed)
        if (others.length > 0) tx.update(target, insertParts(tx, others))
      },
      call,
    )
  }

  /**
   * Deletes a bridge, with its ports and mirrors. Resolves when the switch has applied it.
   * @param options - `force: true` to succeed if there is none.
   * @throws `ENOENT` if there is no such bridge.
   */
  async delete(name: string, options?: OvsDeleteOptions): Promise<void> {
    checkName(name)
    const { force, call } = splitForce(options)
    const database = await this.#database.look(call)
    const row = database.table('Bridge').find({ name })
    if (row !== undefined) await this.#delete('bridges.delete', name, row._uuid, call)
    else if (!force) throw notFound('bridges.delete', 'bridge', name)
  }

  async #delete(operation: string, name: string, uuid: string, call?: OvsCallOptions): Promise<void> {
    if (name === '') throw outOfRange('name', 'not empty', name)
    const database = this.#database
    await database.apply(
      operation,
      (tx) => {
        const row = database.table('Bridge').get(uuid)
        if (row === undefined) return
        const ports = row.ports.flatMap((port) => database.table('Port').get(port) ?? [])
        deleteQosWith(database, tx, ports)
        tx.mutate(tx.rows('Open_vSwitch'), { bridges: { delete: [row] } })
      },
      call,
    )
  }
}
