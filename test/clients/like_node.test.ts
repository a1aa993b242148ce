// Whether connections and servers inside are as Node's own: each scene is played by both, Node's on the machine's loopback, and
// what is seen is compared.
import { once } from 'node:events'
import { Agent, createServer, get, type Server as WebServer } from 'node:http'
import {
  connect,
  createServer as createNetServer,
  type ListenOptions as NodeListenOptions,
  type NetConnectOpts,
  type Server,
  type ServerOpts,
  type Socket,
} from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { types } from 'node:util'
import type { NetNs } from '../../lib/index'
import { withLoopback } from './arrange'

type Listening = NodeListenOptions & ServerOpts & { server?: WebServer }

/** What both of them have. */
interface Player {
  connect(to: NetConnectOpts, onConnect?: () => void): Socket
  listen(options: Listening): Promise<Server>
  agent(options?: { keepAlive?: boolean; maxSockets?: number }): Agent
}

const told = ['code', 'errno', 'syscall', 'address', 'port'] as const

function plain(error: unknown): unknown {
  const of = error as Record<string, unknown>
  return Object.fromEntries(told.map((key) => [key, of[key]]))
}

const names = ['lookup', 'connectionAttempt', 'connect', 'ready', 'end', 'timeout', 'error', 'finish', 'close']

/** All that is seen of a socket, until it is closed or for as long as that. */
async function life(socket: Socket, milliseconds = 2000): Promise<object> {
  const events: unknown[] = []
  let data = ''
  for (const name of names) {
    socket.on(name, (...args: unknown[]) => {
      events.push([name, ...args.map((arg) => (types.isNativeError(arg) ? plain(arg) : arg))])
    })
  }
  socket.on('data', (more) => (data += String(more)))
  await Promise.race([new Promise((resolve) => socket.once('close', () => setImmediate(resolve))), sleep(milliseconds)])
  const { destroyed, connecting, pending, readyState, bytesRead, bytesWritten, timeout } = socket
  return { events: [...events], data, destroyed, connecting, pending, readyState, bytesRead, bytesWritten, timeout }
}

const local = { host: '127.0.0.1' }
const port = 7001
const there = { ...local, port }

/** With a server that says back what it hears, or does something else with its connections. */
async function served<Seen>(
  play: Player,
  see: (server: Server) => Promise<Seen>,
  use: (socket: Socket) => void = (socket) => socket.pipe(socket),
  options: Listening = there,
): Promise<Seen> {
  const server = await play.listen(options)
  server.on('connection', (socket) => {
    use(socket.on('error', () => undefined))
  })
  try {
    return await see(server)
  } finally {
    server.close()
  }
}

async function asked(play: Player, answer: boolean, more: object): Promise<unknown> {
  const server = createServer((request, response) => {
    if (answer) response.end(`${String(request.method)} ${String(request.url)} ${String(request.headers.host)}`)
  })
  await play.listen({ ...there, server })
  const agent = play.agent()
  try {
    return await new Promise((resolve) => {
      const request = get({ ...there, path: '/p', agent, ...more }, (response) => {
        let body = ''
        response.on('data', (data) => (body += String(data)))
        response.on('end', () => {
          resolve([response.statusCode, body])
        })
      })
      request.on('timeout', () => request.destroy())
      request.on('error', (error) => {
        resolve(plain(error))
      })
    })
  } finally {
    agent.destroy()
    server.closeAllConnections()
    server.close()
  }
}

let directory: string

