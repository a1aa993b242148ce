// Servers inside a namespace, TCP and Unix, with Node's own class: a thread of the addon creates the socket there, and it
// belongs to that namespace from then on. The process itself does not enter it.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { chmodSync, statSync, unlinkSync, type Stats } from 'node:fs'
import { Server, createServer, type ServerOpts } from 'node:net'
import { resolve } from 'node:path'
import { whenAborted } from '../native/abort'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { openSocket, type SocketRequest, type WaitingSocket } from '../native/socket_jobs'
import { withNetns } from '../native/with_netns'
import { NetloomError } from '../errors'
import { checkDevice } from '../wire/device'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { callKeys, checkBoolean, checkSocketPath, familyOfHost, nameErrors, noteSocket } from './inside'
import { keepServer, whileTaking } from './stay'
import { showZones } from './zones'

/** Options of `NetNs.listen`. An aborted `signal` ends the call, or closes the server later, as with Node's `listen`. */
export interface ListenOptions extends CallOptions {
  /**
   * The address to listen on, or a name, for the first address that the namespace's `lookup` gives. Default: all addresses,
   * of both families where there is IPv6.
   */
  host?: string | undefined
  /** The port, 0 to 65535. Default: 0, the kernel chooses one. */
  port?: number | undefined
  /**
   * The path of a Unix socket to listen on instead (unix(7)); one that begins with `\0` is abstract: a name that belongs to
   * the network namespace. Any other is a file, which is removed when the server closes.
   */
  path?: string | undefined
  /** Whether all users may read from the Unix socket. Default: false. */
  readableAll?: boolean | undefined
  /** Whether all users may write to the Unix socket, which connecting takes. Default: false. */
  writableAll?: boolean | undefined
  /** How many connections may wait to be accepted (listen(2)). Default: 511, as in Node. */
  backlog?: number | undefined
  /** No IPv4 on an IPv6 address (IPV6_V6ONLY). Default: false. */
  ipv6Only?: boolean | undefined
  /** Accepted as by Node's `listen`, without effect: no server inside a namespace is shared by a cluster. */
  exclusive?: boolean | undefined
  /** Other sockets may listen on the same address and port; the kernel distributes connections (SO_REUSEPORT). Default: false. */
  reusePort?: boolean | undefined
  /** The only device by which it accepts connections, by name or index (SO_BINDTOIFINDEX). Default: any. */
  dev?: string | number | undefined
  /** The server that listens: a `net.Server`, or one of `http`, `https`, `tls`. Default: a new one. */
  server?: Server | undefined
  /** Of a new server: keeps the writable side of a connection open when its other end has ended. Default: false. */
  allowHalfOpen?: boolean | undefined
  /** Of a new server: its connections are paused. Default: false. */
  pauseOnConnect?: boolean | undefined
  /** Of a new server: without Nagle's algorithm (TCP_NODELAY). Default: false. */
  noDelay?: boolean | undefined
  /** Of a new server: with keep-alive on its connections (SO_KEEPALIVE). Default: false. */
  keepAlive?: boolean | undefined
  /** Of a new server: milliseconds before the first keep-alive probe. Default: 0, the kernel's default. */
  keepAliveInitialDelay?: number | undefined
  /** Of a new server: bytes that its connections buffer. Default: as in Node. */
  highWaterMark?: number | undefined
}

const serverKeys = [
  ...(['allowHalfOpen', 'pauseOnConnect', 'noDelay', 'keepAlive'] as const),
  ...(['keepAliveInitialDelay', 'highWaterMark'] as const),
]
const pathKeys = ['path', 'readableAll', 'writableAll'] as const
const addressKeys = ['host', 'port', 'ipv6Only', 'reusePort', 'dev'] as const
const listenKeys = new Set([...addressKeys, ...pathKeys, ...serverKeys, 'backlog', 'exclusive', 'server', ...callKeys])

/** Checks all options; the host has to be an address. */
export function checkListenOptions(options: ListenOptions): {
  readonly server: Server
  readonly request: SocketRequest
  readonly call: CallOptions
} {
  checkKeys(options, listenKeys)
  const { path, backlog, exclusive, signal, timeout, onWarning } = options
  const call = { signal, timeout, onWarning }
  checkCallOptions(call)
  if (backlog !== undefined) checkInteger(backlog, 0, 0x7fffffff, 'backlog')
  checkBoolean(exclusive, 'exclusive')
  const server = serverOf(options)
  return { server, request: path === undefined ? addressOf(options) : pathOf(options, path), call }
}

/** Listens on an address or a path. */
export async function listen(netns: NetnsHandle, options: ListenOptions = {}): Promise<Server> {
  const { server, request, call } = checkListenOptions(options)
  const { path, backlog, signal } = options
  refuseIfListening(server, netns)
  const opened = await open(netns, request, options.host === undefined && options.ipv6Only !== true, call)
  let file: SocketFile | undefined
  try {
    refuseIfListening(server, netns)
    if (request.family === 'unix') file = fileOf(request.host)
    if (file !== undefined) share(file.path, options)
    keepServer(server, netns, request.family === 'ipv6')
    await listenOn(server, opened.take(), backlog)
  } catch (error) {
    opened.reclaim()
    if (file !== undefined) remove(file)
    throw withNetns(error, netns)
  }
  const made = file
  if (made !== undefined) {
    server.once('close', () => {
      remove(made)
    })
  }
  // For `address()` of a Unix socket; Node sets it only where it binds the socket itself.
  if (request.family === 'unix') Object.assign(server, { _pipeName: path })
  if (signal !== undefined) closeOnAbort(server, signal)
  if (request.family === 'ipv6') showZones(server)
  nameErrors(server, netns)
  noteSocket(server, 'server', netns, () => server.listening, listen)
  return server
}

