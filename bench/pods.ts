// Pods: a pinned namespace, a veth pair whose far end is born in it, addresses and a default route; against a C program that
// does nothing else.
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from '../lib/index'
import type { Benchmark } from './benchmark'
import { floor } from './floor'
import { interleave, milliseconds } from './measure'
import { fresh, nameOf, oneQueue } from './namespaces'

type Notes = ReturnType<NetNs['batch']>

function notePod(batch: Notes, name: string, n: number): { readonly value: NetNs } {
  const pod = batch.createNetNs(name, { ephemeral: true })
  const mac = `02:00:00:${[n >> 16, n >> 8, n].map((byte) => (byte & 255).toString(16).padStart(2, '0')).join(':')}`
  pod.links.set('lo', { up: true })
  batch.links.add({
    kind: 'veth',
    name: `vh${n}`,
    up: true,
    ...oneQueue,
    peer: { netns: pod, name: 'eth0', mac, up: true, ...oneQueue },
  })
  pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
  pod.routes.add({ dst: 'default', via: '10.0.0.1' })
  return pod
}

/** The kernel frees namespaces later, and their ends of veth pairs with them. */
async function settle(host: NetNs): Promise<void> {
  while ((await host.links.list({ kind: 'veth' })).length > 0) await sleep(20)
}

export const pods: Benchmark = async (context) => {
  const count = context.smoke ? 20 : 300
  await using host = await fresh('host')
  const prefix = `nlbench${process.pid}-pod`
  let round = 0
  const timed = async (make: () => Promise<NetNs[]>): Promise<number> => {
    let made: NetNs[] = []
    const took = await milliseconds(async () => {
      made = await make()
    })
    await Promise.all(made.map((ns) => ns.delete()))
    await settle(host)
    return count / took
  }
  const names = (): string[] => {
    round++
    return Array.from({ length: count }, (_, n) => `${prefix}${round}-${n}`)
  }
  const byFloor = async (threads: number): Promise<number> => {
    const [took] = await floor(context, 'pods', nameOf(host), `${prefix}c`, count, threads)
    await settle(host)
    return 1e6 / took
  }
  const { sequential, concurrent, together, one, two } = await interleave(context.smoke ? 1 : 5, {
    sequential: () =>
      timed(async () => {
        const made: NetNs[] = []
        for (const [n, name] of names().entries()) {
          const batch = host.batch()
          const pod = notePod(batch, name, n)
          await batch.commit()
          made.push(pod.value)
        }
        return made
      }),
    one: () => byFloor(1),
    concurrent: () =>
      timed(() =>
        Promise.all(
          names().map(async (name, n) => {
            const batch = host.batch()
            const pod = notePod(batch, name, n)
            await batch.commit()
            return pod.value
          }),
        ),
      ),
    two: () => byFloor(2),
    together: () =>
      timed(async () => {
        const batch = host.batch()
        const made = names().map((name, n) => notePod(batch, name, n))
        await batch.commit()
        return made.map((pod) => pod.value)
      }),
  })
  const figure = (what: string, ours: number, theirs: number, how: string, atLeast: number) => ({
    what: `pods a second, ${what}`,
    netloom: (1000 * ours).toFixed(0),
    against: `C, ${how} ${(1000 * theirs).toFixed(0)}`,
    ratio: ours / theirs,
    bound: { atLeast },
  })
  return {
    figures: [
      figure('a batch each, awaited', sequential, one, 'one thread', 0.92),
      figure('a batch each, all at once', concurrent, two, 'two threads', 0.95),
      figure('all in one batch', together, two, 'two threads', 0.95),
    ],
  }
}
