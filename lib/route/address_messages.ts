// Encodes options of addresses as messages, and decodes addresses.
import { forever, printable } from '../wire/printable'
import { messageHeaderSize, NLM_F } from '../netlink/constants'
import { decodeMessage, type Message, type Received } from '../netlink/message'
import { objectVerbs, type Selection } from '../netlink/objects'
import type { SideEffect } from '../netlink/operation'
import type { Condition } from '../netlink/rollback/pattern'
import { numbersOf, offsetOf } from '../netlink/rollback/offsets'
import type { UnknownAttribute } from '../wire/attributes'
import { checkDevice, type Device } from '../wire/device'
import { checkKeys, outOfRange, wrongValue } from '../wire/invalid'
import { parsePrefix } from '../wire/ip'
import { checkText } from '../wire/text'
import type { ValueOf } from '../wire/type'
import { broadcastOf, checkGiven, checkLifetime, conditionsOf, named } from './address_key'
import { addressLayout, type addressFlags, type addressProtocol } from './address_attributes'
import { heldBy } from './rollback/side_effects'
import type { Difference } from '../netlink/ensure'
import { checkFamily, checkScope, type Family, type scope } from './families'
import { message, Mode, ofIP, protocol, RTM } from './rtnetlink'
import { anyAddress, deletedAddress, replacedAddress } from './rollback/recipes'

/** The key of an address: its device and the address. */
export interface AddressKey {
  /** The device, by name or index (ifa_index). */
  dev: Device
  /** The address, with the length of its prefix: `10.0.0.1/24`, `fd00::1/64` (IFA_LOCAL). Without it, /32 or /128. */
  address: string
  /**
   * The other end of a point-to-point link (IFA_ADDRESS). Its prefix length then applies, and not that of `address`; without
   * one, /32 or /128. Default: none.
   */
  peer?: string | undefined
}

/** An address to add. */
export interface AddressOptions extends AddressKey {
  /** The IPv4 broadcast address (IFA_BROADCAST); `+` for the prefix's own. Default: none. */
  broadcast?: string | undefined
  /** A name for the address, 1 to 15 bytes, IPv4 only: by custom `eth0:1` (IFA_LABEL). Default: the device's name. */
  label?: string | undefined
  /**
   * Where it is valid (ifa_scope). Default: `host` for loopback addresses, else `global`. For IPv6 the kernel derives it from
   * the address.
   */
  scope?: ValueOf<typeof scope> | undefined
  /**
   * Whole seconds until it is deprecated, that is no longer used for new connections (ifa_prefered), at most
   * `validLifetimeSeconds`; 0: at once. Default: `validLifetimeSeconds`.
   */
  preferredLifetimeSeconds?: number | undefined
  /** Whole seconds until it is removed, at least 1 (ifa_valid). Default: Infinity, which may be written as 4294967295. */
  validLifetimeSeconds?: number | undefined
  /**
   * `nodad` (usable at once, no duplicate address detection), `noprefixroute` … (IFA_FLAGS). Those that are only
   * reported have no effect. Default: none.
   */
  flags?: ValueOf<typeof addressFlags> | undefined
  /** Metric of the route to its prefix (IFA_RT_PRIORITY). Default: 0 for IPv4, 256 for IPv6. */
  metric?: number | undefined
  /** Its origin (IFA_PROTO, IFAPROT_): a name, or a number up to 255. Default: none. Since Linux 5.18. */
  protocol?: ValueOf<typeof addressProtocol> | undefined
}

/** An address of a device (RTM_NEWADDR). */
export interface Address {
  /** Its family (ifa_family). */
  family: Family
  /** Index of its device (ifa_index). */
  dev: number
  /** The address and the length of its prefix, such as `10.0.0.1/24` (IFA_LOCAL, or else IFA_ADDRESS). */
  address: string
  /** The other end of a point-to-point link and the length of its prefix, if that is another address (IFA_ADDRESS). */
  peer?: string
  /** The IPv4 broadcast address (IFA_BROADCAST). */
  broadcast?: string
  /** The anycast address (IFA_ANYCAST). IPv6. */
  anycast?: string
  /** Its label (IFA_LABEL): by default the device's name. IPv4. */
  label?: string
  /** How far it is valid (ifa_scope). */
  scope: ValueOf<typeof scope>
  /** `permanent`, `secondary`, `tentative` … (IFA_FLAGS). */
  flags: ValueOf<typeof addressFlags>
  /** Seconds until it is deprecated, that is no longer used for new connections (ifa_prefered). Infinity: never. */
  preferredLifetimeSeconds: number
  /** Seconds until it is removed (ifa_valid). Infinity: never. */
  validLifetimeSeconds: number
  /** Metric of the route to its prefix (IFA_RT_PRIORITY), if one was given. */
  metric?: number
  /** Its origin (IFA_PROTO, IFAPROT_), if the kernel knows. Since Linux 5.18. */
  protocol?: ValueOf<typeof addressProtocol>
  /** Attributes that this version does not decode. */
  unknown?: UnknownAttribute[]
}

