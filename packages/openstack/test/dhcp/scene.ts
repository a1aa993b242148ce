// A scene for tests of the DHCP agent: a directory, a namespace with the switch, clients, and what happened.
import { execFile, type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DhcpAgent, type DhcpAgentOptions, type DhcpAgentEvents } from '../../lib/index'
import { type NetNs } from 'netloom'
import { fresh, uniqueName } from '../../../../test/support/namespaces'
import { withoutDad } from '../../../../test/support/rollback'
import { patience, until } from '../../../../test/support/patience'

export { until }

// libuv keeps what it watches files with until the process ends; it shall not look like something that a test has left.
watch(tmpdir(), () => undefined).close()

/** Runs a program inside a namespace and gives what it says on standard output. */
export function runIn(ns: NetNs, program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    ns.run(() =>
      execFile(program, args, { timeout: patience }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout)
        else reject(new Error(`${program} ${args.join(' ')}: ${error.message}\n${stdout}${stderr}`))
      }),
    )
  })
}

/** What a client was given: the variables of its script. */
export type Given = Record<string, string>

function variables(text: string): Given {
  return Object.fromEntries([...text.matchAll(/^([a-z]\w*)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
}

/** One event of an agent. */
export interface Happened {
  readonly name: keyof DhcpAgentEvents
  readonly event: { readonly network?: string; readonly [more: string]: unknown }
}

/** Everything that a test of the agent needs; it goes with it. */
export class Scene implements AsyncDisposable {
  readonly directory = mkdtempSync('/dev/shm/netloom-dhcp-') // dnsmasq waits for the disk at each lease
  readonly host: NetNs
  readonly happened: Happened[] = []
  readonly #agents: DhcpAgent[] = []
  readonly #clients: NetNs[] = []
  readonly #children: ChildProcess[] = []

  private constructor(host: NetNs) {
    this.host = host
  }

  static async make(): Promise<Scene> {
    return new Scene(await fresh('switch'))
  }

  /** The agents that were started. */
  get agents(): readonly DhcpAgent[] {
    return this.#agents
  }

  get stateDir(): string {
    return join(this.directory, 'state')
  }

  /** The id of a network that nobody else has. */
  id(word = 'net'): string {
    return uniqueName(word)
  }

  /** Starts an agent, whose events are written down. */
  async agent(options: Partial<DhcpAgentOptions> = {}): Promise<DhcpAgent> {
    const base = { stateDir: this.stateDir, plug: 'bridge', netns: this.host, checkMs: 100 } as const
    const agent = await DhcpAgent.start({ ...base, ...options })
    for (const name of ['lease', 'release', 'restart', 'repair', 'error'] as const) {
      agent.on(name, (event: object) => this.happened.push({ name, event: event as Happened['event'] }))
    }
    this.#agents.push(agent)
    return agent
  }

  /** The events of one name. */
  events(name: keyof DhcpAgentEvents): Happened['event'][] {
    return this.happened.filter((one) => one.name === name).map(({ event }) => event)
  }

  /** A file of a network. */
  read(id: string, file: string): string {
    return readFileSync(join(this.stateDir, id, file), 'utf8')
  }

  /** A namespace with eth0, whose other end is in that of the switch: a port of a bridge, if there is one. */
  async client(
    bridge: string | undefined,
    mac: string,
    name = `c${this.#clients.length + 1}-${mac.slice(-2)}`,
  ): Promise<NetNs> {
    const ns = await fresh('client')
    this.#clients.push(ns)
    withoutDad(ns)
    await ns.links.set('lo', { up: true })
    const peer = { netns: ns, name: 'eth0', mac, up: true, numTxQueues: 1, numRxQueues: 1 }
    await this.host.links.add({ kind: 'veth', name, master: bridge, up: true, peer })
    return ns
  }

  /** Lets busybox's client get a lease; gives what it was told, or undefined if it got none. */
  async udhcpc(client: NetNs, ...more: string[]): Promise<Given | undefined> {
    const patience = ['-t', '4', '-T', '1']
    const asked = ['mtu', 'staticroutes', 'search', 'ntpsrv', 'tftp', 'bootfile', 'msstaticroutes'].flatMap((one) => [
      '-O',
      one,
    ])
    const script = join(__dirname, 'fixtures', 'udhcpc.sh')
    const args = ['udhcpc', '-i', 'eth0', '-f', '-q', '-n', ...patience, '-A', '0', ...asked, '-s', script]
    try {
      return variables(await runIn(client, 'busybox', ...args, ...more))
    } catch (error) {
      if (String(error).includes('no lease, failing')) return undefined
      throw error
    }
  }

  /** Lets ISC's client get a lease, in the foreground; it is ended when it has told what it was given. */
  async dhclient(client: NetNs, ...more: string[]): Promise<Given> {
    const run = this.#children.length
    const file = (name: string): string => join(this.directory, `${run}.${name}`)
    const script = join(__dirname, 'fixtures', 'dhclient.sh')
    const files = ['-lf', file('lease'), '-pf', file('pid'), '-cf', join(__dirname, 'fixtures', 'dhclient.conf')]
    const args = ['-1', '-d', ...files, '-sf', script, '-e', `TOLD=${file('told')}`, ...more, 'eth0']
    const child = client.run(() => spawn('dhclient', args, { stdio: 'ignore' }))
    this.#children.push(child)
    const told = (): string => {
      try {
        return readFileSync(file('told'), 'utf8')
      } catch {
        return ''
      }
    }
    await until(() => told().includes('reason=END'), `dhclient ${more.join(' ')} is told something`)
    await this.#end(child)
    return variables(told())
  }

  async #end(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) await this.#end(child)
    for (const agent of this.#agents) await agent.close()
    // Whatever has become of the test: nothing of it stays.
    const last = await DhcpAgent.start({ stateDir: this.stateDir, plug: 'bridge', netns: this.host })
    last.on('error', () => undefined)
    await last.sync({ networks: [] })
    await last.close()
    for (const client of this.#clients) await client.delete({ force: true })
    await this.host.delete({ force: true })
    rmSync(this.directory, { recursive: true, force: true })
  }
}
