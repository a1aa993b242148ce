// What docs/ovsdb.md shows, with an ovsdb-server of its own: an empty database of Open vSwitch, and no switch.
import { strict as assert } from 'node:assert'
import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  OvsdbClient,
  OvsdbCommitError,
  OvsdbConnectionError,
  OvsdbOperationError,
  type OpenVswitch,
} from '@netloom/ovs/ovsdb'

const directory = mkdtempSync(join(tmpdir(), 'netloom-guide-'))
const socket = join(directory, 'db.sock')
const remotes = `unix:${socket}`

async function main(): Promise<void> {
  await using db = await OvsdbClient.connect<OpenVswitch.Tables>({ remotes, database: 'Open_vSwitch' })
  await db.transaction((tx) => tx.insert('Open_vSwitch', {}))

  // a transaction
  const port = await db.transaction((tx) => {
    const iface = tx.insert('Interface', { name: 'p1', type: 'internal' })
    const port = tx.insert('Port', { name: 'p1', interfaces: [iface], tag: 7, external_ids: { owner: 'me' } })
    const bridge = tx.insert('Bridge', { name: 'br0', ports: [port], fail_mode: 'secure' })
    tx.mutate(tx.rows('Open_vSwitch'), { bridges: { insert: [bridge] }, next_cfg: { '+=': 1 } })
    return port
  })
  console.log(port.uuid) // 5b0a4b0e-…

  // reading
  const ports = await db.transaction((tx) => tx.select(tx.rows('Port', [['tag', '>', 5]]), ['name', 'tag']))
  for (const { name, tag } of ports.value) console.log(name, tag) // p1 7

  // a replica
  await using replica = await db.monitor({
    Open_vSwitch: { columns: ['next_cfg', 'cur_cfg'] },
    Bridge: true,
    Port: { columns: ['name', 'tag'], indexes: [['tag']] },
  })
  const br0 = replica.table('Bridge').find({ name: 'br0' })
  console.log(br0?.external_ids.get('owner')) // undefined
  console.log(replica.table('Port').filter({ tag: 7 }).length) // 1
  replica.on('change', (changes) => {
    for (const { table, type, row, old } of changes) console.log(table, type, row?._uuid ?? old?._uuid)
  })

  // wait for the switch
  const untilApplied = (): Promise<boolean> =>
    replica.until(
      () => [...replica.table('Open_vSwitch')].every(({ cur_cfg: now, next_cfg: wanted }) => now >= wanted),
      { timeout: 5000 },
    )
  await db.transaction((tx) => tx.update(tx.rows('Open_vSwitch'), { cur_cfg: 1 })) // what the switch does
  await untilApplied()

  // read, change, write
  await db.transaction((tx) => {
    const bridge = replica.table('Bridge').find({ name: 'br0' })
    if (bridge === undefined) throw new Error('there is no br0')
    tx.verify(bridge, ['external_ids'])
    const count = Number(bridge.external_ids.get('count') ?? 0) + 1
    tx.mutate(bridge, { external_ids: { delete: ['count'], insert: { count: String(count) } } })
  })

  // once, whoever is first, and whatever becomes of the connection
  await db.transaction(
    (tx) => {
      if (replica.table('Bridge').find({ name: 'br1' }) !== undefined) return
      tx.wait(tx.rows('Bridge', { name: 'br1' }), [])
      tx.mutate(tx.rows('Open_vSwitch'), { bridges: { insert: [tx.insert('Bridge', { name: 'br1' })] } })
    },
    { idempotent: true },
  )

  // errors
  try {
    await db.transaction((tx) => tx.update(tx.rows('Bridge', { name: 'br0' }), { ports: [] }))
    await db.transaction((tx) => tx.insert('Manager', { target: 'ptcp:' }))
    await db.transaction((tx) => {
      tx.assert('leader')
    })
  } catch (error) {
    if (error instanceof OvsdbOperationError) {
      console.log(error.index, error.op, error.error) // 0 assert not owner
    } else if (error instanceof OvsdbCommitError) {
      console.log(error.error, error.details) // referential integrity violation …
    } else if (error instanceof OvsdbConnectionError) {
      console.log(error.outcome) // unknown: look whether it was applied
    } else throw error
    assert.ok(error instanceof OvsdbOperationError && error.error === 'not owner')
  }

  // a lock
  await using lock = await db.lock('leader')
  await lock.acquired({ timeout: 5000 })
  lock.on('lost', (reason) => {
    console.log(`no longer the leader: ${reason}`)
  })
  await db.transaction((tx) => {
    tx.assert(lock.id)
    tx.update(tx.rows('Bridge', { name: 'br0' }), { fail_mode: null })
  })

  await untyped()
  assert.equal(replica.table('Bridge').find({ name: 'br0' })?.external_ids.get('count'), '1')
  assert.equal(replica.table('Bridge').size, 2)
}

async function untyped(): Promise<void> {
  await using any = await OvsdbClient.connect({ remotes, database: 'Open_vSwitch' })
  const rows = await any.transaction((tx) => tx.select(tx.rows('Bridge', { name: 'br0' }), ['fail_mode']))
  console.log(rows.value[0]?.fail_mode) // null
  const results = await any.transact([{ op: 'select', table: 'Bridge', where: [], columns: ['name'] }])
  console.log(JSON.stringify(results)) // [{"rows":[{"name":"br0"},{"name":"br1"}]}]
}

/** A database server as a child, without anything of the system's own. */
async function withServer(run: () => Promise<void>): Promise<void> {
  const env = { ...process.env, OVS_RUNDIR: directory, OVS_LOGDIR: directory, OVS_DBDIR: directory }
  const schema = join(__dirname, '../../../packages/ovs/lib/ovsdb/schemas/vswitch.ovsschema')
  const file = join(directory, 'conf.db')
  execFileSync('ovsdb-tool', ['create', file, schema], { env })
  const args = [file, `--remote=p${remotes}`, `--unixctl=${join(directory, 'ctl')}`, '--verbose=off']
  const server = spawn('ovsdb-server', args, { env, stdio: 'ignore' })
  try {
    while (!existsSync(socket)) await sleep(10)
    await run()
  } finally {
    server.kill()
    rmSync(directory, { recursive: true })
  }
}

void withServer(main)
