// What the tests of links share: narrowing, and the oracle's view of one device. What they need of a kernel: support/needs.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Link, NetNs } from '../../../lib/index'
import { ipJson } from '../../support/namespaces'
import { patience } from '../../support/patience'

/** What `ip -j -d link` prints of a device. */
export type Shown = Record<string, unknown> & {
  ifindex: number
  ifname: string
  flags: string[]
  linkinfo?: {
    info_kind?: string
    info_data?: Record<string, unknown>
    info_slave_kind?: string
    info_slave_data?: Record<string, unknown>
  }
}

/** One device, as `ip` sees it. */
export async function shown(ns: NetNs, name: string): Promise<Shown> {
  const [device] = await ipJson<Shown[]>(ns, 'link', 'show', 'dev', name)
  if (device === undefined) throw new Error(`ip shows no ${name}`)
  return device
}

/** The kind's own options of a device, as `ip` sees them. */
export async function shownData(ns: NetNs, name: string): Promise<Record<string, unknown>> {
  return (await shown(ns, name)).linkinfo?.info_data ?? {}
}

/** The names of all devices of a namespace but `lo`, as `ip` sees them. */
export async function shownNames(ns: NetNs): Promise<string[]> {
  const devices = await ipJson<Shown[]>(ns, 'link')
  return devices.map(({ ifname }) => ifname).filter((name) => name !== 'lo')
}

/** A link that has to be of this kind, narrowed to it. */
export function ofKind<K extends Link['kind']>(link: Link, kind: K): Extract<Link, { kind: K }> {
  if (link.kind !== kind) throw new Error(`${link.name} is a ${link.kind}, not a ${kind}`)
  return link as Extract<Link, { kind: K }>
}

/** Looks again until something holds, for what the kernel does a little later; fails after five seconds. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + patience
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('it does not come true')
    await sleep(20)
  }
}
