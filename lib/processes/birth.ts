// Node's own child processes, born inside a namespace. Node's functions do all that they ever do; only the last step, that
// libuv starts the process, is done by the addon: `ChildProcess.prototype.spawn`, to which all of them come, finds our
// handle where libuv's was.
import { AsyncResource } from 'node:async_hooks'
import { ChildProcess } from 'node:child_process'
import { errorMonitor, type EventEmitter } from 'node:events'
import { closeSync } from 'node:fs'
import { constants } from 'node:os'
import type { NetnsHandle } from '../native/netns_handle'
import { noteOpened } from '../native/opened'
import { keepAliveForProcess, signalProcess, startProcess, Stdio, takeEnd } from '../native/process_jobs'
import type { Surroundings } from './options'

/** One of the standard streams, and those behind them, as Node has prepared it (getValidStdio). */
interface NodeStdio {
  readonly type: 'ignore' | 'pipe' | 'overlapped' | 'wrap' | 'inherit' | 'fd'
  readonly fd?: number
  readonly handle?: { readonly fd?: number; open(fd: number): number | undefined }
}

/** What Node gives to its handle of a process. */
interface NodeRequest {
  readonly file: string
  readonly args?: readonly string[]
  readonly cwd?: string | URL | null
  readonly envPairs?: readonly string[]
  readonly stdio?: readonly NodeStdio[]
  readonly detached?: boolean
  readonly uid?: number | null
  readonly gid?: number | null
}

/** What Node's own handle has, and ours. */
interface NodeHandle {
  pid?: number | undefined
  onexit: ((code: number | null, signal?: string | null) => void) | undefined
  spawn(): number
  kill(signal: number): number
  ref(): void
  unref(): void
  hasRef(): boolean
  close(): void
}

interface NodeChild extends ChildProcess {
  _handle: NodeHandle | null
  spawn(request: NodeRequest): number
}

/** What fails as it does in Node; all other steps are told of by their own names. */
const nodesSteps = new Set(['execve', 'chdir', 'clone', 'socketpair', 'setuid', 'setgid', 'fcntl', 'dup2'])

const ESRCH = 3

const signalNames = new Map<number, string>()
for (const [name, number] of Object.entries(constants.signals)) {
  if (!signalNames.has(number)) signalNames.set(number, name)
}

function descriptorOf({ type, fd, handle }: NodeStdio): number {
  if (type === 'ignore') return Stdio.ignored
  if (type === 'pipe' || type === 'overlapped') return Stdio.piped
  return (type === 'wrap' ? handle?.fd : fd) ?? Stdio.ignored
}

class ProcessHandle implements NodeHandle {
  pid: number | undefined
  onexit: NodeHandle['onexit']
  /** The step that failed. */
  failedCall: string | undefined
  readonly #netns: NetnsHandle
  readonly #operation: string
  readonly #surroundings: Surroundings
  readonly #request: NodeRequest
  #number = 0

  constructor(
    operation: string,
    netns: NetnsHandle,
    surroundings: Surroundings,
    request: NodeRequest,
    replaced: NodeHandle,
  ) {
    this.#operation = operation
    this.#netns = netns
    this.#surroundings = surroundings
    this.#request = request
    this.onexit = replaced.onexit
    // Node never collects a handle that has not been started: so it is to hold nothing else.
    replaced.onexit = undefined
    // Node's mark of who owns it.
    for (const symbol of Object.getOwnPropertySymbols(replaced)) {
      Object.defineProperty(this, symbol, { value: Reflect.get(replaced, symbol), configurable: true })
      Reflect.set(replaced, symbol, undefined)
    }
  }

