// What a server may send to do harm: nothing of it ends this process, holds it up or fills its memory.
import fc from 'fast-check'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { OvsdbClient, type OpenVswitch } from '../../lib/ovsdb/index'
import { parseJson, type Json } from '../../lib/ovsdb/json'
import { deepest, MessageSplitter } from '../../lib/ovsdb/splitter'
import { schemaOf, speaking } from './misbehaving'
import { proxied } from './proxy'
import { Server, vswitchSchema } from './server'
import { patience } from '../../../../test/support/patience'

const uuid = '01234567-89ab-4cde-8f01-23456789abcd'
const backoff = { min: 5, max: 20 }

function client(remotes: string, more: object = {}): Promise<OvsdbClient> {
  return OvsdbClient.connect({ remotes, database: 'Test', backoff, ...more })
}

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
const plainTable = { T: { columns: { n: { type: 'integer' }, s: { type: 'string' } } } }

describe('messages', () => {
  // Of each: a message that a server says in the middle of a session, and what is said of it.
  test.each<[string, string, RegExp]>([
    [
      'an echo 20,000 deep',
      `{"method":"echo","id":1,"params":[${nested(20_000)}]}`,
      /more than 1000 arrays and objects/,
    ],
    [
      'objects 20,000 deep',
      `{"method":"echo","id":1,"params":[${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}]}`,
      /more than 1000 arrays/,
    ],
    [
      'a deep message with a wide integer',
      `{"method":"x","id":null,"params":[12345678901234567890,${nested(20_000)}]}`,
      /more than 1000 arrays/,
    ],
    ['an integer of five million digits', `{"method":"echo","id":1,"params":[${'7'.repeat(5e6)}]}`, /no JSON/],
    ['an integer of 21 digits', '{"method":"echo","id":1,"params":[-123456789012345678901]}', /no JSON/],
    ['null', '{"method":null,"id":1}', /a method that has no name/],
    ['parameters that are an object', '{"method":"echo","id":1,"params":{}}', /no parameters/],
    ['brackets of two kinds', '{"method":"echo","id":1,"params":[}}', /no JSON/],
    ['a reply to nobody', '{"id":{"a":1},"result":1,"error":null}', /a reply to no request/],
    ['a reply to infinity', '{"id":1e999,"result":1,"error":null}', /a reply to no request/],
  ])('%s ends the connection, at once, and nothing else', async (_, said, words) => {
    let socket: Socket | undefined
    await using fake = await speaking(schemaOf(plainTable), {
      echo: (_params, from) => {
        socket = from
        return []
      },
    })
    await using db = await client(fake.remote)
    await db.echo()
    const lost = once(db, 'disconnect')
    const begun = process.cpuUsage()
    socket?.write(said)
    const [reason] = (await lost) as [Error]
    expect(reason).toMatchObject({ name: 'OvsdbProtocolError', error: 'malformed' })
    expect(reason.message).toMatch(words)
    expect(process.cpuUsage(begun).user).toBeLessThan(2e6)
  })

  test('as deep as Open vSwitch has it is answered', async () => {
    const text = `{"method":"echo","id":1,"params":[${nested(deepest - 2)}]}`
    const answered = new Promise<string>((resolve) => {
      void (async () => {
        let all = ''
        await using fake = await speaking(schemaOf(plainTable), {
          echo: (_params, from) => {
            from.on('data', (data) => {
              all += String(data)
              if (all.includes('"result":[[')) resolve(all)
            })
            from.write(text)
            return []
          },
        })
        await using db = await client(fake.remote)
        await db.echo()
        await answered
      })()
    })
    expect(await answered).toContain(`{"id":1,"result":[${nested(deepest - 2)}],"error":null}`)
  })

  test('a message in pieces of one byte costs no more than its bytes', () => {
    const splitter = new MessageSplitter()
    const text = Buffer.from(`{"a":"${'x'.repeat(300_000)}"}`)
    const before = process.memoryUsage()
    let texts: string[] = []
    for (let at = 0; at < text.length; at++) texts = splitter.push(Buffer.from(text.subarray(at, at + 1)))
    expect(texts).toEqual([text.toString()])
    const after = process.memoryUsage()
    expect(after.arrayBuffers + after.heapUsed - before.arrayBuffers - before.heapUsed).toBeLessThan(40e6)
  })

  test('a server that asks for echoes and does not read the answers is not read any more', async () => {
    let sent = 0
    let full = false
    await using fake = await speaking(schemaOf(plainTable), {
      echo: (_params, from) => {
        from.pause()
        const echo = JSON.stringify({ method: 'echo', id: 1, params: ['x'.repeat(32_000)] })
        const more = (): void => {
          if (from.destroyed) return
          full = !from.write(echo)
          if (full) return
          sent += echo.length
          setImmediate(more)
        }
        from.on('drain', more)
        more()
        return undefined
      },
    })
    await using db = await client(fake.remote, { probeInterval: 300 })
    const lost = once(db, 'disconnect')
    db.echo().catch(() => undefined)
    const [reason] = (await lost) as [Error]
    expect(reason.message).toMatch(/did not answer an echo/)
    expect(full).toBe(true)
    // What the two sockets hold, and little more.
    expect(sent).toBeLessThan(4e6)
  })

  test('a server that reads its answers late gets them all', async () => {
    const count = 400
    let answers = ''
    await using fake = await speaking(schemaOf(plainTable), {
      echo: (_params, from) => {
        from.pause()
        for (let id = 0; id < count; id++) {
          from.write(JSON.stringify({ method: 'echo', id: `e${id}`, params: ['y'.repeat(10_000)] }))
        }
        from.on('data', (data) => (answers += String(data)))
        setTimeout(() => from.resume(), 200)
        return []
      },
    })
    await using db = await client(fake.remote)
    await db.echo()
    const deadline = Date.now() + patience
    while (!answers.includes(`"id":"e${count - 1}"`) && Date.now() < deadline) await sleep(10)
    for (let id = 0; id < count; id++) expect(answers).toContain(`"id":"e${id}"`)
    expect(db.connected).toBe(true)
  })

  test('changes that come for ever before the contents end the connection', async () => {
    await using fake = await speaking(schemaOf(plainTable), {
      monitor_cond_since: ([, id], from) => {
        const update = JSON.stringify({ method: 'update3', id: null, params: [id, uuid, {}] })
        for (let i = 0; i < 110; i++) from.write(update.repeat(100))
        return undefined
      },
    })
    await using db = await client(fake.remote)
    const lost = once(db, 'disconnect')
    const monitoring = db.monitor({ T: true } as never, { timeout: patience }).catch(() => undefined)
    expect(((await lost) as [Error])[0].message).toMatch(/changes without the contents/)
    await db.close()
    await monitoring
  })
})

