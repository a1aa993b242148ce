// What somebody has to close, with where it was opened. EncodedBytes down only from `watchOpened` on: for tests.

/** What was opened: a handle of a namespace, or what lives inside one. */
export interface Opened {
  /** No other has this number. */
  readonly id: number
  readonly kind:
    'namespace' | 'server' | 'connection' | 'socket' | 'tap' | 'packet socket' | 'netlink socket' | 'process' | 'worker'
  /** The namespace it belongs to, as errors call it. */
  readonly label: string
  /** The inode of that namespace. */
  readonly inode: number
  /** Whether it still is, where nobody calls `noteClosed`. */
  readonly isOpen?: () => boolean
  /** Made where it was opened; its stack is written out only if it is asked for. */
  readonly at: { readonly stack?: string }
}

let noted: Map<unknown, Opened> | undefined
let count = 0
const seen = new Map<number, Set<string>>()

/** Begins to write down what is opened. */
export function watchOpened(): void {
  noted ??= new Map()
}

/**
 * Notes that something was opened, under what stands for it: a number does not keep a handle from being collected.
 * @param opener - The stack begins below it. A stack that is not written out yet holds on to every `this` in it.
 */
export function noteOpened(
  key: unknown,
  opened: Omit<Opened, 'id' | 'at'>,
  opener: (new (...args: never[]) => unknown) | ((...args: never[]) => unknown),
): void {
  if (noted === undefined) return
  const at = {}
  Error.captureStackTrace(at, opener)
  const labels = seen.get(opened.inode)
  if (labels === undefined) seen.set(opened.inode, new Set([opened.label]))
  else labels.add(opened.label)
  noted.set(key, { ...opened, id: ++count, at })
}

/** Notes that something was closed. Of a handle that was garbage-collected nobody says so: it was forgotten. */
export function noteClosed(key: unknown): void {
  noted?.delete(key)
}

/** What was not closed, of what was opened since `watchOpened`. */
export function openNow(): Opened[] {
  for (const [key, { isOpen }] of noted ?? []) if (isOpen?.() === false) noted?.delete(key)
  return [...(noted?.values() ?? [])]
}

/** Whether the namespace of this inode was opened since `watchOpened`, for however long. */
export function wasOpened(inode: number): boolean {
  return seen.has(inode)
}

/**
 * Whether what is called so was opened or made here. The kernel gives the inode of a namespace that is gone to the next
 * one, which may be anybody's: so the name counts too, unless a handle still holds the namespace.
 */
export function wasOpenedAs(inode: number, label: string): boolean {
  return seen.get(inode)?.has(label) === true || openNow().some((one) => one.inode === inode)
}
