// How npm's `iproute` makes pods: by a process an operation. It has no command for namespaces and no option to be born in
// one, so `ip netns add` makes them, the far end is moved, and its commands are started inside. It cannot rename (it takes
// a new name for a MAC), so the far end is called eth0 from the beginning, which no host allows that has an eth0.
import { address, link, route } from 'iproute'
import { NetNs } from '../../lib/index'
import { milliseconds } from '../measure'
import { macOf, nearEnd, numbersOf, podAddress, podGateway, type PodMaker } from './pod'
import { runInside } from './programs'

/** Lets a command start inside a namespace: its process is born there. */
async function inside(ns: NetNs, command: () => Promise<unknown>): Promise<void> {
  await ns.run(() => ({ ended: command() })).ended
}

// Queue counts of the far end are no option of its either, but what follows a name is passed on.
const veth = { 'peer name': 'eth0 numtxqueues 1 numrxqueues 1' }

async function plumb(host: NetNs, ns: NetNs, n: number): Promise<void> {
  await inside(host, () => link.add({ name: nearEnd(n), numtxqueues: 1, numrxqueues: 1, type: { veth } }))
  await inside(host, () => link.set({ dev: 'eth0', netns: ns.name! }))
  await inside(host, () => link.set({ dev: nearEnd(n), up: true }))
  await inside(ns, () => link.set({ dev: 'lo', up: true }))
  await inside(ns, () => link.set({ dev: 'eth0', address: macOf(n), up: true }))
  await inside(ns, () => address.add({ dev: 'eth0', local: podAddress }))
  await inside(ns, () => route.add({ to: 'default', via: { address: podGateway } }))
}

export const npmIproute: PodMaker = {
  name: 'npm iproute, moved, eight processes',
  side: 'other',
  share: 0.03,
  make: (context, lot) =>
    milliseconds(async () => {
      for (const n of numbersOf(lot)) {
        await runInside(context, lot.host, 'ip', ['netns', 'add', `${lot.prefix}${n}`])
        await using ns = await NetNs.open(`${lot.prefix}${n}`)
        await plumb(lot.host, ns, n)
      }
    }),
}
