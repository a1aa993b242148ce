// The router agent: fifty routers made at once, and the same description again.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { RouterAgent, type RouterOptions } from '@netloom/openstack'
import type { Benchmark } from './benchmark'
import { median, milliseconds } from './measure'
import { fresh } from './packaged'

const prefix = `nlbench${process.pid}`

/** A router with a network of its own, a gateway, and a floating address. */
function routerOf(i: number): RouterOptions {
  return {
    id: `${prefix}-r${i}`,
    ports: [{ id: `p${i}`, network: `net${i}`, addresses: ['10.0.0.1/24', 'fd00::1/64'] }],
    gateway: { id: `g${i}`, network: 'outside', addresses: [`203.0.113.${i + 2}/24`], nexthops: ['203.0.113.1'] },
    floatingIps: [{ address: `203.0.113.${i + 102}`, fixed: '10.0.0.10' }],
  }
}

export const openstackRouter: Benchmark = async ({ smoke, onProgress }) => {
  const directory = mkdtempSync('/dev/shm/netloom-bench-')
  const options = { stateDir: join(directory, 'state'), plug: 'bridge', checkMs: 3_600_000 } as const
  await using host = await fresh('switch')
  try {
    await using agent = await RouterAgent.start({ ...options, netns: host })
    const count = smoke ? 3 : 50
    const total = 3
    const routers = Array.from({ length: count }, (_, i) => routerOf(i))
    const made = await milliseconds(() => agent.sync({ routers }))
    onProgress({ done: 1, total })
    const times: number[] = []
    for (let i = 0; i < (smoke ? 2 : 20); i++) times.push(await milliseconds(() => agent.sync({ routers })))
    const again = median(times)
    onProgress({ done: 2, total })
    const looked = await milliseconds(() => agent.routers.supervise())
    const gone = await milliseconds(() => agent.sync({ routers: [] }))
    onProgress({ done: 3, total })
    return {
      figures: [
        {
          what: `sync of ${count} routers with source and floating addresses, from nothing`,
          netloom: `${made.toFixed(0)} ms`,
          against: 'allowed 2000 ms',
          ratio: made / 2000,
          bound: { atMost: 1 },
        },
        {
          what: `sync of ${count} routers, nothing to do`,
          netloom: `${again.toFixed(1)} ms`,
          against: 'allowed 50 ms',
          ratio: again / 50,
          bound: { atMost: 1 },
        },
      ],
      notes: [`routers: all ${count} are looked at in ${looked.toFixed(0)} ms, and deleted in ${gone.toFixed(0)} ms`],
    }
  } finally {
    // Removes all routers, also after a failure.
    const agent = await RouterAgent.start({ ...options, netns: host })
    agent.on('error', console.error)
    await agent.sync({ routers: [] })
    await agent.close()
    rmSync(directory, { recursive: true, force: true })
  }
}
