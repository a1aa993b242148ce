// The messages of addresses: struct ifaddrmsg and IFA_… (linux/if_addr.h), from options and to objects.
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { NLM_F } from '../netlink/constants'
import type { Message, Received } from '../netlink/message'
import type { Operation } from '../netlink/operation'
import { attributes, type UnknownAttribute } from '../wire/attributes'
import { bits, oneOf } from '../wire/choices'
import { checkDevice, device, type Device } from '../wire/device'
import { i32, u32, u8 } from '../wire/integers'
import { checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { formatIPv4, ip, parsePrefix, type Prefix } from '../wire/ip'
import { struct } from '../wire/struct'
import { checkText, text } from '../wire/text'
import type { ValueOf } from '../wire/type'
import { errnoNumber } from '../errno'
import { checkFamily, checkScope, family, scope, type Family } from './families'
import { change, decodeMessage, dump, message, Mode, RTM } from './rtnetlink'
import { addressObject } from './undo'

const ifaddrmsg = struct('ifaddrmsg', {
  family: ['ifa_family', family],
  prefixLength: ['ifa_prefixlen', u8],
  flags: ['ifa_flags', u8],
  scope: ['ifa_scope', scope],
  index: ['ifa_index', device],
})

const cacheInfo = struct('ifa_cacheinfo', {
  preferred: ['ifa_prefered', u32],
  valid: ['ifa_valid', u32],
  created: ['cstamp', u32],
  updated: ['tstamp', u32],
})

const addressFlags = bits(u32, 'IFA_F_', {
  /** IPv4: another address of the prefix was there first. IPv6: temporary, made by the kernel. Only reported. */
  secondary: ['SECONDARY', 0x01],
  /** Usable at once, without duplicate address detection; IPv6. */
  nodad: ['NODAD', 0x02],
  /** Usable while duplicate address detection runs (RFC 4429); IPv6. */
  optimistic: ['OPTIMISTIC', 0x04],
  /** Somebody else has the address. Only reported. */
  dadfailed: ['DADFAILED', 0x08],
  /** Home address of a mobile node (RFC 6275); IPv6. */
  homeaddress: ['HOMEADDRESS', 0x10],
  /** Its preferred lifetime is over. Only reported. */
  deprecated: ['DEPRECATED', 0x20],
  /** Duplicate address detection still runs. Only reported. */
  tentative: ['TENTATIVE', 0x40],
  /** Valid for ever. Only reported. */
  permanent: ['PERMANENT', 0x80],
  /** The kernel makes temporary addresses of its prefix (RFC 8981); IPv6, /64 only. */
  managetempaddr: ['MANAGETEMPADDR', 0x100],
  /** No route to its prefix is made. */
  noprefixroute: ['NOPREFIXROUTE', 0x200],
  /** A multicast address, whose group the device joins. */
  mcautojoin: ['MCAUTOJOIN', 0x400],
  /** Made by the kernel from a secret (RFC 7217). Only reported. */
  stablePrivacy: ['STABLE_PRIVACY', 0x800],
})

const addressProtocol = oneOf(u8, 'IFAPROT_', {
  /** Nobody said. */
  unspec: ['UNSPEC', 0],
  /** The kernel, for loopback. */
  kernelLo: ['KERNEL_LO', 1],
  /** The kernel, by a router advertisement. */
  kernelRa: ['KERNEL_RA', 2],
  /** The kernel, as a link-local address. */
  kernelLl: ['KERNEL_LL', 3],
})

const addressAttributes = attributes('IFA_', {
  address: ['ADDRESS', 1, ip],
  local: ['LOCAL', 2, ip],
  label: ['LABEL', 3, text(15, undefined, 1)],
  broadcast: ['BROADCAST', 4, ip],
  anycast: ['ANYCAST', 5, ip],
  cacheInfo: ['CACHEINFO', 6, cacheInfo],
  multicast: ['MULTICAST', 7, ip],
  flags: ['FLAGS', 8, addressFlags],
  metric: ['RT_PRIORITY', 9, u32],
  targetNetnsId: ['TARGET_NETNSID', 10, i32],
  protocol: ['PROTO', 11, addressProtocol],
})

/** The messages RTM_…ADDR. */
export const addressLayout = { header: ifaddrmsg, attributes: addressAttributes }

/** What names an address: its device and itself. */
export interface AddressKey {
  /** The device, by name or index (ifa_index). */
  dev: Device
  /** The address, with the length of its prefix: `10.0.0.1/24`, `fd00::1/64` (IFA_LOCAL). Without it, /32 or /128. */
  address: string
  /** The other end of a point-to-point link (IFA_ADDRESS); its prefix is then the one that counts. Default: none. */
  peer?: string | undefined
}

/** An address to add. */
export interface AddressOptions extends AddressKey {
  /** The IPv4 broadcast address (IFA_BROADCAST); `+` for the prefix's own. Default: none. */
  broadcast?: string | undefined
  /** A name for the address, 1 to 15 bytes, IPv4 only: by custom `eth0:1` (IFA_LABEL). Default: the device's name. */
  label?: string | undefined
  /**
   * How far it is valid (ifa_scope). Default: `host` for loopback addresses, else `global`. IPv6 goes by the address
   * itself.
   */
  scope?: ValueOf<typeof scope> | undefined
  /**
   * Whole seconds until it is not used for new connections any more (ifa_prefered), at most `validLifetimeSeconds`; 0
   * deprecates it at once. Default: `validLifetimeSeconds`.
   */
  preferredLifetimeSeconds?: number | undefined
  /** Whole seconds until it is removed, at least 1 (ifa_valid). Default: Infinity. */
  validLifetimeSeconds?: number | undefined
  /**
   * `nodad` (usable at once, no duplicate address detection), `noprefixroute` … (IFA_FLAGS). Those that are only
   * reported have no effect. Default: none.
   */
  flags?: ValueOf<typeof addressFlags> | undefined
  /** Metric of the route to its prefix (IFA_RT_PRIORITY). Default: 0 for IPv4, 256 for IPv6. */
  metric?: number | undefined
  /** Who made it (IFA_PROTO, IFAPROT_): a name, or a number up to 255. Default: none. Since Linux 5.18. */
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
  /** Its name (IFA_LABEL): the device's, unless it was given another. IPv4. */
  label?: string
  /** How far it is valid (ifa_scope). */
  scope: ValueOf<typeof scope>
  /** `permanent`, `secondary`, `tentative` … (IFA_FLAGS). */
  flags: ValueOf<typeof addressFlags>
  /** Seconds until it is not used for new connections any more (ifa_prefered). Infinity: for ever. */
  preferredLifetimeSeconds: number
  /** Seconds until it is removed (ifa_valid). Infinity: for ever. */
  validLifetimeSeconds: number
  /** Metric of the route to its prefix (IFA_RT_PRIORITY), if one was given. */
  metric?: number
  /** Who made it (IFA_PROTO, IFAPROT_), if the kernel knows. Since Linux 5.18. */
  protocol?: ValueOf<typeof addressProtocol>
  /** Attributes that this version does not know. */
  unknown?: UnknownAttribute[]
}

/** Which addresses a list is of. */
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

const keyKeys = ['dev', 'address', 'peer']
const addKeys = new Set([
  ...keyKeys,
  'broadcast',
  'label',
  'scope',
  'preferredLifetimeSeconds',
  'validLifetimeSeconds',
  'flags',
  'metric',
  'protocol',
])

// What a list tells of an address names it just as well: what is more than a key is not looked at.
const listedKeys = new Set([...addKeys, 'family', 'anycast', 'unknown'])

const forever = 0xffffffff

function checkLifetime(value: unknown, field: string): number {
  if (value === undefined || value === Infinity) return forever
  if (typeof value !== 'number') throw wrongType(field, 'a number of seconds', value)
  if (!Number.isInteger(value) || value < 0 || value >= forever) {
    throw outOfRange(field, `an integer from 0 to ${forever - 1}, or Infinity`, value)
  }
  return value
}

/** The text of an address without the length of its prefix. */
function bare(address: string): string {
  const slash = address.indexOf('/')
  return slash < 0 ? address : address.slice(0, slash)
}

interface Ends {
  readonly prefix: Prefix
  readonly length: number
  readonly local: string
  readonly address: string
  /** The bytes of `address`. */
  readonly far: Uint8Array
}

function checkEnds({ address, peer }: AddressKey): Ends {
  const prefix = parsePrefix(address, 'address')
  if (peer === undefined)
    return { prefix, length: prefix.length, local: bare(address), address: bare(address), far: prefix.bytes }
  const far = parsePrefix(peer, 'peer', prefix.family)
  const length = peer.includes('/') ? far.length : prefix.length
  return { prefix, length, local: bare(address), address: bare(peer), far: far.bytes }
}

function broadcastOf(value: string | undefined, { prefix, length, far }: Ends): string | undefined {
  if (value === undefined) return undefined
  if (prefix.family === 'ipv6') throw wrongValue('broadcast', 'left out: IPv6 has no broadcast', value)
  if (value !== '+') {
    parsePrefix(value, 'broadcast', 'ipv4')
    return value
  }
  if (length > 30) return undefined // as in `ip address`: there is none
  const bytes = far.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, length - 8 * i))))
  return formatIPv4(bytes)
}

