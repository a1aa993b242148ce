// UDP inside a namespace, with Node's own class: its handle gets a socket that was created there, before it is used.
import cluster from 'node:cluster'
import { createSocket as createOutside, type Socket, type SocketOptions, type SocketType } from 'node:dgram'
import { systemError } from '../errors'
import { whenAborted } from '../native/abort'
import { addon } from '../native/addon'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { openSocket } from '../native/socket_jobs'
import { withNetns } from '../native/with_netns'
import { checkDevice } from '../wire/device'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { callKeys, checkBoolean, nameErrors, noteSocket } from './inside'
import { receiveInside } from './datagram_zones'
import { refuseOtherHandles } from './stay'
import { multicastInside, type UdpHandle } from './zones'

/** Options of `NetNs.createSocket`. An aborted `signal` ends the call, or closes the socket later, as with Node's. */
export interface DatagramOptions extends CallOptions {
  /** Resolves the names that it binds, connects and sends to. Default: the namespace's `lookup`. */
  lookup?: SocketOptions['lookup']
  /** The family. */
  type: SocketType
  /** Binds to an address although another socket is bound to it (SO_REUSEADDR). Default: false. */
  reuseAddr?: boolean | undefined
  /** Other sockets may bind to the same address and port; the kernel distributes datagrams (SO_REUSEPORT). Default: false. */
  reusePort?: boolean | undefined
  /** No IPv4 on an IPv6 address (IPV6_V6ONLY). Default: false. */
  ipv6Only?: boolean | undefined
  /** The size of the receive buffer in bytes (SO_RCVBUF). Default: the kernel's. */
  recvBufferSize?: number | undefined
  /** The size of the send buffer in bytes (SO_SNDBUF). Default: the kernel's. */
  sendBufferSize?: number | undefined
  /** The only device that it sends and receives by, by name or index (SO_BINDTOIFINDEX). Default: any. */
  dev?: string | number | undefined
}

const booleanKeys = ['reuseAddr', 'reusePort', 'ipv6Only'] as const
const sizeKeys = ['recvBufferSize', 'sendBufferSize'] as const
const keys = new Set(['type', 'lookup', 'dev', ...booleanKeys, ...sizeKeys, ...callKeys])

/** A namespace, and how names are resolved there. */
interface NetnsWithLookup {
  readonly netns: NetnsHandle
  readonly lookup: NonNullable<SocketOptions['lookup']>
}

/** @internal NetNs.createSocket */
export async function createSocket(
  { netns, lookup: lookupInside }: NetnsWithLookup,
  what: SocketType | DatagramOptions,
  onMessage?: Parameters<typeof createOutside>[1],
): Promise<Socket> {
  const options = typeof what === 'string' ? { type: what } : what
  checkKeys(options, keys)
  const { type, lookup = lookupInside, dev, signal, timeout, onWarning, reusePort = false, ipv6Only = false } = options
  if (typeof type !== 'string') throw wrongType('type', '"udp4" or "udp6"', type)
  if ((type as string) !== 'udp4' && (type as string) !== 'udp6') throw wrongValue('type', '"udp4" or "udp6"', type)
  for (const key of booleanKeys) checkBoolean(options[key], key)
  for (const key of sizeKeys) if (options[key] !== undefined) checkInteger(options[key], 0, 0x7fffffff, key)
  if (typeof lookup !== 'function') throw wrongType('lookup', 'a function', lookup)
  if (onMessage !== undefined && typeof onMessage !== 'function') throw wrongType('callback', 'a function', onMessage)
  const device = dev === undefined ? undefined : String(checkDevice(dev, 'dev'))
  const call = { signal, timeout, onWarning }
  checkCallOptions(call)
  const family = type === 'udp6' ? 'ipv6' : 'ipv4'
  const request = { family, type: 'datagram', ipv6Only: type === 'udp6' && ipv6Only, reusePort, device } as const
  const opened = await openSocket('NetNs.createSocket', netns, request, call)
  const { reuseAddr, recvBufferSize, sendBufferSize } = options
  const node = { type, reuseAddr, ipv6Only, recvBufferSize, sendBufferSize, lookup }
  const defined = Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined))
  let socket: Socket | undefined
  try {
    socket = createOutside(defined as unknown as SocketOptions, onMessage)
    adopt(socket, opened.take(), netns)
  } catch (error) {
    socket?.close()
    opened.reclaim()
    throw withNetns(error, netns)
  }
  let open = true
  socket.once('close', () => (open = false))
  if (signal !== undefined) {
    socket.once(
      'close',
      whenAborted(signal, () => open && socket.close()),
    )
  }
  nameErrors(socket, netns)
  noteSocket(socket, 'socket', netns, () => open, createSocket)
  return socket
}

/** libuv's handle of a socket: since Node 11 under this symbol. */
function handleOf(socket: Socket): UdpHandle {
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')
  const state = symbol === undefined ? undefined : (socket as unknown as Record<symbol, { handle?: UdpHandle }>)[symbol]
  if (state?.handle === undefined) throw new Error('this version of Node keeps the handle of a dgram.Socket elsewhere')
  return state.handle
}

function adopt(socket: Socket & { readonly type?: string }, fd: number, netns: NetnsHandle): void {
  const handle = handleOf(socket)
  let failure = handle.open(fd)
  // libuv sets it on every descriptor that it opens; `bind` sets it again where `reuseAddr` is given.
  if (failure === 0) failure = addon.setReuseAddr(fd, false)
  if (failure === 0 && socket.type === 'udp6') {
    multicastInside(handle)
    failure = receiveInside(handle, netns)
  }
  if (failure !== 0) {
    throw systemError({ operation: 'NetNs.createSocket', netns: netns.label, errno: -failure, syscall: 'open' })
  }
  refuseOtherHandles(socket, netns)
  if (!cluster.isWorker) return
  // In a worker of a cluster, `bind` would have the primary bind another socket.
  const bind = socket.bind.bind(socket) as (...args: unknown[]) => Socket
  socket.bind = (...args: unknown[]) => {
    const [first, second] = args
    if (typeof first === 'object' && first !== null) return bind({ ...first, exclusive: true }, ...args.slice(1))
    const callback = args.find((one) => typeof one === 'function')
    const address = typeof second === 'string' ? second : undefined
    return bind({ port: typeof first === 'number' ? first : 0, address, exclusive: true }, callback)
  }
}
