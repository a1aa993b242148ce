// A thousand links as objects, against `ip -j link` inside the same namespace; what a caller does with its text is not
// counted.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { Benchmark } from './benchmark'
import { interleave, milliseconds } from './measure'
import { fresh, oneQueue } from './namespaces'

const run = promisify(execFile)

export const linkList: Benchmark = async ({ smoke, signal }) => {
  const pairs = smoke ? 50 : 500
  await using ns = await fresh('links')
  for (let i = 0; i < pairs; i++) {
    await ns.links.add({ kind: 'veth', name: `near${i}`, ...oneQueue, peer: { name: `far${i}`, ...oneQueue } })
  }
  const expected = 2 * pairs + 1
  const check = (found: number): void => {
    if (found !== expected) throw new Error(`${found} links were listed, ${expected} are there`)
  }
  const { netloom, ip } = await interleave(smoke ? 3 : 15, {
    netloom: () =>
      milliseconds(async () => {
        check((await ns.links.list()).length)
      }),
    ip: async () => {
      let text = ''
      const took = await milliseconds(async () => {
        // Started inside, which is faster than `ip -n`: that mounts a /sys of its own first.
        const options = { signal, maxBuffer: 64 << 20 }
        text = (await ns.run(() => ({ ended: run('ip', ['-j', 'link'], options) })).ended).stdout
      })
      check((JSON.parse(text) as unknown[]).length)
      return took
    },
  })
  return {
    figures: [
      {
        what: `links.list of ${2 * pairs}`,
        netloom: `${netloom.toFixed(2)} ms`,
        against: `ip -j link ${ip.toFixed(2)} ms`,
        ratio: ip / netloom,
        bound: { atLeast: 5 },
      },
    ],
  }
}
