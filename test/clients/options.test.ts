// The options of Node's `net`: each does inside a namespace what it does outside.
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { createConnection, createServer, type AddressInfo, type Server, type Socket, type OnReadOpts } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'
import { portOf, serve, withLoopback } from './arrange'

/** What connects, and gives the socket once it is connected. */
type Connect = (options: { port: number; host: string; onread?: OnReadOpts }) => Promise<Socket>

const connected = async (socket: Socket): Promise<Socket> => {
  await once(socket, 'connect')
  return socket
}

/** Node's way, outside, and ours: what a function sees by each of them. */
async function byAll<Seen>(
  look: (connect: Connect, server: Server) => Promise<Seen>,
): Promise<{ node: Seen; connect: Seen; createConnection: Seen }> {
  await using red = await withLoopback()
  const outside = createServer().listen(0, '127.0.0.1')
  await once(outside, 'listening')
  try {
    const node = await look((options) => connected(createConnection(options)), outside)
    await using inside = await serve(red, { host: '127.0.0.1' })
    return {
      node,
      connect: await look((options) => red.connect(options), inside),
      createConnection: await look((options) => connected(red.createConnection(options)), inside),
    }
  } finally {
    outside.close()
  }
}

const target = (server: Server): { host: string; port: number } => ({ host: '127.0.0.1', port: portOf(server) })

describe('onread', () => {
  test('reads into one buffer, and gives no data', async () => {
    const seen = await byAll(async (connect, server) => {
      server.once('connection', (peer: Socket) => peer.end('abcdefghij'))
      const buffer = Buffer.alloc(4)
      const parts: string[] = []
      const callback = (count: number, given: Uint8Array): boolean => {
        parts.push(`${given === buffer} ${String(Buffer.from(given.subarray(0, count)))}`)
        return true
      }
      const socket = await connect({ ...target(server), onread: { buffer, callback } })
      let data = 0
      socket.on('data', () => data++)
      await once(socket, 'close')
      return { parts, data, bytesRead: socket.bytesRead }
    })
    expect(seen.node).toEqual({ parts: ['true abcd', 'true efgh', 'true ij'], data: 0, bytesRead: 10 })
    expect([seen.connect, seen.createConnection]).toEqual([seen.node, seen.node])
  })

  test('takes buffers of a function, each filled before the next one is asked for', async () => {
    const seen = await byAll(async (connect, server) => {
      server.once('connection', (peer: Socket) => peer.end('abcdefghij'))
      const made: Buffer[] = []
      const parts: string[] = []
      const onread = {
        buffer: () => {
          made.push(Buffer.alloc(3))
          return made.at(-1)!
        },
        callback: (count: number, given: Uint8Array) => {
          const mine = given === made[parts.length]
          parts.push(`${mine} ${String(Buffer.from(given.subarray(0, count)))}`)
          return true
        },
      } as unknown as OnReadOpts
      const socket = await connect({ ...target(server), onread })
      await once(socket, 'close')
      return parts
    })
    expect(seen.node).toEqual(['true abc', 'true def', 'true ghi', 'true j'])
    expect([seen.connect, seen.createConnection]).toEqual([seen.node, seen.node])
  })

  test('stops when false is returned, until it is resumed', async () => {
    const seen = await byAll(async (connect, server) => {
      server.once('connection', (peer: Socket) => peer.end('abcdefgh'))
      let read = ''
      const onread = {
        buffer: Buffer.alloc(2),
        callback: (count: number, given: Uint8Array) => {
          read += String(Buffer.from(given.subarray(0, count)))
          return read.length >= 6
        },
      }
      const socket = await connect({ ...target(server), onread })
      const closing = once(socket, 'close')
      const steps: string[] = []
      for (let i = 0; i < 3; i++) {
        for (let turns = 0; turns < 100 && read.length < 2 * (i + 1); turns++) await sleep(5)
        await sleep(20)
        steps.push(read)
        socket.resume()
      }
      await closing
      return [...steps, read]
    })
    expect(seen.node).toEqual(['ab', 'abcd', expect.stringMatching(/^abcdef/), 'abcdefgh'])
    expect([seen.connect, seen.createConnection]).toEqual([seen.node, seen.node])
  })

  test('of a Unix socket', async () => {
    await using red = await fresh()
    const server = await red.listen({ path: '\0onread' })
    server.on('connection', (peer) => peer.end('hello'))
    for (const how of ['connect', 'createConnection'] as const) {
      let read = ''
      const callback = (count: number, given: Uint8Array): boolean => {
        read += String(Buffer.from(given.subarray(0, count)))
        return true
      }
      const options = { path: '\0onread', onread: { buffer: Buffer.alloc(3), callback } }
      const socket = how === 'connect' ? await red.connect(options) : red.createConnection(options)
      await once(socket, 'close')
      expect(read).toBe('hello')
    }
    server.close()
  })
})

