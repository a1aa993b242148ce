// Ports: `ovs.ports`.
import { randomUUID } from 'node:crypto'
import { checkCall } from './ovsdb/calls'
import type { OpenVswitch } from './ovsdb/index'
import { wrongValue } from 'netloom/errors'
import { checkArray, checkKeys } from 'netloom/values'
import { addBondInterface, deleteBondInterface } from './bond'
import { checkName, splitForce, type OvsCallOptions, type OvsDeleteOptions } from './call'
import { changedValues, isEmpty, writeChanges, type Tx } from './columns'
import type { Database } from './database'
import { alreadyExists, notFound } from './errors'
import { failuresOf, openedOrUndone } from './opened'
import { portSettingColumns, type BondInterface, type Port, type PortChanges, type PortOptions } from './port'
import { checkPort, deleteQos, deleteQosWith, readPort, type CheckedPort } from './port_rows'
import { checkQos, insertQos } from './qos'
import { reinsert } from './reopening'
import type { Staleness } from './staleness'

/** A filter for ports. */
export interface PortFilter {
  /** Those of this bridge. */
  readonly bridge?: string | undefined
}

/** A port with the UUID that its row gets. */
interface Planned extends CheckedPort {
  readonly uuid: string
}

function checkNames(names: unknown): asserts names is readonly string[] {
  checkArray(names, 'names', 'an array of names').forEach((name, i) => {
    checkName(name, `names[${i}]`)
  })
}

/** The ports of all bridges of a switch. Their names are unique among all of them. */
export class Ports {
  readonly #database: Database
  readonly #staleness: Staleness

  /** @internal */
  constructor(database: Database, staleness: Staleness) {
    this.#database = database
    this.#staleness = staleness
  }

  /**
   * Adds a port to a bridge. Resolves when the switch has applied it, and has opened its devices. Replaces a port of the same name
   * whose device was deleted, or created again, which the switch does not notice.
   * @throws TypeError, RangeError for a wrong option; `ENOENT` if there is no such bridge; `EEXIST` if there is a port or
   *   interface of that name; OvsInterfaceError with the switch's words if a device cannot be opened (`ENODEV` if there is none),
   *   and then nothing remains.
   * @example
   * await ovs.ports.add({ bridge: 'br0', name: 'veth-r', tag: 10 })
   * await ovs.ports.add({ bridge: 'br0', name: 'vx0', interface: { type: 'vxlan', remoteIp: '192.0.2.1', key: 7 } })
   */
  async add(options: PortOptions, call?: OvsCallOptions): Promise<Port> {
    const port = checkPort(options)
    await this.#add('ports.add', [port], call)
    return this.#made('ports.add', port.name)
  }

