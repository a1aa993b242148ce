// NetNs: the public face of one network namespace.
import { isNotFound, NetloomError } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { checkNetns, handleOf, wrapHandle, type NetnsHandle, type NetnsIdentity } from '../native/netns_handle'
import { adoptNetns, deleteNetns, openNetns, shareNetns } from '../native/netns_jobs'
import { perform } from '../netlink/perform'
import { forgiving, splitForce, type DeleteOptions } from '../netlink/deletion'
import { getNsid, setNsid } from '../route/nsids'
import { checkKeys, wrongType } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { Batch, type BatchOptions } from './batch'
import type { BatchBuilder, MakeNetNs } from './batch_builder'
import { createOne, type CreateOptions } from './create'
import type { AnswersTo, AskedFor } from './description'
import type { Fills, HoleMaker, Holes, HoleValues, ValuesOf } from './holes'
import { prepare } from './prepare'
import type { PreparedBatch } from './prepared_batch'
import { Inside } from './inside'
import { deleteHandles, notPinned } from './delete_many'
import { checkPrefix, checkProgress, createMany, type CreateManyOptions, type ProgressOptions } from './many'
import { checkName, pathOfName } from './name'
import { checkPath } from '../wire/text'
import { deleteBehind, isNamed, listNamed, type NamedNetns } from './named'
import { checkShared, describeShared, type SharedNetNs } from './share'
import { Pool } from './pool'
import type { PoolOptions } from './prepared'
import { settled } from './settled'

const prefixKeys = new Set(['prefix'])

/**
 * An open network namespace. The kernel keeps it as long as something refers to it: a pin (`/run/netns/NAME`, a bind mount),
 * a process in it, or an open handle such as this one. See network_namespaces(7).
 *
 * Within one namespace, calls take effect in the order in which they were made, awaited or not.
 * @example
 * await using red = await NetNs.create('red', { ephemeral: true })
 * await red.links.set('lo', { up: true })
 */
export class NetNs extends Inside {
  /** The name under `/run/netns`, if it was created or opened by name. */
  readonly name: string | undefined
  /** The path at which it was created or from which it was opened, if there is one. */
  readonly path: string | undefined
  /** Whether closing this handle gives the namespace up: it is anonymous, or was created with `ephemeral`. */
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
   * Creates a namespace. With a name it is pinned at `/run/netns/NAME`, where `ip netns` finds it, and stays until it is
   * deleted; without one it is anonymous, and the kernel frees it when nothing refers to it any more. Only `lo` is in it,
   * down. If a killed process has left an empty file of that name without a namespace, the file is taken over.
   * @throws NetloomError: `EEXIST` (the name is taken), `EPERM` (CAP_SYS_ADMIN is missing), `ENOSPC`
   *   (user.max_net_namespaces). Nothing is left behind then.
   * @example
   * const red = await NetNs.create('red')
   * const temporary = await NetNs.create()
   * const mine = await NetNs.create({ rootless: true }) // for any user
   */
  static async create(name?: string, options?: CreateOptions): Promise<NetNs>
  static async create(options?: CreateOptions): Promise<NetNs>
  static async create(first?: string | CreateOptions, second?: CreateOptions): Promise<NetNs> {
    return createOne(first, second, (...made) => new NetNs(...made))
  }

  /**
   * Opens a named namespace (`/run/netns/NAME`), also one that another program has created.
   * @throws NetloomError: `ENOENT`, also while another program is still creating or deleting the name; `EINVAL` if the file
   *   is no network namespace.
   * @example
   * await using red = await NetNs.open('red')
   */
  static async open(name: string, options?: CallOptions): Promise<NetNs> {
    const path = pathOfName(checkName(name))
    checkCallOptions(options)
    return new NetNs(await openNetns('NetNs.open', { path }, name, options), name, path)
  }

  /**
   * The namespace in which this process, or this Worker, is.
   * @example
   * const host = await NetNs.current()
   */
  static async current(options?: CallOptions): Promise<NetNs> {
    checkCallOptions(options)
    return new NetNs(await openNetns('NetNs.current', { path: '/proc/thread-self/ns/net' }, undefined, options))
  }

