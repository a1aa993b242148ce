// Rollback, told by `ip` and `bridge`: what must be as it was.
import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { BatchError, type Batch, type NetNs } from '../../lib/index'
import { bridgeJson, ipJsonOfEach } from './namespaces'
import { patience } from './patience'

/** For devices that are made from now on: addresses are usable at once, so that nothing changes by itself after a while. */
export function withoutDad(ns: NetNs): void {
  ns.run(() => {
    writeFileSync('/proc/sys/net/ipv6/conf/default/accept_dad', '0')
  })
}

/** Waits until IPv6 has noticed that all devices which are up have a carrier: it makes their routes a little later. */
export async function ready(...all: readonly NetNs[]): Promise<void> {
  const deadline = Date.now() + 2000
  for (const ns of all) {
    const up = (await ns.links.list({ up: true })).filter(({ name }) => name !== 'lo').map(({ index }) => index)
    const made = async (): Promise<boolean> => {
      const routes = await ns.routes.list({ dst: 'ff00::/8', table: 'local' })
      return up.every((index) => routes.some(({ dev }) => dev === index))
    }
    while (!(await made()) && Date.now() < deadline) await sleep(5)
  }
}

// What the kernel counts, or finds out by and by.
const volatile = /_timer$|^(operstate|used|confirmed|updated|probes|tentative|dadfailed|linkdown)$/

function steady(told: unknown): unknown {
  return JSON.parse(JSON.stringify(told, (key, value: unknown) => (volatile.test(key) ? undefined : value))) as unknown
}

/** For what has no order that means something. */
function sorted(told: unknown): unknown {
  if (!Array.isArray(told)) return told
  const items = (told as unknown[]).map((item) =>
    typeof item === 'object' && item !== null ? sortedLists(item) : item,
  )
  return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

function sortedLists(item: object): object {
  return Object.fromEntries(Object.entries(item).map(([key, value]) => [key, sorted(value)]))
}

const shown = ['link show', 'address show', 'neighbor show', 'neighbor show proxy', 'rule show']

/** All of some namespaces that rollback must not change, as other programs see it. */
export async function stateOf(...all: readonly NetNs[]): Promise<unknown> {
  return Promise.all(
    all.map(async (ns) => {
      const [links, addresses, neighbors, proxies, rules] = await ipJsonOfEach(ns, shown)
      const [routes] = await ipJsonOfEach(ns, ['route show table all'], '-4')
      const [routes6, rules6] = await ipJsonOfEach(ns, ['route show table all', 'rule show'], '-6')
      return {
        links: sorted(steady(links)),
        addresses: sorted(steady(addresses)),
        // The first of several to one destination counts.
        routes: steady(routes),
        routes6: sorted(steady(routes6)),
        neighbors: sorted(steady(neighbors)),
        proxies: sorted(steady(proxies)),
        rules: steady(rules),
        rules6: steady(rules6),
        ports: sorted(steady(await bridgeJson(ns, 'link'))),
      }
    }),
  )
}

/** Waits until the state is that one: the kernel makes some things by and by, such as the addresses of IPv6. */
async function settlesTo(before: unknown, all: readonly NetNs[]): Promise<void> {
  const deadline = Date.now() + patience
  let after = await stateOf(...all)
  while (JSON.stringify(after) !== JSON.stringify(before) && Date.now() < deadline) {
    await sleep(100)
    after = await stateOf(...all)
  }
  expect(after).toEqual(before)
}

/** Commits a batch that fails at its end, and expects that nothing is left of it. */
export async function undone(
  [ns, ...others]: readonly [NetNs, ...NetNs[]],
  note: (batch: Batch<NetNs>) => void,
): Promise<BatchError> {
  await ready(ns, ...others)
  const before = await stateOf(ns, ...others)
  const batch = ns.batch({ rollback: true })
  note(batch)
  const done = batch.length
  batch.links.add({ kind: 'ifb', name: 'lo' })
  const error: unknown = await batch.commit().catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(BatchError)
  expect(error).toMatchObject({ code: 'EEXIST', index: done, rolledBack: true, leftovers: [], leftover: false })
  const codes = (error as BatchError).results.map((r) =>
    r.status === 'rejected' ? (r.reason as { code: string }).code : r,
  )
  expect(codes).toEqual([...new Array<string>(done).fill('ERR_NETLOOM_ROLLED_BACK'), 'EEXIST'])
  await settlesTo(before, [ns, ...others])
  return error as BatchError
}
