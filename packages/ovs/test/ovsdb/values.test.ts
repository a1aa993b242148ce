// Values of columns, both ways: nothing is lost, and what the schema does not allow is refused by name.
import fc from 'fast-check'
import { decodeColumn, defaultValue } from '../../lib/ovsdb/decode'
import { checkValue, encodeValue } from '../../lib/ovsdb/encode'
import { diffed, keyOf, sameValue } from '../../lib/ovsdb/equality'
import { jsonText, parseJson, type Json } from '../../lib/ovsdb/json'
import { makeRow, NewRow } from '../../lib/ovsdb/rows'
import { readSchema, type AtomicType, type ColumnSchema } from '../../lib/ovsdb/schema'
import type { Atom, ColumnValue } from '../../lib/ovsdb/types'

function columnOf(type: Json): ColumnSchema {
  const schema = readSchema({ name: 'Test', tables: { T: { columns: { c: { type } } } } })
  return schema.tables.get('T')!.columns.get('c')!
}

const atomics: Record<AtomicType, fc.Arbitrary<Atom>> = {
  integer: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  real: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  boolean: fc.boolean(),
  string: fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')),
  uuid: fc.uuid(),
}
const types = Object.keys(atomics) as AtomicType[]

interface Case {
  readonly column: ColumnSchema
  readonly values: fc.Arbitrary<ColumnValue>
}

const cases: readonly Case[] = types.flatMap((type) => [
  { column: columnOf(type), values: atomics[type] },
  { column: columnOf({ key: type, min: 0, max: 1 }), values: fc.option(atomics[type]) },
  {
    column: columnOf({ key: type, min: 0, max: 'unlimited' }),
    values: fc.uniqueArray(atomics[type], { maxLength: 6 }),
  },
  ...types.map((value) => ({
    column: columnOf({ key: type, value, min: 0, max: 'unlimited' }),
    values: fc.array(fc.tuple(atomics[type], atomics[value]), { maxLength: 6 }).map((pairs) => new Map(pairs)),
  })),
])

function title({ column: { key, value, shape } }: Case): string {
  return value === undefined ? `${shape} of ${key.type}` : `map of ${key.type} to ${value.type}`
}

test.each(cases.map((each) => [title(each), each] as const))('%s comes back as it was', (_, { column, values }) => {
  fc.assert(
    fc.property(values, (value) => {
      const text = jsonText(encodeValue(column, checkValue(column, value, 'c')))
      const back = decodeColumn(column, parseJson(text))
      expect(back).toEqual(value)
      expect(sameValue(back, value)).toBe(true)
      expect(keyOf(back)).toBe(keyOf(value))
    }),
    { numRuns: 50 },
  )
})

test.each(cases.filter(({ column }) => column.max > 1).map((each) => [title(each), each] as const))(
  'a difference of two %s, applied to the one, gives the other',
  (_, { column, values }) => {
    const entries = (value: ColumnValue): Map<Atom, Atom> =>
      value instanceof Map ? new Map(value as Map<Atom, Atom>) : new Map((value as Atom[]).map((atom) => [atom, true]))
    fc.assert(
      fc.property(values, values, (a, b) => {
        const before = entries(a)
        const after = entries(b)
        // As ovsdb-server(7) has it: what is in one only, and what differs, as it is in the second.
        const difference = new Map([...before].filter(([key]) => !after.has(key)))
        for (const [key, atom] of after) if (before.get(key) !== atom) difference.set(key, atom)
        const whole = column.shape === 'map' ? difference : [...difference.keys()]
        expect(sameValue(diffed(column, a, whole), b)).toBe(true)
      }),
      { numRuns: 50 },
    )
  },
)

test('a set of one may come bare, an optional value in a set, an empty map as an empty set', () => {
  expect(decodeColumn(columnOf({ key: 'string', min: 0, max: 'unlimited' }), 'a')).toEqual(['a'])
  expect(decodeColumn(columnOf({ key: 'uuid', min: 0, max: 'unlimited' }), ['uuid', 'u'])).toEqual(['u'])
  expect(decodeColumn(columnOf({ key: 'string', min: 0, max: 1 }), ['set', ['a']])).toBe('a')
  expect(decodeColumn(columnOf({ key: 'string', min: 0, max: 1 }), ['set', []])).toBeNull()
  expect(decodeColumn(columnOf({ key: 'string', value: 'string', min: 0 }), ['set', []])).toEqual(new Map())
})

