// The namespace of a network's DHCP server, with its device, addresses and routes: creates, opens and repairs them.
import { again } from '../agents/again'
import type { NetNs } from 'netloom'
import { isNotFound } from 'netloom/errors'
import type { Network } from './check_network'
import type { Claim } from '../agents/claim'
import { KeptNamespace } from '../agents/kept_namespace'
import type { Attached, Detachment, Plug } from '../agents/plug'

/** What `settle` found. */
export interface Settled {
  readonly netns: NetNs
  /** The device in the namespace. */
  readonly device: string
  /** The index of that device. */
  readonly index: number | undefined
  /** Whether the device or the namespace is new, so that a running dnsmasq has to be started again. */
  readonly renewed: boolean
  /** The repairs, in words. */
  readonly mended: readonly string[]
  /** Resolves when the rest of a new one is complete, which dnsmasq does not need. */
  readonly rest: Promise<unknown>
}

/** Callbacks during the creation of a new one. */
export interface Begun {
  /** Called when the namespace exists; the device will have this name. */
  opened(netns: NetNs, device: string): void
  /** Called while other threads create the device. Must not throw. */
  meanwhile(): void
}

const metadataAddress = '169.254.169.254/32'

/** The namespace of one network. */
export class DhcpNamespace {
  readonly #plug: Plug
  readonly #kept = new KeptNamespace()
  /** Functions that give back what was adopted. */
  #givingBack: (() => Promise<unknown>)[] = []
  /** Repairs that were not reported yet, as another one has failed. */
  #untold: string[] = []
  #bridge: string | undefined

  constructor(plug: Plug) {
    this.#plug = plug
  }

  /** The namespace, once there is one. */
  get netns(): NetNs | undefined {
    return this.#kept.netns
  }

  /**
   * Creates what is missing; leaves all else.
   * @param claim - Which existing objects may be used.
   * @param begun - Callbacks for a new one.
   */
  async settle(network: Network, claim: Claim, begun?: Begun): Promise<Settled> {
    // Without a retry for a new one.
    if (begun !== undefined) return this.#settle(network, claim, begun)
    return again(() => this.#settle(network, claim))
  }

  async #settle(network: Network, claim: Claim, begun?: Begun): Promise<Settled> {
    const mended = this.#untold
    const to = { ...plugged(network), claim }
    const opening = this.#kept.open(network.namespace, claim)
    const device = begun === undefined ? to.device : (this.#plug.begin?.(to) ?? to.device)
    const { netns, opened, made, marked, giveBack } = await opening
    if (giveBack !== undefined) this.#givingBack.push(giveBack)
    begun?.opened(netns, device)
    if (made) mended.push(`namespace ${network.namespace}`)
    // Calls in one namespace take effect in their order, so this need not be awaited.
    const quiet = opened ? quieten(netns) : undefined
    quiet?.catch(() => undefined)
    const attaching = this.#plug.attach({ ...to, netns, fresh: made })
    // A plug with `begin` has requested the device by now, so the addresses can be added. If its creation fails, this fails, too, and is
    // tried again later.
    const hopeful = made && begun !== undefined && this.#plug.begin !== undefined
    const hoped = hopeful
      ? this.#addresses(network, netns, { device, renewed: true }).catch(() => undefined)
      : undefined
    begun?.meanwhile()
    const attached = await attaching
    this.#bridge = attached.bridge
    if (attached.giveBack !== undefined) this.#givingBack.push(attached.giveBack)
    const done = await hoped
    mended.push(...attached.mended)
    const finding = netns.links.find(attached.device)
    const known = (attached.asBegun === true ? done : undefined) ?? (await this.#addresses(network, netns, attached))
    mended.push(...known)
    const index = (await finding)?.index
    const rest = Promise.all([marked, quiet, attached.finish?.(), opened ? open(netns) : undefined])
    // Awaited later.
    rest.catch(() => undefined)
    if (begun === undefined) await rest
    this.#untold = []
    const { device: name, renewed } = attached
    return { netns, device: name, index, renewed: made || renewed, mended: [...new Set(mended)], rest }
  }

  /** The bridge of the network's device, if the plug reports it. */
  bridgeOf(network: Network): string | undefined {
    return this.#bridge ?? this.#plug.bridgeOf?.(plugged(network))
  }

  /** Keeps what was adopted. */
  keep(): void {
    this.#givingBack = []
  }

  /** Gives back what was adopted, as the operation has failed. */
  async giveBack(): Promise<void> {
    // Objects that were deleted meanwhile need not be given back.
    await Promise.allSettled(this.#givingBack.splice(0).map((giveBack) => giveBack()))
  }

  /** Removes all its own objects. */
  async remove(network: Network, claim: Claim): Promise<void> {
    const netns = await this.#kept.openOwn(network.namespace, claim)
    await this.#plug.detach({ ...plugged(network), claim, ...(netns === undefined ? {} : { netns }) })
    await netns?.delete({ force: true })
    this.close()
  }

  close(): void {
    this.#kept.close()
  }

  /** Sets addresses and routes; returns those that were missing. */
  async #addresses(
    network: Network,
    netns: NetNs,
    { device, renewed }: Pick<Attached, 'device' | 'renewed'>,
  ): Promise<string[]> {
    const mended: string[] = []
    const wanted = new Set(network.subnets.map(({ serverAddress, cidr }) => `${serverAddress}/${cidr.length}`))
    if (network.metadata) wanted.add(metadataAddress)
    for (const { address, scope } of renewed ? [] : await netns.addresses.list({ dev: device })) {
      // The kernel adds the link-local one.
      if (wanted.delete(address) || (scope === 'link' && address.startsWith('fe80:'))) continue
      await netns.addresses.delete({ dev: device, address }, { force: true })
    }
    const made: Promise<unknown>[] = Array.from(wanted, (address) => {
      const flags = address.includes(':') ? { flags: ['nodad' as const] } : { broadcast: '+' }
      mended.push(`address ${address}`)
      return netns.addresses.replace({ dev: device, address, ...(address === metadataAddress ? {} : flags) })
    })
    for (const family of ['ipv4', 'ipv6'] as const) {
      const via = network.subnets.find(({ cidr, gateway }) => cidr.family === family && gateway !== undefined)?.gateway
      if (via === undefined) continue
      const [present] = renewed ? [] : await netns.routes.list({ dst: 'default', family })
      if (present?.via === via) continue
      made.push(netns.routes.replace({ dst: 'default', via, dev: device }))
      mended.push(`route to ${via}`)
    }
    await Promise.all(made)
    return mended
  }
}

function plugged({ id, tap, device, mac, mtu, vlan }: Network): Omit<Detachment, 'claim'> {
  return { network: id, tap, device: device ?? tap, mac, mtu, vlan }
}

/** Sets sysctls before a device exists, so that its addresses are usable at once and it ignores router advertisements. */
async function quieten(netns: NetNs): Promise<void> {
  const silent = { 'net.ipv6.conf.default.accept_ra': 0, 'net.ipv6.conf.default.accept_dad': 0 }
  await netns.sysctl.set(silent).catch((error: unknown) => {
    // The kernel has no IPv6.
    if (!isNotFound(error)) throw error
  })
}

/** Prepares the namespace for other programs in it: sets `lo` up, and lets them bind to addresses that it does not have yet. */
async function open(netns: NetNs): Promise<void> {
  await Promise.all([netns.links.set('lo', { up: true }), netns.sysctl.set('net.ipv4.ip_nonlocal_bind', 1)])
}
