// What tests need of a kernel that not every one has. A test whose need this kernel does not meet is skipped, and its name says
// why: `npm run test:vm` runs it in a virtual machine, whose kernel has every module.
import { spawnSync } from 'node:child_process'
import { release } from 'node:os'

type Body = () => Promise<void>
/** `it`, or its refusal. */
export type ConditionalIt = (name: string, body: Body) => void

/** A need of one or several tests, and whether this kernel meets it. */
export interface Need {
  readonly missing: string
  readonly has: boolean
}

const looked = new Map<string, boolean>()

/** The needs of the tests that were declared until now. */
export const needs = (): Need[] => [...looked].map(([missing, has]) => ({ missing, has }))

/** In the name of a skipped test. */
export const skippedMark = ' (not on this kernel: '
/** At the end of the names of those that the virtual machine runs. */
export const leftMark = ' (left to the virtual machine)'

/** In the virtual machine: what the kernel lacks of the machine that runs it, as JSON. Only the tests that need that run. */
const left = process.env.NETLOOM_LEFT_TO_VM
const lacking = left === undefined ? undefined : new Set(JSON.parse(left) as string[])

/**
 * `it` if the kernel has something that is found out by a look; else the test is skipped.
 * @param missing - What the kernel lacks then, such as `it has no vlan`.
 */
export function itIf(look: () => boolean, missing: string): ConditionalIt {
  // In the virtual machine what is not run need not be looked for.
  if (lacking?.has(missing) === false) return it.skip
  const known = looked.get(missing)
  const has = known ?? look()
  looked.set(missing, has)
  return (name, body) => {
    if (has) it(lacking === undefined ? name : name + leftMark, body)
    else it.skip(`${name}${skippedMark}${missing})`, body)
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

function isSince(version: string): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number)
  const [leastMajor = 0, leastMinor = 0] = version.split('.').map(Number)
  return major > leastMajor || (major === leastMajor && minor >= leastMinor)
}

/** `it` where the kernel has a link kind; elsewhere the test is skipped, and its name says why. */
export function itWithKind(kind: string): ConditionalIt {
  return itIf(() => kernelHasKind(kind), `it has no ${kind}`)
}

/** `it` where bridges can filter VLANs; elsewhere the test is skipped, and its name says why. */
export function itWithVlanFiltering(): ConditionalIt {
  return itIf(kernelHasVlanFiltering, 'its bridges have no VLAN filtering')
}

/** `it` since this version of Linux, such as `6.4`; on an older one the test is skipped, and its name says why. */
export function itSince(version: string): ConditionalIt {
  return itIf(() => isSince(version), `since Linux ${version}`)
}

/** `it` where `tc` can do something to a device `d0` that has this root qdisc; elsewhere the test is skipped, and its name says why. */
export function itWithTc(command: string, missing: string): ConditionalIt {
  const prepare = 'ip link add d0 numtxqueues 4 numrxqueues 4 type ifb && ip link set d0 up'
  return itIf(() => {
    const { status, stderr } = inNowhere(`${prepare} && tc ${command}`)
    // What tc refuses by itself is no lack of the kernel's.
    return status === 0 || !/unknown|not found|No such file|not supported|Failed to load/i.test(stderr)
  }, missing)
}
