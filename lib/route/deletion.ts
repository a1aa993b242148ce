// What all deletions have in common: `force`, in the sense of Node's fs.rm.
import { isNotFound } from '../errors'
import type { CallOptions } from '../native/jobs'
import { wrongType } from '../wire/invalid'

/** Options of `delete`. */
export interface DeleteOptions extends CallOptions {
  /** Be content if there is nothing to delete. Default: false, an error that `isNotFound` recognizes. */
  force?: boolean | undefined
}

/** Separates `force` from the options of the call. */
export function splitForce(options: DeleteOptions | undefined): { force: boolean; call: CallOptions | undefined } {
  if (options === undefined || typeof options !== 'object' || (options as unknown) === null) {
    return { force: false, call: options }
  }
  const { force = false, ...call } = options
  if (typeof force !== 'boolean') throw wrongType('force', 'a boolean', force)
  return { force, call }
}

/** A deletion that, with `force`, does not mind that there is nothing to delete. */
export async function forgiving(force: boolean, deletion: Promise<void>): Promise<void> {
  try {
    await deletion
  } catch (error) {
    if (!force || !isNotFound(error)) throw error
  }
}
