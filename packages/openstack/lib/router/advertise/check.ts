// Checks and completes descriptions of router advertisements.
import { checkDomain } from '../../agents/names'
import { checkFlag, checkMtu, maybe } from '../../dhcp/check_network'
import { checkList } from '../../dhcp/check_options'
import { formatCidr, parseAddress, parseCidr, formatAddress, type Cidr } from '../../dhcp/ranges'
import { outOfRange, wrongValue } from 'netloom/errors'
import { checkInteger, checkKeys } from 'netloom/values'
import { advertisementSize, mostBytes } from './message'
import type { AdvertisedPrefix, AdvertisedRoute, RouterAdvertisement, RouterPreference } from './options'

/** A prefix, checked; lifetimes in seconds, with 2^32-1 for ever. */
export interface Prefix {
  readonly prefix: string
  readonly length: number
  readonly onLink: boolean
  readonly autonomous: boolean
  readonly valid: number
  readonly preferred: number
}

/** A route, checked. */
export interface Route {
  readonly prefix: string
  readonly length: number
  readonly preference: RouterPreference
  readonly lifetime: number
}

/** Content with lifetimes: a lifetime of 0 withdraws it. */
export interface Timed {
  readonly prefixes: readonly Prefix[]
  readonly routes: readonly Route[]
  readonly dnsServers: readonly string[]
  readonly domainSearch: readonly string[]
  readonly dnsLifetime: number
}

/** A checked router advertisement of a port. */
export interface Advertisement extends Timed {
  readonly lifetime: number
  readonly preference: RouterPreference
  readonly managed: boolean
  readonly other: boolean
  readonly mtu: number | undefined
  readonly hopLimit: number
  readonly reachableMs: number
  readonly retransmitMs: number
  readonly minIntervalMs: number
  readonly maxIntervalMs: number
}

const keys = new Set(
  (
    'prefixes lifetimeSeconds preference managed other mtu hopLimit reachableMs retransmitMs maxIntervalSeconds minIntervalSeconds ' +
    'dnsServers domainSearch dnsSeconds routes'
  ).split(' '),
)
const prefixKeys = new Set('prefix onLink autonomous validSeconds preferredSeconds'.split(' '))
const routeKeys = new Set('destination preference lifetimeSeconds'.split(' '))
const forEver = 0xffffffff

function checkLifetime(value: unknown, field: string, otherwise: number, least = 0): number {
  if (value === undefined) return otherwise
  return value === Infinity ? forEver : checkInteger(value, least, forEver - 1, field)
}

function checkPreference(value: unknown, field: string): RouterPreference {
  const known: readonly unknown[] = ['high', 'medium', 'low']
  if (!known.includes(value)) throw wrongValue(field, '"high", "medium" or "low"', value)
  return value as RouterPreference
}

/** A prefix of IPv6 that hosts may have addresses of, or be sent to. */
function checkCidr(value: unknown, field: string): Cidr {
  const cidr = parseCidr(value, field)
  const { family, first } = cidr
  if (family !== 'ipv6') throw wrongValue(field, 'a prefix of IPv6', value)
  const local = first >> 118n === 0x3fan
  const group = first >> 120n === 0xffn
  if (local || group) throw wrongValue(field, 'a prefix of unicast addresses that are not link-local', value)
  return cidr
}

function split(cidr: Cidr): { prefix: string; length: number } {
  return { prefix: formatAddress({ family: 'ipv6', number: cidr.first }), length: cidr.length }
}

function checkPrefix(value: unknown, field: string, managed: boolean): Prefix {
  const named = typeof value === 'string'
  if (!named) checkKeys(value, prefixKeys, field)
  const given = (named ? { prefix: value } : value) as AdvertisedPrefix
  const at = (name: string): string => (named ? field : `${field}.${name}`)
  const cidr = checkCidr(given.prefix, at('prefix'))
  if (cidr.length === 0) throw outOfRange(at('prefix'), 'a prefix of at least 1 bit', given.prefix)
  const autonomous = checkFlag(given.autonomous, at('autonomous'), cidr.length === 64 && !managed)
  if (autonomous && cidr.length !== 64) {
    throw wrongValue(at('autonomous'), 'false for a prefix of other than 64 bits', given.autonomous)
  }
  const valid = checkLifetime(given.validSeconds, at('validSeconds'), 86_400)
  const preferred = checkLifetime(given.preferredSeconds, at('preferredSeconds'), Math.min(14_400, valid))
  if (preferred > valid) throw outOfRange(at('preferredSeconds'), 'at most "validSeconds"', given.preferredSeconds)
  return { ...split(cidr), onLink: checkFlag(given.onLink, at('onLink'), true), autonomous, valid, preferred }
}

