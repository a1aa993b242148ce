// Moves the connection of one of Node's sockets to another socket.
import type { Socket } from 'node:net'

/** libuv's handle of a socket: since Node 0.x a property of this name. */
interface WithHandle {
  _handle: object | null
}

/** The descriptions of Node's symbols that belong to the handle. */
const kept = new Set<string | undefined>(['async_id_symbol', 'kBuffer', 'kBufferCb', 'kBufferGen'])

/** Moves the connection of `from` to `to`. */
export function takeOver(to: Socket, from: Socket): void {
  const [taker, giver] = [to, from] as unknown as readonly [WithHandle, WithHandle]
  const handle = giver._handle
  if (handle === null) throw new Error('a socket that is closed has no connection to give')
  giver._handle = null
  taker._handle = handle
  // A symbol that Node does not export refers from the handle to its socket.
  const properties = handle as Record<symbol, unknown>
  for (const symbol of Object.getOwnPropertySymbols(handle)) {
    if (properties[symbol] === from) properties[symbol] = to
  }
  // Other such symbols refer to the socket's async id, and to the buffer that it reads into (`onread`): with a function that
  // returns buffers, the current one.
  for (const symbol of Object.getOwnPropertySymbols(from)) {
    if (!kept.has(symbol.description)) continue
    Object.assign(to, { [symbol]: (from as unknown as Record<symbol, unknown>)[symbol] })
  }
  from.destroy()
}
