// Node starts the launcher, which enters the namespaces and executes the program: so users get Node's own objects, and no
// process inside ever has this process's memory. See docs/inside/processes.md.
import childProcess, { type ChildProcess, type SpawnSyncReturns } from 'node:child_process'
import { errorMonitor, type EventEmitter } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { NetloomError } from '../errors'
import { errnoNumber } from '../errno'
import { launcherPath } from '../load'
import type { NetnsHandle } from '../native/netns_handle'
import { noteOpened } from '../native/opened'
import { awaitProcess, forgetChild, prepareProcess, type LaunchFailure } from '../native/process_jobs'
import { withDescriptor, type Command, type Options } from './command'
import { explain, launchError, nodesError } from './errors'
import type { Surroundings } from './options'

/** The namespaces and restrictions of a process. */
export interface Launch {
  readonly operation: string
  readonly netns: NetnsHandle
  readonly surroundings: Surroundings
}

/** A function of Node's that starts a program with arguments. */
export type Start<Result> = (file: string, args: readonly string[], options: Options) => Result

/** Errors that Node emits as an event, once the streams exist; it throws all others. */
const events = new Set(['ENOENT', 'EACCES', 'EAGAIN', 'EMFILE', 'ENFILE'].map((code) => errnoNumber(code)))
const outOfDescriptors = new Set(['EMFILE', 'ENFILE'].map((code) => errnoNumber(code)))
/** Paths that make Node fail with ENOENT, as nothing exists there, or with EACCES, as it is no program. */
const failingPrograms: Readonly<Record<number, string>> = { 2: '/proc/self/no-such-program', 13: '/dev/null' }

/** Has Node start the launcher, and waits until the program runs. Returns Node's result, and the failure, if any. */
function begin<Result>(
  { operation, netns, surroundings }: Launch,
  command: Command,
  standard: 'pipe' | 'inherit',
  start: Start<Result>,
  pidOf: (result: Result) => number | undefined,
): [Result | undefined, LaunchFailure] {
  const { file, args, argv0, cwd, uid, gid, options } = command
  const handle = netns.use(operation)
  const request = { ...surroundings, cwd, uid: uid ?? surroundings.uid, gid: gid ?? surroundings.gid }
  const prepared = prepareProcess(handle, request, withDescriptor(options.stdio, -1, standard)?.pipes ?? 0)
  if (prepared.errno !== 0) return [undefined, prepared]
  let result: Result | undefined
  try {
    const stdio = withDescriptor(options.stdio, prepared.descriptor, standard)
    // Undefined: Node refuses the `stdio` itself, and starts nothing.
    const all = stdio === undefined ? options : { ...options, stdio: stdio.all }
    result = start(launcherPath(), [stdio?.places ?? '', file, ...args], { argv0, ...all })
  } finally {
    if (result === undefined) awaitProcess(prepared, 0)
  }
  // spawnSync reaps its process; but the children of a Worker that is terminated have to be reaped here.
  return [
    result,
    awaitProcess(prepared, pidOf(result) ?? 0, !isMainThread && result instanceof childProcess.ChildProcess),
  ]
}

/** Throws if the launcher itself is missing, which must not look like an error of the program. */
function checkLauncher(operation: string): void {
  const path = launcherPath()
  try {
    accessSync(path, constants.X_OK)
  } catch (cause) {
    const message = `${operation}: ${path} is missing or cannot be executed; it comes with the addon`
    throw new NetloomError(message, 'ERR_NETLOOM_NO_LAUNCHER', { operation, cause })
  }
}

type Writable<Of> = { -readonly [Key in keyof Of]: Of[Key] }

/** Sets the fields of a child to those of the program, in place of the launcher. */
function dress(child: ChildProcess, { file, args, argv0 }: Command, hasDescriptor: boolean): void {
  const own = child as Writable<ChildProcess>
  own.spawnfile = file
  own.spawnargs = [argv0, ...args]
  // Without streams where no descriptors were left for them.
  if (hasDescriptor) (child.stdio as unknown as unknown[] | undefined)?.pop()
}

