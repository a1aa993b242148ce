// NetNs: the public face of one network namespace.
import { isNotFound, NetloomError } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { checkNetns, handleOf, wrapHandle, type NetnsHandle, type NetnsIdentity } from '../native/netns_handle'
import { adoptNetns, createNetns, deleteNetns, openNetns, shareNetns } from '../native/netns_jobs'
import { createRootless } from '../native/rootless_jobs'
import { perform } from '../netlink/perform'
import { forgiving, splitForce, type DeleteOptions } from '../netlink/deletion'
import { getNsid, setNsid } from '../route/nsids'
import { checkRootless, refusePinned, type RootlessOptions } from '../rootless/options'
import { checkKeys, wrongType } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { Batch, type BatchOptions } from './batch'
import { Inside } from './inside'
import {
  checkPrefix,
  checkProgress,
  createMany,
  deleteEach,
  underPrefix,
  type CreateManyOptions,
  type ProgressOptions,
} from './many'
import { checkFirst, checkName, pathOfName } from './name'
import { checkPath } from '../wire/text'
import { deleteBehind, isNamed, listNamed, type NamedNetns } from './named'
import { checkShared, describeShared, type SharedNetNs } from './share'
import { Pool } from './pool'
import type { PoolOptions } from './prepared'
import { settled } from './settled'

/** Options of `NetNs.create`. */
export interface CreateOptions extends CallOptions {
  /** Pins the namespace at this absolute path instead of under a name. The file must not exist. Default: none. */
  path?: string | undefined
  /** Unpins it when its handle is disposed or closed, and at the latest when the process or Worker ends. Default: false. */
  ephemeral?: boolean | undefined
  /** Begins its name under `/run/netns`; what follows is chosen so that it is free, whoever else chooses names. */
  prefix?: string | undefined
  /**
   * Creates it without any privilege, in a user namespace of this process: anonymous, for only who may mount can pin it.
   * All but `run` is as in any other; a veth leads to others of the same user namespace, not to the host. Default: false.
   */
  rootless?: boolean | RootlessOptions | undefined
}

const prefixKeys = new Set(['prefix'])
const createKeys = ['path', 'ephemeral', 'prefix', 'rootless']

/**
 * A network namespace that is open. It lives as long as something holds it: a pin (`/run/netns/NAME`, a bind mount), a
 * process in it, or an open handle such as this one. See network_namespaces(7).
 *
 * Within one namespace, calls take effect in the order in which they were made, awaited or not.
 * @example
 * await using red = await NetNs.create('red', { ephemeral: true })
 * await red.links.set('lo', { up: true })
 */
export class NetNs extends Inside {
  /** The name under `/run/netns`, if it was created or opened by name. */
  readonly name: string | undefined
  /** The path it was created at or opened from, if there is one. */
  readonly path: string | undefined
  /** Whether the namespace goes with this handle: anonymous, or created with `ephemeral`. */
  readonly ephemeral: boolean
  private constructor(handle: NetnsHandle, name?: string, path?: string, ephemeral = false) {
    super(handle)
    this.name = name
    this.path = path
    this.ephemeral = ephemeral
  }

  /** @internal */
  static [wrapHandle](handle: NetnsHandle): NetNs {
    return new NetNs(handle, undefined, undefined, true)
  }

  /**
   * Creates a namespace. With a name it is pinned at `/run/netns/NAME`, where `ip netns` sees it, and stays until it is
   * deleted; without one it is anonymous and goes when nothing holds it any more. Only `lo` is in it, down. An empty file of
   * that name, without a namespace, that a killed process left is no hindrance.
   * @throws NetloomError: `EEXIST` (the name is taken), `EPERM` (CAP_SYS_ADMIN is missing), `ENOSPC`
   *   (user.max_net_namespaces). What had been made is undone.
   * @example
   * const red = await NetNs.create('red')
   * const temporary = await NetNs.create()
   * const mine = await NetNs.create({ rootless: true }) // for any user
   */
  static async create(name?: string, options?: CreateOptions): Promise<NetNs>
  static async create(options?: CreateOptions): Promise<NetNs>
  static async create(first?: string | CreateOptions, second?: CreateOptions): Promise<NetNs> {
    checkFirst(first)
    const named = typeof first === 'string' || second !== undefined
    const options = named ? second : first
    const name = named && first !== undefined ? checkName(first) : undefined
    checkCallOptions(options, createKeys)
    const { path: at, ephemeral = false, prefix, rootless, ...call } = options ?? {}
    const request = checkRootless(rootless)
    if (request !== undefined) refusePinned({ name, path: at, prefix })
    if (typeof ephemeral !== 'boolean') throw wrongType('ephemeral', 'a boolean', ephemeral)
    if (name !== undefined && at !== undefined) throw wrongType('path', 'left out where a name is given', at)
    if (prefix !== undefined) {
      if (name !== undefined || at !== undefined)
        throw wrongType('prefix', 'left out where a name or path is given', prefix)
      return underPrefix(checkPrefix(prefix), (chosen) => NetNs.create(chosen, { ephemeral, ...call }))
    }
    if (request !== undefined) return new NetNs(await createRootless(request, call), undefined, undefined, true)
    const path = name === undefined ? (at === undefined ? undefined : checkPath(at)) : pathOfName(name)
    const handle = await createNetns(path, ephemeral, name ?? path, call)
    return new NetNs(handle, name, path, ephemeral || path === undefined)
  }

