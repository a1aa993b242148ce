// Connections from inside a namespace, TCP and Unix, with Node's own class.
import { once } from 'node:events'
import {
  Socket,
  type LookupFunction,
  type OnReadOpts,
  type SocketConnectOpts,
  type SocketConstructorOpts,
} from 'node:net'
import { resolve } from 'node:path'
import { isUint8Array } from 'node:util/types'
import { whenAborted } from '../native/abort'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { openSocket, type SocketRequest, type WaitingSocket } from '../native/socket_jobs'
import { withNetns } from '../native/with_netns'
import { AbortError, NetloomError, type Subject } from '../errors'
import { checkDevice } from '../wire/device'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { callKeys, checkBoolean, checkSocketPath, familyOfHost, nameErrors, noteSocket } from './inside'
import { refuseToConnect } from './stay'
import { showZones } from './zones'

/**
 * Options of a connection besides its destination. An aborted `signal` ends the call, or destroys the socket later, as with
 * Node's `net.connect`; `timeout` limits the call, it is not the socket's.
 */
export interface ConnectionOptions extends CallOptions {
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
  /**
   * Reads into one buffer, or into one that a function returns each time, and calls a callback with the number of bytes
   * instead of emitting `data`. If the callback returns false, reading stops. Default: none.
   */
  onread?: OnReadOpts | undefined
}

/** Options of `NetNs.connect` over TCP. */
export interface TcpConnectOptions extends ConnectionOptions {
  /**
   * A name, which the namespace's `lookup` resolves, or an address; a link-local one with its zone, a device of the
   * namespace: `fe80::1%eth0`. Default: `localhost`.
   */
  host?: string | undefined
  /** The port to connect to, 1 to 65535. */
  port: number
  /** The address to connect from, of the same family. Default: the kernel chooses. */
  localAddress?: string | undefined
  /** The port to connect from, 0 to 65535. Default: 0, the kernel chooses. */
  localPort?: number | undefined
  /** The only device that it sends and receives by, by name or index (SO_BINDTOIFINDEX). Default: any. */
  dev?: string | number | undefined
  /** The family of the addresses of a name, 4 or 6; 0 for both. Default: 0. */
  family?: number | undefined
  /** How a name is resolved: `dns.ADDRCONFIG`, `dns.V4MAPPED`, `dns.ALL`. Default: 0. */
  hints?: number | undefined
  /** Resolves a name instead of the namespace's `lookup`. */
  lookup?: LookupFunction | undefined
  /** Whether the addresses of a name are tried in turn. Default: as in Node. */
  autoSelectFamily?: boolean | undefined
  /** Milliseconds for each of them but the last. Default: as in Node. */
  autoSelectFamilyAttemptTimeout?: number | undefined
  /** No path. */
  path?: undefined
}

/** Options of `NetNs.connect` to a Unix socket. */
export interface UnixConnectOptions extends ConnectionOptions {
  /** The path of the socket; one that begins with `\0` is abstract: a name that belongs to the network namespace. */
  path: string
}

/** Options of `NetNs.connect`. */
export type ConnectOptions = TcpConnectOptions | UnixConnectOptions

const booleanKeys = ['allowHalfOpen', 'noDelay', 'keepAlive'] as const
const numberKeys = ['keepAliveInitialDelay', 'highWaterMark'] as const
const commonKeys = [...booleanKeys, ...numberKeys, 'onread', ...callKeys]
const nameKeys = ['family', 'hints', 'lookup', 'autoSelectFamily', 'autoSelectFamilyAttemptTimeout']
const tcpKeys = new Set(['host', 'port', 'localAddress', 'localPort', 'dev', 'path', ...nameKeys, ...commonKeys])
const unixKeys = new Set(['path', ...commonKeys])

/** Options of Node's class; its types lack some of them. */
export type OwnOptions = SocketConstructorOpts & Omit<ConnectionOptions, keyof CallOptions>

/** Makes the user's socket from a descriptor. It must not connect again in the namespace of the process. */
export type MakeSocket = (options: OwnOptions & { readonly fd: number }) => Socket

/** The source and the destination of a connection. */
interface Way {
  readonly from: SocketRequest
  /** Undefined if the socket is connected when it is opened. */
  readonly to: SocketConnectOpts | undefined
}

/** Connects to an address or a path. A socket that `make` has not made refuses to connect again. */
export async function connect(netns: NetnsHandle, options: ConnectOptions, make?: MakeSocket): Promise<Socket> {
  const subject: Subject = { operation: 'NetNs.connect', netns: netns.label }
  const { way, own } = checkConnectOptions(options)
  const { from, to } = way
  const { signal, timeout, onWarning } = options
  const call = { signal, timeout, onWarning }
  const deadline = timeout === undefined ? undefined : performance.now() + timeout
  const opened = await openSocket(subject.operation, netns, from, call).catch((error: unknown) => {
    throw from.connects === true ? asOfNode(error, options.path, netns) : error
  })
  const rest = deadline === undefined ? undefined : Math.max(0, deadline - performance.now())
  const socket = adopt(opened, own, netns, make)
  const connected = to === undefined ? undefined : once(socket, 'connect')
  // Node's own method, which connects the socket's descriptor.
  if (to !== undefined) (Socket.prototype.connect as (to: SocketConnectOpts) => Socket).call(socket, to)
  const end = (reason: unknown) => (): unknown => socket.destroy(new AbortError(subject, 'unknown', reason))
  // A timer of its own: the socket's would stay set on the connection.
  const timer = rest === undefined ? undefined : setTimeout(end(undefined), rest)
  if (signal !== undefined)
    socket.once(
      'close',
      whenAborted(signal, () => end(signal.reason)()),
    )
  try {
    await connected
  } catch (error) {
    socket.destroy()
    throw withNetns(error, netns)
  } finally {
    clearTimeout(timer)
  }
  if (from.family === 'ipv6') showZones(socket)
  nameErrors(socket, netns)
  noteSocket(socket, 'connection', netns, () => !socket.destroyed, connect)
  return socket
}

