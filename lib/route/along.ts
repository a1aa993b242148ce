// What the kernel drops along with a change of a device or its addresses, and a batch that is rolled back brings back.
import { NLM_F } from '../netlink/constants'
import type { Along } from '../netlink/operation'
import { byte, type Test } from '../netlink/pattern'
import { AF_INET6 } from '../wire/ip'
import type { Device } from '../wire/device'
import { addressLayout } from './address_attributes'
import { bridgePort } from './kinds/bridge_port'
import { linkLayout } from './link_attributes'
import { IFF } from './link_creation'
import { neighborLayout } from './neighbor_attributes'
import { routeLayout } from './route_attributes'
import { message, ofIP } from './rtnetlink'
import { anyAddress, anyNeighbor, anyRoute, linkSettingsThere } from './undo'

const flags = NLM_F.DUMP

// Offsets in struct ndmsg.
const ndmState = 8
const ndmFlags = 10
const nothing = new Uint8Array(2)

// What the kernel does not learn again: NUD_PERMANENT, NTF_EXT_LEARNED, and NTF_EXT_MANAGED of NDA_FLAGS_EXT.
const kept: readonly Test[] = [
  { header: ndmState, value: nothing, mask: 0x80, not: true },
  { header: ndmFlags, value: nothing.subarray(1), mask: 0x10, not: true },
  { attribute: [15], value: nothing, zeroIsAbsent: true, not: true },
]

/** The neighbors of a device that somebody has set; without a device, of all. */
export function neighborsOf(dev: Device | undefined): Along[] {
  const lookup = (proxy: readonly 'proxy'[]): Along['lookup'] =>
    message('GETNEIGH', neighborLayout, { flags, header: { family: 'any', flags: [...proxy] }, attributes: { dev } })
  return [
    { lookup: lookup([]), pattern: [ofIP, kept], recipe: anyNeighbor },
    { lookup: lookup(['proxy']), pattern: [ofIP], recipe: anyNeighbor },
  ]
}

// rtm_protocol is not RTPROT_KERNEL: what the kernel makes for an address comes back with it.
const notByKernel: Test = { header: 5, value: byte(2), not: true }
const isIPv6: Test = { header: 0, value: byte(AF_INET6) }
const hasSource: Test = { attribute: [7] }

/** All that a device loses when it goes down: its addresses, the neighbors that somebody has set, and routes. */
export function heldBy(dev: Device | undefined): Along[] {
  const routes = message('GETROUTE', routeLayout, { flags, header: { family: 'any' }, attributes: { dev } })
  const addresses = { family: 'any', ...(dev === undefined ? {} : { index: dev }) } as const
  return [
    { lookup: message('GETADDR', addressLayout, { flags, header: addresses }), pattern: [ofIP], recipe: anyAddress },
    ...neighborsOf(dev),
    {
      lookup: routes,
      pattern: [
        ofIP,
        [notByKernel],
        [
          { ...isIPv6, not: true },
          { ...hasSource, not: true },
        ],
      ],
      recipe: anyRoute,
    },
    // Without its source address an IPv6 route stays, and looks the same to the kernel.
    { lookup: routes, pattern: [[isIPv6], [notByKernel], [hasSource]], recipe: anyRoute, anew: true },
  ]
}

const settable = Object.values(bridgePort.table).flatMap(([symbol, number, type]) =>
  'reported' in type || symbol === 'STATE' || symbol === 'FLUSH' ? [] : [{ type: number, data: new Uint8Array(0) }],
)

/** Settings of a bridge's port, which it loses when it leaves the bridge. */
export function portSettings(dev: Device): Along[] {
  // The numbers alone: the payloads are those that the port had.
  const port = { portKind: 'bridge', portData: { unknown: settable } } as never
  return [
    {
      lookup: message('GETLINK', linkLayout, { header: { index: dev } }),
      model: message('NEWLINK', linkLayout, { header: { index: dev }, attributes: { linkInfo: port } }),
      // IFLA_LINKINFO, IFLA_INFO_SLAVE_KIND
      pattern: [[{ attribute: [18, 4], value: Buffer.from('bridge\0') }]],
      recipe: linkSettingsThere,
    },
  ]
}

/** What a device loses besides when it is moved: how it makes its IPv6 addresses, its master, and that it is up. */
export function lostByMove(dev: Device): Along[] {
  const lookup = message('GETLINK', linkLayout, { header: { index: dev } })
  const index = { index: dev }
  const modelled = [
    message('NEWLINK', linkLayout, {
      header: index,
      attributes: { afSpec: { inet6: { addrGenMode: 'eui64' } } } as never,
    }),
    message('NEWLINK', linkLayout, { header: { ...index, change: IFF.UP }, attributes: { master: 0 } }),
  ]
  return modelled.map((model) => ({ lookup, model, pattern: [], recipe: linkSettingsThere }))
}
