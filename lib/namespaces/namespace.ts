// Namespace: the public face of one namespace of any of the eight kinds.
import { types } from 'node:util'
import { NetloomError } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import {
  askKind,
  endFirst,
  openKind,
  openRelative,
  pinKind,
  type NamespaceKind,
  type OfKind,
} from '../native/kind_jobs'
import { wrapHandle, type NetnsHandle, type NetnsIdentity } from '../native/netns_handle'
import { deleteNetns, runInside } from '../native/netns_jobs'
import { NetNs } from '../netns/netns'
import { wrongType } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { checkPath } from '../wire/text'
import { checkHostName, checkKind, readOffsets, type NamespaceMembers, type TimeOffsets } from './create'
import { listNamespaces, type NamespaceEntry } from './list_namespaces'
import { createNamespaceSet, type NamespaceSet } from './set'
import { cannotEnter, hintOf } from './refusals'

/**
 * A namespace that is open, of any kind. It lives as long as something holds it: a process in it, a pin, or an open handle
 * such as this one. See namespaces(7). Network namespaces have a class of their own, `NetNs`, to which `netns` leads.
 * @example
 * await using set = await Namespace.create({ uts: { hostname: 'box' }, ipc: true })
 * console.log(await set.uts.hostname()) // box
 */
export class Namespace<Kind extends NamespaceKind = NamespaceKind> {
  /** Which of the eight kinds it is. */
  readonly kind: Kind
  readonly #handle: NetnsHandle

  private constructor(kind: Kind, handle: NetnsHandle) {
    this.kind = kind
    this.#handle = handle
  }

  /** @internal */
  static [wrapHandle]<Kind extends NamespaceKind>({ kind, handle }: OfKind): Namespace<Kind> {
    return new Namespace(kind as Kind, handle)
  }

  /**
   * Creates namespaces of several kinds at once: all of them, or none if one fails. With `user` the others belong to that
   * user namespace, and anybody may do it. Nothing is in them but, with `pid`, the first process: it reaps, and ends with
   * the handle of the pid namespace or with this process, and then the kernel ends all others there.
   * @throws TypeError, RangeError for a wrong member; NetloomError: `EPERM` (CAP_SYS_ADMIN is missing, and `user`), `ENOSPC`
   *   (user.max_…_namespaces), and where user namespaces are forbidden an error that names the setting.
   * @example
   * await using box = await Namespace.create({ net: true, pid: true, uts: { hostname: 'box' }, user: true })
   * await box.net.links.set('lo', { up: true })
   */
  static async create<Members extends NamespaceMembers>(
    members: Members,
    options?: CallOptions,
  ): Promise<NamespaceSet<Members>> {
    return createNamespaceSet(members, options)
  }

  /**
   * The namespace behind a path, of whatever kind it is: `/proc/1234/ns/uts`, or a pin.
   * @throws NetloomError: `ENOENT` (also for a pid namespace whose first process is still to begin); `EINVAL` if it is none.
   */
  static async fromPath(path: string, options?: CallOptions): Promise<Namespace> {
    checkPath(path)
    checkCallOptions(options)
    return Namespace[wrapHandle](await openKind('Namespace.fromPath', { path }, undefined, options))
  }

  /**
   * The namespace behind a descriptor, which stays the caller’s.
   * @throws NetloomError: `EBADF`; `EINVAL` if it is none.
   */
  static async fromFd(fd: number, options?: CallOptions): Promise<Namespace> {
    checkInteger(fd, 0, 0x7fffffff, 'fd')
    checkCallOptions(options)
    return Namespace[wrapHandle](await openKind('Namespace.fromFd', { fd }, undefined, options))
  }

  /**
   * The namespace of this kind of a process. Safe against a number that is given to another process meanwhile.
   * @throws NetloomError: `ESRCH` if there is no such process; `EACCES` if this one may not look.
   * @example
   * const uts = await Namespace.fromPid(child.pid, 'uts')
   */
  static async fromPid<Kind extends NamespaceKind>(
    pid: number,
    kind: Kind,
    options?: CallOptions,
  ): Promise<Namespace<Kind>> {
    checkInteger(pid, 1, 0x7fffffff, 'pid')
    checkKind(kind)
    checkCallOptions(options)
    return Namespace[wrapHandle]<Kind>(await openKind('Namespace.fromPid', { pid }, kind, options))
  }