  /**
   * Opens a named namespace (`/run/netns/NAME`), whoever created it.
   * @throws NetloomError: `ENOENT`, also for a name that another program has not made yet, or is about to delete; `EINVAL`
   *   if the file is something else than a network namespace.
   * @example
   * await using red = await NetNs.open('red')
   */
  static async open(name: string, options?: CallOptions): Promise<NetNs> {
    const path = pathOfName(checkName(name))
    checkCallOptions(options)
    return new NetNs(await openNetns('NetNs.open', { path }, name, options), name, path)
  }

  /**
   * The namespace in which this process, or this Worker, lives.
   * @example
   * const host = await NetNs.current()
   */
  static async current(options?: CallOptions): Promise<NetNs> {
    checkCallOptions(options)
    return new NetNs(await openNetns('NetNs.current', { path: '/proc/thread-self/ns/net' }, undefined, options))
  }

  /**
   * The namespace of a process. Safe against a number that is given to another process meanwhile (pidfd_open(2)).
   * @throws NetloomError: `ESRCH` if there is no such process; `EPERM`, `EACCES` if this one may not look.
   * @example
   * const inside = await NetNs.fromPid(child.pid)
   */
  static async fromPid(pid: number, options?: CallOptions): Promise<NetNs> {
    checkInteger(pid, 1, 0x7fffffff, 'pid')
    checkCallOptions(options)
    return new NetNs(await openNetns('NetNs.fromPid', { pid }, undefined, options))
  }

  /**
   * The namespace of a thread, by its tid as in `/proc/PID/task`.
   * @throws NetloomError: `ESRCH` if there is no such thread.
   */
  static async fromThread(tid: number, options?: CallOptions): Promise<NetNs> {
    checkInteger(tid, 1, 0x7fffffff, 'tid')
    checkCallOptions(options)
    return new NetNs(await openNetns('NetNs.fromThread', { tid }, undefined, options))
  }

  /**
   * The namespace behind a path, such as `/proc/1234/ns/net` or a bind mount of it.
   * @throws NetloomError: `ENOENT`; `EINVAL` if it is no network namespace (of another kind, or an ordinary file).
   */
  static async fromPath(path: string, options?: CallOptions): Promise<NetNs> {
    checkPath(path)
    checkCallOptions(options)
    return new NetNs(await openNetns('NetNs.fromPath', { path }, path, options), undefined, path)
  }

  /**
   * The namespace behind a descriptor, which stays the caller's.
   * @throws NetloomError: `EBADF`; `EINVAL` if it is no network namespace.
   */
  static async fromFd(fd: number, options?: CallOptions): Promise<NetNs> {
    checkInteger(fd, 0, 0x7fffffff, 'fd')
    checkCallOptions(options)
    return new NetNs(await openNetns('NetNs.fromFd', { fd }, undefined, options))
  }

  /**
   * A handle of one's own to a namespace that another thread of this process shares: with a descriptor of its own, of
   * the same namespace by device and inode, it stays when the other one closes. One may be adopted any number of times.
   * @throws TypeError for what `share` did not give; NetloomError: `ERR_NETLOOM_CLOSED` if the handle that was shared is
   *   closed or its Worker has ended, `ERR_NETLOOM_FOREIGN_SHARE` if it is of another process, `EMFILE`.
   * @example
   * parentPort.once('message', async (shared) => {
   *   await using red = await NetNs.adopt(shared)
   * })
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- as all that open one
  static async adopt(shared: SharedNetNs): Promise<NetNs> {
    const { name, path, identity, ...where } = checkShared(shared)
    return new NetNs(adoptNetns(where, identity, name ?? path), name, path)
  }

  /**
   * The named namespaces, those of `ip netns` among them, by name. Opens none.
   * @example
   * for (const { name, inode } of await NetNs.list()) console.log(name, inode)
   */
  static async list(options?: CallOptions): Promise<NamedNetns[]> {
    checkCallOptions(options)
    return listNamed(options)
  }

