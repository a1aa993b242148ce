// Creates the namespaces of one test, and joins them in one batch.
import { NetNs } from '../netns/netns'
import { prefixOf, switchName, type Plan } from './options'

/** The namespaces of a test, by their names in it. */
export type Arranged = ReadonlyMap<string, NetNs>

/** Creates and joins the namespaces of a plan: all, or none. */
export async function arrange(plan: Plan): Promise<Arranged> {
  const names = plan.join === 'bridge' ? [...plan.names, switchName] : plan.names
  const created = await create(names, plan.prefix)
  const arranged = new Map(created.map((ns, i) => [names[i] ?? '', ns]))
  try {
    await join(arranged, plan)
  } catch (error) {
    await dispose(created)
    throw error
  }
  return arranged
}

/** Deletes or closes all that are still open. */
export async function dispose(namespaces: Iterable<NetNs>): Promise<void> {
  await Promise.all([...namespaces].map((ns) => ns[Symbol.asyncDispose]()))
}

async function create(names: readonly string[], prefix: string | undefined): Promise<NetNs[]> {
  if (prefix === undefined) return NetNs.createMany(names.length)
  const creating = names.map((name) => NetNs.create({ prefix: prefixOf(prefix, name), ephemeral: true }))
  const ended = await Promise.allSettled(creating)
  const created = ended.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed === undefined) return created
  await dispose(created)
  throw failed.reason
}

async function join(arranged: Arranged, plan: Plan): Promise<void> {
  const [one, other] = arranged.values()
  if (plan.join === undefined || one === undefined) return
  const batch = one.batch()
  const sw = arranged.get(switchName)
  const bridge = plan.join === 'bridge' && sw !== undefined ? batch.in(sw).links : undefined
  for (const ns of arranged.values()) batch.in(ns).links.set('lo', { up: true })
  bridge?.add({ kind: 'bridge', name: 'br0', up: true })
  if (bridge === undefined) {
    batch.links.add({ kind: 'veth', name: 'eth0', up: true, peer: { netns: other, name: 'eth0', up: true } })
  }
  for (const [name, netns] of arranged) {
    if (bridge !== undefined && netns !== sw) {
      bridge.add({ kind: 'veth', name, master: 'br0', up: true, peer: { netns, name: 'eth0', up: true } })
    }
    for (const address of plan.addresses.get(name) ?? []) {
      // So that IPv6 addresses are usable at once, as those of IPv4 are.
      const options = address.includes(':') ? ({ flags: ['nodad'] } as const) : {}
      batch.in(netns).addresses.add({ dev: 'eth0', address, ...options })
    }
  }
  await batch.commit()
}