test('noDelay and keepAlive are set when it is connected', async () => {
  const seen = await byAll(async (connect, server) => {
    const probe = await connect(target(server))
    const prototype = Object.getPrototypeOf((probe as unknown as { _handle: object })._handle) as Record<
      'setNoDelay' | 'setKeepAlive',
      (...args: unknown[]) => unknown
    >
    probe.destroy()
    const spies = [jest.spyOn(prototype, 'setNoDelay'), jest.spyOn(prototype, 'setKeepAlive')]
    const more = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 5000 }
    const socket = await connect({ ...target(server), ...more })
    const calls = spies.map(({ mock }) => mock.calls)
    for (const spy of spies) spy.mockRestore()
    socket.destroy()
    return calls
  })
  expect(seen.node).toEqual([[[true]], [[true, 5]]])
  expect([seen.connect, seen.createConnection]).toEqual([seen.node, seen.node])
})

test('resetAndDestroy waits for the connection, and resets it', async () => {
  await using red = await withLoopback()
  await using server = await serve(red, { host: '127.0.0.1' })
  const accepted = once(server, 'connection')
  const socket = red.createConnection(target(server))
  expect(socket.resetAndDestroy()).toBe(socket)
  const [peer] = (await accepted) as [Socket]
  const [error] = (await once(peer, 'error')) as [Error]
  expect(error).toMatchObject({ code: 'ECONNRESET' })
  expect(socket.destroyed).toBe(true)
})

test('a signal that is aborted already gives a socket that never connects, and one that aborts later ends it', async () => {
  await using red = await withLoopback()
  await using server = await serve(red, { host: '127.0.0.1' })
  let connections = 0
  server.on('connection', () => connections++)
  const seen: string[] = []
  const aborted = red.createConnection({ ...target(server), signal: AbortSignal.abort() })
  for (const event of ['connectionAttempt', 'connect', 'error', 'close']) aborted.on(event, () => seen.push(event))
  await sleep(50)
  expect([seen, aborted.destroyed, connections]).toEqual([['error', 'close'], true, 0])

  const controller = new AbortController()
  const socket = await connected(red.createConnection({ ...target(server), signal: controller.signal }))
  controller.abort()
  const [error] = (await once(socket, 'error')) as [Error]
  expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR' })
})

test('a lookup that gives no address is one that finds nothing', async () => {
  await using red = await withLoopback()
  const lookup = (_: string, __: object, answer: (error: null, found: []) => void): void => {
    answer(null, [])
  }
  const socket = red.createConnection({ host: 'a.name', port: 80, lookup: lookup })
  const [error] = (await once(socket, 'error')) as [Error]
  expect(error).toMatchObject({ code: 'ENOTFOUND', hostname: 'a.name', netns: expect.stringMatching(/./) as string })
})

test('without a host it goes to localhost, and a server listens at a name', async () => {
  await using red = await withLoopback()
  await using server = await serve(red, { host: 'localhost', port: 81, exclusive: true, timeout: 5000 })
  const { address } = server.address() as AddressInfo
  expect(['127.0.0.1', '::1']).toContain(address)
  const socket = await red.connect({ port: 81 })
  expect(socket.remoteAddress).toBe(address)
  socket.destroy()
  const given = createServer()
  expect(await red.listen({ host: 'localhost', server: given })).toBe(given)
  await expect(red.listen({ host: 'localhost', server: given })).rejects.toMatchObject({
    code: 'ERR_SERVER_ALREADY_LISTEN',
  })
  given.close()
  await expect(red.listen({ host: 'localhost', port: 81 })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    netns: red.name,
  })
})

test('readableAll and writableAll open a Unix socket for others', async () => {
  await using red: NetNs = await fresh()
  const directory = mkdtempSync(join(tmpdir(), 'netloom-options-'))
  const modes: Record<string, number> = {}
  for (const [name, options] of Object.entries({
    none: {},
    readable: { readableAll: true },
    writable: { writableAll: true },
    both: { readableAll: true, writableAll: true },
  })) {
    const [ours, nodes] = [join(directory, name), join(directory, `${name} of Node`)]
    const server = await red.listen({ path: ours, ...options })
    const other = createServer().listen({ path: nodes, ...options })
    await once(other, 'listening')
    expect(statSync(ours).mode).toBe(statSync(nodes).mode)
    modes[name] = statSync(ours).mode & 0o066
    server.close()
    other.close()
  }
  expect(modes).toEqual({ none: 0o044, readable: 0o044, writable: 0o066, both: 0o066 })
  rmSync(directory, { recursive: true })
})
