// The options of Namespace.create: which namespaces, and with what.
import type { UtsOptions } from '../processes/options'
import type { NamespaceKind, SetRequest } from '../native/kind_jobs'
import { mapOf, type IdRange } from '../rootless/options'
import { checkKeys, outOfRange, wrongType } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { checkText } from '../wire/text'

/** With what a user namespace is created. */
export interface UserOptions {
  /** Which users there are inside; see `RootlessOptions`. Default: one’s own alone, as root. */
  uidMap?: readonly IdRange[] | 'subordinate' | undefined
  /** Which groups there are inside. Default: one’s own alone, as root’s. */
  gidMap?: readonly IdRange[] | 'subordinate' | undefined
}

/** By how much the clocks inside a time namespace are ahead of those outside, in seconds; negative: behind. */
export interface TimeOffsets {
  /** CLOCK_MONOTONIC. Default: 0. */
  monotonic?: number | undefined
  /** CLOCK_BOOTTIME, which `uptime` shows. Default: 0. */
  boottime?: number | undefined
}

/** Which namespaces `Namespace.create` makes; a kind that is left out, or false, stays that of this process. */
export interface NamespaceMembers {
  /** Control groups: the root of /proc/PID/cgroup is where this process is now. */
  cgroup?: boolean | undefined
  /** System V IPC and POSIX message queues. */
  ipc?: boolean | undefined
  /** Mounts: a copy of this process’s, of which changes pass in neither direction. */
  mnt?: boolean | undefined
  /** The network: only `lo` is in it, down. */
  net?: boolean | undefined
  /** Process ids, with a first process that does nothing but reap others, and ends with the handle. */
  pid?: boolean | undefined
  /** Clocks: the offsets are fixed from the first process that enters it. */
  time?: boolean | TimeOffsets | undefined
  /** Users and capabilities: the other namespaces of the set belong to it, and no privilege is needed. */
  user?: boolean | UserOptions | undefined
  /** Host name and domain name. */
  uts?: boolean | UtsOptions | undefined
}

/** Which options a kind has. */
const optionsOf: Readonly<Record<NamespaceKind, readonly string[]>> = {
  cgroup: [],
  ipc: [],
  mnt: [],
  net: [],
  pid: [],
  time: ['monotonic', 'boottime'],
  user: ['uidMap', 'gidMap'],
  uts: ['hostname', 'domainname'],
}
/** All kinds, by name. */
export const kinds = Object.keys(optionsOf) as NamespaceKind[]
const kindSet: ReadonlySet<string> = new Set(kinds)
const longestName = 64
/** The kernel allows what keeps the clock from going below zero, and so much ahead (KTIME_SEC_MAX / 2). */
const mostSeconds = 4_611_686_018

/** Checks the name of a kind. */
export function checkKind(value: unknown, field = 'kind'): NamespaceKind {
  if (typeof value !== 'string') throw wrongType(field, 'a kind of namespace', value)
  if (kindSet.has(value)) return value as NamespaceKind
  throw outOfRange(field, `one of ${kinds.join(', ')}`, value)
}

/** Checks a host or domain name. */
export function checkHostName(value: unknown, field: string): string {
  return checkText(value, 1, longestName, field)
}

/** Checks the members of a set. */
export function checkMembers(members: NamespaceMembers): SetRequest {
  checkKeys(members, kindSet, 'members')
  const wanted = kinds.filter((kind) => {
    const value: unknown = members[kind]
    if (value === undefined || typeof value === 'boolean') return value === true
    if (optionsOf[kind].length === 0) throw wrongType(kind, 'a boolean', value)
    checkKeys(value, new Set(optionsOf[kind]), kind)
    return true
  })
  if (wanted.length === 0) throw outOfRange('members', 'one or more kinds', members)
  const { uidMap, gidMap } = given(members.user) ?? {}
  const { hostname, domainname } = given(members.uts) ?? {}
  return {
    kinds: wanted,
    users: mapOf(uidMap, 'user.uidMap', '/etc/subuid'),
    groups: mapOf(gidMap, 'user.gidMap', '/etc/subgid'),
    host: hostname === undefined ? '' : checkHostName(hostname, 'uts.hostname'),
    domain: domainname === undefined ? '' : checkHostName(domainname, 'uts.domainname'),
    offsets: offsetsOf(given(members.time) ?? {}),
  }
}

function given<Options extends object>(value: boolean | Options | undefined): Options | undefined {
  return typeof value === 'object' ? value : undefined
}

function offsetsOf(offsets: TimeOffsets): string {
  const line = (clock: 'monotonic' | 'boottime'): string => {
    const seconds = offsets[clock]
    if (seconds === undefined) return ''
    if (typeof seconds !== 'number') throw wrongType(`time.${clock}`, 'a number of seconds', seconds)
    if (!(Math.abs(seconds) <= mostSeconds))
      throw outOfRange(`time.${clock}`, `from -${mostSeconds} to ${mostSeconds}`, seconds)
    const whole = Math.floor(seconds)
    const nanoseconds = Math.min(999_999_999, Math.round((seconds - whole) * 1e9))
    return `${clock} ${checkInteger(whole, -mostSeconds, mostSeconds, `time.${clock}`)} ${nanoseconds}\n`
  }
  return line('monotonic') + line('boottime')
}

/** Reads the lines of /proc/PID/timens_offsets. */
export function readOffsets(lines: string): Required<Record<keyof TimeOffsets, number>> {
  const offsets = { monotonic: 0, boottime: 0 }
  for (const line of lines.split('\n')) {
    const [clock, seconds, nanoseconds] = line.trim().split(/\s+/)
    if (clock === 'monotonic' || clock === 'boottime') offsets[clock] = Number(seconds) + Number(nanoseconds) / 1e9
  }
  return offsets
}
