// What the tests of addresses, routes, neighbors and rules stand on: a namespace with a cable in it.
import type { NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

/** A namespace with the two ends of a cable, `d0` (index 3) and `d1` (index 2): up, and without addresses. */
export async function cable(word: string): Promise<NetNs> {
  const ns = await fresh(word)
  const quiet = { up: true, addrGenMode: 'none' } as const
  await ns.links.set('lo', quiet)
  await ns.links.add({ kind: 'veth', name: 'd0', index: 3, ...quiet, peer: { name: 'd1', index: 2, ...quiet } })
  return ns
}

/** Two namespaces that are the same: one for us to change, one for `ip`. */
export async function cables(word: string): Promise<{ ours: NetNs; theirs: NetNs } & AsyncDisposable> {
  const ours = await cable(word)
  const theirs = await cable(word)
  return {
    ours,
    theirs,
    async [Symbol.asyncDispose]() {
      await ours[Symbol.asyncDispose]()
      await theirs[Symbol.asyncDispose]()
    },
  }
}

/** The same objects in an order that does not depend on when they were made. */
export function sorted<T>(objects: readonly T[]): T[] {
  return [...objects].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}
