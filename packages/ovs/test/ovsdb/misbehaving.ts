// A server that does with each connection what a test tells it to.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { jsonText, parseJson, type Json } from '../../lib/ovsdb/json'
import { MessageSplitter } from '../../lib/ovsdb/splitter'
import { Directory } from './server'

/** A server, and where it listens. */
export type Misbehaving = AsyncDisposable & { readonly remote: string }

/** A server that does with each connection what the function does. */
export async function misbehaving(behave: (socket: Socket) => void): Promise<Misbehaving> {
  const directory = new Directory()
  const sockets = new Set<Socket>()
  const listening = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
    behave(socket)
  })
  listening.listen(directory.join('s'))
  await once(listening, 'listening')
  return {
    remote: `unix:${directory.join('s')}`,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      listening.close()
      await once(listening, 'close')
      directory[Symbol.dispose]()
    },
  }
}

/** The schema of a database that a test makes up, called `Test`. */
export function schemaOf(tables: Json): Json {
  return { name: 'Test', version: '1.0.0', tables }
}

/** What a server that speaks OVSDB answers: a result, or nothing. */
export type Answers = Readonly<Record<string, (params: readonly Json[], socket: Socket) => Json | undefined>>

/** A server of a made-up schema, which answers other methods as the test says, and is silent to the rest. */
export function speaking(schema: Json, answers: Answers = {}): Promise<Misbehaving> {
  return misbehaving((socket) => {
    const splitter = new MessageSplitter()
    socket.on('data', (chunk) => {
      for (const text of splitter.push(chunk)) {
        const { method, params = [], id } = parseJson(text) as { method?: string; params?: Json[]; id: Json }
        if (method === undefined) continue
        const say = (message: Json): boolean => socket.write(jsonText(message))
        if (method === 'get_schema') {
          if (params[0] === '_Server') say({ id, result: null, error: 'unknown database' })
          else say({ id, result: schema, error: null })
          continue
        }
        const result = answers[method]?.(params, socket)
        if (result !== undefined) say({ id, result, error: null })
      }
    })
  })
}
