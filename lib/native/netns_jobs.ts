// The addon's jobs on namespaces themselves, as promises with errors in our terms.
import { stat } from 'node:fs'
import { closedError, NetloomError, systemError, type FailureDetails, type Subject } from '../errors'
import { errnoNumber } from '../errno'
import { wrongValue } from '../wire/invalid'
import { addon, type NetnsDescription, type Started } from './addon'
import { runJob, type CallOptions, type Completion } from './jobs'
import { NetnsHandle, noteDeleted, type NetnsIdentity } from './netns_handle'

const [EPERM, ENOENT, EXDEV, EINVAL, ESTALE] = ['EPERM', 'ENOENT', 'EXDEV', 'EINVAL', 'ESTALE'].map(errnoNumber)

/** What a job is about, for its errors. */
export type About = Subject & Pick<FailureDetails, 'detail' | 'hint'>

/** What a job came to, or its failure as an error. */
export function unwrap<Result>({ errno, call, result }: Completion<Result>, about: About): Result {
  if (errno === 0) return result
  throw systemError({ ...about, errno, syscall: call })
}

// process.exit() and an uncaught exception end the main thread without the addon's cleanup hook. What was created and
// never handed over, and what is ephemeral, would stay behind.
let ending = false

/** Sees to it that what this process has pinned and not handed over goes with it. */
export function endWithProcess(): void {
  if (ending) return
  ending = true
  process.once('exit', () => {
    addon.end()
  })
}

/** Creates a namespace, pinned at a path if there is one. */
export async function createNetns(
  path: string | undefined,
  ephemeral: boolean,
  label: string | undefined,
  options?: CallOptions,
): Promise<NetnsHandle> {
  const about = { operation: 'NetNs.create', netns: label, detail: path }
  if (path !== undefined) endWithProcess()
  const start = (): Started => addon.createNetns(path ?? '', ephemeral)
  const completion = await runJob<NetnsDescription>(about, start, options)
  const hint = completion.errno === EPERM ? createNeeds : undefined
  return new NetnsHandle(unwrap(completion, { ...about, hint }), label)
}

const createNeeds =
  'this needs CAP_SYS_ADMIN and CAP_NET_ADMIN; NetNs.create({ rootless: true }) needs no privilege, and gives no name'

/** How to find a namespace that exists. */
export type NetnsSource = { path: string } | { fd: number } | { pid: number } | { tid: number }

/** Opens a namespace that exists. */
export async function openNetns(
  operation: string,
  source: NetnsSource,
  label: string | undefined,
  options?: CallOptions,
): Promise<NetnsHandle> {
  const start = (): Started => {
    if ('path' in source) return addon.openNetnsPath(source.path)
    if ('fd' in source) return addon.openNetnsFd(source.fd)
    return 'pid' in source ? addon.openNetnsPid(source.pid) : addon.openNetnsThread(source.tid)
  }
  const [kind, value] = Object.entries(source)[0] ?? []
  const completion = await runJob<NetnsDescription>({ operation, netns: label }, start, options)
  const what = `${kind} ${String(value)}`
  const detail = completion.errno === EINVAL ? `${what} is not a network namespace` : what
  const hint = isBare(completion)
    ? 'there is an empty file, which no namespace is mounted on (yet, or any more)'
    : undefined
  return new NetnsHandle(unwrap(completion, { operation, netns: label, detail, hint }), label)
}

/** Whether there is something, but no namespace. */
function isBare({ errno, call }: Completion<unknown>): boolean {
  return errno === ENOENT && call === 'fstatfs'
}

/** Lets other threads of the process adopt the namespace, for as long as the handle is open. */
export function shareNetns(netns: NetnsHandle): { registry: string; number: number } {
  const operation = 'NetNs.share'
  const shared = addon.shareNetns(netns.use(operation))
  if (shared === undefined) throw closedError(operation, netns.label)
  const [registry, number] = shared
  return { registry, number }
}

/** A handle of one's own to what a thread of this process shares. Takes microseconds, so it is no job. */
export function adoptNetns(
  { registry, number }: { readonly registry: string; readonly number: number },
  { device, inode }: NetnsIdentity,
  label: string | undefined,
  operation = 'NetNs.adopt',
): NetnsHandle {
  const [errno, syscall, made] = addon.adoptNetns(registry, number, device, inode)
  if (errno === 0) return new NetnsHandle(made as NetnsDescription, label)
  const netns = label ?? `net:[${inode}]`
  const refuse = (why: string, code: string): NetloomError =>
    new NetloomError(`${operation}: ${why}`, code, { operation, netns })
  if (errno === ENOENT) {
    const why = `the handle of the namespace ${netns} that was shared is closed, or its thread has ended`
    throw refuse(why, 'ERR_NETLOOM_CLOSED')
  }
  if (errno === EXDEV) {
    const why = `the namespace ${netns} is shared by another process, or another copy of netloom: open it by name or path`
    throw refuse(why, 'ERR_NETLOOM_FOREIGN_SHARE')
  }
  if (errno === ESTALE) throw wrongValue('shared.identity', 'as NetNs.share gave it', { device, inode })
  throw systemError({ operation, netns, errno, syscall })
}

