// Sockets that are there before they are connected: net.createConnection, but from a namespace.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { connect as connectTls, createServer as createTlsServer } from 'node:tls'
import { text } from 'node:stream/consumers'
import { etcOf } from '../names/etc'
import { settledSocketCount, socketCount } from '../sockets/count'
import { fresh, ip } from '../support/namespaces'
import { certificate, portOf, serve, withLoopback } from './arrange'

let before: number

beforeEach(() => {
  before = socketCount()
})

afterEach(async () => {
  expect(await settledSocketCount(before)).toBe(before)
})

test('a socket is given at once, takes what is written, and connects in the namespace', async () => {
  await using red = await withLoopback()
  await using server = await serve(red, { host: '127.0.0.1' })
  server.on('connection', (peer) => peer.pipe(peer))
  const { createConnection } = red
  const socket = createConnection({ port: portOf(server), host: '127.0.0.1', noDelay: true })
  expect([socket.connecting, socket.pending, socket.readyState]).toEqual([true, true, 'opening'])
  socket.end('written before')
  await once(socket, 'connect')
  expect([socket.connecting, socket.pending, socket.remoteAddress]).toEqual([false, false, '127.0.0.1'])
  expect(await text(socket)).toBe('written before')
  expect([socket.bytesRead, socket.bytesWritten]).toEqual([14, 14])
})

test('it takes arguments as Node does', async () => {
  await using red = await withLoopback()
  await using server = await serve(red, { host: '127.0.0.1' })
  await using abstract = await serve(red, { path: '\0clients' })
  const port = portOf(server)
  const ways: ((onConnect: () => void) => Socket)[] = [
    (onConnect) => red.createConnection({ port: String(port), host: '127.0.0.1' }, onConnect),
    (onConnect) => red.createConnection(port, '127.0.0.1', onConnect),
    (onConnect) => red.createConnection(port, onConnect),
    (onConnect) => red.createConnection('\0clients', onConnect),
    (onConnect) => red.createConnection({ path: '\0clients' }, onConnect),
    (onConnect) => red.createConnection().connect(port, '127.0.0.1', onConnect),
  ]
  for (const way of ways) {
    const socket = await new Promise<Socket>((resolve) => {
      const made = way(() => {
        resolve(made)
      })
    })
    socket.destroy()
  }
  expect(abstract.listening).toBe(true)
})

test('an error is Node’s own, and tells the namespace', async () => {
  await using red = await withLoopback()
  const socket = red.createConnection(9, '127.0.0.1')
  const [error] = (await once(socket, 'error')) as [Error]
  expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect', port: 9, netns: red.name })
  expect(socket.destroyed).toBe(true)
  const nameless = red.createConnection(9, 'nothing.invalid.')
  expect((await once(nameless, 'error'))[0]).toMatchObject({ syscall: 'getaddrinfo', hostname: 'nothing.invalid.' })
  expect(() => red.createConnection({ host: '127.0.0.1' })).toThrow(/"port"/)
  expect(() => red.createConnection(70_000)).toThrow(RangeError)
})

test('who does not wait for the connection gets none', async () => {
  await using red = await withLoopback()
  await using server = await serve(red, { host: '127.0.0.1' })
  for (const turns of [0, 1, 2, 3, 5, 8]) {
    const socket = red.createConnection(portOf(server), '127.0.0.1')
    let connected = false
    socket.on('connect', () => (connected = true))
    for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
    const was = connected
    socket.destroy()
    await once(socket, 'close')
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(connected).toBe(was)
  }
  const controller = new AbortController()
  const socket = red.createConnection({ port: portOf(server), host: '127.0.0.1', signal: controller.signal })
  controller.abort()
  expect((await once(socket, 'error'))[0]).toMatchObject({ code: 'ABORT_ERR' })
})