  /**
   * The namespace of this kind of a thread, by its tid as in `/proc/PID/task`.
   * @throws NetloomError: `ESRCH` if there is no such thread.
   */
  static async fromThread<Kind extends NamespaceKind>(
    tid: number,
    kind: Kind,
    options?: CallOptions,
  ): Promise<Namespace<Kind>> {
    checkInteger(tid, 1, 0x7fffffff, 'tid')
    checkKind(kind)
    checkCallOptions(options)
    return Namespace[wrapHandle]<Kind>(await openKind('Namespace.fromThread', { tid }, kind, options))
  }

  /**
   * All namespaces of the machine that can be seen in /proc, as `lsns` lists them, and those that only a pin or a descriptor
   * keeps. Takes some milliseconds for each hundred processes.
   * @example
   * for (const { kind, inode, processes, command } of await Namespace.list()) console.log(kind, inode, processes, command)
   */
  static async list(options?: CallOptions): Promise<NamespaceEntry[]> {
    return listNamespaces(options)
  }

  /**
   * Unpins whatever namespace is pinned at a path, and removes the file.
   * @throws NetloomError: `ENOENT`; `EINVAL` if no namespace is there.
   */
  static async unpin(path: string, options?: CallOptions): Promise<void> {
    checkPath(path)
    checkCallOptions(options)
    const { handle } = await openKind('Namespace.unpin', { path }, undefined, options)
    try {
      await deleteNetns(path, handle, options)
    } finally {
      handle.close()
    }
  }

  /** The device and inode of the namespace, which are the same for every handle to it. */
  get identity(): NetnsIdentity {
    return this.#handle.identity
  }

  /** Whether the handle is closed. */
  get closed(): boolean {
    return !this.#handle.isOpen
  }

  /** Whether this and `other` are handles to one namespace. */
  equals(other: Namespace | NetNs): boolean {
    if (!(other instanceof Namespace) && !(other instanceof NetNs)) throw wrongType('other', 'a Namespace', other)
    const { device, inode } = other.identity
    return device === this.identity.device && inode === this.identity.inode
  }

