// Looks at one object where the kernel has only dumps: filtered there as far as it goes, then here.
import { systemError } from '../errors'
import { errnoNumber } from '../errno'
import type { NetnsReference } from '../native/netns_handle'

/** The first of the objects, or the error that the kernel would give if it had such a look-up. */
export function firstOf<T>(found: readonly T[], operation: string, netns: NetnsReference, what: string): T {
  const [first] = found
  if (first === undefined) {
    throw systemError({ operation, netns: netns.label, errno: errnoNumber('ENOENT') ?? 0, detail: what })
  }
  return first
}
