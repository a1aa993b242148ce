// What lets one of Node's sockets go on where another one has connected.
import type { Socket } from 'node:net'

/** What libuv's handle of a socket is to Node: since Node 0.x a property of this name. */
interface WithHandle {
  _handle: object | null
}

/** How Node calls what goes with the handle. */
const kept = new Set<string | undefined>(['async_id_symbol', 'kBuffer', 'kBufferCb', 'kBufferGen'])

/** Lets `to` go on with the connection of `from`, which is left without one. */
export function takeOver(to: Socket, from: Socket): void {
  const [taker, giver] = [to, from] as unknown as readonly [WithHandle, WithHandle]
  const handle = giver._handle
  if (handle === null) throw new Error('a socket that is closed has no connection to give')
  giver._handle = null
  taker._handle = handle
  // Node finds the socket of a handle by a symbol that it keeps to itself.
  const properties = handle as Record<symbol, unknown>
  for (const symbol of Object.getOwnPropertySymbols(handle)) {
    if (properties[symbol] === from) properties[symbol] = to
  }
  // And the number of what is asynchronous about it by another one.
  // And what it reads into by some more (`onread`): with a function that gives buffers, the one that it has now.
  for (const symbol of Object.getOwnPropertySymbols(from)) {
    if (!kept.has(symbol.description)) continue
    Object.assign(to, { [symbol]: (from as unknown as Record<symbol, unknown>)[symbol] })
  }
  from.destroy()
}
