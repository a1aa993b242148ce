// Sockets inside a namespace from a process outside, against the same from a process inside; the time to open one; and a process
// with a server in each of a thousand namespaces.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { join } from 'node:path'
import { openSocket } from '../lib/native/socket_jobs'
import { handleOf } from '../lib/native/netns_handle'
import type { Benchmark, Context } from './benchmark'
import { floor } from './floor'
import type { Many, Task } from './inside_sockets_program'
import { interleave, milliseconds } from './measure'
import { fresh, nameOf } from './namespaces'

const program = join(__dirname, 'inside_sockets_program.js')

async function start({ signal }: Context, command: string, ...args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(command, args, { signal, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(child, 'message')
  return child
}

async function ask(child: ChildProcess, task: Task): Promise<number> {
  const answer = once(child, 'message')
  child.send(task)
  return ((await answer) as [number])[0]
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit')
  child.disconnect()
  await ended
}

async function many({ signal }: Context, count: number): Promise<Many> {
  const child = spawn(process.execPath, [program, 'many', String(count)], {
    signal,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const first: unknown = await Promise.race([once(child, 'message'), ended])
  await ended
  const [found] = first as [Many | number | null]
  if (typeof found !== 'object' || found === null) throw new Error(`the program with many servers ended with ${found}`)
  return found
}

export const insideSockets: Benchmark = async (context) => {
  const { smoke, onProgress } = context
  const [rounds, trips, requests, connections, opens, servers] = smoke
    ? [3, 200, 200, 50, 500, 20]
    : [15, 4000, 2000, 300, 5000, 1000]
  await using ns = await fresh('inside')
  await ns.links.set('lo', { up: true })
  const netns = ns[handleOf]
  const own = await start(context, 'ip', 'netns', 'exec', nameOf(ns), process.execPath, program, 'plain')
  const ours = await start(context, process.execPath, program, 'netloom', nameOf(ns))
  const measured = await interleave(
    rounds,
    {
      plainTrip: () => ask(own, { what: 'round trip', count: trips }),
      trip: () => ask(ours, { what: 'round trip', count: trips }),
      plainHttp: () => ask(own, { what: 'http', count: requests }),
      http: () => ask(ours, { what: 'http', count: requests }),
      plainConnect: () => ask(own, { what: 'connect', count: connections }),
      connect: () => ask(ours, { what: 'connect', count: connections }),
      floor: async () => (await floor(context, 'socket_open', 10 * opens))[0] / 1000,
      open: async () => {
        const took = await milliseconds(async () => {
          for (let i = 0; i < opens; i++) {
            closeSync((await openSocket('bench', netns, { family: 'ipv4', type: 'stream' })).take())
          }
        })
        return (1000 * took) / opens
      },
    },
    onProgress,
  )
  await Promise.all([end(own), end(ours)])
  const { plainTrip, trip, plainHttp, http, plainConnect, connect, floor: least, open } = measured
  const { milliseconds: took, rss, descriptors } = await many(context, servers)
  const allowed = 20
  return {
    figures: [
      {
        what: 'a byte there and back over TCP in a namespace',
        netloom: `${trip.toFixed(1)} µs`,
        against: `net, in a process inside ${plainTrip.toFixed(1)} µs`,
        ratio: trip / plainTrip,
        bound: { atMost: 1.1 },
      },
      {
        what: 'HTTP requests a second by ns.agent()',
        netloom: http.toFixed(0),
        against: `http, in a process inside ${plainHttp.toFixed(0)}`,
        ratio: http / plainHttp,
        bound: { atLeast: 0.95 },
      },
      {
        what: 'opening a socket in a namespace, beyond socket()',
        netloom: `${(open - least).toFixed(1)} µs`,
        against: `allowed ${allowed} µs`,
        ratio: (open - least) / allowed,
        bound: { atMost: 1 },
      },
      {
        what: 'a TCP connection and its end',
        netloom: `${connect.toFixed(0)} µs`,
        against: `net, in a process inside ${plainConnect.toFixed(0)} µs`,
        ratio: connect / plainConnect,
      },
    ],
    notes: [
      `${servers} servers in ${servers} namespaces in one process, each answered once: ${took.toFixed(0)} ms, ` +
        `${(rss / 2 ** 20).toFixed(0)} MiB resident, ${descriptors} descriptors`,
    ],
  }
}
