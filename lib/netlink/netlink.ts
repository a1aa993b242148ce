// Netlink: one protocol of netlink in a namespace, whichever it is: requests, and what the kernel tells groups.
import { AbortError, closedError, systemError, type NetloomError } from '../errors'
import { errnoNumber } from '../errno'
import { Datagrams, mostAtOnce, Possible, Slab, wordOf } from '../native/datagrams'
import { iterate } from '../native/iteration'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { openSubscription } from '../native/subscription_jobs'
import type { AttributeTable } from '../wire/attributes'
import { checkInteger } from '../wire/integers'
import { wrongType, wrongValue } from '../wire/invalid'
import type { Fields } from '../wire/struct'
import { NETLINK, NLMSG } from './constants'
import { forEachMessage } from './message'
import { perform } from './perform'
import { acknowledged, answered, dumped, NetlinkMessage, type NetlinkRequest } from './requests'

/** A protocol of netlink (NETLINK_): its number, or a name for the usual ones. */
export type NetlinkProtocol =
  number | 'route' | 'sockDiag' | 'netfilter' | 'generic' | 'xfrm' | 'audit' | 'kobjectUevent'

const protocols: Readonly<Record<Exclude<NetlinkProtocol, number>, number>> = {
  route: NETLINK.ROUTE,
  sockDiag: NETLINK.SOCK_DIAG,
  xfrm: 6,
  audit: 9,
  netfilter: NETLINK.NETFILTER,
  kobjectUevent: 15,
  generic: NETLINK.GENERIC,
}

/** MAX_LINKS of linux/netlink.h: so many protocols are there at most. */
const mostProtocols = 32

/** Options of `NetNs.netlink`. */
export interface NetlinkOptions {
  /**
   * Bytes that may wait in the kernel for who reads what groups are told (SO_RCVBUF); beyond net.core.rmem_max only with
   * CAP_NET_ADMIN. Default: the system's (net.core.rmem_default).
   */
  bufferSize?: number | undefined
}

/** The options that there are. */
export const netlinkKeys = new Set(['bufferSize'])

const ENOBUFS = errnoNumber('ENOBUFS') ?? 0
const EMSGSIZE = errnoNumber('EMSGSIZE') ?? 0
/** Messages are rarely longer; for one that is, the memory grows. */
const usualMessage = 32 * 1024
/** So many times as many messages as are received at once are read in one turn of the event loop. */
const mostDrained = 16

interface Reader {
  readonly resolve: (message: NetlinkMessage | undefined) => void
  readonly reject: (error: Error) => void
}

/**
 * One protocol of netlink in a namespace: requests and, once a group is joined, an async iterable of what the kernel tells it.
 *
 * Extended acknowledgements and strict checking (NETLINK_GET_STRICT_CHK) are on: an error has the kernel's own words. What
 * anybody but the kernel sends is never seen. Requests need nothing to be closed; a joined group does.
 * @example
 * await using route = ns.netlink('route')
 * await route.join(1) // RTNLGRP_LINK
 * for await (const message of route) console.log(message.type, message.decode(link))
 */
export class Netlink implements AsyncIterable<NetlinkMessage>, AsyncDisposable {
  /** The number of its protocol (NETLINK_). */
  readonly protocol: number
  readonly #netns: NetnsHandle
  readonly #bufferSize: number
  #opening: Promise<void> | undefined
  #datagrams: Datagrams | undefined
  #closed = false
  #slab = new Slab(256 * 1024)
  #longest = usualMessage
  #ready: NetlinkMessage[] = []
  #lost: NetloomError | undefined
  /** Whether messages were lost, and not all of those were read since that had room. */
  #draining = false
  readonly #readers: Reader[] = []
  readonly #groups = new Set<number>()

  /** @internal NetNs.netlink */
  constructor(netns: NetnsHandle, protocol: NetlinkProtocol, { bufferSize = 0 }: NetlinkOptions) {
    this.#netns = netns
    this.protocol = protocolNumber(protocol)
    this.#bufferSize = bufferSize === 0 ? 0 : checkInteger(bufferSize, 4096, 0x3fffffff, 'bufferSize')
  }

  /** Whether it is closed. */
  get closed(): boolean {
    return this.#closed
  }

