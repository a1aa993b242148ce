// Bad input for every method of a client and a transaction: refused with the field's name, and nothing is sent.
import { OvsdbClient, type Transaction, type UntypedTables } from '../../lib/ovsdb/index'
import { proxied, type Proxy } from './proxy'
import { Server, vswitchSchema } from './server'

type Call = (...args: unknown[]) => unknown
/** Any function with any arguments: what JavaScript lets its callers do. */
const loose = (target: object, method: string): Call => (target as Record<string, Call>)[method]!.bind(target)

let server: Server
let proxy: Proxy
let db: OvsdbClient

beforeEach(async () => {
  server = await Server.start({ schema: vswitchSchema })
  proxy = await proxied(server, {})
  db = await OvsdbClient.connect({ remotes: proxy.remote, database: 'Open_vSwitch' })
})

afterEach(async () => {
  await db.close()
  await proxy[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const inTransaction: [string, unknown[], string][] = [
  ['insert', ['Brigde', {}], 'table'],
  ['insert', [undefined, {}], 'table'],
  ['insert', ['Bridge'], 'values'],
  ['insert', ['Bridge', { nam: 'x' }], 'Bridge.nam'],
  ['insert', ['Bridge', { name: 5 }], 'Bridge.name'],
  ['insert', ['Bridge', { _uuid: 'x' }], 'Bridge._uuid'],
  ['insert', ['Bridge', { fail_mode: 'open' }], 'Bridge.fail_mode'],
  ['insert', ['Port', { trunks: [1, 4096] }], 'Port.trunks[1]'],
  ['insert', ['Port', { external_ids: { a: 1 } }], 'Port.external_ids.a'],
  ['insert', ['Bridge', { ports: ['br0'] }], 'Bridge.ports[0]'],
  ['update', ['rows', { name: 'x' }], 'Bridge.name'],
  ['update', ['rows', { fail: 'x' }], 'Bridge.fail'],
  ['update', [{ _uuid: '123e4567-e89b-42d3-a456-426614174000' }, {}], 'target'],
  ['update', [undefined, {}], 'target'],
  ['mutate', ['rows', { ports: { push: [] } }], 'Bridge.ports.push'],
  ['mutate', ['rows', { ports: { insert: 'x' } }], 'Bridge.ports.insert'],
  ['mutate', ['rows', { external_ids: { delete: [1] } }], 'Bridge.external_ids.delete[0]'],
  ['mutate', ['rows', { stp_enable: { '+=': 1 } }], 'Bridge.stp_enable'],
  ['mutate', ['rows', { ports: null }], 'Bridge.ports'],
  ['delete', ['br0'], 'target'],
  ['select', ['rows', ['nam']], 'Bridge.nam'],
  ['select', ['rows', 'name'], 'columns'],
  ['rows', ['Bridge', { nam: 'x' }], 'where.nam'],
  ['rows', ['Bridge', [['name', '~', 'x']]], 'where[0][1]'],
  ['rows', ['Bridge', ['name']], 'where[0]'],
  ['rows', ['Bridge', 'name'], 'where'],
  ['wait', ['rows', {}], 'expected'],
  ['wait', ['rows', [], { until: '<' }], 'until'],
  ['wait', ['rows', [], { timeout: -1 }], 'timeout'],
  ['wait', ['rows', [], { timout: 1 }], 'timout'],
  ['wait', ['rows', [{ nam: 'x' }]], 'Bridge.nam'],
  ['comment', [5], 'words'],
  ['assert', [undefined], 'lock'],
]

test.each(inTransaction)('tx.%s with %j', async (method, args, field) => {
  const before = proxy.methods.length
  const attempt = db.transaction((tx: Transaction<UntypedTables>) => {
    const target = tx.rows('Bridge')
    return loose(tx, method)(...args.map((arg) => (arg === 'rows' ? target : arg)))
  })
  await expect(attempt).rejects.toMatchObject({
    field,
    code: expect.stringMatching(/^ERR_(INVALID_ARG|OUT_OF)/) as string,
  })
  expect(proxy.methods.slice(before)).toEqual([])
})

test('a column of a row that was read without it cannot be verified', async () => {
  await db.transaction((tx) => tx.insert('Open_vSwitch', {}))
  const rows = await db.transaction((tx) => tx.select(tx.rows('Open_vSwitch'), ['next_cfg']))
  const attempt = db.transaction((tx) => {
    tx.verify(rows.value[0]!, ['cur_cfg' as never])
  })
  await expect(attempt).rejects.toMatchObject({ field: 'columns' })
})

test.each<[string, unknown[], string]>([
  ['transaction', [undefined], 'code'],
  ['transaction', [() => 1, { retries: -1 }], 'retries'],
  ['transaction', [() => 1, { idempotent: 1 }], 'idempotent'],
  ['transaction', [() => 1, { timout: 1 }], 'timout'],
  ['transact', [{}], 'operations'],
  ['transact', [[{}]], 'operations[0]'],
  ['transact', [[], { signal: 1 }], 'signal'],
  ['monitor', [undefined], 'tables'],
  ['monitor', [{ Bridge: false }], 'Bridge'],
  ['monitor', [{ Bridge: { indexes: 'name' } }], 'Bridge.indexes'],
  ['monitor', [{ Bridge: true }, { timeout: '1' }], 'timeout'],
  ['lock', [''], 'id'],
  ['lock', [5], 'id'],
  ['lock', ['x', { stael: true }], 'stael'],
  ['getSchema', [5], 'database'],
  ['listDatabases', [{ timeout: NaN }], 'timeout'],
  ['echo', [null], 'options'],
])('db.%s with %j', async (method, args, field) => {
  const before = proxy.methods.length
  const attempt = Promise.resolve().then(() => loose(db, method)(...args))
  await expect(attempt).rejects.toMatchObject({ field })
  expect(proxy.methods.slice(before)).toEqual([])
})
