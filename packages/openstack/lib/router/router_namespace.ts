// The namespace of a router, with devices, addresses, routes and rules: creates, opens and repairs them.
import { again } from '../agents/again'
import type { Claim } from '../agents/claim'
import { KeptNamespace } from '../agents/kept_namespace'
import type { Detachment, Plug } from '../agents/plug'
import type { Turns } from '../agents/turns'
import type { NetNs } from 'netloom'
import { isNotFound } from 'netloom/errors'
import { formatIPv6, parseMac } from 'netloom/values'
import { Advertisers } from './advertise/advertisers'
import { Announcer, type Announcement } from './announce'
import { portsOf, sameDestination, type CheckedRouter, type Port } from './check'
import { KeptRules } from './kept_rules'
import { rulesOf } from './rules'

const sysctls = {
  // Only the device with the address answers ARP for it, as networks of several tenants may be connected here.
  'net.ipv4.conf.all.arp_ignore': 1,
  'net.ipv4.conf.all.arp_announce': 2,
  'net.ipv4.ip_forward': 1,
}
const sysctls6 = {
  'net.ipv6.conf.default.accept_ra': 0,
  'net.ipv6.conf.default.accept_dad': 0,
  'net.ipv6.conf.all.forwarding': 1,
}

/** Shared by all routers of an agent. */
export interface Surroundings {
  readonly plug: Plug
  /** Serializes attach and detach by network, as the bridge is deleted with the last port. */
  readonly plugging: Turns
  /** The default of a router's `adopt`. */
  readonly adopt: boolean
}

/** The namespace of one router. */
export class RouterNamespace {
  readonly #plug: Plug
  readonly #kept = new KeptNamespace()
  readonly #plugging: Turns
  readonly #rules = new KeptRules()
  readonly #announcer = new Announcer()
  readonly #advertisers = new Advertisers()
  #router: CheckedRouter | undefined
  /** Repairs that were not reported yet, as another one has failed. */
  #untold: string[] = []
  /** Added addresses that were not announced yet, by device and address. */
  readonly #unannounced = new Map<string, Omit<Announcement, 'index'>>()
  /** Functions that give back what was adopted. */
  #givingBack: (() => Promise<unknown>)[] = []

  constructor({ plug, plugging }: Surroundings) {
    this.#plug = plug
    this.#plugging = plugging
  }

