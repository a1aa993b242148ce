// All namespaces of the machine, as lsns(8) lists them.
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { listMachine, type NamespaceKind } from '../native/kind_jobs'

/** A namespace of the machine. */
export interface NamespaceEntry {
  /** Which of the eight kinds it is. */
  readonly kind: NamespaceKind
  /** Its inode, as in `net:[4026531833]`. */
  readonly inode: number
  /** How many processes are in it. 0: only a mount or descriptor keeps it, or a namespace below it. */
  readonly processes: number
  /** The lowest pid of those, which are as this process sees them; undefined if there is none. */
  readonly pid: number | undefined
  /** The command line of that process; `[NAME]` of a thread of the kernel. */
  readonly command: string | undefined
  /** The user whose process that is. */
  readonly uid: number | undefined
  /** How many descriptors lead to it, of processes that this one may look at. */
  readonly descriptors: number
  /** Where it is pinned, in this process’s mount namespace. */
  readonly mounts: readonly string[]
}

/** How many values tell of one. */
const width = 8

/** Namespace.list */
export async function listNamespaces(options?: CallOptions): Promise<NamespaceEntry[]> {
  checkCallOptions(options)
  const values = await listMachine('Namespace.list', options)
  const entries: NamespaceEntry[] = []
  for (let i = 0; i < values.length; i += width) {
    const [kind, inode, processes, pid, uid, command, descriptors, mounts] = values.slice(i) as Values
    const there = processes > 0
    entries.push({
      kind,
      inode,
      processes,
      pid: there ? pid : undefined,
      command: there ? command : undefined,
      uid: there ? uid : undefined,
      descriptors,
      mounts: mounts.split('\n').slice(0, -1).map(unescape),
    })
  }
  return entries
}

type Values = [NamespaceKind, number, number, number, number, string, number, string]

/** In /proc/self/mountinfo, space, tab, line feed and backslash are octal numbers. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
