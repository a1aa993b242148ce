// The resources that this process holds and that tests may leave behind, from /proc and from the notes of opened handles.
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { namedDirectory } from '../netns/name'
import { openNow, wasOpened, wasOpenedAs, watchOpened } from '../native/opened'

watchOpened()

/** Kinds of resources that a test can leave behind. */
export type HoldingKind = 'handle' | 'descriptor' | 'thread' | 'process' | 'namespace' | 'mount' | 'device'

/** A resource that this process holds, or that all processes share. */
export interface Holding {
  /**
   * `handle`: a `NetNs` that was not closed, also one that was garbage-collected, or a server or connection of `listen` and
   * `connect`; `descriptor`: any open file; `thread`: one of the library's, which ends by itself after half a second without
   * work; `process`: a child; `namespace`: a name in `/run/netns`; `mount`: any other mount; `device`: one in the namespace of
   * this thread.
   */
  readonly kind: HoldingKind
  /** The name of a namespace or device, the path of a mount, or the number of a descriptor and its target. */
  readonly name: string
  /** The stack by which a handle was opened, without the library's own part; undefined for other kinds. */
  readonly openedAt?: string | undefined
  /** @internal Unique within its kind. */
  readonly id: string
  /** @internal Holdings of one sort replace each other: a socket that was closed and another that was opened. */
  readonly sort: string
  /** @internal Whether this process has made it, as far as that can be found out. */
  readonly own: boolean
}

type Found = Omit<Holding, 'kind' | 'own' | 'sort'> & Partial<Holding>

/**
 * The resources that this process holds at this moment, and those that all processes share: for `checkLeaks` to compare with
 * later.
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
// lib/ too: with source maps, stacks have the sources in place of the compiled files.
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
    if (target === undefined) return [] // the descriptor of the listing itself
    return [{ id: target, name: `${fd} (${target})`, sort: /^(socket|pipe):/.exec(target)?.[1] ?? target }]
  })
  // With the first watched file libuv opens an inotify descriptor, and keeps it as long as the event loop.
  const watching = descriptors.find(({ id }) => id === 'anon_inode:inotify')
  descriptors = descriptors.filter((one) => one !== watching)
  // The library's threads keep their home open; the descriptor is closed when the last of them ends.
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
    // Names are reported as namespaces. /run/netns is mounted on itself with the first name, and stays so.
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
  // Two header lines, then `NAME: NUMBERS`. Not /sys/class/net, which shows the namespace in which /sys was mounted.
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

/** The result of `look`; undefined if that throws, as the file does not exist (any more). */
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