describe('answers to a transaction', () => {
  const insert = (db: OvsdbClient): Promise<unknown> => db.transaction((tx) => tx.insert('T', { s: 'x' }))

  test.each<[string, Json]>([
    ['null', null],
    ['a number', 7],
    ['an object', {}],
    ['nothing', []],
    ['too few', [{}]],
    ['an array for a result', [[]]],
    ['no UUID', [{ uuid: ['uuid', 'x'] }]],
    ['a UUID that is none', [{ uuid: 5 }]],
    ['a number for a result', [1]],
    ['__proto__ for a result', JSON.parse('[{"__proto__":{"uuid":["uuid","x"]}}]') as Json],
  ])('%s: the outcome is unknown', async (_, result) => {
    await using fake = await speaking(schemaOf(plainTable), { transact: () => result })
    await using db = await client(fake.remote)
    const error = {
      name: 'OvsdbProtocolError',
      error: 'malformed',
      outcome: 'unknown',
      operation: 'transaction',
      message: expect.stringMatching(/^transaction: malformed.*; the outcome is unknown$/) as string,
    }
    await expect(insert(db)).rejects.toMatchObject(error)
  })

  test.each<[string, Json]>([
    ['a count that is text', [{ count: '1' }]],
    ['a count that is infinite', [{ count: 1e300 }]],
  ])('%s: the outcome is unknown', async (_, result) => {
    await using fake = await speaking(schemaOf(plainTable), { transact: () => result })
    await using db = await client(fake.remote)
    const deletion = db.transaction((tx) => tx.delete(tx.rows('T')))
    await expect(deletion).rejects.toMatchObject({ error: 'malformed', outcome: 'unknown' })
  })

  test('so it is of operations that are written as JSON, and of a reply without a result', async () => {
    await using fake = await speaking(schemaOf(plainTable), {
      transact: (_params, socket) => {
        socket.write('{"id":2,"error":null}')
        return undefined
      },
    })
    await using db = await client(fake.remote)
    await expect(db.transact([{ op: 'comment', comment: 'x' }])).rejects.toMatchObject({ outcome: 'unknown' })
    await using other = await speaking(schemaOf(plainTable), { transact: () => [null] })
    await using second = await client(other.remote)
    await expect(second.transact([{ op: 'insert', table: 'T', row: {} }])).rejects.toMatchObject({
      operation: 'transact',
      outcome: 'unknown',
    })
  })

  test('what the server says of an error is cut in the message, and whole beside it', async () => {
    const details = 'why '.repeat(100_000)
    await using fake = await speaking(schemaOf(plainTable), { transact: () => [{ error: 'no', details }] })
    await using db = await client(fake.remote)
    const error = await insert(db).catch((thrown: unknown) => thrown as Error & { details: string })
    expect((error as Error).message.length).toBeLessThan(1200)
    expect(error).toMatchObject({ details, outcome: 'none' })
  })
})

