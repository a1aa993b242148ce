// What red and green say to each other. These are Node's own sockets, so there is nothing of netloom in it.
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { interruption } from './endings'

/** Green's side: a greeting, which is one line, is answered by one; all that follows is sent back. */
export function answer(socket: Socket): void {
  socket.setNoDelay()
  socket.once('data', () => {
    socket.write(`hello ${socket.remoteAddress ?? 'you'}, this is ${socket.localAddress ?? 'me'}\n`)
    socket.pipe(socket)
  })
  socket.on('error', () => socket.destroy())
}

/** Sends a line and gives the one that comes back. */
export async function greet(socket: Socket, line: string): Promise<string> {
  socket.write(`${line}\n`)
  let heard = ''
  while (!heard.endsWith('\n')) heard += (await read(socket)).toString()
  return heard.trimEnd()
}

/** The times of so many round trips of 64 bytes, in microseconds. */
export async function measure(socket: Socket, count: number): Promise<number[]> {
  socket.setNoDelay()
  const message = Buffer.alloc(64, 'netloom ')
  const warmUp = 50
  const times: number[] = []
  for (let i = 0; i < warmUp + count; i++) {
    const start = performance.now()
    socket.write(message)
    await read(socket, message.length)
    times.push((performance.now() - start) * 1000)
  }
  return times.slice(warmUp)
}

/** The median, and how far the times spread. */
export function summary(times: readonly number[]): string {
  const sorted = [...times].sort((a, b) => a - b)
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(0)
  return `median ${at(0.5)} µs of ${sorted.length} (9 of 10 below ${at(0.9)} µs), both ends being on this one thread`
}

/** So many bytes, or what there is. */
async function read(socket: Socket, bytes?: number): Promise<Buffer> {
  const signal = AbortSignal.any([interruption, AbortSignal.timeout(5000)])
  for (;;) {
    const chunk = socket.read(bytes) as Buffer | null
    if (chunk !== null) return chunk
    await once(socket, 'readable', { signal })
  }
}
