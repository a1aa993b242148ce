// Inside: what one does inside a network namespace, whose handle is open.
import { types } from 'node:util'
import type { RemoteInfo, Socket as DatagramSocket, SocketType } from 'node:dgram'
import type { Server, Socket } from 'node:net'
import { handleOf, type NetnsHandle, type NetnsTarget } from '../native/netns_handle'
import type { CallOptions } from '../native/jobs'
import { runInside } from '../native/netns_jobs'
import { destroySockets, listSockets, type DestroyedSockets, type SocketInfo } from '../diag/sockets'
import type { InetSocketInfo } from '../diag/inet'
import type { SocketProtocol, SocketsOptions } from '../diag/options'
import { Addresses } from '../route/addresses'
import { Links } from '../route/links'
import { Neighbors } from '../route/neighbors'
import { Routes } from '../route/routes'
import { Rules } from '../route/rules'
import { connect, type ConnectOptions } from '../sockets/connection'
import { createSocket, type DatagramOptions } from '../sockets/datagram'
import { listen, type ListenOptions } from '../sockets/server'
import { open as openPackets, type Packets } from '../packets/packets'
import type { PacketsOptions } from '../packets/options'
import { Ping, type PingOptions } from '../packets/ping'
import { Taps } from '../taps/taps'
import { wrongType } from '../wire/invalid'

/** What lives inside a network namespace and what one does there; the part of `NetNs` that is the same however it came about. */
export abstract class Inside implements NetnsTarget {
  /** @internal */
  readonly [handleOf]: NetnsHandle
  /** Its network devices. */
  readonly links: Links
  /** The IP addresses of its devices. */
  readonly addresses: Addresses
  /** Its routes. */
  readonly routes: Routes
  /** Its neighbor tables (ARP, NDP). */
  readonly neighbors: Neighbors
  /** Its routing policy rules. */
  readonly rules: Rules
  #taps: Taps | undefined

  /** @internal */
  protected constructor(handle: NetnsHandle) {
    this[handleOf] = handle
    this.links = new Links(handle)
    this.addresses = new Addresses(handle)
    this.routes = new Routes(handle)
    this.neighbors = new Neighbors(handle)
    this.rules = new Rules(handle)
  }

  /** Its TUN and TAP devices, as streams of packets. */
  get taps(): Taps {
    return (this.#taps ??= new Taps(this[handleOf]))
  }

  /**
   * Runs a synchronous function with this thread inside the namespace, and returns what it returns. Nothing that happens
   * later (a callback, what follows an `await`) is inside; so a function that returns a promise is refused. What libuv's
   * pool does (`fs`, `dns`) is never inside.
   * @throws TypeError if the function is asynchronous; NetloomError if the thread cannot enter.
   * @example
   * const interfaces = red.run(() => os.networkInterfaces())
   */
  run<Result>(inside: () => Result): Result {
    if (typeof inside !== 'function') throw wrongType('fn', 'a function', inside)
    if (types.isAsyncFunction(inside) || types.isGeneratorFunction(inside)) throw asynchronous()
    const result = runInside('NetNs.run', this[handleOf], inside)
    if (typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function') {
      // It is refused, so nobody else will handle its failure.
      void Promise.resolve(result).catch(() => undefined)
      throw asynchronous()
    }
    return result
  }

  /**
   * A server in the namespace, TCP or Unix: Node's own, listening.
   * @throws TypeError, RangeError for a wrong option; NetloomError (`EADDRINUSE`, `EADDRNOTAVAIL` …).
   * @example
   * const server = await red.listen({ host: '10.0.0.1', port: 80 })
   * server.on('connection', (socket) => socket.end('hello'))
   */
  async listen(options?: ListenOptions): Promise<Server> {
    return listen(this[handleOf], options)
  }

  /**
   * A connection from the namespace, TCP or Unix: Node's own socket, connected.
   * @throws TypeError, RangeError for a wrong option; the errors of Node's sockets (`ECONNREFUSED` …), with `netns`;
   *   AbortError.
   * @example
   * const socket = await red.connect({ host: '10.0.0.2', port: 80, timeout: 1000 })
   */
  async connect(options: ConnectOptions): Promise<Socket> {
    return connect(this[handleOf], options)
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
    return createSocket(this[handleOf], type, onMessage)
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

  /**
   * Lists the sockets in the namespace, whoever has them: what `ss` shows. The kernel filters (sock_diag(7)).
   * @throws TypeError, RangeError for a wrong option; NetloomError: `ENODEV`, `EPROTONOSUPPORT` for a kind that this kernel
   *   does not list; NetlinkError: `EPERM` (`mark` takes CAP_NET_ADMIN); AbortError.
   * @example
   * const servers = await red.sockets({ protocol: 'tcp', state: 'listen', localPort: 80, processes: true })
   */
  async sockets<Protocol extends SocketProtocol = 'tcp' | 'udp'>(
    options?: SocketsOptions<Protocol>,
    call?: CallOptions,
  ): Promise<SocketInfo<Protocol>[]> {
    return listSockets(this[handleOf], options, call)
  }

  /**
   * Ends sockets in the namespace, whoever has them, as `ss -K` does: their owners get `ECONNABORTED`. Those that end by
   * themselves meanwhile are no error.
   * @returns Those that the kernel was told to end, as they were before.
   * @throws TypeError, RangeError for a wrong option, or none; NetlinkError: `EPERM`, `EOPNOTSUPP` (the kernel is built
   *   without INET_DIAG_DESTROY); what `sockets` throws.
   * @example
   * await red.destroySockets({ protocol: 'tcp', remoteAddress: '10.0.0.2' })
   */
  async destroySockets(options: DestroyedSockets, call?: CallOptions): Promise<InetSocketInfo[]> {
    return destroySockets(this[handleOf], options, call)
  }
}

function asynchronous(): TypeError {
  return Object.assign(
    new TypeError(
      'NetNs.run takes a synchronous function: the thread leaves the namespace when the function returns, so what an ' +
        'asynchronous one or a generator does later would happen outside. Use listen(), connect() and the like, or a Worker.',
    ),
    { code: 'ERR_NETLOOM_ASYNC_RUN' },
  )
}
