// Unix sockets inside namespaces: abstract names belong to the network namespace, files to the file system.
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, get, type IncomingMessage } from 'node:http'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ConnectOptions, NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'
import { settledSocketCount, socketCount } from './count'

let before: number
let directory: string
beforeEach(() => {
  before = socketCount()
  directory = mkdtempSync(join(tmpdir(), 'unix-'))
})
afterEach(async () => {
  rmSync(directory, { recursive: true })
  expect(await settledSocketCount(before)).toBe(before)
})

/** What a server that greets says. */
async function greeting(ns: NetNs, options: ConnectOptions): Promise<string> {
  return text(await ns.connect(options))
}

function greet(server: Server, words: string): void {
  server.on('connection', (socket) => socket.end(words))
}

async function closed(server: Server): Promise<void> {
  server.close()
  await once(server, 'close')
}

test('an abstract name means another socket in each namespace', async () => {
  await using red = await fresh()
  await using green = await fresh()
  const path = '\0netloom/greeting'
  const servers = await Promise.all([red, green].map((ns) => ns.listen({ path })))
  greet(servers[0]!, 'red')
  greet(servers[1]!, 'green')
  expect(servers.map((server) => server.address())).toEqual([path, path])
  expect(await Promise.all([red, green].map((ns) => greeting(ns, { path })))).toEqual(['red', 'green'])
  const listed = execFileSync('ss', ['-N', red.name!, '-l', '-x', '-H'], { encoding: 'utf8' })
  expect(listed).toContain('@netloom/greeting')
  await expect(red.listen({ path })).rejects.toMatchObject({
    code: 'EADDRINUSE',
    syscall: 'listen',
    address: path,
    netns: red.name,
  })
  for (const server of servers) await closed(server)
  await expect(green.connect({ path })).rejects.toMatchObject({ code: 'ECONNREFUSED', netns: green.name })
})

test('a path is a file, which goes with the server', async () => {
  await using red = await fresh()
  await using green = await fresh()
  const path = join(directory, 'socket')
  const server = await red.listen({ path })
  greet(server, 'from red')
  expect([server.address(), statSync(path).isSocket()]).toEqual([path, true])
  expect(await greeting(green, { path })).toBe('from red')
  await expect(green.listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await closed(server)
  expect(existsSync(path)).toBe(false)
})

test('a file that took its place stays', async () => {
  await using red = await fresh()
  const path = join(directory, 'socket')
  const server = await red.listen({ path })
  rmSync(path)
  writeFileSync(path, 'mine')
  await closed(server)
  expect(readFileSync(path, 'utf8')).toBe('mine')
})

test('a relative path is one of this process', async () => {
  await using red = await fresh()
  const home = process.cwd()
  process.chdir(directory)
  try {
    const server = await red.listen({ path: 'relative' })
    expect(statSync(join(directory, 'relative')).isSocket()).toBe(true)
    await closed(server)
  } finally {
    process.chdir(home)
  }
})

test('its mode follows the mask of this process, and what is shared', async () => {
  await using red = await fresh()
  const mask = process.umask(0o077)
  try {
    const own = await red.listen({ path: join(directory, 'own') })
    const shared = await red.listen({ path: join(directory, 'shared'), readableAll: true, writableAll: true })
    const mode = (name: string): number => statSync(join(directory, name)).mode & 0o777
    expect([mode('own'), mode('shared')]).toEqual([0o700, 0o766])
    await closed(own)
    await closed(shared)
  } finally {
    process.umask(mask)
  }
})

test('a directory that is not there fails, and leaves nothing', async () => {
  await using red = await fresh()
  await expect(red.listen({ path: join(directory, 'none', 'socket') })).rejects.toMatchObject({
    code: 'ENOENT',
    syscall: 'listen',
    netns: red.name,
  })
})

test('HTTP over an abstract socket', async () => {
  await using red = await fresh()
  const path = '\0netloom/http'
  const server = createHttpServer((_, response) => response.end('over a name'))
  await red.listen({ path, server })
  const socket = await red.connect({ path })
  const request = get({ createConnection: () => socket, path: '/', headers: { connection: 'close' } })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  expect(await text(response)).toBe('over a name')
  await closed(server)
})

describe('options of connections and servers', () => {
  async function withLoopback(): Promise<NetNs> {
    const ns = await fresh()
    await ns.links.set('lo', { up: true })
    return ns
  }
  const timers = (ns: NetNs): string => String(execFileSync('ss', ['-N', ns.name!, '-t', '-n', '-o', '-H']))

  test('keepAlive, of both ends', async () => {
    await using red = await withLoopback()
    const server = await red.listen({ host: '127.0.0.1', port: 90, keepAlive: true, keepAliveInitialDelay: 30_000 })
    const accepted = once(server, 'connection')
    const socket = await red.connect({ host: '127.0.0.1', port: 90, keepAlive: true, keepAliveInitialDelay: 60_000 })
    await accepted
    expect(timers(red).match(/timer:\(keepalive/g)).toHaveLength(2)
    socket.destroy()
    await closed(server)
  })

  test('allowHalfOpen lets one end go on when the other has ended', async () => {
    await using red = await withLoopback()
    const server = await red.listen({ host: '127.0.0.1', port: 91, allowHalfOpen: true })
    server.on('connection', (peer) => {
      peer.resume().once('end', () => peer.end('after the end'))
    })
    const socket = await red.connect({ host: '127.0.0.1', port: 91, allowHalfOpen: true })
    socket.end('over')
    expect(await text(socket)).toBe('after the end')
    await closed(server)
  })

  test('pauseOnConnect gives connections that read nothing yet', async () => {
    await using red = await withLoopback()
    const server = await red.listen({ host: '127.0.0.1', port: 92, pauseOnConnect: true })
    const accepted = once(server, 'connection')
    const socket = await red.connect({ host: '127.0.0.1', port: 92 })
    socket.end('waits')
    const [peer] = (await accepted) as [NodeJS.ReadableStream]
    expect(peer.isPaused()).toBe(true)
    expect(await text(peer)).toBe('waits')
    await closed(server)
  })

  test('reusePort lets two servers share a port', async () => {
    await using red = await withLoopback()
    const shared = { host: '127.0.0.1', port: 93, reusePort: true }
    const servers = await Promise.all([red.listen(shared), red.listen(shared)])
    await expect(red.listen({ host: '127.0.0.1', port: 93 })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    for (const server of servers) await closed(server)
  })

  test('a signal closes the server, as with Node; its listeners do not pile up', async () => {
    await using red = await withLoopback()
    const controller = new AbortController()
    const server = await red.listen({ host: '127.0.0.1', signal: controller.signal })
    const gone = once(server, 'close')
    controller.abort()
    await gone
    expect(server.listening).toBe(false)
  })

  test('what a server emits later tells the namespace', async () => {
    await using red = await withLoopback()
    const server = await red.listen({ host: '127.0.0.1' })
    const failed = once(server, 'error') as Promise<[Error]>
    server.emit('error', new Error('late'))
    expect((await failed)[0]).toMatchObject({ message: 'late', netns: red.name })
    await closed(server)
  })

  test('a server that cannot listen leaves no socket', async () => {
    await using red = await withLoopback()
    const busy = createServer()
    const first = red.listen({ server: busy, host: '127.0.0.1' })
    const second = red.listen({ server: busy, host: '127.0.0.1' })
    const ends = await Promise.allSettled([first, second])
    expect(ends.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await closed(busy)
  })
})
