// Another program on the same machine that uses the names that the agents use, as Neutron does: namespaces, taps, bridges, a dnsmasq.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { NetNs } from 'netloom'

/** What a namespace looks like to who has made it. */
async function look(ns: NetNs): Promise<unknown> {
  const links = await ns.links.list()
  // IPv6 makes its link-local ones by itself, a while after a device has got its carrier.
  const routes = await ns.routes.list({ table: 'main', family: 'ipv4' })
  const addresses = await ns.addresses.list({ family: 'ipv4' })
  return {
    links: links.map(({ index, name, kind, mac, mtu, up, master, alias, group }) => ({
      ...{ index, name, kind, mac, mtu, up, master, alias, group },
    })),
    addresses: addresses.map(({ dev, address }) => `${dev} ${address}`),
    routes: routes.map(({ dst, via, dev }) => `${dst} ${via ?? ''} ${dev ?? ''}`),
    forwards: await ns.sysctl.get('net.ipv4.ip_forward'),
  }
}

/** That program. */
export class Neighbor implements AsyncDisposable {
  readonly #host: NetNs
  readonly #spaces: NetNs[] = []
  readonly #children: ChildProcess[] = []

  constructor(host: NetNs) {
    this.#host = host
  }

  /** Makes a namespace that has something in it. */
  async namespace(name: string): Promise<NetNs> {
    const ns = await NetNs.create(name)
    this.#spaces.push(ns)
    await ns.links.add({ kind: 'bridge', name: 'inner', up: true })
    await ns.addresses.add({ dev: 'inner', address: '192.0.2.1/24' })
    return ns
  }

  /** Plugs a namespace into a bridge of the host, which is made. */
  async plug(ns: NetNs, names: { bridge: string; tap: string; device: string }): Promise<void> {
    const { bridge, tap, device } = names
    await this.#host.links.add({ kind: 'bridge', name: bridge, up: true })
    const peer = { netns: ns, name: device, up: true }
    await this.#host.links.add({ kind: 'veth', name: tap, master: bridge, up: true, peer })
    await ns.addresses.add({ dev: device, address: '198.51.100.2/24' })
  }

  /** Starts a dnsmasq in a namespace. */
  async dnsmasq(ns: NetNs): Promise<void> {
    const args = ['--keep-in-foreground', '--conf-file=/dev/null', '--port=0', '--pid-file=', '--bind-dynamic']
    const more = ['--dhcp-range=198.51.100.0,static', '--dhcp-leasefile=/dev/null', '--user=root', '--log-facility=-']
    const child = ns.spawn('dnsmasq', [...args, ...more], { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#children.push(child)
    await once(child.stderr!, 'data')
  }

  /** Everything that is there of it. */
  async state(): Promise<unknown> {
    const spaces = await Promise.all(
      this.#spaces.map(async (ns) => {
        using named = await NetNs.open(ns.name!)
        return { name: ns.name, same: named.equals(ns), ...((await look(ns)) as object) }
      }),
    )
    const running = this.#children.map(({ exitCode, signalCode }) => exitCode ?? signalCode)
    return { host: await look(this.#host), spaces, running }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      const ended = once(child, 'exit')
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await ended
      }
    }
    for (const ns of this.#spaces) await ns.delete({ force: true }).catch(() => undefined)
  }
}
