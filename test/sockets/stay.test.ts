// What was inside a namespace is not outside when it is used again: it goes inside again, or refuses.
import cluster from 'node:cluster'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer as createHttpServer, get, request, type IncomingMessage } from 'node:http'
import * as http2 from 'node:http2'
import { createServer as createHttpsServer, get as getSecure } from 'node:https'
import { connect as connectOutside, createServer, type Server, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls'
import * as undici from 'undici'
import type { NetNs } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { certificate, closed, portOf } from '../clients/arrange'

/** A server of this process, outside, and how many have come to it. */
let port: number
let came: number

const net = useNetNs({
  prepare: async (made) => {
    await made.ns.links.set('lo', { up: true })
    came = 0
    const outside = createServer((socket) => {
      came++
      socket.resume().end('outside')
    }).listen(0, '127.0.0.1')
    await once(outside, 'listening')
    port = portOf(outside)
    made.defer(async () => {
      expect(came).toBe(0)
      // It can be reached: nobody came because nobody tried.
      await once(connectOutside(port, '127.0.0.1').resume(), 'close')
      expect(came).toBe(1)
      await closed(outside)
    })
  },
})

const refused = 'it would leave the namespace'
const refusal = { code: 'ERR_NETLOOM_USED_AGAIN' }

/** What a socket comes to that connects to where the server outside listens. */
async function used(socket: Socket): Promise<unknown> {
  const failed = once(socket, 'error')
  try {
    socket.connect(port, '127.0.0.1')
  } catch (error) {
    return error
  }
  return (await failed)[0]
}

/** A server inside, and how many have come to it. */
async function inside(ns: NetNs, server: Server = createServer()): Promise<Server> {
  await ns.listen({ host: '127.0.0.1', server })
  net.defer(() => server.close())
  return server
}

/** Ends it, in whatever way the other end does it first. */
async function ended(socket: Socket): Promise<void> {
  const failed = (): void => undefined
  socket.on('error', failed).resume().end()
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve))
  socket.off('error', failed)
}

describe('a connection', () => {
  test.each(['connect', 'connect by name', 'createConnection'])('of %s connects inside again', async (how) => {
    const server = await inside(net.ns)
    server.on('connection', (peer) => peer.on('error', () => undefined).end('inside'))
    const to = { host: how === 'connect by name' ? 'localhost' : '127.0.0.1', port: portOf(server), family: 4 }
    const socket = net.use(how === 'createConnection' ? net.ns.createConnection(to) : await net.ns.connect(to))
    await ended(socket)
    expect(await used(socket)).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' })
    // To another port, so that what was known of the connection before does not tell.
    const other = await inside(net.ns)
    other.on('connection', (peer) => peer.on('error', () => undefined).end('other'))
    let told = ''
    socket.on('data', (data) => (told += String(data)))
    socket.connect(portOf(other), '127.0.0.1')
    await once(socket, 'connect')
    expect([socket.remotePort, socket.localAddress]).toEqual([portOf(other), '127.0.0.1'])
    await ended(socket)
    expect(told).toBe('other')
  })

  test('that is open is not connected twice: EISCONN, as in Node, and nothing is left', async () => {
    const server = await inside(net.ns)
    const socket = await net.ns.connect({ host: '127.0.0.1', port: portOf(server) })
    expect(await used(socket)).toMatchObject({ code: 'EISCONN', syscall: 'connect', port })
  })

  test('has its options again when it connects again', async () => {
    const server = await inside(net.ns)
    server.on('connection', (peer) => peer.resume().on('error', () => undefined))
    const to = { host: '127.0.0.1', port: portOf(server) }
    const timers = async (): Promise<unknown[]> => {
      const found = await net.ns.sockets({ protocol: 'tcp', state: 'established', remotePort: to.port })
      return found.map(({ timer }) => timer?.name)
    }
    const options = { ...to, keepAlive: true, keepAliveInitialDelay: 9000 }
    for (const make of [() => net.ns.connect(options), () => Promise.resolve(net.ns.createConnection(options))]) {
      const socket = await make()
      net.defer(() => socket.destroy())
      if (socket.connecting) await once(socket, 'connect')
      for (let round = 0; round < 2; round++) {
        expect(await timers()).toEqual(['keepAlive'])
        socket.destroy()
        await once(socket, 'close')
        socket.connect(to)
        await once(socket, 'connect')
      }
      socket.destroy()
    }
  })

  test('that a server has accepted refuses, while it is open and afterwards', async () => {
    const server = await inside(net.ns)
    const accepted = once(server, 'connection') as Promise<[Socket]>
    const socket = net.use(await net.ns.connect({ host: '127.0.0.1', port: portOf(server) }))
    const [peer] = await accepted
    expect(await used(peer)).toMatchObject(refusal)
    await Promise.all([ended(socket), ended(peer)])
    expect(await used(peer)).toMatchObject(refusal)
  })

  test('refuses also where the listeners of others come first, or ours were taken away', async () => {
    const server = await inside(net.ns)
    server.removeAllListeners()
    let first: unknown
    server.prependListener('connection', (peer) => {
      try {
        peer.connect(port, '127.0.0.1')
      } catch (error) {
        first = error
      }
      peer.destroy()
    })
    const socket = net.use(await net.ns.connect({ host: '127.0.0.1', port: portOf(server) }))
    await ended(socket)
    expect(first).toMatchObject(refusal)
  })
})

