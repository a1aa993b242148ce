// Agents of Node's http and https whose connections begin inside a namespace.
import { Agent, type AgentOptions, type ClientRequest } from 'node:http'
import { Agent as SecureAgent, type AgentOptions as SecureAgentOptions } from 'node:https'
import type { Duplex } from 'node:stream'
import { wrongType } from '../wire/invalid'
import { createConnection, type CreateConnectionOptions } from './client_socket'
import type { Place } from './establish'

type OnCreate = (error: Error | null, socket?: Duplex) => void

/** What Node calls, with what is not in its types. */
interface Connecting {
  createConnection: (this: Connecting, options: object, oncreate?: OnCreate) => Duplex | undefined
  createSocket: (this: Connecting, request: ClientRequest, options: object, oncreate: OnCreate) => void
}

function checkOptions(options: unknown): void {
  if (options !== undefined && (typeof options !== 'object' || options === null)) {
    throw wrongType('options', 'an object', options)
  }
}

/** What a request says about its connection; names are resolved in the namespace, unless it says otherwise. */
function connectionOf(options: object): CreateConnectionOptions {
  const { onread: _, ...rest } = options as CreateConnectionOptions & { readonly onread?: unknown }
  return rest
}

/** @internal NetNs.agent */
export function agentOf(place: Place, options?: AgentOptions): Agent {
  checkOptions(options)
  const agent = new Agent(options)
  const connecting = agent as unknown as Connecting
  connecting.createConnection = (options) => createConnection(place, connectionOf(options))
  return agent
}

/** @internal NetNs.httpsAgent */
export function secureAgentOf(place: Place, options?: SecureAgentOptions): SecureAgent {
  checkOptions(options)
  const agent = new SecureAgent(options)
  const connecting = agent as unknown as Connecting
  const original = { createConnection: connecting.createConnection, createSocket: connecting.createSocket }
  // Node calls `createConnection` within `createSocket`, and tells only this one for which request.
  let request: ClientRequest | undefined
  connecting.createSocket = (forRequest, ...rest) => {
    request = forRequest
    try {
      original.createSocket.call(connecting, forRequest, ...rest)
    } finally {
      request = undefined
    }
  }
  // TLS goes the short way only over a socket that is connected.
  connecting.createConnection = (options, oncreate) => {
    const asking = request
    const socket = createConnection(place, connectionOf(options))
    const onTimeout = (): unknown => asking?.emit('timeout')
    const onError = (error: Error): void => {
      asking?.off('close', giveUp)
      oncreate?.(error)
    }
    const giveUp = (): unknown => socket.destroy(Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }))
    asking?.once('close', giveUp)
    socket.on('timeout', onTimeout)
    socket.once('error', onError)
    socket.once('connect', () => {
      asking?.off('close', giveUp)
      socket.off('timeout', onTimeout).off('error', onError)
      socket.setTimeout(0)
      try {
        oncreate?.(null, original.createConnection.call(connecting, { ...options, socket }))
      } catch (error) {
        socket.destroy()
        oncreate?.(error as Error)
      }
    })
    return undefined
  }
  return agent
}
