// Connections that break, servers that misbehave, and what becomes of what was under way.
import { execFileSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { OvsdbClient, OvsdbConnectionError, type OpenVswitch, type OvsdbConnectOptions } from '../../lib/ovsdb/index'
import { jsonText } from '../../lib/ovsdb/json'
import { misbehaving } from './misbehaving'
import { proxied } from './proxy'
import { Directory, Server, vswitchSchema } from './server'

type Tables = OpenVswitch.Tables

const backoff = { min: 5, max: 20 }
let server: Server

// The check for leaks comes after the hooks of a block, and before those of the file.
describe('a connection', () => {
  beforeAll(async () => {
    server = await Server.start({ schema: vswitchSchema })
  })

  afterAll(() => server[Symbol.asyncDispose]())

  function client(
    remotes: string | string[],
    options: Partial<OvsdbConnectOptions> = {},
  ): Promise<OvsdbClient<Tables>> {
    return OvsdbClient.connect<Tables>({ remotes, database: 'Open_vSwitch', backoff, ...options })
  }

  test('what the server says in pieces of one byte is understood, and so is what it says at once', async () => {
    await using proxy = await proxied(server, { pieces: 1 })
    await using db = await client(proxy.remote)
    await using replica = await db.monitor({ Queue: true })
    const names = 'é€😀"\\'
    const queue = await db.transaction((tx) => tx.insert('Queue', { external_ids: { [names]: names } }))
    expect(replica.table('Queue').get(queue.uuid)?.external_ids).toEqual(new Map([[names, names]]))
    await db.transaction((tx) => tx.delete(tx.rows('Queue')))
    const answers = await Promise.all(Array.from({ length: 200 }, () => db.listDatabases()))
    expect(answers[199]).toEqual(['Open_vSwitch', '_Server'])
  })

  test('databases and schemas are told of', async () => {
    await using db = await client(server.remote)
    expect(await db.getSchema()).toMatchObject({ name: 'Open_vSwitch', version: db.schema.version })
    expect(await db.getSchema('_Server')).toMatchObject({ name: '_Server' })
    expect(db.schema.tables.get('Bridge')?.indexes).toEqual([['name']])
    await expect(db.getSchema('None')).rejects.toMatchObject({
      name: 'OvsdbProtocolError',
      code: 'ERR_NETLOOM_OVSDB_PROTOCOL',
      error: 'unknown database',
    })
    expect(db.remote).toBe(server.remote)
    await db.echo()
  })

  test('a server that is not there, or has not the database, is a clear error; with others, each is named', async () => {
    await expect(client('unix:/nowhere/s')).rejects.toThrow(OvsdbConnectionError)
    await expect(client('unix:/nowhere/s')).rejects.toMatchObject({
      code: 'ERR_NETLOOM_OVSDB_CONNECTION',
      message: 'connect: unix:/nowhere/s does not serve: connect ENOENT /nowhere/s',
      outcome: 'none',
      cause: { code: 'ENOENT' },
    })
    await expect(client(server.remote, { database: 'None' })).rejects.toThrow('the server has no database None')
    await expect(client(['unix:/nowhere/s', 'unix:/nowhere/t'])).rejects.toThrow(
      /\/s: connect ENOENT.*\/t: connect ENOENT/,
    )
  })

  test('the first remote that serves is taken', async () => {
    await using db = await client(['unix:/nowhere/s', server.remote])
    expect(db.remote).toBe(server.remote)
  })

  test('a persistent client waits for a server to come, or for its signal', async () => {
    using directory = new Directory()
    const remotes = `unix:${directory.join('late.sock')}`
    await expect(client(remotes, { persistent: true, timeout: 50 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
    await expect(client(remotes, { persistent: true, signal: AbortSignal.timeout(50) })).rejects.toMatchObject({
      code: 'ABORT_ERR',
      outcome: 'none',
    })
    const waiting = client(remotes, { persistent: true })
    await sleep(30)
    await using late = await Server.start({ schema: vswitchSchema, name: 'late', directory })
    await using db = await waiting
    expect(await db.listDatabases()).toContain('Open_vSwitch')
    await late.stop()
  })

  /** A proxy that loses the connection at the first transaction: before the server gets it, or after it has answered. */
  function losing(when: 'before' | 'after') {
    let lost = false
    let transaction: unknown
    return proxied(server, {
      request: (message, socket) => {
        if (message.method === 'transact' && !lost) {
          transaction = message.id
          if (when === 'before') {
            lost = true
            socket.destroy()
            return undefined
          }
        }
        return message
      },
      reply: (message, socket) => {
        if (message.id === undefined || message.id !== transaction || lost || message.method !== undefined)
          return message
        lost = true
        socket.destroy()
        return undefined
      },
    })
  }

  /** How many queues with this number the server has, in the oracle's eyes. */
  function count(dscp: number): number {
    const [result] = server.transact('Open_vSwitch', { op: 'select', table: 'Queue', where: [['dscp', '==', dscp]] })
    return (result as { rows: unknown[] }).rows.length
  }

  test.each([
    ['before', 1, 0],
    ['after', 2, 1],
  ] as const)(
    'a change whose connection is lost %s it was applied is not sent again: the outcome is unknown',
    async (when, dscp, made) => {
      await using proxy = await losing(when)
      await using db = await client(proxy.remote)
      const change = db.transaction((tx) => tx.insert('Queue', { dscp }))
      await expect(change).rejects.toMatchObject({ name: 'OvsdbConnectionError', outcome: 'unknown' })
      await db.echo()
      expect(count(dscp)).toBe(made)
      // As JSON it is the same.
      const raw = await losing(when)
      await using other = await client(raw.remote)
      const op = { op: 'insert', table: 'Queue', row: { dscp: dscp + 10 } }
      await expect(other.transact([op])).rejects.toMatchObject({ outcome: 'unknown' })
      expect(count(dscp + 10)).toBe(made)
      await raw[Symbol.asyncDispose]()
    },
  )

  test.each(['before', 'after'] as const)(
    'what only reads is sent again when the connection is lost %s it',
    async (when) => {
      await using proxy = await losing(when)
      await using db = await client(proxy.remote)
      expect((await db.transaction((tx) => tx.select(tx.rows('Bridge')))).value).toEqual([])
      await using raw = await losing(when)
      await using other = await client(raw.remote)
      expect(await other.transact([{ op: 'select', table: 'Bridge', where: [] }])).toEqual([{ rows: [] }])
    },
  )

  test.each([
    ['before', 5],
    ['after', 6],
  ] as const)(
    'code that looks first may run again when the connection is lost %s it was applied: it is applied once',
    async (when, dscp) => {
      await using proxy = await losing(when)
      await using db = await client(proxy.remote)
      await using replica = await db.monitor({ Queue: true })
      let runs = 0
      await db.transaction(
        (tx) => {
          runs++
          if (replica.table('Queue').find({ dscp }) !== undefined) return
          tx.wait(tx.rows('Queue', { dscp }), [])
          tx.insert('Queue', { dscp })
        },
        { idempotent: true },
      )
      expect(runs).toBe(2)
      expect(count(dscp)).toBe(1)
    },
  )

  test('a server that is killed and started again in the middle of many transactions applies none twice', async () => {
    await using own = await Server.start({ schema: vswitchSchema })
    await using db = await client(own.remote)
    const outcomes: ('done' | 'unknown')[] = []
    let going = true
    const worker = async (number: number): Promise<void> => {
      for (let i = 0; going; i++) {
        const id = `${number}-${i}`
        const outcome = await db
          .transaction((tx) => tx.insert('Queue', { external_ids: { id } }))
          .then(() => 'done' as const)
          .catch((error: unknown) => {
            expect(error).toMatchObject({ name: 'OvsdbConnectionError', outcome: 'unknown' })
            return 'unknown' as const
          })
        outcomes.push(outcome)
      }
    }
    const workers = Array.from({ length: 8 }, (_, i) => worker(i))
    for (let i = 0; i < 4; i++) {
      await sleep(60)
      await own.stop()
      await own.start()
    }
    await sleep(60)
    going = false
    await Promise.all(workers)
    const { value: rows } = await db.transaction((tx) => tx.select(tx.rows('Queue'), ['external_ids']))
    const ids = rows.map(({ external_ids }) => external_ids.get('id'))
    expect(new Set(ids).size).toBe(ids.length)
    const done = outcomes.filter((outcome) => outcome === 'done').length
    expect(done).toBeGreaterThan(8)
    expect(outcomes.length - done).toBeGreaterThan(0)
    expect(ids.length).toBeGreaterThanOrEqual(done)
    expect(ids.length).toBeLessThanOrEqual(outcomes.length)
  })

  test('a server that is silent is probed with an echo, and left when it does not answer', async () => {
    let silent = false
    await using proxy = await proxied(server, {
      request: (message) => (silent ? undefined : message),
    })
    await using db = await client(proxy.remote, { probeInterval: 60 })
    await sleep(200)
    expect(db.connected).toBe(true)
    expect(proxy.methods).toContain('echo')
    silent = true
    const [reason] = (await once(db, 'disconnect')) as [Error]
    expect(reason.message).toBe('the server did not answer an echo for 60 ms')
    silent = false
    await once(db, 'connect')
    await db.echo()
  })

  test("the server's own echo is answered, and whatever else it may ask", async () => {
    const heard = new EventEmitter()
    await using fake = await misbehaving((socket) => {
      socket.write(jsonText({ method: 'echo', params: ['are you', { there: 1 }], id: 'e' }))
      socket.write(jsonText({ method: 'dance', params: [], id: 'd' }))
      let text = ''
      socket.on('data', (chunk) => {
        text += String(chunk)
        if (text.includes('"d"')) heard.emit('answers', text)
      })
    })
    const answers = once(heard, 'answers')
    await expect(client(fake.remote, { connectTimeout: 200 })).rejects.toThrow('timed out')
    const [text] = (await answers) as [string]
    expect(text).toContain('{"id":"e","result":["are you",{"there":1}],"error":null}')
    expect(text).toContain('{"id":"d","result":null,"error":"unknown method"}')
  })

  test.each([
    ['closes at once', (socket: Socket) => socket.end(), /closed/],
    [
      'closes in the middle of a message',
      (socket: Socket) => socket.end('{"id":0,"resu'),
      /closed in the middle of a message/,
    ],
    ['says what is no JSON', (socket: Socket) => socket.write('{"id":0,]}'), /no JSON|malformed/],
    ['says HTTP', (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), /begins with byte 72/],
    [
      'answers what was not asked',
      (socket: Socket) => socket.write('{"id":77,"result":1,"error":null}'),
      /a reply to no request/,
    ],
    [
      'answers without a result',
      (socket: Socket) => socket.write('{"id":0,"error":null}'),
      /without a result|malformed|closed/,
    ],
    [
      'gives a schema that is none',
      (socket: Socket) => socket.write('{"id":0,"result":{"name":1},"error":null}'),
      /schema/,
    ],
    ['never answers', () => undefined, /timed out/],
  ])('a server that %s is no server', async (_, behave, words) => {
    await using fake = await misbehaving((socket) => {
      behave(socket)
      socket.resume()
    })
    await expect(client(fake.remote, { connectTimeout: 150 })).rejects.toMatchObject({
      name: 'OvsdbConnectionError',
      message: expect.stringMatching(words) as string,
    })
  })

  test('garbage in the middle of a session ends the connection, and the next one brings everything', async () => {
    let garbage: string | undefined
    await using proxy = await proxied(server, {
      reply: (message, socket) => {
        if (garbage === undefined || message.method?.startsWith('update') !== true) return message
        socket.write(garbage)
        garbage = undefined
        return undefined
      },
    })
    await using db = await client(proxy.remote)
    await using replica = await db.monitor({ Queue: true })
    const id = 'x'
    for (const said of ['}{', '{"id":null,"method":"update3","params":["netloom-0"', '[]']) {
      garbage = said
      const lost = once(db, 'disconnect')
      const inserted = db.transaction((tx) => tx.insert('Queue', { external_ids: { id } })).catch(() => undefined)
      if (said.startsWith('{')) {
        await sleep(50)
        proxy.cut()
      }
      await inserted
      await lost
      await replica.until(() => replica.live)
      const { value } = await db.transaction((tx) => tx.select(tx.rows('Queue')))
      expect([...replica.table('Queue')].map(({ _uuid }) => _uuid).sort()).toEqual(
        value.map(({ _uuid }) => _uuid).sort(),
      )
    }
  })

  test('a message that is too large ends the connection', async () => {
    await expect(client(server.remote, { messageLimit: 1000 })).rejects.toThrow('a message of more than 1000 bytes')
  })

  test('a listener that throws is an uncaught exception, and nothing else is disturbed', () => {
    const program = `
    const { OvsdbClient } = require(${JSON.stringify(join(__dirname, '../../dist/ovsdb'))})
    const caught = []
    process.on('uncaughtException', (error) => caught.push(error.message))
    async function main() {
      const db = await OvsdbClient.connect({ remotes: ${JSON.stringify(server.remote)}, database: 'Open_vSwitch' })
      db.on('disconnect', () => { throw new Error('disconnect') })
      const replica = await db.monitor({ Queue: true })
      replica.on('change', () => { throw new Error('change') })
      replica.on('close', () => { throw new Error('close') })
      const all = await Promise.all([1, 2].map(() => db.transaction((tx) => tx.insert('Queue', { dscp: 33 }))))
      console.log(all.every(({ uuid }) => replica.table('Queue').get(uuid) !== undefined))
      await db.close()
      await new Promise(setImmediate)
      console.log(caught.join())
    }
    main()`
    const output = execFileSync(process.execPath, ['-e', program], { encoding: 'utf8' })
    expect(output).toBe('true\nchange,change,close,disconnect\n')
  })

  test('a closed client rejects what is under way and what comes, and is closed once', async () => {
    const db = await client(server.remote)
    const replica = await db.monitor({ Queue: true })
    const ended = once(replica, 'close')
    const waiting = db.transaction((tx) => {
      tx.wait(tx.rows('Queue', { dscp: 63 }), [{ dscp: 63 }], { timeout: 60_000 })
      tx.insert('Queue', {})
    })
    const rejected = expect(waiting).rejects.toMatchObject({ outcome: 'unknown' })
    await sleep(20)
    await Promise.all([db.close(), db.close(), rejected, ended])
    await expect(db.echo()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
    await expect(db.transaction((tx) => tx.insert('Queue', {}))).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
    await expect(db.monitor({ Queue: true })).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
    expect(db.connected).toBe(false)
  })

  test('while there is no server, calls wait for it, and their signals still work', async () => {
    await using own = await Server.start({ schema: vswitchSchema })
    await using db = await client(own.remote)
    const lost = once(db, 'disconnect')
    await own.stop()
    await lost
    await expect(db.echo({ timeout: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT', outcome: 'none' })
    const insert = db.transaction((tx) => tx.insert('Queue', {}))
    await own.start()
    expect((await insert).uuid).toHaveLength(36)
  })

  test('while a client is closed during its attempts, nothing is left', async () => {
    await using own = await Server.start({ schema: vswitchSchema })
    const db = await client(own.remote, { backoff: { min: 60_000, max: 60_000 } })
    const lost = once(db, 'disconnect')
    await own.stop()
    await lost
    await db.close()
  })

  test.each<[string, object, string]>([
    ['no remotes', { remotes: [] }, 'remotes'],
    ['a remote that is none', { remotes: 'http://x' }, 'remotes'],
    ['a remote without a path', { remotes: 'unix:' }, 'remotes'],
    ['a port beyond 65535', { remotes: 'tcp:127.0.0.1:70000' }, 'remotes'],
    ['an IPv6 address without brackets', { remotes: 'tcp:::1:6640' }, 'remotes'],
    ['a number for a remote', { remotes: 5 }, 'remotes'],
    ['no database', { database: undefined }, 'database'],
    ['an empty database', { database: '' }, 'database'],
    ['a wrong leaderOnly', { leaderOnly: 'yes' }, 'leaderOnly'],
    ['a negative probe interval', { probeInterval: -1 }, 'probeInterval'],
    ['a backoff that shrinks', { backoff: { min: 10, max: 5 } }, 'backoff.max'],
    ['a message limit of 0', { messageLimit: 0 }, 'messageLimit'],
    ['a signal that is none', { signal: {} }, 'signal'],
    ['a dial that is none', { dial: 1 }, 'dial'],
    ['an option that does not exist', { leaderonly: true }, 'leaderonly'],
  ])('%s is refused by name', async (_, options, field) => {
    const attempt = OvsdbClient.connect({ remotes: server.remote, database: 'Open_vSwitch', ...options })
    await expect(attempt).rejects.toMatchObject({ field })
  })
})