/** A filter for addresses. */
export interface AddressFilter {
  /** Of one device, by name or index (in the kernel). */
  dev?: Device | undefined
  /** Of one family (in the kernel). */
  family?: Family | undefined
  /** Of one scope. */
  scope?: ValueOf<typeof scope> | undefined
  /** With this label: a name of IPv4 addresses. */
  label?: string | undefined
}

function newAddress(options: AddressOptions, flags: number): Message {
  const { given, ends } = checkGiven(options)
  if (given.anycast !== undefined) throw wrongValue('anycast', 'left out: the kernel only reports it', given.anycast)
  checkDevice(options.dev, 'dev')
  const { label, scope, preferredLifetimeSeconds, validLifetimeSeconds, metric, protocol } = options
  const loopback = ends.prefix.family === 'ipv4' ? ends.prefix.bytes[0] === 127 : ends.local === '::1'
  const valid = checkLifetime(validLifetimeSeconds, 'validLifetimeSeconds')
  const preferred =
    preferredLifetimeSeconds === undefined ? valid : checkLifetime(preferredLifetimeSeconds, 'preferredLifetimeSeconds')
  if (preferred > valid) throw outOfRange('preferredLifetimeSeconds', 'at most validLifetimeSeconds', preferred)
  if (label !== undefined && ends.prefix.family === 'ipv6') throw wrongValue('label', 'left out for IPv6', label)
  return message('NEWADDR', addressLayout, {
    flags,
    header: {
      family: ends.prefix.family,
      prefixLength: ends.length,
      scope: scope ?? (loopback ? 'host' : 'global'),
      index: options.dev,
    },
    attributes: {
      local: ends.local,
      address: ends.address,
      broadcast: broadcastOf(options.broadcast, ends),
      label,
      flags: options.flags,
      cacheInfo: valid === forever && preferred === forever ? undefined : { preferred, valid },
      metric,
      protocol,
    },
  })
}

const replaced = { ipv4: replacedAddress('ipv4'), ipv6: replacedAddress('ipv6') }

function familyOfAddress({ address }: AddressKey): Family {
  return parsePrefix(address, 'address').family
}

/** Requests the addresses of a key's device. */
function dumpOf(key: AddressKey): Message {
  return message('GETADDR', addressLayout, {
    flags: NLM_F.DUMP,
    header: { family: familyOfAddress(key), index: key.dev },
  })
}

const onDevice = ({ address, dev }: AddressKey): string => `${address} on ${dev}`

/** Fields that are compared with those of an existing address. */
const compared = ['broadcast', 'label', 'scope', 'metric', 'protocol'] as const

function difference(options: AddressOptions, told: Address, there: Address): Difference | undefined {
  for (const field of compared) {
    // The kernel derives the scope of an IPv6 address from the address.
    if (options[field] === undefined || (field === 'scope' && there.family === 'ipv6')) continue
    if (told[field] !== there[field]) return { field, there: there[field], wanted: told[field] }
  }
  const isMissing = told.flags.some((flag) => !onlyReported.has(flag) && !there.flags.includes(flag))
  if (isMissing) return { field: 'flags', there: there.flags, wanted: told.flags }
  for (const field of ['validLifetimeSeconds', 'preferredLifetimeSeconds'] as const) {
    const wanted = options[field]
    if (wanted === undefined) continue
    // Lifetimes run down.
    const isSo = wanted === Infinity ? there[field] === Infinity : there[field] <= wanted
    if (!isSo) return { field, there: String(there[field]), wanted: String(wanted) }
  }
  return undefined
}

const onlyReported: ReadonlySet<unknown> = new Set([
  'secondary',
  'dadfailed',
  'deprecated',
  'tentative',
  'permanent',
  'stablePrivacy',
])

function deletion(key: AddressKey): Message {
  const { ends } = checkGiven(key)
  checkDevice(key.dev, 'dev')
  return message('DELADDR', addressLayout, {
    header: { family: ends.prefix.family, prefixLength: ends.length, index: key.dev },
    attributes: {
      local: ends.local, // The kernel compares the length of an IPv4 prefix only if this is given.
      ...(saysLength(key) ? { address: ends.address } : {}),
    },
  })
}

function saysLength({ address, peer }: AddressKey): boolean {
  return peer !== undefined || address.includes('/')
}