test('what was set before it connects holds when it has', async () => {
  await using red = await withLoopback()
  await using server = await serve(red, { host: '127.0.0.1' })
  const socket = red.createConnection()
  expect([socket.setNoDelay(), socket.setKeepAlive(true, 7000), socket.setTimeout(50)]).toEqual([
    socket,
    socket,
    socket,
  ])
  socket.connect(portOf(server), '127.0.0.1')
  await once(socket, 'connect')
  const filter = ['state', 'established', 'dport', `= :${portOf(server)}`]
  const shown = execFileSync('ss', ['-N', red.name!, '-Htno', ...filter], { encoding: 'utf8' })
  expect(shown).toMatch(/timer:\(keepalive,[67]/)
  await once(socket, 'timeout')
  socket.unref().ref()
  socket.destroy()
})

test('a socket that was closed connects again', async () => {
  await using red = await withLoopback()
  await using server = await serve(red, { host: '127.0.0.1' })
  server.on('connection', (peer) => peer.end('hello'))
  const socket = red.createConnection()
  for (let round = 0; round < 3; round++) {
    socket.connect(portOf(server), '127.0.0.1')
    const [data] = (await once(socket, 'data')) as [Buffer]
    expect(String(data)).toBe('hello')
    await once(socket, 'close')
  }
})

test('a name is resolved in the namespace, and its addresses are tried in turn', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { hosts: '::1 web\n10.255.0.1 web\n127.0.0.1 web\n' })
  await ip(red, 'route', 'add', 'unreachable', '10.255.0.0/16')
  await using server = await serve(red, { host: '127.0.0.1' })
  const port = portOf(server)
  const socket = red.createConnection({ port, host: 'web' })
  const tried: unknown[] = []
  socket.on('connectionAttempt', (address) => tried.push(address))
  const resolved: unknown[] = []
  socket.on('lookup', (_error, address) => resolved.push(address))
  await once(socket, 'connect')
  expect(socket.remoteAddress).toBe('127.0.0.1')
  expect(resolved).toEqual(['::1', '10.255.0.1', '127.0.0.1'])
  expect(tried).toEqual(resolved)
  socket.destroy()
  const other = await red.connect({ host: 'web', port })
  expect(other.remoteAddress).toBe('127.0.0.1')
  other.destroy()
  await expect(red.connect({ host: 'web', port, family: 6 })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  const failed: unknown = await red.connect({ host: 'web', port: 9 }).catch((error: unknown) => error)
  expect(failed).toMatchObject({ name: 'AggregateError', code: 'ECONNREFUSED', netns: red.name })
  expect((failed as AggregateError).errors.map(({ code }: { code: string }) => code)).toEqual([
    'ECONNREFUSED',
    'EHOSTUNREACH',
    'ECONNREFUSED',
  ])
  await expect(red.connect({ host: 'web', port: 9, autoSelectFamily: false, family: 4 })).rejects.toMatchObject({
    code: 'EHOSTUNREACH',
  })
})

test('an address that does not answer is given up for the next one', async () => {
  await using red = await withLoopback()
  using _ = etcOf(red, { hosts: '10.0.0.9 web\n127.0.0.1 web\n' })
  await red.links.add({ kind: 'bridge', name: 'br0', up: true })
  await ip(red, 'address', 'add', '10.0.0.1/24', 'dev', 'br0')
  await ip(red, 'neighbor', 'add', '10.0.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'br0', 'nud', 'permanent')
  await using server = await serve(red, { host: '127.0.0.1' })
  const begin = performance.now()
  const socket = red.createConnection({ port: portOf(server), host: 'web', autoSelectFamilyAttemptTimeout: 50 })
  const late = once(socket, 'connectionAttemptTimeout')
  await once(socket, 'connect')
  expect((await late)[0]).toBe('10.0.0.9')
  expect(performance.now() - begin).toBeGreaterThan(45)
  expect(socket.remoteAddress).toBe('127.0.0.1')
  socket.destroy()
  const waiting = red.connect({ host: 'web', port: 80, timeout: 60, autoSelectFamilyAttemptTimeout: 5000 })
  await expect(waiting).rejects.toMatchObject({ code: 'ETIMEDOUT', netns: red.name })
})

test('somebody else’s lookup is asked instead', async () => {
  await using red = await withLoopback()
  await using server = await serve(red, { host: '127.0.0.1' })
  const asked: unknown[] = []
  const lookup = ((host: string, _options: unknown, answer: (...args: unknown[]) => void) => {
    asked.push(host)
    answer(null, '127.0.0.1', 4)
  }) as never
  const socket = await red.connect({ host: 'anything', port: portOf(server), lookup })
  socket.destroy()
  expect(asked).toEqual(['anything'])
})

test('TLS goes over it, connected or not', async () => {
  const { cert, key } = certificate()
  await using red = await withLoopback()
  const secure = createTlsServer({ cert, key }, (peer) => peer.end('secret'))
  await using server = await serve(red, { host: '127.0.0.1', server: secure })
  const port = portOf(server)
  for (const socket of [red.createConnection(port, '127.0.0.1'), await red.connect({ host: '127.0.0.1', port })]) {
    const over = connectTls({ socket, ca: cert, servername: 'web.test' })
    expect(await text(over)).toBe('secret')
    expect(over.authorized).toBe(true)
  }
})

test('it connects where it is asked, whatever else has the same address', async () => {
  await using red = await withLoopback()
  await using green = await withLoopback()
  for (const ns of [red, green]) {
    const server = createServer((peer) => peer.end(ns.name!))
    await ns.listen({ host: '127.0.0.1', port: 80, server })
    server.unref()
    expect(await text(ns.createConnection(80, '127.0.0.1'))).toBe(ns.name)
    server.close()
  }
  const gone = await fresh()
  const { createConnection } = gone
  await gone.delete()
  const [error] = (await once(createConnection(80, '127.0.0.1'), 'error')) as [Error]
  expect(error).toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
})
