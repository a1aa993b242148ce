// Why the kernel refuses what it refuses for one kind of namespace and not for another, and what to do instead.
import type { NamespaceKind } from '../native/kind_jobs'

const instead = 'start a process in it instead, as nsenter(1) does'

/** Why no thread of Node can go in. */
export const cannotEnter: Readonly<Record<'mnt' | 'pid' | 'time' | 'user', string>> = {
  mnt:
    'the threads of a process share root and working directory, and who enters a mount namespace must have his own: ' +
    `Node’s main thread would lose what its pool has; ${instead}`,
  pid: `a process keeps its pid namespace for life, and only its children can be born in another one: ${instead}`,
  time: `only a process of one thread enters a time namespace, and Node has several: ${instead}`,
  user: `only a process of one thread enters a user namespace, and Node has several: ${instead}`,
}

/** What to say besides an errno; undefined: what is usually said. */
export function hintOf(kind: NamespaceKind, method: string): string | undefined {
  if (method === 'pin') {
    if (kind === 'mnt') return 'a mount namespace is pinned on a private mount, and within an older mount namespace'
    if (kind === 'pid') return 'a pid namespace has a file from its first process on'
    return 'mounting needs CAP_SYS_ADMIN, and a path that does not exist'
  }
  if (method === 'owner' || method === 'parent') {
    if (method === 'parent' && kind !== 'pid' && kind !== 'user') return `${kind} namespaces have no parents`
    return 'it is above the namespace in which this process is, which may not know of it'
  }
  return undefined
}
