// Connections from inside namespaces: Node's own sockets, between namespaces and within one.
import { text } from 'node:stream/consumers'
import { once } from 'node:events'
import { createServer as createHostServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, type ConnectOptions, type NetNs } from '../../lib/index'
import { fresh, ip } from '../support/namespaces'
import { settledSocketCount, socketCount } from './count'

let before: number

beforeEach(() => {
  before = socketCount()
})

afterEach(async () => {
  expect(await settledSocketCount(before)).toBe(before)
})

const portOf = (server: Server): number => (server.address() as AddressInfo).port

async function withLoopback(): Promise<NetNs> {
  const ns = await fresh()
  await ns.links.set('lo', { up: true })
  return ns
}

/** Joins two namespaces by a cable, with addresses 10.0.0.1 and .2, fd00::1 and ::2. */
async function joined(red: NetNs, green: NetNs): Promise<void> {
  await red.links.add({ kind: 'veth', name: 'eth0', up: true, peer: { netns: green, name: 'eth0', up: true } })
  for (const [ns, n] of [
    [red, 1],
    [green, 2],
  ] as const) {
    await ip(ns, 'address', 'add', `10.0.0.${n}/24`, 'dev', 'eth0')
    await ip(ns, 'address', 'add', `fd00::${n}/64`, 'dev', 'eth0', 'nodad')
  }
}

/** A namespace with a neighbor at 10.0.0.9 that never answers. */
async function withSilence(): Promise<NetNs> {
  const ns = await fresh()
  await ns.links.add({ kind: 'bridge', name: 'br0', up: true })
  await ip(ns, 'address', 'add', '10.0.0.1/24', 'dev', 'br0')
  await ip(ns, 'neighbor', 'add', '10.0.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'br0', 'nud', 'permanent')
  return ns
}

async function failureOf(connecting: Promise<Socket>): Promise<unknown> {
  return connecting.catch((error: unknown) => error)
}

test.each([
  { family: 'IPv4', red: '10.0.0.1', green: '10.0.0.2' },
  { family: 'IPv6', red: 'fd00::1', green: 'fd00::2' },
])('two namespaces talk $family over a cable', async ({ red: from, green: to }) => {
  await using red = await fresh()
  await using green = await fresh()
  await joined(red, green)
  const server = await green.listen({ host: to, port: 80 })
  server.on('connection', (peer) => peer.pipe(peer))
  const socket = await red.connect({ host: to, port: 80 })
  expect([socket.remoteAddress, socket.localAddress]).toEqual([to, from])
  socket.write('there and back')
  expect(String((await once(socket, 'data'))[0])).toBe('there and back')
  socket.destroy()
  server.close()
})

test('a connection comes from the address and port that are asked for', async () => {
  await using red = await withLoopback()
  const server = await red.listen()
  for (const [host, localAddress] of [
    ['127.0.0.1', '127.0.0.2'],
    ['::1', '::1'],
  ] as const) {
    const socket = await red.connect({ host, port: portOf(server), localAddress, localPort: 4321 })
    expect([socket.localAddress, socket.localPort]).toEqual([localAddress, 4321])
    socket.destroy()
    await once(socket, 'close')
  }
  const socket = await red.connect({ host: '127.0.0.1', port: portOf(server), localPort: 4322 })
  expect(socket.localPort).toBe(4322)
  socket.destroy()
  server.close()
})

test('what listens outside is not reached from inside', async () => {
  await using red = await withLoopback()
  const server = createHostServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const error = await failureOf(red.connect({ host: '127.0.0.1', port: portOf(server) }))
  expect(error).toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' })
  server.close()
})

describe('a failure says in which namespace, and leaves no socket:', () => {
  test('ENETUNREACH before there is an address', async () => {
    await using red = await withLoopback()
    const error = await failureOf(red.connect({ host: '10.0.0.2', port: 80 }))
    expect(error).toMatchObject({ code: 'ENETUNREACH', errno: -101, syscall: 'connect', netns: red.name })
  })

  test('ECONNREFUSED where nobody listens', async () => {
    await using red = await withLoopback()
    const error = await failureOf(red.connect({ host: '127.0.0.1', port: 9 }))
    expect(error).toMatchObject({ code: 'ECONNREFUSED', errno: -111, syscall: 'connect', netns: red.name })
  })

  test('EADDRNOTAVAIL for a local address that is not there', async () => {
    await using red = await withLoopback()
    const error = await failureOf(red.connect({ host: '127.0.0.1', port: 9, localAddress: '10.9.8.7' }))
    const fields = { code: 'EADDRNOTAVAIL', syscall: 'bind', operation: 'NetNs.connect', netns: red.name }
    expect(error).toMatchObject(fields)
  })

  test('ERR_NETLOOM_CLOSED for a closed handle', async () => {
    await using red = await withLoopback()
    red.close()
    const error = await failureOf(red.connect({ host: '127.0.0.1', port: 9 }))
    expect(error).toMatchObject({ code: 'ERR_NETLOOM_CLOSED', netns: red.name })
  })
})

describe('a connection that nobody answers', () => {
  const cases: { how: string; code: string; options: () => Partial<ConnectOptions> }[] = [
    { how: 'its signal', code: 'ABORT_ERR', options: () => ({ signal: AbortSignal.timeout(50) }) },
    { how: 'its time limit', code: 'ETIMEDOUT', options: () => ({ timeout: 50 }) },
  ]
  test.each(cases)('is aborted by $how, as every call is', async ({ code, options }) => {
    await using red = await withSilence()
    const error = await failureOf(red.connect({ host: '10.0.0.9', port: 9, ...options() }))
    expect(error).toBeInstanceOf(AbortError)
    expect(error).toMatchObject({
      name: 'AbortError',
      code,
      operation: 'NetNs.connect',
      netns: red.name,
      outcome: 'unknown',
    })
  })

  test('tells its signal’s reason', async () => {
    await using red = await withSilence()
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => {
      controller.abort(reason)
    }, 30)
    const error = await failureOf(red.connect({ host: '10.0.0.9', port: 9, signal: controller.signal }))
    expect(error).toMatchObject({ code: 'ABORT_ERR', cause: reason })
  })
})

