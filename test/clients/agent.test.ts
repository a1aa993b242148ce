// Agents of Node's http and https whose connections begin in a namespace; express as the server.
import express from 'express'
import { once } from 'node:events'
import { createServer, get as getOverHttp, request, type ClientRequest, type IncomingMessage } from 'node:http'
import { createServer as createSecureServer, get as getOverHttps } from 'node:https'
import { text } from 'node:stream/consumers'
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

async function bodyOf(asked: ClientRequest): Promise<string> {
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return text(response)
}

test('one URL is another server from each namespace: express, by names and by addresses', async () => {
  await using red = await withLoopback()
  await using green = await withLoopback()
  for (const ns of [red, green]) {
    using _ = etcOf(ns, { hosts: '127.0.0.1 web.internal\n' })
    const app = express()
    app.get('/who/:what', (asked, answer) => {
      answer.json({ ns: ns.name, what: asked.params.what, from: asked.socket.remoteAddress })
    })
    await using _server = await serve(ns, { host: '127.0.0.1', port: 80, server: createServer(app) })
    const agent = ns.agent()
    for (const host of ['web.internal', '127.0.0.1']) {
      const body = await bodyOf(getOverHttp(`http://${host}/who/are-you`, { agent }))
      expect(JSON.parse(body)).toEqual({ ns: ns.name, what: 'are-you', from: '127.0.0.1' })
    }
    agent.destroy()
  }
})

test('with keepAlive a connection serves one request after the other', async () => {
  await using red = await withLoopback()
  const ports = new Set<unknown>()
  const server = createServer((asked, answer) => {
    ports.add(asked.socket.remotePort)
    answer.end('x')
  })
  await using _ = await serve(red, { host: '127.0.0.1', port: 80, server })
  const agent = red.agent({ keepAlive: true, maxSockets: 1 })
  for (let round = 0; round < 5; round++) expect(await bodyOf(getOverHttp('http://127.0.0.1/', { agent }))).toBe('x')
  expect(await Promise.all([1, 2, 3].map(() => bodyOf(getOverHttp('http://127.0.0.1/', { agent }))))).toEqual([
    'x',
    'x',
    'x',
  ])
  expect(ports.size).toBe(1)
  agent.destroy()
})

test('https checks the name, resumes sessions, and reports what it does not trust', async () => {
  const { cert, key } = certificate()
  await using red = await withLoopback()
  using _ = etcOf(red, { hosts: '127.0.0.1 web.test other.test\n' })
  const reused: unknown[] = []
  const server = createSecureServer({ cert, key }, (asked, answer) => {
    reused.push((asked.socket as unknown as { isSessionReused(): boolean }).isSessionReused())
    answer.end(`secret ${asked.url}`)
  })
  await using _server = await serve(red, { host: '127.0.0.1', port: 443, server })
  const agent = red.httpsAgent({ ca: cert })
  expect(await bodyOf(getOverHttps('https://web.test/a', { agent }))).toBe('secret /a')
  expect(await bodyOf(getOverHttps('https://web.test/b', { agent }))).toBe('secret /b')
  expect(await bodyOf(getOverHttps('https://127.0.0.1/c', { agent }))).toBe('secret /c')
  expect(reused).toEqual([false, true, false])
  const wrong = getOverHttps('https://other.test/', { agent })
  expect((await once(wrong, 'error'))[0]).toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  const distrusting = getOverHttps('https://web.test/', { agent: red.httpsAgent() })
  expect((await once(distrusting, 'error'))[0]).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  agent.destroy()
})

test.each(['http', 'https'] as const)('%s: a failure to connect is one of the request', async (scheme) => {
  await using red = await withLoopback()
  const get = scheme === 'http' ? getOverHttp : getOverHttps
  const agent = scheme === 'http' ? red.agent() : red.httpsAgent()
  const refused = get(`${scheme}://127.0.0.1:9/`, { agent })
  expect((await once(refused, 'error'))[0]).toMatchObject({ code: 'ECONNREFUSED', port: 9, netns: red.name })
  const nameless = get(`${scheme}://nothing.invalid./`, { agent })
  expect((await once(nameless, 'error'))[0]).toMatchObject({ syscall: 'getaddrinfo', netns: red.name })
  const gone = await fresh()
  const late = scheme === 'http' ? gone.agent() : gone.httpsAgent()
  await gone.delete()
  expect((await once(get(`${scheme}://127.0.0.1/`, { agent: late }), 'error'))[0]).toMatchObject({
    code: 'ERR_NETLOOM_CLOSED',
  })
})

test.each(['http', 'https'] as const)('%s: a request can be given up while it connects', async (scheme) => {
  await using red = await withLoopback()
  await red.links.add({ kind: 'bridge', name: 'br0', up: true })
  await ip(red, 'address', 'add', '10.0.0.1/24', 'dev', 'br0')
  await ip(red, 'neighbor', 'add', '10.0.0.9', 'lladdr', '02:00:00:00:00:09', 'dev', 'br0', 'nud', 'permanent')
  const get = scheme === 'http' ? getOverHttp : getOverHttps
  const agent = scheme === 'http' ? red.agent() : red.httpsAgent()
  const late = get(`${scheme}://10.0.0.9/`, { agent, timeout: 30 })
  const failed = once(late, 'error')
  await once(late, 'timeout')
  late.destroy(new Error('too slow'))
  expect(String((await failed)[0])).toContain('too slow')
  const controller = new AbortController()
  const aborted = get(`${scheme}://10.0.0.9/`, { agent, signal: controller.signal })
  setTimeout(() => {
    controller.abort()
  }, 20)
  expect((await once(aborted, 'error'))[0]).toMatchObject({ code: 'ABORT_ERR' })
  agent.destroy()
})

test('over a Unix socket, and with a socket of one’s own', async () => {
  await using red = await withLoopback()
  await using _ = await serve(red, { path: '\0http', server: createServer(saying('unix')) })
  expect(await bodyOf(getOverHttp({ socketPath: '\0http', path: '/a', agent: red.agent() }))).toBe('unix /a')
  await using server = await serve(red, { host: '127.0.0.1', server: createServer(saying('tcp')) })
  const { createConnection } = red
  const own = request({ host: '127.0.0.1', port: portOf(server), path: '/b', createConnection })
  own.end()
  expect(await bodyOf(own)).toBe('tcp /b')
})
