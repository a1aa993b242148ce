// The plug for Linux bridges: a veth pair, one end a port of the bridge, the other born in the namespace.
import { errnoNumber } from '../errno'
import { isAlreadyExists, isNotFound, NetloomError } from '../errors'
import type { NetNs } from '../netns/netns'
import type { Link } from '../route/link'
import { agentError } from './errors'
import type { Attached, Attachment, Detachment, Plug } from './plug'

/** Where the bridges are. */
export interface BridgePlugOptions {
  /** The namespace with the bridges; the plug closes this handle. */
  readonly netns: NetNs
  /** The one bridge for all networks; undefined for one each, which is made, and goes with its network. */
  readonly bridge: string | undefined
}

/** Groups of links that are about to be deleted: one for each, by its index. */
const ownGroups = 0x4e4c_0000

/** A Linux bridge for each network, or one for all. */
export class BridgePlug implements Plug {
  readonly #host: NetNs
  readonly #shared: string | undefined
  /** Bridges that are being made, by the tap that they are made for. */
  readonly #begun = new Map<string, Promise<unknown>>()

  constructor({ netns, bridge }: BridgePlugOptions) {
    this.#host = netns
    this.#shared = bridge
  }

  async attach(to: Attachment): Promise<Attached> {
    const attached = await this.#attachNew(to)
    if (attached !== undefined) return attached
    const found = await this.#attachWhatIsMissing(to)
    await this.#keepOut(to)
    return found
  }

  /** The host shall not take part in the network. */
  async #keepOut({ tap }: Attachment): Promise<void> {
    await this.#host.sysctl.set(`net/ipv6/conf/${tap}/disable_ipv6`, 1).catch((error: unknown) => {
      // A kernel without IPv6.
      if (!isNotFound(error)) throw error
    })
  }

  begin(to: Detachment): string {
    if (this.#shared === undefined && to.bridge === undefined && to.vlan === undefined) {
      const bridge = this.#host.links.add(bridgeFor(this.#name(to), to))
      // `attach` asks what became of it.
      bridge.catch(() => undefined)
      this.#begun.set(to.tap, bridge)
    }
    return to.device
  }

  /** What is left where a bridge was begun; undefined where something else is there already. */
  async #attachNew(to: Attachment): Promise<Attached | undefined> {
    const begun = this.#begun.get(to.tap)
    this.#begun.delete(to.tap)
    if (begun === undefined || !to.fresh) return undefined
    const name = this.#name(to)
    // In a namespace things happen in the order in which they are asked for: nobody has to wait for the bridge.
    const all = await Promise.allSettled([begun, this.#host.links.add(pairFor(to, name))])
    // Whatever it was, the careful way meets it again.
    if (all.some(({ status }) => status === 'rejected')) return undefined
    return {
      asBegun: true,
      finish: () => this.#keepOut(to),
      device: to.device,
      renewed: true,
      mended: [`bridge ${name}`, `device ${to.device}`],
    }
  }

  async #attachWhatIsMissing(to: Attachment): Promise<Attached> {
    const mended: string[] = []
    const bridge = await this.#bridge(to, mended)
    const tap = await this.#host.links.find(to.tap)
    const inside = to.fresh ? undefined : await to.netns.links.find(to.device)
    const renewed = tap === undefined || inside?.kind !== 'veth' || tap.kind !== 'veth' || !belong(tap, inside)
    if (renewed) {
      // What is left of a pair: its other end was in a namespace that is gone, or somebody has made something else of that name.
      if (tap !== undefined) await this.#host.links.delete(to.tap, { force: true })
      if (inside !== undefined) await to.netns.links.delete(to.device, { force: true })
      await this.#host.links.add(pairFor(to, bridge.index))
      mended.push(`device ${to.device}`)
    } else {
      if (inside.mac !== to.mac || !inside.up || inside.mtu !== (to.mtu ?? inside.mtu)) {
        await to.netns.links.set(to.device, { mac: to.mac, up: true, ...(to.mtu === undefined ? {} : { mtu: to.mtu }) })
        mended.push(`settings of ${to.device}`)
      }
      if (tap.master !== bridge.index || !tap.up) {
        await this.#host.links.set(to.tap, { master: bridge.index, up: true })
        mended.push(`port ${to.tap} of the bridge`)
      }
    }
    return { device: to.device, renewed, mended }
  }

  async detach(from: Detachment): Promise<void> {
    this.#begun.delete(from.tap)
    const tap = await this.#host.links.find(from.tap)
    const name = this.#name(from)
    // Those that others have named are theirs.
    const own = this.#shared === undefined && name.startsWith('brq')
    const bridge = own ? await this.#host.links.find(name) : undefined
    const ports = bridge?.kind === 'bridge' ? await this.#host.links.list({ master: bridge.index }) : undefined
    const last = ports?.every(({ index }) => index === tap?.index) === true
    const going = [tap, last ? bridge : undefined].filter((link) => link !== undefined)
    if (going.length < 2) {
      for (const { index } of going) await this.#host.links.delete(index, { force: true })
      return
    }
    // Both by one message: the kernel waits once for who might still be using them.
    const group = ownGroups + (tap?.index ?? 0)
    for (const { index } of going) await this.#host.links.set(index, { group })
    await this.#host.links.flush({ group })
  }

  bridgeOf(to: Detachment): string {
    return this.#name(to)
  }

  close(): Promise<void> {
    this.#host.close()
    return Promise.resolve()
  }

  /** One for a network is called as its tap is. */
  #name({ tap, bridge }: Detachment): string {
    return bridge ?? this.#shared ?? `brq${tap.replace(/^tap/, '')}`.slice(0, 15)
  }

  async #bridge(to: Attachment, mended: string[]): Promise<Link> {
    const name = this.#name(to)
    if (to.vlan !== undefined) {
      const why = `a VLAN on a Linux bridge is not supported yet: plug network ${to.network} into Open vSwitch, or leave "vlan" out and give it a bridge of its own`
      throw agentError('ERR_NETLOOM_NO_VLANS', 'Plug.attach', why)
    }
    const found = await this.#host.links.find(name)
    if (found?.kind === 'bridge') {
      if (!found.up) await this.#host.links.set(name, { up: true })
      return found
    }
    if (found !== undefined) {
      const taken = { operation: 'Plug.attach', errno: errnoNumber('EEXIST') }
      throw new NetloomError(`EEXIST: the device ${name} is no bridge, Plug.attach`, 'EEXIST', taken)
    }
    mended.push(`bridge ${name}`)
    try {
      return await this.#host.links.add(bridgeFor(name, to))
    } catch (error) {
      // Another network of ours was faster.
      if (!isAlreadyExists(error)) throw error
      return this.#host.links.get(name)
    }
  }
}

function bridgeFor(name: string, { mtu }: Detachment) {
  return { kind: 'bridge', name, up: true, ...(mtu === undefined ? {} : { mtu }) } as const
}

/** A veth pair: one end a port of the bridge, the other born in the namespace. */
function pairFor({ tap, device, netns, mac, mtu }: Attachment, bridge: number | string) {
  const common = { up: true, numTxQueues: 1, numRxQueues: 1, ...(mtu === undefined ? {} : { mtu }) }
  const peer = { netns, name: device, mac, ...common }
  return { kind: 'veth', name: tap, master: bridge, addrGenMode: 'none', ...common, peer } as const
}

/** Whether two devices are the ends of one cable, as far as their indexes tell. */
function belong(tap: Link, inside: Link): boolean {
  return tap.link?.index === inside.index && inside.link?.index === tap.index
}
