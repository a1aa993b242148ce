// What Node's two ways to start a process have in common: the request that it makes of all its options, the names of signals,
// its errors, its permissions.
import { constants } from 'node:os'
import type { NetnsHandle } from '../native/netns_handle'
import { Stdio, type ProcessRequest } from '../native/process_jobs'
import type { Surroundings } from './options'

/** One of the standard streams, and those behind them, as Node has prepared it (getValidStdio). */
export interface NodeStdio {
  readonly type: 'ignore' | 'pipe' | 'overlapped' | 'wrap' | 'inherit' | 'fd'
  readonly fd?: number
  readonly handle?: { readonly fd?: number; open(fd: number): number | undefined }
}

/** What Node gives to whoever starts a process. */
export interface NodeRequest<Stream extends NodeStdio = NodeStdio> {
  readonly file: string
  readonly args?: readonly string[]
  readonly cwd?: string | URL | null
  readonly envPairs?: readonly string[]
  readonly stdio?: readonly Stream[]
  readonly detached?: boolean
  readonly uid?: number | null
  readonly gid?: number | null
}

function descriptorOf({ type, fd, handle }: NodeStdio): number {
  if (type === 'ignore') return Stdio.ignored
  if (type === 'pipe' || type === 'overlapped') return Stdio.piped
  return (type === 'wrap' ? handle?.fd : fd) ?? Stdio.ignored
}

/** The same as the addon takes it. */
export function requestOf(
  { file, args, cwd, envPairs, stdio = [], detached, uid, gid }: NodeRequest,
  { uid: ownUid, gid: ownGid, ...surroundings }: Surroundings,
): ProcessRequest {
  return {
    file,
    args: args === undefined || args.length === 0 ? [file] : args,
    cwd: typeof cwd === 'string' ? cwd : '',
    env: envPairs ?? [],
    stdio: stdio.map(descriptorOf),
    detached: detached === true,
    uid: uid ?? ownUid,
    gid: gid ?? ownGid,
    ...surroundings,
  }
}

const signalNames = new Map<number, string>()
for (const [name, number] of Object.entries(constants.signals)) {
  if (!signalNames.has(number)) signalNames.set(number, name)
}

/** The name of a signal as Node has it. */
export function signalName(number: number): string {
  return signalNames.get(number) ?? ''
}

/** What fails as it does in Node; all other steps are told of by their own names. */
const nodesSteps = new Set(['execve', 'chdir', 'clone', 'socketpair', 'setuid', 'setgid', 'fcntl', 'dup2'])

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
export function checkPermission(): void {
  const { permission } = process as { permission?: { has(scope: string): boolean } }
  if (permission === undefined || permission.has('child')) return
  const code = 'ERR_ACCESS_DENIED'
  throw Object.assign(new Error('Access to this API has been restricted: --allow-child-process'), {
    code,
    permission: 'ChildProcess',
  })
}
