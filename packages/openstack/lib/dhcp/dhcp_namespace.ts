// Where a network's DHCP server lives: its namespace, device, addresses, routes. Made, found again, mended.
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
  /** Whether dnsmasq, if it runs, is bound to something that is gone. */
  readonly renewed: boolean
  /** What was missing and is there again, in words. */
  readonly mended: readonly string[]
  /** What goes on, of a new one; nothing that dnsmasq needs. */
  readonly rest: Promise<unknown>
}

/** What the making of a new one goes along with. */
export interface Begun {
  /** There is the namespace; the device will have this name. */
  opened(netns: NetNs, device: string): void
  /** Other threads are at work on the device. Must not throw. */
  meanwhile(): void
}

const metadataAddress = '169.254.169.254/32'

/** The place of one network. */
export class DhcpNamespace {
  readonly #plug: Plug
  readonly #kept = new KeptNamespace()
  /** What makes somebody else's again what was adopted. */
  #givingBack: (() => Promise<unknown>)[] = []
  /** What was mended and not told yet, as something else could not be. */
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
   * Sees to it that all is there; changes only what is missing.
   * @param claim - What may be used of what is there.
   * @param begun - For a new one: what is done on the way.
   */
  async settle(network: Network, claim: Claim, begun?: Begun): Promise<Settled> {
    // A new one is begun once.
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
    // In a namespace things happen in the order in which they are asked for: nobody has to wait.
    const quiet = opened ? quieten(netns) : undefined
    quiet?.catch(() => undefined)
    const attaching = this.#plug.attach({ ...to, netns, fresh: made })
    // A plug that has begun has asked for the device by now. If that comes to nothing, so do the addresses, and are asked for again.
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
    // It is waited for later.
    rest.catch(() => undefined)
    if (begun === undefined) await rest
    this.#untold = []
    const { device: name, renewed } = attached
    return { netns, device: name, index, renewed: made || renewed, mended: [...new Set(mended)], rest }
  }

  /** The bridge that the network's device is on, where the plug tells it. */
  bridgeOf(network: Network): string | undefined {
    return this.#bridge ?? this.#plug.bridgeOf?.(plugged(network))
  }

  /** What was adopted stays. */
  keep(): void {
    this.#givingBack = []
  }

  /** What was adopted is somebody else's again: what it was adopted for has failed. */
  async giveBack(): Promise<void> {
    // What has gone meanwhile is nobody's.
    await Promise.allSettled(this.#givingBack.splice(0).map((giveBack) => giveBack()))
  }

  /** Takes away all that is its own. */
  async remove(network: Network, claim: Claim): Promise<void> {
    const netns = await this.#kept.openOwn(network.namespace, claim)
    await this.#plug.detach({ ...plugged(network), claim, ...(netns === undefined ? {} : { netns }) })
    await netns?.delete({ force: true })
    this.close()
  }

  close(): void {
    this.#kept.close()
  }

  /** Sees to addresses and routes; tells which were missing. */
  async #addresses(
    network: Network,
    netns: NetNs,
    { device, renewed }: Pick<Attached, 'device' | 'renewed'>,
  ): Promise<string[]> {
    const mended: string[] = []
    const wanted = new Set(network.subnets.map(({ serverAddress, cidr }) => `${serverAddress}/${cidr.length}`))
    if (network.metadata) wanted.add(metadataAddress)
    for (const { address, scope } of renewed ? [] : await netns.addresses.list({ dev: device })) {
      // The link-local one is the kernel's.
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

/** Before there is a device, so that its addresses are usable at once and it listens to no router. */
async function quieten(netns: NetNs): Promise<void> {
  const silent = { 'net.ipv6.conf.default.accept_ra': 0, 'net.ipv6.conf.default.accept_dad': 0 }
  await netns.sysctl.set(silent).catch((error: unknown) => {
    // A kernel without IPv6.
    if (!isNotFound(error)) throw error
  })
}

/** What others in the namespace find there: their own addresses, also those that it does not have yet. */
async function open(netns: NetNs): Promise<void> {
  await Promise.all([netns.links.set('lo', { up: true }), netns.sysctl.set('net.ipv4.ip_nonlocal_bind', 1)])
}