/** A pin that is to be removed: with a namespace, of whatever kind, only if it is still pinned there. */
export interface Deletion {
  readonly path: string
  readonly expected: NetnsHandle | undefined
}

/** Unpins paths, if network namespaces are there, by one job. Gives for each the error, if it failed. */
export async function deleteEachNetns(
  deletions: readonly Deletion[],
  options?: CallOptions,
): Promise<(NetloomError | undefined)[]> {
  const operation = 'NetNs.delete'
  const [first] = deletions
  if (first === undefined) return []
  const about = { operation, netns: deletions.length === 1 ? first.expected?.label : undefined }
  const start = (): Started => {
    const expected = Float64Array.from(deletions, (one) => one.expected?.use(operation) ?? 0)
    return addon.deleteNetns(deletions.map(({ path }) => `${path}\0`).join(''), expected)
  }
  const completion = await runJob<readonly (number | string | undefined)[]>(about, start, options)
  const ended = unwrap(completion, { ...about, detail: first.path })
  return deletions.map(({ path, expected }, i) => {
    const [errno, call, device, inode] = ended.slice(4 * i, 4 * i + 4)
    if (device !== undefined) noteDeleted({ device: device as number, inode: inode as number })
    if (errno === 0) return undefined
    const failed = { errno: errno as number, call: call as string | undefined, result: undefined }
    const hint = isBare(failed) ? 'what is there is no network namespace, and stays' : undefined
    const { errno: number, call: syscall } = failed
    return systemError({ operation, netns: expected?.label, detail: path, hint, errno: number, syscall })
  })
}

/** Unpins one. */
export async function deleteNetns(
  path: string,
  expected: NetnsHandle | undefined,
  options?: CallOptions,
): Promise<void> {
  const [failure] = await deleteEachNetns([{ path, expected }], options)
  if (failure !== undefined) throw failure
}

/** Closes handles by one job: it costs JavaScript's thread nothing, and resolves when the kernel has closed them. */
export async function closeEachNetns(handles: readonly NetnsHandle[]): Promise<void> {
  const numbers: number[] = []
  for (const handle of handles) {
    const number = handle.release()
    if (number !== undefined) numbers.push(number)
  }
  if (numbers.length === 0) return
  const operation = 'NetNs.close'
  unwrap(await runJob({ operation }, () => addon.closeManyNetns(Float64Array.from(numbers))), { operation })
}

/** The namespaces pinned in a directory: [name, device, inode, name, …]. */
export async function listNetns(directory: string, options?: CallOptions): Promise<readonly (string | number)[]> {
  const operation = 'NetNs.list'
  const completion = await runJob<(string | number)[]>({ operation }, () => addon.listNetns(directory), options)
  return unwrap(completion, { operation, detail: directory })
}

/** Closes the prefetched namespaces. */
export async function releasePrefetched(operation: string): Promise<void> {
  unwrap(await runJob<undefined>({ operation }, () => addon.releasePrefetched()), { operation })
}

/** Removes a file without a namespace, unless somebody is just making one for it. */
export async function removeLeftover(path: string): Promise<void> {
  const about = { operation: 'NetNs.deleteAll', detail: path }
  unwrap(await runJob<undefined>(about, () => addon.removeLeftover(path)), about)
}

/** The names in a directory that are files without a namespace, which nobody is just making one for. */
export async function listLeftovers(directory: string): Promise<readonly string[]> {
  const operation = 'NetNs.deleteAll'
  const completion = await runJob<string[]>({ operation }, () => addon.listLeftovers(directory))
  return unwrap(completion, { operation, detail: directory })
}

// libuv starts the threads of its pool when it first needs one, from this thread: were that inside, they would stay there.
let poolStarted = false
function startPool(): void {
  if (poolStarted) return
  poolStarted = true
  stat('/', () => undefined)
}

const mayNotEnter =
  'a thread of Node enters a namespace only with CAP_SYS_ADMIN where the process is, also one of its own user namespace ' +
  '(rootless), for user namespaces are for processes of one thread. Listen, connect and the rest work without: use those, ' +
  'or start a process in the namespace'

/** Runs a function with JavaScript's own thread inside a namespace of this kind. */
export function runInside<Result>(
  operation: string,
  netns: NetnsHandle,
  inside: () => Result,
  kind: 'net' | 'uts' | 'ipc' | 'cgroup' = 'net',
): Result {
  startPool()
  const about = { operation, netns: netns.label }
  const failed = addon.enter(netns.use(operation), kind)
  if (failed !== undefined) {
    const [errno, syscall] = failed
    throw systemError({ ...about, errno, syscall, hint: errno === EPERM ? mayNotEnter : undefined })
  }
  try {
    return inside()
  } finally {
    const failure = addon.leave()
    if (failure !== undefined) {
      // eslint-disable-next-line no-unsafe-finally -- worse than whatever happened inside
      throw systemError({
        ...about,
        errno: failure[0],
        syscall: failure[1],
        detail: 'the thread could not return to its own namespace; end this process or Worker',
      })
    }
  }
}
