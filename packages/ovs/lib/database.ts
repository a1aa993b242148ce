// The switch's database: its rows in memory, and changes that resolve when the switch has applied them.
import { AbortError } from 'netloom/errors'
import { Call, type OvsdbCallOptions } from './ovsdb/calls'
import { OvsdbClient, type OvsdbConnectOptions } from './ovsdb/client'
import type { OpenVswitch } from './ovsdb/index'
import type { Replica, ReplicaTable } from './ovsdb/replica'
import type { Outcome, RowSelection } from './ovsdb/transaction'
import type { RowOf } from './ovsdb/types'
import type { Tx } from './columns'
import { switchGone } from './errors'

const monitored = {
  Open_vSwitch: true,
  Bridge: true,
  Port: true,
  Interface: true,
  Mirror: true,
  QoS: true,
  Queue: true,
  Controller: true,
  Manager: true,
  NetFlow: true,
  sFlow: true,
  IPFIX: true,
} as const

/** The tables that are in memory. */
export type MonitoredTable = keyof typeof monitored

type Rows = { readonly [Name in MonitoredTable]: RowOf<OpenVswitch.Tables, Name> }

/** The owners of rows: the bridge of a port, the port of an interface. */
interface Owners {
  readonly bridges: ReadonlyMap<string, OpenVswitch.Bridge>
  readonly ports: ReadonlyMap<string, OpenVswitch.Port>
}

/** The client, the rows, and what the switch has applied. */
export class Database {
  readonly client: OvsdbClient<OpenVswitch.Tables>
  readonly replica: Replica<Rows>
  readonly #losses = new Set<() => void>()
  #owners: Owners | undefined
  #gone: string | undefined

  private constructor(client: OvsdbClient<OpenVswitch.Tables>, replica: Replica<Rows>) {
    this.client = client
    this.replica = replica
    replica.on('change', () => {
      this.#owners = undefined
    })
  }

  static async open(options: Omit<OvsdbConnectOptions, 'database'>): Promise<Database> {
    const client = await OvsdbClient.connect<OpenVswitch.Tables>({ ...options, database: 'Open_vSwitch' })
    try {
      const { signal, timeout } = options
      return new Database(client, await client.monitor(monitored, { signal, timeout }))
    } catch (error) {
      await client.close()
      throw error
    }
  }

  table<Name extends MonitoredTable>(name: Name): ReplicaTable<Rows[Name]> {
    return this.replica.table(name)
  }

  /** The one row of the table Open_vSwitch. */
  get root(): OpenVswitch.Open_vSwitch | undefined {
    const [root] = this.table('Open_vSwitch')
    return root
  }

  /** The one row of the table Open_vSwitch for a transaction, which makes it if there is none. */
  rootIn(tx: Tx): RowSelection<'Open_vSwitch'> {
    if (this.root === undefined) tx.insert('Open_vSwitch', {})
    return tx.rows('Open_vSwitch')
  }

  /** Rows by what refers to them. */
  get owners(): Owners {
    this.#owners ??= {
      bridges: new Map([...this.table('Bridge')].flatMap((bridge) => bridge.ports.map((port) => [port, bridge]))),
      ports: new Map([...this.table('Port')].flatMap((port) => port.interfaces.map((each) => [each, port]))),
    }
    return this.#owners
  }

  /** Waits until the rows in memory are as new as the server's. */
  async look(options: OvsdbCallOptions | undefined): Promise<this> {
    try {
      // The server sends all notifications of changes before its answer.
      await this.client.echo(options)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ERR_NETLOOM_CLOSED') this.#checkLost('ovs', 'none')
      throw error
    }
    return this
  }

  /** Marks the switch as ended: no change is applied any more; without the server, nothing can be read either. */
  async lose(why: string, what: 'switch' | 'server'): Promise<void> {
    this.#gone ??= why
    for (const listener of [...this.#losses]) listener()
    if (what === 'server') await this.client.close()
  }

  /**
   * Carries out what a function writes into a transaction, and waits until the switch has applied it. The function may run
   * again, even after the transaction may have been applied: so it has to look at the rows first. Does not wait if it writes nothing.
   */
  async apply<T>(operation: string, write: (tx: Tx) => T, options?: OvsdbCallOptions): Promise<T> {
    using call = new Call(operation, options)
    call.check()
    this.#checkLost(operation, 'none')
    const end = new AbortController()
    const abort = (): void => {
      end.abort()
    }
    call.onEnd(abort)
    this.#losses.add(abort)
    let sent = false
    try {
      let runs = 0
      const { result, wanted } = await this.client.transaction(
        (tx) => {
          runs++
          const result = write(tx)
          return { result, wanted: tx.operations.length === 0 ? undefined : this.#count(tx) }
        },
        { idempotent: true, signal: end.signal },
      )
      sent = true
      if (wanted !== undefined) await this.#applied(wanted.value[0]?.next_cfg ?? 0n, end.signal)
      else if (runs > 1) await this.#applied(this.root?.next_cfg ?? 0n, end.signal)
      return result
    } catch (error) {
      if (!(error instanceof AbortError)) throw error
      const outcome = sent || error.outcome !== 'none' ? 'unknown' : 'none'
      this.#checkLost(operation, outcome)
      throw call.error(outcome)
    } finally {
      this.#losses.delete(abort)
    }
  }

  #checkLost(operation: string, outcome: 'none' | 'unknown'): void {
    if (this.#gone !== undefined) throw switchGone(operation, this.#gone, outcome)
  }

  /** Has the switch apply its configuration without a change. */
  async settle(operation: string, options?: OvsdbCallOptions): Promise<void> {
    await this.apply(
      operation,
      (tx) => {
        tx.comment('netloom: is everything applied?')
      },
      options,
    )
  }

  // The switch copies `next_cfg` to `cur_cfg` when it has applied the configuration of that number.
  #count(tx: Tx): Outcome<readonly Pick<OpenVswitch.Open_vSwitch, 'next_cfg' | '_uuid'>[]> {
    const root = this.rootIn(tx)
    tx.mutate(root, { next_cfg: { '+=': 1 } })
    return tx.select(root, ['next_cfg'])
  }

  async #applied(wanted: bigint, signal: AbortSignal): Promise<void> {
    await this.replica.until(() => (this.root?.cur_cfg ?? 0n) >= wanted, { signal })
  }

  async close(): Promise<void> {
    await this.client.close()
  }
}
