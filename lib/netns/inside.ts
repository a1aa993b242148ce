// Inside: what one does inside a network namespace, whose handle is open.
import { types } from 'node:util'
import type { Server, Socket } from 'node:net'
import { Ethtool } from '../ethtool/ethtool'
import { handleOf, type NetnsHandle, type NetnsTarget } from '../native/netns_handle'
import { runInside } from '../native/netns_jobs'
import { Addresses } from '../route/addresses'
import { Links } from '../route/links'
import { Neighbors } from '../route/neighbors'
import { Routes } from '../route/routes'
import { Rules } from '../route/rules'
import { connect, listen, type ConnectOptions, type ListenOptions } from '../sockets/tcp'
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
  #ethtool: Ethtool | undefined

  /** @internal */
  protected constructor(handle: NetnsHandle) {
    this[handleOf] = handle
    this.links = new Links(handle)
    this.addresses = new Addresses(handle)
    this.routes = new Routes(handle)
    this.neighbors = new Neighbors(handle)
    this.rules = new Rules(handle)
  }

  /** What its devices do by themselves (ethtool). */
  get ethtool(): Ethtool {
    return (this.#ethtool ??= new Ethtool(this[handleOf]))
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
   * A TCP server in the namespace: Node's own, listening.
   * @throws TypeError, RangeError for a wrong option; NetloomError (`EADDRINUSE`, `EADDRNOTAVAIL` …).
   * @example
   * const server = await red.listen({ host: '10.0.0.1', port: 80 })
   * server.on('connection', (socket) => socket.end('hello'))
   */
  async listen(options?: ListenOptions): Promise<Server> {
    return listen(this[handleOf], options)
  }

  /**
   * A TCP connection from the namespace: Node's own socket, connected.
   * @throws TypeError, RangeError for a wrong option; the errors of Node's sockets (`ECONNREFUSED` …), with `netns`;
   *   AbortError.
   * @example
   * const socket = await red.connect({ host: '10.0.0.2', port: 80, timeout: 1000 })
   */
  async connect(options: ConnectOptions): Promise<Socket> {
    return connect(this[handleOf], options)
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