/** The addon connects to a path: gives its error the form of Node's. */
function asOfNode(error: unknown, path: string | undefined, { label }: NetnsHandle): unknown {
  if (!(error instanceof NetloomError) || error.syscall !== 'connect' || error instanceof AbortError) return error
  const { code, errno, syscall } = error
  return Object.assign(new Error(`connect ${code} ${String(path)}`), {
    errno,
    code,
    syscall,
    address: path,
    netns: label,
  })
}

function adopt(opened: WaitingSocket, own: OwnOptions, netns: NetnsHandle, make: MakeSocket | undefined): Socket {
  try {
    const options = { ...own, fd: opened.take(), readable: true, writable: true }
    if (make !== undefined) return make(options)
    const socket = new Socket(options)
    refuseToConnect(socket, netns)
    return socket
  } catch (error) {
    opened.reclaim()
    throw withNetns(error, netns)
  }
}

/** Checks all options; the host has to be an address. */
export function checkConnectOptions(options: ConnectOptions): {
  readonly way: Way
  readonly own: OwnOptions
} {
  const way = wayOf(options)
  const { signal, timeout, onWarning } = options
  checkCallOptions({ signal, timeout, onWarning })
  return { way, own: ownOptions(options) }
}

function ownOptions(options: ConnectionOptions): OwnOptions {
  const own: OwnOptions = {}
  for (const key of booleanKeys) {
    checkBoolean(options[key], key)
    if (options[key] !== undefined) Object.assign(own, { [key]: options[key] })
  }
  for (const key of numberKeys) {
    if (options[key] === undefined) continue
    Object.assign(own, { [key]: checkInteger(options[key], 0, 0x7fffffff, key) })
  }
  if (options.onread !== undefined) own.onread = checkOnRead(options.onread)
  return own
}

/** Node ignores a wrong `onread`, and would emit `data` instead. */
export function checkOnRead(onread: unknown): OnReadOpts {
  const { buffer, callback } = (onread ?? {}) as Partial<Record<'buffer' | 'callback', unknown>>
  if (!isUint8Array(buffer) && typeof buffer !== 'function') {
    throw wrongType('onread.buffer', 'a Uint8Array, or a function that gives one', buffer)
  }
  if (typeof callback !== 'function') throw wrongType('onread.callback', 'a function', callback)
  return onread as OnReadOpts
}

/** Checks the options of name resolution, for an address too, where they have no effect. */
function checkNaming(options: TcpConnectOptions): void {
  const { family = 0, hints = 0, lookup, autoSelectFamily, autoSelectFamilyAttemptTimeout = 1 } = options
  if (![0, 4, 6].includes(family)) throw wrongValue('family', '0, 4 or 6', family)
  checkInteger(hints, 0, 0xffff, 'hints')
  if (lookup !== undefined && typeof lookup !== 'function') throw wrongType('lookup', 'a function', lookup)
  checkBoolean(autoSelectFamily, 'autoSelectFamily')
  checkInteger(autoSelectFamilyAttemptTimeout, 1, 0x7fffffff, 'autoSelectFamilyAttemptTimeout')
}

function wayOf(options: ConnectOptions): Way {
  const unix = (options as Partial<ConnectOptions> | null | undefined)?.path !== undefined
  checkKeys(options, unix ? unixKeys : tcpKeys)
  if (options.path !== undefined) {
    const path = checkSocketPath(options.path)
    const host = path.startsWith('\0') ? path : checkSocketPath(resolve(path))
    return { from: { family: 'unix', type: 'stream', connects: true, host }, to: undefined }
  }
  const { host = '', port, localAddress, localPort = 0, dev } = options
  const family = familyOfHost(host, 'host')
  checkInteger(port, 1, 65_535, 'port')
  checkInteger(localPort, 0, 65_535, 'localPort')
  checkNaming(options)
  if (localAddress !== undefined && familyOfHost(localAddress, 'localAddress') !== family) {
    throw wrongValue('localAddress', `an ${family === 'ipv6' ? 'IPv6' : 'IPv4'} address, as the host`, localAddress)
  }
  const from = localAddress ?? (localPort === 0 ? undefined : family === 'ipv6' ? '::' : '0.0.0.0')
  // The zone is a device of the namespace; Node would look it up in the namespace of the process.
  const [address = host, zone] = host.split('%', 2)
  if (zone !== undefined && dev !== undefined && zone !== String(dev)) {
    throw wrongValue('dev', `left out, or "${zone}" as in the host`, dev)
  }
  const device = zone ?? (dev === undefined ? undefined : String(checkDevice(dev, 'dev')))
  return {
    from: { family, type: 'stream', device, host: from, port: localPort },
    to: { host: address, port },
  }
}
