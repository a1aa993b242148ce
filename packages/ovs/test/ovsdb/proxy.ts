// A server between a client and the real one, which sees, changes, delays and cuts what they say.
import { connect, createServer, type Server as NetServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { jsonText, parseJson, type Json } from '../../lib/ovsdb/json'
import { MessageSplitter } from '../../lib/ovsdb/splitter'
import { Directory, type Server } from './server'

interface Message {
  readonly method?: string
  readonly params?: readonly Json[]
  readonly id?: Json
  readonly [other: string]: Json | undefined
}

interface ProxyOptions {
  /** Requests that are answered with `unknown method`. */
  readonly refuse?: (method: string, params: readonly Json[]) => boolean
  /** Called with each request; what it gives is sent instead, and nothing if it gives undefined. */
  readonly request?: (message: Message, client: Socket) => Message | undefined
  /** The same for what the server says. */
  readonly reply?: (message: Message, client: Socket) => Message | undefined
  /** Bytes in each piece that the client gets. */
  readonly pieces?: number
}

/** A proxy before a server. */
export class Proxy implements AsyncDisposable {
  readonly #directory: Directory
  readonly #server: NetServer
  readonly #sockets = new Set<Socket>()
  readonly remote: string
  /** The methods of all requests, in order. */
  readonly methods: string[] = []

  constructor(server: NetServer, directory: Directory) {
    this.#server = server
    this.#directory = directory
    this.remote = `unix:${directory.join('proxy.sock')}`
  }

  add(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
  }

  /** Ends all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    this.#server.close()
    await once(this.#server, 'close')
    this.#directory[Symbol.dispose]()
  }
}

function eachMessage(socket: Socket, then: (message: Message) => void): void {
  const splitter = new MessageSplitter()
  socket.on('data', (chunk) => {
    for (const text of splitter.push(chunk)) then(parseJson(text) as unknown as Message)
  })
}

function unchanged(message: Message): Message {
  return message
}

/** A proxy before a real server; or, without one, a server that says only what `request` makes it say. */
export async function proxied(target: Server | undefined, options: ProxyOptions): Promise<Proxy> {
  const { refuse, request = unchanged, reply = unchanged, pieces } = options
  const directory = new Directory()
  const server = createServer((client) => {
    proxy.add(client)
    const send = (message: Message): void => {
      const bytes = Buffer.from(jsonText(message as Json))
      if (pieces === undefined) client.write(bytes)
      else for (let at = 0; at < bytes.length; at += pieces) client.write(bytes.subarray(at, at + pieces))
    }
    const upstream = target && connect(target.socket)
    if (upstream !== undefined) {
      proxy.add(upstream)
      eachMessage(upstream, (message) => {
        const said = reply(message, client)
        if (said !== undefined) send(said)
      })
      upstream.on('close', () => client.destroy())
      client.on('close', () => upstream.destroy())
    }
    eachMessage(client, (message) => {
      const { method, params = [], id = null } = message
      if (method !== undefined) proxy.methods.push(method)
      if (method !== undefined && refuse?.(method, params) === true) send({ id, result: null, error: 'unknown method' })
      else {
        const said = request(message, client)
        if (said !== undefined) upstream?.write(jsonText(said as Json))
      }
    })
  })
  const proxy = new Proxy(server, directory)
  server.listen(directory.join('proxy.sock'))
  await once(server, 'listening')
  return proxy
}
