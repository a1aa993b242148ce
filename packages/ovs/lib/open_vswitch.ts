// A switch: Open vSwitch, reached by its database, or launched.
import { EventEmitter } from 'node:events'
import { dirname } from 'node:path'
import { NetNs } from 'netloom'
import { wrongType } from 'netloom/errors'
import { checkKeys } from 'netloom/values'
import { checkCall } from './ovsdb/calls'
import type { OvsdbConnectOptions } from './ovsdb/client'
import { tell } from './ovsdb/events'
import { Bridges } from './bridges'
import type { OvsCallOptions } from './call'
import { Database } from './database'
import { Flows } from './flows'
import { Interfaces } from './interfaces'
import { launch, type Launched, type LaunchOptions } from './launch/launch'
import { Mirrors } from './mirrors'
import { Ports } from './ports'
import { Settings } from './settings'
import { Staleness } from './staleness'
import { Watch, type OvsChange, type WatchOptions } from './watch'

/** Options for the connection to a running switch. */
export interface OvsConnectOptions extends Omit<OvsdbConnectOptions, 'database' | 'remotes' | 'leaderOnly'> {
  /** Where its database is: `unix:PATH`, `tcp:HOST:PORT` or `ssl:HOST:PORT`. Default: `unix:/run/openvswitch/db.sock`. */
  readonly remotes?: string | readonly string[] | undefined
  /** The directory of the bridges' sockets for `flows`. Default: that of the database's socket, or /run/openvswitch. */
  readonly runDir?: string | undefined
  /**
   * The namespace in which the switch runs. With it, a device that was deleted and created again is detected at once; without
   * it, within some tenths of a second.
   */
  readonly netns?: NetNs | undefined
}

/** The processes of a switch that was launched; undefined for one that could not be started. */
export interface OvsProcesses {
  /** ovsdb-server. */
  readonly server: number | undefined
  /** ovs-vswitchd. */
  readonly switchd: number | undefined
}

/** The events of a switch. */
export interface OpenVswitchEvents {
  /** A program of a launched switch has ended by itself: no change is applied any more. */
  exit: [reason: Error]
}

const systemDir = '/run/openvswitch'
const connectKeys = [
  'remotes runDir netns tls dial persistent connectTimeout probeInterval backoff messageLimit signal timeout',
].flatMap((line) => line.split(' '))

function runDirOf(remotes: string | readonly string[]): string {
  const unix = [remotes].flat().find((remote) => typeof remote === 'string' && remote.startsWith('unix:'))
  return unix === undefined ? systemDir : dirname(unix.slice('unix:'.length))
}

/**
 * Open vSwitch, without ovs-vsctl and ovs-ofctl: each call is one transaction on the switch's database, and resolves when the
 * switch has applied it.
 * @example
 * await using ovs = await OpenVswitch.connect()
 * await ovs.bridges.add({ name: 'br0' })
 * await ovs.ports.add({ bridge: 'br0', name: 'eth1', tag: 10 })
 */
export class OpenVswitch extends EventEmitter<OpenVswitchEvents> implements AsyncDisposable {
  /** The bridges. */
  readonly bridges: Bridges
  /** The ports of all bridges. */
  readonly ports: Ports
  /** The interfaces of all ports, with their state and counters. */
  readonly interfaces: Interfaces
  /** The mirrors of all bridges. */
  readonly mirrors: Mirrors
  /** The flows of all bridges (OpenFlow). */
  readonly flows: Flows
  /** The settings of the switch as a whole. */
  readonly settings: Settings
  /** The directory of its sockets. */
  readonly runDir: string
  /** The namespace in which it runs, if that is known. */
  readonly netns: NetNs | undefined
  /** The processes of a switch that was launched. */
  readonly pids: OvsProcesses | undefined
  readonly #database: Database
  readonly #launched: Launched | undefined
  #closed: Promise<void> | undefined

