// Transactions as code, against the real server.
import { randomUUID } from 'node:crypto'
import {
  OvsdbClient,
  OvsdbCommitError,
  OvsdbOperationError,
  type OpenVswitch,
  type OvnNorthbound,
  type Replica,
} from '../../lib/ovsdb/index'
import { northboundSchema, Server, vswitchSchema } from './server'

type Tables = OpenVswitch.Tables
type Bridges = Replica<{ Bridge: OpenVswitch.Bridge }>

let server: Server
let db: OvsdbClient<Tables>

beforeEach(async () => {
  server = await Server.start({ schema: vswitchSchema })
  db = await OvsdbClient.connect({ remotes: server.remote, database: 'Open_vSwitch' })
  await db.transaction((tx) => tx.insert('Open_vSwitch', {}))
})

afterEach(async () => {
  await db.close()
  await server[Symbol.asyncDispose]()
})

/** A bridge with a port, as ovs-vsctl would make it. */
function addBridge(name: string) {
  return db.transaction((tx) => {
    const iface = tx.insert('Interface', { name, type: 'internal', external_ids: { a: '1', b: '2' } })
    const port = tx.insert('Port', { name, interfaces: [iface], tag: 7 })
    const bridge = tx.insert('Bridge', { name, ports: [port], fail_mode: 'secure' })
    tx.mutate(tx.rows('Open_vSwitch'), { bridges: { insert: [bridge] }, next_cfg: { '+=': 1 } })
    return { iface, port, bridge }
  })
}

test('rows that refer to each other are inserted at once, and the oracle sees them', async () => {
  const { iface, port, bridge } = await addBridge('br0')
  const [bridges, ports, interfaces, root] = server.transact(
    'Open_vSwitch',
    { op: 'select', table: 'Bridge', where: [], columns: ['_uuid', 'name', 'ports', 'fail_mode'] },
    { op: 'select', table: 'Port', where: [], columns: ['_uuid', 'interfaces', 'tag', 'trunks'] },
    { op: 'select', table: 'Interface', where: [], columns: ['_uuid', 'type', 'external_ids'] },
    { op: 'select', table: 'Open_vSwitch', where: [], columns: ['bridges', 'next_cfg'] },
  )
  expect(bridges).toEqual({
    rows: [{ _uuid: ['uuid', bridge.uuid], name: 'br0', ports: ['uuid', port.uuid], fail_mode: 'secure' }],
  })
  expect(ports).toEqual({
    rows: [{ _uuid: ['uuid', port.uuid], interfaces: ['uuid', iface.uuid], tag: 7, trunks: ['set', []] }],
  })
  const pairs = [
    ['a', '1'],
    ['b', '2'],
  ]
  expect(interfaces).toEqual({
    rows: [{ _uuid: ['uuid', iface.uuid], type: 'internal', external_ids: ['map', pairs] }],
  })
  expect(root).toEqual({ rows: [{ bridges: ['uuid', bridge.uuid], next_cfg: 1 }] })
})

test('a row has the UUID that was chosen for it, once', async () => {
  const uuid = randomUUID()
  const insert = () => db.transaction((tx) => tx.insert('QoS', { type: 'a' }, { uuid }))
  expect((await insert()).uuid).toBe(uuid)
  await expect(insert()).rejects.toMatchObject({ error: 'duplicate uuid', op: 'insert' })
  const rows = await db.transaction((tx) => tx.select(tx.rows('QoS', { _uuid: uuid }), ['type']))
  expect(rows.value).toHaveLength(1)
  for (const [options, field] of [
    [{ uuid: 'x' }, 'uuid'],
    [{ id: uuid }, 'id'],
  ] as const) {
    const wrong = db.transaction((tx) => tx.insert('QoS', {}, options as never))
    await expect(wrong).rejects.toMatchObject({ field })
  }
})

