// A socket of Node's that connects inside a namespace by itself: users have it before it is connected.
import { isIP, Socket, type OnReadOpts, type SocketConstructorOpts } from 'node:net'
import { addAbortSignal } from 'node:stream'
import { withNetns } from '../native/with_netns'
import { checkOnRead, type MakeSocket } from '../sockets/connection'
import { checkSocketPath, nameErrors, noteSocket } from '../sockets/inside'
import { checkInteger } from '../wire/integers'
import { checkObject, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { establish, type HostTarget, type NetnsWithLookup, type Target } from './establish'
import { takeOver } from './take_over'

/** Options of `NetNs.createConnection`: those of Node's `net.createConnection`. Ignores others, as Node does. */
export interface CreateConnectionOptions extends Partial<Omit<HostTarget, 'path' | 'port' | 'host'>> {
  /** A name, which is resolved in the namespace, or an IP address. Default: `localhost`. */
  host?: string | null | undefined
  /** The port to connect to, 1 to 65535. */
  port?: number | string | null | undefined
  /** The path of a Unix socket; one that begins with `\0` is an abstract name, which belongs to the network namespace. */
  path?: string | null | undefined
  /** Keeps the writable side open when the other end has ended. Default: false. */
  allowHalfOpen?: boolean | undefined
  /** Without Nagle's algorithm (TCP_NODELAY). Default: false. */
  noDelay?: boolean | undefined
  /** With keep-alive (SO_KEEPALIVE). Default: false. */
  keepAlive?: boolean | undefined
  /** Milliseconds before the first keep-alive probe. Default: 0, the kernel's default. */
  keepAliveInitialDelay?: number | undefined
  /** Bytes that are buffered in either direction. Default: as in Node. */
  highWaterMark?: number | undefined
  /** Reads into a buffer and calls a callback instead of emitting `data`, as `NetNs.connect` does. Default: none. */
  onread?: OnReadOpts | undefined
  /** Milliseconds without traffic after which the socket emits `timeout`, while it connects too. Default: never. */
  timeout?: number | undefined
  /** Destroys the socket. */
  signal?: AbortSignal | undefined
}

/**
 * The arguments of Node's functions that connect: options, a port and a host, or the path of a Unix socket; then a listener
 * of `connect`.
 */
export interface CreateConnection {
  (to?: CreateConnectionOptions | number | string, onConnect?: (...args: never[]) => void): Socket
  (port: number, host: string, onConnect?: (...args: never[]) => void): Socket
}

type OnConnect = () => void

/** The options and the listener among such arguments. */
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

/** Checks what Node throws for at once and this library would report later, by an event. JavaScript may pass `null`. */
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

/** The options for the constructor of Node's class; it would apply the others to a handle that it makes itself. */
function constructorOptions(options: CreateConnectionOptions): SocketConstructorOpts {
  const { allowHalfOpen, highWaterMark, onread } = options
  const given = { allowHalfOpen, highWaterMark, onread: onread === undefined ? onread : checkOnRead(onread) }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
}

/** An undocumented method of Node's streams, with which a closed socket may connect again. */
interface Undestroyable {
  _undestroy(): void
}

/** The kernel's error for a socket that is connected, which Node reports, too. */
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

  /** @param options - With the `fd` that `NetNs.connect` has opened, the socket has a handle already. */
  constructor(place: NetnsWithLookup, options: CreateConnectionOptions | Parameters<MakeSocket>[0]) {
    super('fd' in options ? options : constructorOptions(options))
    this.#place = place
    this.#onread = options.onread
    this.#noDelay = options.noDelay === true
    this.#keepAlive = options.keepAlive === true ? { initialDelay: options.keepAliveInitialDelay } : undefined
    // Not by Node's constructor: if the signal is aborted already, that destroys a socket which is not complete yet.
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
    // Node sets the option only if it changes, and this handle is new.
    if (this.#noDelay) super.setNoDelay(false).setNoDelay(true)
    if (this.#keepAlive !== undefined) super.setKeepAlive(false).setKeepAlive(true, this.#keepAlive.initialDelay)
    noteSocket(this, 'connection', this.#place.netns, () => !this.destroyed, createConnection)
    // So that exceptions of its listeners do not reject our promise.
    process.nextTick(() => {
      if (this.destroyed) return
      this.emit('connect')
      this.emit('ready')
      if (!this.isPaused()) this.read(0)
    })
  }

  /** Sets properties that are read-only in Node's types. */
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
    // Without a handle Node emits `close` without `hadError`.
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
  // `connect` would revive it.
  if (socket.destroyed) return socket
  return onConnect === undefined ? socket.connect(options) : socket.connect(options, onConnect)
}
