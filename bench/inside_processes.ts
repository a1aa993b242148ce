// Starting a process in a namespace and waiting for its end, against Node's own spawn, which starts it here, and against
// `ip netns exec` and `unshare`; what stays as process 1; namespaces without root, and sockets in them.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Namespace, NetNs } from '../lib/index'
import type { Benchmark, Context, Figure } from './benchmark'
import { interleave, milliseconds } from './measure'
import { fresh, nameOf } from './namespaces'

const stdio = 'ignore'

/** A figure against what is allowed. */
const allowed = (what: string, value: number, most: number, unit: string): Figure => ({
  what,
  netloom: `${value.toFixed(2)} ${unit}`,
  against: `${most} ${unit} allowed`,
  ratio: value / most,
  bound: { atMost: 1 },
})

/** Resident, in KiB. */
async function firstProcess(): Promise<number> {
  // Of a process that is large itself.
  const ballast = Buffer.alloc(100 << 20, 1)
  await using set = await Namespace.create({ pid: true, mnt: true, user: true })
  const status = readFileSync(`/proc/${String(set.pid1)}/status`, 'utf8')
  if (ballast.length === 0) throw new Error('nothing was allocated')
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1])
}

/** Milliseconds of a namespace without root, and of a socket more in it. */
async function rootless(context: Context): Promise<{ made: number; socket: number }> {
  const count = context.smoke ? 3 : 100
  // The user namespace and its helper are there as long as one of them is.
  await using first = await NetNs.create({ rootless: true })
  await first.links.set('lo', { up: true })
  const each = (work: () => Promise<void>) => async (): Promise<number> => {
    const took = await milliseconds(async () => {
      for (let i = 0; i < count; i++) await work()
    })
    return took / count
  }
  return await interleave(context.smoke ? 1 : 5, {
    made: each(async () => {
      ;(await NetNs.create({ rootless: true })).close()
    }),
    socket: each(async () => {
      const server = await first.listen({ host: '127.0.0.1' })
      server.close()
      await once(server, 'close')
    }),
  })
}

export const insideProcesses: Benchmark = async (context) => {
  await using ns = await fresh('processes')
  const count = context.smoke ? 3 : 100
  const measure = (start: () => ChildProcess) => async (): Promise<number> => {
    const took = await milliseconds(async () => {
      for (let i = 0; i < count; i++) await once(start(), 'exit')
    })
    return took / count
  }
  const found = await interleave(
    context.smoke ? 1 : 9,
    {
      plain: measure(() => spawn('/bin/true', [], { stdio })),
      inside: measure(() => ns.spawn('/bin/true', [], { stdio })),
      mounts: measure(() => ns.spawn('/bin/true', [], { stdio, etc: true })),
      contained: measure(() => ns.spawn('/bin/true', [], { stdio, pid: true, mount: true, uts: true, ipc: true })),
      unshared: measure(() => ns.spawn('/bin/true', [], { stdio, user: true, pid: true, mount: true })),
      unshare: measure(() => spawn('unshare', ['-r', '--pid', '--fork', '--mount-proc', '/bin/true'], { stdio })),
      ip: measure(() => spawn('ip', ['netns', 'exec', nameOf(ns), '/bin/true'], { stdio })),
    },
    context.onProgress,
  )
  const withoutRoot = await rootless(context)
  const figure = (what: string, took: number, other: string, its: number): Figure => ({
    what,
    netloom: `${took.toFixed(2)} ms`,
    against: `${other} ${its.toFixed(2)} ms`,
    ratio: took / its,
  })
  return {
    figures: [
      { ...figure('start a process in a namespace', found.inside, 'spawn here', found.plain), bound: { atMost: 1.3 } },
      { ...figure('the same', found.inside, 'ip netns exec', found.ip), bound: { atMost: 0.25 } },
      { ...figure('with its mounts', found.mounts, 'ip netns exec', found.ip), bound: { atMost: 1 } },
      figure('in five namespaces', found.contained, 'spawn here', found.plain),
      {
        ...figure('with user, pid and mount namespaces', found.unshared, 'unshare', found.unshare),
        bound: { atMost: 0.67 },
      },
      allowed('resident memory of a process 1', await firstProcess(), 1024, 'KiB'),
      allowed('a namespace without root', withoutRoot.made, 1.5, 'ms'),
      allowed('a listening socket in it, opened and closed', withoutRoot.socket, 0.2, 'ms'),
    ],
  }
}
