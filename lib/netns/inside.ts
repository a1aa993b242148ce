// Inside: what one does inside a network namespace, whose handle is open.
import type { RemoteInfo, Socket as DatagramSocket, SocketType } from 'node:dgram'
import type { Agent, AgentOptions } from 'node:http'
import type { Agent as SecureAgent, AgentOptions as SecureAgentOptions } from 'node:https'
import type { Server, Socket } from 'node:net'
import type { Worker, WorkerOptions } from 'node:worker_threads'
import { createConnection, type CreateConnection } from '../clients/client_socket'
import { connect } from '../clients/connect'
import { dispatcherOf, type DispatcherOptions, type FetchDispatcher, type UndiciModule } from '../clients/dispatcher'
import type { NetnsWithLookup } from '../clients/establish'
import { listen } from '../clients/listen'
import type { NameLookup } from '../names/lookup'
import type { CallOptions } from '../native/jobs'
import { handleOf } from '../native/netns_handle'
import { killInside, pidsInside, workerInside } from '../processes/inside'
import { processesOf, type Processes } from '../processes/processes'
import type { Exec, ExecFile, ExecFileSync, ExecSync, Fork, Spawn, SpawnSync } from '../processes/types'
import { connectOutside, type Outside, type OutsideOptions } from '../rootless/outside'
import type { ConnectOptions } from '../sockets/connection'
import { createSocket, type DatagramOptions } from '../sockets/datagram'
import type { ListenOptions } from '../sockets/server'
import { open as openPackets, type Packets } from '../packets/packets'
import type { PacketsOptions } from '../packets/options'
import { Ping, type PingOptions } from '../packets/ping'
import { agents, lookups, resolvers } from './on_first_use'
import { runSynchronously } from './run'
import { View } from './view'

/** What lives inside a network namespace and what one does there; the part of `NetNs` that is the same however it came about. */
export abstract class Inside extends View {
  #lookup: NameLookup | undefined
  #processes: Processes | undefined

  /**
   * Runs a synchronous function with this thread inside the namespace, and returns what it returns. Nothing that happens
   * later (a callback, what follows an `await`) is inside; so a function that returns a promise is refused. What libuv's
   * pool does (`fs`, `dns`) is never inside.
   * @throws TypeError if the function is asynchronous; NetloomError if the thread cannot enter.
   * @example
   * const interfaces = red.run(() => os.networkInterfaces())
   */
  run<Result>(inside: () => Result): Result {
    return runSynchronously(this[handleOf], inside)
  }

