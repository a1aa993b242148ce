// Schemas and names of a hostile server: they become neither code nor properties of objects that all have.
import fc from 'fast-check'
import { generateTypes, OvsdbClient, readSchema, type OpenVswitch } from '../../lib/ovsdb/index'
import type { Json } from '../../lib/ovsdb/json'
import { schemaOf, speaking, type Answers } from './misbehaving'
import { Server, vswitchSchema } from './server'

const uuid = '01234567-89ab-4cde-8f01-23456789abcd'
const backoff = { min: 5, max: 20 }

function client(remotes: string, more: object = {}): Promise<OvsdbClient> {
  return OvsdbClient.connect({ remotes, database: 'Test', backoff, ...more })
}

describe('schemas', () => {
  const columns = (type: Json): Json => schemaOf({ T: { columns: { c: { type } } } })

  test.each<[string, Json]>([
    ['a version with a newline', { ...(schemaOf({}) as object), version: '1.2.3\nevil()' }],
    ['a version that ends a comment', { ...(schemaOf({}) as object), version: '1.2.3 */ evil() /*' }],
    ['a version that is a number', { ...(schemaOf({}) as object), version: 1 }],
    ['a database with a newline', { ...(schemaOf({}) as object), name: 'Test\nevil()' }],
    ['a table with a newline', schemaOf({ 'T\nevil()': { columns: {} } })],
    ['a table that begins with a digit', schemaOf({ '1T': { columns: {} } })],
    ['an empty name', schemaOf({ '': { columns: {} } })],
    ['a name of a megabyte', schemaOf({ ['T'.repeat(1e6)]: { columns: {} } })],
    ['a column with a colon', schemaOf({ T: { columns: { 'a: evil; b': { type: 'string' } } } })],
    ["a column of the server's own", schemaOf({ T: { columns: { _uuid: { type: 'string' } } } })],
    ['a table that is null', schemaOf({ T: null })],
    ['a table that is an array', schemaOf({ T: [] })],
    ['columns that are none', schemaOf({ T: { columns: 5 } })],
    ['an index of nothing', schemaOf({ T: { columns: {}, indexes: [['*/ evil() /*']] } })],
    ['indexes that are an object', schemaOf({ T: { columns: {}, indexes: {} } })],
    ['a reference to no name', columns({ key: { type: 'uuid', refTable: "'; evil()" } })],
    ['an enumeration with code', columns({ key: { type: 'string', enum: ['set', [['evil()']]] } })],
    ['an enumeration of null', columns({ key: { type: 'string', enum: ['set', null] } })],
    ['an integer that is text', columns({ key: { type: 'integer', enum: ['set', ['evil()']] } })],
    ['a limit that is text', columns({ key: { type: 'real', minReal: '*/ evil() /*' } })],
    ['a limit that is infinite', columns({ key: { type: 'real', maxReal: Infinity } })],
    ['an integer beyond 64 bits', columns({ key: { type: 'integer', maxInteger: 2n ** 63n } })],
    ['a length below nothing', columns({ key: { type: 'string', minLength: -1 } })],
    ['no elements', columns({ key: 'string', min: 0, max: 0 })],
    ['too many elements', columns({ key: 'string', min: 2, max: 5 })],
    ['half an element', columns({ key: 'string', max: 1.5 })],
    ['a type called constructor', columns('constructor')],
    ['rows that are text', schemaOf({ T: { columns: {}, maxRows: '1' } })],
  ])('%s is refused', (_, schema) => {
    expect(() => readSchema(schema)).toThrow(
      expect.objectContaining({ name: 'OvsdbProtocolError', error: 'malformed' }) as Error,
    )
  })

  test('random schemas are read, or refused as malformed; no text of theirs becomes code', () => {
    const word = fc.oneof(
      fc.constantFrom('__proto__', 'constructor', 'evil()', '*/evil()/*', "';evil();'", 'a\nevil()', 'T', 'x'),
      fc.string(),
    )
    const anything = fc.oneof(word, fc.integer(), fc.constant(null), fc.array(word), fc.dictionary(word, word))
    const base = fc.record(
      {
        type: fc.oneof(fc.constantFrom('integer', 'real', 'boolean', 'string', 'uuid'), anything),
        enum: fc.oneof(fc.tuple(fc.constant('set'), fc.array(anything)), anything),
        minInteger: anything,
        minReal: anything,
        refTable: word,
        refType: anything,
      },
      { requiredKeys: ['type'] },
    )
    const type = fc.oneof(base, fc.record({ key: base, value: base, min: anything }, { requiredKeys: ['key'] }))
    const table = fc.record(
      { columns: fc.dictionary(word, fc.record({ type })), indexes: fc.array(fc.array(word)), isRoot: anything },
      { requiredKeys: ['columns'] },
    )
    const schemas = fc.record(
      { name: word, version: fc.oneof(fc.constant('1.2.3'), word), tables: fc.dictionary(word, table) },
      { requiredKeys: ['name', 'tables'] },
    )
    let read = 0
    fc.assert(
      fc.property(schemas, (schema) => {
        try {
          const text = generateTypes(readSchema(schema))
          read++
          // Outside quotes there is none.
          expect(text.replaceAll(/'(?:[^'\\\n]|\\.)*'/g, '')).not.toContain('evil')
        } catch (error) {
          expect(error).toMatchObject({ name: 'OvsdbProtocolError', error: 'malformed' })
        }
      }),
      { numRuns: 2000 },
    )
    expect(read).toBeGreaterThan(10)
  })

  test('interfaces of tables whose names are taken have names of their own', () => {
    const text = generateTypes(readSchema(schemaOf({ any: { columns: {} }, any_row: { columns: {} } })))
    expect(text.match(/^export interface (\w+)/gm)).toEqual([
      'export interface any_row_row',
      'export interface any_row',
    ])
  })
})

