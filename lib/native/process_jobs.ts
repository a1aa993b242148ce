// The addon's calls on processes: launches, and processes by a pidfd.
import { addon } from './addon'
import { Possible } from './datagrams'
import { encodeLaunch, terminated } from './launch_plan'

/** CLONE_NEW… of linux/sched.h. */
export const Kind = {
  mount: 0x0002_0000,
  cgroup: 0x0200_0000,
  uts: 0x0400_0000,
  ipc: 0x0800_0000,
  user: 0x1000_0000,
  pid: 0x2000_0000,
} as const

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

/** In place of a kind: a control group's directory. It comes last. */
const controlGroup = 0

/**
 * Prepares the start of a program inside a namespace by the launcher.
 * @param pipes - How many Node opens for it.
 */
export function prepareProcess(handle: number, request: LaunchRequest, pipes: number): PreparedLaunch {
  const { cwd, etc, uid, gid, groups, capabilities, cgroup, dieWithParent, noNewPrivileges } = request
  const plan = encodeLaunch({
    task: 'run',
    flags: {
      ...{ uid: uid !== undefined, gid: gid !== undefined, groups: groups !== undefined, etc: etc !== undefined },
      ...{ capabilities: capabilities !== undefined, dieWithParent, noNewPrivileges },
    },
    ...{ made: request.made, uid, gid, capabilities },
    parts: {
      ...{ directory: cwd, etcDirectory: etc ?? '', host: request.hostname, domain: request.domainname },
      ...{ uidMap: request.uidMap, gidMap: request.gidMap, mounts: terminated(request.mounts.flat()) },
      ...{ groups: groups ?? [], seccomp: request.seccomp },
    },
  })
  const joined = cgroup === '' ? request.joined : [...request.joined, [controlGroup, cgroup] as const]
  const [errno, call, result] = addon.prepareProcess(
    handle,
    plan,
    Uint32Array.from(joined.map(([kind]) => kind)),
    terminated(joined.map(([, where]) => where)),
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
 * Opens a process (pidfd_open(2)), so that its number stands for no other one.
 * @param onEnd - Called once when it has ended, which does not keep the event loop alive.
 * @returns The number by which the addon knows it, or -errno.
 */
export function openProcess(pid: number, onEnd?: () => void): number {
  const process = addon.openProcess(pid)
  if (process < 0 || onEnd === undefined) return process
  addon.listenDatagrams(process, () => {
    addon.closeDatagrams(process)
    onEnd()
  })
  addon.refDatagrams(process, false)
  const polled = addon.pollDatagrams(process, Possible.read)
  if (polled === 0) return process
  addon.closeDatagrams(process)
  return polled
}

/** Closes it; nobody is told of its end then. */
export function closeProcess(process: number): void {
  addon.closeDatagrams(process)
}

/** Sends a signal to an open process: 0 or -errno, ESRCH also where it was closed. */
export function signalProcess(process: number, signal: number): number {
  return addon.signalProcess(process, signal)
}
