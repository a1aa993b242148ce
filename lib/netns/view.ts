// View: what a network namespace holds and shows, whose handle is open.
import { readdir, readFile, readlink, type ReadFileOptions } from '../files/read'
import { Sysctl } from '../files/sysctl'
import { Sysfs } from '../files/sysfs'
import type { CallOptions } from '../native/jobs'
import { Ethtool } from '../ethtool/ethtool'
import { handleOf, type NetnsHandle, type NetnsTarget } from '../native/netns_handle'
import { Netlink, netlinkKeys, type NetlinkOptions, type NetlinkProtocol } from '../netlink/netlink'
import { destroySockets, listSockets, type DestroyedSockets, type SocketInfo } from '../diag/sockets'
import type { InetSocketInfo } from '../diag/inet'
import type { SocketProtocol, SocketsOptions } from '../diag/options'
import { Addresses } from '../route/addresses'
import { Links } from '../route/links'
import { Neighbors } from '../route/neighbors'
import { Routes } from '../route/routes'
import { Rules } from '../route/rules'
import { Taps } from '../taps/taps'
import { impair, type Impairment } from '../tc/impair'
import { Classes, Filters, Qdiscs } from '../tc/resources'
import type { Device } from '../wire/device'
import { checkKeys } from '../wire/invalid'

/** What one sees in a network namespace and sets there: its devices and tables, its sysctls and files, who is connected. */
export abstract class View implements NetnsTarget {
  /** @internal */
  readonly [handleOf]: NetnsHandle
  /** Its network devices. */
  readonly links: Links
  /** The IP addresses of its devices. */
  readonly addresses: Addresses
  /** Its routes. */
  readonly routes: Routes
  /** Its neighbor tables (ARP, NDP). */
  readonly neighbors: Neighbors
  /** Its routing policy rules. */
  readonly rules: Rules
  /** Its name under `/run/netns`, if it was created or opened by name. */
  abstract readonly name: string | undefined
  #taps: Taps | undefined
  #qdiscs: Qdiscs | undefined
  #classes: Classes | undefined
  #filters: Filters | undefined
  #sysctl: Sysctl | undefined
  #sysfs: Sysfs | undefined
  #ethtool: Ethtool | undefined

  /** @internal */
  protected constructor(handle: NetnsHandle) {
    this[handleOf] = handle
    this.links = new Links(handle)
    this.addresses = new Addresses(handle)
    this.routes = new Routes(handle)
    this.neighbors = new Neighbors(handle)
    this.rules = new Rules(handle)
  }

