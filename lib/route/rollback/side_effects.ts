// Side effects: objects that the kernel removes because of a change of a device or its addresses, and that a rollback restores.
import { NLM_F } from '../../netlink/constants'
import type { SideEffect } from '../../netlink/operation'
import { byte, type Condition, type Test } from '../../netlink/rollback/pattern'
import { attributeNumber, numbersOf, offsetOf } from '../../netlink/rollback/offsets'
import type { AttributeTable } from '../../wire/attributes'
import { AF_INET6 } from '../../wire/ip'
import type { Device } from '../../wire/device'
import { addressLayout } from '../address_attributes'
import { portKinds } from '../kinds'
import { routeProtocol, type Family } from '../families'
import { linkInfo, linkLayout } from '../link_attributes'
import { IFF } from '../link_creation'
import { neighborLayout } from '../neighbor_attributes'
import { routeLayout } from '../route_attributes'
import { message, ofIP } from '../rtnetlink'
import { anyAddress, anyNeighbor, anyRoute, linkAttributesThere, linkSettingsThere } from './recipes'

const flags = NLM_F.DUMP

// Neighbors with a link-layer address, or that the kernel keeps resolved (NTF_EXT_MANAGED).
const known: readonly Test[] = [
  { attribute: numbersOf(neighborLayout.attributes, 'LLADDR') },
  {
    attribute: numbersOf(neighborLayout.attributes, 'FLAGS_EXT'),
    value: new Uint8Array(4),
    zeroIsAbsent: true,
    not: true,
  },
]

/** The neighbors of a device; without a device, of all. */
export function neighborsOf(dev: Device | undefined): SideEffect[] {
  const lookup = (proxy: readonly 'proxy'[]): SideEffect['lookup'] =>
    message('GETNEIGH', neighborLayout, { flags, header: { family: 'any', flags: [...proxy] }, attributes: { dev } })
  return [
    { lookup: lookup([]), pattern: [ofIP, known], recipe: anyNeighbor },
    { lookup: lookup(['proxy']), pattern: [ofIP], recipe: anyNeighbor },
  ]
}

const { header: rtmsg, attributes: route } = routeLayout
const [, RTPROT_KERNEL] = routeProtocol.names.kernel

// The kernel adds its own routes for an address again with the address.
const notByKernel: Test = { header: offsetOf(rtmsg, 'rtm_protocol'), value: byte(RTPROT_KERNEL), not: true }
const isIPv6: Test = { header: offsetOf(rtmsg, 'rtm_family'), value: byte(AF_INET6) }
const hasSource: Test = { attribute: numbersOf(route, 'PREFSRC') }

/** All that a device loses when it is set down: its addresses, neighbors and routes. */
export function heldBy(dev: Device | undefined): SideEffect[] {
  const addresses = { family: 'any', ...(dev === undefined ? {} : { index: dev }) } as const
  const routes = (family: Family, of: Device | undefined): SideEffect['lookup'] =>
    message('GETROUTE', routeLayout, { flags, header: { family }, attributes: { dev: of } })
  const routes6 = routes('ipv6', dev)
  return [
    { lookup: message('GETADDR', addressLayout, { flags, header: addresses }), pattern: [ofIP], recipe: anyAddress },
    ...neighborsOf(dev),
    // Of all devices: the order of routes to one destination matters.
    { lookup: routes('ipv4', undefined), pattern: [[notByKernel], ...over(dev)], recipe: anyRoute },
    { lookup: routes6, pattern: [[isIPv6], [notByKernel], [{ ...hasSource, not: true }]], recipe: anyRoute },
    // When its source address is removed, an IPv6 route stays without it, and the kernel takes it for the old one.
    { lookup: routes6, pattern: [[isIPv6], [notByKernel], [hasSource]], recipe: anyRoute, removeFirst: true },
  ]
}

/** Routes over a device, also in one of several nexthops: RTA_OIF, or rtnh_ifindex in RTA_MULTIPATH. */
function over(device: Device | undefined): Condition[] {
  return device === undefined
    ? []
    : [[{ attribute: numbersOf(route, 'OIF'), device }, { attribute: numbersOf(route, 'MULTIPATH') }]]
}

const portKind = [attributeNumber(linkLayout.attributes, 'LINKINFO'), attributeNumber(linkInfo, 'SLAVE_KIND')]

/** The settings of ports, by the kind of the master: without those that are only reported, that are commands, or are not kept. */
const portSettable = Object.values(portKinds).flatMap(({ kind, data, traits: { kept = {} } }) => {
  const lasting = Object.entries(data.table as AttributeTable).filter(
    ([option, [, , type]]) => !('reported' in type || 'presence' in type || option in kept),
  )
  return lasting.length === 0
    ? []
    : [{ kind, unknown: lasting.map(([, [, type]]) => ({ type, data: new Uint8Array(0) })) }]
})

/** Settings of a port, which it loses when it leaves its master. */
export function portSettings(dev: Device): SideEffect[] {
  return portSettable.map(({ kind, unknown }) => {
    // Only the types of attributes: their payloads are those of the port.
    const port = { portKind: kind, portData: { unknown } } as never
    return {
      lookup: message('GETLINK', linkLayout, { header: { index: dev } }),
      model: message('NEWLINK', linkLayout, { header: { index: dev }, attributes: { linkInfo: port } }),
      pattern: [[{ attribute: portKind, value: Buffer.from(`${kind}\0`) }]],
      recipe: linkAttributesThere,
    }
  })
}

/** How a device generates IPv6 addresses, a setting that it loses with IPv6. */
export function addressGeneration(dev: Device): SideEffect[] {
  const spec = { inet6: { addrGenMode: 'eui64' } } as never
  return [
    {
      lookup: message('GETLINK', linkLayout, { header: { index: dev } }),
      model: message('NEWLINK', linkLayout, { header: { index: dev }, attributes: { afSpec: spec } }),
      pattern: [],
      recipe: linkAttributesThere,
    },
  ]
}

/** What a device loses when it is moved: its master, and IFF_UP. */
export function lostByMove(dev: Device): SideEffect[] {
  const header = { index: dev, change: IFF.UP }
  return [
    {
      lookup: message('GETLINK', linkLayout, { header: { index: dev } }),
      model: message('NEWLINK', linkLayout, { header, attributes: { master: 0 } }),
      pattern: [],
      recipe: linkSettingsThere,
    },
  ]
}
