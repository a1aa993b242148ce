// Checks the options for a process's rights and mounts, and encodes them for the addon.
import { resolve } from 'node:path'
import { isBytes, checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { checkText } from '../wire/text'

/** The capabilities of capabilities(7), by their numbers in linux/capability.h. */
const capabilityNames = [
  ...['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_DAC_READ_SEARCH', 'CAP_FOWNER', 'CAP_FSETID', 'CAP_KILL', 'CAP_SETGID'],
  ...['CAP_SETUID', 'CAP_SETPCAP', 'CAP_LINUX_IMMUTABLE', 'CAP_NET_BIND_SERVICE', 'CAP_NET_BROADCAST'],
  ...['CAP_NET_ADMIN', 'CAP_NET_RAW', 'CAP_IPC_LOCK', 'CAP_IPC_OWNER', 'CAP_SYS_MODULE', 'CAP_SYS_RAWIO'],
  ...['CAP_SYS_CHROOT', 'CAP_SYS_PTRACE', 'CAP_SYS_PACCT', 'CAP_SYS_ADMIN', 'CAP_SYS_BOOT', 'CAP_SYS_NICE'],
  ...['CAP_SYS_RESOURCE', 'CAP_SYS_TIME', 'CAP_SYS_TTY_CONFIG', 'CAP_MKNOD', 'CAP_LEASE', 'CAP_AUDIT_WRITE'],
  ...['CAP_AUDIT_CONTROL', 'CAP_SETFCAP', 'CAP_MAC_OVERRIDE', 'CAP_MAC_ADMIN', 'CAP_SYSLOG', 'CAP_WAKE_ALARM'],
  ...['CAP_BLOCK_SUSPEND', 'CAP_AUDIT_READ', 'CAP_PERFMON', 'CAP_BPF', 'CAP_CHECKPOINT_RESTORE'],
]

/** Flags of mount(2), by their names in mount(8): linux/mount.h. */
const mountFlags = {
  ro: 1,
  nosuid: 2,
  nodev: 4,
  noexec: 8,
  sync: 16,
  remount: 32,
  noatime: 1024,
  nodiratime: 2048,
  bind: 4096,
  rbind: 4096 + 16384,
  unbindable: 1 << 17,
  private: 1 << 18,
  rprivate: (1 << 18) + 16384,
  slave: 1 << 19,
  rslave: (1 << 19) + 16384,
  shared: 1 << 20,
  relatime: 1 << 21,
} as const

/** A flag of a mount, as after `-o` of mount(8). */
export type MountFlag = keyof typeof mountFlags

/** A mount in the mount namespace of a process: mount(2). */
export interface ProcessMount {
  /** The mount point: an absolute path. */
  target: string
  /** The source: a path for `bind`; any text for most types. Default: `none`. */
  source?: string | undefined
  /** The type of the file system, such as `tmpfs` or `proc`. Default: none, for flags that need none. */
  type?: string | undefined
  /** Flags. With `bind`, `ro`, `nosuid`, `nodev` and `noexec` apply to the new mount only. Default: none. */
  flags?: readonly MountFlag[] | undefined
  /** Options of the file system’s own, such as `size=1m,mode=755`. Default: none. */
  data?: string | undefined
}

/** Options for a process's rights and mounts. */
export interface RestrictionOptions {
  /** Its supplementary groups (setgroups(2)). Default: this process’s; none where `uid`, `gid` or `user` is given. */
  groups?: readonly number[] | undefined
  /**
   * The capabilities that it keeps, by name (`CAP_NET_BIND_SERVICE`), also where its `uid` is not 0. It cannot gain others,
   * whatever it executes. Default: those of its user.
   */
  capabilities?: readonly string[] | undefined
  /** Programs that it executes gain no privileges (PR_SET_NO_NEW_PRIVS of prctl(2)). Default: false. */
  noNewPrivileges?: boolean | undefined
  /**
   * A seccomp filter: a program of `struct sock_filter`, 8 bytes an instruction, in the machine’s byte order (seccomp(2)). If it
   * does not allow execve(2), the start fails: `execve (denied by the seccomp filter)` with the errno of the filter, or
   * `execve (the seccomp filter kills)` with `EPERM`. Sets `noNewPrivileges`. Default: none.
   */
  seccomp?: Uint8Array | undefined
  /**
   * The directory of a control group (`/sys/fs/cgroup/…`) in which it starts, with process 1 of a new PID namespace (`pid`).
   * Default: this process’s.
   */
  cgroupDirectory?: string | undefined
  /** Mounts, in this order. They need mounts of its own: `mount: true` or `etc`. Default: none. */
  mounts?: readonly ProcessMount[] | undefined
}

/** The same, encoded for the addon. */
export interface Restrictions {
  readonly groups: readonly number[] | undefined
  readonly capabilities: bigint | undefined
  readonly noNewPrivileges: boolean
  readonly seccomp: Uint8Array
  readonly cgroup: string
  readonly mounts: readonly (readonly [string, string, string, string, string])[]
}

const mostGroups = 4096
const mostId = 0xffff_fffe
/** BPF_MAXINSNS of linux/bpf_common.h. */
const mostInstructions = 4096
const instructionSize = 8
const mostMounts = 256
const mountKeys = new Set(['target', 'source', 'type', 'flags', 'data'])
/** Flags that a bind mount takes only with a second call (MS_REMOUNT): all but MS_BIND, MS_REC and the types of propagation. */
const ofRemount = mountFlags.ro | mountFlags.nosuid | mountFlags.nodev | mountFlags.noexec | mountFlags.noatime

function checkList(value: unknown, field: string, what: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) throw wrongType(field, `an array of ${what}`, value)
  if (value.length > most) throw outOfRange(field, `at most ${most} ${what}`, value.length)
  return Array.from(value as readonly unknown[])
}

