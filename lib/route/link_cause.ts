// The likely cause of an errno without a message of the kernel, for links: the option in the refused message, and what it needs.
import { errnoName } from '../errno'
import { messageHeaderSize, NLM_F } from '../netlink/constants'
import { decodeMessage, type Message } from '../netlink/message'
import type { Refused } from '../netlink/operation'
import type { AttributesOf } from '../wire/attributes'
import { isBytes } from '../wire/invalid'
import { Reader } from '../wire/reader'
import { linkKinds, portKinds } from './kinds'
import { lacking } from './kinds/in_kernel'
import type { Options, Schema } from './kinds/kind'
import { linkLayout } from './link_attributes'
import { noUnicastMac } from './link_creation'

const probes = new Map(
  Object.values(portKinds).flatMap(({ traits }) =>
    Object.values(traits.probes ?? {}).map((probe) => [probe?.name, probe] as const),
  ),
)

/** The likely cause for a message about a link. */
export function causeForLink({ errno, kernelMessage, message }: Refused): string | undefined {
  const probe = probes.get(message.name)
  if (probe !== undefined) return probe.lack
  const code = errnoName(errno)
  if (code === 'EOPNOTSUPP' && message.name.endsWith('LINKPROP')) return 'altnames need Linux 5.5'
  if (code === 'EOPNOTSUPP' && message.name === 'RTM_DELLINK')
    return 'devices of hardware and lo cannot be deleted, nor those that their driver keeps'
  const asked = decode(message)
  if (asked === undefined) return undefined
  const creating = isCreation(message)
  const { kind, data, portKind, portData } = asked.linkInfo ?? {}
  const own = causeOf(linkKinds, kind, data, { code, kernelMessage, creating })
  const ofPort = causeOf(portKinds, portKind, portData, { code, kernelMessage, creating })
  switch (code) {
    case 'EINVAL':
      return own ?? causeInSettings(asked, code)
    case 'EADDRNOTAVAIL':
      return own ?? (namesMac(asked) ? noUnicastMac : undefined)
    case 'EOPNOTSUPP':
      break
    default:
      return own ?? ofPort
  }
  if (portKind !== undefined) return `"port" is for a device that is a port of a ${portKind}: give it a "master"`
  if (kind === 'tun' || kind === 'tap') return 'TUN and TAP devices are made by ns.taps.create'
  if (kind === undefined) return kernelMessage === undefined ? causeInSettings(asked, code) : undefined
  if (kernelMessage === 'Unknown device type') return lacking(kind)
  const fixed = creating ? undefined : unchangeable(kind, data)
  // The kernel's own message says more.
  if (kernelMessage !== undefined || fixed !== undefined) return fixed
  const mismatch = `the device has to be of the kind "${kind}", and its driver to allow changes`
  if (own === undefined) return mismatch
  return creating ? own : `${own}; and ${mismatch}`
}

type LinkAttributes = AttributesOf<typeof linkLayout.attributes.table>

function schemaOf(kinds: Readonly<Record<string, unknown>>, kind: string | undefined): Schema | undefined {
  return kind !== undefined && Object.hasOwn(kinds, kind) ? (kinds[kind] as Schema) : undefined
}

function optionsOf(data: unknown): Options | undefined {
  return typeof data === 'object' && data !== null && !isBytes(data) ? (data as Options) : undefined
}

/** The cause by the declaration of the link's kind. */
function causeOf(
  kinds: Readonly<Record<string, unknown>>,
  kind: string | undefined,
  data: unknown,
  refused: { code: string; kernelMessage: string | undefined; creating: boolean },
): string | undefined {
  return schemaOf(kinds, kind)?.traits.cause?.({ ...refused, options: optionsOf(data) ?? {} })
}

/** Options among those given that the kernel does not change later, where its own message is unclear. */
function unchangeable(kind: string, data: unknown): string | undefined {
  const changeable = schemaOf(linkKinds, kind)?.traits.changeable
  const options = optionsOf(data)
  if (changeable === undefined || options === undefined) return undefined
  const given = Object.keys(options).filter((name) => !changeable.includes(name) && name !== 'unknown')
  if (given.length === 0) return undefined
  return `of a ${kind} that is there ${given.map((name) => `"${name}"`).join(', ')} cannot be changed`
}

function isCreation({ bytes }: Message): boolean {
  return (new Reader(bytes).u16(6) & NLM_F.CREATE) !== 0
}

// Decodes our own message, which was checked when it was encoded.
function decode({ bytes, name }: Message): LinkAttributes | undefined {
  if (name !== 'RTM_NEWLINK') return undefined
  const written = { reader: new Reader(bytes), at: messageHeaderSize, end: bytes.length }
  return decodeMessage(linkLayout, written)?.attributes
}

// Options for which a driver needs a function of its own (struct net_device_ops), and kinds that have it.
const settings = {
  master: 'the "master" takes no ports: it has to be a bridge, a VRF, a bond or the like',
  carrier: 'the carrier of this device comes from its hardware or its other end, and "carrier" does not set it',
  protoDown: 'devices of this kind have no "protoDown": macvlan, vxlan and some hardware do',
  mac: 'this device does not let its "mac" be changed',
  mtu: 'this device does not let its "mtu" be changed',
} as const

/** Whether it sets a MAC address: of the device, or of its far end. */
function namesMac({ mac, linkInfo }: LinkAttributes): boolean {
  const { peer } = optionsOf(linkInfo?.data) ?? {}
  const far = (peer as { attributes?: LinkAttributes } | undefined)?.attributes
  return mac !== undefined || far?.mac !== undefined
}

function causeInSettings(asked: LinkAttributes, code: string): string | undefined {
  if (code === 'EINVAL') {
    return asked.afSpec?.inet6?.addrGenMode === 'stablePrivacy'
      ? '"addrGenMode" stablePrivacy needs a secret in net.ipv6.conf.DEVICE.stable_secret; random makes one'
      : undefined
  }
  const option = Object.keys(settings).find((key) => asked[key as keyof typeof settings] !== undefined)
  return option === undefined ? undefined : settings[option as keyof typeof settings]
}