describe('by protocols on top', () => {
  const { cert, key } = certificate()

  test('TLS: what a server hands out refuses', async () => {
    const server = await inside(net.ns, createTlsServer({ cert, key }))
    const secured = once(server, 'secureConnection') as Promise<[TLSSocket]>
    const socket = await net.ns.connect({ host: '127.0.0.1', port: portOf(server) })
    const client = connectTls({ socket, rejectUnauthorized: false })
    const [peer] = await secured
    await Promise.all([ended(client), ended(peer)])
    expect(await used(peer)).toMatchObject(refusal)
  })

  test('HTTP: sockets of requests, answers and upgrades', async () => {
    const sockets: Socket[] = []
    const http = createHttpServer((asked, answer) => {
      sockets.push(asked.socket)
      answer.end('yes')
    })
    http.on('upgrade', (asked, socket) => {
      sockets.push(asked.socket)
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
    })
    await inside(net.ns, http)
    const agent = net.ns.agent()
    const to = { host: '127.0.0.1', port: portOf(http), agent }
    const first = get(to)
    const [answer] = (await once(first, 'response')) as [IncomingMessage]
    // What becomes of its socket later concerns no request.
    first.on('error', () => undefined)
    sockets.push(answer.socket)
    await once(answer.resume(), 'end')
    const asking = request({ ...to, headers: { connection: 'Upgrade', upgrade: 'test' } }).end()
    const [, upgraded] = (await once(asking, 'upgrade')) as [unknown, Socket]
    sockets.push(upgraded)
    for (const socket of sockets) await ended(socket)
    const codes = await Promise.all(sockets.map(async (socket) => ((await used(socket)) as { code: string }).code))
    // Those of the server refuse; those of the agent go inside again.
    expect(codes.sort()).toEqual([...Array<string>(2).fill('ECONNREFUSED'), ...Array<string>(2).fill(refusal.code)])
  })

  test('HTTPS: sockets of the agent and of the server', async () => {
    const sockets: Socket[] = []
    const https = createHttpsServer({ cert, key }, (asked, answer) => {
      sockets.push(asked.socket)
      answer.end('yes')
    })
    await inside(net.ns, https)
    const agent = net.ns.httpsAgent({ rejectUnauthorized: false })
    const [answer] = (await once(getSecure({ host: '127.0.0.1', port: portOf(https), agent }), 'response')) as [
      IncomingMessage,
    ]
    sockets.push(answer.socket)
    await once(answer.resume(), 'end')
    for (const socket of sockets) {
      await ended(socket)
      expect(await used(socket)).toMatchObject(refusal)
    }
    expect(sockets).toHaveLength(2)
    expect(() => net.ns.httpsAgent({ proxyEnv: {} } as object)).toThrow(/"proxyEnv"/)
  })

  test('HTTP/2: the socket of a session', async () => {
    const server = http2.createServer()
    server.on('stream', (stream) => {
      stream.respond()
      stream.end('yes')
    })
    await inside(net.ns, server)
    const began = once(server, 'session') as Promise<[http2.ServerHttp2Session]>
    const socket = await net.ns.connect({ host: '127.0.0.1', port: portOf(server) })
    const client = http2.connect('http://any', { createConnection: () => socket })
    const [session] = await began
    expect(await used(session.socket)).toMatchObject(refusal)
    client.close()
    await once(client, 'close')
  })

  test('undici: what it hands out when a connection is upgraded', async () => {
    const http = createHttpServer()
    http.on('upgrade', (_, socket) => {
      socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: test\r\n\r\n')
    })
    await inside(net.ns, http)
    const dispatcher = net.ns.dispatcher({ undici })
    const upgraded = await undici.upgrade(`http://127.0.0.1:${portOf(http)}/`, { dispatcher, protocol: 'test' })
    const socket = upgraded.socket as unknown as Socket
    await ended(socket)
    expect(await used(socket)).toMatchObject(refusal)
    await dispatcher.close()
  })
})