describe('names that all objects have', () => {
  const names = ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'valueOf']
  const odd = schemaOf({
    constructor: {
      columns: Object.fromEntries(names.map((name) => [name, { type: { key: 'string', min: 0 } }])) as Json,
      indexes: [['constructor']],
    },
  })
  const row = Object.fromEntries([['constructor', 'x']])
  const answers: Answers = {
    transact: () => [{ rows: [row] }],
    monitor_cond_since: () => [false, uuid, { constructor: { [uuid]: { initial: row } } }],
  }

  test('a column called constructor is read as it is, and one that was not read is not there', async () => {
    await using fake = await speaking(odd, answers)
    await using db = await client(fake.remote)
    const { value } = await db.transaction((tx) => tx.select(tx.rows('constructor'), ['constructor']))
    expect(value[0]?.constructor).toBe('x')
    for (const name of names.slice(1)) expect(value[0]?.[name as '_uuid']).toBeUndefined()
    await using replica = await db.monitor({ constructor: { columns: ['constructor', 'toString'] } } as never)
    const table = (replica as unknown as { table(name: string): Iterable<Record<string, unknown>> }).table(
      'constructor',
    )
    const [only] = table
    expect(Object.entries(only!)).toEqual([
      ['constructor', 'x'],
      ['toString', null],
      ['_uuid', uuid],
    ])
    expect(Reflect.get(only!, 'valueOf')).toBeUndefined()
    expect((table as unknown as { filter(where: object): unknown[] }).filter({ toString: null })).toHaveLength(1)
  })

  test('maps have the keys that the server has, and no others', async () => {
    await using server = await Server.start({ schema: vswitchSchema })
    await using db = await OvsdbClient.connect<OpenVswitch.Tables>({ remotes: server.remote, database: 'Open_vSwitch' })
    const external_ids = new Map([...names, '__proto__'].map((name) => [name, name]))
    await using replica = await db.monitor({ Queue: true })
    const queue = await db.transaction((tx) => tx.insert('Queue', { external_ids }))
    expect(replica.table('Queue').get(queue.uuid)?.external_ids).toEqual(external_ids)
  })
})
