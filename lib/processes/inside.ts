// The processes in a namespace, also those of other programs, and Workers whose thread is in it.
import { constants } from 'node:os'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { runInside } from '../native/netns_jobs'
import { noteOpened } from '../native/opened'
import { wrongType, wrongValue } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { listProcesses, signalProcesses } from './members'

/** @internal NetNs.pids */
export async function pidsInside(netns: NetnsHandle, options?: CallOptions): Promise<number[]> {
  checkCallOptions(options)
  return listProcesses(netns, options)
}

/** The number of a signal, by its name or number. */
export function signalNumber(signal: unknown): number {
  if (typeof signal === 'number') {
    checkInteger(signal, 0, 64, 'signal')
    return signal
  }
  if (typeof signal !== 'string') throw wrongType('signal', 'the name or number of a signal', signal)
  const number = (constants.signals as Partial<Record<string, number>>)[signal]
  if (number === undefined) throw wrongValue('signal', 'the name or number of a signal', signal)
  return number
}

/** @internal NetNs.kill */
export async function killInside(
  netns: NetnsHandle,
  signal: NodeJS.Signals | number = 'SIGTERM',
  options?: CallOptions,
): Promise<number[]> {
  const number = signalNumber(signal)
  checkCallOptions(options)
  return signalProcesses(netns, number, options)
}

/** @internal NetNs.worker */
export function workerInside(netns: NetnsHandle, file: string | URL, options?: WorkerOptions): Worker {
  if (typeof file !== 'string' && typeof (file as URL | undefined)?.href !== 'string') {
    throw wrongType('file', 'a path, a URL or code', file)
  }
  // A new thread inherits the namespace of the one that starts it, and the constructor starts it before it returns: so it is
  // inside from its first instruction.
  const worker = runInside('NetNs.worker', netns, () => new Worker(file, options))
  const { label, identity } = netns
  const isOpen = (): boolean => worker.threadId !== -1
  noteOpened(worker, { kind: 'worker', label, inode: identity.inode, isOpen }, workerInside)
  return worker
}
