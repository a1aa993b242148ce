// What all deletions have in common: `force`, in the sense of Node's fs.rm.
import { isNotFound } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { ifThere, type Operation } from './operation'
import { checkKeys, checkObject, outOfRange, wrongType } from '../wire/invalid'

/** Options of `delete`. */
export interface DeleteOptions extends CallOptions {
  /** Be content if there is nothing to delete. Default: false, an error that `isNotFound` recognizes. */
  force?: boolean | undefined
}

/** What a deletion in a batch may be told. */
export type Force = Pick<DeleteOptions, 'force'>

const forceOption = ['force']
const forceKeys = new Set(['force'])

/** A deletion that, with `force`, succeeds where there is nothing to delete. */
export function forcible(deletion: Operation<void>, options: Force | undefined): Operation<void> {
  if (options === undefined) return deletion
  checkKeys(options, forceKeys)
  const { force = false } = options
  if (typeof force !== 'boolean') throw wrongType('force', 'a boolean', force)
  return force ? ifThere(deletion) : deletion
}

/** Checks the options of a deletion, and separates `force` from those of the call. */
export function splitForce(options: DeleteOptions | undefined): { force: boolean; call: CallOptions } {
  checkCallOptions(options, forceOption)
  const { force = false, ...call } = options ?? {}
  if (typeof force !== 'boolean') throw wrongType('force', 'a boolean', force)
  return { force, call }
}

/** The same of one that is carried out. */
export async function forgiving(force: boolean, deletion: Promise<void>): Promise<void> {
  try {
    await deletion
  } catch (error) {
    if (!force || !isNotFound(error)) throw error
  }
}

/** Refuses a filter of `flush` that lets everything through: by mistake it would remove all there is. */
export function checkCondition(filter: object | undefined): void {
  if (filter !== undefined) checkObject(filter, 'filter')
  const some = Object.values(filter ?? {}).some((value) => value !== undefined)
  if (!some) throw outOfRange('filter', 'a filter with at least one condition', filter)
}