function checkGroups(groups: unknown): readonly number[] | undefined {
  if (groups === undefined) return undefined
  return checkList(groups, 'groups', 'ids', mostGroups).map((id, i) => {
    return checkInteger(id, 0, mostId, `groups[${i}]`)
  })
}

function checkCapabilities(names: unknown): bigint | undefined {
  if (names === undefined) return undefined
  return checkList(names, 'capabilities', 'names', 64).reduce((all: bigint, name, i) => {
    if (typeof name !== 'string') throw wrongType(`capabilities[${i}]`, 'the name of a capability', name)
    const number = capabilityNames.indexOf(name)
    if (number < 0) throw wrongValue(`capabilities[${i}]`, 'a name of capabilities(7), such as "CAP_NET_RAW"', name)
    return all | (1n << BigInt(number))
  }, 0n)
}

function checkFilter(filter: unknown): Uint8Array {
  if (filter === undefined) return new Uint8Array(0)
  if (!isBytes(filter)) throw wrongType('seccomp', 'a Uint8Array', filter)
  const count = filter.length / instructionSize
  if (!Number.isInteger(count) || count < 1 || count > mostInstructions) {
    throw outOfRange('seccomp', `1 to ${mostInstructions} instructions of ${instructionSize} bytes`, filter)
  }
  return filter
}

type MountCall = readonly [string, string, string, string, string]

function checkMount(mount: unknown, field: string): MountCall[] {
  if (typeof mount !== 'object' || mount === null) throw wrongType(field, 'a mount', mount)
  checkKeys(mount, mountKeys, field)
  const { target, source = 'none', type = '', flags = [], data = '' } = mount as Partial<ProcessMount>
  const where = checkText(target, 1, 4095, `${field}.target`)
  if (!where.startsWith('/')) throw wrongValue(`${field}.target`, 'an absolute path', target)
  const all = checkList(flags, `${field}.flags`, 'flags', 32).reduce((bits: number, flag, i) => {
    if (typeof flag !== 'string' || !Object.hasOwn(mountFlags, flag)) {
      throw wrongValue(`${field}.flags[${i}]`, `one of ${Object.keys(mountFlags).join(', ')}`, flag)
    }
    return bits | mountFlags[flag as MountFlag]
  }, 0)
  const words = [
    checkText(source, 0, 4095, `${field}.source`),
    where,
    checkText(type, 0, 63, `${field}.type`),
    checkText(data, 0, 4095, `${field}.data`),
  ] as const
  const later = all & ofRemount
  // The kernel ignores these flags in the call with MS_BIND.
  if ((all & mountFlags.bind) === 0 || later === 0 || (all & mountFlags.remount) !== 0) return [[...words, String(all)]]
  const again = mountFlags.remount | mountFlags.bind | later
  return [
    [...words, String(all & ~later)],
    ['none', where, '', '', String(again)],
  ]
}

function checkMounts(mounts: unknown, hasOwn: boolean): readonly MountCall[] {
  if (mounts === undefined) return []
  const all = checkList(mounts, 'mounts', 'mounts', mostMounts)
  if (all.length > 0 && !hasOwn) {
    throw wrongValue('mounts', 'left out where "mount: true" or "etc" gives the process no mounts of its own', mounts)
  }
  return all.flatMap((mount, i) => checkMount(mount, `mounts[${i}]`))
}

/**
 * Checks the options.
 * @param hasOwnMounts - Whether a mount namespace is made for it.
 */
export function checkRestrictions(options: RestrictionOptions, hasOwnMounts: boolean): Restrictions {
  const { noNewPrivileges = false, cgroupDirectory } = options
  if (typeof noNewPrivileges !== 'boolean') throw wrongType('noNewPrivileges', 'a boolean', noNewPrivileges)
  return {
    groups: checkGroups(options.groups),
    capabilities: checkCapabilities(options.capabilities),
    noNewPrivileges,
    seccomp: checkFilter(options.seccomp),
    cgroup: cgroupDirectory === undefined ? '' : resolve(checkText(cgroupDirectory, 1, 4000, 'cgroupDirectory')),
    mounts: checkMounts(options.mounts, hasOwnMounts),
  }
}
