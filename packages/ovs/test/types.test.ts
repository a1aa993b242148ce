// Types of rows, of what may be written for them, and of what is monitored.
import { expectTypeOf } from 'expect-type'
import type {
  InsertValues,
  Mutations,
  NewRow,
  OpenVswitch,
  OvsdbClient,
  Replica,
  Row,
  RowChange,
  Transaction,
  UpdateValues,
  Uuid,
} from '../lib/ovsdb/index'

type Tables = OpenVswitch.Tables

test('columns have the types of the schema', () => {
  expectTypeOf<OpenVswitch.Port['tag']>().toEqualTypeOf<number | null>()
  expectTypeOf<OpenVswitch.Interface['ofport']>().toEqualTypeOf<bigint | null>()
  expectTypeOf<OpenVswitch.Bridge['ports']>().toEqualTypeOf<readonly Uuid<'Port'>[]>()
  expectTypeOf<OpenVswitch.Bridge['fail_mode']>().toEqualTypeOf<'standalone' | 'secure' | null>()
  expectTypeOf<OpenVswitch.Bridge['external_ids']>().toEqualTypeOf<ReadonlyMap<string, string>>()
  expectTypeOf<OpenVswitch.Interface['statistics']>().toEqualTypeOf<ReadonlyMap<string, bigint>>()
})

test('what may be written is wider than what is read, and not anything', () => {
  type Insert = InsertValues<OpenVswitch.Bridge>
  expectTypeOf<{ ports: NewRow<'Port'>[]; external_ids: { a: string }; fail_mode: null }>().toExtend<Insert>()
  expectTypeOf<{ ports: Row<'Port'>[] }>().toExtend<Insert>()
  expectTypeOf<{ ports: NewRow<'Interface'>[] }>().not.toExtend<Insert>()
  expectTypeOf<{ fail_mode: 'other' }>().not.toExtend<Insert>()
  expectTypeOf<{ ofport: number }>().toExtend<InsertValues<OpenVswitch.Interface>>()
  expectTypeOf<{ tag: bigint }>().not.toExtend<InsertValues<OpenVswitch.Port>>()
  expectTypeOf<keyof UpdateValues<OpenVswitch.Bridge, 'name'>>().not.toEqualTypeOf<keyof Insert>()
  expectTypeOf<'name'>().not.toExtend<keyof UpdateValues<OpenVswitch.Bridge, 'name'>>()
  type Mutate = Mutations<OpenVswitch.Open_vSwitch>
  expectTypeOf<{ next_cfg: { '+=': 1 }; bridges: { insert: NewRow<'Bridge'>[] } }>().toExtend<Mutate>()
  expectTypeOf<{ next_cfg: { insert: [] } }>().not.toExtend<Mutate>()
})

test('a replica has the tables and columns that were asked for', () => {
  const monitor = (db: OvsdbClient<Tables>) => db.monitor({ Bridge: true, Port: { columns: ['name', 'tag'] } })
  type Monitored = Awaited<ReturnType<typeof monitor>>
  expect(typeof monitor).toBe('function')
  expectTypeOf<Monitored>().toExtend<
    Replica<{ readonly Bridge: OpenVswitch.Bridge; readonly Port: Pick<OpenVswitch.Port, '_uuid' | 'name' | 'tag'> }>
  >()
  type Change = RowChange<{ Port: { readonly _uuid: Uuid<'Port'>; readonly tag: number | null } }>
  expectTypeOf<Extract<Change, { type: 'insert' }>['row']['tag']>().toEqualTypeOf<number | null>()
  expectTypeOf<Extract<Change, { type: 'delete' }>['row']>().toEqualTypeOf<undefined>()
})

test('a transaction knows the table of a row', () => {
  const code = (
    tx: Transaction<Tables>,
    bridge: OpenVswitch.Bridge,
    part: Pick<OpenVswitch.Port, '_uuid' | 'name'>,
  ) => {
    tx.update(bridge, { fail_mode: 'secure' })
    tx.update(part, { tag: 5 })
    tx.verify(bridge, ['ports'])
    // @ts-expect-error A bridge has no tag.
    tx.update(bridge, { tag: 5 })
    // @ts-expect-error The name of a bridge cannot be changed.
    tx.update(bridge, { name: 'x' })
    // @ts-expect-error There is no such table.
    tx.insert('Brigde', {})
    // @ts-expect-error An interface is no port.
    tx.mutate(bridge, { ports: { insert: [tx.insert('Interface', { name: 'x' })] } })
    return tx.select(tx.rows('Port', { tag: 5 }), ['name'])
  }
  expectTypeOf<ReturnType<typeof code>['value'][number]>().toEqualTypeOf<Pick<OpenVswitch.Port, '_uuid' | 'name'>>()
  expect(typeof code).toBe('function')
})

test('without types any table and column will do', () => {
  const code = (db: OvsdbClient) =>
    db.transaction((tx) => {
      const row = tx.insert('Anything', { a: 1, b: ['x'], c: { d: 'e' }, f: null })
      tx.update(row, { a: 2n })
      tx.mutate(tx.rows('Anything', { a: 1 }), { b: { insert: ['y'] }, a: { '+=': 1 } })
      return row
    })
  expectTypeOf<ReturnType<typeof code>>().resolves.toExtend<NewRow>()
  expect(typeof code).toBe('function')
})
