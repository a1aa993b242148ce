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

/** Identifies a kernel object, whatever handle or path leads to it. */
export interface Identity {
  readonly device: number
  readonly inode: number
}

/** The handle of an open network namespace. */
export class NetnsHandle {
  readonly identity: Identity
  /** The descriptor, as long as the handle is open. */
  readonly fd: number
  readonly #handle: number
  #open = true

  /** @param label - What errors call the namespace: its name or path. */
  constructor(
    [handle, device, inode, fd]: NetnsDescription,
    readonly label: string,
  ) {
    this.#handle = handle
    this.identity = { device, inode }
    this.fd = fd
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
    addon.closeNetns(this.#handle)
  }
}

/** The handle behind an option that wants a namespace. */
export function checkNetns(value: unknown, field: string): NetnsHandle {
  const handle = (value as Partial<NetnsTarget> | null | undefined)?.[handleOf]
  if (!(handle instanceof NetnsHandle)) throw wrongType(field, 'a NetNs', value)
  return handle
}
