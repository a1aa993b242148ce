// Libraries that know nothing of namespaces, by their own public options: undici, ws, ioredis; real servers.
import { Redis } from 'ioredis'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import * as undici from 'undici'
import { WebSocket, WebSocketServer } from 'ws'
import type { NetNs } from '../../lib/index'
import { etcOf } from '../names/etc'
import { settledSocketCount, socketCount } from '../sockets/count'
import { fresh, ip } from '../support/namespaces'
import { certificate, portOf, saying, serve, withLoopback } from './arrange'

let before: number

beforeEach(() => {
  before = socketCount()
})

afterEach(async () => {
  expect(await settledSocketCount(before)).toBe(before)
})

describe('undici', () => {
  test('fetch of Node and of undici asks the server of the namespace', async () => {
    await using red = await withLoopback()
    await using green = await withLoopback()
    for (const ns of [red, green]) {
      using _ = etcOf(ns, { hosts: '127.0.0.1 web.internal\n' })
      await using _server = await serve(ns, { host: '127.0.0.1', port: 80, server: createServer(saying(ns.name!)) })
      const found = ns.dispatcher() // what the program has installed
      const own = ns.dispatcher({ undici, connections: 1 })
      expect(own).toBeInstanceOf(undici.Agent)
      for (const host of ['web.internal', '127.0.0.1']) {
        expect(await (await fetch(`http://${host}/a`, { dispatcher: found })).text()).toBe(`${ns.name} /a`)
        expect(await (await undici.fetch(`http://${host}/b`, { dispatcher: own })).text()).toBe(`${ns.name} /b`)
        const { body } = await undici.request(`http://${host}/c`, { dispatcher: own })
        expect(await body.text()).toBe(`${ns.name} /c`)
      }
      await Promise.all([own.close(), (found as unknown as undici.Agent).close()])
    }
  })

  test('TLS is checked, by the options of connect', async () => {
    const { cert, key } = certificate()
    await using red = await withLoopback()
    using _ = etcOf(red, { hosts: '127.0.0.1 web.test\n' })
    const server = createSecureServer({ cert, key }, saying('secret'))
    await using _server = await serve(red, { host: '127.0.0.1', port: 443, server })
    const trusting = red.dispatcher({ undici, connect: { ca: cert } })
    expect(await (await undici.fetch('https://web.test/', { dispatcher: trusting })).text()).toBe('secret /')
    await trusting.close()
    const distrusting = red.dispatcher({ undici })
    const failed: unknown = await undici
      .request('https://web.test/', { dispatcher: distrusting })
      .catch((e: unknown) => e)
    expect(failed).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    await distrusting.close()
  })

  test('failures are those that undici has', async () => {
    await using red = await withLoopback()
    await red.links.add({ kind: 'bridge', name: 'br0', up: true })
    await ip(red, 'address', 'add', '10.0.0.1/24', 'dev', 'br0')
    await ip(red, 'neighbor', 'add', '10.0.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'br0', 'nud', 'permanent')
    const dispatcher = red.dispatcher({ undici, connect: { timeout: 50 } })
    const failed = (url: string): Promise<unknown> =>
      undici.request(url, { dispatcher }).then(
        () => 'none',
        (error: unknown) => error,
      )
    expect(await failed('http://127.0.0.1:9/')).toMatchObject({ code: 'ECONNREFUSED', netns: red.name })
    expect(await failed('http://10.0.0.9/')).toMatchObject({ code: 'UND_ERR_CONNECT_TIMEOUT' })
    await dispatcher.close()
  })

  test('over a Unix socket and to an IPv6 address', async () => {
    await using red = await withLoopback()
    await using _ = await serve(red, { path: '\0http', server: createServer(saying('unix')) })
    const unix = red.dispatcher({ undici, connect: { socketPath: '\0http' } })
    expect(await (await undici.fetch('http://anything/', { dispatcher: unix })).text()).toBe('unix /')
    await using server = await serve(red, { host: '::1', server: createServer(saying('six')) })
    const six = red.dispatcher({ undici })
    expect(await (await undici.fetch(`http://[::1]:${portOf(server)}/`, { dispatcher: six })).text()).toBe('six /')
    await Promise.all([unix.close(), six.close()])
  })

  test('what is no undici is refused', async () => {
    await using red = await fresh()
    expect(() => red.dispatcher({ undici: {} as never })).toThrow(/"undici"/)
    expect(() => red.dispatcher({ connect: (() => undefined) as never })).toThrow(/"connect"/)
  })
})

describe('ws', () => {
  test('by agent and by createConnection, against ws in an express-like server', async () => {
    await using red = await withLoopback()
    await using green = await withLoopback()
    for (const ns of [red, green]) {
      using _ = etcOf(ns, { hosts: '127.0.0.1 chat.internal\n' })
      const server = createServer()
      const sockets = new WebSocketServer({ server })
      sockets.on('connection', (peer) => {
        peer.on('message', (words: Buffer) => {
          peer.send(`${ns.name}: ${words.toString()}`)
        })
      })
      await using _server = await serve(ns, { host: '127.0.0.1', port: 80, server })
      const { createConnection } = ns
      for (const options of [{ agent: ns.agent() }, { createConnection: createConnection as never }]) {
        const socket = new WebSocket('ws://chat.internal/', options)
        await once(socket, 'open')
        socket.send('hello')
        expect(String((await once(socket, 'message'))[0])).toBe(`${ns.name}: hello`)
        socket.close()
        await once(socket, 'close')
      }
      sockets.close()
    }
  })
})

describe('ioredis', () => {
  /** redis-server, which Debian's redis-tools has under another name. */
  async function redis(ns: NetNs): Promise<ChildProcess> {
    const server = ['--port', '6379', '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no']
    const child = spawn(
      'ip',
      ['netns', 'exec', ns.name!, 'bash', '-c', 'exec -a redis-server redis-check-rdb "$@"', 'redis', ...server],
      {
        stdio: 'ignore',
        cwd: '/tmp',
      },
    )
    for (let turn = 0; turn < 200; turn++) {
      const socket = await ns.connect({ host: '127.0.0.1', port: 6379 }).catch(() => undefined)
      socket?.destroy()
      if (socket !== undefined) return child
      await sleep(20)
    }
    throw new Error('redis does not start')
  }

  test('two databases at one address, each in its namespace', async () => {
    await using red = await withLoopback()
    await using green = await withLoopback()
    const children = await Promise.all([redis(red), redis(green)])
    try {
      const clients = [red, green].map((ns) => {
        class Connector {
          connecting = true
          firstError: Error | undefined
          connect(): Promise<unknown> {
            return Promise.resolve(ns.createConnection(6379, 'localhost'))
          }
          disconnect(): void {
            this.connecting = false
          }
          check(): boolean {
            return true
          }
        }
        return new Redis({ Connector: Connector as never, lazyConnect: true })
      })
      const [one, two] = clients as [Redis, Redis]
      await one.set('colour', 'red')
      await two.set('colour', 'green')
      expect([await one.get('colour'), await two.get('colour')]).toEqual(['red', 'green'])
      const many = await one.pipeline(Array.from({ length: 1000 }, (_, n) => ['set', `k${n}`, 'x'.repeat(100)])).exec()
      expect(many).toHaveLength(1000)
      expect([await one.dbsize(), await two.dbsize()]).toEqual([1001, 1])
      await Promise.all(clients.map((client) => client.quit()))
    } finally {
      const ended = children.map((child) => once(child, 'exit'))
      for (const child of children) child.kill()
      await Promise.all(ended)
    }
  })
})
