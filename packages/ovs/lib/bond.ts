// Adds and deletes the interfaces of a bond in use, as add-bond-iface and del-bond-iface of ovs-vsctl.
import { randomUUID } from 'node:crypto'
import { checkCall } from './ovsdb/calls'
import type { OpenVswitch } from './ovsdb/index'
import { wrongValue } from 'netloom/errors'
import { checkObject } from 'netloom/values'
import { checkName, type OvsCallOptions } from './call'
import type { Database } from './database'
import { alreadyExists, notFound } from './errors'
import { failuresOf, openedOrUndone } from './opened'
import { checkBondInterface } from './port_rows'

function bondOf(database: Database, operation: string, name: string): OpenVswitch.Port {
  const row = database.table('Port').find({ name })
  if (row === undefined) throw notFound(operation, 'port', name)
  if (database.table('Bridge').find({ name }) !== undefined) {
    throw wrongValue('port', "the name of a port that is not the bridge's own", name)
  }
  return row
}

/** ovs.ports.addBondInterface */
export async function addBondInterface(
  database: Database,
  port: string,
  given: unknown,
  call?: OvsCallOptions,
): Promise<void> {
  const operation = 'ports.addBondInterface'
  checkName(port, 'port')
  const values = checkBondInterface(checkObject(given), '')
  const name = values.name as string
  checkCall(call)
  await database.look(call)
  const uuid = randomUUID()
  await database.apply(
    operation,
    (tx) => {
      // An earlier attempt, whose answer was lost, has added it.
      if (database.table('Interface').get(uuid) !== undefined) return
      const row = bondOf(database, operation, port)
      if (database.table('Interface').find({ name }) !== undefined) throw alreadyExists(operation, 'interface', name)
      tx.wait(tx.rows('Interface', { name }), [])
      tx.verify(row, ['name'])
      tx.mutate(row, { interfaces: { insert: [tx.insert('Interface', values as never, { uuid })] as never } })
    },
    call,
  )
  await openedOrUndone(
    operation,
    () => failuresOf(database, [name]),
    (limit) => removeInterface(database, operation, port, name, limit),
  )
}

/** ovs.ports.deleteBondInterface */
export async function deleteBondInterface(
  database: Database,
  port: string,
  name: string,
  call?: OvsCallOptions,
): Promise<void> {
  checkName(port, 'port')
  checkName(name, 'name')
  checkCall(call)
  await database.look(call)
  await removeInterface(database, 'ports.deleteBondInterface', port, name, call)
}

async function removeInterface(
  database: Database,
  operation: string,
  port: string,
  name: string,
  call?: OvsCallOptions,
): Promise<void> {
  const uuid = database.table('Interface').find({ name })?._uuid
  await database.apply(
    operation,
    (tx) => {
      const row = bondOf(database, operation, port)
      const going = row.interfaces.find((each) => database.table('Interface').get(each)?.name === name)
      if (going === undefined) {
        // An earlier attempt, whose answer was lost, has deleted it.
        if (uuid !== undefined && database.table('Interface').get(uuid) === undefined) return
        throw notFound(operation, 'interface', `${name} of the port ${port}`)
      }
      if (row.interfaces.length === 1) throw wrongValue('name', 'not the last interface of the port', name)
      tx.verify(row, ['name', 'interfaces'])
      tx.mutate(row, { interfaces: { delete: [going] as never } })
    },
    call,
  )
}
