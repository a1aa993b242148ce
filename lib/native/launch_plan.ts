// The plan of a launch as bytes: struct Plan of native/launcher/plan.h, and behind it the texts and numbers that its parts
// point at. The addon adds what is joined, with the descriptors.
import type { Scratch } from '../wire/scratch'
import { launchAbout, launchFlag, launchPlan, launchTask } from './layout'

/** What stands behind the plan. An empty one is the launcher's default. */
export type LaunchPart =
  'uidMap' | 'gidMap' | 'host' | 'domain' | 'offsets' | 'directory' | 'etcDirectory' | 'mounts' | 'groups' | 'seccomp'

/** What a launcher is told to do. */
export interface LaunchOrder {
  readonly task: keyof typeof launchTask
  readonly flags?: Readonly<Partial<Record<keyof typeof launchFlag, boolean>>>
  /** Flags of clone(2) of the namespaces that are made. */
  readonly made?: number
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** A bit for each that is kept. */
  readonly capabilities?: bigint | undefined
  readonly about?: keyof typeof launchAbout
  /** Whether what it is about is changed. */
  readonly changes?: boolean
  /** Texts, bytes, or numbers of 32 bits. */
  readonly parts: Readonly<Partial<Record<LaunchPart, string | Uint8Array | readonly number[]>>>
}

/** What the kernel reads as words begins at a boundary of so many bytes. */
const alignment = 8
/** That of the head: behind it is one empty text, which all parts are that are not given. */
const headSize = 4 * launchPlan.size
/** No message of the addon's is larger: kLargestMessage of native/launcher/plan.h. */
const largest = 128 * 1024

/** Used again for each plan: where the address space is limited (RLIMIT_AS), there may be no room for more. */
const memory = Buffer.alloc(largest)

/** How much room a part takes: at least one NUL ends it, which its size does not count. */
const roomOf = (size: number): number => size + alignment - (size % alignment)

function sizeOf(part: string | Uint8Array | readonly number[]): number {
  if (typeof part === 'string') return Buffer.byteLength(part)
  return part instanceof Uint8Array ? part.length : 4 * part.length
}

/** Lays a plan out, in memory that the next one overwrites. */
export function encodeLaunch(order: LaunchOrder): Scratch {
  const { task, flags = {}, made = 0, uid = 0, gid = 0, capabilities = 0n, about = 'host', changes = false } = order
  const parts = Object.entries(order.parts).map(([name, part]) => ({ name, part, size: sizeOf(part) }))
  const total = parts.reduce((sum, { size }) => sum + roomOf(size), headSize + alignment)
  // One that is too large is refused by the addon (E2BIG).
  const bytes = total > largest ? Buffer.alloc(total) : memory.fill(0, 0, total)
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, total / 4)
  let bits = 0
  for (const [name, wanted] of Object.entries(flags)) {
    if (wanted) bits |= launchFlag[name as keyof typeof launchFlag]
  }
  words[launchPlan.task] = launchTask[task]
  words[launchPlan.flags] = bits
  words[launchPlan.made] = made
  words[launchPlan.uid] = uid
  words[launchPlan.gid] = gid
  new BigUint64Array(bytes.buffer, bytes.byteOffset, launchPlan.size / 2)[launchPlan.capabilities / 2] = capabilities
  words[launchPlan.about] = launchAbout[about]
  words[launchPlan.changes] = Number(changes)
  let offset = alignment
  for (const { name, part, size } of parts) {
    if (size === 0) continue
    const at = launchPlan[name as LaunchPart]
    words[at] = offset
    words[at + 1] = size
    const begin = headSize + offset
    if (typeof part === 'string') bytes.write(part, begin)
    else if (part instanceof Uint8Array) bytes.set(part, begin)
    else words.set(part, begin / 4)
    offset += roomOf(size)
  }
  return bytes.subarray(0, total)
}

/** Texts with a NUL behind each. */
export const terminated = (texts: readonly string[]): string => texts.map((text) => `${text}\0`).join('')