  /**
   * The namespace of a process. Safe where the kernel reuses the pid meanwhile (pidfd_open(2)).
   * @throws NetloomError: `ESRCH` if there is no such process; `EPERM`, `EACCES` if this process may not inspect it.
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
   * The namespace of a file descriptor, which is duplicated: the caller still has to close its own.
   * @throws NetloomError: `EBADF`; `EINVAL` if it is no network namespace.
   */
  static async fromFd(fd: number, options?: CallOptions): Promise<NetNs> {
    checkInteger(fd, 0, 0x7fffffff, 'fd')
    checkCallOptions(options)
    return new NetNs(await openNetns('NetNs.fromFd', { fd }, undefined, options))
  }

  /**
   * Opens a namespace that another thread of this process shares. The handle has a descriptor of its own, and stays open
   * when the other one is closed. A share may be adopted any number of times.
   * @throws TypeError if `share` did not make it; NetloomError: `ERR_NETLOOM_CLOSED` if the handle that was shared is
   *   closed or its Worker has ended, `ERR_NETLOOM_FOREIGN_SHARE` if it is of another process, `EMFILE`.
   * @example
   * parentPort.once('message', async (shared) => {
   *   await using red = await NetNs.adopt(shared)
   * })
   */
  // eslint-disable-next-line @typescript-eslint/require-await -- a Promise, as of all methods that open a namespace
  static async adopt(shared: SharedNetNs): Promise<NetNs> {
    const { name, path, identity, ...where } = checkShared(shared)
    return new NetNs(adoptNetns(where, identity, name ?? path), name, path)
  }

  /**
   * The named namespaces, in the order of their names, with those of `ip netns`. Keeps none open.
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
   * Deletes a namespace by name: unpins it. The kernel frees it when nothing else refers to it. Leaves a file that is no
   * network namespace.
   * @param options - `force: true` to succeed if there is none.
   * @throws NetloomError: `ENOENT` if there is none, as by `exists`.
   */
  static async delete(name: string, options?: DeleteOptions): Promise<void> {
    const path = pathOfName(checkName(name))
    const { force, call } = splitForce(options)
    return forgiving(force, deleteNetns(path, undefined, call))
  }

  /**
   * Creates many namespaces, in a few jobs: all of them, or none if one fails. If user.max_net_namespaces is reached, waits
   * up to ten seconds for the kernel to free others.
   * @param what - How many (anonymous, or named behind `prefix`), or their names.
   * @throws RangeError, TypeError for a wrong count, name or option; what `create` throws.
   * @example
   * const pods = await NetNs.createMany(100, { prefix: 'pod-', ephemeral: true })
   */
  static async createMany(what: number | readonly string[], options: CreateManyOptions = {}): Promise<NetNs[]> {
    return createMany(what, options, (...made) => new NetNs(...made))
  }

  /**
   * Deletes many namespaces: those of handles, where namespaces that are deleted already are no error; or all whose names
   * begin with a prefix, also those of other programs. With a namespace the kernel deletes both ends of its veths: to
   * delete them first costs time.
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
    return deleteHandles(
      all.map((one) => ({ handle: one[handleOf], pin: one.#pin, ephemeral: one.ephemeral })),
      options,
    )
  }

  /**
   * A pool, which keeps new namespaces ready, prepared if wanted. It starts to fill at once. Close it, or declare it with
   * `await using`.
   * @throws TypeError, RangeError for a wrong option; AbortError if the signal is aborted already.
   * @example
   * await using pool = NetNs.pool({ size: 16, prefix: 'test-' })
   * await using ns = await pool.take()
   */
  static pool(options: PoolOptions): Pool<NetNs> {
    return new Pool(options, (...made) => new NetNs(...made))
  }

  /**
   * Resolves when the kernel has freed all network namespaces that had lost their last reference before the call, also those
   * of other processes. After `delete` the kernel needs a while; until then they count against user.max_net_namespaces, and
   * their devices and addresses stay in use. Does not wait for namespaces with references left: another handle, a process,
   * a socket, a call under way.
   *
   * It takes as long as the kernel does, 0.1 s where that has nothing to do, and creates four namespaces, two of which the
   * kernel frees shortly afterwards. It costs nothing where it is not called.
   * @throws NetloomError: `ENOSPC` if those cannot be created for ten seconds (user.max_net_namespaces).
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

  /** Whether this and `other` are handles to the same namespace. */
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
   * Shares the namespace with the other threads of this process: send the result to a Worker, where `NetNs.adopt` makes a
   * handle from it. It is valid until this handle is closed, and holds no descriptor if it is not adopted.
   * @throws NetloomError: `ERR_NETLOOM_CLOSED`.
   * @example
   * worker.postMessage(red.share())
   */
  share(): SharedNetNs {
    const handle = this[handleOf]
    return describeShared(shareNetns(handle), handle.identity, this)
  }

