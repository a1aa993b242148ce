// Encodes the plan of a launch: struct Plan of native/launcher/plan.h, and behind it the texts and numbers to which its parts
// refer. The addon adds the namespaces that are joined, with their descriptors.
import type { Scratch } from '../wire/scratch'
import { launchAbout, launchFlag, launchMessage, launchPlan, launchTask } from './layout'

/** The parts behind the plan. For an empty one the launcher has a default. */
export type LaunchPart =
  'uidMap' | 'gidMap' | 'host' | 'domain' | 'offsets' | 'directory' | 'etcDirectory' | 'mounts' | 'groups' | 'seccomp'

/** The content of a plan. */
export interface LaunchOrder {
  readonly task: keyof typeof launchTask
  readonly flags?: Readonly<Partial<Record<keyof typeof launchFlag, boolean>>>
  /** CLONE_NEW… flags of the namespaces that it makes. */
  readonly made?: number
  readonly uid?: number | undefined
  readonly gid?: number | undefined
  /** A bit for each capability that it keeps. */
  readonly capabilities?: bigint | undefined
  readonly about?: keyof typeof launchAbout
  /** Whether it changes what `about` names, instead of reading it. */
  readonly changes?: boolean
  /** Texts, bytes, or numbers of 32 bits. */
  readonly parts: Readonly<Partial<Record<LaunchPart, string | Uint8Array | readonly number[]>>>
}

/** Parts are aligned to this many bytes, as the kernel reads some of them as words. */
const alignment = 8
/** In bytes. An empty text follows the head; parts that are not given refer to it. */
const headSize = 4 * launchPlan.size
const { largest } = launchMessage

/** Reused for each plan: where the address space is limited (RLIMIT_AS), another allocation may fail. */
const memory = Buffer.alloc(largest)

/** The bytes that a part takes, with at least one NUL at its end, which its size does not count. */
const roomOf = (size: number): number => size + alignment - (size % alignment)

function sizeOf(part: string | Uint8Array | readonly number[]): number {
  if (typeof part === 'string') return Buffer.byteLength(part)
  return part instanceof Uint8Array ? part.length : 4 * part.length
}

/** Encodes a plan, in memory that the next one overwrites. */
export function encodeLaunch(order: LaunchOrder): Scratch {
  const { task, flags = {}, made = 0, uid = 0, gid = 0, capabilities = 0n, about = 'host', changes = false } = order
  const parts = Object.entries(order.parts).map(([name, part]) => ({ name, part, size: sizeOf(part) }))
  const total = parts.reduce((sum, { size }) => sum + roomOf(size), headSize + alignment)
  // The addon refuses a plan that is too large (E2BIG).
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