  /** The groups that it is a member of, in the order in which it joined them. */
  get groups(): readonly number[] {
    return [...this.#groups]
  }

  /**
   * Sends a request that the kernel acknowledges (NLM_F_ACK).
   * @throws TypeError, RangeError for a wrong request; NetlinkError with the kernel's refusal; AbortError.
   * @example
   * await ns.netlink('route').request({ type: 17, name: 'RTM_DELLINK', layout: link, header: { index: 2 } })
   */
  async request<H extends Fields, A extends AttributeTable>(
    request: NetlinkRequest<H, A>,
    call?: CallOptions,
  ): Promise<void> {
    return perform(acknowledged(this.protocol, this.#netns, request as never), call)
  }

  /**
   * Sends a request that the kernel answers with one message.
   * @throws What `request` throws.
   * @example
   * const message = await ns.netlink('route').get({ type: 18, name: 'RTM_GETLINK', layout: link, header: { index: 1 } })
   */
  async get<H extends Fields, A extends AttributeTable>(
    request: NetlinkRequest<H, A>,
    call?: CallOptions,
  ): Promise<NetlinkMessage> {
    return perform(answered(this.protocol, this.#netns, request as never), call)
  }

  /**
   * Sends a request for a list (NLM_F_DUMP). One that the kernel says it interrupted is read again.
   * @throws What `request` throws; DumpInterruptedError if things changed at every try.
   * @example
   * const links = await ns.netlink('route').dump({ type: 18, name: 'RTM_GETLINK', layout: link })
   */
  async dump<H extends Fields, A extends AttributeTable>(
    request: NetlinkRequest<H, A>,
    call?: CallOptions,
  ): Promise<NetlinkMessage[]> {
    return perform(dumped(this.protocol, this.#netns, request as never), call)
  }

  /**
   * Becomes a member of a group (NETLINK_ADD_MEMBERSHIP): from now on what the kernel tells it waits to be read.
   * @param group - Its number, such as RTNLGRP_LINK; of a generic family `genericFamily` has them by name.
   * @throws RangeError; NetloomError: `ENOENT`, `EINVAL` (there is no such group), `EPERM`, `ERR_NETLOOM_CLOSED`.
   */
  async join(group: number, call?: CallOptions): Promise<void> {
    checkInteger(group, 1, 0x7fffffff, 'group')
    checkCallOptions(call)
    if (this.#closed) throw this.#closedError('join')
    await this.#opened(call)
    this.#setMembership('join', group, true)
    this.#groups.add(group)
  }

  /**
   * Is no member of a group any more (NETLINK_DROP_MEMBERSHIP). What it was told before can still be read.
   * @throws RangeError; NetloomError: `ERR_NETLOOM_CLOSED`.
   */
  leave(group: number): void {
    checkInteger(group, 1, 0x7fffffff, 'group')
    if (this.#closed) throw this.#closedError('leave')
    if (this.#groups.delete(group)) this.#setMembership('leave', group, false)
  }

  #setMembership(verb: string, group: number, member: boolean): void {
    // It may have been closed while it was opened.
    const found = this.#closed ? undefined : this.#datagrams?.setMembership(group, member)
    if (found === undefined) throw this.#closedError(verb)
    if (found !== 0) throw this.#failure(verb, 'setsockopt', -found, `group ${group}`)
  }

  /** Opens the socket, or waits until it is open: whoever aborts the call that opens it aborts no other's. */
  async #opened(call: CallOptions | undefined): Promise<void> {
    while (this.#opening !== undefined) {
      try {
        await this.#opening
        return
      } catch (error) {
        if (!(error instanceof AbortError)) throw error
      }
    }
    await (this.#opening = this.#open(call))
  }

  async #open(call: CallOptions | undefined): Promise<void> {
    const netns = this.#netns
    const about = { operation: 'netlink.join', netns: netns.label }
    try {
      const number = await openSubscription(about, netns, this.protocol, this.#bufferSize, call)
      const ready = (): void => {
        this.#receive()
      }
      const what = `netlink socket in netns ${netns.label}`
      const of = {
        kind: 'netlink socket',
        what,
        label: netns.label,
        inode: netns.identity.inode,
        opener: Netlink as never,
      } as const
      this.#datagrams = new Datagrams(number, ready, of)
    } catch (error) {
      this.#opening = undefined
      throw error
    }
    if (this.#closed) this.#datagrams.close()
  }

  /**
   * What the kernel tells the groups that it is a member of, until it is closed. Several loops may run, and each message goes
   * to one of them; leaving a loop leaves the socket open. Where messages were lost because nobody read them in time, a loop
   * throws `ENOBUFS`, before those that came after: look again at what is there, and begin another loop. Once, unless they go
   * on to come faster.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<NetlinkMessage> {
    return iterate(() => this.#next())
  }

  async #next(): Promise<NetlinkMessage | undefined> {
    const message = this.#ready.shift()
    if (message !== undefined) return message
    const lost = this.#lost
    this.#lost = undefined
    if (lost !== undefined) throw lost
    if (this.#closed) return undefined
    await this.#opening
    const datagrams = this.#datagrams
    if (datagrams === undefined)
      throw this.#failure('next', undefined, errnoNumber('ENOTCONN') ?? 0, 'join a group first')
    return new Promise((resolve, reject) => {
      this.#readers.push({ resolve, reject })
      datagrams.begin(Possible.read)
    })
  }

  #receive(): void {
    const datagrams = this.#datagrams
    if (datagrams === undefined || this.#readers.length === 0) return
    const errno = this.#draining ? ENOBUFS : this.#take(datagrams)
    if (errno === ENOBUFS) this.#drain(datagrams)
    else if (errno !== undefined && errno !== 0) this.#lost = this.#failure('next', 'recvmsg', errno)
    for (const reader of this.#readers.splice(0, this.#ready.length)) reader.resolve(this.#ready.shift())
    const [reader] = this.#readers
    if (this.#lost !== undefined && reader !== undefined) {
      this.#readers.shift()
      reader.reject(this.#lost)
      this.#lost = undefined
    }
    // The next ones when they are wanted: they wait in the kernel.
    if (this.#readers.length === 0) datagrams.stop(Possible.read)
  }

  /**
   * Reads and drops all that is in the receive buffer: until it is empty the kernel drops further messages without another
   * ENOBUFS. In parts, as messages may arrive as fast as they are read. After the loss the user has to list the objects anyway.
   */
  #drain(datagrams: Datagrams): void {
    const kept = this.#draining ? 0 : this.#ready.length
    let errno: number | undefined = ENOBUFS
    for (let i = 0; i < mostDrained && (errno === ENOBUFS || errno === undefined); i++) {
      errno = this.#take(datagrams)
      this.#ready.length = kept
    }
    this.#draining = errno === ENOBUFS || errno === undefined
    const detail = 'messages were lost: they came faster than they were read'
    this.#lost = this.#failure('next', 'recvmsg', ENOBUFS, detail)
  }

  /** Takes what is there, or a part; undefined if there may be more, 0 if there is none, else the errno of a failure. */
  #take(datagrams: Datagrams): number | undefined {
    const { count, errno } = datagrams.receive(this.#slab, this.#longest, mostAtOnce)
    for (let i = 0; i < count; i++) {
      const group = wordOf(i, 'detail')
      forEachMessage(this.#slab.take(wordOf(i, 'captured')), (received) => {
        if (received.type >= NLMSG.OVERRUN) this.#ready.push(new NetlinkMessage(received, group))
      })
    }
    if (errno === EMSGSIZE) this.#grow(datagrams.lengthOfNext(count))
    return errno === EMSGSIZE || (errno === 0 && count > 0) ? undefined : errno
  }

  #grow(length: number): void {
    this.#longest = 2 * length
    this.#slab = new Slab(Math.max(256 * 1024, 2 * this.#longest))
  }

  #failure(verb: string, syscall: string | undefined, errno: number, detail?: string): NetloomError {
    return systemError({ operation: `netlink.${verb}`, netns: this.#netns.label, syscall, errno, detail })
  }

  #closedError(verb: string): NetloomError {
    return closedError(`netlink.${verb}`, this.#netns.label, 'the netlink socket')
  }

  /** Lets it keep the process alive while somebody waits for messages (as at first). */
  ref(): this {
    this.#datagrams?.keepAlive(true)
    return this
  }

  /** Lets the process end though somebody waits for messages. */
  unref(): this {
    this.#datagrams?.keepAlive(false)
    return this
  }

  /** Leaves all groups: loops end, when they have what had been read. Requests still work. May be called again. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#opening?.catch(() => undefined)
    this.#datagrams?.close()
    this.#groups.clear()
    for (const { resolve } of this.#readers.splice(0)) resolve(undefined)
  }

  /** For `await using`: `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

function protocolNumber(protocol: unknown): number {
  if (typeof protocol === 'number') return checkInteger(protocol, 0, mostProtocols - 1, 'protocol')
  const names = Object.keys(protocols)
  const expected = `a number, or one of ${names.map((name) => `"${name}"`).join(', ')}`
  if (typeof protocol !== 'string') throw wrongType('protocol', expected, protocol)
  if (!Object.hasOwn(protocols, protocol)) throw wrongValue('protocol', expected, protocol)
  return protocols[protocol as keyof typeof protocols]
}