  /**
   * Begins a batch: it collects operations, and `commit` performs them as one job.
   * @example
   * const batch = red.batch({ rollback: true })
   * batch.links.set('eth0', { mtu: 1400 })
   * batch.routes.add({ dst: 'default', via: '10.0.0.254' })
   * await batch.commit()
   */
  batch(options?: BatchOptions): Batch<NetNs> {
    return new Batch<NetNs>(this[handleOf], (...made) => new NetNs(...made), options)
  }

  /**
   * Prepares a batch: its operations are described once, with holes for what differs, and run any number of times.
   * @param holes - What differs, by the keys of its values.
   * @param describe - Notes the operations; called more than once. Returns the entries whose results are wanted: one, or an
   *   object of them. Namespaces that it creates are told of in any case.
   * @throws What an option throws, also for what a hole allows.
   * @example
   * const pod = host.prepare(
   *   { ns: hole.name(), port: hole.device(), mac: hole.mac(), address: hole.prefix(), gateway: hole.ip() },
   *   (batch, { ns, port, mac, address, gateway }) => {
   *     const netns = batch.createNetNs(ns)
   *     batch.links.add({ kind: 'veth', name: port, up: true, peer: { netns, name: 'eth0', mac, up: true } })
   *     netns.addresses.add({ dev: 'eth0', address })
   *     netns.routes.add({ dst: 'default', via: gateway })
   *   },
   * )
   * for (const row of rows) await pod.run(row)
   */
  prepare<Its extends Holes, Asked extends AskedFor>(
    holes: Its,
    describe: (batch: BatchBuilder<NetNs>, values: ValuesOf<Its>) => Asked,
    options?: BatchOptions,
  ): PreparedBatch<ValuesOf<Its>, NetNs, AnswersTo<Asked>>
  /**
   * The same, with holes that are declared where they are used: `hole.name('ns')`. `Values` says which there are.
   */
  prepare<Values extends Fills<Values> = HoleValues, Asked extends AskedFor = AskedFor>(
    describe: (batch: BatchBuilder<NetNs>, hole: HoleMaker<Values>) => Asked,
    options?: BatchOptions,
  ): PreparedBatch<Values, NetNs, AnswersTo<Asked>>
  prepare(...given: never[]): unknown {
    const make: MakeNetNs<NetNs> = (...made) => new NetNs(...made)
    return prepare(this[handleOf], make, given)
  }

  /**
   * Deletes the namespace: unpins it and closes the handle. The kernel frees it with its devices when nothing else refers
   * to it. For an anonymous one `close` is enough.
   * @param options - `force: true` to succeed if the pin is removed already.
   * @throws NetloomError: `ENOENT` if the pin is removed already; `ESTALE` if another namespace has taken its name. The
   *   handle stays open then.
   */
  async delete(options?: DeleteOptions): Promise<void> {
    const { force, call } = splitForce(options)
    const handle = this[handleOf]
    if (force && !handle.isOpen) return
    handle.use('NetNs.delete')
    const pin = this.#pin
    if (pin !== undefined) await forgiving(force, deleteNetns(pin, handle, call))
    else if (!this.ephemeral) throw notPinned(handle)
    handle.close()
  }

  /** The path, unless it is a file in /proc: those belong to processes and threads, and are no pins. */
  get #pin(): string | undefined {
    return this.path?.startsWith('/proc/') === true ? undefined : this.path
  }

  /** Closes the handle, and unpins an ephemeral namespace. Calls under way finish. May be called again. */
  close(): void {
    this[handleOf].close()
  }

  /** For `using`: `close`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** For `await using`: deletes an ephemeral namespace, or closes the handle of any other. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.ephemeral && this.path !== undefined && this[handleOf].isOpen) {
      try {
        await deleteNetns(this.path, this[handleOf])
      } catch (error) {
        // Another program has deleted it, or has reused its name: nothing of ours is left to remove.
        const gone = error instanceof NetloomError && error.code === 'ESTALE'
        if (!gone && !isNotFound(error)) throw error
      }
    }
    this.close()
  }
}
