// Replicas: the same rows as the server's, whatever happens in between.
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { OvsdbClient, type OpenVswitch, type Replica, type RowChange, type Transaction } from '../../lib/ovsdb/index'
import { jsonText, type Json } from '../../lib/ovsdb/json'
import { proxied } from './proxy'
import { ovsdb, Server, vswitchSchema } from './server'

type Tables = OpenVswitch.Tables

const backoff = { min: 5, max: 20 }
let server: Server
let db: OvsdbClient<Tables>

beforeEach(async () => {
  server = await Server.start({ schema: vswitchSchema })
  db = await OvsdbClient.connect({ remotes: server.remote, database: 'Open_vSwitch', backoff })
})

afterEach(async () => {
  await db.close()
  await server[Symbol.asyncDispose]()
})

// QoS and Queue are tables whose rows nothing needs to refer to.
const watched = { QoS: true, Queue: true } as const
type Watched = Replica<{ QoS: OpenVswitch.QoS; Queue: OpenVswitch.Queue }>

/** What the server has, by a transaction. */
async function selected(client: OvsdbClient<Tables>) {
  const [qos, queues] = await client.transaction(
    (tx) => [tx.select(tx.rows('QoS')), tx.select(tx.rows('Queue'))] as const,
  )
  return { QoS: normal(qos.value), Queue: normal(queues.value) }
}

function normal(rows: Iterable<object>): Map<string, unknown> {
  return new Map(
    [...rows]
      .map((row) => {
        const { _uuid, _version, ...columns } = row as { _uuid: string; _version?: string }
        return [_uuid, columns] as const
      })
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )
}

function replicated(replica: Watched) {
  return { QoS: normal(replica.table('QoS')), Queue: normal(replica.table('Queue')) }
}

/** A random change of one or several rows. */
const step = fc.record({
  kind: fc.constantFrom('qos', 'queue', 'map', 'links', 'clear', 'optional', 'delete'),
  number: fc.integer({ min: 0, max: 63 }),
  key: fc.constantFrom('a', 'b', 'é"'),
  value: fc.constantFrom('1', '2', ''),
})

function apply(
  tx: Transaction<Tables>,
  replica: Watched,
  { kind, number, key, value }: typeof step extends fc.Arbitrary<infer S> ? S : never,
) {
  const queues = [...replica.table('Queue')]
  const qos = [...replica.table('QoS')]
  const queue = queues[number % (queues.length || 1)]
  const one = qos[number % (qos.length || 1)]
  if (kind === 'qos')
    tx.insert('QoS', { type: `t${number}`, queues: queue === undefined ? new Map() : new Map([[number, queue]]) })
  else if (kind === 'queue') tx.insert('Queue', { dscp: number, external_ids: { [key]: value } })
  else if (kind === 'map' && queue !== undefined) {
    tx.mutate(queue, { other_config: { delete: [key], insert: { [key]: value } } })
  } else if (kind === 'links' && one !== undefined && queue !== undefined) {
    tx.mutate(one, { queues: { delete: [number], insert: new Map([[number, queue]]) } })
  } else if (kind === 'clear' && one !== undefined)
    tx.update(one, { queues: new Map(), other_config: { [key]: value } })
  else if (kind === 'optional' && queue !== undefined) tx.update(queue, { dscp: number % 2 === 0 ? null : number })
  else if (kind === 'delete' && one !== undefined) tx.delete(one)
}

test('after any changes by several clients, rows are what the server has, and the events add up to them', async () => {
  await using other = await OvsdbClient.connect<Tables>({ remotes: server.remote, database: 'Open_vSwitch' })
  await using replica = await db.monitor(watched)
  const told = new Map<string, unknown>()
  replica.on('change', (changes) => {
    for (const { type, uuid, row, old } of changes) {
      expect(told.get(uuid)).toBe(old)
      if (type === 'delete') told.delete(uuid)
      else told.set(uuid, row)
    }
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      for (const [i, each] of steps.entries()) {
        await (i % 3 === 2 ? other : db).transaction((tx) => {
          apply(tx, replica, each)
        })
      }
      // A transaction that only reads does not wait for what others have written to be told.
      const rows = await selected(db)
      await replica.until(() => isDeepStrictEqual(replicated(replica), rows), { timeout: 1000 }).catch(() => undefined)
      expect(replicated(replica)).toEqual(rows)
      expect([...told.keys()].sort()).toEqual(
        [...replica.table('QoS'), ...replica.table('Queue')].map(({ _uuid }) => _uuid as string).sort(),
      )
    }),
    { numRuns: 60 },
  )
})