  private constructor(database: Database, runDir: string, netns: NetNs | undefined, launched?: Launched) {
    super()
    this.#database = database
    this.#launched = launched
    this.runDir = runDir
    this.netns = netns
    const staleness = new Staleness(database, netns)
    this.bridges = new Bridges(database)
    this.ports = new Ports(database, staleness)
    this.interfaces = new Interfaces(database)
    this.mirrors = new Mirrors(database)
    this.flows = new Flows(database, runDir)
    this.settings = new Settings(database)
    if (launched === undefined) return
    const [server, switchd] = launched.daemons
    this.pids = { server: server.pid, switchd: switchd.pid }
    for (const daemon of launched.daemons) {
      void daemon.ended.then(() => {
        if (this.#closed === undefined) tell(() => this.emit('exit', new Error(daemon.end ?? `${daemon.name} ended`)))
      })
    }
  }

  /**
   * Connects to a switch that runs already.
   * @throws OvsdbConnectionError if there is none, unless `persistent`; TypeError or RangeError for options that cannot be right.
   */
  static async connect(options: OvsConnectOptions = {}): Promise<OpenVswitch> {
    checkCall(options, connectKeys)
    const { remotes = `unix:${systemDir}/db.sock`, runDir, netns, ...others } = options
    if (runDir !== undefined && typeof runDir !== 'string') throw wrongType('runDir', 'a path', runDir)
    if (netns !== undefined && !(netns instanceof NetNs)) throw wrongType('netns', 'a NetNs', netns)
    const database = await Database.open({ ...others, remotes })
    return new OpenVswitch(database, runDir ?? runDirOf(remotes), netns)
  }

  /**
   * Starts a new switch: ovsdb-server and ovs-vswitchd, as children in a namespace of their own, with all their files in one
   * directory. Resolves when it is ready; `close` ends them and removes their files. If this process ends first, the kernel ends
   * them (if the program `setpriv` is installed), and the directory stays. Needs root, and no kernel module if its bridges are of
   * `datapathType: 'netdev'`.
   * @throws NetloomError: `ERR_NETLOOM_OVS_NOT_INSTALLED`; `ERR_NETLOOM_OVS_LAUNCH` with the program's words if one of them ends;
   *   AbortError if it takes longer than `timeout` (default: 10 s).
   * @example
   * await using ovs = await OpenVswitch.launch()
   * await ovs.bridges.add({ name: 'br0', datapathType: 'netdev' })
   */
  static async launch(options: LaunchOptions = {}): Promise<OpenVswitch> {
    const launched = await launch(options)
    return new OpenVswitch(launched.database, launched.dir, launched.netns, launched)
  }

  /** Whether there is a connection to the database now. */
  get connected(): boolean {
    return this.#database.client.connected
  }

  /**
   * Resolves when the switch runs, and has applied the whole configuration so far.
   * @throws AbortError after `timeout`, if no switch applies it.
   */
  async ready(call?: OvsCallOptions): Promise<void> {
    checkCall(call)
    await this.#database.settle('ready', call)
  }

  /**
   * The changes of bridges, ports and interfaces from now on, by any program. It ends when it is left, when `signal` or
   * `timeout` end it (AbortError), when the switch is closed, or when more than 10,000 changes wait to be taken.
   * @example
   * for await (const { kind, type, name } of ovs.watch({ signal })) console.log(type, kind, name) // add port veth-r
   */
  watch(options?: WatchOptions): AsyncIterableIterator<OvsChange, undefined> & AsyncDisposable {
    if (options !== undefined) checkKeys(options, new Set(['signal', 'timeout', 'statistics']))
    return new Watch(this.#database, options)
  }

  /** Closes the connections. Ends a launched switch, and removes its files. */
  async close(): Promise<void> {
    this.#closed ??= this.#close()
    await this.#closed
  }

  /** The same as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    this.flows.close()
    if (this.#launched === undefined) await this.#database.close()
    else await this.#launched[Symbol.asyncDispose]()
  }
}
