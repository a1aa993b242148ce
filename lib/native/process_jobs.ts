// The addon's calls and jobs on processes inside a namespace.
import { NetloomError, systemError } from '../errors'
import { errnoNumber } from '../errno'
import { addon, type Started } from './addon'
import { runJob, type CallOptions } from './jobs'
import type { NetnsHandle } from './netns_handle'

/** CLONE_NEW… of linux/sched.h. */
export const Kind = {
  mount: 0x0002_0000,
  cgroup: 0x0200_0000,
  uts: 0x0400_0000,
  ipc: 0x0800_0000,
  user: 0x1000_0000,
  pid: 0x2000_0000,
} as const

/** What a descriptor number of the process stands for, where it is none of ours: ProcessRequest of native/process.h. */
export const Stdio = { ignored: -1, piped: -2 } as const

/** Flag of native/process_calls.cc. */
const Flag = { detached: 1, diesWithParent: 2, uid: 4, gid: 8, etc: 16 } as const

/** A process that shall be started. */
export interface ProcessRequest {
  readonly file: string
  readonly args: readonly string[]
  /** NAME=value. */
  readonly env: readonly string[]
  readonly cwd: string
  /** Of each: a descriptor, or one of `Stdio`. */
  readonly stdio: readonly number[]
  readonly detached: boolean
  readonly uid: number | undefined
  readonly gid: number | undefined
  readonly diesWithParent: boolean
  /** What it finds in /etc: a directory, or '' for /etc as it is; undefined for no mounts of its own. */
  readonly etc: string | undefined
  readonly hostname: string
  readonly domainname: string
  readonly uidMap: string
  readonly gidMap: string
  /** Kinds of the namespaces that are made for it, as flags. */
  readonly made: number
  /** Those that it joins: the kind, and a path or the number of a descriptor. */
  readonly joined: readonly (readonly [kind: number, where: string])[]
}

