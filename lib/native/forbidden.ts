// Why a machine does not let an unprivileged user make user namespaces: what its settings say.
import { readFileSync } from 'node:fs'
import { errnoNumber } from '../errno'

/** Reads a setting; undefined if the kernel does not have it. */
type Read = (path: string) => string | undefined

function readSetting(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return undefined
  }
}

const codes = (...names: string[]): ReadonlySet<number | undefined> => new Set(names.map(errnoNumber))
const [refused, full, unsupported] = [codes('EPERM', 'EACCES'), codes('ENOSPC', 'EUSERS'), codes('EINVAL', 'ENOSYS')]
/** The step in which a launcher makes one: Step::unshare_user of native/launcher/plan.h. */
const making = 'unshare (CLONE_NEWUSER)'
const inUserNamespace = new Set([making, 'unshare', 'setns', 'setgroups', 'uid_map', 'gid_map'])

/**
 * What to change so that a namespace can be made without privilege, after it failed.
 * @param errno - How the system call failed.
 * @param call - Its name.
 */
export function forbiddenBy(errno: number, call: string | undefined, read: Read = readSetting): string | undefined {
  if (call === 'newuidmap' || call === 'newgidmap') {
    if (errno === errnoNumber('ENOENT')) return `${call} is not installed (Debian’s package uidmap)`
    const file = call === 'newuidmap' ? '/etc/subuid' : '/etc/subgid'
    return `${call} refused the map: its ranges must be yours in ${file} (usermod --add-subuids, --add-subgids)`
  }
  if (full.has(errno) && call === making) {
    const most = read('/proc/sys/user/max_user_namespaces')
    return most === '0'
      ? 'the sysctl user.max_user_namespaces is 0: raise it'
      : `there are user.max_user_namespaces (${most ?? 'unknown'}) of them, or 32 within one another: raise that sysctl`
  }
  if (unsupported.has(errno) && call === making) return 'this kernel has no user namespaces (CONFIG_USER_NS)'
  if (!refused.has(errno) || call === undefined || !inUserNamespace.has(call)) return undefined
  if (read('/proc/sys/kernel/unprivileged_userns_clone') === '0') {
    return 'the sysctl kernel.unprivileged_userns_clone is 0: set it to 1'
  }
  if (read('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return (
      'AppArmor forbids it (the sysctl kernel.apparmor_restrict_unprivileged_userns is 1): ' +
      'set it to 0, or give the program a profile with "userns,"'
    )
  }
  if (/^Seccomp:\s*2$/m.test(read('/proc/self/status') ?? '')) {
    return (
      'a seccomp filter forbids it, as a container’s does: allow clone, unshare and setns with CLONE_NEWUSER ' +
      '(docker run --security-opt seccomp=FILE, or =unconfined)'
    )
  }
  return 'a chroot, or a security module such as SELinux, forbids user namespaces to this process'
}
