// The plan of a launch as bytes: struct Plan of native/launcher/plan.h, and behind it the texts and numbers that its parts
// point at. The addon adds what is joined, with the descriptors.
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
  readonly parts: Readonly<Partial<Record<LaunchPart, string | Uint8Array>>>
}

/** What the kernel reads as words begins at a boundary of so many bytes. */
const alignment = 8

/** Lays a plan out. */
export function encodeLaunch(order: LaunchOrder): Uint8Array {
  const head = new Uint32Array(launchPlan.size)
  const { task, flags = {}, made = 0, uid = 0, gid = 0, capabilities = 0n, about = 'host', changes = false } = order
  head[launchPlan.task] = launchTask[task]
  for (const [name, wanted] of Object.entries(flags)) {
    if (wanted) head[launchPlan.flags]! |= launchFlag[name as keyof typeof launchFlag]
  }
  head[launchPlan.made] = made
  head[launchPlan.uid] = uid
  head[launchPlan.gid] = gid
  new BigUint64Array(head.buffer)[launchPlan.capabilities / 2] = capabilities
  head[launchPlan.about] = launchAbout[about]
  head[launchPlan.changes] = Number(changes)
  // A part that is not given is the empty text at the beginning.
  const pieces: Uint8Array[] = [new Uint8Array(head.buffer), new Uint8Array(alignment)]
  let offset = alignment
  for (const [name, value] of Object.entries(order.parts)) {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    if (bytes.length === 0) continue
    const at = launchPlan[name as LaunchPart]
    head[at] = offset
    head[at + 1] = bytes.length
    // At least one NUL ends it, which its size does not count.
    const padding = alignment - (bytes.length % alignment)
    pieces.push(bytes, new Uint8Array(padding))
    offset += bytes.length + padding
  }
  return Buffer.concat(pieces)
}

/** Texts with a NUL behind each. */
export const terminated = (texts: readonly string[]): string => texts.map((text) => `${text}\0`).join('')