function checkRoute(value: unknown, field: string, lifetime: number): Route {
  const named = typeof value === 'string'
  if (!named) checkKeys(value, routeKeys, field)
  const given = (named ? { destination: value } : value) as AdvertisedRoute
  const at = (name: string): string => (named ? field : `${field}.${name}`)
  return {
    ...split(checkCidr(given.destination, at('destination'))),
    preference: maybe(given.preference, at('preference'), checkPreference) ?? 'medium',
    lifetime: checkLifetime(given.lifetimeSeconds, at('lifetimeSeconds'), lifetime),
  }
}

/** Checks a list whose elements differ by what `same` gives. */
function checkEach<T>(
  value: unknown,
  field: string,
  check: (one: unknown, field: string) => T,
  same: (one: T) => string,
): T[] {
  const seen = new Set<string>()
  return checkList(value, field).map((one, i) => {
    const at = `${field}[${i}]`
    const checked = check(one, at)
    if (seen.has(same(checked))) throw wrongValue(at, 'another one', one)
    seen.add(same(checked))
    return checked
  })
}

function checkServer(value: unknown, field: string): string {
  const address = parseAddress(value, field, 'ipv6')
  const isGroup = address.number >> 120n === 0xffn
  if (isGroup || address.number <= 1n) throw wrongValue(field, 'the address of a name server', value)
  return formatAddress(address)
}

/** The fields of a port that are used here. */
export interface AdvertisingPort {
  readonly mtu: number | undefined
  readonly subnets: readonly Cidr[]
}

/** Checks the advertisement of a port; undefined: none. */
export function checkAdvertisement(value: unknown, field: string, port: AdvertisingPort): Advertisement | undefined {
  if (value === undefined || value === false) return undefined
  const own = port.subnets.filter(({ family }) => family === 'ipv6')
  if (own.length === 0) throw wrongValue(field, 'left out where the port has no IPv6 address', value)
  if (value !== true) checkKeys(value, keys, field)
  const given = (value === true ? {} : value) as RouterAdvertisement
  const at = (name: string): string => `${field}.${name}`
  const max = checkInteger(given.maxIntervalSeconds ?? 600, 4, 1800, at('maxIntervalSeconds'))
  const shortest = Math.max(3, Math.floor(max / 3))
  const mostMin = Math.floor(0.75 * max)
  const min = checkInteger(given.minIntervalSeconds ?? shortest, 3, mostMin, at('minIntervalSeconds'))
  const lifetime = checkInteger(given.lifetimeSeconds ?? 3 * max, 0, 65_535, at('lifetimeSeconds'))
  if (lifetime > 0 && lifetime < max) {
    throw outOfRange(at('lifetimeSeconds'), `0, or at least "maxIntervalSeconds" (${max})`, given.lifetimeSeconds)
  }
  const mtu = maybe(given.mtu, at('mtu'), (mtu, field) => checkMtu(mtu, 'ipv6', field)) ?? port.mtu
  if (mtu !== undefined && port.mtu !== undefined && mtu > port.mtu) {
    throw outOfRange(at('mtu'), `at most that of the port, ${port.mtu}`, mtu)
  }
  const managed = checkFlag(given.managed, at('managed'), false)
  const mine = own.filter(({ first, length }) => first >> 118n !== 0x3fan && length < 128).map(formatCidr)
  const name = ({ prefix, length }: { prefix: string; length: number }): string => `${prefix}/${length}`
  const advertisement = {
    lifetime,
    preference: maybe(given.preference, at('preference'), checkPreference) ?? 'medium',
    managed,
    other: checkFlag(given.other, at('other'), false),
    mtu,
    hopLimit: checkInteger(given.hopLimit ?? 64, 0, 255, at('hopLimit')),
    reachableMs: checkInteger(given.reachableMs ?? 0, 0, 3_600_000, at('reachableMs')),
    retransmitMs: checkInteger(given.retransmitMs ?? 0, 0, 0xffffffff, at('retransmitMs')),
    minIntervalMs: 1000 * min,
    maxIntervalMs: 1000 * max,
    prefixes: checkEach(given.prefixes ?? mine, at('prefixes'), (one, field) => checkPrefix(one, field, managed), name),
    routes: checkEach(given.routes, at('routes'), (one, field) => checkRoute(one, field, 3 * max), name),
    dnsServers: checkEach(given.dnsServers, at('dnsServers'), checkServer, String),
    domainSearch: checkEach(given.domainSearch, at('domainSearch'), checkDomain, String),
    dnsLifetime: checkLifetime(given.dnsSeconds, at('dnsSeconds'), 3 * max, max),
  }
  const size = advertisementSize(advertisement)
  if (size > mostBytes) throw outOfRange(field, `what fits in one packet: ${mostBytes} bytes instead of ${size}`, value)
  return advertisement
}
