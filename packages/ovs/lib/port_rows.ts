// The rows of a port: reads and writes them, and deletes those that belong to it.
import type { OpenVswitch } from './ovsdb/index'
import type { Row } from './ovsdb/types'
import { outOfRange, wrongValue } from 'netloom/errors'
import { checkArray, checkObject } from 'netloom/values'
import { checkName } from './call'
import { newValues, readRow, type Tx, type Values } from './columns'
import type { Database } from './database'
import { interfaceColumns, interfaceSettingColumns, type Interface, type InterfaceState } from './interface'
import { checkInterfaceName, kindProperties, newKind, readKind } from './interface_kinds'
import { portColumns, portSettingColumns, type Port } from './port'
import { checkQos, insertQos, readQos } from './qos'

const interfaceMore = ['type', 'otherType', ...kindProperties]

/** A port that was checked, ready to be inserted. */
export interface CheckedPort {
  readonly bridge: string
  readonly name: string
  /** The names of its interfaces. */
  readonly interfaces: readonly string[]
  /** Inserts its rows, the port under a UUID. */
  readonly insert: (tx: Tx, uuid: string) => Row<'Port'> | ReturnType<Tx['insert']>
}

function at(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`
}

function checkInterface(
  given: unknown,
  name: unknown,
  nameField: string,
  prefix: string,
  more: readonly string[],
): Values {
  const values = newValues(interfaceSettingColumns, given, prefix, [...interfaceMore, ...more])
  const kind = newKind(given as Record<string, unknown>, prefix)
  return { ...values, ...kind, name: checkInterfaceName(name, (given as { type?: unknown }).type, nameField) }
}

/** Checks an interface of a bond, which has its name among its options. */
export function checkBondInterface(given: object, prefix: string): Values {
  return checkInterface(given, (given as { name?: unknown }).name, at(prefix, 'name'), prefix, ['name'])
}

function checkBond(bond: unknown, field: string): Values[] {
  const given = checkArray(bond, field)
  if (given.length < 2) throw outOfRange(field, 'at least two interfaces', bond)
  const rows = given.map((each, i) => {
    const prefix = `${field}[${i}]`
    return checkBondInterface(checkObject(each, prefix), prefix)
  })
  if (new Set(rows.map(({ name }) => name)).size < rows.length) {
    throw wrongValue(field, 'interfaces with different names', bond)
  }
  return rows
}

/** Checks a port to add; `prefix` is its place in a list. */
export function checkPort(given: unknown, prefix = ''): CheckedPort {
  const values = newValues(portSettingColumns, given, prefix, ['bridge', 'name', 'interface', 'bond', 'qos'])
  const { bridge, name, interface: single = {}, bond, qos } = given as Record<string, unknown>
  checkName(bridge, at(prefix, 'bridge'))
  const both = bond !== undefined && (given as { interface?: unknown }).interface !== undefined
  if (both) throw wrongValue(at(prefix, 'interface'), 'left out, if there is a bond', single)
  for (const option of ['bondMode', 'lacp', 'bondUpDelaySeconds', 'bondDownDelaySeconds', 'mac']) {
    const value = (given as Record<string, unknown>)[option]
    if (bond === undefined && value !== undefined && value !== null)
      throw wrongValue(at(prefix, option), 'left out, unless there is a bond', value)
  }
  const rows =
    bond === undefined
      ? [checkInterface(single, name, at(prefix, 'name'), at(prefix, 'interface'), [])]
      : checkBond(bond, at(prefix, 'bond'))
  const port = bond === undefined ? (rows[0]?.name as string) : checkInterfaceName(name, 'other', at(prefix, 'name'))
  const shaped = qos === undefined || qos === null ? undefined : checkQos(qos, at(prefix, 'qos'))
  return {
    bridge,
    name: port,
    interfaces: rows.map((row) => row.name as string),
    insert: (tx, uuid) => {
      const interfaces = rows.map((row) => tx.insert('Interface', row as never))
      const more = shaped === undefined ? {} : { qos: insertQos(tx, shaped) }
      return tx.insert('Port', { ...values, ...more, name: port, interfaces }, { uuid })
    },
  }
}

/** Reads an interface, without its port and bridge. */
export function readInterface(row: OpenVswitch.Interface): InterfaceState {
  return { ...readRow(interfaceColumns, row), ...readKind(row.type, row.options) }
}

/** Reads an interface; undefined if it is of no bridge. */
export function readOwnedInterface(database: Database, row: OpenVswitch.Interface): Interface | undefined {
  const port = database.owners.ports.get(row._uuid)
  const bridge = port && database.owners.bridges.get(port._uuid)
  return bridge && { ...readInterface(row), port: port.name, bridge: bridge.name }
}

/** Reads a port; undefined if it is of no bridge. */
export function readPort(database: Database, row: OpenVswitch.Port): Port | undefined {
  const bridge = database.owners.bridges.get(row._uuid)
  if (bridge === undefined) return undefined
  const interfaces = row.interfaces.flatMap((uuid) => database.table('Interface').get(uuid) ?? [])
  const qos = row.qos === null ? undefined : database.table('QoS').get(row.qos)
  return {
    ...readRow(portColumns, row),
    bridge: bridge.name,
    local: row.name === bridge.name,
    interfaces: interfaces.map(readInterface).sort((a, b) => (a.name < b.name ? -1 : 1)),
    ...(qos && { qos: readQos(qos, (uuid) => database.table('Queue').get(uuid)) }),
  }
}

/** Deletes the rows of QoS and queues that only these ports use, which neither the server nor the switch does. */
export function deleteQos(database: Database, tx: Tx, ports: readonly OpenVswitch.Port[]): void {
  const going = new Set<string>(ports.map(({ _uuid: uuid }) => uuid))
  const staying = [...database.table('Port')].filter(({ _uuid: uuid }) => !going.has(uuid))
  const used = new Set<string | null>(staying.map(({ qos }) => qos))
  const all = ports.flatMap(({ qos }) => (qos === null ? [] : (database.table('QoS').get(qos) ?? [])))
  const rows = [...new Set(all)].filter(({ _uuid: uuid }) => !used.has(uuid))
  if (rows.length === 0) return
  const kept = [...database.table('QoS')].filter((row) => !rows.includes(row))
  const queuesUsed = new Set<string>(kept.flatMap(({ queues }) => [...queues.values()]))
  const queues = new Set(rows.flatMap((row) => [...row.queues.values()]).filter((uuid) => !queuesUsed.has(uuid)))
  for (const row of rows) tx.delete(row)
  for (const uuid of queues) {
    const queue = database.table('Queue').get(uuid)
    if (queue !== undefined) tx.delete(queue)
  }
}

/** Deletes the QoS of ports that the transaction deletes, and that refer to it until the transaction ends. */
export function deleteQosWith(database: Database, tx: Tx, ports: readonly OpenVswitch.Port[]): void {
  for (const port of ports) if (port.qos !== null) tx.update(port, { qos: null })
  deleteQos(database, tx, ports)
}
