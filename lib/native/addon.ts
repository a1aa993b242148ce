// The typed face of the addon: what native/addon/addon.cc exports, and nothing that knows what a message means.
import { loadAddon } from '../load'
import type { Scratch } from '../wire/scratch'
import { cancelled, ending, lane, outcome } from './layout'

/** Lanes of native/threads/job.h, by number. */
export const Lane = lane
/** Which of the addon's threads a job runs on. */
export type Lane = (typeof Lane)[keyof typeof Lane]

/** How a step's messages are answered: Ending of native/netlink/socket.h. */
export const Ending = ending
export type Ending = (typeof Ending)[keyof typeof Ending]

/** What `cancel` found: Executor::Cancelled of native/threads/executor.h. */
export const Cancelled = cancelled

/** What became of an operation: Outcome of native/transactions/transaction.h. */
export const Outcome = outcome
export type Outcome = (typeof Outcome)[keyof typeof Outcome]

/** What looks different in each namespace: FileTree of native/files/file_jobs.h. */
export const FileTree = { sysctl: 0, proc: 1, sysfs: 2, etc: 3 } as const
export type FileTree = (typeof FileTree)[keyof typeof FileTree]

/** What is done with files: AccessFiles::What of native/files/file_jobs.h. */
export const FileAccess = { read: 0, write: 1, link: 2, list: 3, walk: 4 } as const
export type FileAccess = (typeof FileAccess)[keyof typeof FileAccess]

/** [handle, device, inode] of a namespace. */
export type NetnsDescription = readonly [handle: number, device: number, inode: number]

/** Received messages; a number stands for so many bytes of `scratch`, which the next answer overwrites. */
export type Block = Uint8Array | number

/** What a transaction has to tell, one after another: see Transaction::deliver of native/transactions/transaction.h. */
export type TransactionAnswer = number | readonly (number | string | undefined | NetnsDescription | Uint8Array)[]

/** How a job ended: an errno (0 for success), the system call that failed, what it made. */
export type Ended = readonly [errno: number, call: string | undefined, result: unknown]

/**
 * What starting a job gives: its number, whose result arrives at `start`'s function; how it ended, if it did at once; or
 * -errno if it was refused.
 */
export type Started = number | Ended