describe('anything at all', () => {
  const hostile = fc.oneof(
    fc.constantFrom<Json>(
      null,
      true,
      -1,
      1e308,
      1.5,
      2n ** 63n,
      -(2n ** 64n) + 1n,
      '',
      '__proto__',
      'x'.repeat(10_000),
      [],
      {},
      ['set', []],
      ['set', null],
      ['map', [[1]]],
      ['uuid', '__proto__'],
      ['named-uuid', 'x'],
      JSON.parse(nested(900)) as Json,
      JSON.parse('{"__proto__":{"a":1},"constructor":{"prototype":1}}') as Json,
    ),
    fc.string(),
  )

  /** Puts a value somewhere into another, where the path leads. */
  function changed(value: Json, path: readonly number[], put: Json): Json {
    const [step, ...rest] = path
    if (step === undefined || typeof value !== 'object' || value === null) return put
    const keys = Object.keys(value)
    const key = keys[step % Math.max(1, keys.length)]
    if (key === undefined) return put
    const copy = Object.assign(Array.isArray(value) ? [] : {}, value) as Record<string, Json>
    copy[key] = changed(copy[key]!, rest, put)
    return copy
  }

  test('whatever the server says in place of what it would say, the client lives, and follows the next server', async () => {
    await using server = await Server.start({ schema: vswitchSchema })
    let change: ((message: Json) => Json) | undefined
    await using proxy = await proxied(server, {
      reply: (message) => (change === undefined ? message : (change(message as Json) as typeof message)),
    })
    await using db = await OvsdbClient.connect<OpenVswitch.Tables>({
      remotes: proxy.remote,
      database: 'Open_vSwitch',
      backoff,
      connectTimeout: 300,
    })
    await using replica = await db.monitor({ Queue: true, Bridge: true })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(20), { maxLength: 8 }), hostile, fc.boolean(), async (path, put, again) => {
        change = (message) => {
          if (!again) change = undefined
          const now = changed(message, path, put)
          return typeof now === 'object' && now !== null ? now : { id: now }
        }
        const calls = [
          db.transaction((tx) => tx.insert('Queue', { external_ids: { a: 'b' } }), { timeout: 100 }),
          db.transaction((tx) => tx.select(tx.rows('Queue')), { timeout: 100 }),
          db.listDatabases({ timeout: 100 }),
        ]
        for (const outcome of await Promise.allSettled(calls)) {
          if (outcome.status === 'fulfilled') continue
          // Never a bare error of the language, which would look like a mistake of the caller's.
          expect((outcome.reason as { code: string }).code).toMatch(/^(ERR_NETLOOM_OVSDB_|ETIMEDOUT)/)
        }
        change = undefined
        proxy.cut()
        await replica.until(() => replica.live, { timeout: 10_000 })
        const there = await db.transaction((tx) => tx.select(tx.rows('Queue')))
        expect(replica.table('Queue').size).toBe(there.value.length)
        await db.transaction((tx) => tx.delete(tx.rows('Queue')))
      }),
      { numRuns: 60, endOnFailure: true },
    )
  })

  test('random text is JSON or an error of syntax, in time', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseJson(text + '1234567890123456')
        } catch (error) {
          expect((error as Error).name).toBe('SyntaxError')
        }
      }),
    )
  })
})
