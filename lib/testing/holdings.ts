// What this process holds of what tests leave behind, read from /proc, and from the notes on what was opened.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { namedDirectory } from '../netns/name'
import { openNow, wasOpened, wasOpenedAs, watchOpened } from '../native/opened'

watchOpened()

/** What can be left behind. */
export type HoldingKind = 'handle' | 'descriptor' | 'thread' | 'process' | 'namespace' | 'mount' | 'device'

/** One thing that a process holds, or that is there for all. */
export interface Holding {
  /**
   * `handle`: a `NetNs` that nobody has closed, also one that was garbage-collected, or a server or connection of `listen` and
   * `connect`; `descriptor`: any open file;
   * `thread`: one of the library's, which end by themselves after half a second without work; `process`: a child;
   * `namespace`: a name in `/run/netns`; `mount`: any other mount; `device`: one of the namespace that this thread is in.
   */
  readonly kind: HoldingKind
  /** What it is: the name of a namespace or device, the path of a mount, the number of a descriptor and what it leads to. */
  readonly name: string
  /** The stack by which a handle was opened, without the library's own part; undefined for other kinds. */
  readonly openedAt?: string | undefined
  /** @internal Tells it from all others of its kind. */
  readonly id: string
  /** @internal Those of one sort take each other's place: a socket that was closed and another that was opened. */
  readonly sort: string
  /** @internal Whether this process made it, as far as can be told. */
  readonly own: boolean
}

type Found = Omit<Holding, 'kind' | 'own' | 'sort'> & Partial<Holding>

/**
 * What this process holds at this moment, and what is there for all: for `checkLeaks` to compare with later.
 * @example
 * const before = holdings()
 * await somethingThatCleansUp()
 * await checkLeaks(before)
 */
export function holdings(): Holding[] {
  const home = inodeOf(read(() => readlinkSync('/proc/thread-self/ns/net')))
  const kinds: [HoldingKind, Found[]][] = [
    ['handle', handles()],
    ...descriptorsAndThreads(home),
    ['process', children()],
    ['namespace', names()],
    ['mount', mounts()],
    ['device', devices(home)],
  ]
  return kinds.flatMap(([kind, all]) => all.map((one) => ({ kind, sort: one.id, own: true, ...one })))
}

function handles(): Found[] {
  return openNow().map(({ kind, label, inode, id, at }) => ({
    name: kind === 'namespace' ? `a handle of the namespace ${label}` : `a ${kind} in the namespace ${label}`,
    id: String(id),
    openedAt: callers(at.stack ?? ''),
    sort: kind === 'namespace' ? `net:[${inode}]` : String(id),
  }))
}

const root = join(__dirname, '..', '..')
// Where a source map is followed, compiled files are told as their sources.
const notTheirs = [join(root, 'lib/'), join(root, 'dist/'), '(node:', ' node:', '(index ', '(<anonymous>)']

/** The lines of a stack below those of the library and of Node; those of the program itself, if there are any. */
function callers(stack: string): string | undefined {
  const lines = stack
    .split('\n')
    .filter((line) => /^ +at /.test(line) && !notTheirs.some((part) => line.includes(part)))
  const program = lines.filter((line) => !line.includes('/node_modules/'))
  const best = program.length > 0 ? program : lines
  return best.length === 0 ? undefined : best.join('\n')
}

function descriptorsAndThreads(home: number | undefined): [HoldingKind, Found[]][] {
  const threads = list('/proc/self/task').flatMap((tid): Found[] => {
    const name = text(`/proc/self/task/${tid}/comm`)?.trim()
    return name?.startsWith('netloom') === true ? [{ id: tid, name, sort: name }] : []
  })
  let descriptors = list('/proc/self/fd').flatMap((fd): Found[] => {
    const target = read(() => readlinkSync(`/proc/self/fd/${fd}`))
    if (target === undefined) return [] // it was the one that listed them
    return [{ id: target, name: `${fd} (${target})`, sort: /^(socket|pipe):/.exec(target)?.[1] ?? target }]
  })
  // The first that watches a file makes libuv open one for all, which stays as long as the event loop.
  const watching = descriptors.find(({ id }) => id === 'anon_inode:inotify')
  descriptors = descriptors.filter((one) => one !== watching)
  // The way home of those threads, which goes with the last of them.
  const wayHome = descriptors.find(({ id }) => inodeOf(id) === home)
  if (threads.length > 0 && wayHome !== undefined) {
    threads.push(wayHome)
    descriptors = descriptors.filter((one) => one !== wayHome)
  }
  return [
    ['descriptor', descriptors],
    ['thread', threads],
  ]
}

function children(): Found[] {
  const pids = list('/proc/self/task').flatMap((tid) => text(`/proc/self/task/${tid}/children`)?.split(' ') ?? [])
  return pids.flatMap((pid) => {
    if (pid === '') return []
    const command = text(`/proc/${pid}/cmdline`)?.replaceAll('\0', ' ').trim().slice(0, 80)
    return [{ id: pid, name: `${pid} (${command === undefined || command === '' ? 'it has ended' : command})` }]
  })
}

function names(): Found[] {
  return list(namedDirectory).map((name) => {
    const inode = read(() => statSync(`${namedDirectory}/${name}`).ino)
    return { id: `${name} ${inode}`, name, own: inode !== undefined && wasOpenedAs(inode, name) }
  })
}

// ID PARENT MAJOR:MINOR ROOT POINT …: proc_pid_mountinfo(5)
function mounts(): Found[] {
  const lines = text('/proc/self/mountinfo')?.split('\n') ?? []
  return lines.flatMap((line) => {
    const [id = '', , , root = '', point = ''] = line.split(' ')
    // A name is told as a namespace. /run/netns itself is mounted on itself with the first of them, and stays.
    if (point === '' || point === namedDirectory || point.startsWith(`${namedDirectory}/`)) return []
    const inode = inodeOf(root)
    return [
      {
        id,
        name: inode === undefined ? point : `${point} (${root})`,
        own: inode !== undefined && wasOpenedAs(inode, point),
      },
    ]
  })
}

function devices(home: number | undefined): Found[] {
  const own = home !== undefined && wasOpened(home)
  // Two lines of headings, then `NAME: NUMBERS`. Not /sys/class/net: that is the namespace in which it was mounted.
  const lines = text('/proc/thread-self/net/dev')?.trim().split('\n').slice(2) ?? []
  return lines.map((line) => {
    const name = line.slice(0, line.lastIndexOf(':')).trim()
    return { id: name, name, own }
  })
}

/** The inode of `net:[INODE]`. */
function inodeOf(target: string | undefined): number | undefined {
  const [, inode] = /^net:\[(\d+)\]$/.exec(target ?? '') ?? []
  return inode === undefined ? undefined : Number(inode)
}

/** What a look gives; undefined for what is gone meanwhile, or never was. */
function read<Result>(look: () => Result): Result | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

function text(path: string): string | undefined {
  return read(() => readFileSync(path, 'utf8'))
}

function list(directory: string): string[] {
  return read(() => readdirSync(directory)) ?? []
}
