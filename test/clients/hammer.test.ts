// Sixteen namespaces with the same addresses, and many users of all of them at once: nobody meets a stranger, nothing
// fails that should not, and no thread ends up abroad. NETLOOM_HAMMER=60 lets it last for a minute.
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { type Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { NetNs } from '../../lib/index'
import { etcOf } from '../names/etc'
import { records, serveNames } from '../names/server'
import { settledSocketCount, socketCount } from '../sockets/count'
import { uniqueName } from '../support/namespaces'
import { serve } from './arrange'

const seconds = Number(process.env.NETLOOM_HAMMER ?? 3)
const [namespaces, users] = [16, 32]

/** What ends in reverse order; Node 20 has no AsyncDisposableStack. */
class Ending implements AsyncDisposable {
  readonly #ends: (() => unknown)[] = []

  defer(end: () => unknown): void {
    this.#ends.push(end)
  }

  use<Resource extends Disposable | AsyncDisposable>(resource: Resource): Resource {
    this.defer(async () => {
      if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]()
      else resource[Symbol.dispose]()
    })
    return resource
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const end of this.#ends.reverse()) await end()
  }
}

/** The namespaces of all threads of this process. */
function whereabouts(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) => {
    try {
      return [readlinkSync(`/proc/self/task/${task}/ns/net`)]
    } catch {
      return [] // it has ended
    }
  })
}

/** A namespace with servers that tell everybody their own word, and note strangers. */
async function populate(stack: Ending, n: number, strangers: string[]): Promise<Site> {
  const word = `site${n}`
  const ns = stack.use(await NetNs.create(uniqueName('hammer'), { ephemeral: true }))
  await ns.links.set('lo', { up: true })
  stack.use(etcOf(ns, { 'resolv.conf': 'nameserver 127.0.0.1\n', hosts: '127.0.0.1 web.internal\n' }))
  const meet = (said: string): string => {
    if (said !== word) strangers.push(`${said} at ${word}`)
    return word
  }
  const talk = (peer: Socket): void => {
    peer.on('error', () => undefined)
    peer.once('data', (data) => peer.end(meet(String(data))))
  }
  stack.use(await serve(ns, { host: '127.0.0.1', port: 7 })).on('connection', talk)
  stack.use(await serve(ns, { path: '\0seven' })).on('connection', talk)
  const web = createServer((asked, answer) => answer.end(meet(String(asked.headers['x-from']))))
  stack.use(await serve(ns, { host: '127.0.0.1', port: 80, server: web }))
  const address = `10.0.0.${n + 1}`
  stack.use(await serveNames(ns, '127.0.0.1', (name, type) => (type === 'A' ? records(name, 'A', address) : [])))
  const datagrams = await ns.createSocket('udp4')
  datagrams.bind(7, '127.0.0.1')
  await once(datagrams, 'listening')
  datagrams.on('message', (data, from) => {
    datagrams.send(meet(String(data)), from.port, from.address)
  })
  const agent = ns.agent({ keepAlive: true, maxSockets: 8 })
  stack.defer(async () => {
    agent.destroy()
    const closed = once(datagrams, 'close')
    datagrams.close()
    await closed
  })
  return { ns, word, address, agents: [agent, ns.agent()] }
}

interface Site {
  readonly ns: NetNs
  readonly word: string
  readonly address: string
  readonly agents: readonly [Agent, Agent]
}

async function exchange(socket: Socket, word: string): Promise<string> {
  socket.write(word)
  return text(socket)
}

async function ask({ word }: Site, agent: Agent, host: string): Promise<string> {
  const [response] = (await once(get(`http://${host}/`, { agent, headers: { 'x-from': word } }), 'response')) as [
    IncomingMessage,
  ]
  return text(response)
}

async function overUdp({ ns, word }: Site): Promise<string> {
  const socket = await ns.createSocket('udp4')
  const closed = once(socket, 'close')
  try {
    socket.send(word, 7, '127.0.0.1')
    const [data] = (await once(socket, 'message')) as [Buffer]
    return String(data)
  } finally {
    socket.close()
    await closed
  }
}

/** Everything that a user does; each gives the word of the site that it met. */
const deeds: readonly ((site: Site) => Promise<string>)[] = [
  async (site) => exchange(await site.ns.connect({ host: '127.0.0.1', port: 7 }), site.word),
  async (site) => exchange(await site.ns.connect({ path: '\0seven' }), site.word),
  (site) => exchange(site.ns.createConnection(7, 'web.internal'), site.word),
  overUdp,
  (site) => ask(site, site.agents[0], '127.0.0.1'),
  (site) => ask(site, site.agents[0], 'web.internal'),
  (site) => ask(site, site.agents[1], '127.0.0.1'),
  async ({ ns, word, address }) => {
    const found = await ns.lookup(`any${Math.random()}.test`, 4)
    return found.address === address ? word : `an address of ${found.address}`
  },
]

test(
  'many users of many namespaces with the same addresses meet only their own servers',
  async () => {
    const before = socketCount()
    const home = readlinkSync('/proc/self/ns/net')
    const strangers: string[] = []
    const done = deeds.map(() => 0)
    {
      await using stack = new Ending()
      const sites = await Promise.all(Array.from({ length: namespaces }, (_, n) => populate(stack, n, strangers)))
      const until = performance.now() + 1000 * seconds
      const use = async (user: number): Promise<void> => {
        for (let turn = user; performance.now() < until; turn++) {
          const site = sites[Math.floor(Math.random() * namespaces)]!
          const deed = turn % deeds.length
          const met = await deeds[deed]!(site)
          if (met !== site.word) strangers.push(`${site.word} met ${met}`)
          done[deed]! += 1
        }
      }
      await Promise.all(Array.from({ length: users }, (_, user) => use(user)))
    }
    expect(strangers).toEqual([])
    expect(Math.min(...done)).toBeGreaterThan(20)
    expect([...new Set(whereabouts())]).toEqual([home])
    expect(await settledSocketCount(before)).toBe(before)
  },
  1000 * seconds + 30_000,
)