  /** Its TUN and TAP devices, as streams of packets. */
  get taps(): Taps {
    return (this.#taps ??= new Taps(this[handleOf]))
  }

  /** Queueing disciplines: what packets wait in before they are sent (tc(8)). */
  get qdiscs(): Qdiscs {
    return (this.#qdiscs ??= new Qdiscs(this[handleOf]))
  }

  /** The classes of queueing disciplines. */
  get classes(): Classes {
    return (this.#classes ??= new Classes(this[handleOf]))
  }

  /** What sorts packets into classes, and does something with them. */
  get filters(): Filters {
    return (this.#filters ??= new Filters(this[handleOf]))
  }

  /**
   * Impairs a device, for tests: delay, loss and the like (netem), a rate (tbf), for what goes out, comes in, or both. What was
   * there of an impairment before goes; `undefined` takes it away. For what comes in it makes a device `impairN` (ifb), and
   * the qdisc clsact.
   * @throws TypeError, RangeError for a wrong option, by name; NetloomError: `EEXIST` if the device has a root qdisc, or for
   *   what comes in an ingress or clsact, that is not of `impair`; NetlinkError: `ENODEV`, or `ENOENT` that says which module the kernel lacks. Nothing is left then.
   * @example
   * await ns.impair('eth0', { delayMilliseconds: 50, lossPercent: 1 })
   * await ns.impair('eth0', undefined)
   */
  async impair(dev: Device, impairment: Impairment | undefined, call?: CallOptions): Promise<void> {
    return impair(this[handleOf], dev, impairment, call)
  }

  /** What its devices do by themselves (ethtool). */
  get ethtool(): Ethtool {
    return (this.#ethtool ??= new Ethtool(this[handleOf]))
  }

  /**
   * One protocol of netlink in the namespace, for what this library has no words for: requests, and what the kernel tells
   * groups (netlink(7)). `netloom/netlink` has what messages are encoded with, and families declared as tables.
   * @throws TypeError, RangeError for a wrong protocol or option.
   * @example
   * const families = await ns.netlink('generic').dump({ type: 16, name: 'CTRL_CMD_GETFAMILY', payload: Buffer.of(3, 2, 0, 0) })
   */
  netlink(protocol: NetlinkProtocol, options: NetlinkOptions = {}): Netlink {
    checkKeys(options, netlinkKeys)
    return new Netlink(this[handleOf], protocol, options)
  }

  /**
   * Lists the sockets in the namespace, whoever has them: what `ss` shows. The kernel filters (sock_diag(7)).
   * @throws TypeError, RangeError for a wrong option; NetloomError: `ENODEV`, `EPROTONOSUPPORT` for a kind that this kernel
   *   does not list; NetlinkError: `EPERM` (`mark` takes CAP_NET_ADMIN); AbortError.
   * @example
   * const servers = await red.sockets({ protocol: 'tcp', state: 'listen', localPort: 80, processes: true })
   */
  async sockets<Protocol extends SocketProtocol = 'tcp' | 'udp'>(
    options?: SocketsOptions<Protocol>,
    call?: CallOptions,
  ): Promise<SocketInfo<Protocol>[]> {
    return listSockets(this[handleOf], options, call)
  }

  /**
   * Ends sockets in the namespace, whoever has them, as `ss -K` does: their owners get `ECONNABORTED`. Those that end by
   * themselves meanwhile are no error.
   * @returns Those that the kernel was told to end, as they were before.
   * @throws TypeError, RangeError for a wrong option, or none; NetlinkError: `EPERM`, `EOPNOTSUPP` (the kernel is built
   *   without INET_DIAG_DESTROY); what `sockets` throws.
   * @example
   * await red.destroySockets({ protocol: 'tcp', remoteAddress: '10.0.0.2' })
   */
  async destroySockets(options: DestroyedSockets, call?: CallOptions): Promise<InetSocketInfo[]> {
    return destroySockets(this[handleOf], options, call)
  }

  /** Its sysctls, those below `net`. */
  get sysctl(): Sysctl {
    return (this.#sysctl ??= new Sysctl(this[handleOf]))
  }

  /** Its view of sysfs: the attributes of its devices. */
  get sysfs(): Sysfs {
    return (this.#sysfs ??= new Sysfs(this[handleOf]))
  }

  /**
   * Reads a file as the namespace shows it: below `/proc/net` (also as `/proc/self/net`), `/proc/sys/net`, `/sys`, and
   * `/etc`, where `/etc/netns/NAME` lies over it as for `ip netns exec`.
   * @throws TypeError for other paths, which are the same in every namespace; NetloomError: `ENOENT`, `EACCES` …
   * @example
   * const connections = await ns.readFile('/proc/net/tcp', 'utf8')
   */
  async readFile(path: string, options?: null | (ReadFileOptions & { encoding?: null | undefined })): Promise<Buffer>
  async readFile(
    path: string,
    options: BufferEncoding | (ReadFileOptions & { encoding: BufferEncoding }),
  ): Promise<string>
  async readFile(path: string, options?: BufferEncoding | null | ReadFileOptions): Promise<string | Buffer> {
    return readFile(this[handleOf], path, options)
  }

  /**
   * Where a symbolic link leads, of the paths that `readFile` takes.
   * @example
   * await ns.readlink('/sys/class/net/eth0')
   */
  async readlink(path: string, options?: CallOptions): Promise<string> {
    return readlink(this[handleOf], path, options)
  }

  /**
   * The names in a directory, of the paths that `readFile` takes.
   * @example
   * const devices = await ns.readdir('/sys/class/net')
   */
  async readdir(path: string, options?: CallOptions): Promise<string[]> {
    return readdir(this[handleOf], path, options)
  }
}