test('what a transaction did is in the replica when it resolves', async () => {
  await using replica = await db.monitor({ Queue: { columns: ['dscp'] } })
  for (let i = 0; i < 50; i++) {
    const queue = await db.transaction((tx) => tx.insert('Queue', { dscp: i }))
    expect(replica.table('Queue').get(queue.uuid)).toEqual({ _uuid: queue.uuid, dscp: i })
  }
})

test('rows are frozen, and one that did not change stays the same object', async () => {
  const [a, b] = await db.transaction(
    (tx) => [tx.insert('Queue', { dscp: 1 }), tx.insert('Queue', { dscp: 2 })] as const,
  )
  await using replica = await db.monitor({ Queue: true })
  const before = [replica.table('Queue').get(a.uuid)!, replica.table('Queue').get(b.uuid)!] as const
  const changed = once(replica, 'change') as Promise<[RowChange<{ Queue: OpenVswitch.Queue }>[]]>
  await db.transaction((tx) => tx.update(before[0], { dscp: 3 }))
  const [[change]] = await changed
  expect(change).toMatchObject({ table: 'Queue', type: 'modify', uuid: a.uuid, old: { dscp: 1 }, row: { dscp: 3 } })
  expect(replica.table('Queue').get(a.uuid)).toBe(change!.row)
  expect(replica.table('Queue').get(b.uuid)).toBe(before[1])
  expect(Object.isFrozen(change!.row)).toBe(true)
})

test('rows are found by indexes of the schema, by those asked for, and without any', async () => {
  await db.transaction((tx) => {
    const bridges = Array.from({ length: 20 }, (_, i) =>
      tx.insert('Bridge', {
        name: `br${i}`,
        fail_mode: i % 2 === 0 ? 'secure' : null,
        external_ids: { half: String(i >> 1) },
      }),
    )
    tx.insert('Open_vSwitch', { bridges })
  })
  await using replica = await db.monitor({
    Bridge: {
      columns: ['name', 'fail_mode', 'external_ids'],
      indexes: [['fail_mode', 'external_ids'], ['external_ids']],
    },
  })
  const bridges = replica.table('Bridge')
  expect(bridges.size).toBe(20)
  expect(bridges.find({ name: 'br7' })?.name).toBe('br7')
  expect(bridges.find({ name: 'br77' })).toBeUndefined()
  expect(
    bridges
      .filter({ external_ids: { half: '3' } })
      .map(({ name }) => name)
      .sort(),
  ).toEqual(['br6', 'br7'])
  expect(bridges.filter({ fail_mode: null, external_ids: { half: '3' } }).map(({ name }) => name)).toEqual(['br7'])
  expect(bridges.filter({ fail_mode: 'secure' })).toHaveLength(10)
  expect(bridges.find({ _uuid: bridges.find({ name: 'br1' })!._uuid })?.name).toBe('br1')
  expect(bridges.filter({})).toHaveLength(20)
  await db.transaction((tx) => tx.update(tx.rows('Bridge', { name: 'br7' }), { external_ids: {} }))
  expect(bridges.filter({ external_ids: { half: '3' } }).map(({ name }) => name)).toEqual(['br6'])
  expect(bridges.find({ external_ids: {} })?.name).toBe('br7')
  expect(() => bridges.find({ nam: 'br7' } as never)).toThrow('did you mean "name"?')
  expect(() => bridges.find({ ports: [] } as never)).toThrow('one of the columns that are monitored')
  expect(() => replica.table('Port' as never)).toThrow('a table that is monitored')
})

test('conditions limit a replica: rows come and go as they meet them', async () => {
  await using replica = await db.monitor({ Queue: { where: [['dscp', '>', 10]] } })
  const queue = await db.transaction((tx) => {
    tx.insert('Queue', { dscp: 5 })
    return tx.insert('Queue', { dscp: 20 })
  })
  const dscps = (): unknown[] => [...replica.table('Queue')].map(({ dscp }) => dscp)
  expect(dscps()).toEqual([20])
  await db.transaction((tx) => tx.update(tx.rows('Queue', { dscp: 5 }), { dscp: 30 }))
  expect(dscps()).toEqual([20, 30])
  await db.transaction((tx) => tx.update(tx.rows('Queue', { _uuid: queue.uuid }), { dscp: 1 }))
  expect(dscps()).toEqual([30])
})

