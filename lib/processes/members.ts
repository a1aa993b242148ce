// Finds the processes whose main thread is in a network namespace in /proc, as `ip netns pids` does, and signals all of them.
import { statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { AbortError, NetloomError, systemError, type Subject } from '../errors'
import { errnoNumber } from '../errno'
import { whenAborted } from '../native/abort'
import type { CallOptions } from '../native/jobs'
import type { NetnsHandle, NetnsIdentity } from '../native/netns_handle'
import { adoptNetns, shareNetns } from '../native/netns_jobs'
import { closeProcess, openProcess, signalProcess } from '../native/process_jobs'

/** This many processes are examined at once, so that other work gets its turn on libuv's threads and on this one. */
const atOnce = 64
/** How often /proc is searched again, where processes are started faster than they are signalled. */
const rounds = 64

const ESRCH = errnoNumber('ESRCH')
const outOfDescriptors = new Set(['EMFILE', 'ENFILE'].map((code) => errnoNumber(code)))

const fileOf = (pid: number): string => `/proc/${pid}/ns/net`

const isSame = ({ dev, ino }: { dev: number; ino: number }, { device, inode }: NetnsIdentity): boolean =>
  dev === device && ino === inode

/** False also for a process that this one may not inspect, or that has ended. */
async function isIn(pid: number, identity: NetnsIdentity): Promise<boolean> {
  return stat(fileOf(pid)).then(
    (file) => isSame(file, identity),
    () => false,
  )
}

/** The same, synchronously: no other code may run between this check and the signal. */
function isInNow(pid: number, identity: NetnsIdentity): boolean {
  try {
    return isSame(statSync(fileOf(pid)), identity)
  } catch {
    return false
  }
}

/** The progress of a call, which may be aborted at any time. */
class Progress {
  readonly subject: Subject
  /** Whether a process was signalled. */
  acted = false
  #aborted = false

  constructor(subject: Subject) {
    this.subject = subject
  }

  isAborted(): boolean {
    return this.#aborted
  }

  abort(): void {
    this.#aborted = true
  }
}

/** Every process in the namespace; those that were found before the call was aborted. */
async function list({ identity }: NetnsHandle, progress: Progress): Promise<number[]> {
  const names = await readdir('/proc').catch((error: unknown) => {
    const { errno = 0 } = error as NodeJS.ErrnoException
    throw systemError({ ...progress.subject, errno: -errno, syscall: 'opendir' })
  })
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  const found: number[] = []
  for (let i = 0; i < pids.length && !progress.isAborted(); i += atOnce) {
    const some = pids.slice(i, i + atOnce)
    const are = await Promise.all(some.map((pid) => isIn(pid, identity)))
    found.push(...some.filter((_, at) => are[at]))
  }
  return found
}

/** How a system call failed. */
type Refusal = readonly [errno: number, call: string]

/**
 * Signals those of some processes that are in the namespace; stops at the first refusal. Opens each pidfd before it checks the
 * process's namespace: if the pid is reused meanwhile, the pidfd still refers to the process that has ended. Opens all of them
 * before it signals the first, whose end may end others (those in its pid namespace).
 * @param signaled - The pids that got the signal are added to it.
 * @returns How many processes were examined: fewer where descriptors run out.
 */
function signalSome(
  pids: readonly number[],
  signal: number,
  identity: NetnsIdentity,
  signaled: number[],
): { readonly count: number; readonly refusal: Refusal | undefined } {
  const open: (readonly [pid: number, process: number])[] = []
  let [count, refusal]: [number, Refusal | undefined] = [0, undefined]
  try {
    for (const pid of pids) {
      const process = openProcess(pid)
      if (outOfDescriptors.has(-process)) {
        // The open pidfds are closed before the next call.
        if (open.length > 0) break
        refusal ??= [-process, 'pidfd_open']
      }
      count++
      if (process < 0) continue
      if (isInNow(pid, identity)) open.push([pid, process])
      else closeProcess(process)
    }
    for (const [pid, process] of open) {
      const errno = -signalProcess(process, signal)
      if (errno === 0) signaled.push(pid)
      else if (errno !== ESRCH) refusal ??= [errno, 'pidfd_send_signal']
    }
  } finally {
    for (const [, process] of open) closeProcess(process)
  }
  return { count, refusal }
}

async function signalAll(netns: NetnsHandle, signal: number, progress: Progress): Promise<number[]> {
  const { subject } = progress
  const seen = new Set<number>()
  const signaled: number[] = []
  let first: Refusal | undefined
  for (let round = 0; round < rounds && !progress.isAborted(); round++) {
    const found = await list(netns, progress)
    if (found.includes(process.pid)) {
      const message = `${subject.operation} in netns ${netns.label}: this process lives in it itself`
      throw new NetloomError(message, 'ERR_NETLOOM_OWN_PROCESS', subject)
    }
    const fresh = found.filter((pid) => !seen.has(pid))
    if (fresh.length === 0) break
    for (const pid of fresh) seen.add(pid)
    for (let i = 0; i < fresh.length && !progress.isAborted();) {
      if (i > 0) await new Promise(setImmediate)
      if (progress.isAborted()) break
      progress.acted = true
      const { count, refusal } = signalSome(fresh.slice(i, i + atOnce), signal, netns.identity, signaled)
      first ??= refusal
      i += count
    }
  }
  if (first !== undefined) throw systemError({ ...subject, errno: first[0], syscall: first[1] })
  return signaled
}

/**
 * Runs `work` until it ends or is aborted. Keeps the namespace open meanwhile, even if its handle is closed: the kernel could
 * reuse its inode otherwise, by which the processes are found.
 */
async function during(
  operation: string,
  netns: NetnsHandle,
  { signal, timeout }: CallOptions,
  work: (netns: NetnsHandle, progress: Progress) => Promise<number[]>,
): Promise<number[]> {
  const subject = { operation, netns: netns.label }
  if (signal?.aborted === true) throw new AbortError(subject, 'none', signal.reason)
  netns.use(operation)
  const kept = adoptNetns(shareNetns(netns), netns.identity, netns.label, operation)
  const progress = new Progress(subject)
  let forgetSignal: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined
  const aborted = new Promise<never>((_, reject) => {
    const abort = (reason: unknown): void => {
      progress.abort()
      reject(new AbortError(subject, progress.acted ? 'unknown' : 'none', reason))
    }
    if (signal !== undefined)
      forgetSignal = whenAborted(signal, () => {
        abort(signal.reason)
      })
    if (timeout !== undefined) timer = setTimeout(abort, timeout)
  })
  const done = work(kept, progress).finally(() => {
    kept.close()
  })
  try {
    return await Promise.race([done, aborted])
  } finally {
    forgetSignal?.()
    clearTimeout(timer)
  }
}

/** The processes in a namespace. */
export async function listProcesses(netns: NetnsHandle, options: CallOptions = {}): Promise<number[]> {
  return during('NetNs.pids', netns, options, list)
}

/** Signals the processes in a namespace, and those that they start meanwhile. Returns the pids that got the signal. */
export async function signalProcesses(
  netns: NetnsHandle,
  signal: number,
  options: CallOptions = {},
): Promise<number[]> {
  return during('NetNs.kill', netns, options, (kept, progress) => signalAll(kept, signal, progress))
}
