// Messages out of a stream, however it is cut.
import fc from 'fast-check'
import { jsonText, parseJson, type Json } from '../../lib/ovsdb/json'
import { MessageSplitter } from '../../lib/ovsdb/splitter'

const atoms = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('{', '}', '[', ']', '"', '\\', '\\"', '\u2028', '12345678901234567'),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
)
const values = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    atoms,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value
const messages = fc.array(fc.dictionary(fc.string(), values, { maxKeys: 4, noNullPrototype: true }), {
  minLength: 1,
  maxLength: 5,
})

/** What JSON makes of a value: a bigint that a number can hold is a number, and so is -0. */
function plain(value: Json): Json {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value
  if (typeof value === 'number')
    return Number.isInteger(value) && !Number.isSafeInteger(value) ? wide(value) : value + 0
  if (Array.isArray(value)) return (value as readonly Json[]).map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

// 1e21 has an exponent and stays a number; 12345678901234567000 has none, and is read as the integer that it is.
function wide(value: number): Json {
  const text = String(value)
  return text.includes('e') ? value : BigInt(text)
}

const gaps = fc.constantFrom('', ' ', '\n', '\r\n\t ')

function pushAll(splitter: MessageSplitter, bytes: Buffer, sizes: readonly number[]): string[] {
  const texts: string[] = []
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length]!
    // A copy each: what was pushed before must not be looked at by way of the same memory.
    texts.push(...splitter.push(Buffer.from(bytes.subarray(at, at + size))))
    at += size
  }
  return texts
}

test('whatever is sent arrives, in any pieces', () => {
  fc.assert(
    fc.property(messages, gaps, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, gap, sizes) => {
      const bytes = Buffer.from(sent.map((message) => jsonText(message) + gap).join(''))
      const splitter = new MessageSplitter()
      const received = pushAll(splitter, bytes, sizes).map(parseJson)
      expect(received).toEqual(sent.map(plain))
      expect(splitter.partial).toBe(false)
    }),
    { numRuns: 500 },
  )
})

test('a message may be cut at every byte, also within a character', () => {
  const text = jsonText({
    method: 'update',
    params: ['é€😀\\"{[', { a: [[], {}], b: -9223372036854775808n }],
    id: null,
  })
  const bytes = Buffer.from(text + text)
  for (let cut = 0; cut <= bytes.length; cut++) {
    const splitter = new MessageSplitter()
    expect([...splitter.push(bytes.subarray(0, cut)), ...splitter.push(bytes.subarray(cut))]).toEqual([text, text])
  }
  expect(pushAll(new MessageSplitter(), bytes, [1])).toEqual([text, text])
})

test('random bytes are messages or a protocol error, never anything else', () => {
  const bytes = fc.array(fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(...Buffer.from('{}[]"\\ ,:1'))), {
    maxLength: 60,
  })
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 4 }), (chunks) => {
      const splitter = new MessageSplitter()
      try {
        for (const chunk of chunks)
          for (const text of splitter.push(Buffer.from(chunk))) expect(text).toMatch(/^\{[^]*[\]}]$/)
      } catch (error) {
        expect(error).toMatchObject({ name: 'OvsdbProtocolError', error: 'malformed' })
      }
    }),
    { numRuns: 2000 },
  )
})

test.each([
  ['an array', '[1]', 'a message that is an array'],
  ['a string', '"x"', 'a message that begins with a quote'],
  ['a number', '{}7', 'a message that begins with byte 55'],
  ['an end without a beginning', '{}}', 'without having begun'],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d]), 'no UTF-8'],
])('%s is refused', (_, bytes, words) => {
  expect(() => new MessageSplitter().push(Buffer.from(bytes as string))).toThrow(words)
})

test('a message may not be larger than allowed, and any number of small ones may be in one chunk', () => {
  const splitter = new MessageSplitter(100)
  expect(splitter.push(Buffer.from('{"a":1}'.repeat(1000)))).toHaveLength(1000)
  expect(() => {
    for (let i = 0; i < 20; i++) splitter.push(Buffer.from('{"a":"aaaaaaa'.slice(i === 0 ? 0 : 6)))
  }).toThrow('more than 100 bytes')
})

test('integers beyond 2^53 are bigints, other numbers are numbers', () => {
  const text =
    '{"a":9007199254740991,"b":9007199254740992,"c":-9223372036854775808,"d":1234567890123456.5,"e":1e300,"f":"9007199254740993"}'
  expect(parseJson(text)).toEqual({
    a: 9007199254740991,
    b: 9007199254740992n,
    c: -9223372036854775808n,
    d: 1234567890123456.5,
    e: 1e300,
    f: '9007199254740993',
  })
  expect(jsonText({ a: [2n ** 63n - 1n, 1, 'x'] })).toBe('{"a":[9223372036854775807,1,"x"]}')
})