test('an integer is a number where the schema says that it always fits, else a bigint', () => {
  const tag = columnOf({ key: { type: 'integer', minInteger: 0, maxInteger: 4095 }, min: 0, max: 1 })
  expect(decodeColumn(tag, 7)).toBe(7)
  expect(checkValue(tag, 7n, 'tag')).toBe(7)
  expect(decodeColumn(columnOf('integer'), 7)).toBe(7n)
  expect(encodeValue(columnOf('integer'), checkValue(columnOf('integer'), 7n, 'c'))).toBe(7)
  expect(defaultValue(columnOf('integer'))).toBe(0n)
  expect(defaultValue(tag)).toBeNull()
})

test.each<[string, Json, Json]>([
  ['a string for an integer', 'integer', '7'],
  ['a fraction for an integer', 'integer', 1.5],
  ['a number for a string', 'string', 7],
  ['a string for a uuid', 'uuid', 'u'],
  ['none for one', 'string', ['set', []]],
  ['two for one', 'string', ['set', ['a', 'b']]],
  ['two for one or none', { key: 'string', min: 0, max: 1 }, ['set', ['a', 'b']]],
  ['a string for a map', { key: 'string', value: 'string', min: 0 }, 'a'],
  ['a triple for a pair', { key: 'string', value: 'string', min: 0 }, ['map', [['a', 'b', 'c']]]],
  ['null', 'string', null],
])('the server sends %s: a protocol error', (_, type, json) => {
  expect(() => decodeColumn(columnOf(type), json)).toThrow(
    expect.objectContaining({ name: 'OvsdbProtocolError', error: 'malformed' }) as Error,
  )
})

const uuid = '123e4567-e89b-42d3-a456-426614174000'

test.each<[string, Json, unknown, string]>([
  ['a string for an integer', 'integer', '7', 'an integer that is safe'],
  ['a number that has lost something', 'integer', 2 ** 53, 'an integer that is safe'],
  ['an integer of 65 bits', 'integer', 2n ** 63n, 'from -9223372036854775808 to 9223372036854775807'],
  ['a number beyond the range', { key: { type: 'integer', minInteger: 0, maxInteger: 4095 } }, 4096, 'from 0 to 4095'],
  ['NaN', 'real', NaN, 'a finite number'],
  ['a bigint for a real', 'real', 1n, 'a finite number'],
  [
    'a string that is none of the enumeration',
    { key: { type: 'string', enum: ['set', ['a', 'b']] } },
    'c',
    'one of "a", "b"',
  ],
  ['a null character', 'string', 'a\0b', 'without a null character'],
  ['half a character', 'string', '\ud800', 'a string of Unicode'],
  ['a string that is too long', { key: { type: 'string', maxLength: 2 } }, 'abc', '0 to 2 characters'],
  ['a name for a uuid', 'uuid', 'br0', 'a UUID or a row'],
  ['a new row of another table', { key: { type: 'uuid', refTable: 'T' } }, new NewRow('U', 'row0'), 'a row of T'],
  ['a row of another table', { key: { type: 'uuid', refTable: 'T' } }, makeRow('U', { _uuid: uuid }), 'a row of T'],
  ['null for one', 'string', null, 'a string'],
  ['a value for a set', { key: 'string', min: 0, max: 'unlimited' }, 'a', 'an array'],
  ['an element twice', { key: 'string', min: 0, max: 'unlimited' }, ['a', 'a'], 'each element once'],
  ['too many', { key: 'string', min: 0, max: 2 }, ['a', 'b', 'c'], 'from 0 to 2 elements'],
  ['too few', { key: 'string', min: 1, max: 2 }, [], 'from 1 to 2 elements'],
  ['an array for a map', { key: 'string', value: 'string', min: 0 }, [['a', 'b']], 'a Map or an object'],
  ['a map with a wrong value', { key: 'string', value: 'integer', min: 0, max: 'unlimited' }, { a: 'b' }, '"c.a"'],
])('we are given %s: an error that names the column', (_, type, value, words) => {
  const attempt = (): unknown => checkValue(columnOf(type), value, 'c')
  expect(attempt).toThrow(words)
  expect(attempt).toThrow(expect.objectContaining({ field: expect.stringMatching(/^c/) as string }) as Error)
})

test('a schema that is none is a protocol error', () => {
  for (const json of [
    null,
    [],
    {},
    { name: 'x' },
    { name: 'x', tables: { T: 1 } },
    { name: 'x', tables: { T: { columns: { c: {} } } } },
  ]) {
    expect(() => readSchema(json as Json)).toThrow(/a schema w/)
  }
})