/** Discards a child whose launcher has failed. */
function discard(child: ChildProcess): void {
  child.on('error', () => undefined)
  for (const stream of (child.stdio as ChildProcess['stdio'] | undefined) ?? []) stream?.destroy()
  if (child.connected) child.disconnect()
  child.unref()
}

/** A child of Node’s that emits this failure, as one whose program does not exist. */
function failingChild(
  launch: Launch,
  command: Command,
  failure: LaunchFailure,
  start: Start<ChildProcess>,
): ChildProcess {
  const { args, argv0 } = command
  // Without streams where no descriptors are left: Node would leak those that it has opened.
  const options = outOfDescriptors.has(failure.errno) ? { ...command.options, stdio: 'ignore' } : command.options
  const child = start(failingPrograms[failure.errno] ?? '/dev/null', args, { ...options, argv0 })
  dress(child, command, false)
  const emitter: EventEmitter = child
  emitter.prependListener(errorMonitor, (error: unknown) => {
    Object.assign(error as object, nodesError('spawn', failure.errno, command))
    explain(error, launch.netns, failure.call)
  })
  return child
}

/**
 * Starts a program in the namespaces: `start` is Node’s spawn, or a function that calls it.
 * @param opener - The caller, for the leak check.
 */
export function launch(
  about: Launch,
  command: Command,
  opener: (...args: never[]) => unknown,
  start: Start<ChildProcess> = childProcess.spawn,
  standard: 'pipe' | 'inherit' = 'pipe',
): ChildProcess {
  const { operation, netns } = about
  let child: ChildProcess | undefined
  let failure: LaunchFailure
  try {
    ;[child, failure] = begin(about, command, standard, start, ({ pid }) => pid)
  } catch (error) {
    throw explain(error, netns)
  }
  const { child: noted } = failure
  if (noted !== 0) {
    child?.once('exit', () => {
      forgetChild(noted)
    })
  }
  if (child !== undefined && child.pid === undefined) {
    dress(child, command, true)
    try {
      checkLauncher(operation)
    } catch (error) {
      discard(child)
      throw error
    }
  } else if (failure.errno !== 0) {
    if (child !== undefined) discard(child)
    if (!events.has(failure.errno)) throw launchError(netns, failure)
    return failingChild(about, command, failure, start)
  } else if (child !== undefined) {
    dress(child, command, true)
  }
  if (child === undefined) throw launchError(netns, failure)
  const made = child
  const emitter: EventEmitter = made
  emitter.on(errorMonitor, (error: unknown) => explain(error, netns))
  const { label, identity } = netns
  const isOpen = (): boolean => made.exitCode === null && made.signalCode === null && made.pid !== undefined
  noteOpened(made, { kind: 'process', label, inode: identity.inode, isOpen }, opener)
  return made
}

/** The result of spawnSync. */
export type SyncResult = Writable<SpawnSyncReturns<Buffer | string>>

/** Node's result for a program that could not be started. */
const notStarted = { status: null, signal: null, output: null, pid: 0, stdout: null, stderr: null }

/** Runs a program in the namespaces to its end, on this thread. */
export function launchSync(about: Launch, command: Command): SyncResult {
  const { netns, operation } = about
  const nodes = childProcess.spawnSync as unknown as Start<SyncResult>
  const told = { file: command.file, args: command.args }
  const failed = (failure: LaunchFailure): SyncResult => {
    const error = explain(nodesError('spawnSync', failure.errno, told), netns, failure.call)
    return { error, ...notStarted } as unknown as SyncResult
  }
  let result: SyncResult | undefined
  let failure: LaunchFailure
  try {
    ;[result, failure] = begin(about, command, 'pipe', nodes, ({ pid }) => pid)
  } catch (error) {
    throw explain(error, netns)
  }
  if (result === undefined || failure.errno !== 0) return failed(failure)
  const { error, output } = result as { error?: NodeJS.ErrnoException; output: unknown[] | null }
  output?.pop()
  if (error === undefined) return result
  const errno = -(error.errno ?? 0)
  if (result.pid === 0) {
    checkLauncher(operation)
    return failed({ errno, call: undefined, child: 0 })
  }
  result.error = explain(nodesError('spawnSync', errno, told), netns) as Error
  return result
}
