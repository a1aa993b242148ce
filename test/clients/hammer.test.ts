// Sixteen namespaces with the same addresses, and many users of all that one can do in them at once: nobody meets a stranger,
// nothing fails that should not, and no thread ends up abroad. NETLOOM_HAMMER=60 lets it last for a minute.
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { type Agent, createServer, get, type IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
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
  const word = `site${n}.`
  const ns = stack.use(await NetNs.create(uniqueName('hammer'), { ephemeral: true }))
  await ns.links.set('lo', { up: true })
  await ns.links.add({ kind: 'ifb', name: `only${n}` })
  await ns.addresses.add({ dev: 'lo', address: `10.0.0.${n + 1}/32` })
  await ns.sysctl.set('net.ipv4.ip_default_ttl', 100 + n)
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
  stack.use(await serve(ns, { host: '127.0.0.1', port: 1000 + n }))
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
  return { ns, n, word, address, agents: [agent, ns.agent()] }
}

interface Site {
  readonly ns: NetNs
  readonly n: number
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

async function frames({ ns, word }: Site): Promise<string> {
  await using packets = await ns.packets({ dev: 'lo' })
  const socket = await ns.createSocket('udp4')
  const closed = once(socket, 'close')
  socket.on('error', () => undefined) // nobody listens there
  socket.send(word, 9, '127.0.0.1')
  let met = ''
  for await (const { data } of packets) {
    met = /site\d+\./.exec(Buffer.from(data).toString('latin1'))?.[0] ?? ''
    if (met !== '') break
  }
  socket.close()
  await closed
  return met === '' ? 'nobody' : met
}

/** Whether what was seen is of the site. */
const told = ({ word }: Site, itIs: boolean, seen: unknown): string => (itIs ? word : `something else: ${String(seen)}`)

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
  async (site) => {
    const { received } = await site.ns.ping(site.address, { count: 1, timeout: 5000 })
    return told(site, received === 1, received)
  },
  async (site) => {
    const ttl = await site.ns.sysctl.get('net.ipv4.ip_default_ttl')
    return told(site, ttl === 100 + site.n, ttl)
  },
  async (site) => {
    const devices = String(await site.ns.readFile('/proc/net/dev')).match(/only\d+/g)
    return told(site, devices?.join() === `only${site.n}`, devices)
  },
  async (site) => {
    const listening = await site.ns.sockets({ protocol: 'tcp', state: 'listen' })
    const own = listening.map(({ localPort }) => localPort).filter((port) => port >= 1000)
    return told(site, own.join() === String(1000 + site.n), own)
  },
  frames,
]

/** What takes longer. */
const labors: readonly ((site: Site) => Promise<string>)[] = [
  async (site) => {
    const { stdout } = await promisify(site.ns.execFile)('readlink', ['/proc/self/ns/net'])
    return told(site, stdout.trim() === `net:[${site.ns.identity.inode}]`, stdout)
  },
  async (site) => {
    const source = `require('worker_threads').parentPort.postMessage(require('fs').readlinkSync('/proc/thread-self/ns/net'))`
    const worker = site.ns.worker(source, { eval: true })
    const [[seen]] = (await Promise.all([once(worker, 'message'), once(worker, 'exit')])) as [[string], unknown]
    return told(site, seen === `net:[${site.ns.identity.inode}]`, seen)
  },
  async (site) => {
    await using tap = await site.ns.taps.create({ up: true })
    return told(site, (await site.ns.links.get(tap.name)).up, tap.name)
  },
]

test(
  'many users of many namespaces with the same addresses meet only their own servers',
  async () => {
    const before = socketCount()
    const home = readlinkSync('/proc/self/ns/net')
    const strangers: string[] = []
    const done = deeds.map(() => 0)
    const labored = labors.map(() => 0)
    {
      await using stack = new Ending()
      const sites = await Promise.all(Array.from({ length: namespaces }, (_, n) => populate(stack, n, strangers)))
      const until = performance.now() + 1000 * seconds
      const use = async (user: number, what: typeof deeds, counts: number[], least: number): Promise<void> => {
        // On a machine that is busy with something else, until each has been done often enough.
        for (let turn = user; performance.now() < until || Math.min(...counts) < least; turn++) {
          const site = sites[Math.floor(Math.random() * namespaces)]!
          const deed = turn % what.length
          const met = await what[deed]!(site)
          if (met !== site.word) strangers.push(`${site.word} met ${met}`)
          counts[deed]! += 1
        }
      }
      await Promise.all(
        Array.from({ length: users }, (_, user) =>
          user < labors.length ? use(user, labors, labored, 3) : use(user, deeds, done, 21),
        ),
      )
    }
    expect(strangers).toEqual([])
    expect(Math.min(...done, ...labored)).toBeGreaterThan(2)
    expect([...new Set(whereabouts())]).toEqual([home])
    expect(await settledSocketCount(before)).toBe(before)
  },
  1000 * seconds + 120_000,
)
