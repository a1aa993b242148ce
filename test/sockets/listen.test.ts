// Servers inside namespaces: Node's own, with sockets that live elsewhere than the process.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, Server, type Socket, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ListenOptions, NetNs } from '../../lib/index'
import { fresh, ip } from '../support/namespaces'
import { settledSocketCount, socketCount } from './count'

let opened: (Server | Socket)[] = []
let before: number

beforeEach(() => {
  opened = []
  before = socketCount()
})

afterEach(async () => {
  const live = opened.filter((one) => one instanceof Server || !one.destroyed)
  const closing = live.map((one) => once(one, 'close'))
  for (const one of live) {
    if (one instanceof Server) one.close()
    else one.destroy()
  }
  await Promise.all(closing)
  expect(await settledSocketCount(before)).toBe(before)
})

/** A server that is closed after the test, with its connections. */
async function serve(ns: NetNs, options?: ListenOptions): Promise<Server> {
  const server = await ns.listen(options)
  server.on('connection', (peer) => opened.push(peer))
  opened.push(server)
  return server
}

/** A connection that is closed after the test, when the server has accepted it. */
async function call(ns: NetNs, server: Server, host: string): Promise<{ socket: Socket; peer: Socket }> {
  const accepted = once(server, 'connection')
  const socket = await ns.connect({ host, port: addressOf(server).port })
  opened.push(socket)
  const [peer] = (await accepted) as [Socket]
  return { socket, peer }
}

async function withLoopback(): Promise<NetNs> {
  const ns = await fresh()
  await ns.links.set('lo', { up: true })
  return ns
}

function addressOf(server: Server): AddressInfo {
  return server.address() as AddressInfo
}

/** What ss says that listens in a namespace: local addresses. */
function listeners(ns: NetNs): string[] {
  const out = execFileSync('ss', ['-N', ns.name!, '-l', '-t', '-n', '-H'], { encoding: 'utf8' })
  return out.split('\n').flatMap((line) => line.split(/\s+/)[3] ?? [])
}