  /** What it is called with differs between versions of Node, and is in the request in the same words in all of them. */
  spawn(): number {
    const { file, args, cwd, envPairs, stdio = [], detached, uid, gid } = this.#request
    // What listens to its end is in the context in which it was started, as with Node's own.
    const resource = new AsyncResource('NETLOOM_PROCESS')
    const onExit = (code?: number, signal?: number): void => {
      const name = signal === undefined ? null : (signalNames.get(signal) ?? '')
      resource.runInAsyncScope(() => this.onexit?.(code ?? null, name))
    }
    const { uid: ownUid, gid: ownGid, ...surroundings } = this.#surroundings
    const started = startProcess(
      this.#netns.use(this.#operation),
      {
        file,
        args: args === undefined || args.length === 0 ? [file] : args,
        cwd: typeof cwd === 'string' ? cwd : '',
        env: envPairs ?? [],
        stdio: stdio.map(descriptorOf),
        detached: detached === true,
        uid: uid ?? ownUid,
        gid: gid ?? ownGid,
        ...surroundings,
      },
      onExit,
    )
    started.ends.forEach((end, i) => {
      if (end === 0) return
      const fd = takeEnd(end)
      const failed = stdio[i]?.handle?.open(fd)
      if (failed !== undefined && failed < 0) closeSync(fd)
    })
    if (started.errno !== 0) {
      this.failedCall = started.call
      return -started.errno
    }
    this.#number = started.number
    this.pid = started.pid
    return 0
  }

  kill(signal: number): number {
    return this.#number === 0 ? -ESRCH : signalProcess(this.#number, signal)
  }

  ref(): void {
    keepAliveForProcess(this.#number, true)
  }

  unref(): void {
    keepAliveForProcess(this.#number, false)
  }

  hasRef(): boolean {
    return keepAliveForProcess(this.#number)
  }

  close(): void {
    this.#number = 0
  }
}

/** Has an error that Node has made tell the namespace, and the step that failed. */
export function explain(error: unknown, netns: NetnsHandle, failedCall?: string): unknown {
  if (typeof error !== 'object' || error === null || !('message' in error)) return error
  if (failedCall === undefined || nodesSteps.has(failedCall)) return Object.assign(error, { netns: netns.label })
  const { message, stack } = error as Error
  const said = `${message}: ${failedCall} in netns ${netns.label}`
  // The stack begins with the message.
  return Object.assign(error, {
    message: said,
    stack: stack?.replace(message, () => said),
    syscall: failedCall,
    netns: netns.label,
  })
}

/** Node's permission model, where it is on: its own handle would ask it. */
function checkPermission(): void {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  if (permission === undefined || permission.has('child')) return
  const code = 'ERR_ACCESS_DENIED'
  throw Object.assign(new Error('Access to this API has been restricted: --allow-child-process'), {
    code,
    permission: 'ChildProcess',
  })
}

/**
 * Calls a function of Node's that starts one process, which is born inside the namespace.
 * @param opener - Where the process was asked for, for the leak check.
 */
export function bornInside<Result>(
  operation: string,
  netns: NetnsHandle,
  surroundings: Surroundings,
  opener: (...args: never[]) => unknown,
  start: () => Result,
): Result {
  netns.use(operation)
  checkPermission()
  const prototype = ChildProcess.prototype as NodeChild
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with the child's `this`
  const nodes = prototype.spawn
  const { label, identity } = netns
  let handle: ProcessHandle | undefined
  const spawn = (child: NodeChild, request: NodeRequest): number => {
    prototype.spawn = nodes
    const replaced = child._handle
    const own = replaced === null ? undefined : new ProcessHandle(operation, netns, surroundings, request, replaced)
    if (own !== undefined) child._handle = handle = own
    const emitter: EventEmitter = child
    emitter.on(errorMonitor, (error: unknown) => explain(error, netns, own?.failedCall))
    const result = nodes.call(child, request)
    const isOpen = (): boolean => child.exitCode === null && child.signalCode === null && child.pid !== undefined
    noteOpened(child, { kind: 'process', label, inode: identity.inode, isOpen }, opener)
    return result
  }
  prototype.spawn = function (this: NodeChild, request: NodeRequest): number {
    return spawn(this, request)
  }
  try {
    return start()
  } catch (error) {
    throw handle === undefined ? error : explain(error, netns, handle.failedCall)
  } finally {
    prototype.spawn = nodes
  }
}
