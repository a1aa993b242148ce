// An open network namespace, as the layers below the public class know it: a number of the addon's handle table.
import { closedError } from '../errors'
import { wrongType } from '../wire/invalid'
import { addon, type NetnsDescription } from './addon'
import { warnOfCollected } from './collected'
import { noteClosed, noteOpened } from './opened'

/** Where a public object keeps its handle: not for users, and not reachable by a string. */
export const handleOf = Symbol('netloom.handle')

/** How other parts of the library make a NetNs of a handle: not for users. */
export const wrapHandle = Symbol('netloom.wrap')

/** A network namespace that messages may be sent to: one that is open, or one that a batch is about to create. */
export interface NetnsReference {
  /** What errors call it: its name or path, or `net:[inode]`. */
  readonly label: string
  /** The number in the handle table, 0 for one that is not created yet; throws if it cannot be used. */
  use(operation: string): number
}

/** Something that stands for a network namespace: a `NetNs`, or what `Batch.createNetNs` gives. */
export interface NetnsTarget {
  /** @internal */
  readonly [handleOf]: NetnsReference
}

/** Identifies a namespace, whatever handle or path leads to it: device and inode of its file. */
export interface NetnsIdentity {
  /** Number of the device that the namespace's file is on (nsfs). */
  readonly device: number
  /** The file's inode, as in `net:[4026531833]`. */
  readonly inode: number
}

interface Remains {
  readonly handle: number
  readonly label: string
  readonly stack: string | undefined
  /** As a key of `remaining`. */
  readonly identity: string
}

const debugging = /\bnetloom\b/.test(process.env.NODE_DEBUG ?? '')

const help =
  'Call close() or delete(), or declare it with "await using".' +
  (debugging ? '' : ' NODE_DEBUG=netloom shows where it was opened.')

/** The open handles, but those of namespaces that were deleted: of these nobody has to be told that they are open. */
const remaining = new Map<string, Set<Remains>>()

function forget(remains: Remains): boolean {
  const same = remaining.get(remains.identity)
  if (same?.delete(remains) !== true) return false
  if (same.size === 0) remaining.delete(remains.identity)
  return true
}

const keyOf = ({ device, inode }: NetnsIdentity): string => `${device}:${inode}`

/** Notes that this program has deleted a namespace, of which there may be open handles. */
export function noteDeleted(identity: NetnsIdentity): void {
  remaining.delete(keyOf(identity))
}

// Whoever uses a namespace refers to its handle, so a handle that is collected is one that nobody can close any more.
const collected = new FinalizationRegistry<Remains>((remains) => {
  const { handle, label, stack } = remains
  addon.closeNetns(handle)
  if (!forget(remains)) return
  warnOfCollected({
    many: 'handles of network namespaces',
    this: `handle of the network namespace ${label}`,
    help,
    stack,
  })
})

/** The handle of an open network namespace. */
export class NetnsHandle implements NetnsReference {
  readonly identity: NetnsIdentity
  /** What errors call the namespace: its name or path, or `net:[inode]`. */
  readonly label: string
  readonly #handle: number
  readonly #remains: Remains
  #open = true

  constructor([handle, device, inode]: NetnsDescription, label = `net:[${inode}]`) {
    this.#handle = handle
    this.identity = { device, inode }
    this.label = label
    const stack = debugging ? (new Error('opened here').stack ?? undefined) : undefined
    this.#remains = { handle, label, stack, identity: keyOf(this.identity) }
    const same = remaining.get(this.#remains.identity)
    if (same === undefined) remaining.set(this.#remains.identity, new Set([this.#remains]))
    else same.add(this.#remains)
    collected.register(this, this.#remains, this)
    noteOpened(handle, { kind: 'namespace', label, inode }, NetnsHandle)
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** The number in the handle table; throws if the handle is closed. */
  use(operation: string): number {
    if (!this.#open) throw closedError(operation, this.label)
    return this.#handle
  }

  /** Calls that were made before still finish. */
  close(): void {
    const handle = this.release()
    if (handle !== undefined) addon.closeNetns(handle)
  }

  /** Closes it but for its number in the handle table, which the caller closes; undefined if it is closed already. */
  release(): number | undefined {
    if (!this.#open) return undefined
    this.#open = false
    collected.unregister(this)
    forget(this.#remains)
    noteClosed(this.#handle)
    return this.#handle
  }
}

/** The namespace behind an option that wants one; with the name of an operation, it has to be usable. */
export function checkNetns(value: unknown, field: string, operation?: string): NetnsReference {
  const netns = (value as Partial<NetnsTarget> | null | undefined)?.[handleOf]
  if (netns === undefined) throw wrongType(field, 'a NetNs', value)
  if (operation !== undefined) netns.use(operation)
  return netns
}
