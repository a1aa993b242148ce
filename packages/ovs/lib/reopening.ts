// Deletes a port and adds it again with all its settings, so that the switch opens its devices again.
import { randomUUID } from 'node:crypto'
import type { OpenVswitch } from './ovsdb/index'
import type { Row } from './ovsdb/types'
import type { Tx, Values } from './columns'
import type { Database } from './database'

// The columns that users set; the switch writes all others.
const portColumns = [
  'name tag trunks vlan_mode cvlans qos mac bond_mode lacp bond_updelay bond_downdelay bond_fake_iface fake_bridge protected',
  'other_config external_ids',
].flatMap((line) => line.split(' '))
const interfaceColumns = [
  'name type options ingress_policing_rate ingress_policing_burst ingress_policing_kpkts_rate ingress_policing_kpkts_burst mac',
  'external_ids ofport_request bfd cfm_mpid lldp other_config mtu_request',
].flatMap((line) => line.split(' '))

function copy(row: Row, columns: readonly string[]): Values {
  const values = row as unknown as Values
  // A database of another version may lack one.
  return Object.fromEntries(columns.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]))
}

/** Two transactions: the one that removes a port, and the one that adds it as it was. */
export interface Reinsertion {
  readonly interfaces: readonly string[]
  readonly remove: (tx: Tx) => void
  readonly add: (tx: Tx) => void
}

/** Plans to remove and to add a port. */
export function reinsert(database: Database, port: OpenVswitch.Port, bridge: OpenVswitch.Bridge): Reinsertion {
  const uuid = randomUUID()
  const interfaces = port.interfaces.flatMap((each) => database.table('Interface').get(each) ?? [])
  const mirrors = [...database.table('Mirror')]
  const sources = mirrors.filter((mirror) => mirror.select_src_port.includes(port._uuid))
  const destinations = mirrors.filter((mirror) => mirror.select_dst_port.includes(port._uuid))
  const outputs = mirrors.filter((mirror) => mirror.output_port === port._uuid)
  return {
    interfaces: interfaces.map(({ name }) => name),
    remove: (tx) => {
      const now = database.table('Bridge').get(bridge._uuid)
      if (now?.ports.includes(port._uuid) === true) tx.mutate(now, { ports: { delete: [port] } })
    },
    add: (tx) => {
      if (database.table('Port').get(uuid) !== undefined) return
      const rows = interfaces.map((each) => tx.insert('Interface', copy(each, interfaceColumns) as never))
      const values = { ...copy(port, portColumns), interfaces: rows }
      const added = tx.insert('Port', values, { uuid })
      tx.verify(bridge, ['name'])
      tx.mutate(bridge, { ports: { insert: [added] } })
      for (const mirror of sources) tx.mutate(mirror, { select_src_port: { insert: [added] } })
      for (const mirror of destinations) tx.mutate(mirror, { select_dst_port: { insert: [added] } })
      for (const mirror of outputs) tx.update(mirror, { output_port: added })
    },
  }
}
