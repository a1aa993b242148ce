// The plug for Linux bridges: a veth pair, one end a port of the bridge, the other created in the namespace.
import type { Link, NetNs } from 'netloom'
import { errnoNumber, isAlreadyExists, isNotFound, NetloomError } from 'netloom/errors'
import { bridgeMark, isAgentsBridge, isBridgeOf, isOwn, leftAlone, notOwn, type Claim } from './claim'
import { agentError } from './errors'
import { bridgeNameOf } from './names'
import type { Attached, Attachment, Detachment, Plug } from './plug'

/** Options of the plug. */
export interface BridgePlugOptions {
  /** The namespace with the bridges; the plug closes this handle. */
  readonly netns: NetNs
  /** The bridge for all networks; undefined: one for each, which is created and deleted with its network. */
  readonly bridge: string | undefined
}

/** Groups of links that are about to be deleted: one for each, by its index. */
const ownGroups = 0x4e4c_0000

/** A Linux bridge for each network, or one for all. */
export class BridgePlug implements Plug {
  readonly #host: NetNs
  readonly #shared: string | undefined
  /** Bridges that are being created, by tap. */
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

  /** Keeps the host out of the network: its IPv6 must not use the tap. */
  async #keepOut({ tap }: Attachment): Promise<void> {
    await this.#host.sysctl.set(`net/ipv6/conf/${tap}/disable_ipv6`, 1).catch((error: unknown) => {
      // The kernel has no IPv6.
      if (!isNotFound(error)) throw error
    })
  }

  begin(to: Detachment): string {
    if (this.#shared === undefined && to.bridge === undefined && to.vlan === undefined) {
      const bridge = this.#host.links.add(bridgeFor(this.#name(to), to, false))
      // `attach` awaits it.
      bridge.catch(() => undefined)
      this.#begun.set(to.tap, bridge)
    }
    return to.device
  }

  /** Attaches to a bridge that `begin` creates; undefined if something exists already. */
  async #attachNew(to: Attachment): Promise<Attached | undefined> {
    const begun = this.#begun.get(to.tap)
    this.#begun.delete(to.tap)
    if (begun === undefined || !to.fresh) return undefined
    const name = this.#name(to)
    // Calls in one namespace take effect in their order, so this need not wait for the bridge.
    const all = await Promise.allSettled([begun, this.#host.links.add(pairFor(to, name))])
    // The slow path reports the error, if it persists.
    if (all.some(({ status }) => status === 'rejected')) return undefined
    return {
      asBegun: true,
      finish: () => this.#keepOut(to),
      device: to.device,
      bridge: name,
      renewed: true,
      mended: [`bridge ${name}`, `device ${to.device}`],
    }
  }

  async #attachWhatIsMissing(to: Attachment): Promise<Attached> {
    const mended: string[] = []
    const adopted: Adopted[] = []
    // Refuses objects of others before it creates or changes anything.
    const [tap, inside] = await Promise.all([
      this.#host.links.find(to.tap),
      to.fresh ? undefined : to.netns.links.find(to.device),
    ])
    const paired = await this.#pairOf(to, tap, inside, adopted)
    const bridge = await this.#bridge(to, paired?.tap, mended, adopted)
    if (paired === undefined) {
      // The rest of a pair whose other end was in a deleted namespace.
      if (tap !== undefined) await this.#host.links.delete(tap.index, { force: true })
      if (inside !== undefined) await to.netns.links.delete(inside.index, { force: true })
      await this.#host.links.add(pairFor(to, bridge.index))
      mended.push(`device ${to.device}`)
    } else await this.#settings(to, paired, bridge, mended)
    for (const { netns, link, mark } of adopted) await netns.links.set(link.index, { alias: mark })
    const giveBack = async (): Promise<void> => {
      const all = adopted.map(({ netns, link }) => netns.links.set(link.index, { alias: link.alias ?? '' }))
      await Promise.allSettled(all)
    }
    return { device: to.device, bridge: bridge.name, renewed: paired === undefined, mended, giveBack }
  }

  async #settings(to: Attachment, { tap, inside }: Pair, bridge: Link, mended: string[]): Promise<void> {
    const { mac, mtu, claim } = to
    if (inside.mac !== mac || !inside.up || inside.mtu !== (mtu ?? inside.mtu)) {
      await to.netns.links.set(to.device, { mac, up: true, ...(mtu === undefined ? {} : { mtu }) })
      mended.push(`settings of ${to.device}`)
    }
    if (tap.master !== bridge.index || !tap.up) {
      await this.#host.links.set(to.tap, { master: bridge.index, up: true })
      mended.push(`port ${to.tap} of the bridge`)
    }
    // Only one end may have the mark, or none if the pair is ours for another reason.
    if (inside.alias === undefined) await to.netns.links.set(to.device, { alias: claim.mark })
    if (tap.alias === undefined) await this.#host.links.set(to.tap, { alias: claim.mark })
  }

  /**
   * The pair, if both ends exist; undefined if not, and the rest may be deleted.
   * @throws NetloomError: `ERR_NETLOOM_NOT_OWN`.
   */
  async #pairOf(to: Attachment, tap?: Link, inside?: Link, adopted: Adopted[] = []): Promise<Pair | undefined> {
    const { claim, netns } = to
    if (tap !== undefined && inside !== undefined && (await this.#belong(netns, tap, inside))) {
      if (owns(claim, tap, true) || owns(claim, inside, true)) return { tap, inside }
      if (!claim.adopt) throw notOwn('Plug.attach', `the device ${to.tap}`, tap.alias)
      adopted.push({ netns: this.#host, link: tap, mark: claim.mark }, { netns, link: inside, mark: claim.mark })
      return { tap, inside }
    }
    for (const link of [tap, inside]) {
      if (link === undefined || owns(claim, link)) continue
      throw notOwn('Plug.attach', `the device ${link.name}`, link.alias, leftAlone)
    }
    return undefined
  }

  async detach(from: Detachment): Promise<void> {
    const { claim, netns } = from
    this.#begun.delete(from.tap)
    const [found, inside] = await Promise.all([
      this.#host.links.find(from.tap),
      netns === undefined ? undefined : netns.links.find(from.device),
    ])
    const isPair = found !== undefined && inside !== undefined && (await this.#belong(netns, found, inside))
    const tap = found !== undefined && owns(claim, found, isPair) ? found : undefined
    const bridge = await this.#bridgeToLeave(from, tap)
    // The other end was replaced.
    if (!isPair && inside !== undefined && owns(claim, inside)) await netns?.links.delete(inside.index, { force: true })
    const going = [tap, bridge].filter((link) => link !== undefined)
    if (going.length < 2) {
      for (const { index } of going) await this.#host.links.delete(index, { force: true })
      return
    }
    // Both by one message: the kernel waits only once for RCU.
    const group = ownGroups + (tap?.index ?? 0)
    for (const { index } of going) {
      try {
        await this.#host.links.set(index, { group })
      } catch (error) {
        // Another program may delete the namespace meanwhile, with the tap.
        if (!isNotFound(error)) throw error
      }
    }
    await this.#host.links.flush({ group })
  }

  bridgeOf(to: Omit<Detachment, 'claim'>): string {
    return this.#name(to)
  }

  /** The bridge, if it has no other port, and an agent has created it: for this port, or with this port on it. */
  async #bridgeToLeave(from: Detachment, tap: Link | undefined): Promise<Link | undefined> {
    const { claim, network } = from
    const bridge = (await this.#bridgeOf(from, tap)) ?? (await this.#host.links.find(this.#name(from)))
    if (bridge?.kind !== 'bridge') return undefined
    const { alias, index } = bridge
    const isImplied = this.#shared === undefined && from.bridge === undefined
    const isOwn = alias === bridgeMark(claim, network) || (isImplied && owns(claim, bridge, true))
    if (!isOwn && !(isAgentsBridge(alias) && tap?.master === index)) return undefined
    const ports = await this.#host.links.list({ master: index })
    return ports.every((port) => port.index === tap?.index) ? bridge : undefined
  }

  close(): Promise<void> {
    this.#host.close()
    return Promise.resolve()
  }

  /** The name of a network's bridge, the same for all agents. */
  #name({ network, bridge }: Pick<Detachment, 'network' | 'bridge'>): string {
    return bridge ?? this.#shared ?? bridgeNameOf(network)
  }

  /** The bridge of a port, if it is its network's: an older version used other names. */
  async #bridgeOf({ network, bridge, claim }: Detachment, tap: Link | undefined): Promise<Link | undefined> {
    if ((bridge ?? this.#shared) !== undefined || tap?.master === undefined) return undefined
    const on = await this.#host.links.find(tap.master)
    if (on?.kind !== 'bridge') return undefined
    const isFormer = claim.unmarked === 'former' && on.alias === undefined && on.name.startsWith('brq')
    return isBridgeOf(network, on.alias) || isFormer ? on : undefined
  }

  async #bridge(to: Attachment, tap: Link | undefined, mended: string[], adopted: Adopted[]): Promise<Link> {
    if (to.vlan !== undefined) {
      const why = `a VLAN on a Linux bridge is not supported yet: plug network ${to.network} into Open vSwitch, or leave "vlan" out and give it a bridge of its own`
      throw agentError('ERR_NETLOOM_NO_VLANS', 'Plug.attach', why)
    }
    const on = await this.#bridgeOf(to, tap)
    const name = on?.name ?? this.#name(to)
    const found = on ?? (await this.#host.links.find(name))
    if (found === undefined) {
      mended.push(`bridge ${name}`)
      try {
        return await this.#host.links.add(bridgeFor(name, to, this.#isNamed(to)))
      } catch (error) {
        // Another port of the network has created it.
        if (!isAlreadyExists(error)) throw error
        return this.#bridge(to, tap, mended, adopted)
      }
    }
    if (found.kind !== 'bridge') {
      const taken = { operation: 'Plug.attach', errno: errnoNumber('EEXIST') }
      throw new NetloomError(`EEXIST: the device ${name} is no bridge, Plug.attach`, 'EEXIST', taken)
    }
    if (!this.#isNamed(to)) await this.#claimBridge(to, found, adopted)
    if (!found.up) await this.#host.links.set(found.index, { up: true })
    return found
  }

  /** Refuses the bridge of another network: two ids may give the same name, and others may use it. */
  async #claimBridge({ network, claim }: Attachment, bridge: Link, adopted: Adopted[]): Promise<void> {
    const { alias, index, name } = bridge
    if (isBridgeOf(network, alias)) return
    const mark = bridgeMark(claim, network)
    const isUnused = claim.unmarked === 'begun' && (await this.#host.links.list({ master: index })).length === 0
    if (owns(claim, bridge, isUnused)) {
      await this.#host.links.set(index, { alias: mark })
      return
    }
    const isOthers = isAgentsBridge(alias)
    const what = `the bridge ${name}`
    if (isOthers) throw notOwn('Plug.attach', what, alias, 'it is of another network')
    const remedy = `name it by "bridge" to use it, or take it over by "adopt: true"`
    if (!claim.adopt) throw notOwn('Plug.attach', what, alias, remedy)
    adopted.push({ netns: this.#host, link: bridge, mark })
  }

  /** Whether the caller has chosen the bridge: then the caller owns it, also if the plug creates it. */
  #isNamed({ bridge }: Detachment): boolean {
    return (bridge ?? this.#shared) !== undefined
  }

  /** Whether two devices are the ends of one veth pair. */
  async #belong(netns: NetNs | undefined, tap: Link, inside: Link): Promise<boolean> {
    if (tap.kind !== 'veth' || inside.kind !== 'veth') return false
    if (tap.link?.index !== inside.index || inside.link?.index !== tap.index) return false
    return netns !== undefined && (await this.#host.id(netns)) === tap.link.netnsId
  }
}

/** The ends of a veth pair. */
interface Pair {
  readonly tap: Link
  readonly inside: Link
}

/** A device to adopt, with its mark. */
interface Adopted {
  readonly netns: NetNs
  readonly link: Link
  readonly mark: string
}

/** Whether a device is its own. */
function owns(claim: Claim, { alias }: Link, isUnused = false): boolean {
  return isOwn(claim, alias, isUnused)
}

function bridgeFor(name: string, { mtu, network, claim }: Detachment, isNamed: boolean) {
  const alias = isNamed ? {} : { alias: bridgeMark(claim, network) }
  return { kind: 'bridge', name, up: true, ...alias, ...(mtu === undefined ? {} : { mtu }) } as const
}

/** A veth pair: one end a port of the bridge, the other created in the namespace. */
function pairFor({ tap, device, netns, mac, mtu, claim }: Attachment, bridge: number | string) {
  const mark = { alias: claim.mark }
  const common = { up: true, numTxQueues: 1, numRxQueues: 1, ...mark, ...(mtu === undefined ? {} : { mtu }) }
  const peer = { netns, name: device, mac, ...common }
  return { kind: 'veth', name: tap, master: bridge, addrGenMode: 'none', ...common, peer } as const
}
