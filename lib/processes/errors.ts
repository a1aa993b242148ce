// Errors of Node's that tell of the launcher, told of the program; and those of steps that Node does not know.
import { errnoMeaning, errnoName } from '../errno'
import type { LaunchFailure } from '../native/process_jobs'
import type { NetnsHandle } from '../native/netns_handle'

/** What fails as it does in Node; all other steps are told of by their own names. */
const nodesSteps = new Set(['execve', 'chdir', 'clone', 'socketpair', 'setuid', 'setgid', 'fcntl', 'open'])

/** What is started, as Node's errors have it. */
export interface Told {
  readonly file: string
  /** Without the first, which is what the program is called. */
  readonly args: readonly string[]
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

/** An error as Node makes it of a process that cannot be started, or that was ended. */
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

/** The same, of a step of the launcher’s. */
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
