// What there is to be drawn: of nothing but what the kernel says, and the database of a switch.
import type { Link, NetNs } from 'netloom'
import type { OpenVswitch, Port as SwitchPort } from '@netloom/ovs'

/** The other end of a cable. */
export interface End {
  readonly netns: string
  readonly device: string
}

/** A device that is no port of a bridge. */
export interface Device {
  readonly name: string
  readonly addresses: readonly string[]
  readonly up: boolean
  readonly end: End | undefined
}

/** A port of a bridge. */
export interface Port {
  readonly name: string
  /** Its VLANs in words; undefined if it has none. */
  readonly vlans: string | undefined
  readonly end: End | undefined
}

/** A bridge of the kernel, or of Open vSwitch. */
export interface Bridge {
  readonly name: string
  readonly ports: readonly Port[]
}

/** A namespace with what is in it. */
export interface Place {
  readonly name: string
  readonly devices: readonly Device[]
  readonly bridges: readonly Bridge[]
}

/** A namespace with the links that it has. */
interface Seen {
  readonly ns: NetNs
  readonly name: string
  readonly links: readonly Link[]
  /** Its numbers for the other namespaces. */
  readonly ids: ReadonlyMap<number, Seen>
}

/** Looks at namespaces, and at the switches that run in some of them. */
export async function look(namespaces: readonly NetNs[], switches: readonly OpenVswitch[] = []): Promise<Place[]> {
  const ids = new Map(namespaces.map((ns) => [ns, new Map<number, Seen>()]))
  const seen = await Promise.all(
    namespaces.map(async (ns, i): Promise<Seen> => {
      const links = await ns.links.list()
      return { ns, name: ns.name ?? `anonymous ${i + 1}`, links, ids: ids.get(ns) ?? new Map<number, Seen>() }
    }),
  )
  for (const one of seen) {
    for (const other of seen) {
      const id = await one.ns.id(other.ns)
      if (id !== undefined) ids.get(one.ns)?.set(id, other)
    }
  }
  return Promise.all(seen.map((one) => placeOf(one, switches)))
}

async function placeOf(seen: Seen, switches: readonly OpenVswitch[]): Promise<Place> {
  const own = switches.filter(({ netns }) => netns?.equals(seen.ns) === true)
  const bridges = [...bridgesOf(seen), ...(await Promise.all(own.map((ovs) => switchedBy(ovs, seen)))).flat()]
  const ports = new Set(bridges.flatMap((bridge) => [bridge.name, ...bridge.ports.map(({ name }) => name)]))
  const addresses = await seen.ns.addresses.list()
  const devices = seen.links
    .map((link) => ({
      name: link.name,
      up: link.up,
      end: endOf(link, seen),
      addresses: addresses
        .filter(({ dev, scope }) => dev === link.index && scope !== 'link')
        .map(({ address }) => address),
    }))
    // The loopback device is everywhere, and `ovs-netdev` stands for a switch that is drawn already.
    .filter(({ name, addresses: list }) => !/^(lo|ovs-.*)$/.test(name) && (!ports.has(name) || list.length > 0))
  return { name: seen.name, devices, bridges }
}

/** Where the cable of a device leads to. */
function endOf(link: Link | undefined, seen: Seen): End | undefined {
  if (link?.kind !== 'veth' || link.peer === undefined) return undefined
  const { index, netnsId } = link.peer
  const other = netnsId === undefined ? seen : seen.ids.get(netnsId)
  const device = other?.links.find((each) => each.index === index)
  return other && device && { netns: other.name, device: device.name }
}

/** The kernel's own bridges. */
function bridgesOf(seen: Seen): Bridge[] {
  return seen.links
    .filter(({ kind }) => kind === 'bridge')
    .map(({ name, index }) => {
      const ports = seen.links.filter(({ master }) => master === index)
      return { name, ports: ports.map((link) => ({ name: link.name, vlans: undefined, end: endOf(link, seen) })) }
    })
}

/** The bridges of Open vSwitch. */
async function switchedBy(ovs: OpenVswitch, seen: Seen): Promise<Bridge[]> {
  const ports = await ovs.ports.list()
  return (await ovs.bridges.list()).map(({ name }) => ({
    name,
    ports: ports
      .filter(({ bridge, local }) => bridge === name && !local)
      .map((port) => ({
        name: port.name,
        vlans: vlansOf(port),
        end: endOf(
          seen.links.find((link) => link.name === port.name),
          seen,
        ),
      })),
  }))
}

function vlansOf({ tag, trunks }: SwitchPort): string | undefined {
  const carried = trunks.length === 0 ? [] : [`trunk ${trunks.join(', ')}`]
  const own = tag === undefined ? [] : [`VLAN ${tag}`]
  const words = [...own, ...carried].join(', ')
  return words === '' ? undefined : words
}