/** The functions of the addon. */
export interface Addon {
  /** What must not be collected: a property of ours, which all copies of the library see. */
  held?: Set<unknown>
  /** What `limit` was last given: a property of ours too. */
  limits?: { readonly limit: number; readonly idleSockets: number }
  start(dispatch: (report: readonly unknown[]) => void, launcher: string): number
  createNetns(path: string, ephemeral: boolean): Started
  openNetnsPath(path: string): Started
  openNetnsFd(fd: number): Started
  openNetnsPid(pid: number): Started
  openNetnsThread(tid: number): Started
  /** Each path with a NUL behind it: [errno, call, device, inode, errno, …]. */
  deleteNetns(paths: string, expected: Float64Array): Started
  listNetns(directory: string): Started
  releasePrefetched(): Started
  listLeftovers(directory: string): Started
  removeLeftover(path: string): Started
  closeNetns(handle: number): boolean
  closeManyNetns(handles: Float64Array): Started
  shareNetns(handle: number): readonly [registry: string, number: number] | undefined
  adoptNetns(registry: string, number: number, device: number, inode: number): Ended
  openSocket(
    handle: number,
    family: 'ipv4' | 'ipv6' | 'unix',
    stream: boolean,
    ipv6Only: boolean,
    reusePort: boolean,
    connects: boolean,
    host: string,
    port: number,
    mask: number,
    device: string,
  ): Started
  takeSocket(socket: number): number
  /** That of one that waits to be taken, or 0. */
  socketInode(socket: number): number
  createNamespaces(plan: Scratch): Started
  openNamespace(kind: string, source: 'path' | 'fd' | 'pid' | 'tid', which: string | number): Started
  openRelative(handle: number, parent: boolean): Started
  pinNamespace(handle: number, path: string): Started
  askNamespace(handle: number, plan: Scratch | undefined): Started
  endNamespace(handle: number): Started
  listNamespaces(): Started
  createRootless(plan: Scratch | undefined, withHandle: number): Started
  namespacesToJoin(handle: number): Started
  /** The number of the datagrams that it can be read and written by, besides; or -errno. */
  watchSocket(socket: number): number
  socketAddress(socket: number, peer: boolean): readonly [address: string, port: number, device: number] | number
  deviceName(socket: number, index: number): string | undefined
  /** 0 or -errno. */
  deviceIndex(socket: number, name: string): number
  bindToDevice(socket: number, index: number): number
  joinGroup(socket: number, join: boolean, group: string, device: string): number
  joinSource(socket: number, join: boolean, source: string, group: string, device: number): number
  /** 0 or -errno. */
  setReuseAddr(socket: number, on: boolean): number
  /** 0 or -errno. */
  setMulticastDevice(socket: number, device: string): number
  prepareProcess(handle: number, plan: Scratch, kinds: Uint32Array, places: string, descriptors: number): Ended
  awaitProcess(prepared: number, pid: number, note: boolean): Ended
  forgetChild(child: number): void
  /** The number of a pidfd among the datagrams, or -errno. */
  openProcess(pid: number): number
  /** 0 or -errno. */
  signalProcess(process: number, signal: number): number
  listenDatagrams(datagrams: number, ready: (events: number) => void): number
  pollDatagrams(datagrams: number, events: number): number
  refDatagrams(datagrams: number, alive: boolean): number
  /** How many packets, or -errno of a mistake in the arguments; how it ended is the first of the words. */
  receiveDatagrams(
    datagrams: number,
    slab: Uint8Array,
    offset: number,
    longest: number,
    words: Uint32Array,
    most: number,
    errors: boolean,
  ): number
  /** How many packets, or -errno if none. */
  sendDatagrams(
    datagrams: number,
    packets: Uint8Array,
    lengths: Uint32Array,
    count: number,
    address: Uint8Array | undefined,
  ): number
  datagramsFd(datagrams: number): number
  closeDatagrams(datagrams: number): boolean
  packetStatistics(datagrams: number): readonly [packets: number, drops: number] | number
  openTap(
    handle: number,
    name: string,
    flags: number,
    exists: boolean,
    owner: number,
    group: number,
    headerSize: number,
    offload: number,
  ): Started
  controlTap(datagrams: number, what: number, value: number): Started
  openPackets(
    handle: number,
    protocol: number,
    device: string,
    switches: number,
    fanout: number,
    bufferSize: number,
    filter: Uint8Array,
  ): Started
  openPing(
    handle: number,
    version: 4 | 6,
    host: string,
    source: string,
    device: string,
    ttl: number,
    trafficClass: number,
    dontFragment: boolean,
  ): Started
  openSubscription(handle: number, protocol: number, bufferSize: number): Started
  /** 0 or -errno. */
  setMembership(datagrams: number, group: number, member: boolean): number
  accessFiles(handle: number, tree: FileTree, what: FileAccess, name: string, files: string): Started
  sendToUnix(path: string, message: string): Ended
  lockFile(path: string): Ended
  /** Copies the plan and the bytes, an Int32Array and a Uint8Array, before it returns. */
  transact(lane: Lane, plan: Scratch, bytes: Scratch, names: string | undefined, chain?: number): Started
  /** The number of a chain of transactions: once one of them has stopped, no further one is carried out. */
  openChain(): number
  /** It goes with the last of its transactions. */
  closeChain(chain: number): void
  cancel(job: number): number
  /** How many of the things that a job does are done. */
  progress(job: number): number
  scratch(): ArrayBuffer
  enter(handle: number, kind: string): Ended | undefined
  leave(): Ended | undefined
  limit(opening: number, sockets: number): number
  end(): void
  /** How many handles are open, jobs under way and threads alive. */
  stats(): readonly [handles: number, jobs: number, threads: number]
}

export const addon = loadAddon() as Addon

/** Where the answer of a transaction that ended at once may lie. */
export const scratch: Scratch = new Uint8Array(addon.scratch())