test('a server listens in its namespace and nowhere else, wherever the process is', async () => {
  await using red = await withLoopback()
  await using green = await withLoopback()
  const server = await serve(red, { host: '127.0.0.1' })
  const { address, port } = addressOf(server)
  expect(address).toBe('127.0.0.1')
  expect(listeners(red)).toEqual([`127.0.0.1:${port}`])
  expect(listeners(green)).toEqual([])
  await expect(green.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  const { socket, peer } = await call(red, server, '127.0.0.1')
  peer.write('hello')
  expect(String((await once(socket, 'data'))[0])).toBe('hello')
})

test('one port of one address serves in many namespaces at once', async () => {
  await using red = await withLoopback()
  await using green = await withLoopback()
  for (const ns of [red, green]) await serve(ns, { host: '127.0.0.1', port: 80 })
  expect([listeners(red), listeners(green)]).toEqual([['127.0.0.1:80'], ['127.0.0.1:80']])
})

test('without a host it listens on all addresses of both families', async () => {
  await using red = await withLoopback()
  const server = await serve(red)
  expect(addressOf(server).address).toBe('::')
  for (const host of ['127.0.0.1', '::1']) expect((await call(red, server, host)).socket.remoteAddress).toBe(host)
})

test('with ipv6Only it does not listen on IPv4 addresses', async () => {
  await using red = await withLoopback()
  const server = await serve(red, { host: '::', ipv6Only: true })
  const { port } = addressOf(server)
  await call(red, server, '::1')
  await expect(red.connect({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a link-local address is one of its device, by the name it has in the namespace', async () => {
  await using red = await fresh()
  await red.links.add({ kind: 'bridge', name: 'br0', up: true })
  await ip(red, 'address', 'add', 'fe80::77/64', 'dev', 'br0', 'nodad')
  await serve(red, { host: 'fe80::77%br0', port: 80 })
  expect(listeners(red)).toEqual(['[fe80::77]%br0:80'])
  await expect(red.listen({ host: 'fe80::77%none' })).rejects.toMatchObject({ code: 'ENODEV', netns: red.name })
})

test('a port that is taken gives EADDRINUSE, and the one who has it keeps it', async () => {
  await using red = await withLoopback()
  const server = await serve(red, { host: '127.0.0.1' })
  const { port } = addressOf(server)
  await expect(red.listen({ host: '127.0.0.1', port })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    errno: -98,
    syscall: 'bind',
    operation: 'NetNs.listen',
    netns: red.name,
  })
  await call(red, server, '127.0.0.1')
})

test('an address that the namespace does not have gives EADDRNOTAVAIL', async () => {
  await using red = await withLoopback()
  await expect(red.listen({ host: '10.9.8.7', port: 80 })).rejects.toMatchObject({
    code: 'EADDRNOTAVAIL',
    syscall: 'bind',
    netns: red.name,
  })
})

test('the backlog is the kernel’s', async () => {
  await using red = await withLoopback()
  await serve(red, { host: '127.0.0.1', backlog: 3 })
  const out = execFileSync('ss', ['-N', red.name!, '-l', '-t', '-n', '-H'], { encoding: 'utf8' })
  expect(out.split(/\s+/).slice(0, 3)).toEqual(['LISTEN', '0', '3'])
})

test('a server that is given is the one that listens', async () => {
  await using red = await withLoopback()
  const server = createServer({ allowHalfOpen: true })
  opened.push(server)
  expect(await red.listen({ host: '127.0.0.1', server })).toBe(server)
  expect(listeners(red)).toEqual([`127.0.0.1:${addressOf(server).port}`])
})

test('a server that listens already is refused, goes on listening, and no socket is left', async () => {
  await using red = await withLoopback()
  const server = await serve(red, { host: '127.0.0.1' })
  const count = socketCount()
  await expect(red.listen({ host: '127.0.0.1', server })).rejects.toMatchObject({ code: 'ERR_SERVER_ALREADY_LISTEN' })
  expect(await settledSocketCount(count)).toBe(count)
  expect(server.listenerCount('error')).toBe(0)
  await call(red, server, '127.0.0.1')
})

describe('the socket of a server that fails to take it over is closed', () => {
  /** One whose `listen` is somebody else's. */
  class Stubborn extends Server {
    constructor(private readonly how: (listen: (fd?: number) => unknown) => unknown) {
      super()
    }
    override listen(...args: unknown[]): this {
      const [{ fd: given }] = args as [{ fd: number }]
      this.how((fd = given) => super.listen({ fd }))
      return this
    }
  }
  const failing = (): never => {
    throw new Error('on purpose')
  }
  test.each([
    ['before', failing, 'on purpose'],
    [
      'after',
      (listen: () => unknown): never => {
        listen()
        return failing()
      },
      'on purpose',
    ],
    // Node refuses a descriptor that is none of a socket, and tells it later.
    ['without that', (listen: (fd?: number) => unknown) => listen(1 << 20), 'listen EINVAL: invalid argument'],
  ])('%s it listens', async (_, how, message) => {
    await using red = await withLoopback()
    const count = socketCount()
    const server = new Stubborn(how)
    await expect(red.listen({ host: '127.0.0.1', server })).rejects.toMatchObject({ message, netns: red.name })
    expect([server.listening, server.listenerCount('listening'), server.listenerCount('error')]).toEqual([false, 0, 0])
    expect(await settledSocketCount(count)).toBe(count)
    expect(listeners(red)).toEqual([])
  })

  test('and the file of a Unix socket goes too', async () => {
    await using red = await fresh()
    const count = socketCount()
    const directory = mkdtempSync(join(tmpdir(), 'netloom-listen-'))
    const path = join(directory, 'socket')
    await expect(red.listen({ path, server: new Stubborn(failing) })).rejects.toThrow('on purpose')
    expect([existsSync(path), await settledSocketCount(count)]).toEqual([false, count])
    rmSync(directory, { recursive: true })
  })
})

test('a server outlives the handle of its namespace, and the namespace lives as long', async () => {
  const red = await withLoopback()
  const server = await serve(red, { host: '127.0.0.1', port: 80 })
  const { socket, peer } = await call(red, server, '127.0.0.1')
  await red.delete()
  peer.write('still here')
  expect(String((await once(socket, 'data'))[0])).toBe('still here')
})

test('a signal that is aborted already opens nothing', async () => {
  await using red = await withLoopback()
  await expect(red.listen({ signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'ABORT_ERR',
    outcome: 'none',
  })
  expect(listeners(red)).toEqual([])
})

test('a server without an address takes IPv4 too where net.ipv6.bindv6only is set', async () => {
  await using red = await withLoopback()
  red.run(() => {
    writeFileSync('/proc/sys/net/ipv6/bindv6only', '1')
  })
  const server = await serve(red, {})
  await call(red, server, '127.0.0.1')
})
