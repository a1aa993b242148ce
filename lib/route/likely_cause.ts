// What a bare errno of the kernel's probably means, by the message that it refused: which option, and what that needs.
import { errnoNumber } from '../errno'
import { messageHeaderSize, NLM_F } from '../netlink/constants'
import { decodeMessage, type Message } from '../netlink/message'
import type { Refused } from '../netlink/operation'
import type { AttributesOf } from '../wire/attributes'
import { isBytes } from '../wire/invalid'
import { Reader } from '../wire/reader'
import { lacking } from './kinds/in_kernel'
import { linkLayout } from './link_attributes'

const EOPNOTSUPP = errnoNumber('EOPNOTSUPP')
const EAFNOSUPPORT = errnoNumber('EAFNOSUPPORT')
const EADDRNOTAVAIL = errnoNumber('EADDRNOTAVAIL')
const EEXIST = errnoNumber('EEXIST')
const EINVAL = errnoNumber('EINVAL')
const ENETDOWN = errnoNumber('ENETDOWN')
const EBUSY = errnoNumber('EBUSY')

/** The refusal of a message about a link. */
export function causeForLink({ errno, kernelMessage, message }: Refused): string | undefined {
  if (message.name === 'RTM_GETVLAN') return withoutVlans
  if (errno === EINVAL || errno === ENETDOWN || errno === EBUSY) return causeOfValue(errno, decode(message))
  if (errno !== EOPNOTSUPP && errno !== EADDRNOTAVAIL) return undefined
  if (message.name.endsWith('LINKPROP')) return 'further names need Linux 5.5'
  if (message.name === 'RTM_DELLINK')
    return 'devices of hardware and lo cannot be deleted, nor those that their driver keeps'
  const asked = decode(message)
  if (asked === undefined) return undefined
  const { linkInfo } = asked
  if (errno === EADDRNOTAVAIL) return namesMac(asked) ? '"mac" must be a unicast address, and not zero' : undefined
  if (linkInfo?.portKind !== undefined) {
    return `"port" is for a device that is a port of a ${linkInfo.portKind}: give it a "master"`
  }
  const kind = linkInfo?.kind
  if (kind === 'tun' || kind === 'tap') return 'TUN and TAP devices are made by ns.taps.create'
  if (kernelMessage === 'Unknown device type' && kind !== undefined) return lacking(kind)
  const fixed = kind === undefined || isCreation(message) ? undefined : unchangeable(kind, linkInfo?.data)
  // The kernel has said the rest, and better.
  if (kernelMessage !== undefined || fixed !== undefined) return fixed
  return kind === undefined ? causeInSettings(asked) : causeInKind(kind, linkInfo?.data, isCreation(message))
}

const withoutVlans = '"port.vlanTunnel" and "port.neighVlanSuppress" need a kernel with CONFIG_BRIDGE_VLAN_FILTERING'

/** Values that the kernel refuses without a word. */
function causeOfValue(errno: number, asked: LinkAttributes | undefined): string | undefined {
  const port = asked?.linkInfo?.portData as { state?: unknown } | undefined
  if (errno === ENETDOWN && port?.state !== undefined) return '"port.state" is of a port that is up and has a carrier'
  if (errno === EBUSY && port?.state !== undefined)
    return '"port.state" is up to the spanning tree of the kernel (stpState)'
  const switches = (asked?.linkInfo?.data as { boolOptions?: object } | undefined)?.boolOptions
  if (errno === EINVAL && switches !== undefined)
    return `it is about ${Object.keys(switches)
      .map((name) => `"boolOptions.${name}"`)
      .join(' or ')}, which this kernel may not know`
  if (errno === EINVAL && asked?.afSpec?.inet6?.addrGenMode === 'stablePrivacy')
    return '"addrGenMode" stablePrivacy needs a secret in net.ipv6.conf.DEVICE.stable_secret; random makes one'
  return undefined
}

/** What of the options may be what the kernel does not change later: vxlan's own names say it badly. */
function unchangeable(kind: string, data: unknown): string | undefined {
  if (kind !== 'vxlan' || typeof data !== 'object' || data === null || isBytes(data)) return undefined
  const given = Object.keys(data).filter((name) => !changeableOfVxlan.has(name) && name !== 'unknown')
  if (given.length === 0) return undefined
  return `of a vxlan that is there ${given.map((name) => `"${name}"`).join(', ')} cannot be changed`
}