test('values of all shapes come back as they went: empty, one, many', async () => {
  const { port } = await addBridge('br0')
  const row = { tag: 0, trunks: [], external_ids: new Map(), bond_mode: 'balance-slb' } as const
  const read = (): Promise<OpenVswitch.Port | undefined> =>
    db.transaction((tx) => tx.select(tx.rows('Port', { _uuid: port.uuid }))).then(({ value: [first] }) => first)
  await db.transaction((tx) => tx.update(tx.rows('Port', { name: 'br0' }), row))
  expect(await read()).toMatchObject({ tag: 0, trunks: [], external_ids: new Map(), bond_mode: 'balance-slb' })
  await db.transaction((tx) =>
    tx.update(tx.rows('Port', { name: 'br0' }), {
      tag: null,
      trunks: [5],
      external_ids: { __proto: 'x', é: '"' },
      bond_mode: null,
    }),
  )
  expect(await read()).toMatchObject({
    tag: null,
    trunks: [5],
    external_ids: new Map([
      ['__proto', 'x'],
      ['é', '"'],
    ]),
    bond_mode: null,
  })
  await db.transaction((tx) => tx.update(tx.rows('Port', { name: 'br0' }), { trunks: [9, 4, 1] }))
  expect((await read())?.trunks).toEqual([1, 4, 9])
})

test('64-bit integers lose nothing, in columns and in maps', async () => {
  await addBridge('br0')
  const values = [2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n, 2n ** 53n + 1n, -1n, 0n, 1_000_000_000_000_001n]
  for (const value of values) {
    const [before, statistics] = await db.transaction((tx) => {
      tx.update(tx.rows('Interface'), { ofport: value, statistics: { rx: value, tx: 1 } })
      return [
        tx.select(tx.rows('Interface'), ['ofport']),
        tx.select(tx.rows('Interface', { ofport: value }), ['statistics']),
      ]
    })
    expect(before.value[0]?.ofport).toBe(value)
    expect(statistics.value[0]?.statistics).toEqual(
      new Map([
        ['rx', value],
        ['tx', 1n],
      ]),
    )
    const words = server.transact('Open_vSwitch', { op: 'select', table: 'Interface', where: [], columns: ['mtu'] })
    expect(words).toEqual([{ rows: [{ mtu: ['set', []] }] }])
  }
})

test('mutations change sets, maps and numbers', async () => {
  await addBridge('br0')
  const [count, port] = await db.transaction((tx) => {
    const target = tx.rows('Port', { name: 'br0' })
    tx.update(target, { trunks: [1, 2, 3], external_ids: { a: '1', b: '2', c: '3' } })
    const done = tx.mutate(target, {
      trunks: { delete: [2, 9], insert: [4] },
      external_ids: { delete: ['a', 'b'], insert: { b: 'new', d: '4' } },
      tag: { '+=': 5, '*=': 2 },
    })
    tx.mutate(target, { external_ids: { delete: { c: 'other', d: '4' } } })
    return [done, tx.select(target)]
  })
  expect(count.value).toBe(1)
  expect(port.value[0]).toMatchObject({
    trunks: [1, 3, 4],
    tag: 24,
    external_ids: new Map([
      ['b', 'new'],
      ['c', '3'],
    ]),
  })
})

test('conditions choose rows', async () => {
  await addBridge('br0')
  await addBridge('br1')
  await db.transaction((tx) => tx.update(tx.rows('Port', { name: 'br1' }), { tag: 9, trunks: [1, 2] }))
  const found = await db.transaction((tx) => [
    tx.select(tx.rows('Port', [['tag', '>', 7]]), ['name']),
    tx.select(tx.rows('Port', [['trunks', 'includes', [2]]]), ['name']),
    tx.select(
      tx.rows('Port', [
        ['trunks', 'excludes', [2]],
        ['name', '!=', 'br9'],
      ]),
      ['name'],
    ),
    tx.select(tx.rows('Port', { tag: 7, name: undefined as never }), ['name']),
    tx.select(tx.rows('Port', { name: 'br1', tag: 7 }), ['name']),
  ])
  expect(found.map(({ value }) => value.map(({ name }) => name))).toEqual([['br1'], ['br1'], ['br0'], ['br0'], []])
})

test('rows that were read, and rows that are new, are targets', async () => {
  await addBridge('br0')
  const bridges = await db.transaction((tx) => tx.select(tx.rows('Bridge'), ['name']))
  const bridge = bridges.value[0]!
  await db.transaction((tx) => {
    const added = tx.insert('Port', { name: 'p1', interfaces: [tx.insert('Interface', { name: 'p1' })] })
    tx.update(added, { tag: 3 })
    tx.mutate(bridge, { ports: { insert: [added] } })
  })
  const ports = await db.transaction((tx) => tx.select(tx.rows('Port', { name: 'p1' }), ['tag']))
  expect(ports.value.map(({ tag }) => tag)).toEqual([3])
  const deleted = await db.transaction((tx) => {
    const gone = tx.delete(bridge)
    tx.update(tx.rows('Open_vSwitch'), { bridges: [] })
    tx.comment('the test is over')
    tx.durable()
    return gone
  })
  expect(deleted.value).toBe(1)
})

