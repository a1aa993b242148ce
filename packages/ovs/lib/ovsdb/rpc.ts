// JSON-RPC 1.0 of OVSDB (RFC 7047, section 4), over one socket: requests and their replies, notifications of the server, and `echo`
// in both directions. Independent of the methods.
import type { Duplex } from 'node:stream'
import type { Call } from './calls'
import { malformed, OvsdbConnectionError, OvsdbProtocolError, serverErrorOf, unreadable } from './errors'
import { jsonText, parseJson, type Json } from './json'
import { Replies } from './replies'
import { MessageSplitter } from './splitter'

/** A notification of the server. */
export interface Notification {
  readonly method: string
  readonly params: readonly Json[]
}

/** Options of a connection. */
export interface RpcOptions {
  /** Milliseconds of silence after which an echo is sent, and after the same time again the connection is closed; 0: never. */
  readonly probeInterval: number
  /** The largest message that is accepted, in bytes. */
  readonly messageLimit: number
  /** Called with each notification, in order. */
  readonly onNotification: (notification: Notification) => void
}

interface Waiting {
  readonly resolve: (result: Json) => void
  readonly reject: (error: Error) => void
  readonly operation: string
}

const ticksPerProbe = 4

type Message = Readonly<Record<string, Json>>

function parsed(text: string): Message {
  try {
    return parseJson(text) as Message
  } catch (error) {
    throw malformed('a message that is no JSON', error)
  }
}

/** One connection, from an open socket to its end, without reconnection. */
export class RpcConnection {
  /** Resolves when the connection has ended, with the reason. */
  readonly ended: Promise<Error>
  readonly #socket: Duplex
  readonly #options: RpcOptions
  readonly #splitter: MessageSplitter
  readonly #replies: Replies
  readonly #waiting = new Map<number, Waiting>()
  readonly #probe: NodeJS.Timeout | undefined
  /** Ticks of the probe's timer since the last data: not time, so that a busy event loop does not count as silence. */
  #silentTicks = 0
  #nextId = 0
  #end: Error | undefined
  #idle: (() => void) | undefined
  #resolveEnded: (error: Error) => void = () => undefined

  constructor(socket: Duplex, options: RpcOptions) {
    this.#socket = socket
    this.#options = options
    this.#splitter = new MessageSplitter(options.messageLimit)
    this.#replies = new Replies(socket)
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve
    })
    socket.on('data', this.#receive)
    socket.on('error', (error) => {
      this.close(error)
    })
    socket.on('close', () => {
      const what = this.#splitter.partial ? 'the server closed in the middle of a message' : 'the server closed'
      this.close(new Error(what))
      this.#resolveEnded(this.#end ?? new Error(what))
    })
    if (options.probeInterval > 0) {
      this.#probe = setInterval(this.#watch, options.probeInterval / ticksPerProbe)
      this.#probe.unref()
    }
  }

  /** The reason why the connection has ended; undefined while it is open. */
  get end(): Error | undefined {
    return this.#end
  }

  /** Sends a request. When the call is aborted, does not wait for the reply, and calls `onAbandon`, which may notify the server. */
  request(call: Call, method: string, params: readonly Json[], onAbandon?: (id: number) => void): Promise<Json> {
    return new Promise((resolve, reject) => {
      call.check()
      if (this.#end !== undefined) throw this.#lost(call.operation, 'none')
      const id = this.#nextId++
      const text = jsonText({ method, params, id })
      const forget = call.onEnd(() => {
        this.#settled(id)
        onAbandon?.(id)
        reject(call.error('unknown'))
      })
      this.#waiting.set(id, {
        operation: call.operation,
        resolve: (result) => {
          forget()
          resolve(result)
        },
        reject: (error) => {
          forget()
          reject(error)
        },
      })
      this.#socket.write(text)
    })
  }

  /** Sends a notification. */
  notify(method: string, params: readonly Json[]): void {
    if (this.#end === undefined) this.#socket.write(jsonText({ method, params, id: null }))
  }

  /** Resolves when no request is waiting for its reply, or the connection has ended. */
  async idle(): Promise<void> {
    if (this.#waiting.size === 0) return
    await new Promise<void>((resolve) => {
      this.#idle = resolve
    })
  }

  /** Ends the connection. Rejects requests without a reply; their outcome is unknown. */
  close(reason: Error): void {
    if (this.#end !== undefined) return
    this.#end = reason
    clearInterval(this.#probe)
    this.#socket.destroy()
    for (const [id, { reject, operation }] of this.#waiting) {
      this.#settled(id)
      reject(this.#lost(operation, 'unknown'))
    }
  }

  #lost(operation: string, outcome: 'none' | 'unknown'): OvsdbConnectionError {
    return new OvsdbConnectionError(operation, 'the connection was lost', outcome, this.#end)
  }

  #settled(id: number): void {
    this.#waiting.delete(id)
    if (this.#waiting.size === 0) this.#idle?.()
  }

  readonly #receive = (chunk: Buffer): void => {
    this.#silentTicks = 0
    // Catches all errors: whatever the server sends must not end the process.
    try {
      for (const text of this.#splitter.push(chunk)) {
        // A listener may have closed the connection.
        if (this.#end !== undefined) return
        this.#dispatch(parsed(text))
      }
    } catch (error) {
      this.close(error instanceof OvsdbProtocolError ? error : malformed('a message that cannot be understood', error))
    }
  }

  #dispatch(message: Message): void {
    const { method, params, id } = message
    if (method === undefined) {
      this.#reply(message)
    } else if (typeof method !== 'string' || !Array.isArray(params)) {
      throw malformed('a message with a method that has no name or no parameters')
    } else if (id === undefined || id === null) {
      this.#options.onNotification({ method, params: params as readonly Json[] })
    } else if (method === 'echo') {
      this.#answer({ id, result: params as readonly Json[], error: null })
    } else {
      this.#answer({ id, result: null, error: 'unknown method' })
    }
  }

  #answer(message: Message): void {
    this.#replies.send(Buffer.from(jsonText(message)))
  }

  #reply({ id, result, error }: Message): void {
    // The probe's own request, for which no call waits.
    if (id === 'echo') return
    if (typeof id !== 'number' || !(id >= 0 && id < this.#nextId)) {
      throw malformed('a reply to no request')
    }
    const waiting = this.#waiting.get(id)
    // The reply to an aborted request.
    if (waiting === undefined) return
    this.#settled(id)
    if (error === null || error === undefined) {
      if (result === undefined) waiting.reject(unreadable(waiting.operation, malformed('a reply without a result')))
      else waiting.resolve(result)
      return
    }
    const failure = serverErrorOf(error) ?? {
      error: typeof error === 'string' ? error : jsonText(error),
      details: undefined,
    }
    waiting.reject(new OvsdbProtocolError(waiting.operation, failure))
  }

  readonly #watch = (): void => {
    this.#silentTicks++
    if (this.#silentTicks === ticksPerProbe) {
      this.#socket.write(jsonText({ method: 'echo', params: [], id: 'echo' }))
    } else if (this.#silentTicks >= 2 * ticksPerProbe) {
      this.close(new Error(`the server did not answer an echo for ${this.#options.probeInterval} ms`))
    }
  }
}
