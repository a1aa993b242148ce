// Interfaces: `ovs.interfaces`. They are added and deleted with their ports.
import { checkCall } from './ovsdb/calls'
import { checkKeys } from 'netloom/values'
import { checkName, type OvsCallOptions } from './call'
import { changedValues, isEmpty, writeChanges } from './columns'
import type { Database } from './database'
import { notFound } from './errors'
import { interfaceSettingColumns, type Interface, type InterfaceChanges } from './interface'
import { changeKind, kindProperties } from './interface_kinds'
import { readOwnedInterface } from './port_rows'

/** A filter for interfaces. */
export interface InterfaceFilter {
  /** Those of this bridge. */
  readonly bridge?: string | undefined
  /** Those of this port. */
  readonly port?: string | undefined
}

/** The interfaces of all ports of a switch. */
export class Interfaces {
  readonly #database: Database

  /** @internal */
  constructor(database: Database) {
    this.#database = database
  }

  /**
   * One interface, by its name, with the state and counters that the switch has written last.
   * @throws `ENOENT` if there is none (`isNotFound`).
   * @example
   * const { ofport, linkState, statistics } = await ovs.interfaces.get('veth-r')
   */
  async get(name: string, call?: OvsCallOptions): Promise<Interface> {
    const found = await this.find(name, call)
    if (found === undefined) throw notFound('interfaces.get', 'interface', name)
    return found
  }

  /** As `get`, but undefined if there is none. */
  async find(name: string, call?: OvsCallOptions): Promise<Interface | undefined> {
    checkName(name)
    const database = await this.#database.look(call)
    const row = database.table('Interface').find({ name })
    return row && readOwnedInterface(database, row)
  }

  /** All interfaces, or those of one bridge or port, by name. */
  async list(filter: InterfaceFilter = {}, call?: OvsCallOptions): Promise<Interface[]> {
    checkKeys(filter, new Set(['bridge', 'port']))
    for (const key of ['bridge', 'port'] as const) if (filter[key] !== undefined) checkName(filter[key], key)
    const database = await this.#database.look(call)
    return [...database.table('Interface')]
      .flatMap((row) => readOwnedInterface(database, row) ?? [])
      .filter(({ bridge }) => filter.bridge === undefined || filter.bridge === bridge)
      .filter(({ port }) => filter.port === undefined || filter.port === port)
      .sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /**
   * Changes an interface. Settings that are left out stay, `null` unsets a setting; of `options`, `otherConfig` and `externalIds` only
   * the keys that are given change. Resolves when the switch has applied it.
   * @throws TypeError, RangeError for a wrong option, or one that its type does not have; `ENOENT` if there is no such interface.
   * @example
   * await ovs.interfaces.set('vx0', { remoteIp: '192.0.2.2', externalIds: { owner: null } })
   */
  async set(name: string, changes: InterfaceChanges, call?: OvsCallOptions): Promise<void> {
    checkName(name)
    checkCall(call)
    changedValues(interfaceSettingColumns, changes, '', kindProperties)
    const database = await this.#database.look(call)
    await database.apply(
      'interfaces.set',
      (tx) => {
        const row = database.table('Interface').find({ name })
        if (row === undefined) throw notFound('interfaces.set', 'interface', name)
        const changed = changedValues(interfaceSettingColumns, changes, '', kindProperties)
        changeKind(changed, row.type, changes, '')
        if (isEmpty(changed)) return
        tx.verify(row, ['type'])
        writeChanges(tx, row, changed)
      },
      call,
    )
  }
}
