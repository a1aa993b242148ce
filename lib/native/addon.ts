// The typed face of the addon: what native/addon.cc exports, and nothing that knows what a message means.
import { loadAddon } from '../load'

/** Lanes of native/job.h, by number. */
export const Lane = { mutation: 0, look: 1, read: 2, removal: 3 } as const
/** Which of the addon's threads a job runs on. */
export type Lane = (typeof Lane)[keyof typeof Lane]

/** How a step's last message is answered: Ending of native/netlink.h. */
export const Ending = { ack: 0, dump: 1, reply: 2 } as const
export type Ending = (typeof Ending)[keyof typeof Ending]

/** What `cancel` found: Executor::Cancelled of native/executor.h. */
export const Cancelled = { beforeStart: 0, whileRunning: 1, tooLate: 2 } as const

/** [handle, device, inode, descriptor] of a namespace. */
export type NetnsDescription = readonly [handle: number, device: number, inode: number, fd: number]

/** What one step of a transaction received. */
export type StepAnswer = readonly [step: number, firstSequence: number, interrupted: boolean, ...blocks: Uint8Array[]]

/** What a transaction received; `failedStep` is the one that stopped it. */
export type TransactionAnswer = readonly [
  failedStep: number | undefined,
  missingDevice: string | undefined,
  undoFailed: boolean,
  ...answers: StepAnswer[],
]

/** Functions that start a job return its number, or -errno if they refuse. Results arrive at `start`'s function. */
export interface Addon {
  start(dispatch: (report: readonly unknown[]) => void): number
  createNetns(path: string, ephemeral: boolean): number
  openNetnsPath(path: string): number
  openNetnsFd(fd: number): number
  openNetnsPid(pid: number): number
  openNetnsThread(tid: number): number
  deleteNetns(path: string, expected: number): number
  listNetns(directory: string): number
  closeNetns(handle: number): boolean
  openSocket(handle: number, version: 4 | 6, type: 'tcp' | 'udp', ipv6Only: boolean, host: string, port: number): number
  transact(
    lane: Lane,
    handles: readonly number[],
    plan: Int32Array,
    bytes: Uint8Array,
    names: readonly string[],
  ): number
  cancel(job: number): number
  enter(handle: number): number
  leave(): number
  stats(): { handles: number; jobs: number; threads: number }
}

export const addon = loadAddon() as Addon
