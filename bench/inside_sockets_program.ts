// One side of inside_sockets.ts, as a process of its own, which measures what its parent asks for:
//
// inside_sockets_program plain         lives in a namespace (`ip netns exec`), and uses Node's classes as they are
// inside_sockets_program netloom NAME  lives outside, and uses the namespace NAME
// inside_sockets_program many COUNT    a server in each of COUNT namespaces, each answered once
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { Agent, createServer as createHttpServer, get, type IncomingMessage } from 'node:http'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { NetNs } from '../lib/index'
import { milliseconds } from './measure'
import { cleanUpAtEnd, freshPrefix } from './namespaces'

/** What the parent asks for. */
export interface Task {
  readonly what: 'round trip' | 'http' | 'connect'
  readonly count: number
}

/** What many servers took. */
export interface Many {
  readonly milliseconds: number
  readonly rss: number
  readonly descriptors: number
}

/** How a side opens things: all on 127.0.0.1. */
interface Side {
  listen(server: Server): Promise<number>
  connect(port: number): Promise<Socket>
  readonly agent: Agent
}

const host = '127.0.0.1'
const agentOptions = { keepAlive: true, maxSockets: 8 }

function plain(): Side {
  return {
    async listen(server) {
      server.listen(0, host)
      await once(server, 'listening')
      return portOf(server)
    },
    async connect(port) {
      const socket = connect({ host, port, noDelay: true })
      await once(socket, 'connect')
      return socket
    },
    agent: new Agent(agentOptions),
  }
}

async function inside(name: string): Promise<Side> {
  const ns = await NetNs.open(name)
  return {
    listen: async (server) => portOf(await ns.listen({ host, server })),
    connect: (port) => ns.connect({ host, port, noDelay: true }),
    agent: ns.agent(agentOptions),
  }
}

function portOf(server: Server): number {
  return (server.address() as { port: number }).port
}

/** Microseconds for a byte there and back. */
async function roundTrip(socket: Socket, count: number): Promise<number> {
  const took = await milliseconds(
    () =>
      new Promise<void>((resolve) => {
        let left = count
        const onData = (): void => {
          if (--left > 0) {
            socket.write('x')
            return
          }
          socket.off('data', onData)
          resolve()
        }
        socket.on('data', onData)
        socket.write('x')
      }),
  )
  return (1000 * took) / count
}

/** Requests a second, by eight connections. */
async function requests(port: number, agent: Agent, count: number): Promise<number> {
  let left = count
  const client = async (): Promise<void> => {
    while (left-- > 0) {
      const [response] = (await once(get({ host, port, agent }), 'response')) as [IncomingMessage]
      response.resume()
      await once(response, 'end')
    }
  }
  const took = await milliseconds(() => Promise.all(Array.from({ length: agentOptions.maxSockets }, client)))
  return (1000 * count) / took
}

/** Microseconds for a connection, and its end. */
async function connections(side: Side, port: number, count: number): Promise<number> {
  const took = await milliseconds(async () => {
    for (let i = 0; i < count; i++) {
      const socket = await side.connect(port)
      const closed = once(socket, 'close')
      socket.destroy()
      await closed
    }
  })
  return (1000 * took) / count
}

async function answer(side: Side): Promise<void> {
  const echo = createServer({ noDelay: true }, (peer) => peer.on('error', () => undefined).pipe(peer))
  const web = createHttpServer((_, response) => response.end('hello'))
  const [echoPort, webPort] = [await side.listen(echo), await side.listen(web)]
  const socket = await side.connect(echoPort)
  process.on('message', ({ what, count }: Task) => {
    const measure = {
      'round trip': () => roundTrip(socket, count),
      http: () => requests(webPort, side.agent, count),
      connect: () => connections(side, echoPort, count),
    }
    void measure[what]().then((found) => process.send?.(found))
  })
  process.once('disconnect', () => process.exit())
  process.send?.('ready')
}

async function many(count: number): Promise<Many> {
  const all = await NetNs.createMany(count, { prefix: freshPrefix('server'), ephemeral: true })
  let descriptors = 0
  const took = await milliseconds(async () => {
    const servers = await Promise.all(
      all.map(async (ns) => {
        await ns.links.set('lo', { up: true })
        const server = await ns.listen({ host, port: 80 })
        server.on('connection', (peer) => peer.on('error', () => undefined).end(ns.name!))
        return server
      }),
    )
    descriptors = readdirSync('/proc/self/fd').length
    for (const ns of all) {
      const socket = await ns.connect({ host, port: 80 })
      const [data] = (await once(socket, 'data')) as [Buffer]
      if (String(data) !== ns.name) throw new Error(`${ns.name} was answered by ${String(data)}`)
      socket.destroy()
    }
    for (const server of servers) server.close()
  })
  const rss = process.memoryUsage.rss()
  await NetNs.deleteAll(all)
  return { milliseconds: took, rss, descriptors }
}

async function main(): Promise<void> {
  const [mode, argument = ''] = process.argv.slice(2)
  if (mode === 'many') {
    process.send?.(await many(Number(argument)))
    process.disconnect()
  } else await answer(mode === 'plain' ? plain() : await inside(argument))
}

cleanUpAtEnd()
main().catch((error: unknown) => {
  console.error(error)
  process.exit(1)
})
