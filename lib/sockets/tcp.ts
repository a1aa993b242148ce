// TCP inside a namespace, with Node's own classes: the socket is made there by a thread of the addon, and stays there
// whatever happens to it, while the process stays where it is.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { Server, Socket, createServer, isIPv4, isIPv6 } from 'node:net'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { openSocket, type WaitingSocket } from '../native/netns_jobs'
import { noteOpened } from '../native/opened'
import { AbortError, NetloomError, type Subject } from '../errors'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { checkInteger } from '../wire/integers'

/** Options of `NetNs.listen`. */
export interface ListenOptions extends CallOptions {
  /** The address to listen on, no name. Default: all, of both families where there is IPv6. */
  host?: string | undefined
  /** The port, 0 to 65535. Default: 0, the kernel chooses one. */
  port?: number | undefined
  /** How many connections may wait to be accepted (listen(2)). Default: 511, as in Node. */
  backlog?: number | undefined
  /** No IPv4 on an IPv6 address (IPV6_V6ONLY). Default: false. */
  ipv6Only?: boolean | undefined
  /** The server that listens, for one with options of its own. Default: a new one. */
  server?: Server | undefined
}

/** Options of `NetNs.connect`. */
export interface ConnectOptions extends CallOptions {
  /**
   * The address to connect to; a link-local one with its zone, a device of the namespace: `fe80::1%eth0`. Names are not
   * looked up: the resolver is the host's.
   */
  host: string
  /** The port to connect to, 1 to 65535. */
  port: number
  /** The address to connect from, of the same family. Default: the kernel chooses. */
  localAddress?: string | undefined
  /** The port to connect from, 0 to 65535. Default: 0, the kernel chooses. */
  localPort?: number | undefined
}

const callKeys = ['signal', 'timeout', 'onWarning']
const listenKeys = new Set(['host', 'port', 'backlog', 'ipv6Only', 'server', ...callKeys])
const connectKeys = new Set(['host', 'port', 'localAddress', 'localPort', ...callKeys])

function versionOf(host: unknown, field: string): 4 | 6 {
  if (typeof host !== 'string') throw wrongType(field, 'an IP address', host)
  if (isIPv4(host)) return 4
  if (isIPv6(host)) return 6
  throw wrongValue(field, 'an IP address', host)
}

/** @internal NetNs.listen */
export async function listen(netns: NetnsHandle, options: ListenOptions = {}): Promise<Server> {
  checkKeys(options, listenKeys)
  const { host, port = 0, backlog, ipv6Only = false, server = createServer(), ...call } = options
  checkCallOptions(call)
  checkInteger(port, 0, 65_535, 'port')
  if (backlog !== undefined) checkInteger(backlog, 0, 0x7fffffff, 'backlog')
  if (typeof ipv6Only !== 'boolean') throw wrongType('ipv6Only', 'a boolean', ipv6Only)
  if (!(server instanceof Server)) throw wrongType('server', 'a net.Server', server)
  const version = host === undefined ? 6 : versionOf(host, 'host')
  refuseIfListening(server, netns)
  const open = (version: 4 | 6, host: string): Promise<WaitingSocket> =>
    openSocket('NetNs.listen', netns, { version, type: 'tcp', ipv6Only: version === 6 && ipv6Only, host, port }, call)
  let opened: WaitingSocket
  try {
    opened = await open(version, host ?? '::')
  } catch (error) {
    const noIPv6 = error instanceof NetloomError && ['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes(error.code)
    if (host !== undefined || ipv6Only || !noIPv6) throw error
    opened = await open(4, '0.0.0.0')
  }
  refuseIfListening(server, netns)
  const listening = once(server, 'listening')
  listenOn(server, opened.take(), backlog)
  try {
    await listening
  } catch (error) {
    throw withNetns(error, netns)
  }
  const { label, identity } = netns
  noteOpened(server, { kind: 'server', label, inode: identity.inode, isOpen: () => server.listening }, listen)
  return server
}

function refuseIfListening(server: Server, netns: NetnsHandle): void {
  if (!server.listening) return
  const message = `NetNs.listen in netns ${netns.label}: the server listens already`
  throw new NetloomError(message, 'ERR_SERVER_ALREADY_LISTEN', { operation: 'NetNs.listen', netns: netns.label })
}

/** What `Server.listen` comes to in the end; since Node 0.x under this name. */
interface ListeningItself {
  _listen2(address: null, port: null, addressType: null, backlog: number | undefined, fd: number): void
}

function listenOn(server: Server, fd: number, backlog: number | undefined): void {
  // In a cluster's worker `listen` would let the primary listen, on whatever the number means there.
  if (cluster.isWorker) (server as unknown as ListeningItself)._listen2(null, null, null, backlog, fd)
  else server.listen({ fd }, backlog) // beside `fd` Node takes no backlog among the options
}

/** @internal NetNs.connect */
export async function connect(netns: NetnsHandle, options: ConnectOptions): Promise<Socket> {
  checkKeys(options, connectKeys)
  const { host, port, localAddress, localPort = 0, ...call } = options
  checkCallOptions(call)
  const version = versionOf(host, 'host')
  checkInteger(port, 1, 65_535, 'port')
  checkInteger(localPort, 0, 65_535, 'localPort')
  if (localAddress !== undefined && versionOf(localAddress, 'localAddress') !== version) {
    throw wrongValue('localAddress', `an IPv${version} address, as the host`, localAddress)
  }
  const { signal, timeout } = call
  const deadline = timeout === undefined ? undefined : performance.now() + timeout
  const from = localAddress ?? (localPort === 0 ? undefined : version === 6 ? '::' : '0.0.0.0')
  const bound = from === undefined ? {} : { host: from, port: localPort }
  // A zone is a device of the namespace; Node would look it up in its own.
  const [address = host, device] = host.split('%', 2)
  const opened = await openSocket('NetNs.connect', netns, { version, type: 'tcp', device, ...bound }, call)
  const subject: Subject = { operation: 'NetNs.connect', netns: netns.label }
  const rest = deadline === undefined ? undefined : Math.max(0, deadline - performance.now())
  const socket = new Socket({ fd: opened.take() })
  const connected = once(socket, 'connect', signal === undefined ? {} : { signal })
  socket.connect({ host: address, port })
  // Its own timer: the socket's would stay with the connection.
  const late = (): unknown => socket.destroy(new AbortError(subject, 'unknown', undefined))
  const timer = rest === undefined ? undefined : setTimeout(late, rest)
  try {
    await connected
  } catch (error) {
    socket.destroy()
    throw signal?.aborted === true ? new AbortError(subject, 'unknown', signal.reason) : withNetns(error, netns)
  } finally {
    clearTimeout(timer)
  }
  const { label, identity } = netns
  const isOpen = (): boolean => !socket.destroyed
  noteOpened(socket, { kind: 'connection', label, inode: identity.inode, isOpen }, connect)
  return socket
}

/** Errors of Node's own classes stay what they are, and tell the namespace. */
function withNetns(error: unknown, netns: NetnsHandle): unknown {
  // Not `instanceof Error`: Node's own may be of another realm.
  const foreign = typeof error === 'object' && error !== null && !(error instanceof NetloomError)
  return foreign ? Object.assign(error, { netns: netns.label }) : error
}
