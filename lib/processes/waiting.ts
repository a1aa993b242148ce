// Node's synchronous functions, whose process is born inside a namespace. As with the others, Node does all that it ever does; only
// the last step, that libuv runs the process to its end, is done by the addon: it stands in for the binding's function as long as one
// call lasts.
import { constants } from 'node:os'
import type { NetnsHandle } from '../native/netns_handle'
import { runInside } from '../native/netns_jobs'
import { runProcess } from '../native/process_jobs'
import { wrongValue } from '../wire/invalid'
import { checkPermission, explain, requestOf, signalName, type NodeRequest, type NodeStdio } from './node'
import { isPlain, type ProcessOptions, type Surroundings } from './options'

interface NodePipe extends NodeStdio {
  readonly readable?: boolean
  readonly writable?: boolean
  readonly input?: NodeJS.ArrayBufferView | null
}

/** What Node gives to its binding. */
interface NodeWait extends NodeRequest<NodePipe> {
  readonly timeout?: number | null
  readonly maxBuffer?: number | null
  readonly killSignal?: number | null
}

/** What Node's binding gives. */
interface NodeResult {
  readonly pid: number
  readonly status: number | null
  readonly signal: string | null
  readonly output: readonly (Buffer | null)[] | null
  readonly error?: number
}

interface Binding {
  spawn: (request: NodeWait) => NodeResult
}

/** Node's binding, if it lets us have it: not with its permission model. */
function nodesBinding(): Binding | undefined {
  const { binding } = process as { binding?: (name: string) => Partial<Binding> }
  try {
    const found = binding?.call(process, 'spawn_sync')
    return typeof found?.spawn === 'function' ? (found as Binding) : undefined
  } catch {
    return undefined
  }
}

function limitOf(value: number | null | undefined): number {
  return value === undefined || value === null || !Number.isFinite(value) ? 0 : value
}

function bytesOf(input: NodeJS.ArrayBufferView | null | undefined): Uint8Array {
  if (input === undefined || input === null) return new Uint8Array(0)
  return new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
}

/** What all of these functions come to, with the step that failed. */
function run(
  handle: number,
  surroundings: Surroundings,
  request: NodeWait,
): [NodeResult, failedCall: string | undefined] {
  const { stdio = [], timeout, maxBuffer, killSignal } = request
  const pipes = stdio.map(({ type, readable, writable, input }) => {
    if (type !== 'pipe' && type !== 'overlapped') return {}
    return { input: readable === true ? bytesOf(input) : undefined, writes: writable === true }
  })
  const limits = {
    milliseconds: limitOf(timeout),
    bytes: limitOf(maxBuffer),
    signal: limitOf(killSignal) > 0 ? limitOf(killSignal) : constants.signals.SIGTERM,
  }
  const { errno, call, pid, error, code, signal, outputs } = runProcess(
    handle,
    requestOf(request, surroundings),
    pipes,
    limits,
  )
  if (errno !== 0) return [{ error: -errno, status: null, signal: null, output: null, pid: 0 }, call]
  return [
    {
      ...(error === 0 ? {} : { error: -error }),
      status: signal > 0 ? null : code,
      signal: signal > 0 ? signalName(signal) : null,
      output: stdio.map((_, i) => outputs[i] ?? null),
      pid,
    },
    undefined,
  ]
}

/** Where Node keeps its binding to itself: this thread goes inside, which it can for the network alone. */
function inside<Result>(
  operation: string,
  netns: NetnsHandle,
  surroundings: Surroundings,
  given: ProcessOptions,
  start: () => Result,
): Result {
  const [field = '', value] = Object.entries(given)[0] ?? []
  if (!isPlain(surroundings)) throw wrongValue(field, 'left out where Node is restricted by --permission', value)
  return runInside(operation, netns, start)
}

/**
 * Calls a function of Node's that runs one process to its end, which is born inside the namespace.
 * @param given - The options besides Node's, for errors.
 */
export function runToEnd<Result>(
  operation: string,
  netns: NetnsHandle,
  surroundings: Surroundings,
  given: ProcessOptions,
  start: () => Result,
): Result {
  const handle = netns.use(operation)
  checkPermission()
  const binding = nodesBinding()
  let failedCall: string | undefined
  try {
    if (binding === undefined) return explained(inside(operation, netns, surroundings, given, start), netns)
    const nodes = binding.spawn
    binding.spawn = (request) => {
      binding.spawn = nodes
      const [result, call] = run(handle, surroundings, request)
      failedCall = call
      return result
    }
    try {
      return explained(start(), netns, failedCall)
    } finally {
      binding.spawn = nodes
    }
  } catch (error) {
    throw explain(error, netns, failedCall)
  }
}

function explained<Result>(result: Result, netns: NetnsHandle, failedCall?: string): Result {
  explain((result as { error?: unknown } | null)?.error, netns, failedCall)
  return result
}
