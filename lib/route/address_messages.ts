// The messages behind the verbs of addresses, from options and to objects.
import { forever, printable } from '../wire/printable'
import { Ending } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { messageHeaderSize, NLM_F } from '../netlink/constants'
import { decodeMessage, type Message, type Received } from '../netlink/message'
import { map, type Operation } from '../netlink/operation'
import { matches } from '../netlink/rollback/matches'
import type { Condition } from '../netlink/rollback/pattern'
import { numbersOf, offsetOf } from '../netlink/rollback/offsets'
import type { UnknownAttribute } from '../wire/attributes'
import { checkDevice, type Device } from '../wire/device'
import { checkKeys, outOfRange, wrongValue } from '../wire/invalid'
import { parsePrefix } from '../wire/ip'
import { Reader } from '../wire/reader'
import { checkText } from '../wire/text'
import type { ValueOf } from '../wire/type'
import { broadcastOf, checkEnds, checkGiven, checkLifetime, conditionsOf, named } from './address_key'
import { addressLayout, type addressFlags, type addressProtocol } from './address_attributes'
import { heldBy } from './rollback/side_effects'
import { checkCondition } from '../netlink/deletion'
import { conflict, ensuring, querying, making, vanished, type Ensured, type Ensuring } from '../netlink/ensure'
import { checkFamily, checkScope, type Family, type scope } from './families'
import { firstOf } from '../netlink/lookup'
import { change, flush, list, message, Mode, ofIP, RTM } from './rtnetlink'
import { anyAddress, deletedAddress, replacedAddress } from './rollback/recipes'

