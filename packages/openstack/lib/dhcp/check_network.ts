// Checks and completes descriptions of networks, before anything reaches a file, the kernel or dnsmasq.
import { createHash } from 'node:crypto'
import { outOfRange, wrongType, wrongValue } from 'netloom/errors'
import { checkArray, checkInteger, checkKeys, checkNetnsName, type Family, parseMac } from 'netloom/values'
import { checkList, checkOptions, type CheckedOption } from './check_options'
import { checkDeviceName, checkDomain, checkHostname, checkId, checkOptionText, cut } from '../agents/names'
import { isCutShort } from './grammar'
import { classlessRoutes } from './host_files'
import { compressed, longestValue } from './option_grammar'
import { writeDown } from './network_record'
import type { AddressRange, HostRoute, NetworkOptions, SubnetOptions } from './options'
import {
  canonical,
  contains,
  formatAddress,
  formatCidr,
  overlap,
  parseAddress,
  parseCidr,
  usable,
  type Cidr,
  type Range,
} from './ranges'

/** A subnet, checked and complete. */
export interface Subnet {
  readonly id: string
  readonly cidr: Cidr
  readonly gateway: string | undefined
  readonly pool: readonly Range[]
  readonly serverAddress: string
  readonly dnsServers: readonly string[]
  readonly hostRoutes: readonly HostRoute[]
  readonly leaseSeconds: number
  readonly mtu: number | undefined
  readonly domain: string | undefined
  readonly domainSearch: readonly string[]
  readonly ntpServers: readonly string[]
  readonly tftpServer: string | undefined
  readonly bootFile: string | undefined
  readonly options: readonly CheckedOption[]
  /** Of IPv4 `stateful` too. */
  readonly mode: 'stateful' | 'stateless'
  readonly advertise: boolean
  readonly dhcp: boolean
}

/** A network, checked and complete. */
export interface Network {
  readonly id: string
  readonly subnets: readonly Subnet[]
  readonly vlan: number | undefined
  readonly mtu: number | undefined
  readonly domain: string | undefined
  readonly namespace: string
  readonly tap: string
  readonly device: string | undefined
  readonly mac: string
  readonly dns: boolean
  readonly metadata: boolean
  readonly hostLines: 'named' | 'plain'
  readonly adopt: boolean | undefined
  /** The given description as text. */
  readonly written: string
  /** A text that is equal for equal descriptions. */
  readonly key: string
}

const networkKeys = new Set(
  'id subnets vlan mtu domain namespace tap device mac dns metadata hostLines adopt'.split(' '),
)
const subnetKeys = new Set(
  (
    'id cidr gateway pool serverAddress dnsServers hostRoutes leaseSeconds mtu domain domainSearch ntpServers ' +
    'tftpServer bootFile options ipv6Mode advertise dhcp'
  ).split(' '),
)

/** Checks a boolean. */
export function checkFlag(value: unknown, field: string, otherwise: boolean): boolean {
  if (value === undefined) return otherwise
  if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
  return value
}

/** Checks what one may leave out. */
export function maybe<T>(value: unknown, field: string, check: (value: unknown, field: string) => T): T | undefined {
  return value === undefined ? undefined : check(value, field)
}

/** A MAC address of one card, in the form in which leases have it. */
export function checkMac(value: unknown, field: string): string {
  const bytes = parseMac(value, field)
  const single = ((bytes[0] ?? 0) & 1) === 0 && bytes.some((byte) => byte !== 0)
  if (!single) throw wrongValue(field, 'the MAC address of one card, no group', value)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(':')
}

