// Errors of a switch besides those of its database: a device that cannot be opened, a switch that has ended.
import { NetloomError } from 'netloom/errors'

/** The texts of errnos, as strerror(3) of the switch's C library gives them. */
const codes: readonly (readonly [words: string, code: string])[] = [
  ['No such device', 'ENODEV'],
  ['No such file or directory', 'ENOENT'],
  ['File exists', 'EEXIST'],
  ['Device or resource busy', 'EBUSY'],
  ['Invalid argument', 'EINVAL'],
  ['Operation not permitted', 'EPERM'],
  ['Permission denied', 'EACCES'],
  ['Address already in use', 'EADDRINUSE'],
  ['Address family not supported by protocol', 'EAFNOSUPPORT'],
  ['Cannot allocate memory', 'ENOMEM'],
]

function codeOf(words: string): string {
  const [, code] = codes.find(([each]) => words.includes(`(${each})`)) ?? []
  return code ?? 'ERR_NETLOOM_OVS_INTERFACE'
}

/**
 * The switch could not open an interface. What the call had added is removed. `code` is the system's if the switch reports it
 * (`ENODEV`: no such device), else `ERR_NETLOOM_OVS_INTERFACE`.
 */
export class OvsInterfaceError extends NetloomError {
  override name = 'OvsInterfaceError'
  /** The name of the interface. */
  readonly interface: string
  /** The switch's own words: the column `error` of the interface. */
  readonly error: string

  constructor(operation: string, name: string, error: string, leftover = false) {
    const rest = leftover ? '; what had been made before could not be removed' : ''
    super(`${operation} ${name}: ${error}${rest}`, codeOf(error), { operation, leftover })
    this.interface = name
    this.error = error
  }
}

/** The error for an object that does not exist. */
export function notFound(operation: string, what: string, name: string): NetloomError {
  return new NetloomError(`ENOENT: there is no ${what} ${name}, ${operation}`, 'ENOENT', { operation, outcome: 'none' })
}

/** The error for an object that exists already. */
export function alreadyExists(operation: string, what: string, name: string): NetloomError {
  return new NetloomError(`EEXIST: there is a ${what} ${name} already, ${operation}`, 'EEXIST', {
    operation,
    outcome: 'none',
  })
}

/** The error after the switch's process has ended. */
export function switchGone(operation: string, why: string, outcome: 'none' | 'unknown'): NetloomError {
  const end = outcome === 'unknown' ? '; it is in the database, but nobody applies it' : ''
  return new NetloomError(`${operation}: ${why}${end}`, 'ERR_NETLOOM_OVS_GONE', { operation, outcome })
}
