// Shared by sockets inside a namespace: their errors, which are Node's own with the namespace's name, and the checks of
// options with addresses.
import { errorMonitor, type EventEmitter } from 'node:events'
import { isIPv4, isIPv6 } from 'node:net'
import type { NetnsHandle } from '../native/netns_handle'
import { noteOpened, type Opened } from '../native/opened'
import { withNetns } from '../native/with_netns'
import { wrongType, wrongValue } from '../wire/invalid'
import type { Family } from '../wire/ip'

/** Options of every call, which calls of sockets have besides their own. */
export const callKeys = ['signal', 'timeout', 'onWarning']

/** The family of an address, with or without a zone. */
export function familyOfHost(host: unknown, field: string): Family {
  if (typeof host !== 'string') throw wrongType(field, 'an IP address', host)
  if (isIPv4(host)) return 'ipv4'
  if (isIPv6(host)) return 'ipv6'
  throw wrongValue(field, 'an IP address', host)
}

export function checkBoolean(value: unknown, field: string): void {
  if (value !== undefined && typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
}

/** sizeof(sun_path) - 1 of linux/un.h: the longest path, and the longest abstract name behind its NUL. */
const longestPath = 107

/** Checks the path of a Unix socket; one that begins with a NUL is abstract, and a name of the network namespace. */
export function checkSocketPath(path: unknown, field = 'path'): string {
  const expected = `a path of 1 to ${longestPath} bytes, or "\\0" and up to ${longestPath} bytes of an abstract name`
  if (typeof path !== 'string') throw wrongType(field, expected, path)
  const abstract = path.startsWith('\0')
  const size = Buffer.byteLength(path) - (abstract ? 1 : 0)
  if (size < 1 || size > longestPath || (!abstract && path.includes('\0'))) throw wrongValue(field, expected, path)
  return path
}

/** Adds the namespace to the errors that an emitter emits. Does not count as a listener of `error`. */
export function nameErrors(emitter: EventEmitter, netns: NetnsHandle): void {
  emitter.on(errorMonitor, (error: unknown) => {
    withNetns(error, netns)
  })
}

/** Notes for the leak check of tests that it has to be closed. */
export function noteSocket(
  key: object,
  kind: Opened['kind'],
  netns: NetnsHandle,
  isOpen: () => boolean,
  opener: (...args: never[]) => unknown,
): void {
  const { label, identity } = netns
  noteOpened(key, { kind, label, inode: identity.inode, isOpen }, opener)
}