/** What came of it. */
export interface ProcessStart {
  readonly errno: number
  readonly call: string | undefined
  readonly pid: number
  /** By which the addon knows it. */
  readonly number: number
  /** The numbers by which our ends of the pipes can be taken, 0 where there is none. */
  readonly ends: readonly number[]
}

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\0`).join('')

type Words = Parameters<typeof addon.runProcess> extends [...infer First, Uint8Array, Float64Array] ? First : never

function wordsOf(handle: number, request: ProcessRequest): Words {
  const { file, cwd, etc, hostname, domainname, uidMap, gidMap, uid, gid, joined } = request
  let flags = request.detached ? Flag.detached : 0
  if (request.diesWithParent) flags |= Flag.diesWithParent
  if (uid !== undefined) flags |= Flag.uid
  if (gid !== undefined) flags |= Flag.gid
  if (etc !== undefined) flags |= Flag.etc
  return [
    handle,
    lines([file, cwd, etc ?? '', hostname, domainname, uidMap, gidMap]),
    lines(request.args),
    lines(request.env),
    Int32Array.from(request.stdio),
    Uint32Array.from([flags, uid ?? 0, gid ?? 0, request.made, ...joined.map(([kind]) => kind)]),
    lines(joined.map(([, where]) => where)),
  ]
}

/** Starts a process inside a namespace, at once. */
export function startProcess(
  handle: number,
  request: ProcessRequest,
  onExit: (code?: number, signal?: number) => void,
): ProcessStart {
  const [errno, call, result] = addon.startProcess(...wordsOf(handle, request), onExit)
  const [pid = 0, number = 0, ...ends] = result as readonly number[]
  return { errno, call, pid, number, ends }
}

/** What a pipe is for. */
export interface PipeUse {
  /** The process reads from it, this and no more. */
  readonly input?: Uint8Array | undefined
  /** The process writes to it. */
  readonly writes?: boolean
}

/** How long one waits for a process, and for how much of what it writes. */
export interface WaitLimits {
  /** 0: as long as it takes. */
  readonly milliseconds: number
  /** 0: any number. */
  readonly bytes: number
  /** By which it is ended then. */
  readonly signal: number
}

/** A process that has ended, or that could not be started. */
export interface ProcessRun {
  /** Why there is no process: 0 if there was one. */
  readonly errno: number
  readonly call: string | undefined
  readonly pid: number
  /** What ended it early, or how a pipe failed: an errno, or 0. */
  readonly error: number
  readonly code: number
  readonly signal: number
  /** What it wrote, where it wrote to a pipe. */
  readonly outputs: readonly (Buffer | undefined)[]
}

/** Flags of native/process_calls.cc. */
const Use = { reads: 1, writes: 2 } as const
const nothing = new Uint8Array(0)

/** Starts a process inside a namespace and waits for its end, on this thread. */
export function runProcess(
  handle: number,
  request: ProcessRequest,
  pipes: readonly PipeUse[],
  { milliseconds, bytes, signal }: WaitLimits,
): ProcessRun {
  const uses = pipes.flatMap(({ input, writes = false }) => [
    (input === undefined ? 0 : Use.reads) | (writes ? Use.writes : 0),
    input?.length ?? 0,
  ])
  const [errno, call, result] = addon.runProcess(
    ...wordsOf(handle, request),
    Buffer.concat(pipes.map(({ input = nothing }) => input)),
    Float64Array.from([milliseconds, bytes, signal, ...uses]),
  )
  if (errno !== 0) return { errno, call, pid: 0, error: 0, code: 0, signal: 0, outputs: [] }
  const [pid, error, code, ended, ...outputs] = result as [number, number, number, number, ...(Buffer | undefined)[]]
  return { errno, call, pid, error, code, signal: ended, outputs }
}

/** A descriptor that waits to be taken. */
export function takeEnd(number: number): number {
  return addon.takeSocket(number)
}

/**
 * Holds a process that somebody else has started, so that its number stands for no other one; tells of its end.
 * @returns The number by which the addon knows it, as that of a started one; 0 if there is no such process.
 */
export function holdProcess(pid: number, onEnd: () => void): number {
  return addon.holdProcess(pid, onEnd)
}

/** Ends the holding; nobody is told of its end then. */
export function letGoOfProcess(number: number): void {
  addon.letGoOfProcess(number)
}

/** Sends a signal to a process that was started or is held here: 0 or -errno. */
export function signalProcess(number: number, signal: number): number {
  return addon.signalProcess(number, signal)
}

/** Whether the event loop stays alive for a process; with `alive`, from now on. */
export function keepAliveForProcess(number: number, alive?: boolean): boolean {
  return addon.keepAliveForProcess(number, alive)
}

async function job(
  operation: string,
  netns: NetnsHandle,
  start: (handle: number) => Started,
  options?: CallOptions,
): Promise<readonly number[]> {
  const about = { operation, netns: netns.label }
  const { errno, call, result } = await runJob<readonly number[]>(about, () => start(netns.use(operation)), options)
  if (errno === 0) return result
  if (errno === errnoNumber('EBUSY')) {
    const message = `${operation} in netns ${netns.label}: this process lives in it itself`
    throw new NetloomError(message, 'ERR_NETLOOM_OWN_PROCESS', about)
  }
  throw systemError({ ...about, errno, syscall: call })
}

/** The processes in a namespace. */
export async function listProcesses(netns: NetnsHandle, options?: CallOptions): Promise<readonly number[]> {
  return job('NetNs.pids', netns, (handle) => addon.listNetnsProcesses(handle), options)
}

/** Signals the processes in a namespace; those that got it. */
export async function signalProcesses(
  netns: NetnsHandle,
  signal: number,
  options?: CallOptions,
): Promise<readonly number[]> {
  return job('NetNs.kill', netns, (handle) => addon.signalNetnsProcesses(handle, signal), options)
}
