// Jobs on the addon's threads, as promises: started now, in order; aborted by a signal or a time limit.
import { AbortError, closedError, systemError, type Subject } from '../errors'
import { checkKeys, outOfRange, wrongType } from '../wire/invalid'
import { launcherPath } from '../load'
import { whenAborted } from './abort'
import { addon, Cancelled, type Started } from './addon'

/** Options of every call that waits for the kernel. */
export interface CallOptions {
  /**
   * Aborts the call. Before it started, nothing has happened; once the kernel has it, the promise rejects at once with an
   * `AbortError` whose `outcome` is `'unknown'`.
   */
  signal?: AbortSignal | undefined
  /**
   * Milliseconds after which the call is aborted as by `signal`, with the code `ETIMEDOUT`; 0 to 2147483647. Default:
   * no limit.
   */
  timeout?: number | undefined
  /** Called with each warning that the kernel gives though it did what was asked. Default: `process.emitWarning`. */
  onWarning?: ((warning: KernelWarning) => void) | undefined
}

/** What the kernel said about something that succeeded. */
export interface KernelWarning {
  /** The kernel's words (NLMSGERR_ATTR_MSG of an acknowledgement). */
  readonly message: string
  /** The operation, such as `links.add`. */
  readonly operation: string
  /** The namespace's name, path or identity. */
  readonly netns: string
}

/** How a job ended: an errno (0 for success), the system call that failed, what the job made. */
export interface Completion<Result> {
  readonly errno: number
  readonly call: string | undefined
  readonly result: Result
}

/** Is told now and then how many of its things a job has done; ends it, as a signal does, by saying false. */
export type Watch = (done: number) => boolean

/** How often it is told. */
const watchMs = 50

/** How the addon refuses a job for a handle that it does not have. */
const EBADF = 9

type Settle = (errno: number, call: string | undefined, result: unknown) => void

const waiting = new Map<number, Settle>()

// All copies of the library share this one: what is in it is not collected.
const held = (addon.held ??= new Set())

function wait(job: number, settle: Settle): void {
  if (waiting.size === 0) held.add(dispatch)
  waiting.set(job, settle)
}

function forget(job: number): void {
  waiting.delete(job)
  if (waiting.size === 0) held.delete(dispatch)
}

/**
 * Settles the jobs of this copy of the library among those that ended. The addon may serve several copies, and holds this
 * function weakly: it is exported so that it lives as long as the copy, and held as long as jobs are under way.
 */
export function dispatch(report: readonly unknown[]): void {
  for (let i = 0; i < report.length; i += 4) {
    const job = report[i] as number
    const settle = waiting.get(job)
    if (settle === undefined) continue
    forget(job)
    settle(report[i + 1] as number, report[i + 2] as string | undefined, report[i + 3])
  }
}
addon.start(dispatch, launcherPath())

const callKeys = new Set(['signal', 'timeout', 'onWarning'])

const setsOfKeys = new WeakMap<readonly string[], ReadonlySet<string>>()

function keysWith(more: readonly string[]): ReadonlySet<string> {
  let keys = setsOfKeys.get(more)
  if (keys === undefined) setsOfKeys.set(more, (keys = new Set([...callKeys, ...more])))
  return keys
}

/** Checks the options of a call; `more` names the ones that the call has besides. */
export function checkCallOptions(options: CallOptions | undefined, more?: readonly string[]): void {
  if (options === undefined) return
  checkKeys(options, more === undefined ? callKeys : keysWith(more))
  const { signal, timeout, onWarning } = options
  // Not `instanceof`: a signal may come from another realm.
  if (signal !== undefined && typeof (signal as Partial<AbortSignal> | null)?.aborted !== 'boolean') {
    throw wrongType('signal', 'an AbortSignal', signal)
  }
  if (timeout !== undefined) {
    if (typeof timeout !== 'number') throw wrongType('timeout', 'a number of milliseconds', timeout)
    if (!(timeout >= 0 && timeout <= 0x7fffffff)) throw outOfRange('timeout', 'from 0 to 2147483647', timeout)
  }
  if (onWarning !== undefined && typeof onWarning !== 'function') throw wrongType('onWarning', 'a function', onWarning)
}

/**
 * Starts a job and tells how it ended, also when it failed: what that means is the caller's to say. One that ended at
 * once is told of at once, not by a promise: its answer may lie in memory that the next one overwrites.
 * @param subject - What it is about, for errors.
 * @param watch - Is never called once the job has ended, or was told to.
 */
export function runJob<Result>(
  subject: Subject,
  start: () => Started,
  options?: CallOptions,
  watch?: Watch,
): Completion<Result> | Promise<Completion<Result>> {
  const signal = options?.signal
  if (signal?.aborted === true) return Promise.reject(new AbortError(subject, 'none', signal.reason))
  const job = start()
  if (typeof job === 'object') {
    const [errno, call, result] = job
    return { errno, call, result: result as Result }
  }
  if (job < 0) {
    return Promise.reject(
      -job === EBADF ? closedError(subject.operation, subject.netns) : systemError({ ...subject, errno: -job }),
    )
  }
  return new Promise((resolve, reject) => {
    if (signal === undefined && options?.timeout === undefined && watch === undefined) {
      wait(job, (errno, call, result) => {
        resolve({ errno, call, result: result as Result })
      })
      return
    }
    let timer: NodeJS.Timeout | undefined
    let forgetSignal: (() => void) | undefined
    const release = (): void => {
      forgetSignal?.()
      clearTimeout(timer)
      clearInterval(watching)
    }
    const abort = (reason: unknown): void => {
      const found = addon.cancel(job)
      clearInterval(watching)
      // It ends early by itself, and tells what it did.
      if (found === Cancelled.tooLate || found === Cancelled.interrupted) return
      forget(job)
      release()
      reject(new AbortError(subject, found === Cancelled.beforeStart ? 'none' : 'unknown', reason))
    }
    if (signal !== undefined) {
      forgetSignal = whenAborted(signal, () => {
        abort(signal.reason)
      })
    }
    let seen = 0
    const look = (): void => {
      const done = addon.progress(job)
      if (done === seen) return
      seen = done
      if (watch?.(done) === false) abort(undefined)
    }
    const watching = watch === undefined ? undefined : setInterval(look, watchMs)
    if (options?.timeout !== undefined)
      timer = setTimeout(() => {
        abort(undefined)
      }, options.timeout)
    wait(job, (errno, call, result) => {
      release()
      resolve({ errno, call, result: result as Result })
    })
  })
}
