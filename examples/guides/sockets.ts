// What docs/inside/sockets.md shows.

import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { createServer, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { connect as connectTls } from 'node:tls'
import express from 'express'
import { AbstractConnector, Redis } from 'ioredis'
import { NetNs } from 'netloom'
import { Client } from 'pg'
import * as undici from 'undici'
import { WebSocket, WebSocketServer } from 'ws'

async function servers(red: NetNs): Promise<void> {
  // a server
  const server = await red.listen({
    host: '127.0.0.1',
    port: 80,
    server: createServer((_, response) => response.end('red')),
  })
  const socket = await red.connect({ host: 'localhost', port: 80, timeout: 1000 })
  socket.end('GET / HTTP/1.0\r\n\r\n')
  console.log(await text(socket)) // HTTP/1.1 200 OK …
  server.close()

  // express
  const app = express()
  app.get('/', (_, response) => {
    response.send('hello')
  })
  const web = await red.listen({ host: '127.0.0.1', port: 8080, server: createServer(app) })

  // http
  const agent = red.agent({ keepAlive: true })
  const [response] = (await once(get('http://localhost:8080/', { agent }), 'response')) as [IncomingMessage]
  console.log(await text(response)) // hello
  agent.destroy()

  // fetch
  const dispatcher = red.dispatcher()
  const answer = await fetch('http://localhost:8080/', { dispatcher })
  console.log(await answer.text()) // hello

  // undici of one's own
  const pool = red.dispatcher({ undici, connections: 4, connect: { timeout: 1000 } })
  const { body } = await undici.request('http://localhost:8080/', { dispatcher: pool })
  assert.equal(await body.text(), 'hello')
  await pool.close()
  web.close()
  web.closeAllConnections()
}

async function datagrams(red: NetNs): Promise<void> {
  // UDP
  const echo = await red.createSocket('udp4', (data, from) => {
    echo.send(data, from.port, from.address)
  })
  echo.bind(7, '127.0.0.1')
  await once(echo, 'listening')
  const socket = await red.createSocket('udp4')
  socket.send('hello', 7, 'localhost')
  console.log(String((await once(socket, 'message'))[0])) // hello
  socket.close()
  echo.close()
}

async function unixSockets(red: NetNs): Promise<void> {
  // abstract
  const server = await red.listen({ path: '\0greeter' })
  server.on('connection', (peer) => peer.end('hello'))
  console.log(await text(await red.connect({ path: '\0greeter' })))
  server.close()
}

async function names(red: NetNs): Promise<void> {
  // names
  const { address, family } = await red.lookup('localhost', { family: 4 })
  console.log(address, family) // 127.0.0.1 4
}

async function webSockets(red: NetNs): Promise<void> {
  const server = await red.listen({ host: '127.0.0.1', port: 8081, server: createServer() })
  new WebSocketServer({ server }).on('connection', (peer) => {
    peer.send('welcome')
  })

  // ws
  const socket = new WebSocket('ws://localhost:8081/', { agent: red.agent() })
  console.log(String((await once(socket, 'message'))[0])) // welcome
  socket.close()
  await once(socket, 'close')
  server.close()
}

/** Clients of databases, which connect when they are used. */
function databases(red: NetNs): void {
  // pg
  const client = new Client({ host: 'db.internal', user: 'app', stream: () => red.createConnection() })
  assert.equal(client.host, 'db.internal')

  // ioredis
  class Connector extends AbstractConnector {
    constructor() {
      super(2000) // milliseconds until a connection that does not end is destroyed
    }
    override connect() {
      this.stream = red.createConnection(6379, 'cache.internal')
      return Promise.resolve(this.stream)
    }
  }
  const redis = new Redis({ Connector, lazyConnect: true })
  assert.equal(redis.status, 'wait')
}

async function secure(red: NetNs): Promise<void> {
  // TLS
  const socket = connectTls({ socket: await red.connect({ host: 'localhost', port: 443 }), servername: 'web.internal' })
  socket.end()
}

async function main(): Promise<void> {
  await using red = await NetNs.create()
  await red.links.set('lo', { up: true })
  await servers(red)
  await datagrams(red)
  await unixSockets(red)
  await names(red)
  await webSockets(red)
  databases(red)
  await assert.rejects(secure(red), { code: 'ECONNREFUSED' }) // nobody serves it here
}

void main()
