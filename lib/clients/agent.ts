// Agents of Node's http and https whose connections begin inside a namespace.
import { Agent, type AgentOptions, type ClientRequest } from 'node:http'
import { Agent as SecureAgent, type AgentOptions as SecureAgentOptions } from 'node:https'
import { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { nameErrors } from '../sockets/inside'
import { refuseToConnect } from '../sockets/stay'
import { checkObject, wrongValue } from '../wire/invalid'
import { createConnection, type CreateConnectionOptions } from './client_socket'
import type { NetnsWithLookup } from './establish'

type OnCreate = (error: Error | null, socket?: Duplex) => void

/** The methods of an agent that Node calls; its types lack some. */
interface Connecting {
  createConnection: (this: Connecting, options: object, oncreate?: OnCreate) => Duplex | undefined
  addRequest: (this: Connecting, request: ClientRequest, ...rest: unknown[]) => void
  createSocket: (this: Connecting, request: ClientRequest, options: object, oncreate: OnCreate) => void
}

function checkOptions(options: unknown): void {
  if (options !== undefined) checkObject(options)
}

/** The options of a request's connection; the namespace resolves names, unless the request has a `lookup`. */
function connectionOf(options: object): CreateConnectionOptions {
  const { onread: _, ...rest } = options as CreateConnectionOptions & { readonly onread?: unknown }
  return rest
}

/** Adds the namespace to the errors of requests: Node makes some of them itself, without the connection. */
function nameRequests(agent: Connecting, { netns }: NetnsWithLookup): void {
  const { addRequest } = agent
  agent.addRequest = (request, ...rest) => {
    nameErrors(request, netns)
    addRequest.call(agent, request, ...rest)
  }
}

/** @internal NetNs.agent */
export function agentOf(place: NetnsWithLookup, options?: AgentOptions): Agent {
  checkOptions(options)
  const agent = new Agent(options)
  const connecting = agent as unknown as Connecting
  connecting.createConnection = (options) => createConnection(place, connectionOf(options))
  nameRequests(connecting, place)
  return agent
}

/** @internal NetNs.httpsAgent */
export function secureAgentOf(place: NetnsWithLookup, options?: SecureAgentOptions): SecureAgent {
  checkOptions(options)
  // Newer versions of Node connect to a proxy themselves, in the namespace of the process.
  const { proxyEnv } = (options ?? {}) as { readonly proxyEnv?: unknown }
  if (proxyEnv !== undefined) throw wrongValue('proxyEnv', 'left out: a proxy would be reached from outside', proxyEnv)
  const agent = new SecureAgent(options)
  const connecting = agent as unknown as Connecting
  nameRequests(connecting, place)
  const original = { createConnection: connecting.createConnection, createSocket: connecting.createSocket }
  // Node calls `createConnection` within `createSocket`, and passes the request only to the latter.
  let request: ClientRequest | undefined
  connecting.createSocket = (forRequest, ...rest) => {
    request = forRequest
    try {
      original.createSocket.call(connecting, forRequest, ...rest)
    } finally {
      request = undefined
    }
  }
  connecting.createConnection = (options, oncreate) => {
    // TLS takes over a descriptor only if the socket is connected. Until then the request has no socket, and an abort of the
    // request does not reach the connection.
    const socket = createConnection(place, connectionOf(options))
    const release = request === undefined ? () => undefined : standIn(socket, request)
    const onError = (error: Error): void => {
      release()
      oncreate?.(error)
    }
    socket.once('error', onError)
    socket.once('connect', () => {
      release()
      socket.off('error', onError).setTimeout(0)
      let secure: Duplex | undefined
      try {
        secure = original.createConnection.call(connecting, { ...options, socket })
        if (secure instanceof Socket) refuseToConnect(secure, place.netns)
      } catch (error) {
        socket.destroy()
        oncreate?.(error as Error)
        return
      }
      oncreate?.(null, secure)
    })
    return undefined
  }
  return agent
}

/** Ends a socket with a request that does not have it yet, and emits `timeout` on the request if the socket is idle. */
function standIn(socket: Socket, request: ClientRequest): () => void {
  const onTimeout = (): unknown => request.emit('timeout')
  socket.on('timeout', onTimeout)
  const destroy = request.destroy.bind(request)
  request.destroy = (error) => {
    destroy(error)
    socket.destroy(error ?? Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))
    return request
  }
  return () => {
    socket.off('timeout', onTimeout)
    Reflect.deleteProperty(request, 'destroy')
  }
}
