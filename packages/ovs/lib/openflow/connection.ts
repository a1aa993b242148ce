// A connection to a bridge's management socket, which speaks OpenFlow as to a controller.
import { connect, type Socket } from 'node:net'
import { NetloomError } from 'netloom/errors'
import type { Call } from '../ovsdb/calls'
import { asError } from '../ovsdb/errors'
import { Replies } from '../ovsdb/replies'
import { malformed, OpenflowError, OpenflowProtocolError } from './errors'
import {
  commonVersion,
  encodeMessage,
  headerSize,
  helloBody,
  messageTypes,
  OpenflowSplitter,
  versions,
  type OpenflowMessage,
} from './messages'

/** A request that waits for messages. */
interface Pending {
  readonly isFor: (message: OpenflowMessage) => boolean
  readonly take: (message: OpenflowMessage) => void
  readonly fail: (error: Error) => void
}

/** The default limit for a multipart answer, in bytes: some million flows. */
const defaultLargestAnswer = 256 * 1024 * 1024

/** Types and flags of bundles (ofp_bundle_ctrl_type, ofp_bundle_flags). */
const bundle = { open: 0, commit: 4, atomicOrdered: 3 } as const

function lost(operation: string, bridge: string, outcome: 'none' | 'unknown', cause?: unknown): NetloomError {
  const why = cause === undefined ? '' : `: ${asError(cause).message}`
  const end = outcome === 'unknown' ? '; the outcome is unknown' : ''
  return new NetloomError(
    `${operation}: no OpenFlow connection to ${bridge}${why}${end}`,
    'ERR_NETLOOM_OPENFLOW_CONNECTION',
    {
      operation,
      outcome,
      cause,
    },
  )
}

/** One connection. */
export class OpenflowConnection {
  readonly #socket: Socket
  readonly #bridge: string
  readonly #replies: Replies
  readonly #largestAnswer: number
  readonly #pending = new Set<Pending>()
  #version = 0
  #xid = 0
  #bundles = 0
  #end: Error | undefined

