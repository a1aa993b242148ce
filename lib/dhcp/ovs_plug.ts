// The plug for Open vSwitch: an internal port of the integration bridge, with its VLAN as tag, moved into the namespace. Its checksums are
// right with the userspace datapath too, which those of a veth pair are not.
import { setTimeout as sleep } from 'node:timers/promises'
import type { NetNs } from '../netns/netns'
import { OvsdbClient, type OpenVswitch } from '../ovsdb'
import { dhcpError } from './errors'
import type { Attached, Attachment, Detachment, Plug } from './plug'

/** Where the switch is. */
export interface OvsPlugOptions {
  /** The namespace in which ovs-vswitchd makes devices; the plug closes this handle. */
  readonly netns: NetNs
  /** The bridge. */
  readonly bridge: string
  /** Where its database is. */
  readonly remotes: string | readonly string[]
}

type Tables = OpenVswitch.Tables

/** How long the switch may take to apply something. */
const patienceMs = 10_000

async function monitor(client: OvsdbClient<Tables>) {
  return client.monitor({
    Open_vSwitch: { columns: ['next_cfg', 'cur_cfg'] },
    Bridge: { columns: ['name', 'ports'] },
    Port: { columns: ['name', 'tag'] },
    Interface: { columns: ['name', 'error'] },
  })
}

type Mirror = Awaited<ReturnType<typeof monitor>>

/** Internal ports of a bridge. */
export class OvsPlug implements Plug {
  readonly #host: NetNs
  readonly #bridge: string
  readonly #client: OvsdbClient<Tables>
  readonly #replica: Mirror

  private constructor({ netns, bridge }: OvsPlugOptions, client: OvsdbClient<Tables>, replica: Mirror) {
    this.#host = netns
    this.#bridge = bridge
    this.#client = client
    this.#replica = replica
  }

  static async connect(options: OvsPlugOptions): Promise<OvsPlug> {
    const remotes = typeof options.remotes === 'string' ? options.remotes : [...options.remotes]
    const client = await OvsdbClient.connect<Tables>({ remotes, database: 'Open_vSwitch' })
    try {
      return new OvsPlug(options, client, await monitor(client))
    } catch (error) {
      await client.close()
      throw error
    }
  }

  async attach(to: Attachment): Promise<Attached> {
    const mended: string[] = []
    const { tap, netns, vlan } = to
    const port = this.#replica.table('Port').find({ name: tap })
    const inside = await netns.links.find(tap)
    const bridge = to.bridge ?? this.#bridge
    const whole = port !== undefined && inside !== undefined && this.#isOn(bridge, port._uuid)
    if (!whole) {
      await this.#remove(tap)
      await netns.links.delete(tap, { force: true })
      await this.#insert(to)
      await this.#host.links.set(tap, { netns })
      mended.push(`port ${tap} of the bridge ${bridge}`)
    } else if (port.tag !== (vlan ?? null)) {
      await this.#apply((tx) => tx.update(port, { tag: vlan ?? null }))
      mended.push(`tag of port ${tap}`)
    }
    const mtu = to.mtu === undefined ? {} : { mtu: to.mtu }
    if (!whole || inside.mac !== to.mac || !inside.up || (to.mtu !== undefined && inside.mtu !== to.mtu)) {
      await netns.links.set(tap, { mac: to.mac, ...mtu, up: true })
    }
    return { device: tap, renewed: !whole, mended }
  }

  begin({ tap }: Detachment): string {
    return tap
  }

  async detach({ tap }: Detachment): Promise<void> {
    await this.#remove(tap)
  }

  async close(): Promise<void> {
    await this.#replica.close()
    await this.#client.close()
    this.#host.close()
  }

  #isOn(name: string, port: string): boolean {
    const bridge = this.#replica.table('Bridge').find({ name })
    return bridge?.ports.some((uuid) => uuid === port) === true
  }

  async #insert({ tap, mac, vlan, network, bridge: name = this.#bridge }: Attachment): Promise<void> {
    const bridge = this.#replica.table('Bridge').find({ name })
    if (bridge === undefined) {
      throw dhcpError('ERR_NETLOOM_NOT_PLUGGED', 'Plug.attach', `Open vSwitch has no bridge ${name}`)
    }
    await this.#apply((tx) => {
      const external_ids = { 'iface-id': `dhcp-${network}`, 'iface-status': 'active', 'attached-mac': mac }
      const inner = tx.insert('Interface', { name: tap, type: 'internal', external_ids })
      const tag = vlan === undefined ? {} : { tag: vlan }
      const port = tx.insert('Port', { name: tap, interfaces: [inner], ...tag })
      tx.mutate(bridge, { ports: { insert: [port] } })
    })
    // Applied is not successful: what failed stands with the interface. The device itself may take a moment longer.
    const deadline = performance.now() + patienceMs
    for (;;) {
      const error = this.#replica.table('Interface').find({ name: tap })?.error
      if (typeof error === 'string' && error !== '') {
        await this.#remove(tap)
        throw dhcpError('ERR_NETLOOM_NOT_PLUGGED', 'Plug.attach', `Open vSwitch: ${error}`)
      }
      if ((await this.#host.links.find(tap)) !== undefined) return
      if (performance.now() > deadline) {
        await this.#remove(tap)
        throw dhcpError(
          'ERR_NETLOOM_NOT_PLUGGED',
          'Plug.attach',
          `Open vSwitch makes no device ${tap} in this namespace`,
        )
      }
      await sleep(2)
    }
  }

  /** Takes a port away, applied: one that is made again before that is never opened. */
  async #remove(tap: string): Promise<void> {
    const port = this.#replica.table('Port').find({ name: tap })
    if (port === undefined) return
    const holders = [...this.#replica.table('Bridge')].filter(({ ports }) => ports.some((uuid) => uuid === port._uuid))
    await this.#apply((tx) => {
      for (const bridge of holders) tx.mutate(bridge, { ports: { delete: [port._uuid] } })
    })
  }

  /** Changes the database, and waits until ovs-vswitchd has done what it says. */
  async #apply(change: (tx: Parameters<Parameters<OvsdbClient<Tables>['transaction']>[0]>[0]) => void): Promise<void> {
    const rows = await this.#client.transaction((tx) => {
      change(tx)
      tx.mutate(tx.rows('Open_vSwitch'), { next_cfg: { '+=': 1 } })
      return tx.select(tx.rows('Open_vSwitch'), ['next_cfg'])
    })
    const wanted = rows.value[0]?.next_cfg ?? 0n
    const applied = (): boolean => [...this.#replica.table('Open_vSwitch')].every(({ cur_cfg: now }) => now >= wanted)
    await this.#replica.until(applied, { timeout: patienceMs })
  }
}