function closeOnAbort(server: Server, signal: AbortSignal): void {
  const forget = whenAborted(signal, () => server.close())
  server.once('close', forget)
}

function serverOf(options: ListenOptions): Server {
  const own: ServerOpts = {}
  for (const key of serverKeys) {
    const value = options[key]
    if (value === undefined) continue
    if (options.server !== undefined) throw wrongValue(key, 'left out where a server is given', value)
    if (key === 'keepAliveInitialDelay' || key === 'highWaterMark') checkInteger(value, 0, 0x7fffffff, key)
    else checkBoolean(value, key)
    Object.assign(own, { [key]: value })
  }
  const { server = createServer(own) } = options
  if (!(server instanceof Server)) throw wrongType('server', 'a net.Server', server)
  return server
}

function addressOf(options: ListenOptions): SocketRequest {
  const { host, port = 0, ipv6Only = false, reusePort = false, dev } = options
  for (const key of pathKeys) {
    if (options[key] !== undefined) throw wrongValue(key, 'given only with "path"', options[key])
  }
  checkInteger(port, 0, 65_535, 'port')
  checkBoolean(ipv6Only, 'ipv6Only')
  checkBoolean(reusePort, 'reusePort')
  const family = host === undefined ? 'ipv6' : familyOfHost(host, 'host')
  const device = dev === undefined ? undefined : String(checkDevice(dev, 'dev'))
  const only = family === 'ipv6' && ipv6Only
  return { family, type: 'stream', serves: true, ipv6Only: only, reusePort, host: host ?? '::', port, device }
}

function pathOf(options: ListenOptions, path: unknown): SocketRequest {
  for (const key of addressKeys) {
    if (options[key] !== undefined) throw wrongValue(key, 'left out where "path" is given', options[key])
  }
  checkBoolean(options.readableAll, 'readableAll')
  checkBoolean(options.writableAll, 'writableAll')
  const checked = checkSocketPath(path)
  // Absolute: a lane's thread has another working directory than the process.
  return {
    family: 'unix',
    type: 'stream',
    serves: true,
    host: checked.startsWith('\0') ? checked : checkSocketPath(resolve(checked)),
  }
}

/** Opens the socket; where there is no IPv6, `either` falls back to IPv4, as Node does. */
async function open(
  netns: NetnsHandle,
  request: SocketRequest,
  either: boolean,
  call: CallOptions,
): Promise<WaitingSocket> {
  try {
    return await openSocket('NetNs.listen', netns, request, call)
  } catch (error) {
    const noIPv6 = error instanceof NetloomError && ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.code)
    if (request.family !== 'ipv6' || !either || !noIPv6) throw error
    return openSocket('NetNs.listen', netns, { ...request, family: 'ipv4', host: '0.0.0.0' }, call)
  }
}

function refuseIfListening(server: Server, netns: NetnsHandle): void {
  if (!server.listening) return
  const message = `NetNs.listen in netns ${netns.label}: the server listens already`
  throw new NetloomError(message, 'ERR_SERVER_ALREADY_LISTEN', { operation: 'NetNs.listen', netns: netns.label })
}

/** The method that `Server.listen` calls in the end; since Node 0.x under this name. */
interface ListeningItself {
  _listen2(address: null, port: null, addressType: null, backlog: number | undefined, fd: number): void
}

/** Where Node keeps libuv's handle of a server. */
interface WithHandle {
  readonly _handle?: { readonly fd?: number } | null
}

/** Makes a server listen on a socket, which it owns from then on, unless this throws. */
async function listenOn(server: Server, fd: number, backlog: number | undefined): Promise<void> {
  const waiting = new AbortController()
  const listening = once(server, 'listening', { signal: waiting.signal })
  try {
    // In a worker of a cluster, `listen` would have the primary listen, on whatever descriptor has this number there.
    if (cluster.isWorker) (server as unknown as ListeningItself)._listen2(null, null, null, backlog, fd)
    // With `fd`, Node takes the backlog only as an argument.
    else whileTaking(server, () => server.listen({ fd }, backlog))
  } catch (error) {
    waiting.abort()
    await listening.catch(() => undefined)
    // If the server already listens, and a listener of its event has thrown.
    if ((server as unknown as WithHandle)._handle?.fd === fd) server.close()
    throw error
  }
  await listening
}

/** The file of a Unix socket, as it was created: a file that has replaced it since must not be removed. */
interface SocketFile extends Pick<Stats, 'dev' | 'ino'> {
  readonly path: string
}

function fileOf(path: string | undefined): SocketFile | undefined {
  if (path === undefined || path.startsWith('\0')) return undefined
  const { dev, ino } = statSync(path)
  return { path, dev, ino }
}

function share(path: string, { readableAll, writableAll }: ListenOptions): void {
  const more = (readableAll === true ? 0o444 : 0) | (writableAll === true ? 0o222 : 0)
  if (more !== 0) chmodSync(path, (statSync(path).mode & 0o777) | more)
}

function remove({ path, dev, ino }: SocketFile): void {
  const now = statSync(path, { throwIfNoEntry: false })
  if (now?.dev === dev && now.ino === ino) unlinkSync(path)
}
