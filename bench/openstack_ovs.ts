// Ports of Open vSwitch, added and applied: one at a time, and many by one transaction, beside ovs-vsctl.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { OpenVswitch } from '@netloom/ovs'
import type { Benchmark } from './benchmark'
import { interleave, median, milliseconds } from './measure'
import { oneQueue } from './namespaces'
import { fresh } from './packaged'

const run = promisify(execFile)
const netdev = { datapathType: 'netdev' } as const

export const openstackOvs: Benchmark = async ({ smoke, signal, onProgress }) => {
  await using netns = await fresh('ovs')
  await using ovs = await OpenVswitch.launch({ netns })
  const vsctl = async (...args: string[]): Promise<void> => {
    await run('ovs-vsctl', [`--db=unix:${ovs.runDir}/db.sock`, ...args], { signal })
  }
  await ovs.bridges.add({ name: 'br0', ...netdev })
  const one = { kind: 'veth', name: 'v0', up: true, ...oneQueue, peer: { name: 'v1', up: true, ...oneQueue } } as const
  await netns.links.add(one)

  const single = async (add: () => Promise<unknown>): Promise<number> => {
    const times: number[] = []
    for (let i = 0; i < (smoke ? 3 : 20); i++) {
      times.push(await milliseconds(add))
      await ovs.ports.delete('v0')
    }
    return median(times)
  }
  const singles = await interleave(
    smoke ? 1 : 5,
    {
      netloom: () => single(() => ovs.ports.add({ bridge: 'br0', name: 'v0', tag: 10 })),
      vsctl: () => single(() => vsctl('add-port', 'br0', 'v0', 'tag=10')),
    },
    onProgress,
  )

  const count = smoke ? 10 : 500
  const names = Array.from({ length: count }, (_, i) => `p${i}`)
  const internal = { type: 'internal' } as const
  const many = async (add: () => Promise<unknown>): Promise<number> => {
    const time = await milliseconds(add)
    await ovs.ports.deleteMany(names)
    return time
  }
  const words = (name: string): string[] => ['add-port', 'br0', name, '--', 'set', 'interface', name, 'type=internal']
  const manies = await interleave(
    1,
    {
      netloom: () => many(() => ovs.ports.addMany(names.map((name) => ({ bridge: 'br0', name, interface: internal })))),
      vsctl: () =>
        many(async () => {
          for (const name of names) await vsctl(...words(name))
        }),
      together: () => many(() => vsctl(...names.flatMap((name) => ['--', ...words(name)]))),
    },
    onProgress,
  )
  const figure = (what: string, ours: number, theirs: number, least: number) => ({
    what,
    netloom: `${ours.toFixed(1)} ms`,
    against: `ovs-vsctl ${theirs.toFixed(1)} ms`,
    ratio: theirs / ours,
    bound: { atLeast: least },
  })
  return {
    figures: [
      figure('a port of Open vSwitch, applied', singles.netloom, singles.vsctl, 3),
      figure(`${count} ports by one transaction, each by ovs-vsctl`, manies.netloom, manies.vsctl, smoke ? 1 : 10),
    ],
    notes: [`openstack-ovs: ${count} ports by one ovs-vsctl: ${manies.together.toFixed(1)} ms`],
  }
}
