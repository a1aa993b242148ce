// A socket that connects inside a namespace by itself: one of Node's, which its users have before it is connected.
import { isIP, Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'
import { addAbortSignal } from 'node:stream'
import { withNetns } from '../native/with_netns'
import { checkOnRead, type MakeSocket } from '../sockets/connection'
import { checkSocketPath, nameErrors, noteSocket } from '../sockets/inside'
import { checkInteger } from '../wire/integers'
import { checkObject, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { establish, type HostTarget, type NetnsWithLookup, type Target } from './establish'
import { takeOver } from './take_over'

/** Options of `NetNs.createConnection`: those of Node's `net.createConnection`. What it does not know is left alone. */
export interface CreateConnectionOptions extends Partial<Omit<HostTarget, 'path' | 'port' | 'host'>> {
  /** A name, which is resolved in the namespace, or an IP address. Default: `localhost`. */
  host?: string | null | undefined
  /** The port to connect to, 1 to 65535. */
  port?: number | string | null | undefined
  /** The path of a Unix socket; `\0` at its beginning makes it an abstract one, which the network namespace has. */
  path?: string | null | undefined
  /** Keeps the writable side open when the other end has ended. Default: false. */
  allowHalfOpen?: boolean | undefined
  /** Without Nagle's algorithm (TCP_NODELAY). Default: false. */
  noDelay?: boolean | undefined
  /** With keep-alive (SO_KEEPALIVE). Default: false. */
  keepAlive?: boolean | undefined
  /** Milliseconds before the first keep-alive probe. Default: 0, as the kernel has it. */
  keepAliveInitialDelay?: number | undefined
  /** Bytes that are buffered in either direction. Default: as in Node. */
  highWaterMark?: number | undefined
  /** Reads into a buffer and calls a function instead of giving data, as `NetNs.connect` does. Default: no. */
  onread?: OnReadOpts | undefined
  /** Milliseconds without traffic after which the socket emits `timeout`, while it connects too. Default: never. */
  timeout?: number | undefined
  /** Destroys the socket. */
  signal?: AbortSignal | undefined
}

/**
 * How the functions of Node that connect take their arguments: options, a port and a host, or the path of a Unix socket;
 * then what listens to `connect`.
 */
export interface CreateConnection {
  (to?: CreateConnectionOptions | number | string, onConnect?: (...args: never[]) => void): Socket
  (port: number, host: string, onConnect?: (...args: never[]) => void): Socket
}

type OnConnect = () => void

/** What was given in one of those ways. */
function readArguments([first, second, third]: readonly unknown[]): [CreateConnectionOptions, OnConnect | undefined] {
  const onConnect = [second, third].find((one) => typeof one === 'function') as OnConnect | undefined
  if (third !== undefined && onConnect !== third) throw wrongType('onConnect', 'a function', third)
  if (typeof first === 'object' && first !== null) {
    checkObject(first)
    return [first, onConnect]
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return [{ path: first }, onConnect]
  return [{ port: first as number, host: typeof second === 'string' ? second : undefined }, onConnect]
}

function targetOf(options: CreateConnectionOptions): Target {
  const { path, port, localPort } = options
  const host = options.host ?? 'localhost'
  if (typeof path === 'string' && path !== '') return { path: checkSocketPath(path) }
  if (typeof host !== 'string') throw wrongType('host', 'a name or an IP address', host)
  const number = typeof port === 'string' && /^\d+$/.test(port) ? Number(port) : port
  if (localPort !== undefined) checkInteger(localPort, 0, 65_535, 'localPort')
  checkRest(options)
  return {
    ...options,
    path: undefined,
    host: host === '' ? 'localhost' : host,
    port: checkInteger(number, 1, 65_535, 'port'),
  }
}

/** What would fail later, as an event, where Node throws. Others than TypeScript's may give `null` for nothing. */
function checkRest(options: CreateConnectionOptions): void {
  const { localAddress, lookup, timeout } = options as Readonly<Record<string, unknown>>
  if (lookup !== undefined && lookup !== null && typeof lookup !== 'function') {
    throw wrongType('lookup', 'a function', lookup)
  }
  if (localAddress !== undefined && localAddress !== null) {
    if (typeof localAddress !== 'string') throw wrongType('localAddress', 'an IP address', localAddress)
    if (isIP(localAddress.split('%', 1)[0] ?? '') === 0) throw wrongValue('localAddress', 'an IP address', localAddress)
  }
  if (timeout === undefined || timeout === null) return
  if (typeof timeout !== 'number') throw wrongType('timeout', 'a number of milliseconds', timeout)
  if (!(timeout >= 0)) throw outOfRange('timeout', 'a number of milliseconds from 0', timeout)
}

/** What Node's class takes from the beginning; the rest it would keep for the handle that it makes itself. */
function constructorOptions(options: CreateConnectionOptions): SocketConstructorOpts {
  const { allowHalfOpen, highWaterMark, onread } = options
  const given = { allowHalfOpen, highWaterMark, onread: onread === undefined ? onread : checkOnRead(onread) }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** What Node's streams have besides what is documented: a socket that was closed may connect again. */
interface Undestroyable {
  _undestroy(): void
}

/** What the kernel says of a socket that has a connection; Node asks it. */
function alreadyConnected(target: Target, { netns }: NetnsWithLookup): Error {
  const to = target.path === undefined ? { address: target.host, port: target.port } : { address: target.path }
  const where = 'port' in to ? `${to.address}:${to.port}` : to.address
  const properties = { errno: -106, code: 'EISCONN', syscall: 'connect', ...to, netns: netns.label }
  return Object.assign(new Error(`connect EISCONN ${where}`), properties)
}

/** A socket that connects inside, also when it has been closed and connects again. */
export class ClientSocket extends Socket {
  readonly #place: NetnsWithLookup
  #noDelay: boolean
  #keepAlive: { readonly initialDelay: number | undefined } | undefined
  #attempt: AbortController | undefined
  /** How it ended before it was connected. */
  #endedBy: { readonly error: boolean } | undefined
  readonly #onread: OnReadOpts | undefined

  /** @param options - With what `NetNs.connect` has opened, a socket that has a handle already. */
  constructor(place: NetnsWithLookup, options: CreateConnectionOptions | Parameters<MakeSocket>[0]) {
    super('fd' in options ? options : constructorOptions(options))
    this.#place = place
    this.#onread = options.onread
    this.#noDelay = options.noDelay === true
    this.#keepAlive = options.keepAlive === true ? { initialDelay: options.keepAliveInitialDelay } : undefined
    // Not by Node's constructor: one that is aborted already destroys what is not whole yet.
    if (options.signal !== undefined) addAbortSignal(options.signal, this)
    if (!('fd' in options)) nameErrors(this, place.netns)
  }

  get #isOpen(): boolean {
    return (this as unknown as { _handle: object | null })._handle !== null
  }

  override connect(...args: readonly unknown[]): this {
    const [options, onConnect] = readArguments(args)
    const target = targetOf(options)
    if (onConnect !== undefined) this.once('connect', onConnect)
    if (this.#isOpen) return this.destroy(alreadyConnected(target, this.#place))
    if (this.destroyed) (this as unknown as Undestroyable)._undestroy()
    this.#attempt?.abort()
    this.#endedBy = undefined
    const attempt = (this.#attempt = new AbortController())
    this.#is({ connecting: true, _host: 'host' in target ? target.host : null })
    void this.#establish(target, attempt.signal)
    return this
  }

  async #establish(target: Target, signal: AbortSignal): Promise<void> {
    const { netns } = this.#place
    const tell = (event: string, ...args: unknown[]): void => {
      if (!signal.aborted) this.emit(event, ...args)
    }
    const own = { allowHalfOpen: true, onread: this.#onread }
    try {
      const connected = await establish(this.#place, target, own, { signal }, tell)
      if (signal.aborted) connected.destroy()
      else this.#goOnWith(connected)
    } catch (error) {
      if (!signal.aborted) this.destroy(withNetns(error, netns) as Error)
    }
  }

  #goOnWith(connected: Socket): void {
    takeOver(this, connected)
    this.#attempt = undefined
    this.#is({ connecting: false, _sockname: null, _peername: null })
    // Node tells the handle only what changes, and this one is new.
    if (this.#noDelay) super.setNoDelay(false).setNoDelay(true)
    if (this.#keepAlive !== undefined) super.setKeepAlive(false).setKeepAlive(true, this.#keepAlive.initialDelay)
    noteSocket(this, 'connection', this.#place.netns, () => !this.destroyed, createConnection)
    // Its listeners are not to throw into our promise.
    process.nextTick(() => {
      if (this.destroyed) return
      this.emit('connect')
      this.emit('ready')
      if (!this.isPaused()) this.read(0)
    })
  }

  /** For what only Node itself changes otherwise. */
  #is(state: object): void {
    Object.assign(this, state)
  }

  override setNoDelay(noDelay = true): this {
    this.#noDelay = noDelay
    return this.#isOpen ? super.setNoDelay(noDelay) : this
  }

  override setKeepAlive(enable = false, initialDelay?: number): this {
    this.#keepAlive = enable ? { initialDelay } : undefined
    return this.#isOpen ? super.setKeepAlive(enable, initialDelay) : this
  }

  override resetAndDestroy(): this {
    if (this.connecting && !this.destroyed && !this.#isOpen) {
      return this.once('connect', () => super.resetAndDestroy())
    }
    return super.resetAndDestroy()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (this.#attempt !== undefined) this.#endedBy = { error: error !== null }
    this.#attempt?.abort()
    super._destroy(error, callback)
  }

  override emit(event: string | symbol, ...args: unknown[]): boolean {
    // Without a handle Node does not say whether it was for an error; while it connects, Node has one.
    const told = event === 'close' && args.length === 0 ? this.#endedBy : undefined
    return told === undefined ? super.emit(event, ...args) : super.emit(event, told.error)
  }
}

/** @internal NetNs.createConnection */
export function createConnection(place: NetnsWithLookup, ...args: readonly unknown[]): Socket {
  if (args.length === 0) return new ClientSocket(place, {})
  const [options, onConnect] = readArguments(args)
  const socket = new ClientSocket(place, options)
  if (typeof options.timeout === 'number' && options.timeout > 0) socket.setTimeout(options.timeout)
  // It would be brought to life again.
  if (socket.destroyed) return socket
  return onConnect === undefined ? socket.connect(options) : socket.connect(options, onConnect)
}