test('until resolves with what it saw, now or later, and ends with its call or its replica', async () => {
  const replica = await db.monitor({ Queue: true })
  const look = (): string | undefined => replica.table('Queue').find({ dscp: 9 })?.external_ids.get('a')
  const later = replica.until(look)
  await db.transaction((tx) => tx.insert('Queue', { dscp: 9, external_ids: { a: 'here' } }))
  expect(await later).toBe('here')
  expect(await replica.until(look, { timeout: 0 })).toBe('here')
  await expect(replica.until(() => false, { timeout: 20 })).rejects.toMatchObject({
    code: 'ETIMEDOUT',
    outcome: 'none',
  })
  await expect(
    replica.until(() => {
      throw new Error('no good')
    }),
  ).rejects.toThrow('no good')
  const throws = replica.until(() => {
    if (replica.table('Queue').size > 1) throw new Error('too many')
  })
  const never = replica.until(() => undefined)
  await db.transaction((tx) => tx.insert('Queue', {}))
  await expect(throws).rejects.toThrow('too many')
  await Promise.all([expect(never).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' }), replica.close()])
  await expect(replica.until(look)).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  expect(replica.table('Queue').size).toBe(2)
})

test('until sees what listeners have made of the change that they were told of', async () => {
  await using replica = await db.monitor({ Queue: true })
  const told: string[] = []
  replica.on('change', (changes) => told.push(...changes.map(({ type }) => type)))
  const heard = replica.until(() => told.length > 0 && [...told], { timeout: 5000 })
  await Promise.all([db.transaction((tx) => tx.insert('Queue', {})), expect(heard).resolves.toEqual(['insert'])])
  // A listener that closes the replica ends what waits, which is not asked again.
  const look = jest.fn(() => told.length > 1)
  const ended = expect(replica.until(look)).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  replica.on('change', () => void replica.close())
  await db.transaction((tx) => tx.insert('Queue', {}))
  await ended
  expect(look).toHaveBeenCalledTimes(1)
})

test('a replica that is closed is no burden on the server, and hears nothing any more', async () => {
  const replica = await db.monitor({ Queue: true })
  await replica.close()
  await replica.close()
  replica.on('change', () => {
    throw new Error('heard')
  })
  await db.transaction((tx) => tx.insert('Queue', {}))
  expect(replica.table('Queue').size).toBe(0)
  expect(replica.live).toBe(false)
})

test('a replica that one of its listeners closes tells nothing of what waits behind that change', async () => {
  // On the second connection two updates come before the answer to the monitor, and wait for it.
  const monitors: (Json | undefined)[] = []
  const zero = '00000000-0000-0000-0000-000000000000'
  let identifier: Json = null
  await using proxy = await proxied(server, {
    request(message) {
      if (message.method === 'monitor_cond_since' && message.params?.[0] === 'Open_vSwitch') {
        monitors.push(message.id)
        identifier = message.params[1] ?? null
      }
      return message
    },
    reply(message, client) {
      if (monitors.length === 2 && message.id === monitors[1]) {
        for (const n of [1, 2]) {
          const rows = { Queue: { [`00000000-0000-4000-8000-00000000000${n}`]: { insert: { dscp: n } } } }
          client.write(jsonText({ method: 'update3', params: [identifier, zero, rows], id: null }))
        }
      }
      return message
    },
  })
  await using through = await OvsdbClient.connect<Tables>({ remotes: proxy.remote, database: 'Open_vSwitch', backoff })
  const replica = await through.monitor({ Queue: true })
  const told: number[] = []
  replica.on('change', (changes) => {
    told.push(...changes.map(({ row }) => (row as { dscp: number }).dscp))
    void replica.close()
  })
  const closed = once(replica, 'close')
  proxy.cut()
  await closed
  await through.listDatabases()
  expect(told).toEqual([1])
  expect(replica.table('Queue').size).toBe(1)
})

test('after a restart of the server the replica tells of the differences only', async () => {
  const [kept, gone] = await db.transaction(
    (tx) => [tx.insert('Queue', { dscp: 1 }), tx.insert('Queue', { dscp: 2 })] as const,
  )
  await using replica = await db.monitor({ Queue: true })
  const same = replica.table('Queue').get(kept.uuid)
  const told: RowChange<{ Queue: OpenVswitch.Queue }>[] = []
  replica.on('change', (changes) => told.push(...changes))
  const offline = once(db, 'disconnect')
  await server.stop()
  await offline
  expect(replica.live).toBe(false)
  expect(replica.table('Queue').size).toBe(2)
  const online = once(db, 'connect')
  await server.start()
  await online
  expect(told).toEqual([])
  expect(replica.live).toBe(true)
  expect(replica.table('Queue').get(kept.uuid)).toBe(same)
  await Promise.all([server.stop(), once(db, 'disconnect')])
  // What happens while the client cannot see it: there is no server, and the change is made in the file.
  const remove = { op: 'delete', table: 'Queue', where: [['dscp', '==', 2]] }
  const file = server.directory.join('conf.db')
  ovsdb(server.directory.path, 'ovsdb-tool', 'transact', file, JSON.stringify(['Open_vSwitch', remove]))
  const again = once(db, 'connect')
  await server.start()
  await again
  expect(told).toEqual([
    { table: 'Queue', type: 'delete', uuid: gone.uuid, row: undefined, old: expect.anything() as unknown },
  ])
})

test.each(['monitor_cond_since', 'monitor_cond'])(
  'a server that does not know %s is asked in an older way',
  async (unknown) => {
    const refused = unknown === 'monitor_cond_since' ? [unknown] : ['monitor_cond_since', 'monitor_cond']
    await using proxy = await proxied(server, {
      refuse: (method, params) => refused.includes(method) && params[0] !== '_Server',
    })
    await using old = await OvsdbClient.connect<Tables>({ remotes: proxy.remote, database: 'Open_vSwitch' })
    await using replica = await old.monitor(watched)
    const steps = fc.sample(step, { numRuns: 40, seed: 7 })
    for (const each of steps)
      await old.transaction((tx) => {
        apply(tx, replica, each)
      })
    expect(replica.table('Queue').size).toBeGreaterThan(0)
    expect(replicated(replica)).toEqual(await selected(old))
    const conditional = old.monitor({ Queue: { where: [['dscp', '>', 10]] } })
    if (unknown === 'monitor_cond')
      await expect(conditional).rejects.toMatchObject({ name: 'OvsdbProtocolError', error: 'unknown method' })
    else await (await conditional).close()
  },
)

/** Converts the database, as it runs, to its schema with changes. */
function convert(change: (columns: Record<string, unknown>) => void): void {
  const schema = JSON.parse(readFileSync(vswitchSchema, 'utf8')) as {
    version: string
    cksum?: string
    tables: { Queue: { columns: Record<string, unknown> } }
  }
  schema.version = '9.0.0'
  delete schema.cksum
  change(schema.tables.Queue.columns)
  const file = server.directory.join('new.ovsschema')
  writeFileSync(file, JSON.stringify(schema))
  ovsdb(server.directory.path, 'ovsdb-client', 'convert', server.remote, file)
}

test('when the database gets another schema, a replica goes on as long as its columns are there', async () => {
  const queue = await db.transaction((tx) => tx.insert('Queue', { dscp: 5, external_ids: { a: 'b' } }))
  await using all = await db.monitor({ Queue: true })
  await using some = await db.monitor({ Queue: { columns: ['dscp'] } })
  const before = some.table('Queue').get(queue.uuid)
  const connected = once(db, 'connect')
  convert((columns) => {
    columns.added = { type: 'string' }
  })
  await connected
  expect(db.schema.version).toBe('9.0.0')
  expect(all.table('Queue').get(queue.uuid)).toMatchObject({ dscp: 5, added: '', external_ids: new Map([['a', 'b']]) })
  expect(some.table('Queue').get(queue.uuid)).toBe(before)
  const closed = once(some, 'close')
  const again = once(db, 'connect')
  convert((columns) => {
    delete columns.dscp
  })
  const [reason] = (await closed) as [Error]
  await again
  expect(reason.message).toContain('dscp')
  expect(all.table('Queue').get(queue.uuid)).not.toHaveProperty('dscp')
  await expect(some.until(() => undefined)).rejects.toBe(reason)
  await expect(db.transaction((tx) => tx.insert('Queue', { dscp: 5 }))).rejects.toMatchObject({ field: 'Queue.dscp' })
})

test('what cannot be monitored is refused by name', async () => {
  const monitor = (tables: object): Promise<unknown> => db.monitor(tables as never)
  await expect(monitor({})).rejects.toThrow('at least one table')
  await expect(monitor({ Brigde: true })).rejects.toThrow('"tables" option must be a table of Open_vSwitch')
  await expect(monitor({ Bridge: { columns: ['nam'] } })).rejects.toThrow('did you mean "name"?')
  await expect(monitor({ Bridge: { columns: ['name'], indexes: [['ports']] } })).rejects.toThrow('"Bridge.ports"')
  await expect(monitor({ Bridge: { colums: [] } })).rejects.toThrow('did you mean "columns"?')
  await expect(monitor({ Bridge: { where: [['name', '=', 'x']] } })).rejects.toThrow('one of < <= ==')
})
