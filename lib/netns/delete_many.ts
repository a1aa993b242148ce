// Many namespaces at once: deleted.
import { AbortError, isNotFound, NetloomError } from '../errors'
import type { NetnsHandle } from '../native/netns_handle'
import { closeEachNetns, deleteEachNetns, type Deletion } from '../native/netns_jobs'
import type { ProgressOptions } from './many'

/** A handle whose namespace is to be deleted. */
export interface Deletable {
  readonly handle: NetnsHandle
  /** Where the namespace is pinned, if closing the handle is not enough. */
  readonly pin: string | undefined
  readonly ephemeral: boolean
}

/** Why a namespace cannot be deleted by this handle. */
export function notPinned({ label }: NetnsHandle): NetloomError {
  const why = `NetNs.delete: ${label} is not pinned by a name or path; close() closes its handle`
  return new NetloomError(why, 'ERR_NETLOOM_NOT_PINNED', { operation: 'NetNs.delete', netns: label })
}

/** Unpins namespaces and closes their handles. Those that are deleted already are no failure. */
export async function deleteHandles(all: readonly Deletable[], options: ProgressOptions): Promise<number> {
  const failed: NetloomError[] = []
  const deleted: NetnsHandle[] = []
  try {
    await inLots(all, options, async (lot) => {
      const pinned: (Deletion & { readonly expected: NetnsHandle })[] = []
      for (const { handle, pin, ephemeral } of lot) {
        if (!handle.isOpen) continue
        if (pin !== undefined) pinned.push({ path: pin, expected: handle })
        else if (ephemeral) deleted.push(handle)
        else failed.push(notPinned(handle))
      }
      const failures = await deleteEachNetns(pinned)
      pinned.forEach(({ expected }, i) => {
        const failure = failures[i]
        if (failure === undefined || isNotFound(failure)) deleted.push(expected)
        else failed.push(failure)
      })
    })
  } finally {
    // At the end: when the last handle of one is closed, the kernel begins to free it, which slows down what comes then.
    await closeEachNetns(deleted)
  }
  throwAll(failed)
  return all.length
}

/** Unpins paths. Those that are gone are no failure. */
export async function deletePaths(paths: readonly string[], options: ProgressOptions): Promise<number> {
  const failed: NetloomError[] = []
  await inLots(paths, options, async (lot) => {
    const failures = await deleteEachNetns(lot.map((path) => ({ path, expected: undefined })))
    for (const failure of failures) if (failure !== undefined && !isNotFound(failure)) failed.push(failure)
  })
  throwAll(failed)
  return paths.length
}

/** Runs all of a list, a few at once. Goes on where one fails, and throws at the end. */
export async function runEach(endings: readonly (() => Promise<void>)[]): Promise<void> {
  const failed: unknown[] = []
  await inLots(endings, {}, async (lot) => {
    const ended = await Promise.allSettled(lot.map((one) => one()))
    for (const one of ended) if (one.status === 'rejected') failed.push(one.reason)
  })
  throwAll(failed)
}

async function inLots<One>(
  all: readonly One[],
  { onProgress, signal }: ProgressOptions,
  end: (lot: readonly One[]) => Promise<void>,
): Promise<void> {
  const atOnce = 64
  for (let at = 0; at < all.length; at += atOnce) {
    if (signal?.aborted === true) throw new AbortError({ operation: 'NetNs.deleteAll' }, 'unknown', signal.reason)
    await end(all.slice(at, at + atOnce))
    onProgress?.({ done: Math.min(at + atOnce, all.length), total: all.length })
  }
}

function throwAll(failed: readonly unknown[]): void {
  if (failed.length === 1) throw failed[0]
  if (failed.length > 1) throw new AggregateError(failed, `${failed.length} namespaces could not be deleted`)
}
