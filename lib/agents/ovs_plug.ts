// The plug for Open vSwitch: an internal port of the integration bridge, with its VLAN as tag, moved into the namespace. Its checksums are
// right with the userspace datapath too, which those of a veth pair are not.
import { setTimeout as sleep } from 'node:timers/promises'
import { isNotFound } from '../errors'
import type { NetNs } from '../netns/netns'
import { OpenVswitch, OvsInterfaceError } from '../ovs'
import { agentError } from './errors'
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

/** How long the switch may take to apply something. */
const patience = { timeout: 10_000 }

/** Internal ports of a bridge. */
export class OvsPlug implements Plug {
  readonly #host: NetNs
  readonly #bridge: string
  readonly #ovs: OpenVswitch

  private constructor({ netns, bridge }: OvsPlugOptions, ovs: OpenVswitch) {
    this.#host = netns
    this.#bridge = bridge
    this.#ovs = ovs
  }

  static async connect(options: OvsPlugOptions): Promise<OvsPlug> {
    const { remotes, netns } = options
    return new OvsPlug(options, await OpenVswitch.connect({ remotes, netns }))
  }

  begin({ tap }: Detachment): string {
    return tap
  }

  async attach(to: Attachment): Promise<Attached> {
    const mended: string[] = []
    const { tap, netns, vlan, bridge = this.#bridge } = to
    const [port, inside] = await Promise.all([this.#ovs.ports.find(tap, patience), netns.links.find(tap)])
    const whole = port?.bridge === bridge && inside !== undefined
    if (!whole) {
      // Applied before it is made again: otherwise the switch would never open the new one.
      await this.#ovs.ports.delete(tap, { ...patience, force: true })
      await netns.links.delete(tap, { force: true })
      await this.#add(to, bridge)
      mended.push(`port ${tap} of the bridge ${bridge}`)
    } else if (port.tag !== vlan) {
      await this.#ovs.ports.set(tap, { tag: vlan ?? null }, patience)
      mended.push(`tag of port ${tap}`)
    }
    const mtu = to.mtu === undefined ? {} : { mtu: to.mtu }
    if (!whole || inside.mac !== to.mac || !inside.up || (to.mtu !== undefined && inside.mtu !== to.mtu)) {
      await netns.links.set(tap, { mac: to.mac, ...mtu, up: true })
    }
    return { device: tap, renewed: !whole, mended }
  }

  async detach({ tap }: Detachment): Promise<void> {
    await this.#ovs.ports.delete(tap, { ...patience, force: true })
  }

  bridgeOf({ bridge }: Detachment): string {
    return bridge ?? this.#bridge
  }

  async close(): Promise<void> {
    await this.#ovs.close()
    this.#host.close()
  }

  async #add({ tap, mac, vlan, network, netns }: Attachment, bridge: string): Promise<void> {
    const externalIds = { 'iface-id': `dhcp-${network}`, 'iface-status': 'active', 'attached-mac': mac }
    try {
      await this.#ovs.ports.add(
        { bridge, name: tap, tag: vlan, interface: { type: 'internal', externalIds } },
        patience,
      )
    } catch (error) {
      const why =
        error instanceof OvsInterfaceError
          ? `Open vSwitch: ${error.error}`
          : isNotFound(error)
            ? `Open vSwitch has no bridge ${bridge}`
            : undefined
      if (why === undefined) throw error
      throw agentError('ERR_NETLOOM_NOT_PLUGGED', 'Plug.attach', why, error)
    }
    await this.#move(tap, netns)
  }

  /** Moves the device of a port into the namespace, once it is there. */
  async #move(tap: string, netns: NetNs): Promise<void> {
    const deadline = performance.now() + patience.timeout
    while ((await this.#host.links.find(tap)) === undefined) {
      if (performance.now() > deadline) {
        await this.#ovs.ports.delete(tap, { ...patience, force: true })
        const why = `Open vSwitch makes no device ${tap} in this namespace`
        throw agentError('ERR_NETLOOM_NOT_PLUGGED', 'Plug.attach', why)
      }
      await sleep(2)
    }
    await this.#host.links.set(tap, { netns })
  }
}