  /**
   * Creates what is missing, and removes what is not described. Starts again if an object is removed meanwhile.
   * @param claim - Which existing objects may be used.
   * @param stale - Former ports, which are removed.
   * @returns The repairs, in words.
   */
  async settle(router: CheckedRouter, claim: Claim, stale: readonly Port[]): Promise<string[]> {
    this.#router = router
    await again(() => this.#settle(router, claim, stale))
    return [...new Set(this.#untold.splice(0))]
  }

  async #settle(router: CheckedRouter, claim: Claim, stale: readonly Port[]): Promise<void> {
    const mended = this.#untold
    const { netns, made, marked, giveBack } = await this.#kept.open(router.namespace, claim)
    if (giveBack !== undefined) this.#givingBack.push(giveBack)
    await marked
    if (made) mended.push(`namespace ${router.namespace}`)
    await settings(netns, made, mended)
    const ports = portsOf(router)
    await this.#advertisers.retire(ports)
    for (const port of stale) await this.#detach(port, claim, netns)
    // Before the gateway is connected, so that no packet leaves with an inner source address.
    if (await this.#rules.apply(netns, rulesOf(router))) mended.push('rules')
    for (const port of ports) {
      const to = { ...attachment(port, claim), netns, fresh: made }
      const attached = await this.#plugging.after(networkOf(port), () => this.#plug.attach(to))
      if (attached.giveBack !== undefined) this.#givingBack.push(attached.giveBack)
      mended.push(...attached.mended)
    }
    const links = await netns.links.list()
    if (links.some(({ name, up }) => name === 'lo' && !up)) await netns.links.set('lo', { up: true })
    const indexes = new Map(links.map(({ name, index }) => [name, index]))
    await addresses(netns, router, indexes, mended, this.#unannounced)
    await routes(netns, router, indexes, mended)
    await this.#advertisers.settle(netns, ports, indexes)
    const isWanted = ({ address, device }: Pick<Announcement, 'address' | 'device'>): boolean => {
      const now = this.#router
      return now !== undefined && wantedOn(now, device).some((one) => one.split('/')[0] === address)
    }
    const added = Array.from(this.#unannounced.values(), (one) => ({ ...one, index: indexes.get(one.device) ?? 0 }))
    await this.#announcer.announce(netns, added, isWanted)
    this.#unannounced.clear()
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
  async remove(router: CheckedRouter, claim: Claim, stale: readonly Port[]): Promise<void> {
    await this.#advertisers.end()
    const netns = await this.#kept.openOwn(router.namespace, claim)
    for (const port of [...portsOf(router), ...stale]) await this.#detach(port, claim, netns)
    await netns?.delete({ force: true })
    await this.close()
  }

  async close(): Promise<void> {
    this.#router = undefined
    await this.#announcer.close()
    await this.#advertisers.close()
    this.#kept.close()
  }

  #detach(port: Port, claim: Claim, netns: NetNs | undefined): Promise<void> {
    const from = { ...attachment(port, claim), ...(netns === undefined ? {} : { netns }) }
    return this.#plugging.after(networkOf(port), () => this.#plug.detach(from))
  }
}

/** With the same name on both sides, as in Neutron on Open vSwitch. */
function attachment({ network, device, mac, mtu, vlan, bridge }: Port, claim: Claim): Detachment {
  return { network, tap: device, device, mac, mtu, vlan, bridge, claim }
}

/** The key of the network that ports share. */
function networkOf({ bridge, network }: Port): string {
  return bridge ?? network
}

async function settings(netns: NetNs, isNew: boolean, mended: string[]): Promise<void> {
  try {
    await set(netns, { ...sysctls, ...sysctls6 }, isNew, mended)
  } catch (error) {
    // The kernel has no IPv6.
    if (!isNotFound(error)) throw error
    await set(netns, sysctls, isNew, mended)
  }
}

async function set(
  netns: NetNs,
  wanted: Readonly<Record<string, number>>,
  isNew: boolean,
  mended: string[],
): Promise<void> {
  const found = isNew ? {} : await netns.sysctl.get(Object.keys(wanted))
  const differing = Object.entries(wanted).filter(([key, value]) => found[key] !== value)
  if (differing.length === 0) return
  await netns.sysctl.set(Object.fromEntries(differing))
  if (!isNew) mended.push(...differing.map(([key]) => `sysctl ${key}`))
}

/** The described addresses of a device. */
function wantedOn(router: CheckedRouter, device: string): string[] {
  const port = portsOf(router).find((one) => one.device === device)
  const floating = port === router.gateway ? router.floatingIps.map(({ address }) => `${address}/32`) : []
  return [...(port?.addresses ?? []).map(({ address }) => address), ...floating]
}

/** The link-local address that the kernel derives from a MAC address (RFC 4291, appendix A). */
function linkLocalOf(mac: string): string {
  const [first = 0, ...rest] = parseMac(mac, 'mac')
  const bytes = Uint8Array.from([
    0xfe,
    0x80,
    0,
    0,
    0,
    0,
    0,
    0,
    first ^ 2,
    ...rest.slice(0, 2),
    0xff,
    0xfe,
    ...rest.slice(2),
  ])
  return `${formatIPv6(bytes)}/64`
}

/** Adds missing addresses and deletes others; notes the added ones. */
async function addresses(
  netns: NetNs,
  router: CheckedRouter,
  indexes: ReadonlyMap<string, number>,
  mended: string[],
  unannounced: Map<string, Omit<Announcement, 'index'>>,
): Promise<void> {
  const missing: { dev: string; address: string; mac: string }[] = []
  const surplus: { dev: string; address: string }[] = []
  const present = await netns.addresses.list()
  for (const { device, mac, advertise } of portsOf(router)) {
    const wanted = new Set(wantedOn(router, device))
    const index = indexes.get(device)
    let hasLinkLocal = false
    for (const { address, scope } of present.filter(({ dev }) => dev === index)) {
      // The kernel adds the link-local one.
      const isLinkLocal = scope === 'link' && address.startsWith('fe80:')
      hasLinkLocal ||= isLinkLocal
      if (wanted.delete(address) || isLinkLocal) continue
      surplus.push({ dev: device, address })
    }
    // Hosts identify a router by it; the kernel adds it only some time after the carrier is up.
    if (advertise !== undefined && !hasLinkLocal) wanted.add(linkLocalOf(mac))
    for (const address of wanted) missing.push({ dev: device, address, mac })
  }
  // Deletions first, as an address may move to another device.
  for (const key of surplus) await netns.addresses.delete(key, { force: true })
  for (const { dev, address, mac } of missing) {
    const floating = address.endsWith('/32')
    const flags = address.includes(':') ? { flags: ['nodad' as const] } : floating ? {} : { broadcast: '+' }
    await netns.addresses.replace({ dev, address, ...flags })
    mended.push(`address ${address}`)
    unannounced.set(`${dev} ${address}`, { device: dev, mac, address: address.split('/')[0] ?? '' })
  }
}

/** Routes of ours are those with the protocol `static`; others are left alone. */
async function routes(
  netns: NetNs,
  router: CheckedRouter,
  indexes: ReadonlyMap<string, number>,
  mended: string[],
): Promise<void> {
  const present = await netns.routes.list({ table: 'main', protocol: 'static' })
  const left = [...router.routes]
  for (const route of present) {
    const dst = route.dst === 'default' ? (route.family === 'ipv6' ? '::/0' : '0.0.0.0/0') : route.dst
    const at = left.findIndex(
      (one) => sameDestination(one.dst, dst) && one.via === route.via && indexes.get(one.device) === route.dev,
    )
    if (at >= 0) left.splice(at, 1)
    else await netns.routes.delete({ dst, table: 'main', protocol: 'static' }, { force: true })
  }
  for (const { dst, via, device } of left) {
    await netns.routes.replace({ dst, via, dev: device, protocol: 'static' })
    mended.push(`route to ${dst} via ${via}`)
  }
}
