// Starting a process in a namespace and waiting for its end, against Node's own spawn, which starts it here, and against
// `ip netns exec`.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Benchmark, Figure } from './benchmark'
import { interleave, milliseconds } from './measure'
import { fresh, nameOf } from './namespaces'

const stdio = 'ignore'

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
      ip: measure(() => spawn('ip', ['netns', 'exec', nameOf(ns), '/bin/true'], { stdio })),
    },
    context.onProgress,
  )
  const figure = (what: string, took: number, other: string, its: number): Figure => ({
    what,
    netloom: `${took.toFixed(2)} ms`,
    against: `${other} ${its.toFixed(2)} ms`,
    ratio: took / its,
  })
  return {
    figures: [
      { ...figure('start a process in a namespace', found.inside, 'spawn here', found.plain), bound: { atMost: 1.5 } },
      { ...figure('the same', found.inside, 'ip netns exec', found.ip), bound: { atMost: 1 } },
      { ...figure('with its mounts', found.mounts, 'ip netns exec', found.ip), bound: { atMost: 1 } },
      figure('in five namespaces', found.contained, 'spawn here', found.plain),
    ],
  }
}