  /**
   * A server in the namespace, TCP or Unix: Node's own, listening.
   * @throws TypeError, RangeError for a wrong option; NetloomError (`EADDRINUSE`, `EADDRNOTAVAIL` …).
   * @example
   * const server = await red.listen({ host: '10.0.0.1', port: 80 })
   * server.on('connection', (socket) => socket.end('hello'))
   */
  async listen<Given extends Server>(options: ListenOptions & { server: Given }): Promise<Given>
  async listen(options?: ListenOptions): Promise<Server>
  async listen(options?: ListenOptions): Promise<Server> {
    return listen(this.#place, options)
  }

  /**
   * A connection from the namespace, TCP or Unix: Node's own socket, connected.
   * @throws TypeError, RangeError for a wrong option; the errors of Node's sockets (`ECONNREFUSED` …), with `netns`;
   *   AbortError.
   * @example
   * const socket = await red.connect({ host: '10.0.0.2', port: 80, timeout: 1000 })
   */
  async connect(options: ConnectOptions): Promise<Socket> {
    return connect(this.#place, options)
  }

  /**
   * Node's `net.createConnection` from the namespace: a socket that is connected later, for libraries that want to have it
   * before. Without arguments it is not connected until its `connect` is called. Needs no `this`: hand it on.
   * @example
   * const client = new pg.Client({ host: 'db', stream: () => red.createConnection() })
   * const socket = new WebSocket('ws://10.0.0.2/', { createConnection: red.createConnection })
   */
  get createConnection(): CreateConnection {
    const place = this.#place
    return (...args: readonly unknown[]) => createConnection(place, ...args)
  }

  /**
   * Node's `dns.lookup` for the namespace; gives a promise where no callback is given. It reads `/etc/netns/NAME/hosts` and
   * `/etc/netns/NAME/resolv.conf`, or the host's where there are none, and asks name servers from the namespace. Needs no
   * `this`: hand it on as the option `lookup`.
   * @throws TypeError for a wrong option. NetloomError as Node's: `ENOTFOUND`, `EAI_AGAIN` (no server that helps).
   * @example
   * const { address } = await red.lookup('db.internal')
   * const addresses = await red.lookup('web.internal', { all: true })
   */
  get lookup(): NameLookup {
    return (this.#lookup ??= this.#lookUp())
  }

  /**
   * An `http.Agent` whose connections begin in the namespace, with the options and defaults of Node's.
   * @example
   * http.get('http://web.internal/', { agent: red.agent({ keepAlive: true }) }, (response) => response.pipe(process.stdout))
   */
  agent(options?: AgentOptions): Agent {
    return agents().agentOf(this.#place, options)
  }

  /**
   * An `https.Agent` whose connections begin in the namespace, with the options and defaults of Node's.
   * @example
   * https.get('https://web.internal/', { agent: red.httpsAgent({ ca }) }, (response) => response.pipe(process.stdout))
   */
  httpsAgent(options?: SecureAgentOptions): SecureAgent {
    return agents().secureAgentOf(this.#place, options)
  }

  /**
   * A dispatcher of undici whose connections begin in the namespace, for `fetch` of Node and of undici: an `Agent` of the
   * undici that the program has installed, or of the one that is given.
   * @throws NetloomError `ERR_NETLOOM_NO_UNDICI` if there is none; TypeError for a wrong option.
   * @example
   * const response = await fetch('http://web.internal/', { dispatcher: red.dispatcher() })
   */
  dispatcher<Module extends UndiciModule>(
    options: DispatcherOptions & { undici: Module },
  ): InstanceType<Module['Agent']>
  dispatcher(options?: DispatcherOptions): FetchDispatcher
  dispatcher(options?: DispatcherOptions): object {
    return dispatcherOf(this.#place, options)
  }

  get #place(): NetnsWithLookup {
    return { netns: this[handleOf], lookup: this.lookup }
  }

  #lookUp(): NameLookup {
    const { Resolver } = resolvers()
    return lookups().lookupOf(new Resolver(this[handleOf], this.name), () => this.#families())
  }

  /** The families of which it has addresses that others reach (what `dns.ADDRCONFIG` asks for). */
  async #families(): Promise<ReadonlySet<4 | 6>> {
    const addresses = await this.addresses.list()
    const others = addresses.filter(({ address }) => !/^(127\.|::1\/)/.test(address))
    return new Set(others.map(({ family }) => (family === 'ipv4' ? 4 : 6)))
  }

  /**
   * Connects the namespace to the network outside, as far as this user may use it, by a program that forwards: slirp4netns or
   * pasta, which has to be installed. Needs no privilege. A device with an address, a default route and the host’s way out
   * are there when this resolves; nothing from outside can reach in.
   * @throws NetloomError: `ERR_NETLOOM_NOT_INSTALLED`; `ERR_NETLOOM_OUTSIDE_FAILED` with what the program said, which has
   *   left nothing; AbortError.
   * @example
   * await using outside = await ns.connectOutside()
   * const socket = await ns.connect({ host: '93.184.215.14', port: 80 })
   */
  async connectOutside(options?: OutsideOptions): Promise<Outside> {
    return connectOutside(this[handleOf], options)
  }

  /**
   * A UDP socket in the namespace: Node's own, not bound yet. It stays there: also where it is bound, joins a multicast
   * group or sends later.
   * @param onMessage - Listens to `message`.
   * @throws TypeError, RangeError for a wrong option; NetloomError (`EMFILE` …).
   * @example
   * const socket = await red.createSocket('udp4')
   * socket.bind(53, '10.0.0.1')
   */
  async createSocket(
    type: SocketType | DatagramOptions,
    onMessage?: (message: Buffer, from: RemoteInfo) => void,
  ): Promise<DatagramSocket> {
    return createSocket(this.#place, type, onMessage)
  }

  get #children(): Processes {
    return (this.#processes ??= processesOf(this[handleOf], this.name))
  }

  /**
   * Starts a process that is born in the namespace: `child_process.spawn`, with all its options, and more namespaces if
   * they are asked for. Like all of these it needs no `this`: `const { spawn } = red`.
   * @throws what Node's throws, with `netns`; a step on the way, such as `setns` or `mount`, is the error's `syscall`.
   * @example
   * const child = red.spawn('ping', ['-c', '1', '10.0.0.1'], { stdio: 'inherit', pid: true, dieWithParent: true })
   */
  get spawn(): Spawn {
    return this.#children.spawn
  }

  /**
   * Runs a command by a shell in the namespace: `child_process.exec`.
   * @example
   * const { stdout } = await promisify(red.exec)('ip -br link | wc -l')
   */
  get exec(): Exec {
    return this.#children.exec
  }

  /**
   * Runs a program in the namespace, without a shell: `child_process.execFile`.
   * @example
   * const { stdout } = await promisify(red.execFile)('ip', ['-j', 'address'])
   */
  get execFile(): ExecFile {
    return this.#children.execFile
  }

  /**
   * Starts another Node.js in the namespace, with a channel for messages: `child_process.fork`.
   * @example
   * const child = red.fork('./server.js')
   */
  get fork(): Fork {
    return this.#children.fork
  }

  /**
   * `child_process.spawnSync` in the namespace.
   * @example
   * const { status } = red.spawnSync('ping', ['-c', '1', '10.0.0.1'])
   */
  get spawnSync(): SpawnSync {
    return this.#children.spawnSync
  }

  /**
   * `child_process.execSync` in the namespace.
   * @example
   * const links = red.execSync('ip -br link', { encoding: 'utf8' })
   */
  get execSync(): ExecSync {
    return this.#children.execSync
  }

  /**
   * `child_process.execFileSync` in the namespace.
   * @example
   * const links = red.execFileSync('ip', ['-br', 'link'], { encoding: 'utf8' })
   */
  get execFileSync(): ExecFileSync {
    return this.#children.execFileSync
  }

  /**
   * The processes in it, as `ip netns pids` has them: those whose main thread is, and that this process may look at.
   * @example
   * console.log(await red.pids())
   */
  async pids(options?: CallOptions): Promise<number[]> {
    return pidsInside(this[handleOf], options)
  }

  /**
   * Sends a signal to the processes in it, and to those that they start meanwhile; tells which got it. Never to a number
   * that stands for another process by now (pidfd_open(2)).
   * @param signal - Default: `SIGTERM`.
   * @throws NetloomError: `ERR_NETLOOM_OWN_PROCESS`, and nobody gets it, if this process is one of them; `EPERM`.
   * @example
   * await red.kill('SIGKILL')
   */
  async kill(signal?: NodeJS.Signals | number, options?: CallOptions): Promise<number[]> {
    return killInside(this[handleOf], signal, options)
  }

  /**
   * A Worker whose thread is in the namespace for all its life, with Node's own options: any library works there
   * unchanged. What libuv's pool does (`fs`, `dns.lookup`) is not inside.
   * @throws what `new Worker` throws; NetloomError if the thread cannot enter.
   * @example
   * const worker = red.worker('./server.js', { workerData: { port: 80 } })
   */
  worker(file: string | URL, options?: WorkerOptions): Worker {
    return workerInside(this[handleOf], file, options)
  }

  /**
   * Pings an address from the namespace (ICMP echo): awaited, it gives a summary; in a loop, each answer, error and
   * timeout when it comes. No answer is no error of the call. It takes no privilege where net.ipv4.ping_group_range of the
   * namespace allows it, else CAP_NET_RAW.
   * @param address - An address, no name; a link-local one with its zone, a device of the namespace: `fe80::1%eth0`.
   * @throws TypeError, RangeError for a wrong option. Once it runs: NetloomError (`ENETUNREACH` and the like, if the first
   *   request cannot be sent; `EACCES`, `EPERM`, `ENODEV`, `EADDRNOTAVAIL`); AbortError.
   * @example
   * const { received, average } = await red.ping('10.0.0.2', { count: 3 })
   * for await (const event of red.ping('10.0.0.2')) if (event.type === 'reply') console.log(event.time)
   */
  ping(address: string, options?: PingOptions): Ping {
    return new Ping(this[handleOf], address, options)
  }

  /**
   * Opens a packet socket in the namespace: the packets that pass its devices, to be read, sent, or captured to a file.
   * @throws TypeError, RangeError for a wrong option; NetloomError: `EPERM` (CAP_NET_RAW is missing), `ENODEV`,
   *   `ENETDOWN`.
   * @example
   * await using packets = await red.packets({ dev: 'eth0' })
   * await packets.capture('eth0.pcap', { count: 100 })
   */
  async packets(options?: PacketsOptions): Promise<Packets> {
    return openPackets(this[handleOf], options)
  }
}