/** What names an address: its device and itself. */
export interface AddressKey {
  /** The device, by name or index (ifa_index). */
  dev: Device
  /** The address, with the length of its prefix: `10.0.0.1/24`, `fd00::1/64` (IFA_LOCAL). Without it, /32 or /128. */
  address: string
  /**
   * The other end of a point-to-point link (IFA_ADDRESS), whose prefix is the one that counts then: without a length, /32
   * or /128, whatever length `address` has. Default: none.
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
   * How far it is valid (ifa_scope). Default: `host` for loopback addresses, else `global`. IPv6 goes by the address
   * itself.
   */
  scope?: ValueOf<typeof scope> | undefined
  /**
   * Whole seconds until it is not used for new connections any more (ifa_prefered), at most `validLifetimeSeconds`; 0
   * deprecates it at once. Default: `validLifetimeSeconds`.
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

function newAddress(options: AddressOptions, flags: number): Message {
  const given = checkGiven(options, () => checkEnds(options))
  if (given.anycast !== undefined) throw wrongValue('anycast', 'left out: the kernel only reports it', given.anycast)
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

const replaced = { ipv4: replacedAddress('ipv4'), ipv6: replacedAddress('ipv6') }

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

/** addresses.ensure */
export function ensureAddress(netns: NetnsReference, options: AddressOptions): Operation<Ensured<Address>> {
  const it: Ensuring = { name: 'addresses.ensure', netns, about: `${options.address} on ${options.dev}` }
  const request = newAddress(options, Mode.add)
  const told = decodeAddress({ reader: new Reader(request.bytes), at: messageHeaderSize, end: request.length })
  const pattern = patternOf({
    dev: options.dev,
    address: told?.address ?? options.address,
    peer: told?.peer ?? `${told?.address}`,
  })
  const steps = [making(it, request, RTM.DELADDR), querying(netns, dumpOf(options), Ending.dump)]
  return ensuring(it, steps, (answers) => {
    let value: Address | undefined
    answers.forEach(1, (received) => {
      if (matches(received, addressLayout.header.size, pattern)) value ??= decodeAddress(received)
    })
    if (value === undefined) throw vanished(it)
    const made = !answers.isRefused(0)
    if (!made) checkSame(it, options, told, value)
    return { made, value }
  })
}

/** What an address has as it was given, and may be there with something else. */
const compared = ['broadcast', 'label', 'scope', 'metric', 'protocol'] as const

function checkSame(it: Ensuring, options: AddressOptions, told: Address | undefined, there: Address): void {
  for (const field of compared) {
    // IPv6 goes by the address itself.
    if (options[field] === undefined || (field === 'scope' && there.family === 'ipv6')) continue
    if (told?.[field] !== there[field]) throw conflict(it, field, there[field], told?.[field])
  }
  const missing = (told?.flags ?? []).filter((flag) => !onlyReported.has(flag) && !there.flags.includes(flag))
  if (missing.length > 0) throw conflict(it, 'flags', there.flags, told?.flags)
  for (const field of ['validLifetimeSeconds', 'preferredLifetimeSeconds'] as const) {
    const wanted = options[field]
    if (wanted === undefined) continue
    // What has been given runs down.
    const isSo = wanted === Infinity ? there[field] === Infinity : there[field] <= wanted
    if (!isSo) throw conflict(it, field, String(there[field]), String(wanted))
  }
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
  const ends = checkEnds(key)
  checkDevice(key.dev, 'dev')
  return message('DELADDR', addressLayout, {
    header: { family: ends.prefix.family, prefixLength: ends.length, index: key.dev },
    attributes: {
      local: ends.local, // Only with it does the kernel compare the length of an IPv4 prefix.
      ...(key.peer === undefined && !key.address.includes('/') ? {} : { address: ends.address }),
    },
  })
}

/** addresses.delete */
export function deleteAddress(netns: NetnsReference, key: AddressKey): Operation<void> {
  const given = checkGiven(key, () => checkEnds(key))
  const request = deletion(key)
  const ends = checkEnds(key)
  const more = conditionsOf(given, ends)
  if (more.length > 0) {
    const pattern = [...named(ends, key), ...more]
    const flushing = { pattern, recipe: anyAddress, name: 'RTM_DELADDR', firstOnly: true }
    return flush('addresses.delete', netns, dumpOf(key), flushing, { sideEffects: () => heldBy(key.dev) })
  }
  const length = key.peer !== undefined || key.address.includes('/')
  const recipe = deletedAddress(familyOfAddress(key), { length })
  return change('addresses.delete', netns, request, `${key.address} on ${key.dev}`, undefined, {
    before: () => ({ recipe, lookup: dumpOf(key) }),
    sideEffects: () => heldBy(key.dev),
  })
}

interface Filtering {
  readonly request: Message
  readonly pattern: readonly Condition[]
}

const filterKeys = new Set(['dev', 'family', 'scope', 'label'])
const scopeAt = offsetOf(addressLayout.header, 'ifa_scope')

/** What a filter means, for the kernel and for whoever looks at what it dumps. */
function filtering(filter: AddressFilter): Filtering {
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

/** addresses.flush: secondary ones first, for they go with their primary one. */
export function flushAddresses(netns: NetnsReference, filter: AddressFilter): Operation<void> {
  checkCondition(filter)
  const { request, pattern } = filtering(filter)
  const flushing = { pattern: [ofIP, ...pattern], recipe: anyAddress, name: 'RTM_DELADDR', backwards: true }
  return flush('addresses.flush', netns, request, flushing, { sideEffects: () => heldBy(filter.dev) })
}

/** addresses.list */
export function listAddresses(netns: NetnsReference, filter: AddressFilter = {}): Operation<Address[]> {
  const { request, pattern } = filtering(filter)
  return list('addresses.list', netns, request, addressLayout, pattern, decodeAddress)
}

/** addresses.get: the kernel has only dumps. */
export function getAddress(netns: NetnsReference, key: AddressKey): Operation<Address> {
  const pattern = patternOf(key)
  const all = list('addresses.get', netns, dumpOf(key), addressLayout, pattern, decodeAddress)
  return map(all, (found) => firstOf(found, 'addresses.get', netns, `${key.address} on ${key.dev}`))
}

/** Checks a key and tells which address it names. */
function patternOf(key: AddressKey): Condition[] {
  const given = checkGiven(key, () => checkEnds(key))
  checkDevice(key.dev, 'dev')
  const ends = checkEnds(key)
  return [...named(ends, key), ...conditionsOf(given, ends)]
}

/** Makes an address of an RTM_NEWADDR message. */
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
