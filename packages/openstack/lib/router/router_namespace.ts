// Where a router lives: its namespace, devices, addresses, routes, rules. Made, found again, mended.
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
  // An address is answered for by the device that has it, as networks of several tenants may meet here.
  'net.ipv4.conf.all.arp_ignore': 1,
  'net.ipv4.conf.all.arp_announce': 2,
  'net.ipv4.ip_forward': 1,
}
const sysctls6 = {
  'net.ipv6.conf.default.accept_ra': 0,
  'net.ipv6.conf.default.accept_dad': 0,
  'net.ipv6.conf.all.forwarding': 1,
}

/** What all routers of an agent share. */
export interface Surroundings {
  readonly plug: Plug
  /** Plugs and unplugs, one after another for each network: the last port takes the bridge with it. */
  readonly plugging: Turns
  /** Whether to take over what is somebody else's, where a router does not say it. */
  readonly adopt: boolean
}

/** The place of one router. */
export class RouterNamespace {
  readonly #plug: Plug
  readonly #kept = new KeptNamespace()
  readonly #plugging: Turns
  readonly #rules = new KeptRules()
  readonly #announcer = new Announcer()
  readonly #advertisers = new Advertisers()
  #router: CheckedRouter | undefined
  /** What was mended and not told yet, as something else could not be. */
  #untold: string[] = []
  /** What was added and not announced yet, by device and address. */
  readonly #unannounced = new Map<string, Omit<Announcement, 'index'>>()
  /** What makes somebody else's again what was adopted. */
  #givingBack: (() => Promise<unknown>)[] = []

  constructor({ plug, plugging }: Surroundings) {
    this.#plug = plug
    this.#plugging = plugging
  }

  /**
   * Sees to it that all is there; changes only what is missing or too much. It looks again where something goes while it looks.
   * @param claim - What may be used of what is there.
   * @param stale - Ports that it had, and shall not have any more.
   * @returns What was missing and is there again, in words.
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
    // Before there is a way outside: nothing leaves with an address of the inside.
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

/** Named alike on both sides, as Neutron names them on Open vSwitch. */
function attachment({ network, device, mac, mtu, vlan, bridge }: Port, claim: Claim): Detachment {
  return { network, tap: device, device, mac, mtu, vlan, bridge, claim }
}

/** What ports meet on. */
function networkOf({ bridge, network }: Port): string {
  return bridge ?? network
}

async function settings(netns: NetNs, isNew: boolean, mended: string[]): Promise<void> {
  try {
    await set(netns, { ...sysctls, ...sysctls6 }, isNew, mended)
  } catch (error) {
    // A kernel without IPv6.
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

/** The addresses that a device shall have. */
function wantedOn(router: CheckedRouter, device: string): string[] {
  const port = portsOf(router).find((one) => one.device === device)
  const floating = port === router.gateway ? router.floatingIps.map(({ address }) => `${address}/32`) : []
  return [...(port?.addresses ?? []).map(({ address }) => address), ...floating]
}

/** The address that the kernel makes of a MAC address (RFC 4291, appendix A). */
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

/** Adds what is missing and deletes what is too much; notes what was added. */
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
      // The link-local one is the kernel's.
      const isLinkLocal = scope === 'link' && address.startsWith('fe80:')
      hasLinkLocal ||= isLinkLocal
      if (wanted.delete(address) || isLinkLocal) continue
      surplus.push({ dev: device, address })
    }
    // The one that hosts know a router by; the kernel makes it some time after there is a carrier.
    if (advertise !== undefined && !hasLinkLocal) wanted.add(linkLocalOf(mac))
    for (const address of wanted) missing.push({ dev: device, address, mac })
  }
  // First what goes: it may go to another device.
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