function checkPool(value: unknown, field: string, cidr: Cidr): readonly Range[] {
  if (value === undefined) return [usable(cidr)]
  const single = !Array.isArray(value)
  const pools = single ? [value] : checkArray(value, field)
  const ranges: Range[] = []
  for (const [i, pool] of pools.entries()) {
    const at = single ? field : `${field}[${i}]`
    checkKeys(pool, new Set(['start', 'end']), at)
    const { start, end } = pool as AddressRange
    const first = parseAddress(start, `${at}.start`, cidr.family)
    const last = parseAddress(end, `${at}.end`, cidr.family)
    if (!contains(usable(cidr), first)) throw outOfRange(`${at}.start`, 'an address of the subnet', start)
    if (!contains(usable(cidr), last)) throw outOfRange(`${at}.end`, 'an address of the subnet', end)
    if (first.number > last.number) throw outOfRange(`${at}.end`, `no address before ${start}`, end)
    const range = { family: cidr.family, first: first.number, last: last.number }
    if (ranges.some((other) => overlap(other, range))) throw wrongValue(at, 'apart from the other ranges', start)
    ranges.push(range)
  }
  return ranges
}

/** An address in a subnet that a host may have. */
export function checkInSubnet(value: unknown, field: string, cidr: Cidr): string {
  const address = parseAddress(value, field, cidr.family)
  if (!contains(usable(cidr), address)) throw outOfRange(field, 'an address of the subnet for a host', value)
  return formatAddress(address)
}

function checkRoutes(value: unknown, field: string, cidr: Cidr, gateway: string | undefined): readonly HostRoute[] {
  const seen = new Set<string>()
  return checkList(value, field).map((route, i) => {
    const at = `${field}[${i}]`
    checkKeys(route, new Set(['destination', 'nexthop']), at)
    const { destination, nexthop } = route as HostRoute
    const to = parseCidr(destination, `${at}.destination`)
    if (cidr.family === 'ipv6') throw wrongValue(at, 'left out: DHCPv6 has no routes', destination)
    if (to.family !== 'ipv4') throw wrongValue(`${at}.destination`, 'an IPv4 prefix', destination)
    const checked = { destination: formatCidr(to), nexthop: canonical(nexthop, `${at}.nexthop`, 'ipv4') }
    if (seen.has(checked.destination)) throw wrongValue(`${at}.destination`, 'another one', destination)
    seen.add(checked.destination)
    if (to.length === 0 && gateway !== undefined && checked.nexthop !== gateway) {
      throw wrongValue(`${at}.nexthop`, 'the gateway, where there is one', nexthop)
    }
    return checked
  })
}

function checkAddresses(value: unknown, field: string, family: Family): readonly string[] {
  return checkList(value, field).map((one, i) => canonical(one, `${field}[${i}]`, family))
}

/** dnsmasq allows no less than two minutes, and 2^32 - 1 seconds stand for a lease without end. */
function checkLease(value: unknown, field: string): number {
  if (value === undefined) return 86_400
  return value === Infinity ? value : checkInteger(value, 120, 0xfffffffe, field)
}

function firstFree(pool: readonly Range[], taken: ReadonlySet<string>): string | undefined {
  for (const { family, first, last } of pool) {
    for (let number = first; number <= last; number++) {
      const address = formatAddress({ family, number })
      if (!taken.has(address)) return address
    }
  }
  return undefined
}

