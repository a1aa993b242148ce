// Errors of launches: turns Node's errors about the launcher into errors about the program, and makes those of steps that Node
// does not have.
import { errnoMeaning, errnoName } from '../errno'
import type { LaunchFailure } from '../native/process_jobs'
import type { NetnsHandle } from '../native/netns_handle'

/** Steps whose failures look as in Node; the errors of all others have the name of the step. */
const nodesSteps = new Set(['execve', 'chdir', 'clone', 'socketpair', 'setuid', 'setgid', 'fcntl', 'open'])

/** The program, for the fields of Node's errors. */
export interface Told {
  readonly file: string
  /** Without argv[0]. */
  readonly args: readonly string[]
}

/** Adds the namespace, and the step that has failed, to an error of Node's. */
export function explain(error: unknown, netns: NetnsHandle, failedCall?: string): unknown {
  if (typeof error !== 'object' || error === null || !('message' in error)) return error
  if (failedCall === undefined || nodesSteps.has(failedCall)) return Object.assign(error, { netns: netns.label })
  const { message, stack } = error as Error
  const said = `${message}: ${failedCall} in netns ${netns.label}`
  // Also to the stack, which begins with the message.
  return Object.assign(error, {
    message: said,
    stack: stack?.replace(message, () => said),
    syscall: failedCall,
    netns: netns.label,
  })
}

/** Node's error for a process that cannot be started, or that was killed. */
export function nodesError(call: 'spawn' | 'spawnSync', errno: number, told?: Told): Error {
  const code = errnoName(errno)
  const syscall = told === undefined ? call : `${call} ${told.file}`
  const error = new Error(`${syscall} ${code}`)
  return Object.assign(
    error,
    { errno: -errno, code, syscall },
    told === undefined ? {} : { path: told.file, spawnargs: [...told.args] },
  )
}

/** The same, for a step of the launcher. */
export function launchError(netns: NetnsHandle, { errno, call }: LaunchFailure): unknown {
  if (call === 'launch') {
    const why = errno === 4 ? 'the launcher was stopped' : errnoMeaning(errno)
    return Object.assign(nodesError('spawn', errno), {
      message: `spawn ${errnoName(errno)}: ${why} in netns ${netns.label}`,
      syscall: call,
      netns: netns.label,
    })
  }
  return explain(nodesError('spawn', errno), netns, call)
}