  /** Whether there is a namespace of this name. */
  static async exists(name: string, options?: CallOptions): Promise<boolean> {
    const path = pathOfName(checkName(name))
    checkCallOptions(options)
    return isNamed(path, name, options)
  }

  /**
   * Deletes a namespace by name: unpins it. It goes when nothing else holds it. What is no network namespace stays.
   * @param options - `force: true` to be content if there is none.
   * @throws NetloomError: `ENOENT` where `exists` says that there is none.
   */
  static async delete(name: string, options?: DeleteOptions): Promise<void> {
    const path = pathOfName(checkName(name))
    const { force, call } = splitForce(options)
    return forgiving(force, deleteNetns(path, undefined, call))
  }

  /**
   * Creates many namespaces, in a few jobs: all of them, or none if one fails. Where the kernel has no room because it is
   * still freeing others, it is waited for, ten seconds at most.
   * @param what - How many (anonymous, or named behind `prefix`), or their names.
   * @throws RangeError, TypeError for a wrong count, name or option; what `create` throws.
   * @example
   * const pods = await NetNs.createMany(100, { prefix: 'pod-', ephemeral: true })
   */
  static async createMany(what: number | readonly string[], options: CreateManyOptions = {}): Promise<NetNs[]> {
    return createMany(what, options, (handle, name, path, ephemeral) => new NetNs(handle, name, path, ephemeral))
  }

  /**
   * Deletes many namespaces: handles, of which those that are gone already are no error, or all whose names begin with a
   * prefix, whoever created them. The near end of a veth goes with its namespace; to delete it before costs time.
   * @returns How many there were.
   * @throws What `delete` throws, or an AggregateError of several such errors, after all were tried.
   * @example
   * await NetNs.deleteAll(pods)
   * await NetNs.deleteAll({ prefix: 'pod-' }) // also what a process left behind that was killed
   */
  static async deleteAll(what: Iterable<NetNs> | { prefix: string }, options: ProgressOptions = {}): Promise<number> {
    checkProgress(options)
    if (typeof what !== 'object' || (what as unknown) === null) throw wrongType('what', 'NetNs, or { prefix }', what)
    if (!(Symbol.iterator in what)) {
      checkKeys(what, prefixKeys, 'what')
      return deleteBehind(checkPrefix(what.prefix), options)
    }
    const all = [...what]
    for (const [i, one] of all.entries()) {
      if (!((one as unknown) instanceof NetNs)) throw wrongType(`what[${i}]`, 'a NetNs', one)
    }
    return deleteEach(
      all.map((one) => () => one.delete({ force: true })),
      options,
    )
  }

  /**
   * A pool that keeps fresh namespaces ready, optionally prepared, and begins to fill now. Close it, or declare it with
   * `await using`.
   * @throws TypeError, RangeError for a wrong option; AbortError if the signal is aborted already.
   * @example
   * await using pool = NetNs.pool({ size: 16, prefix: 'test-' })
   * await using ns = await pool.take()
   */
  static pool(options: PoolOptions): Pool<NetNs> {
    return new Pool(options, (handle, name, path, ephemeral) => new NetNs(handle, name, path, ephemeral))
  }

  /**
   * Resolves when the kernel has freed all network namespaces that had lost their last reference before the call, also those
   * of other processes: after `delete` the kernel needs a while, and until then they count against user.max_net_namespaces and keep what is
   * bound to them. Not waited for is what something still holds: another handle, a process, a socket, a call under way.
   *
   * It takes as long as the kernel does, 0.1 s where it has nothing to do, and four namespaces of its own, two of which
   * are freed shortly after. Nothing is watched where it is not called.
   * @throws NetloomError: `ENOSPC` if for ten seconds there is no room for those (user.max_net_namespaces).
   * @example
   * await NetNs.deleteAll(pods)
   * await NetNs.settled({ timeout: 5000 })
   */
  static async settled(options?: CallOptions): Promise<void> {
    checkCallOptions(options)
    return settled(options)
  }

