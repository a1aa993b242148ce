// How long the event loop is held up while namespaces are created, plumbed and deleted: one after another, and all
// at once.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from '../lib/index'
import type { Benchmark } from './benchmark'
import { interleave } from './measure'
import { fresh, oneQueue } from './namespaces'

const allowed = 5

/** The 99.9th percentile of the delay, in milliseconds. The monitor's own period of 1 ms is part of it. */
async function delayDuring(work: () => Promise<unknown>): Promise<number> {
  const monitor = monitorEventLoopDelay({ resolution: 1 })
  monitor.enable()
  try {
    await work()
  } finally {
    monitor.disable()
  }
  return monitor.percentile(99.9) / 1e6
}

async function makeHost(): Promise<NetNs> {
  const host = await fresh('host')
  await host.links.add({ kind: 'bridge', name: 'br0', up: true })
  return host
}

async function pod(host: NetNs, number: number): Promise<void> {
  await using ns = await fresh('pod')
  await host.links.add({
    kind: 'veth',
    name: `veth${number}`,
    master: 'br0',
    up: true,
    ...oneQueue,
    peer: { netns: ns, name: 'eth0', up: true, ...oneQueue },
  })
  await ns.addresses.add({ dev: 'eth0', address: `10.0.${number >> 8}.${number & 255}/16` })
  await ns.routes.add({ dst: 'default', via: '10.0.255.254' })
}

/** The kernel frees namespaces later, and their ends of veth pairs with them: until then they would fill the bridge. */
async function settle(host: NetNs): Promise<void> {
  while ((await host.links.list({ kind: 'veth' })).length > 0) await sleep(50)
}

export const eventLoopDelay: Benchmark = async ({ smoke }) => {
  const pods = smoke ? 50 : 500
  await using host = await makeHost()
  const numbers = Array.from({ length: pods }, (_, i) => i)
  const { idle, sequential, concurrent } = await interleave(smoke ? 1 : 5, {
    idle: () => delayDuring(() => sleep(500)),
    sequential: async () => {
      const delay = await delayDuring(async () => {
        for (const number of numbers) await pod(host, number)
      })
      await settle(host)
      return delay
    },
    concurrent: async () => {
      const delay = await delayDuring(() => Promise.all(numbers.map((number) => pod(host, number))))
      await settle(host)
      return delay
    },
  })
  return {
    figures: [['one after another', sequential] as const, ['all at once', concurrent] as const].map(([how, delay]) => ({
      what: `event loop delay p99.9, ${pods} pods ${how}`,
      netloom: `${delay.toFixed(2)} ms`,
      against: `allowed ${allowed} ms`,
      ratio: delay / allowed,
      bound: { atMost: 1 },
    })),
    notes: [
      `event loop delay: an idle loop shows ${idle.toFixed(2)} ms, for the monitor's own period of 1 ms counts; ` +
        `above that ${(sequential - idle).toFixed(2)} and ${(concurrent - idle).toFixed(2)} ms`,
    ],
  }
}