/** Selects exactly the address of a key, if the key has fields that the kernel does not compare. */
function exactly(key: AddressKey): Selection | undefined {
  const { given, ends } = checkGiven(key)
  const more = conditionsOf(given, ends)
  return more.length === 0 ? undefined : { request: dumpOf(key), pattern: [...named(ends, key), ...more] }
}

const filterKeys = new Set(['dev', 'family', 'scope', 'label'])
const scopeAt = offsetOf(addressLayout.header, 'ifa_scope')

/** The selection of a filter: a request that the kernel filters, and a pattern for the rest. */
function filtering(filter: AddressFilter): Selection {
  checkKeys(filter, filterKeys)
  const { dev, label } = filter
  if (dev !== undefined) checkDevice(dev, 'dev')
  if (label !== undefined) checkText(label, 1, 15, 'label')
  const wantedScope = checkScope(filter.scope)
  const wanted = checkFamily(filter.family)
  const header = { family: wanted ?? ('any' as const), ...(dev === undefined ? {} : { index: dev }) }
  const pattern: Condition[] = []
  if (wantedScope !== undefined) {
    const { bytes } = message('GETADDR', addressLayout, { header: { scope: wantedScope } })
    pattern.push([
      { header: scopeAt, value: bytes.slice(messageHeaderSize + scopeAt, messageHeaderSize + scopeAt + 1) },
    ])
  }
  if (label !== undefined)
    pattern.push([{ attribute: numbersOf(addressLayout.attributes, 'LABEL'), value: Buffer.from(`${label}\0`) }])
  return { request: message('GETADDR', addressLayout, { flags: NLM_F.DUMP, header }), pattern }
}

/** Checks a key, and returns the selection of its address. */
function addressOf(key: AddressKey): Selection {
  const { given, ends } = checkGiven(key)
  checkDevice(key.dev, 'dev')
  return { request: dumpOf(key), pattern: [...named(ends, key), ...conditionsOf(given, ends)] }
}

/** Decodes an address from an RTM_NEWADDR message. */
export function decodeAddress(received: Pick<Received, 'reader' | 'at' | 'end'>): Address | undefined {
  const decoded = decodeMessage(addressLayout, received)
  if (decoded === undefined) return undefined
  const { header, attributes: found } = decoded
  const own = found.local ?? found.address
  if ((header.family !== 'ipv4' && header.family !== 'ipv6') || own === undefined) return undefined
  const seconds = (value: number | undefined): number => (value === undefined || value === forever ? Infinity : value)
  const address: Address = {
    family: header.family,
    dev: header.index as number,
    address: `${own}/${header.prefixLength}`,
    scope: header.scope,
    flags: found.flags ?? [],
    preferredLifetimeSeconds: seconds(found.cacheInfo?.preferred),
    validLifetimeSeconds: seconds(found.cacheInfo?.valid),
  }
  if (found.address !== undefined && found.address !== own) address.peer = `${found.address}/${header.prefixLength}`
  if (found.broadcast !== undefined) address.broadcast = found.broadcast
  if (found.anycast !== undefined) address.anycast = found.anycast
  if (found.label !== undefined) address.label = found.label
  if (found.metric !== undefined) address.metric = found.metric
  if (found.protocol !== undefined) address.protocol = found.protocol
  if (found.unknown !== undefined) address.unknown = found.unknown
  return address.validLifetimeSeconds === Infinity ? printable(address) : address
}

const removedAgain = { inverse: RTM.DELADDR }
const heldByDevice = ({ dev }: AddressKey | AddressFilter): readonly SideEffect[] => heldBy(dev)

export const addressVerbs = objectVerbs<AddressOptions, AddressKey, AddressFilter, Address, 'add' | 'replace'>({
  name: 'addresses',
  protocol,
  headerSize: addressLayout.header.size,
  decode: decodeAddress,
  make: {
    message: newAddress,
    modes: {
      add: { flags: Mode.add, undo: removedAgain },
      replace: {
        flags: Mode.replace,
        undo: { recipe: (options) => replaced[familyOfAddress(options)], lookup: dumpOf },
      },
    },
    about: onDevice,
  },
  ensure: {
    flags: Mode.add,
    undo: removedAgain,
    select: ({ dev }, { address, peer = address }) => addressOf({ dev, address, peer }),
    differs: difference,
  },
  get: { select: addressOf, dump: true, about: onDevice },
  list: { select: filtering },
  remove: {
    message: deletion,
    about: onDevice,
    undo: {
      recipe: (key) => deletedAddress(familyOfAddress(key), { length: saysLength(key) }),
      lookup: dumpOf,
      sideEffects: heldByDevice,
    },
    exactly,
    symbol: 'RTM_DELADDR',
    recipe: anyAddress,
    sideEffects: heldByDevice,
    removable: [ofIP],
    backwards: true, // Secondary ones first, as the kernel removes them with their primary one.
  },
})