test('an operation that fails says which, and nothing is applied', async () => {
  const failure = db.transaction((tx) => {
    tx.comment('first')
    tx.insert('Bridge', { name: 'br0' })
    tx.assert('somebody')
  })
  await expect(failure).rejects.toThrow(OvsdbOperationError)
  await expect(failure).rejects.toMatchObject({
    code: 'ERR_NETLOOM_OVSDB_OPERATION',
    error: 'not owner',
    index: 2,
    op: 'assert',
    table: undefined,
    outcome: 'none',
    results: [{}, { uuid: ['uuid', expect.any(String)] }],
  })
  await expect(
    db.transaction((tx) => {
      tx.abort()
    }),
  ).rejects.toMatchObject({ error: 'aborted', op: 'abort' })
})

test('a commit that fails is an error of its own', async () => {
  await addBridge('br0')
  const twice = addBridge('br0')
  await expect(twice).rejects.toThrow(OvsdbCommitError)
  await expect(twice).rejects.toMatchObject({
    code: 'ERR_NETLOOM_OVSDB_COMMIT',
    error: 'constraint violation',
    details: expect.stringContaining('identical values') as string,
    outcome: 'none',
  })
  const dangling = db.transaction((tx) =>
    tx.update(tx.rows('Bridge'), { ports: ['00000000-0000-4000-8000-000000000000'] }),
  )
  await expect(dangling).rejects.toMatchObject({ error: 'referential integrity violation' })
})

test('what a transaction gives has no value before it succeeded', async () => {
  let early: unknown[] = []
  await db
    .transaction((tx) => {
      const row = tx.insert('SSL', {})
      const outcome = tx.delete(row)
      early = [() => row.uuid, () => outcome.value]
    })
    .catch(() => undefined)
  await db.transaction((tx) => {
    const row = tx.insert('Bridge', { name: 'x' })
    expect(() => row.uuid).toThrow(/has no UUID before/)
    expect(() => tx.delete(row).value).toThrow(/no result before/)
  })
  expect(early).toHaveLength(2)
})

test('code that writes nothing sends nothing, and code that throws neither', async () => {
  expect(await db.transaction(() => 42)).toBe(42)
  await expect(
    db.transaction((tx) => {
      tx.insert('Bridge', { name: 'br0' })
      throw new Error('thought better of it')
    }),
  ).rejects.toThrow('thought better of it')
  expect((await db.transaction((tx) => tx.select(tx.rows('Bridge')))).value).toEqual([])
})

test('a wait lets only one of many make what must be there once', async () => {
  const clients = await Promise.all(
    Array.from({ length: 4 }, () =>
      OvsdbClient.connect<OpenVswitch.Tables>({ remotes: server.remote, database: 'Open_vSwitch' }),
    ),
  )
  let runs = 0
  const made = await Promise.all(
    clients.map(async (client) => {
      await using replica = await client.monitor({ Bridge: { columns: ['name'] } })
      return await client.transaction((tx) => {
        runs++
        if (replica.table('Bridge').find({ name: 'br0' }) !== undefined) return 'found'
        tx.wait(tx.rows('Bridge', { name: 'br0' }), [])
        tx.mutate(tx.rows('Open_vSwitch'), { bridges: { insert: [tx.insert('Bridge', { name: 'br0' })] } })
        return 'made'
      })
    }),
  )
  expect(made.sort()).toEqual(['found', 'found', 'found', 'made'])
  expect(runs).toBeGreaterThanOrEqual(4)
  await Promise.all(clients.map((client) => client.close()))
})

/** Counts in a column, by reading and writing it. `between` runs after the reading of each run. */
function increment(client: OvsdbClient<Tables>, replica: Bridges, between?: () => Promise<unknown>): Promise<void> {
  return client.transaction(
    async (tx) => {
      const bridge = replica.table('Bridge').find({ name: 'br0' })!
      tx.verify(bridge, ['external_ids'])
      const count = Number(bridge.external_ids.get('count') ?? '0') + 1
      tx.update(bridge, { external_ids: { count: String(count) } })
      await between?.()
    },
    { retries: 100 },
  )
}

