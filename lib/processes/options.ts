// Checks the options for a process's namespaces besides the network namespace, and encodes them for the addon.
import type { IdRange } from '../rootless/options'
import { resolve } from 'node:path'
import { Kind } from '../native/process_jobs'
import { checkArray, checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { checkText } from '../wire/text'
import { checkRestrictions, type RestrictionOptions, type Restrictions } from './restrictions'

/** A namespace that exists: the path of its file, such as `/proc/1234/ns/pid`, or a descriptor of it. */
export type ExistingNamespace = string | number

/** A new user namespace for a process. */
export interface UserOptions {
  /**
   * Its uids. Those outside are uids of the network namespace's owning user namespace, if the process enters that
   * (`rootless`), else of this process’s. Default: 0 inside is the user that starts it.
   */
  uidMap?: readonly IdRange[] | undefined
  /** Its gids, in the same way; setgroups(2) is denied. Default: 0 inside is the group that starts it. */
  gidMap?: readonly IdRange[] | undefined
}

/** The names of a new UTS namespace. */
export interface UtsOptions {
  /** The host's name, 1 to 64 bytes. Default: as outside. */
  hostname?: string | undefined
  /** The NIS domain's name, 1 to 64 bytes. Default: as outside. */
  domainname?: string | undefined
}

/** Options of `NetNs.spawn` and the like, beside Node's own. */
export interface ProcessOptions extends RestrictionOptions {
  /**
   * The mounts of `ip netns exec`: in a mount namespace of its own, the files of `/etc/netns/NAME` are mounted over those of
   * the same name in `/etc`, and `/sys` shows the devices of the namespace. A string is a NAME, for a namespace without a
   * name or with another one. Symbolic links in `/etc/netns` are refused (`ELOOP`). Default: false.
   */
  etc?: boolean | string | undefined
  /**
   * A new PID namespace: when the program ends, the kernel kills all processes that it has started. Process 1 there is the
   * library’s, which only reaps; the program is process 2, so signals have their usual effect. With mounts of its own
   * (`mount`, `etc`), `/proc` shows the processes of this namespace. Or an existing PID namespace. `child.pid` is then a
   * process outside, which forwards signals to the program and ends as the program does. Default: false.
   */
  pid?: boolean | ExistingNamespace | undefined
  /**
   * A new mount namespace: its mounts are not seen outside, but it sees later mounts outside. Or an existing one, in which
   * `cwd` and the program are looked up. Default: false.
   */
  mount?: boolean | ExistingNamespace | undefined
  /** A new UTS namespace, with host and domain names of its own; or an existing one. Default: false. */
  uts?: boolean | UtsOptions | ExistingNamespace | undefined
  /** A new IPC namespace, with System V objects and POSIX message queues of its own; or an existing one. Default: false. */
  ipc?: boolean | ExistingNamespace | undefined
  /** A new cgroup namespace, whose root is `cgroupDirectory` or this process's cgroup; or an existing one. Default: false. */
  cgroup?: boolean | ExistingNamespace | undefined
  /**
   * A new user namespace. Its capabilities do not extend to the network namespace, which it does not own. `uid` and `gid`
   * are ids inside; by default the first ones of the maps. Or an existing one. Default: false.
   */
  user?: boolean | UserOptions | ExistingNamespace | undefined
  /**
   * The kernel kills it when the thread that has started it ends: the process, or the Worker (PR_SET_PDEATHSIG of prctl(2)).
   * Executing a set-user-ID file, or one with capabilities, resets this. Default: false.
   */
  dieWithParent?: boolean | undefined
}

/** The same, encoded for the addon. */
export interface Surroundings extends Restrictions {
  readonly etc: string | undefined
  readonly hostname: string
  readonly domainname: string
  readonly uidMap: string
  readonly gidMap: string
  readonly made: number
  readonly joined: readonly (readonly [kind: number, where: string])[]
  readonly dieWithParent: boolean
  /** The default ids. */
  readonly uid: number | undefined
  readonly gid: number | undefined
}

const keys = [
  ...['etc', 'pid', 'mount', 'uts', 'ipc', 'cgroup', 'user', 'dieWithParent'],
  ...['groups', 'capabilities', 'noNewPrivileges', 'seccomp', 'cgroupDirectory', 'mounts'],
]
const simple = ['pid', 'mount', 'ipc', 'cgroup'] as const

/** Splits the options into Node's and this library's. */
export function splitOptions<Options extends object>(options: Options): [node: Options, ours: ProcessOptions] {
  const node = { ...options } as Record<string, unknown>
  const ours: Record<string, unknown> = {}
  for (const key of keys) {
    if (node[key] !== undefined) ours[key] = node[key]
    Reflect.deleteProperty(node, key)
  }
  return [node as Options, ours]
}

const mostRanges = 340 // UID_GID_MAP_MAX_EXTENTS of linux/user_namespace.h
const mostId = 0xffff_fffe

const rangeKeys = new Set(['inside', 'outside', 'count'])

/** The ranges of a map; undefined for the launcher’s default. */
function checkMap(map: unknown, field: string): readonly IdRange[] | undefined {
  if (map === undefined) return undefined
  const ranges = checkArray(map, field, 'an array of ranges', mostRanges)
  if (ranges.length < 1) throw outOfRange(field, `1 to ${mostRanges} ranges`, map)
  ranges.forEach((range, i) => {
    const at = `${field}[${i}]`
    checkKeys(range, rangeKeys, at)
    const { inside, outside, count } = range as IdRange
    checkInteger(inside, 0, mostId, `${at}.inside`)
    checkInteger(outside, 0, mostId, `${at}.outside`)
    if (count !== undefined) checkInteger(count, 1, mostId, `${at}.count`)
  })
  return ranges as readonly IdRange[]
}

const written = (map: readonly IdRange[] = []): string =>
  map.map(({ inside, outside, count = 1 }) => `${inside} ${outside} ${count}\n`).join('')

function checkExisting(value: string | number, field: string): string {
  if (typeof value === 'string') return resolve(checkText(value, 1, 4095, field))
  checkInteger(value, 0, 0x7fffffff, field)
  return String(value)
}

function checkName(name: unknown, field: string): string {
  if (name === undefined) return ''
  return checkText(name, 1, 64, field)
}

function etcDirectory(etc: unknown, name: string | undefined): string | undefined {
  if (etc === undefined || etc === false) return undefined
  const chosen = etc === true ? name : etc
  if (chosen === undefined) throw wrongValue('etc', 'a name where the namespace has none', etc)
  if (typeof chosen !== 'string') throw wrongType('etc', 'a boolean or a name', etc)
  checkText(chosen, 1, 255, 'etc')
  if (chosen === '.' || chosen === '..' || chosen.includes('/')) {
    throw wrongValue('etc', 'a name in /etc/netns: not "." or "..", without "/"', etc)
  }
  return `/etc/netns/${chosen}`
}

/**
 * Checks the options.
 * @param name - The namespace's name, if it has one.
 */
export function surroundings(options: ProcessOptions, name: string | undefined): Surroundings {
  const { etc, uts, user, dieWithParent = false } = options
  if (typeof dieWithParent !== 'boolean') throw wrongType('dieWithParent', 'a boolean', dieWithParent)
  const directory = etcDirectory(etc, name)
  let made = 0
  const joined: [number, string][] = []
  /** Notes a namespace. Returns whether it is made with details. */
  const note = (kind: number, field: string, value: unknown, details: string | undefined): boolean => {
    if (value === undefined || value === false) return false
    if (typeof value === 'string' || typeof value === 'number') joined.push([kind, checkExisting(value, field)])
    else if (value === true || (details !== undefined && typeof value === 'object' && value !== null)) made |= kind
    else throw wrongType(field, `a boolean, a path or a descriptor${details ?? ''}`, value)
    return typeof value === 'object'
  }
  for (const key of simple) note(Kind[key], key, options[key], undefined)
  const names = note(Kind.uts, 'uts', uts, ', or names') ? (uts as UtsOptions) : {}
  checkKeys(names, new Set(['hostname', 'domainname']), 'uts')
  const maps = note(Kind.user, 'user', user, ', or maps') ? (user as UserOptions) : {}
  checkKeys(maps, new Set(['uidMap', 'gidMap']), 'user')
  const uids = checkMap(maps.uidMap, 'user.uidMap')
  const gids = checkMap(maps.gidMap, 'user.gidMap')
  const mapped = (made & Kind.user) !== 0
  return {
    etc: directory,
    hostname: checkName(names.hostname, 'uts.hostname'),
    domainname: checkName(names.domainname, 'uts.domainname'),
    uidMap: written(uids),
    gidMap: written(gids),
    made,
    joined,
    dieWithParent,
    ...checkRestrictions(options, (made & Kind.mount) !== 0 || directory !== undefined),
    uid: mapped ? (uids?.[0]?.inside ?? 0) : undefined,
    gid: mapped ? (gids?.[0]?.inside ?? 0) : undefined,
  }
}