function checkSubnet(value: unknown, field: string, network: Pick<NetworkOptions, 'mtu' | 'domain' | 'dns'>): Subnet {
  checkKeys(value, subnetKeys, field)
  const given = value as SubnetOptions
  const at = (name: string): string => `${field}.${name}`
  const cidr = parseCidr(given.cidr, at('cidr'))
  const { family } = cidr
  if (family === 'ipv4' && cidr.length > 30) throw outOfRange(at('cidr'), 'a prefix of at most 30 bits', given.cidr)
  if (family === 'ipv6' && cidr.length < 64) throw outOfRange(at('cidr'), 'a prefix of at least 64 bits', given.cidr)
  if (family === 'ipv6' && cidr.length > 126) throw outOfRange(at('cidr'), 'a prefix of at most 126 bits', given.cidr)
  const gateway = maybe(given.gateway, at('gateway'), (value, field) => {
    const router = parseAddress(value, field, family)
    // A router of IPv6 may be known by its link-local address.
    const local = family === 'ipv6' && router.number >> 118n === 0x3fan
    return local ? formatAddress(router) : checkInSubnet(value, field, cidr)
  })
  const pool = checkPool(given.pool, at('pool'), cidr)
  const named = maybe(given.serverAddress, at('serverAddress'), (value, field) => checkInSubnet(value, field, cidr))
  if (named !== undefined && named === gateway) throw wrongValue(at('serverAddress'), 'another than the gateway', named)
  const serverAddress = named ?? firstFree(pool, new Set([gateway ?? '']))
  if (serverAddress === undefined) throw wrongValue(at('pool'), 'large enough for the server itself', given.pool)
  const mode = given.ipv6Mode ?? 'stateful'
  if (!['stateful', 'stateless'].includes(mode)) throw wrongValue(at('ipv6Mode'), '"stateful" or "stateless"', mode)
  if (family === 'ipv6' && mode === 'stateless' && cidr.length !== 64) {
    throw outOfRange(
      at('cidr'),
      'a prefix of 64 bits where "ipv6Mode" is "stateless", as clients make 64 themselves',
      given.cidr,
    )
  }
  for (const name of ['ipv6Mode', 'advertise'] as const) {
    if (family === 'ipv4' && given[name] !== undefined) throw wrongValue(at(name), 'left out for IPv4', given[name])
  }
  const dns = network.dns ?? true
  const servers = checkAddresses(given.dnsServers, at('dnsServers'), family)
  return {
    id: checkId(given.id, at('id')),
    cidr,
    gateway,
    pool,
    serverAddress,
    dnsServers: servers.length > 0 || !dns || given.dnsServers !== undefined ? servers : [serverAddress],
    hostRoutes: checkRoutes(given.hostRoutes, at('hostRoutes'), cidr, gateway),
    leaseSeconds: checkLease(given.leaseSeconds, at('leaseSeconds')),
    mtu: maybe(given.mtu, at('mtu'), (value, field) => checkMtu(value, family, field)) ?? network.mtu,
    domain: maybe(given.domain, at('domain'), whole(checkDomain)) ?? network.domain,
    domainSearch: checkList(given.domainSearch, at('domainSearch')).map((one, i) =>
      checkDomain(one, `${at('domainSearch')}[${i}]`),
    ),
    ntpServers: checkAddresses(given.ntpServers, at('ntpServers'), family),
    tftpServer: maybe(given.tftpServer, at('tftpServer'), whole(checkHostname)),
    bootFile: maybe(given.bootFile, at('bootFile'), whole(checkOptionText)),
    options: checkOptions(given.options, at('options')),
    mode,
    advertise: checkFlag(given.advertise, at('advertise'), false),
    dhcp: checkFlag(given.dhcp, at('dhcp'), true),
  }
}

/** A check of text that dnsmasq has to send to clients whole. */
function whole(check: (value: unknown, field: string) => string) {
  return (value: unknown, field: string): string => {
    const text = check(value, field)
    if (!isCutShort(text)) return text
    throw wrongValue(field, 'no number with "b", "s" or "i" behind it, which dnsmasq takes for its size', value)
  }
}

/** An MTU that a network may have. */
export function checkMtu(value: unknown, family: Family, field: string): number {
  return checkInteger(value, family === 'ipv4' ? 576 : 1280, 65_535, field)
}

/** A MAC address that an id gives. */
export function macOf(id: string): string {
  return `fa:16:3e:${createHash('sha256')
    .update(id)
    .digest('hex')
    .slice(0, 6)
    .replace(/(..)(..)/, '$1:$2:')}`
}