test('read, change, write: a change by another in between is found by verify, and the code runs again', async () => {
  await addBridge('br0')
  await using other = await OvsdbClient.connect<Tables>({ remotes: server.remote, database: 'Open_vSwitch' })
  await using mine = await db.monitor({ Bridge: true })
  await using theirs = await other.monitor({ Bridge: true })
  let runs = 0
  await increment(db, mine, async () => {
    if (runs++ < 3) await increment(other, theirs)
  })
  expect(runs).toBe(4)
  await Promise.all(
    Array.from({ length: 10 }, () => [increment(db, mine), increment(other, theirs), increment(db, mine)]).flat(),
  )
  const bridges = await db.transaction((tx) => tx.select(tx.rows('Bridge')))
  expect(bridges.value[0]?.external_ids.get('count')).toBe('34')
})

test('a conflict that lasts is an error in the end', async () => {
  let runs = 0
  const failure = db.transaction(
    (tx) => {
      runs++
      tx.wait(tx.rows('Open_vSwitch'), [])
    },
    { retries: 3 },
  )
  await expect(failure).rejects.toMatchObject({ error: 'timed out', op: 'wait', table: 'Open_vSwitch' })
  expect(runs).toBe(4)
})

test('a wait with a time limit waits in the server', async () => {
  await using other = await OvsdbClient.connect<OpenVswitch.Tables>({
    remotes: server.remote,
    database: 'Open_vSwitch',
  })
  const waiting = other.transaction((tx) => {
    tx.wait(tx.rows('Open_vSwitch'), [{ next_cfg: 1 }], { timeout: 10_000 })
    tx.comment('here it is')
    return 'seen'
  })
  await addBridge('br0')
  expect(await waiting).toBe('seen')
  const late = db.transaction((tx) => {
    tx.wait(tx.rows('Open_vSwitch'), [{ next_cfg: 1 }], { until: '!=', timeout: 20 })
  })
  await expect(late).rejects.toMatchObject({ error: 'timed out' })
})

test('an abort cancels what waits in the server', async () => {
  const controller = new AbortController()
  const waiting = db.transaction(
    (tx) => {
      tx.wait(tx.rows('Bridge'), [{ name: 'br0' }], { timeout: 60_000 })
      tx.update(tx.rows('Open_vSwitch'), { external_ids: { canceled: 'no' } })
    },
    { signal: controller.signal },
  )
  setTimeout(() => {
    controller.abort(new Error('enough'))
  }, 30)
  await expect(waiting).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ABORT_ERR',
    outcome: 'unknown',
    cause: new Error('enough'),
  })
  await addBridge('br0')
  await db.echo()
  const root = await db.transaction((tx) => tx.select(tx.rows('Open_vSwitch'), ['external_ids']))
  expect(root.value[0]?.external_ids).toEqual(new Map())
  await expect(
    db.transaction((tx) => tx.select(tx.rows('Bridge')), { signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({
    code: 'ABORT_ERR',
    outcome: 'none',
  })
  await expect(
    db.transaction(
      (tx) => {
        tx.wait(tx.rows('Bridge'), [], { timeout: 60_000 })
      },
      { timeout: 20 },
    ),
  ).rejects.toMatchObject({ code: 'ETIMEDOUT' })
})

test('operations as JSON go as they are', async () => {
  const results = await db.transact([{ op: 'select', table: 'Open_vSwitch', where: [], columns: ['next_cfg'] }])
  expect(results).toEqual([{ rows: [{ next_cfg: 0 }] }])
  await expect(db.transact([{ op: 'select', table: 'None', where: [] }])).rejects.toThrow(OvsdbOperationError)
})

test('ten thousand rows in one transaction', async () => {
  await using nb = await Server.start({ schema: northboundSchema })
  await using client = await OvsdbClient.connect<OvnNorthbound.Tables>({
    remotes: nb.remote,
    database: 'OVN_Northbound',
  })
  await using replica = await client.monitor({ Address_Set: { columns: ['name', 'addresses'] } })
  const rows = await client.transaction((tx) =>
    Array.from({ length: 10_000 }, (_, i) =>
      tx.insert('Address_Set', { name: `as${i}`, addresses: [`10.0.${i >> 8}.${i & 255}`, 'é'] }),
    ),
  )
  const table = replica.table('Address_Set')
  expect(table.size).toBe(10_000)
  expect(table.get(rows[9999]!.uuid)).toMatchObject({ name: 'as9999', addresses: ['10.0.39.15', 'é'] })
  expect(table.find({ name: 'as5000' })?._uuid).toBe(rows[5000]!.uuid)
  await using another = await client.monitor({ Address_Set: true })
  expect(another.table('Address_Set').size).toBe(10_000)
})
