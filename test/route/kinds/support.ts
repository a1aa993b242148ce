// What the tests of links share: narrowing, the oracle's view of one device, and probes of what this kernel has.
import { spawnSync } from 'node:child_process'
import { release } from 'node:os'
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

// In a namespace that goes with the program: what it makes does not stay.
function inNowhere(script: string): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('unshare', ['--net', 'sh', '-c', script], { encoding: 'utf8' })
}

function kernelHasKind(kind: string): boolean {
  const { stderr } = inNowhere(`ip link add probe0 type ${kind}`)
  return !/Unknown device type|Operation not supported/.test(stderr)
}

// Without it the kernel takes the option and does nothing, but it reports no default VLAN.
function kernelHasVlanFiltering(): boolean {
  const { stdout } = inNowhere('ip link add probe0 type bridge; ip -d link show probe0')
  return stdout.includes('vlan_default_pvid')
}

type Body = () => Promise<void>
/** `it`, or its refusal. */
export type ConditionalIt = (name: string, body: Body) => void

function itIf(has: boolean, missing: string): ConditionalIt {
  return (name, body) => {
    if (has) it(name, body)
    else it.skip(`${name} (not on this kernel: ${missing})`, body)
  }
}

/** `it` where the kernel has a link kind; elsewhere the test is skipped, and its name says why. */
export function itWithKind(kind: string): ConditionalIt {
  return itIf(kernelHasKind(kind), `it has no ${kind}`)
}

/** `it` where bridges can filter VLANs; elsewhere the test is skipped, and its name says why. */
export function itWithVlanFiltering(): ConditionalIt {
  return itIf(kernelHasVlanFiltering(), 'its bridges have no VLAN filtering')
}

/** `it` since this version of Linux, such as `6.4`; on an older one the test is skipped, and its name says why. */
export function itSince(version: string): ConditionalIt {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = version.split('.').map(Number)
  return itIf(major > leastMajor || (major === leastMajor && minor >= leastMinor), `since Linux ${version}`)
}