/** Checks the description of a network. */
export function checkNetwork(options: unknown, domain?: string, field = ''): Network {
  checkKeys(options, networkKeys, field)
  const given = options as NetworkOptions
  const at = (name: string): string => (field === '' ? name : `${field}.${name}`)
  const id = checkId(given.id, at('id'))
  const dns = checkFlag(given.dns, at('dns'), true)
  const common = {
    dns,
    domain: maybe(given.domain, at('domain'), checkDomain) ?? domain,
    mtu: maybe(given.mtu, at('mtu'), (value, field) => checkMtu(value, 'ipv4', field)),
  }
  const list = checkArray(given.subnets, at('subnets')) as NetworkOptions['subnets']
  const subnets = list.map((one, i) => checkSubnet(one, at(`subnets[${i}]`), common))
  for (const [i, subnet] of subnets.entries()) {
    const before = subnets.slice(0, i)
    if (before.some(({ id }) => id === subnet.id)) throw wrongValue(at(`subnets[${i}].id`), 'another one', subnet.id)
    const other = before.find(({ cidr }) => overlap(cidr, subnet.cidr))
    if (other === undefined) continue
    throw wrongValue(at(`subnets[${i}].cidr`), `apart from subnet ${other.id}`, list[i]?.cidr)
  }
  const { mtu } = common
  if (mtu !== undefined && mtu < 1280 && subnets.some(({ cidr }) => cidr.family === 'ipv6')) {
    throw outOfRange(at('mtu'), 'at least 1280 with IPv6', mtu)
  }
  const hostLines = given.hostLines ?? 'named'
  if (!['named', 'plain'].includes(hostLines)) throw wrongValue(at('hostLines'), '"named" or "plain"', hostLines)
  const network = {
    id,
    subnets,
    vlan: maybe(given.vlan, at('vlan'), (value, field) => checkInteger(value, 1, 4094, field)),
    ...common,
    namespace: maybe(given.namespace, at('namespace'), checkNamespace) ?? `qdhcp-${id}`,
    tap: maybe(given.tap, at('tap'), checkDeviceName) ?? `tap${cut(id)}`,
    device: maybe(given.device, at('device'), checkDeviceName) ?? `ns-${cut(id)}`,
    mac: maybe(given.mac, at('mac'), checkMac) ?? macOf(id),
    metadata: checkFlag(given.metadata, at('metadata'), false),
    hostLines,
    adopt: maybe(given.adopt, at('adopt'), (value, field) => checkFlag(value, field, false)),
  }
  for (const [i, subnet] of subnets.entries()) checkFits(subnet, network, at(`subnets[${i}]`))
  const key = JSON.stringify(network, (_, value: unknown) => (isPlain(value) ? value : String(value)))
  return { ...network, written: writeDown(given), key }
}

/** What is too long for an option dnsmasq would leave out, and of a line that is too long it would take the end for another one. */
function checkFits(subnet: Subnet, network: Pick<Network, 'subnets' | 'metadata'>, field: string): void {
  const { cidr, dnsServers, ntpServers, domainSearch } = subnet
  const most = cidr.family === 'ipv4' ? 48 : 16
  for (const [name, { length }] of Object.entries({ dnsServers, ntpServers })) {
    if (length > most) throw outOfRange(`${field}.${name}`, `at most ${most} addresses`, length)
  }
  const domains = domainSearch.reduce((sum, domain) => sum + domain.length + 2, 0)
  if (domains > longestValue) throw outOfRange(`${field}.domainSearch`, `at most ${longestValue} bytes`, domains)
  if (cidr.family === 'ipv6') return
  const routes = classlessRoutes(subnet, network).flatMap(compressed).length
  if (routes > longestValue)
    throw outOfRange(`${field}.hostRoutes`, `at most ${longestValue} bytes of option 121`, routes)
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'bigint' && value !== Infinity
}

/** The name of a namespace that a network or router lives in. */
export function checkNamespace(value: unknown, field: string): string {
  const name = checkNetnsName(value, field)
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) throw wrongValue(field, 'letters, digits, "-", "_" and "."', value)
  return name
}
