// Node's own child processes, born inside a namespace. Node's functions do all that they ever do; only the last step, that
// libuv starts the process, is done by the addon: `ChildProcess.prototype.spawn`, to which all of them come, finds our
// handle where libuv's was.
import { AsyncResource } from 'node:async_hooks'
import { ChildProcess } from 'node:child_process'
import { errorMonitor, type EventEmitter } from 'node:events'
import { closeSync } from 'node:fs'
import type { NetnsHandle } from '../native/netns_handle'
import { noteOpened } from '../native/opened'
import { keepAliveForProcess, signalProcess, startProcess, takeEnd } from '../native/process_jobs'
import { checkPermission, explain, requestOf, signalName, type NodeRequest } from './node'
import type { Surroundings } from './options'

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

const ESRCH = 3

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
    const { stdio = [] } = this.#request
    // What listens to its end is in the context in which it was started, as with Node's own.
    const resource = new AsyncResource('NETLOOM_PROCESS')
    const onExit = (code?: number, signal?: number): void => {
      const name = signal === undefined ? null : signalName(signal)
      resource.runInAsyncScope(() => this.onexit?.(code ?? null, name))
    }
    const request = requestOf(this.#request, this.#surroundings)
    const started = startProcess(this.#netns.use(this.#operation), request, onExit)
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
