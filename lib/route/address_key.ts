// Compares an address with a key in the fields that the kernel does not compare.
import { messageHeaderSize } from '../netlink/constants'
import { attributeNumber, numbersOf, offsetOf } from '../netlink/rollback/offsets'
import { byte, payloadOf, word, type Condition } from '../netlink/rollback/pattern'
import { checkArray, checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { forever } from '../wire/printable'
import { AF_INET, AF_INET6, formatIPv4, parseIP, parsePrefix, type Prefix } from '../wire/ip'
import { addressFlags, addressLayout, cacheInfo } from './address_attributes'
import type { Address, AddressKey, AddressOptions } from './address_messages'
import { checkFamily, checkScope } from './families'
import { message } from './rtnetlink'

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

// A listed address is a key, too: its other fields are compared.
const listedKeys = new Set([...addKeys, 'family', 'anycast', 'unknown'])

export function checkLifetime(value: unknown, field: string): number {
  if (value === undefined || value === Infinity || value === forever) return forever
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

export interface Ends {
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
  return { prefix, length: far.length, local: bare(address), address: bare(peer), far: far.bytes }
}

export function broadcastOf(value: string | undefined, { prefix, length, far }: Ends): string | undefined {
  if (value === undefined) return undefined
  if (prefix.family === 'ipv6') throw wrongValue('broadcast', 'left out: IPv6 has no broadcast', value)
  if (value !== '+') {
    parsePrefix(value, 'broadcast', 'ipv4')
    return value
  }
  if (length > 30) return undefined // as in `ip address`: it has no broadcast address
  const bytes = far.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, length - 8 * i))))
  return formatIPv4(bytes)
}

/** What a list reports of an address besides. */
export type Given = AddressOptions & Partial<Address>

/** Checks the property names of a key or options, and that reported fields agree with the others. */
export function checkGiven(options: AddressKey): { given: Given; ends: Ends } {
  checkKeys(options, listedKeys)
  const given = options as Given
  const ends = checkEnds(options)
  const { prefix } = ends
  if (checkFamily(given.family) !== undefined && given.family !== prefix.family) {
    throw wrongValue('family', `"${prefix.family}", as the address`, given.family)
  }
  const { scope, unknown } = given
  if (unknown !== undefined && checkArray(unknown, 'unknown').length > 0) {
    throw wrongValue('unknown', 'left out: what it means is not known here', unknown)
  }
  checkScope(scope)
  if (prefix.family === 'ipv6' && scope !== undefined && scope !== scopeOf(prefix.bytes)) {
    throw wrongValue('scope', `"${scopeOf(prefix.bytes)}", as the IPv6 address has it`, scope)
  }
  return { given, ends }
}

/** The scope of an IPv6 address, which the kernel derives from the address. */
function scopeOf(bytes: Uint8Array): 'host' | 'link' | 'site' | 'global' {
  const [first = 0, second = 0] = bytes
  if (first === 0xfe && (second & 0xc0) === 0x80) return 'link'
  if (first === 0xfe && (second & 0xc0) === 0xc0) return 'site'
  return bytes.every((byte, i) => byte === (i === 15 ? 1 : 0)) ? 'host' : 'global'
}

const { header: ifaddrmsg, attributes } = addressLayout
const path = (name: string): number[] => numbersOf(attributes, name)
const scopeAt = offsetOf(ifaddrmsg, 'ifa_scope')

/** Flags that the kernel clears itself after duplicate address detection. */
const passing = ['tentative', 'optimistic'] as const
const passingBits = passing.reduce((bits, name) => bits | addressFlags.names[name][1], 0)

/** The lifetimes in a key, with their offsets in struct ifa_cacheinfo. */
const lifetimes = [
  ['preferredLifetimeSeconds', offsetOf(cacheInfo, 'ifa_prefered')],
  ['validLifetimeSeconds', offsetOf(cacheInfo, 'ifa_valid')],
] as const

// Compared with the attributes in the key's own message; the kernel leaves the last one out where it is zero.
const compared = [
  ['LABEL', false],
  ['BROADCAST', false],
  ['RT_PRIORITY', true],
  ['PROTO', true],
] as const

/** Conditions for the fields of a key that the kernel does not compare. */
export function conditionsOf(given: Given, ends: Ends): Condition[] {
  const { broadcast, label, scope, metric, protocol, anycast, flags } = given
  const { prefix } = ends
  const conditions: Condition[] = []
  const { bytes } = message('NEWADDR', addressLayout, {
    header: { ...(scope === undefined ? {} : { scope }) },
    attributes: { broadcast: broadcastOf(broadcast, ends), label, metric, protocol, flags },
  })
  const payload = (name: string): Uint8Array | undefined =>
    payloadOf(bytes, messageHeaderSize + ifaddrmsg.size, attributeNumber(attributes, name))
  for (const [name, zeroIsAbsent] of compared) {
    const value = payload(name)
    if (value !== undefined) conditions.push([{ attribute: path(name), value, zeroIsAbsent }])
  }
  if (label !== undefined && prefix.family === 'ipv6') throw wrongValue('label', 'left out for IPv6', label)
  if (anycast !== undefined)
    conditions.push([{ attribute: path('ANYCAST'), value: parseIP(anycast, 'anycast', 'ipv6') }])
  // The scope of an IPv6 address was compared with the address.
  if (scope !== undefined && prefix.family === 'ipv4') {
    const at = messageHeaderSize + scopeAt
    conditions.push([{ header: scopeAt, value: bytes.slice(at, at + 1) }])
  }
  for (const [option, at] of lifetimes) {
    if (given[option] === undefined) continue
    const seconds = checkLifetime(given[option], option)
    const attribute = path('CACHEINFO')
    // Lifetimes run down.
    conditions.push([{ attribute, at, value: word(seconds), atMost: true }])
    const endless = { attribute, at, value: word(forever) }
    conditions.push([seconds === forever ? endless : { ...endless, not: true }])
  }
  const stays = payload('FLAGS')
  if (stays !== undefined) {
    const named = (new DataView(stays.buffer, stays.byteOffset).getUint32(0, true) & ~passingBits) >>> 0
    conditions.push([{ attribute: path('FLAGS'), at: 0, value: word(named), mask: named | 0 }])
  }
  return conditions
}

/** Conditions for the fields of a key that the kernel compares itself. */
export function named({ prefix, length, far }: Ends, { address, peer }: AddressKey): Condition[] {
  const family = prefix.family === 'ipv4' ? AF_INET : AF_INET6
  const local = { attribute: path('LOCAL'), value: prefix.bytes }
  // IPv6 reports an address without a peer as IFA_ADDRESS alone.
  const alone: Condition[] = [
    [local, { attribute: path('ADDRESS'), value: prefix.bytes }],
    [local, { attribute: path('LOCAL'), not: true }],
  ]
  return [
    [{ header: offsetOf(ifaddrmsg, 'ifa_family'), value: byte(family) }],
    ...(prefix.family === 'ipv4' ? [[local]] : alone),
    ...(peer === undefined ? [] : [[{ attribute: path('ADDRESS'), value: far }]]),
    ...((peer ?? address).includes('/') || peer !== undefined
      ? [[{ header: offsetOf(ifaddrmsg, 'ifa_prefixlen'), value: byte(length) }]]
      : []),
  ]
}
