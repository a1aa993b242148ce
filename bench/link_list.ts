// A thousand links as objects, against `ip -j link` inside the same namespace, up to the end of its text; what it takes
// to make objects of that is told besides, and so is the part of the kernel, which neither can do without.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Benchmark } from './benchmark'
import { floor } from './floor'
import { interleave, milliseconds } from './measure'
import { fresh, nameOf, oneQueue } from './namespaces'

const run = promisify(execFile)

export const linkList: Benchmark = async (context) => {
  const { smoke, signal } = context
  const pairs = smoke ? 50 : 500
  await using ns = await fresh('links')
  for (let i = 0; i < pairs; i++) {
    await ns.links.add({ kind: 'veth', name: `near${i}`, ...oneQueue, peer: { name: `far${i}`, ...oneQueue } })
  }
  const expected = 2 * pairs + 1
  const check = (found: number): void => {
    if (found !== expected) throw new Error(`${found} links were listed, ${expected} are there`)
  }
  // Started inside, which is faster than `ip -n`: that mounts a /sys of its own first.
  const ip = async (...args: string[]): Promise<string> => {
    const running = ns.run(() => ({ ended: run('ip', args, { signal, maxBuffer: 64 << 20 }) }))
    return (await running.ended).stdout
  }
  const { netloom, text, objects, kernel } = await interleave(smoke ? 3 : 15, {
    netloom: () =>
      milliseconds(async () => {
        check((await ns.links.list()).length)
      }),
    text: () => milliseconds(() => ip('-j', 'link')),
    objects: () =>
      milliseconds(async () => {
        check((JSON.parse(await ip('-j', '-d', 'link')) as unknown[]).length)
      }),
    kernel: async () => {
      const [took, messages = 0] = await floor(context, 'link_count', nameOf(ns), 1)
      check(messages)
      return took / 1e6
    },
  })
  return {
    figures: [
      {
        what: `links.list of ${2 * pairs}`,
        netloom: `${netloom.toFixed(2)} ms`,
        against: `ip -j link ${text.toFixed(2)} ms`,
        ratio: text / netloom,
        bound: { atLeast: 5 },
      },
    ],
    notes: [
      `links.list: ip -j -d link, which tells the kinds too, takes ${objects.toFixed(2)} ms with its text parsed: ` +
        `${(objects / netloom).toFixed(2)}×; a C program that only counts the messages ${kernel.toFixed(2)} ms, ` +
        `${(text / kernel).toFixed(2)}× as fast as ip -j link`,
    ],
  }
}