  /**
   * Pins the namespace at a path, as `unshare --uts=FILE` does: a file that is made, and the namespace mounted on it. It
   * stays until `Namespace.unpin`. A mount namespace can be pinned only on a private mount, and only where it is newer than
   * the one in which it is pinned, as those of `Namespace.create` are; a pid namespace is of use only as long as its first process lives.
   * @throws NetloomError: `EEXIST`; `EPERM`; `EINVAL` where the kernel refuses it, with the reason.
   */
  async pin(path: string, options?: CallOptions): Promise<void> {
    checkPath(path)
    checkCallOptions(options)
    const about = this.#about('pin')
    return pinKind({ ...about, detail: path, hint: hintOf(this.kind, 'pin') }, this.#handle, path, options)
  }

  /**
   * Runs a synchronous function with this thread inside, and returns what it returns: for net, uts, ipc and cgroup. What
   * happens later, and what libuv’s pool does, is never inside.
   * @throws NetloomError: `ERR_NETLOOM_CANNOT_ENTER` for mnt, pid, user and time, into which no thread of Node can go: the
   *   message says why, and what to do instead. TypeError if the function is asynchronous.
   * @example
   * const name = uts.run(() => os.hostname())
   */
  run<Result>(inside: () => Result): Result {
    if (typeof inside !== 'function') throw wrongType('fn', 'a function', inside)
    if (types.isAsyncFunction(inside) || types.isGeneratorFunction(inside))
      throw wrongType('fn', 'a synchronous function', inside)
    const kind: NamespaceKind = this.kind
    if (kind !== 'net' && kind !== 'uts' && kind !== 'ipc' && kind !== 'cgroup') {
      const { operation, netns } = this.#about('run')
      throw new NetloomError(`${operation}: ${cannotEnter[kind]}`, 'ERR_NETLOOM_CANNOT_ENTER', { operation, netns })
    }
    const result = runInside('Namespace.run', this.#handle, inside, kind)
    if (typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function') {
      // It is refused, so nobody else will handle its failure.
      void Promise.resolve(result).catch(() => undefined)
      throw wrongType('fn', 'a synchronous function', inside)
    }
    return result
  }

  /**
   * The user namespace that this one belongs to (NS_GET_USERNS); of a user namespace, its parent.
   * @throws NetloomError: `EPERM` if that is above the one in which this process is.
   */
  async owner(options?: CallOptions): Promise<Namespace<'user'>> {
    checkCallOptions(options)
    return Namespace[wrapHandle]<'user'>(
      await openRelative({ ...this.#about('owner'), hint: hintOf(this.kind, 'owner') }, this.#handle, false, options),
    )
  }

  /**
   * The namespace above this one (NS_GET_PARENT): of pid and user namespaces.
   * @throws NetloomError: `EPERM` if that is above the one in which this process is; `EINVAL` for other kinds.
   */
  async parent(options?: CallOptions): Promise<Namespace<Kind>> {
    checkCallOptions(options)
    return Namespace[wrapHandle]<Kind>(
      await openRelative({ ...this.#about('parent'), hint: hintOf(this.kind, 'parent') }, this.#handle, true, options),
    )
  }

  /**
   * The user who created a user namespace (NS_GET_OWNER_UID): who has every capability in it.
   * @throws NetloomError: `EINVAL` for other kinds.
   */
  async ownerUid(options?: CallOptions): Promise<number> {
    return Number(await this.#ask('ownerUid', 'owner', undefined, options))
  }

  /**
   * The host name of a uts namespace.
   * @throws NetloomError: `EINVAL` for other kinds, `EPERM`.
   */
  async hostname(options?: CallOptions): Promise<string> {
    return this.#ask('hostname', 'host', undefined, options)
  }

  /** Sets the host name of a uts namespace, 1 to 64 bytes. */
  async setHostname(name: string, options?: CallOptions): Promise<void> {
    await this.#ask('setHostname', 'host', checkHostName(name, 'name'), options)
  }

  /** The NIS domain name of a uts namespace. */
  async domainname(options?: CallOptions): Promise<string> {
    return this.#ask('domainname', 'domain', undefined, options)
  }

  /** Sets the NIS domain name of a uts namespace, 1 to 64 bytes. */
  async setDomainname(name: string, options?: CallOptions): Promise<void> {
    await this.#ask('setDomainname', 'domain', checkHostName(name, 'name'), options)
  }

  /**
   * By how many seconds the clocks of a time namespace are ahead of those of the machine. They are set when it is created.
   * @throws NetloomError: `EINVAL` for other kinds, `EPERM`.
   */
  async offsets(options?: CallOptions): Promise<Required<Record<keyof TimeOffsets, number>>> {
    return readOffsets(await this.#ask('offsets', 'offsets', undefined, options))
  }

  /** Closes the handle; may be called again. Of a pid namespace that was created here, all processes end. */
  close(): void {
    this.#handle.close()
  }

  /** For `using`: `close`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** For `await using`: `close`; waits for the end of the processes of a pid namespace that was created here. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.kind === 'pid' && !this.closed) await endFirst(this.#about('close'), this.#handle)
    this.close()
  }

  #about(method: string): { operation: string; netns: string } {
    return { operation: `Namespace.${method}`, netns: this.#handle.label }
  }

  async #ask(
    method: string,
    what: Parameters<typeof askKind>[2],
    change: string | undefined,
    options?: CallOptions,
  ): Promise<string> {
    checkCallOptions(options)
    const about = { ...this.#about(method), hint: hintOf(this.kind, method) }
    if (needs[what] === this.kind) return askKind(about, this.#handle, what, change, options)
    const { operation, netns } = about
    const message = `EINVAL: ${operation}: ${netns} is no ${needs[what]} namespace`
    throw new NetloomError(message, 'EINVAL', { operation, netns, errno: EINVAL })
  }
}

const EINVAL = 22
/** Which kind has what can be asked. */
const needs = { owner: 'user', host: 'uts', domain: 'uts', offsets: 'time' } as const