// vxlan_changelink and vxlan_nl2conf, drivers/net/vxlan/vxlan_core.c.
const changeableOfVxlan: ReadonlySet<string> = new Set([
  'remote',
  'remote6',
  'local',
  'local6',
  'underlay',
  'tos',
  'ttl',
  'flowLabel',
  'flowLabelPolicy',
  'learning',
  'ageingSeconds',
  'df',
  'localbypass',
  'mcRoute',
])

type LinkAttributes = AttributesOf<typeof linkLayout.attributes.table>

function isCreation({ bytes }: Message): boolean {
  return (new Reader(bytes).u16(6) & NLM_F.CREATE) !== 0
}

// It was checked when it was made: what is read here are our own bytes.
function decode({ bytes, name }: Message): LinkAttributes | undefined {
  if (name !== 'RTM_NEWLINK') return undefined
  const written = { reader: new Reader(bytes), at: messageHeaderSize, end: bytes.length }
  return decodeMessage(linkLayout, written)?.attributes
}

// Options for which a driver needs a function of its own (struct net_device_ops), and what has it.
const settings = {
  master: 'the "master" takes no ports: it has to be a bridge, a VRF, a bond or the like',
  carrier: 'the carrier of this device comes from its hardware or its other end, and "carrier" does not set it',
  protoDown: 'devices of this kind have no "protoDown": macvlan, vxlan and some hardware do',
  mac: 'this device does not let its "mac" be changed',
  mtu: 'this device does not let its "mtu" be changed',
} as const

/** Whether it sets a MAC address: of the device, of its far end, or those that a macvlan takes. */
function namesMac({ mac, linkInfo }: LinkAttributes): boolean {
  const { macaddrs, macaddr, peer } = (linkInfo?.data ?? {}) as Record<string, unknown>
  const far = (peer as { attributes?: LinkAttributes } | undefined)?.attributes
  return [mac, macaddrs, macaddr, far?.mac].some((value) => value !== undefined)
}

function causeInSettings(asked: LinkAttributes): string | undefined {
  const option = Object.keys(settings).find((key) => asked[key as keyof typeof settings] !== undefined)
  return option === undefined ? undefined : settings[option as keyof typeof settings]
}

function causeInKind(kind: string, data: unknown, creating: boolean): string {
  const asked = typeof data === 'object' && data !== null && !isBytes(data) ? data : {}
  const mismatch = `the device has to be of the kind "${kind}", and its driver to allow changes`
  const mst =
    'boolOptions' in asked && (asked.boolOptions as { mstEnable?: boolean } | undefined)?.mstEnable !== undefined
  if (kind !== 'bridge' || !('vlanFiltering' in asked || mst)) return mismatch
  const option = 'vlanFiltering' in asked ? 'vlanFiltering' : 'boolOptions.mstEnable'
  const without = `"${option}" needs a kernel with CONFIG_BRIDGE_VLAN_FILTERING`
  return creating ? without : `${without}; and ${mismatch}`
}

/** The refusal of a new rule. */
export function causeForRule({ errno }: Refused): string | undefined {
  if (errno === EOPNOTSUPP || errno === EAFNOSUPPORT) {
    return 'rules need a kernel with CONFIG_IP_MULTIPLE_TABLES, for IPv6 CONFIG_IPV6_MULTIPLE_TABLES'
  }
  if (errno !== EEXIST) return undefined
  return (
    'the kernel takes one that is there for the same, though "invert", "tos", "dscp", "markMask" or what only one of them ' +
    'asks for may differ: rules.ensure and rules.replace compare all'
  )
}

/** The refusal of a route. */
export function causeForRoute({ errno, kernelMessage }: Refused): string | undefined {
  if (errno === EAFNOSUPPORT) return 'this kernel has no such family (CONFIG_IPV6, or ipv6.disable=1)'
  if (errno !== EOPNOTSUPP) return undefined
  if (kernelMessage?.includes('encapsulation') !== true) return undefined
  return 'this needs a kernel with CONFIG_LWTUNNEL, and of that the type: CONFIG_MPLS_IPTUNNEL, CONFIG_IPV6_SEG6_LWTUNNEL …'
}
