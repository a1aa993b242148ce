// A scene for tests of the router agent: a switch, clients on it, a namespace that is the outside.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NetNs } from 'netloom'
import { RouterAgent, type RouterAgentOptions, type RouterGateway, type RouterRepairEvent } from '../../lib/index'
import { fresh, uniqueName } from '../../../../test/support/namespaces'
import { withoutDad } from '../../../../test/support/rollback'

/** Everything that a test of the agent needs; it goes with it. */
export class Scene implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'netloom-router-'))
  readonly host: NetNs
  readonly repairs: RouterRepairEvent[] = []
  readonly errors: Error[] = []
  readonly #agents: RouterAgent[] = []
  readonly #clients: NetNs[] = []

  private constructor(host: NetNs) {
    this.host = host
  }

  static async make(): Promise<Scene> {
    const scene = new Scene(await fresh('switch'))
    withoutDad(scene.host)
    return scene
  }

  get stateDir(): string {
    return join(this.directory, 'state')
  }

  /** The id of a router that nobody else has: its namespace is called after it. */
  id(word = 'r'): string {
    return uniqueName(word)
  }

  async agent(options: Partial<RouterAgentOptions> = {}): Promise<RouterAgent> {
    // The bridges of its networks are there, with the clients on them.
    const base = { stateDir: this.stateDir, plug: 'bridge', netns: this.host, adopt: true } as const
    const agent = await RouterAgent.start({ ...base, ...options })
    agent.on('repair', (event) => this.repairs.push(event))
    agent.on('error', (error) => this.errors.push(error))
    this.#agents.push(agent)
    return agent
  }

  /** The bridge of a network. */
  async bridge(network: string): Promise<string> {
    const name = `brq${network}`
    if ((await this.host.links.find(name)) === undefined) await this.host.links.add({ kind: 'bridge', name, up: true })
    return name
  }

  /** A namespace on no network yet. */
  async unplugged(): Promise<NetNs> {
    const ns = await fresh('client')
    this.#clients.push(ns)
    withoutDad(ns)
    await ns.links.set('lo', { up: true })
    return ns
  }

  /** A namespace with eth0 on a network, an address, and a default route. */
  async client(network: string, address: string, via?: string): Promise<NetNs> {
    const ns = await this.unplugged()
    const peer = { netns: ns, name: 'eth0', up: true, numTxQueues: 1, numRxQueues: 1 }
    const master = await this.bridge(network)
    await this.host.links.add({ kind: 'veth', name: `c${this.#clients.length}`, master, up: true, peer })
    await ns.addresses.add({ dev: 'eth0', address })
    if (via !== undefined) await ns.routes.add({ dst: 'default', via })
    return ns
  }

  /** The outside: 203.0.113.1, and 198.51.100.1 behind it. */
  async outside(): Promise<NetNs> {
    const ns = await this.client('outside', '203.0.113.1/24')
    await ns.addresses.add({ dev: 'lo', address: '198.51.100.1/32' })
    return ns
  }

  /** A gateway to it. */
  gateway(id: string, address = '203.0.113.2'): RouterGateway {
    return { id, network: 'outside', addresses: [`${address}/24`], nexthops: ['203.0.113.1'] }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents) await agent.close()
    // Whatever has become of the test: nothing of it stays.
    const last = await RouterAgent.start({ stateDir: this.stateDir, plug: 'bridge', netns: this.host })
    last.on('error', () => undefined)
    await last.sync({ routers: [] })
    await last.close()
    for (const client of this.#clients) await client.delete({ force: true })
    await this.host.delete({ force: true })
    rmSync(this.directory, { recursive: true, force: true })
  }
}

/** Who asks: a server that answers each connection with the address that it comes from. */
export async function whoAsks(ns: NetNs, host: string, port = 80): Promise<AsyncDisposable> {
  const server = await ns.listen({ host, port })
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    socket.end(socket.remoteAddress ?? '')
  })
  return {
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What such a server says; or the code of what went wrong. */
export async function ask(ns: NetNs, host: string, port = 80): Promise<string> {
  try {
    const socket = await ns.connect({ host, port, timeout: 1000 })
    let said = ''
    for await (const data of socket) said += String(data)
    return said
  } catch (error) {
    return (error as { code?: string }).code ?? String(error)
  }
}
