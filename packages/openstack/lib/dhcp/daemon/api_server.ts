// The server of HTTP on a Unix socket: its permissions, its time limits, and its end.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { Socket } from 'node:net'

/** The umask of the socket: only its owner and group may connect. */
const closedToOthers = 0o117
/** Milliseconds that a client has for a request, its body included. */
const requestMs = 60_000
/** On closing, milliseconds for connections without a complete request. */
const graceMs = 2000
/** On closing, milliseconds for all others, for instance clients that do not read their answer. */
const longGraceMs = 10_000
const lookMs = 50

/** Listens with a mode that holds from the first moment. */
function listenPrivately(server: Server, path: string): void {
  const before = process.umask(closedToOthers)
  try {
    // The call creates the socket before it returns.
    server.listen({ path })
  } finally {
    process.umask(before)
  }
}

/** One server, from when it listens to its end. */
export class ApiServer {
  readonly #server: Server
  /** Connections, each with its latest request. */
  readonly #connections = new Map<Socket, IncomingMessage | undefined>()

  private constructor(listener: RequestListener) {
    this.#server = createServer({ requestTimeout: requestMs }, (request, response) => {
      this.#connections.set(request.socket, request)
      listener(request, response)
    })
    this.#server.on('connection', (socket) => {
      this.#connections.set(socket, undefined)
      socket.once('close', () => this.#connections.delete(socket))
    })
  }

  static async listen(path: string, listener: RequestListener): Promise<ApiServer> {
    const api = new ApiServer(listener)
    const listening = once(api.#server, 'listening')
    listenPrivately(api.#server, path)
    await listening
    return api
  }

  /** Refuses new connections, answers requests under way, and ends within the time limits. */
  async close(): Promise<void> {
    const begun = performance.now()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    const timer = setInterval(() => {
      const waited = performance.now() - begun
      this.#server.closeIdleConnections()
      if (waited >= graceMs) this.#closeUnsaid()
      if (waited >= longGraceMs) this.#server.closeAllConnections()
    }, lookMs)
    this.#server.closeIdleConnections()
    await closed
    clearInterval(timer)
  }

  #closeUnsaid(): void {
    for (const [socket, request] of this.#connections) if (request?.complete !== true) socket.destroy()
  }
}