function newAddress(options: AddressOptions, flags: number): Message {
  checkKeys(options, listedKeys)
  const ends = checkEnds(options)
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

const replaced = { ipv4: addressObject('ipv4', { removes: false }), ipv6: addressObject('ipv6', { removes: false }) }

function familyOfAddress({ address }: AddressKey): Family {
  return parsePrefix(address, 'address').family
}

/** The addresses of a device, among which one is. */
function dumpOf(key: AddressKey): Message {
  return message('GETADDR', addressLayout, {
    flags: NLM_F.DUMP,
    header: { family: familyOfAddress(key), index: key.dev },
  })
}

/** addresses.add, addresses.replace */
export function addAddress(netns: NetnsReference, verb: 'add' | 'replace', options: AddressOptions): Operation<void> {
  const request = newAddress(options, Mode[verb])
  const back =
    verb === 'add'
      ? { inverse: RTM.DELADDR }
      : { before: () => ({ recipe: replaced[familyOfAddress(options)], lookup: dumpOf(options) }) }
  return change(`addresses.${verb}`, netns, request, `${options.address} on ${options.dev}`, undefined, back)
}

function deletion(key: AddressKey, label?: string): Message {
  const ends = checkEnds(key)
  checkDevice(key.dev, 'dev')
  return message('DELADDR', addressLayout, {
    header: { family: ends.prefix.family, prefixLength: ends.length, index: key.dev },
    attributes: {
      local: ends.local, // Only with it does the kernel compare the length of an IPv4 prefix.
      ...(key.peer === undefined && !key.address.includes('/') ? {} : { address: ends.address }),
      label,
    },
  })
}

/** addresses.delete */
export function deleteAddress(netns: NetnsReference, key: AddressKey): Operation<void> {
  checkKeys(key, listedKeys)
  const request = deletion(key)
  const anyLength = key.peer === undefined && !key.address.includes('/')
  const recipe = addressObject(familyOfAddress(key), { removes: true, anyLength })
  return change('addresses.delete', netns, request, `${key.address} on ${key.dev}`, undefined, {
    before: () => ({ recipe, lookup: dumpOf(key) }),
  })
}

/** addresses.flush, of addresses that were listed: secondary ones first, for they go with their primary one. */
export function deleteAddresses(netns: NetnsReference, addresses: readonly Address[]): Operation<void> {
  const messages = addresses.map((address) => deletion(address)).reverse()
  const gone = new Set([errnoNumber('EADDRNOTAVAIL') ?? 0, errnoNumber('ENODEV') ?? 0])
  return change('addresses.flush', netns, [{ netns, messages, ending: Ending.lastAck, tolerate: gone }])
}

/** addresses.list */
export function listAddresses(
  netns: NetnsReference,
  filter: AddressFilter = {},
  name = 'addresses.list',
): Operation<Address[]> {
  checkKeys(filter, new Set(['dev', 'family', 'scope', 'label']))
  const { dev, label } = filter
  if (dev !== undefined) checkDevice(dev, 'dev')
  if (label !== undefined) checkText(label, 1, 15, 'label')
  const wantedScope = checkScope(filter.scope)
  const wanted = checkFamily(filter.family)
  const header = { family: wanted ?? ('any' as const), ...(dev === undefined ? {} : { index: dev }) }
  const request = message('GETADDR', addressLayout, { flags: NLM_F.DUMP, header })
  return dump(name, netns, Lane.read, request, (received) => {
    const address = decodeAddress(received)
    if (address === undefined || (wantedScope !== undefined && address.scope !== wantedScope)) return undefined
    return label === undefined || address.label === label ? address : undefined
  })
}

/** Checks a key and tells which address it names. */
export function matcher(key: AddressKey): (address: Address) => boolean {
  checkKeys(key, listedKeys)
  checkDevice(key.dev, 'dev')
  const ends = checkEnds(key)
  const anyLength = !(key.peer ?? key.address).includes('/')
  return ({ address, peer }) => {
    const { family, bytes, length } = parsePrefix(address, 'address')
    const same = family === ends.prefix.family && Buffer.compare(bytes, ends.prefix.bytes) === 0
    if (
      key.peer !== undefined &&
      (peer === undefined || Buffer.compare(parsePrefix(peer, 'peer').bytes, ends.far) !== 0)
    )
      return false
    return same && (anyLength || length === ends.length)
  }
}

/** Makes an address of an RTM_NEWADDR message. */
export function decodeAddress(received: Received): Address | undefined {
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
  return address
}
