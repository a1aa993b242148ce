// Where a network's DHCP server lives: its namespace, device, addresses, routes. Made, found again, mended.
import { NetNs } from '../netns/netns'
import type { Network } from './check_network'
import { KeptNamespace } from './kept_namespace'
import type { Attached, Plug } from './plug'
import { setSysctls } from './sysctls'

/** What `settle` found. */
export interface Settled {
  readonly netns: NetNs
  /** The device in the namespace. */
  readonly device: string
  /** Whether dnsmasq, if it runs, is bound to something that is gone. */
  readonly renewed: boolean
  /** What was missing and is there again, in words. */
  readonly mended: readonly string[]
}

const metadataAddress = '169.254.169.254/32'

/** The place of one network. */
export class Place {
  readonly #plug: Plug
  readonly #kept = new KeptNamespace()

  constructor(plug: Plug) {
    this.#plug = plug
  }

  /** The namespace, once there is one. */
  get netns(): NetNs | undefined {
    return this.#kept.netns
  }

  /** Sees to it that all is there; changes only what is missing. */
  async settle(network: Network): Promise<Settled> {
    const mended: string[] = []
    const { netns, renewed } = await this.#open(network, mended)
    const { tap, mac, mtu, vlan, id } = network
    const device = network.device ?? tap
    const attached = await this.#plug.attach({ network: id, netns, fresh: renewed, tap, device, mac, mtu, vlan })
    mended.push(...attached.mended)
    await this.#addresses(network, netns, attached, mended)
    return { netns, device: attached.device, renewed: renewed || attached.renewed, mended }
  }

  /** Takes all of it away. */
  async remove(network: Network): Promise<void> {
    const { id, tap, device, mac, mtu, vlan } = network
    await this.#plug.detach({ network: id, tap, device: device ?? tap, mac, mtu, vlan })
    this.close()
    await NetNs.delete(network.namespace, { force: true })
  }

  close(): void {
    this.#kept.close()
  }

  async #open({ namespace }: Network, mended: string[]): Promise<{ netns: NetNs; renewed: boolean }> {
    const { netns, opened, made } = await this.#kept.open(namespace)
    if (made) mended.push(`namespace ${namespace}`)
    if (opened) {
      // Before there is a device, so that its addresses are usable at once and it listens to no router.
      setSysctls(netns, {
        'ipv4/ip_nonlocal_bind': '1',
        'ipv6/conf/default/accept_ra': '0',
        'ipv6/conf/default/accept_dad': '0',
      })
      const up = netns.links.set('lo', { up: true })
      // In a namespace things happen in the order in which they are asked for.
      if (made) up.catch(() => undefined)
      else await up
    }
    return { netns, renewed: made }
  }

  async #addresses(network: Network, netns: NetNs, attached: Attached, mended: string[]): Promise<void> {
    const { device, renewed } = attached
    const wanted = new Set(network.subnets.map(({ serverAddress, cidr }) => `${serverAddress}/${cidr.length}`))
    if (network.metadata) wanted.add(metadataAddress)
    for (const { address, scope } of renewed ? [] : await netns.addresses.list({ dev: device })) {
      // The link-local one is the kernel's.
      if (wanted.delete(address) || (scope === 'link' && address.startsWith('fe80:'))) continue
      await netns.addresses.delete({ dev: device, address }, { force: true })
    }
    const added = Array.from(wanted, (address) => {
      const flags = address.includes(':') ? { flags: ['nodad' as const] } : { broadcast: '+' }
      mended.push(`address ${address}`)
      return netns.addresses.replace({ dev: device, address, ...(address === metadataAddress ? {} : flags) })
    })
    await Promise.all(added)
    for (const family of ['ipv4', 'ipv6'] as const) {
      const via = network.subnets.find(({ cidr, gateway }) => cidr.family === family && gateway !== undefined)?.gateway
      if (via === undefined) continue
      const [present] = renewed ? [] : await netns.routes.list({ dst: 'default', family })
      if (present?.via === via) continue
      await netns.routes.replace({ dst: 'default', via, dev: device })
      mended.push(`route to ${via}`)
    }
  }
}
