// The processes whose main thread is in a network namespace, found in /proc as `ip netns pids` finds them; and signals to
// all of them.
import { statSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { AbortError, NetloomError, systemError, type Subject } from '../errors'
import { errnoNumber } from '../errno'
import { whenAborted } from '../native/abort'
import type { CallOptions } from '../native/jobs'
import type { NetnsHandle, NetnsIdentity } from '../native/netns_handle'
import { adoptNetns, shareNetns } from '../native/netns_jobs'
import { closeProcess, openProcess, signalProcess } from '../native/process_jobs'

/** So many processes are looked at before others have their turn, of Node's few threads for files or of this one. */
const atOnce = 64
/** Whoever starts processes faster than they are signalled is looked for so often. */
const rounds = 64

const ESRCH = errnoNumber('ESRCH')
const outOfDescriptors = new Set(['EMFILE', 'ENFILE'].map((code) => errnoNumber(code)))

const fileOf = (pid: number): string => `/proc/${pid}/ns/net`

const isSame = ({ dev, ino }: { dev: number; ino: number }, { device, inode }: NetnsIdentity): boolean =>
  dev === device && ino === inode

/** False also for a process that this one may not look at, or that has ended. */
async function isIn(pid: number, identity: NetnsIdentity): Promise<boolean> {
  return stat(fileOf(pid)).then(
    (file) => isSame(file, identity),
    () => false,
  )
}

/** The same, at once: there must be no time between this and what is done because of it. */
function isInNow(pid: number, identity: NetnsIdentity): boolean {
  try {
    return isSame(statSync(fileOf(pid)), identity)
  } catch {
    return false
  }
}

/** How far a call has come, which may be aborted at any time. */
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
 * Signals those of some processes that are in the namespace; the first refusal. Each descriptor is opened before this looks where
 * the process is: if the number stands for another process by then, the signal goes to the one that has ended. And all are opened
 * before the first is signalled, whose end may be that of others (of those in its pid namespace).
 * @param signaled - Gets those that got the signal.
 * @returns How many of them were looked at: fewer where descriptors run out.
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
        // Those that are open give theirs back.
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
 * Runs `work` until it ends or is aborted. The namespace stays open meanwhile, also where its handle is closed: else its
 * inode, by which the processes are known, could become that of another namespace.
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

/** Signals the processes in a namespace, and those that they start meanwhile; those that got it. */
export async function signalProcesses(
  netns: NetnsHandle,
  signal: number,
  options: CallOptions = {},
): Promise<number[]> {
  return during('NetNs.kill', netns, options, (kept, progress) => signalAll(kept, signal, progress))
}