  /** The device and inode of the namespace, which are the same for every handle to it. */
  get identity(): NetnsIdentity {
    return this[handleOf].identity
  }

  /** Whether the handle is closed. */
  get closed(): boolean {
    return !this[handleOf].isOpen
  }

  /** Whether this and `other` are handles to one namespace. */
  equals(other: NetNs): boolean {
    if (!(other instanceof NetNs)) throw wrongType('other', 'a NetNs', other)
    const { device, inode } = other.identity
    return device === this.identity.device && inode === this.identity.inode
  }

  /**
   * The id that this namespace has given to another one (`netnsId` in links), or undefined if it has given it none
   * (RTM_GETNSID).
   * @throws NetloomError: `ERR_NETLOOM_CLOSED` if one of the two is closed.
   * @example
   * const { link } = await ns.links.get('veth-r')
   * const isRed = link?.netnsId === (await ns.id(red))
   */
  async id(other: NetNs, options?: CallOptions): Promise<number | undefined> {
    return perform(getNsid(this[handleOf], checkNetns(other, 'other', 'NetNs.id')), options)
  }

  /**
   * Gives another namespace an id in this one (RTM_NEWNSID). Without `id` the kernel chooses.
   * @throws NetlinkError: `EEXIST` if it has one already, or another namespace has that id.
   * @example
   * await ns.setId(red, 5)
   */
  async setId(other: NetNs, id?: number, options?: CallOptions): Promise<void> {
    if (id !== undefined) checkInteger(id, 0, 0x7fffffff, 'id')
    return perform(setNsid(this[handleOf], checkNetns(other, 'other', 'NetNs.setId'), id), options)
  }

  /**
   * Offers the namespace to the other threads of this process: what this gives is sent to a Worker, and `NetNs.adopt`
   * makes a handle of it there. The offer stands until this handle closes, and holds nothing if nobody takes it.
   * @throws NetloomError: `ERR_NETLOOM_CLOSED`.
   * @example
   * worker.postMessage(red.share())
   */
  share(): SharedNetNs {
    const handle = this[handleOf]
    return describeShared(shareNetns(handle), handle.identity, this)
  }

  /**
   * Begins a batch: operations that are noted, and carried out as one job by `commit`.
   * @example
   * const batch = red.batch({ rollback: true })
   * batch.links.set('eth0', { mtu: 1400 })
   * batch.routes.add({ dst: 'default', via: '10.0.0.254' })
   * await batch.commit()
   */
  batch(options?: BatchOptions): Batch<NetNs> {
    const make = (handle: NetnsHandle, name?: string, path?: string, ephemeral?: boolean): NetNs =>
      new NetNs(handle, name, path, ephemeral)
    return new Batch(this[handleOf], make, options)
  }

  /**
   * Deletes the namespace: unpins it and closes the handle. The kernel frees it, and its devices with it, when nothing else
   * holds it. An anonymous one needs no more than `close`.
   * @param options - `force: true` to be content if the pin is gone already.
   * @throws NetloomError: `ENOENT` if the pin is gone; `ESTALE` if another namespace has taken its name; the handle stays
   *   open then.
   */
  async delete(options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    const handle = this[handleOf]
    if (force && !handle.isOpen) return
    handle.use('NetNs.delete')
    // Behind /proc there are processes and threads, no pins.
    const pin = this.path === undefined || this.path.startsWith('/proc/') ? undefined : this.path
    if (pin !== undefined) await forgiving(force, deleteNetns(pin, handle, call))
    else if (!this.ephemeral) {
      throw new NetloomError(
        `NetNs.delete: ${handle.label} is not pinned by a name or path; close() lets go of it`,
        'ERR_NETLOOM_NOT_PINNED',
        { operation: 'NetNs.delete', netns: handle.label },
      )
    }
    handle.close()
  }

  /** Closes the handle; may be called again. Calls that were made before finish. An ephemeral namespace is unpinned. */
  close(): void {
    this[handleOf].close()
  }

  /** For `using`: `close`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** For `await using`: deletes an ephemeral namespace, closes the handle of another. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ephemeral && this.path !== undefined && this[handleOf].isOpen) {
      try {
        await deleteNetns(this.path, this[handleOf])
      } catch (error) {
        // Somebody else deleted it, or has taken its name: either way it is not ours to remove any more.
        const gone = error instanceof NetloomError && error.code === 'ESTALE'
        if (!gone && !isNotFound(error)) throw error
      }
    }
    this.close()
  }
}
