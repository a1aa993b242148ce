// Many namespaces at once: created, named by a prefix that nobody else takes.
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, BatchError, isAlreadyExists, NetloomError } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { NetnsHandle, type NetnsReference } from '../native/netns_handle'
import { endWithProcess } from '../native/netns_jobs'
import { commit, type CreationItem } from '../netlink/batch'
import { Plan } from '../netlink/plan'
import { refusePinned } from '../rootless/options'
import { checkArray, outOfRange, wrongType } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { FutureNetns } from './future'
import { checkName, pathOfName } from './name'

/** How far a call has come that does many things. */
export interface Progress {
  /** How many are done. */
  readonly done: number
  /** How many there are in all. */
  readonly total: number
}

/** Options of calls that do many things. */
export interface ProgressOptions extends CallOptions {
  /** Called now and then, and at the end. */
  onProgress?: ((progress: Progress) => void) | undefined
}

/** Options of `NetNs.createMany`. */
export interface CreateManyOptions extends ProgressOptions {
  /** Begins the names under `/run/netns`, if a count is given; what follows is chosen so that it is free. Default: anonymous. */
  prefix?: string | undefined
  /** Unpins each when its handle is disposed or closed, and at the latest when the process ends. Default: false. */
  ephemeral?: boolean | undefined
  /** Creates them without privilege, as `NetNs.create` with `rootless: true`: anonymous. Default: false. */
  rootless?: boolean | undefined
}

const progressKeys = ['onProgress']

/** Checks the options of a call that does many things. */
export function checkProgress(options: ProgressOptions | undefined, more?: readonly string[]): void {
  checkCallOptions(options, more === undefined ? progressKeys : [...progressKeys, ...more])
  const onProgress: unknown = options?.onProgress
  if (onProgress !== undefined && typeof onProgress !== 'function')
    throw wrongType('onProgress', 'a function', onProgress)
}

/** Checks a prefix: with what is put behind it, it must be a name. */
export function checkPrefix(value: unknown): string {
  if (typeof value !== 'string') throw wrongType('prefix', 'a string', value)
  if (value === '') throw outOfRange('prefix', 'a string of 1 to 240 bytes', value)
  checkName(`${value}${'x'.repeat(15)}`, 'prefix')
  return value
}

let lastNumber = Math.floor(Math.random() * 36 ** 4)

/** A name that is likely to be free: whether it is, only its creation tells. */
export function nameBehind(prefix: string): string {
  lastNumber = (lastNumber + 1) % 36 ** 8
  return `${prefix}${process.pid.toString(36)}-${lastNumber.toString(36)}`
}

/** How often another name is tried where one is taken. */
export const nameTries = 100

/** Creates under the first free name behind a prefix: a name belongs to whoever made its file (O_EXCL). */
export async function underPrefix<Created>(
  prefix: string,
  create: (name: string) => Promise<Created>,
): Promise<Created> {
  for (let tries = 1; ; tries++) {
    try {
      return await create(nameBehind(prefix))
    } catch (error) {
      if (!isAlreadyExists(error) || tries === nameTries) throw error
    }
  }
}

/** Makes the public handle. */
export type Make<Created> = (
  handle: NetnsHandle,
  name: string | undefined,
  path: string | undefined,
  ephemeral: boolean,
) => Created

// So many are created in one job: the lane is not held up for long, and progress can be told.
const perJob = 16
/** The kernel counts namespaces that it is still freeing: for so long it is waited for. */
export const longestWaitMs = 10_000

/** Whether there were too many namespaces for one more. */
export function hasNoRoom(error: unknown): boolean {
  return error instanceof NetloomError && error.code === 'ENOSPC' && error.syscall === 'unshare'
}

/** NetNs.createMany: all, or none. */
export async function createMany<Created extends { delete(options: { force: true }): Promise<void> }>(
  what: number | readonly string[],
  options: CreateManyOptions,
  make: Make<Created>,
): Promise<Created[]> {
  checkProgress(options, ['prefix', 'ephemeral', 'rootless'])
  const { prefix, ephemeral = false, rootless = false, onProgress, ...call } = options
  if (typeof rootless !== 'boolean') throw wrongType('rootless', 'a boolean', rootless)
  if (rootless) refusePinned({ name: Array.isArray(what) ? what : undefined, path: undefined, prefix })
  if (typeof ephemeral !== 'boolean') throw wrongType('ephemeral', 'a boolean', ephemeral)
  if (prefix !== undefined) checkPrefix(prefix)
  const names = namesOf(what, prefix)
  const made: Created[] = []
  const deadline = performance.now() + longestWaitMs
  let together = perJob
  try {
    for (let at = 0; at < names.length;) {
      const items = names.slice(at, at + together).map((name) => itemOf(name?.(), { ephemeral, rootless }, make))
      const created = await commitPatiently(items, prefix !== undefined, deadline, call)
      if (created === undefined) {
        // Other names, or a little later. What one that failed took back is still being freed, and would be in the way.
        together = 1
        continue
      }
      made.push(...created)
      at += created.length
      onProgress?.({ done: at, total: names.length })
    }
  } catch (error) {
    await Promise.allSettled(made.map((one) => one.delete({ force: true })))
    throw error
  }
  return made
}

/** For each its name, or what chooses one at each try. */
function namesOf(what: unknown, prefix: string | undefined): ((() => string) | undefined)[] {
  if (Array.isArray(what)) {
    if (prefix !== undefined) throw wrongType('prefix', 'left out where names are given', prefix)
    const names = checkArray(what, 'names').map((name, i) => checkName(name, `names[${i}]`))
    return names.map((name) => () => name)
  }
  const count = checkInteger(what, 0, 1_000_000, 'count')
  return new Array<undefined>(count)
    .fill(undefined)
    .map(() => (prefix === undefined ? undefined : () => nameBehind(prefix)))
}

function itemOf<Created>(
  name: string | undefined,
  how: { readonly ephemeral: boolean; readonly rootless: boolean },
  make: Make<Created>,
): CreationItem<Created> {
  const path = name === undefined ? undefined : pathOfName(name)
  const netns: NetnsReference = new FutureNetns(name ?? 'without a name', items)
  if (path !== undefined) endWithProcess()
  return {
    name: 'NetNs.createMany',
    creation: { netns, path, ...how },
    result: (created) => make(new NetnsHandle(created, name), name, path, how.ephemeral || path === undefined),
  }
}

/** What namespaces of no batch belong to. */
const items = {}

/** Undefined if it has to be tried again. */
async function commitPatiently<Created>(
  batch: readonly CreationItem<Created>[],
  chosen: boolean,
  deadline: number,
  call: CallOptions,
): Promise<Created[] | undefined> {
  const subject = { operation: 'NetNs.createMany' }
  try {
    const results = await commit(Plan.of(batch, { rollback: true, stop: true }), subject, call)
    return results.map((result) => (result as PromiseFulfilledResult<Created>).value)
  } catch (error) {
    const cause: unknown = error instanceof BatchError ? error.cause : error
    if (!(cause instanceof NetloomError) || cause instanceof AbortError) throw error
    if (chosen && isAlreadyExists(cause)) return undefined
    if (!hasNoRoom(cause) || performance.now() > deadline) throw cause
    await sleep(20, undefined, call.signal === undefined ? {} : { signal: call.signal })
    return undefined
  }
}
