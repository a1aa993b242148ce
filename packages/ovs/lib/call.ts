// The options of calls, checked: those that all have, and those of deletions.
import { checkCall, type OvsdbCallOptions } from './ovsdb/calls'
import { wrongType } from 'netloom/errors'

/** Options of every call that waits for the switch. */
export type OvsCallOptions = OvsdbCallOptions

/** Options of `delete`. */
export interface OvsDeleteOptions extends OvsCallOptions {
  /** Succeed if there is nothing to delete. Default: false, an error that `isNotFound` recognizes. */
  force?: boolean | undefined
}

/** Checks the options of a deletion, and separates `force` from those of the call. */
export function splitForce(options: OvsDeleteOptions | undefined): { force: boolean; call: OvsCallOptions } {
  checkCall(options, ['force'])
  const { force = false, ...call } = options ?? {}
  if (typeof force !== 'boolean') throw wrongType('force', 'a boolean', force)
  return { force, call }
}

/** Checks what names something. */
export function checkName(name: unknown, field = 'name'): asserts name is string {
  if (typeof name !== 'string') throw wrongType(field, 'a string', name)
}
