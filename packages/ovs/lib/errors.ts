// What can go wrong with a switch beyond its database: a device that cannot be opened, a switch that is gone.
import { NetloomError } from 'netloom/errors'

/** Errors of the system as the switch's C library writes them. */
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
 * The switch could not open an interface. What the call had made is taken back. `code` is the system's where the switch tells it
 * (`ENODEV`: there is no such device), and `ERR_NETLOOM_OVS_INTERFACE` otherwise.
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

/** There is none. */
export function notFound(operation: string, what: string, name: string): NetloomError {
  return new NetloomError(`ENOENT: there is no ${what} ${name}, ${operation}`, 'ENOENT', { operation, outcome: 'none' })
}

/** There is one already. */
export function alreadyExists(operation: string, what: string, name: string): NetloomError {
  return new NetloomError(`EEXIST: there is a ${what} ${name} already, ${operation}`, 'EEXIST', {
    operation,
    outcome: 'none',
  })
}

/** The switch's process has ended. */
export function switchGone(operation: string, why: string, outcome: 'none' | 'unknown'): NetloomError {
  const end = outcome === 'unknown' ? '; it is in the database, but nobody applies it' : ''
  return new NetloomError(`${operation}: ${why}${end}`, 'ERR_NETLOOM_OVS_GONE', { operation, outcome })
}