const scenes: Record<string, (play: Player) => Promise<unknown>> = {
  'an echo': (play) =>
    served(play, () => {
      const socket = play.connect(there)
      socket.write('hi')
      socket.end(' there')
      return life(socket)
    }),
  'nobody listens': (play) => life(play.connect({ ...local, port: 9 })),
  'nobody listens, IPv6': (play) => life(play.connect({ host: '::1', port: 9 })),
  'no such path': (play) => life(play.connect({ path: join(directory, 'none') })),
  'a path': (play) => {
    const path = join(directory, 'socket')
    return served(
      play,
      async (server) => [server.address(), await life(play.connect({ path }))],
      (socket) => socket.end('unix'),
      { path },
    )
  },
  'a listener of its own': (play) =>
    served(play, async () => {
      let calls = 0
      const socket: Socket = play.connect(there, () => {
        calls++
        socket.end()
      })
      return [await life(socket), calls]
    }),
  'silence, by an option and by a call': (play) =>
    served(play, async () => {
      const sockets = [play.connect({ ...there, timeout: 30 }), play.connect(there).setTimeout(30)]
      const seen = await Promise.all(sockets.map((socket) => life(socket, 120)))
      for (const socket of sockets) socket.destroy()
      return seen
    }),
  'destroyed before it is connected': (play) =>
    served(play, () =>
      Promise.all([life(play.connect(there).destroy()), life(play.connect(there).destroy(new Error('why')))]),
    ),
  'aborted when it is connected': (play) =>
    served(play, () => {
      const controller = new AbortController()
      return life(
        play.connect({ ...there, signal: controller.signal }, () => {
          controller.abort()
        }),
      )
    }),
  'half open': (play) =>
    served(
      play,
      () => {
        const socket = play.connect({ ...there, allowHalfOpen: true })
        socket.end('x')
        return life(socket)
      },
      (socket) => {
        socket.on('end', () => setTimeout(() => socket.end('late'), 20)).resume()
      },
      { ...there, allowHalfOpen: true },
    ),
  'written to after its end': (play) =>
    served(play, () => {
      const socket = play.connect(there)
      socket.end()
      socket.write('x', () => undefined)
      return life(socket)
    }),
  'paused connections': (play) =>
    served(
      play,
      () => {
        const socket = play.connect(there)
        socket.write('p')
        return life(socket)
      },
      (socket) => {
        setTimeout(() => socket.on('data', (data) => socket.end(`got ${String(data)}`)).resume(), 20)
      },
      { ...there, pauseOnConnect: true },
    ),
  'a port of its own': (play) =>
    served(
      play,
      () => life(play.connect({ ...there, localAddress: '127.0.0.1', localPort: 7777 })),
      (socket) => socket.end(String(socket.remotePort)),
    ),
  'corked, and read as an iterator with an encoding': (play) =>
    served(play, async () => {
      const socket = play.connect(there).setEncoding('hex')
      socket.cork()
      socket.write('a')
      process.nextTick(() => {
        socket.uncork()
        socket.end('b')
      })
      let heard = ''
      for await (const data of socket) heard += String(data)
      return [heard, socket.bytesWritten, socket.bytesRead]
    }),
  'a lot of data': (play) =>
    served(
      play,
      async () => {
        const socket = play.connect(there)
        let size = 0
        socket.on('data', (data) => (size += data.length))
        await once(socket, 'close')
        return [size, socket.bytesRead]
      },
      (socket) => socket.end(Buffer.alloc(3_000_000)),
    ),
  'an address or port that one cannot have': async (play) =>
    served(play, () =>
      Promise.all(
        [there, { host: '10.9.9.9', port: 1 }].map((options) => play.listen(options).then(() => 'none', plain)),
      ),
    ),
  'what a server tells': (play) =>
    served(play, async (server) => {
      const socket = play.connect(there)
      await once(socket, 'connect')
      await sleep(20)
      const connections = await new Promise((resolve) => {
        server.getConnections((_, count) => {
          resolve(count)
        })
      })
      const before = [server.address(), server.listening, connections, socket.remotePort, socket.remoteFamily]
      socket.destroy()
      const closed = await new Promise((resolve) => server.close(resolve))
      const again = await new Promise((resolve) => server.close(resolve))
      return [before, server.address(), server.listening, closed, plain(again)]
    }),
  'IPv6 alone': (play) =>
    served(play, () => life(play.connect({ ...local, port: 7003 })), undefined, {
      port: 7003,
      host: '::',
      ipv6Only: true,
    }),
  'one connection at the most': (play) =>
    served(play, async (server) => {
      server.maxConnections = 1
      const dropped = once(server, 'drop')
      const first = play.connect(there)
      await once(first, 'connect')
      const second = play.connect(there).on('error', () => undefined)
      await dropped
      await once(second, 'close')
      first.destroy()
    }),
  'a request': (play) => asked(play, true, {}),
  'a request that nobody hears': (play) => asked(play, true, { port: 9 }),
  'a request that takes too long': (play) => asked(play, false, { timeout: 30 }),
  'a request that is aborted': (play) => asked(play, false, { signal: AbortSignal.timeout(30) }),
  'requests on one connection': async (play) => {
    const server = createServer((_, response) => response.end('x'))
    await play.listen({ ...there, server })
    let connections = 0
    server.on('connection', () => connections++)
    const agent = play.agent({ keepAlive: true, maxSockets: 1 })
    for (let i = 0; i < 3; i++) {
      await new Promise((resolve) => get({ ...there, agent }, (response) => response.resume().on('end', resolve)))
      await sleep(5)
    }
    const seen = [connections, Object.keys(agent.sockets), Object.keys(agent.freeSockets).length]
    agent.destroy()
    server.closeAllConnections()
    server.close()
    return seen
  },
}

const nodes: Player = {
  connect: (to, onConnect) => connect(to, onConnect),
  listen: ({ server, ...options }) =>
    new Promise((resolve, reject) => {
      const listening = server ?? createNetServer(options)
      listening.once('error', reject).listen(options, () => {
        resolve(listening.off('error', reject))
      })
    }),
  agent: (options) => new Agent(options),
}

function ours(ns: NetNs): Player {
  return {
    connect: (to, onConnect) => ns.createConnection(to, onConnect),
    listen: (options) => ns.listen(options),
    agent: (options) => ns.agent(options),
  }
}

describe('as Node has it', () => {
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'like-node-'))
  })
  afterAll(() => {
    rmSync(directory, { recursive: true })
  })

  test.each(Object.entries(scenes))('%s', async (_, scene) => {
    await using red = await withLoopback()
    const expected = await scene(nodes)
    expect(await scene(ours(red))).toEqual(expected)
  })
})
