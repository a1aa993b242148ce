// A bridge's management socket on which somebody else listens, who sends no OpenFlow, or too much of it.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OpenflowConnection } from '../../lib/openflow/connection'
import { flowStats } from '../../lib/openflow/flow'
import { encodeMessage, helloBody, OpenflowSplitter, type OpenflowMessage } from '../../lib/openflow/messages'
import { Call } from '../../lib/ovsdb/calls'

type Behaviour = (message: OpenflowMessage, socket: Socket) => void

/** Calls with a connection to a bridge that greets, and does then what it is told. */
async function against<T>(
  behave: Behaviour,
  use: (connection: OpenflowConnection, call: Call) => Promise<T>,
): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'netloom-openflow-'))
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.write(encodeMessage({ version: 5, type: 0, xid: 0, body: helloBody() }))
    const splitter = new OpenflowSplitter()
    socket.on('data', (data) => {
      for (const message of splitter.push(data)) if (message.type !== 0) behave(message, socket)
    })
  })
  server.listen(join(directory, 's'))
  await once(server, 'listening')
  using call = new Call('flows.list', { timeout: 10_000 })
  try {
    const connection = await OpenflowConnection.open(join(directory, 's'), 'br0', call, 10 * 1024 * 1024)
    try {
      return await use(connection, call)
    } finally {
      connection.close()
    }
  } finally {
    for (const socket of sockets) socket.destroy()
    server.close()
    rmSync(directory, { recursive: true })
  }
}

const answer =
  (type: number, body: Buffer): Behaviour =>
  ({ version, xid }, socket) =>
    socket.write(encodeMessage({ version, type, xid, body }))

test.each<[string, Behaviour, RegExp]>([
  ['an error of two bytes', answer(1, Buffer.alloc(2)), /what br0 sends is no OpenFlow: an error of 2 bytes/],
  ['a part of two bytes', answer(19, Buffer.alloc(2)), /a message of type 19 with 2 bytes for a part/],
  ['a part of another kind', answer(19, Buffer.alloc(8)), /for a part of an answer/],
  ['another message', answer(21, Buffer.alloc(8)), /a message of type 21/],
  ['a length of three', (_, socket) => socket.write(Buffer.from('0513000300000001', 'hex')), /a message of 3 bytes/],
])('%s is an error that says so, and the end of the connection', async (_, behave, words) => {
  await against(behave, async (connection, call) => {
    const error: unknown = await connection
      .multipart(call, flowStats, Buffer.alloc(0))
      .catch((thrown: unknown) => thrown)
    expect((error as { code: string }).code).toMatch(/^ERR_NETLOOM_OPENFLOW_(PROTOCOL|CONNECTION)$/)
    expect((error as Error).message).toMatch(/^flows.list: /)
    expect((error as Error).message).toMatch(words)
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(connection.end).toBeDefined()
  })
})

test('an answer without an end is given up', async () => {
  const body = Buffer.alloc(65_000)
  body.writeUInt16BE(flowStats, 0)
  body.writeUInt16BE(1, 2)
  let sent = 0
  const forever: Behaviour = ({ version, xid }, socket) => {
    const message = encodeMessage({ version, type: 19, xid, body })
    const more = (): void => {
      if (socket.destroyed) return
      for (let i = 0; i < 50; i++) {
        sent += message.length
        if (!socket.write(message)) break
      }
      socket.once('drain', more)
    }
    more()
  }
  await against(forever, async (connection, call) => {
    await expect(connection.multipart(call, flowStats, Buffer.alloc(0))).rejects.toThrow(/an answer of more than/)
  })
  expect(sent).toBeGreaterThan(10 * 1024 * 1024)
})

test('a bridge that asks for echoes and does not read the answers is not read any more', async () => {
  let sent = 0
  const echoes: Behaviour = (_, socket) => {
    socket.pause()
    const echo = encodeMessage({ version: 5, type: 2, xid: 7, body: Buffer.alloc(60_000) })
    const more = (): void => {
      if (socket.destroyed) return
      if (socket.write(echo)) setImmediate(more)
      else socket.once('drain', more)
      sent += echo.length
    }
    more()
  }
  await against(echoes, async (connection) => {
    using call = new Call('flows.list', { timeout: 700 })
    await expect(connection.multipart(call, flowStats, Buffer.alloc(0))).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })
  expect(sent).toBeLessThan(4e6)
})
