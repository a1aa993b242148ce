// An open network namespace, as the layers below the public class know it: a number of the addon's handle table.
import { closedError } from '../errors'
import { wrongType } from '../wire/invalid'
import { addon, type NetnsDescription } from './addon'
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
}

const debugging = /\bnetloom\b/.test(process.env.NODE_DEBUG ?? '')

// Whoever uses a namespace refers to its handle, so a handle that is collected is one that nobody can close any more.
const collected = new FinalizationRegistry<Remains>(({ handle, label, stack }) => {
  addon.closeNetns(handle)
  process.emitWarning(
    `The handle of the network namespace ${label} was garbage-collected while it was open, and is closed now. ` +
      'Call close() or delete(), or declare it with "await using".' +
      (debugging ? '' : ' NODE_DEBUG=netloom shows where it was opened.'),
    { type: 'NetloomWarning', code: 'NETLOOM_HANDLE_COLLECTED', ...(stack === undefined ? {} : { detail: stack }) },
  )
})

/** The handle of an open network namespace. */
export class NetnsHandle implements NetnsReference {
  readonly identity: NetnsIdentity
  /** What errors call the namespace: its name or path, or `net:[inode]`. */
  readonly label: string
  readonly #handle: number
  #open = true

  constructor([handle, device, inode]: NetnsDescription, label = `net:[${inode}]`) {
    this.#handle = handle
    this.identity = { device, inode }
    this.label = label
    const stack = debugging ? (new Error('opened here').stack ?? undefined) : undefined
    collected.register(this, { handle, label, stack }, this)
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
    if (!this.#open) return
    this.#open = false
    collected.unregister(this)
    noteClosed(this.#handle)
    addon.closeNetns(this.#handle)
  }
}

/** The namespace behind an option that wants one; with the name of an operation, it has to be usable. */
export function checkNetns(value: unknown, field: string, operation?: string): NetnsReference {
  const netns = (value as Partial<NetnsTarget> | null | undefined)?.[handleOf]
  if (netns === undefined) throw wrongType(field, 'a NetNs', value)
  if (operation !== undefined) netns.use(operation)
  return netns
}
