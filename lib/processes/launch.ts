// Node starts the launcher, the launcher enters the namespaces and executes the program: so what Node gives is all its own,
// and nothing of this process's memory is ever inside. See docs/inside/processes.md.
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

/** In what a process is started. */
export interface Launch {
  readonly operation: string
  readonly netns: NetnsHandle
  readonly surroundings: Surroundings
}

/** A function of Node's that starts a program with arguments. */
export type Start<Result> = (file: string, args: readonly string[], options: Options) => Result

/** What Node tells by an event, when the streams are there; the rest it throws. */
const events = new Set(['ENOENT', 'EACCES', 'EAGAIN', 'EMFILE', 'ENFILE'].map((code) => errnoNumber(code)))
const outOfDescriptors = new Set(['EMFILE', 'ENFILE'].map((code) => errnoNumber(code)))
/** What fails so in Node: nothing is there, or it is no program. */
const failingPrograms: Readonly<Record<number, string>> = { 2: '/proc/self/no-such-program', 13: '/dev/null' }

/** Has Node start the launcher, and waits until the program runs; what it gave, and how that failed. */
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
    // Without: Node refuses it, and starts nothing.
    const all = stdio === undefined ? options : { ...options, stdio: stdio.all }
    result = start(launcherPath(), [stdio?.places ?? '', file, ...args], { argv0, ...all })
  } finally {
    if (result === undefined) awaitProcess(prepared, 0)
  }
  // Node reaps what it has run to its end; but nobody what a Worker has started that is terminated.
  return [
    result,
    awaitProcess(prepared, pidOf(result) ?? 0, !isMainThread && result instanceof childProcess.ChildProcess),
  ]
}

/** Where the launcher itself is missing, that is no error of the program’s. */
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

/** Has a child tell of the program, not of the launcher. */
function dress(child: ChildProcess, { file, args, argv0 }: Command, hasDescriptor: boolean): void {
  const own = child as Writable<ChildProcess>
  own.spawnfile = file
  own.spawnargs = [argv0, ...args]
  // There are none where there were no descriptors left for them.
  if (hasDescriptor) (child.stdio as unknown as unknown[] | undefined)?.pop()
}

/** Forgets the child that was a launcher and has failed. */
function discard(child: ChildProcess): void {
  child.on('error', () => undefined)
  for (const stream of (child.stdio as ChildProcess['stdio'] | undefined) ?? []) stream?.destroy()
  if (child.connected) child.disconnect()
  child.unref()
}

/** A child of Node’s that fails in this way, by an event, as one does whose program is not there. */
function failingChild(
  launch: Launch,
  command: Command,
  failure: LaunchFailure,
  start: Start<ChildProcess>,
): ChildProcess {
  const { args, argv0 } = command
  // Where there are no descriptors left Node gives no streams, and would lose those that it has opened.
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
 * Starts a program in the namespaces: `start` is Node’s spawn, or what comes to it.
 * @param opener - Where the process was asked for, for the leak check.
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

/** What Node gives of a program that could not be started. */
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
