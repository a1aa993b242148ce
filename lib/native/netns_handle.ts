// An open network namespace, as the layers below the public class know it: a number of the addon's handle table.
import { closedError } from '../errors'
import { wrongType } from '../wire/invalid'
import { addon, type NetnsDescription } from './addon'

/** Where a public object keeps its handle: not for users, and not reachable by a string. */
export const handleOf = Symbol('netloom.handle')

/** Something that stands for a network namespace: a `NetNs`. */
export interface NetnsTarget {
  /** @internal */
  readonly [handleOf]: NetnsHandle
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
export class NetnsHandle {
  readonly identity: NetnsIdentity
  /** What errors call the namespace: its name or path, or `net:[inode]`. */
  readonly label: string
  readonly #handle: number
  readonly #fd: number
  #open = true

  constructor([handle, device, inode, fd]: NetnsDescription, label = `net:[${inode}]`) {
    this.#handle = handle
    this.#fd = fd
    this.identity = { device, inode }
    this.label = label
    const stack = debugging ? (new Error('opened here').stack ?? undefined) : undefined
    collected.register(this, { handle, label, stack }, this)
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** The number in the handle table; throws if the handle is closed. */
  use(operation: string): number {
    if (!this.#open) throw closedError(operation, this.label)
    return this.#handle
  }

  /** The descriptor, as long as the handle is open; throws if it is closed. */
  fd(operation: string): number {
    this.use(operation)
    return this.#fd
  }

  /** Calls that were made before still finish. */
  close(): void {
    if (!this.#open) return
    this.#open = false
    collected.unregister(this)
    addon.closeNetns(this.#handle)
  }
}

/** The handle behind an option that wants a namespace, which has to be open where an operation needs it. */
export function checkNetns(value: unknown, field: string, operation?: string): NetnsHandle {
  const handle = (value as Partial<NetnsTarget> | null | undefined)?.[handleOf]
  if (!(handle instanceof NetnsHandle)) throw wrongType(field, 'a NetNs', value)
  if (operation !== undefined) handle.use(operation)
  return handle
}
