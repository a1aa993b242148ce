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

/** launch::Flag of native/launcher/plan.h. */
const Flag = { uid: 1, gid: 2, groups: 4, etc: 8, dieWithParent: 16, capabilities: 32, noNewPrivileges: 64 } as const

/** In which namespaces, and with which rights, a process is started. */
export interface LaunchRequest {
  /** Where it begins; '' for where this process is. */
  readonly cwd: string
  readonly uid: number | undefined
  readonly gid: number | undefined
  /** Supplementary groups. */
  readonly groups: readonly number[] | undefined
  /** A bit for each that it keeps. */
  readonly capabilities: bigint | undefined
  readonly noNewPrivileges: boolean
  /** A program of struct sock_filter; none if it is empty. */
  readonly seccomp: Uint8Array
  /** The directory of a control group that it is moved into, or ''. */
  readonly cgroup: string
  /** Arguments of mount(2): source, target, type, data, and the flags as a decimal number. */
  readonly mounts: readonly (readonly [string, string, string, string, string])[]
  readonly dieWithParent: boolean
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

/** How a step failed; errno 0 for success. */
export interface LaunchFailure {
  readonly errno: number
  readonly call: string | undefined
  /** By which the addon knows the process, where it was noted; 0 otherwise. */
  readonly child: number
}

/** A launch that somebody has to begin. */
export interface PreparedLaunch extends LaunchFailure {
  /** By which it is awaited. */
  readonly number: number
  /** The descriptor that the launcher is to have: the addon’s, until it is awaited. */
  readonly descriptor: number
}

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\0`).join('')

/**
 * Prepares the start of a program inside a namespace by the launcher.
 * @param pipes - How many Node opens for it.
 */
export function prepareProcess(handle: number, request: LaunchRequest, pipes: number): PreparedLaunch {
  const { cwd, etc, hostname, domainname, uidMap, gidMap, uid, gid, groups, capabilities, joined, made } = request
  let flags = 0
  if (uid !== undefined) flags |= Flag.uid
  if (gid !== undefined) flags |= Flag.gid
  if (groups !== undefined) flags |= Flag.groups
  if (etc !== undefined) flags |= Flag.etc
  if (request.dieWithParent) flags |= Flag.dieWithParent
  if (capabilities !== undefined) flags |= Flag.capabilities
  if (request.noNewPrivileges) flags |= Flag.noNewPrivileges
  const kept = capabilities ?? 0n
  const halves = [Number(kept & 0xffff_ffffn), Number(kept >> 32n)]
  const [errno, call, result] = addon.prepareProcess(
    handle,
    lines([cwd, etc ?? '', hostname, domainname, uidMap, gidMap, request.cgroup]),
    lines(request.mounts.flat()),
    Uint32Array.from([flags, made, uid ?? 0, gid ?? 0, ...halves, ...joined.map(([kind]) => kind)]),
    lines(joined.map(([, where]) => where)),
    Uint32Array.from(groups ?? []),
    request.seccomp,
    // Both ends of each, of the launch, and of the pipe by which libuv tells how it went.
    2 * pipes + 4,
  )
  if (errno !== 0) return { errno, call, child: 0, number: 0, descriptor: -1 }
  const [descriptor, number] = result as [number, number]
  return { errno, call, child: 0, number, descriptor }
}

/**
 * Waits until the program of a launcher runs, or says why it does not.
 * @param pid - That of the launcher; 0: there is none.
 * @param note - Whether the process is reaped by the addon should this thread be terminated.
 */
export function awaitProcess({ number }: PreparedLaunch, pid: number, note = false): LaunchFailure {
  const [errno, call, child] = addon.awaitProcess(number, pid, note)
  return { errno, call, child: child as number }
}

/** Node has reaped a process that was noted. */
export function forgetChild(child: number): void {
  addon.forgetChild(child)
}

/**
 * Holds a process that somebody else has started, so that its number stands for no other one; tells of its end.
 * @returns The number by which the addon knows it, or -errno of pidfd_open(2).
 */
export function holdProcess(pid: number, onEnd: () => void): number {
  return addon.holdProcess(pid, onEnd)
}

/** Ends the holding; nobody is told of its end then. */
export function releaseProcess(number: number): void {
  addon.releaseProcess(number)
}

/** Sends a signal to a process that is held here: 0 or -errno. */
export function signalProcess(number: number, signal: number): number {
  return addon.signalProcess(number, signal)
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