test('a signal that is aborted already opens nothing', async () => {
  await using red = await withLoopback()
  const error = await failureOf(red.connect({ host: '127.0.0.1', port: 9, signal: AbortSignal.abort() }))
  expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', outcome: 'none' })
})

describe('once connected', () => {
  test("a signal that is aborted destroys the connection, as with Node's own", async () => {
    await using red = await withLoopback()
    const server = await red.listen({ host: '127.0.0.1' })
    const controller = new AbortController()
    const socket = await red.connect({ host: '127.0.0.1', port: portOf(server), signal: controller.signal })
    const failed = once(socket, 'error') as Promise<[Error]>
    controller.abort()
    const [error] = await failed
    expect(error).toMatchObject({ code: 'ABORT_ERR', netns: red.name })
    expect(socket.destroyed).toBe(true)
    server.close()
  })

  test('many connections may share a signal', async () => {
    await using red = await withLoopback()
    const warnings: unknown[] = []
    const note = (warning: unknown): unknown => warnings.push(warning)
    process.on('warning', note)
    const server = await red.listen({ host: '127.0.0.1' })
    const { signal } = new AbortController()
    const target = { host: '127.0.0.1', port: portOf(server), signal }
    const sockets = await Promise.all(Array.from({ length: 30 }, () => red.connect(target)))
    await sleep(1)
    process.off('warning', note)
    expect(warnings).toEqual([])
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  test('the time limit of connect is not one of the connection', async () => {
    await using red = await withLoopback()
    const server = await red.listen({ host: '127.0.0.1' })
    const socket = await red.connect({ host: '127.0.0.1', port: portOf(server), timeout: 10_000 })
    expect(socket.timeout ?? 0).toBe(0)
    const idle = once(socket, 'timeout')
    socket.setTimeout(20)
    await idle
    await sleep(1)
    expect(socket.destroyed).toBe(false)
    socket.destroy()
    server.close()
  })
})

test('a link-local address is reached by the zone that the namespace knows, by name or index', async () => {
  await using red = await fresh()
  await using green = await fresh()
  await red.links.add({ kind: 'veth', name: 'r0', up: true, peer: { netns: green, name: 'g0', up: true } })
  await red.addresses.add({ dev: 'r0', address: 'fe80::1/64', flags: ['nodad'] })
  await green.addresses.add({ dev: 'g0', address: 'fe80::2/64', flags: ['nodad'] })
  const { index } = await red.links.get('r0')
  // Nobody asks for an address: Node looks its zone up in the process' own namespace, which may have no such device.
  const port = 4321
  const server = await green.listen({ host: 'fe80::2%g0', port })
  server.on('connection', (socket) => socket.end('green'))
  for (const zone of ['r0', String(index)]) {
    const socket = await red.connect({ host: `fe80::2%${zone}`, port })
    expect(await text(socket)).toBe('green')
  }
  server.close()
})