describe('a server', () => {
  const ways: [string, (server: Server) => unknown][] = [
    ['a port', (server) => server.listen(0)],
    ['nothing', (server) => server.listen()],
    ['a function', (server) => server.listen(() => undefined)],
    ['options', (server) => server.listen({ port: 0, host: '127.0.0.1' })],
    ['a path', (server) => server.listen('\0netloom-test-outside')],
    ['the handle of another', (server) => server.listen(createServer())],
    ['a descriptor', (server) => server.listen({ fd: 0 })],
  ]
  test.each(ways)('that is closed does not listen outside, by %s', async (_, listen) => {
    for (const given of [undefined, createHttpServer(), createServer()]) {
      const server = await net.ns.listen({ host: '127.0.0.1', server: given })
      await closed(server)
      expect(() => listen(server)).toThrow(refused)
      expect(server.listening).toBe(false)
    }
  })

  test('does not while it tells that it listens, either', async () => {
    const server = createServer()
    let told: unknown
    server.once('listening', () => {
      try {
        server.listen(0)
      } catch (error) {
        told = error
      }
    })
    await inside(net.ns, server)
    expect(told).toMatchObject(refusal)
  })

  test('listens inside again by listen of the NetNs', async () => {
    const server = await inside(net.ns)
    for (let round = 0; round < 2; round++) {
      await closed(server)
      await net.ns.listen({ host: '127.0.0.1', server })
      const socket = await net.ns.connect({ host: '127.0.0.1', port: portOf(server) })
      await ended(socket.on('error', () => undefined).destroy())
    }
    expect(Object.keys(server)).not.toEqual(expect.arrayContaining(['listen', 'emit']))
  })
})

test('a UDP socket goes on with no other handle, and is not opened again', async () => {
  const foreign = createSocket('udp4').bind(0, '127.0.0.1')
  await once(foreign, 'listening')
  const socket = await net.ns.createSocket('udp4')
  for (const target of [{ fd: 1 }, { fd: 0, exclusive: true }, { recvStart: () => 0 }]) {
    expect(() => socket.bind(target as object)).toThrow(refused)
  }
  socket.close()
  expect(() => socket.bind(0)).toThrow(/Not running/)
  expect(() => {
    socket.connect(1)
  }).toThrow(/Not running/)
  foreign.close()
  expect(cluster.isWorker).toBe(false)
})