  private constructor(socket: Socket, bridge: string, largestAnswer: number) {
    this.#largestAnswer = largestAnswer
    this.#socket = socket
    this.#bridge = bridge
    this.#replies = new Replies(socket)
    const splitter = new OpenflowSplitter()
    socket.on('data', (data: Buffer) => {
      try {
        for (const message of splitter.push(data)) this.#received(message)
      } catch (error) {
        socket.destroy(asError(error))
      }
    })
    const close = (error?: Error): void => {
      this.#end ??= error ?? new Error('the switch has closed it')
      for (const { fail } of [...this.#pending]) fail(this.#end)
    }
    socket.on('error', close)
    socket.on('close', () => {
      close()
    })
  }

  /** Connects, and agrees on a version. */
  static async open(
    path: string,
    bridge: string,
    call: Call,
    largestAnswer = defaultLargestAnswer,
  ): Promise<OpenflowConnection> {
    const socket = connect(path)
    const connection = new OpenflowConnection(socket, bridge, largestAnswer)
    try {
      socket.write(encodeMessage({ version: versions.openflow14, type: messageTypes.hello, xid: 0, body: helloBody() }))
      const [hello] = await connection.#exchange(call, 'first', () => true, 'none')
      const version = hello?.type === messageTypes.hello ? commonVersion(hello) : undefined
      if (version === undefined) throw new Error('it speaks neither OpenFlow 1.4 nor 1.3 (see its protocols)')
      connection.#version = version
      return connection
    } catch (error) {
      socket.destroy()
      if (error instanceof NetloomError) throw error
      throw lost(call.operation, bridge, 'none', error)
    }
  }

  /** The reason why the connection has ended; undefined while it is open. */
  get end(): Error | undefined {
    return this.#end
  }

  /** Whether the bridge has bundles, which it performs completely or not at all. */
  get hasBundles(): boolean {
    return this.#version >= versions.openflow14
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Sends messages, which the bridge performs all or not at all, if it has bundles. Resolves when it has. */
  async commit(call: Call, type: number, bodies: readonly Buffer[]): Promise<void> {
    if (bodies.length > 1 && this.hasBundles) await this.#bundle(call, type, bodies)
    else {
      const messages = bodies.map((body, index) => ({ ...this.#message(type, body), index }))
      const barrier = this.#message(messageTypes.barrierRequest, Buffer.alloc(0))
      await this.#request(call, [...messages, barrier], ({ xid }) => xid === barrier.xid)
    }
  }

  /** The parts of a multipart reply. */
  async multipart(call: Call, kind: number, request: Buffer): Promise<Buffer[]> {
    const head = Buffer.alloc(8)
    head.writeUInt16BE(kind, 0)
    const message = this.#message(messageTypes.multipartRequest, Buffer.concat([head, request]))
    const isLast = ({ type, body }: OpenflowMessage): boolean => {
      const isReply = type === messageTypes.multipartReply && body.length >= 8 && body.readUInt16BE(0) === kind
      if (!isReply) throw malformed(`a message of type ${type} with ${body.length} bytes for a part of an answer`)
      return (body.readUInt16BE(2) & 1) === 0
    }
    const replies = await this.#request(call, [message], isLast)
    return replies.map(({ body }) => body.subarray(8))
  }

  async #bundle(call: Call, type: number, bodies: readonly Buffer[]): Promise<void> {
    const id = ++this.#bundles
    const control = (kind: number): OpenflowMessage => {
      const body = Buffer.alloc(8)
      body.writeUInt32BE(id, 0)
      body.writeUInt16BE(kind, 4)
      body.writeUInt16BE(bundle.atomicOrdered, 6)
      return this.#message(messageTypes.bundleControl, body)
    }
    const commit = control(bundle.commit)
    const added = bodies.map((body, index) => {
      const inner = this.#message(type, body)
      const head = Buffer.alloc(8)
      head.writeUInt32BE(id, 0)
      head.writeUInt16BE(bundle.atomicOrdered, 6)
      const outer = { version: this.#version, type: messageTypes.bundleAddMessage, xid: inner.xid }
      return { ...outer, body: Buffer.concat([head, encodeMessage(inner)]), index }
    })
    await this.#request(call, [control(bundle.open), ...added, commit], ({ xid }) => xid === commit.xid)
  }

  #message(type: number, body: Buffer): OpenflowMessage {
    this.#xid = (this.#xid % 0xfffffffe) + 1
    return { version: this.#version, type, xid: this.#xid, body }
  }

  /**
   * Decodes messages of the bridge. A malformed one ends the connection, with an error of this call and bridge.
   */
  async reading<T>(operation: string, read: () => T | Promise<T>): Promise<T> {
    try {
      return await read()
    } catch (error) {
      if (!(error instanceof OpenflowProtocolError)) throw error
      this.close()
      throw new OpenflowProtocolError(operation, this.#bridge, error.details, error)
    }
  }

  /** Sends messages, and returns all answers. If one is an error, rejects with the first after the last answer. */
  async #request(
    call: Call,
    messages: readonly (OpenflowMessage & { readonly index?: number })[],
    isLast: (message: OpenflowMessage) => boolean,
  ): Promise<OpenflowMessage[]> {
    call.check()
    const xids = messages.map(({ xid }) => xid)
    this.#socket.cork()
    for (const message of messages) this.#socket.write(encodeMessage(message))
    this.#socket.uncork()
    const last = xids.at(-1)
    const answers = await this.#exchange(
      call,
      new Set(xids),
      (message) => (message.type === messageTypes.error ? message.xid === last : isLast(message)),
      'unknown',
    )
    const refusal = answers.find(({ type }) => type === messageTypes.error)
    if (refusal === undefined) return answers
    const index = messages.length > 2 ? messages.find(({ xid }) => xid === refusal.xid)?.index : undefined
    throw await this.reading(call.operation, () => new OpenflowError(call.operation, this.#bridge, refusal.body, index))
  }

  /** Collects the messages with these transaction ids, or the very first message, until the last part. */
  async #exchange(
    call: Call,
    xids: ReadonlySet<number> | 'first',
    isLast: (message: OpenflowMessage) => boolean,
    outcome: 'none' | 'unknown',
  ): Promise<OpenflowMessage[]> {
    const taken: OpenflowMessage[] = []
    let bytes = 0
    let pending: Pending | undefined
    const done = new Promise<OpenflowMessage[]>((resolve, reject) => {
      pending = {
        isFor: ({ xid }) => xids === 'first' || xids.has(xid),
        take: (message) => {
          taken.push(message)
          // The header counts as well: there may be many without a body.
          bytes += headerSize + message.body.length
          if (bytes > this.#largestAnswer) throw malformed(`an answer of more than ${this.#largestAnswer} bytes`)
          if (isLast(message)) resolve(taken)
        },
        fail: (error) => {
          reject(lost(call.operation, this.#bridge, outcome, error))
        },
      }
      if (this.#end !== undefined) pending.fail(this.#end)
      else this.#pending.add(pending)
    })
    try {
      return await call.race(done, outcome)
    } finally {
      if (pending !== undefined) this.#pending.delete(pending)
    }
  }

  #received(message: OpenflowMessage): void {
    if (message.type === messageTypes.echoRequest) {
      this.#replies.send(encodeMessage({ ...message, type: messageTypes.echoReply }))
      return
    }
    for (const { isFor, take } of [...this.#pending]) if (isFor(message)) take(message)
  }
}
