// Objects made of noted properties.
import fc from 'fast-check'
import { Properties } from '../../lib/wire/properties'

function made(properties: Properties, entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  properties.begin()
  for (const [key, value] of entries) properties.set(key, value)
  return properties.finish()
}

describe('Properties', () => {
  test('give what was set, whatever was made before', () => {
    const properties = new Properties()
    const key = fc.constantFrom(...Array.from({ length: 40 }, (_, i) => `key${i}`))
    fc.assert(
      fc.property(fc.array(fc.tuple(key, fc.anything()), { maxLength: 60 }), (entries) => {
        const object = made(properties, entries)
        const wanted: Record<string, unknown> = {}
        for (const [name, value] of entries) wanted[name] = value
        expect(Object.keys(object)).toEqual(Object.keys(wanted))
        for (const name of Object.keys(wanted)) expect(object[name]).toBe(wanted[name])
      }),
    )
  })

  test('share nothing between objects of one shape', () => {
    const properties = new Properties()
    const first = made(properties, [
      ['a', 1],
      ['b', 2],
    ])
    const second = made(properties, [
      ['a', 3],
      ['b', 4],
    ])
    first.c = 5
    expect(first).toEqual({ a: 1, b: 2, c: 5 })
    expect(second).toEqual({ a: 3, b: 4 })
  })

  test('forget what an error left behind', () => {
    const properties = new Properties()
    properties.begin()
    properties.set('left', 1)
    expect(made(properties, [['a', 1]])).toEqual({ a: 1 })
  })

  test('go on beyond the templates that they keep', () => {
    const properties = new Properties()
    for (let i = 0; i < 1500; i++) expect(made(properties, [[`key${i}`, i]])).toEqual({ [`key${i}`]: i })
    expect(made(properties, [['key1499', 'again']])).toEqual({ key1499: 'again' })
  })
})