  /**
   * Adds many ports by one transaction: all of them, or none if the switch cannot open one.
   * @throws What `add` throws; wrong options are named as `ports[3].tag`.
   * @example
   * await ovs.ports.addMany(names.map((name, i) => ({ bridge: 'br0', name, tag: 100 + i })))
   */
  async addMany(ports: readonly PortOptions[], call?: OvsCallOptions): Promise<Port[]> {
    const checked = checkArray(ports, 'ports').map((each, i) => checkPort(each, `ports[${i}]`))
    const seen = new Set<string>()
    checked.forEach(({ interfaces, name }, i) => {
      for (const each of new Set([name, ...interfaces])) {
        if (seen.has(each)) throw wrongValue(`ports[${i}].name`, 'a name that no other of them has', each)
        seen.add(each)
      }
    })
    await this.#add('ports.addMany', checked, call)
    return checked.map(({ name }) => this.#made('ports.addMany', name))
  }

  /**
   * One port, by its name.
   * @throws `ENOENT` if there is none (`isNotFound`).
   */
  async get(name: string, call?: OvsCallOptions): Promise<Port> {
    const port = await this.find(name, call)
    if (port === undefined) throw notFound('ports.get', 'port', name)
    return port
  }

  /** As `get`, but undefined if there is none. */
  async find(name: string, call?: OvsCallOptions): Promise<Port | undefined> {
    checkName(name)
    const database = await this.#database.look(call)
    const row = database.table('Port').find({ name })
    return row && readPort(database, row)
  }

  /** All ports, or those of one bridge, by name. The bridges' own are among them (`local`). */
  async list(filter: PortFilter = {}, call?: OvsCallOptions): Promise<Port[]> {
    checkKeys(filter, new Set(['bridge']))
    if (filter.bridge !== undefined) checkName(filter.bridge, 'bridge')
    const database = await this.#database.look(call)
    const ports = [...database.table('Port')].flatMap((row) => readPort(database, row) ?? [])
    const wanted = filter.bridge === undefined ? ports : ports.filter(({ bridge }) => bridge === filter.bridge)
    return wanted.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * Changes a port. Settings that are left out stay, `null` unsets a setting; of `otherConfig` and `externalIds` only the keys that
   * are given change. Resolves when the switch has applied it.
   * @throws TypeError, RangeError for a wrong option; `ENOENT` if there is no such port.
   * @example
   * await ovs.ports.set('veth-r', { tag: 20 })
   * await ovs.ports.set('veth-r', { tag: null, trunks: [10, 20] })
   */
  async set(name: string, changes: PortChanges, call?: OvsCallOptions): Promise<void> {
    checkName(name)
    checkCall(call)
    const changed = changedValues(portSettingColumns, changes, '', ['qos'])
    const { qos } = changes
    const shaped = qos === undefined || qos === null ? undefined : checkQos(qos, 'qos')
    const database = await this.#database.look(call)
    await database.apply(
      'ports.set',
      (tx) => {
        const row = database.table('Port').find({ name })
        if (row === undefined) throw notFound('ports.set', 'port', name)
        if (isEmpty(changed) && qos === undefined) return
        tx.verify(row, ['name'])
        writeChanges(tx, row, changed)
        if (qos === undefined) return
        tx.update(row, { qos: shaped === undefined ? null : insertQos(tx, shaped) })
        deleteQos(database, tx, [row])
      },
      call,
    )
  }

  /**
   * Deletes a port. Resolves when the switch has closed its devices.
   * @param options - `force: true` to succeed if there is none.
   * @throws `ENOENT` if there is no such port; TypeError if it is a bridge's own.
   */
  async delete(name: string, options?: OvsDeleteOptions): Promise<void> {
    checkName(name)
    const { force, call } = splitForce(options)
    await this.#delete('ports.delete', await this.#uuids('ports.delete', [name], force, call), call)
  }

  /**
   * Deletes many ports by one transaction.
   * @param options - `force: true` to succeed if some do not exist.
   * @throws `ENOENT` if one is not there, and then none is deleted.
   */
  async deleteMany(names: readonly string[], options?: OvsDeleteOptions): Promise<void> {
    checkNames(names)
    const { force, call } = splitForce(options)
    await this.#delete('ports.deleteMany', await this.#uuids('ports.deleteMany', names, force, call), call)
  }

  /**
   * Adds an interface to a port, which becomes a bond (`ovs-vsctl add-bond-iface`). Resolves when the switch has applied it, and has
   * opened the device.
   * @throws TypeError, RangeError for a wrong option; `ENOENT` if there is no such port; `EEXIST` if there is an interface of that
   *   name; OvsInterfaceError if the device cannot be opened, and is removed then.
   * @example
   * await ovs.ports.addBondInterface('bond0', { name: 'eth3' })
   */
  async addBondInterface(port: string, options: BondInterface, call?: OvsCallOptions): Promise<void> {
    await addBondInterface(this.#database, port, options, call)
  }

  /**
   * Removes an interface from a bond (`ovs-vsctl del-bond-iface`). Resolves when the switch has closed its device.
   * @throws `ENOENT` if there is no such port, or it has no such interface; TypeError if it is the last one.
   */
  async deleteBondInterface(port: string, name: string, call?: OvsCallOptions): Promise<void> {
    await deleteBondInterface(this.#database, port, name, call)
  }

  /**
   * Has the switch open the devices of a port again, with the same settings: deletes the port, waits until that is applied, and
   * adds it. It gets another number in flows, unless it has `ofportRequest`.
   * @throws `ENOENT` if there is no such port; OvsInterfaceError if a device cannot be opened; the port stays then.
   */
  async reopen(name: string, call?: OvsCallOptions): Promise<Port> {
    checkName(name)
    checkCall(call)
    const database = await this.#database.look(call)
    const row = database.table('Port').find({ name })
    const bridge = row && database.owners.bridges.get(row._uuid)
    if (row === undefined || bridge === undefined) throw notFound('ports.reopen', 'port', name)
    this.#refuseLocal(name)
    const again = reinsert(database, row, bridge)
    await database.apply('ports.reopen', again.remove, call)
    await database.apply('ports.reopen', again.add, call)
    await openedOrUndone(
      'ports.reopen',
      () => failuresOf(database, again.interfaces),
      () => Promise.resolve(),
    )
    return this.get(name, call)
  }

  async #add(operation: string, checked: readonly CheckedPort[], call?: OvsCallOptions): Promise<void> {
    checkCall(call)
    const planned = checked.map((port): Planned => ({ ...port, uuid: randomUUID() }))
    const database = await this.#database.look(call)
    await this.#deleteStale(operation, planned, call)
    await database.apply(
      operation,
      (tx) => {
        if (planned.some(({ uuid }) => database.table('Port').get(uuid) !== undefined)) return
        this.#insert(operation, tx, planned)
      },
      call,
    )
    const names = planned.flatMap(({ interfaces }) => interfaces)
    const uuids = planned.map(({ uuid }) => uuid)
    await openedOrUndone(
      operation,
      () => failuresOf(database, names),
      (limit) => this.#delete(operation, uuids, limit),
    )
  }

  #made(operation: string, name: string): Port {
    const row = this.#database.table('Port').find({ name })
    const port = row && readPort(this.#database, row)
    if (port === undefined) throw notFound(operation, 'port', `${name} any more`)
    return port
  }

  #insert(operation: string, tx: Tx, planned: readonly Planned[]): void {
    const database = this.#database
    const inserted = new Map<OpenVswitch.Bridge, ReturnType<CheckedPort['insert']>[]>()
    for (const { bridge: bridgeName, name, interfaces, insert, uuid } of planned) {
      const bridge = database.table('Bridge').find({ name: bridgeName })
      if (bridge === undefined) throw notFound(operation, 'bridge', bridgeName)
      if (database.table('Port').find({ name }) !== undefined) throw alreadyExists(operation, 'port', name)
      tx.wait(tx.rows('Port', { name }), [])
      for (const each of interfaces) {
        if (database.table('Interface').find({ name: each }) !== undefined) {
          throw alreadyExists(operation, 'interface', each)
        }
        tx.wait(tx.rows('Interface', { name: each }), [])
      }
      inserted.set(bridge, [...(inserted.get(bridge) ?? []), insert(tx, uuid)])
    }
    for (const [bridge, ports] of inserted) {
      // Without the bridge the server would garbage-collect the new rows without an error.
      tx.verify(bridge, ['name'])
      tx.mutate(bridge, { ports: { insert: ports as never } })
    }
  }

  async #deleteStale(operation: string, planned: readonly Planned[], call?: OvsCallOptions): Promise<void> {
    const stale: string[] = []
    for (const { name } of planned) {
      const row = this.#database.table('Port').find({ name })
      if (row === undefined || this.#database.table('Bridge').find({ name }) !== undefined) continue
      if (await this.#staleness.of(row)) stale.push(row._uuid)
    }
    if (stale.length > 0) await this.#delete(operation, stale, call)
  }

  async #uuids(operation: string, names: readonly string[], force: boolean, call?: OvsCallOptions): Promise<string[]> {
    const database = await this.#database.look(call)
    return [...new Set(names)].flatMap((name) => {
      this.#refuseLocal(name)
      const row = database.table('Port').find({ name })
      if (row === undefined && !force) throw notFound(operation, 'port', name)
      return row?._uuid ?? []
    })
  }

  #refuseLocal(name: string): void {
    if (this.#database.table('Bridge').find({ name }) === undefined) return
    throw wrongValue('name', "the name of a port that is not the bridge's own", name)
  }

  async #delete(operation: string, uuids: readonly string[], call?: OvsCallOptions): Promise<void> {
    const database = this.#database
    await database.apply(
      operation,
      (tx) => {
        const rows = uuids.flatMap((uuid) => database.table('Port').get(uuid) ?? [])
        deleteQosWith(database, tx, rows)
        const going = new Map<OpenVswitch.Bridge, OpenVswitch.Port[]>()
        for (const row of rows) {
          const bridge = database.owners.bridges.get(row._uuid)
          if (bridge !== undefined) going.set(bridge, [...(going.get(bridge) ?? []), row])
        }
        for (const [bridge, ports] of going) tx.mutate(bridge, { ports: { delete: ports } })
      },
      call,
    )
  }
}
