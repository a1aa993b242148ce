// Keeps sockets and servers inside their namespace when they are used again. When a socket connects once more, or a server
// listens once more, Node creates a new handle in the namespace of this thread: so those that users get enter the namespace
// again, or refuse.
import type { Socket as DatagramSocket } from 'node:dgram'
import { type Server, Socket } from 'node:net'
import { NetloomError } from '../errors'
import type { NetnsHandle } from '../native/netns_handle'
import { showZones } from './zones'

function leaves(operation: string, netns: string, instead: string): NetloomError {
  const message = `${operation} in netns ${netns}: it would leave the namespace; call ${instead} instead`
  return new NetloomError(message, 'ERR_NETLOOM_USED_AGAIN', { operation, netns, outcome: 'none' })
}

/** Gives an object a method of its own, which is not enumerable. */
function setMethod(target: object, name: string, value: (...args: never[]) => unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false })
}

/** Makes a socket that was connected refuse to connect again. */
export function refuseToConnect(socket: Socket, { label }: NetnsHandle): void {
  setMethod(socket, 'connect', () => {
    throw leaves('Socket.connect', label, 'connect or createConnection of the NetNs')
  })
}

/** Makes a UDP socket refuse the handle or descriptor of another one. */
export function refuseOtherHandles(socket: DatagramSocket, { label }: NetnsHandle): void {
  const bind = socket.bind.bind(socket) as (...args: unknown[]) => DatagramSocket
  setMethod(socket, 'bind', (...args: unknown[]) => {
    const { fd, recvStart } = Object(args[0]) as Partial<Record<'fd' | 'recvStart', unknown>>
    if (fd !== undefined || recvStart !== undefined) throw leaves('Socket.bind', label, 'createSocket of the NetNs')
    return bind(...args)
  })
}

/** The state of a server that is, or was, inside a namespace. */
interface ServerInside {
  netns: NetnsHandle
  /** Whether its connections show the devices of the namespace in link-local addresses. */
  zones: boolean
}

const serversInside = new WeakMap<Server, ServerInside>()
const taking = new WeakSet<Server>()
const seen = new WeakSet<Socket>()

/**
 * Makes a server refuse to listen again by itself, and its connections refuse to connect again, also those that are made from
 * them, such as TLS sockets. `NetNs.listen` may take the server again, also in another namespace.
 */
export function keepServer(server: Server, netns: NetnsHandle, zones: boolean): void {
  const known = serversInside.get(server)
  if (known !== undefined) {
    Object.assign(known, { netns, zones })
    return
  }
  const place: ServerInside = { netns, zones }
  serversInside.set(server, place)
  const { listen, emit } = server as unknown as Record<'listen' | 'emit', (...args: unknown[]) => unknown>
  setMethod(server, 'listen', (...args: unknown[]) => {
    if (!taking.has(server)) throw leaves('Server.listen', place.netns.label, 'listen of the NetNs with this server')
    return listen.apply(server, args)
  })
  // Not by a listener: other listeners may run before it, or remove it.
  setMethod(server, 'emit', (...args: unknown[]) => {
    for (const one of args) if (one instanceof Socket) keepConnection(one, place)
    return emit.apply(server, args)
  })
}

function keepConnection(socket: Socket, { netns, zones }: ServerInside): void {
  if (seen.has(socket)) return
  seen.add(socket)
  if (zones) showZones(socket)
  refuseToConnect(socket, netns)
}

/** Calls `listen`, during which the server may listen. */
export function whileTaking(server: Server, listen: () => void): void {
  taking.add(server)
  try {
    listen()
  } finally {
    taking.delete(server)
  }
}
