// Checks and completes descriptions of routers, before anything reaches a file or the kernel.
import { checkList } from '../dhcp/check_options'
import { checkFlag, checkInSubnet, checkMac, checkMtu, checkNamespace, macOf, maybe } from '../dhcp/check_network'
import { checkDeviceName, checkId, cut } from '../agents/names'
import {
  canonical,
  contains,
  formatAddress,
  formatCidr,
  overlap,
  parseAddress,
  parseCidr,
  type Cidr,
} from '../dhcp/ranges'
import { outOfRange, wrongValue } from 'netloom/errors'
import { checkArray, checkInteger, checkKeys, type Family, parsePrefix } from 'netloom/values'
import { checkAdvertisement, type Advertisement } from './advertise/check'
import type { FloatingIp, RouterGateway, RouterOptions, RouterPort, StaticRoute } from './options'

/** An address of a port, with the subnet that it makes. */
export interface OwnAddress {
  readonly address: string
  readonly subnet: Cidr
}

/** A port, checked and complete. */
export interface Port {
  readonly id: string
  readonly network: string
  readonly device: string
  readonly mac: string
  readonly addresses: readonly OwnAddress[]
  readonly vlan: number | undefined
  readonly mtu: number | undefined
  readonly bridge: string | undefined
  /** What it advertises; undefined: nothing. */
  readonly advertise: Advertisement | undefined
}

/** The gateway, checked and complete. */
export interface Gateway extends Port {
  readonly nexthops: readonly { readonly family: Family; readonly address: string }[]
  readonly snat: boolean
}

/** A route, checked; a link-local next router is the gateway's. */
export interface WantedRoute {
  readonly dst: string
  readonly via: string
  readonly device: string
}

/** A router, checked and complete. */
export interface CheckedRouter {
  readonly id: string
  readonly namespace: string
  readonly ports: readonly Port[]
  readonly gateway: Gateway | undefined
  readonly routes: readonly WantedRoute[]
  readonly floatingIps: readonly FloatingIp[]
  readonly adopt: boolean | undefined
  /** The description as it was given. */
  readonly given: RouterOptions
  /** A text that is equal for equal descriptions. */
  readonly key: string
}

const routerKeys = new Set('id ports gateway routes floatingIps namespace adopt'.split(' '))
const portKeys = new Set('id network addresses mac vlan mtu bridge device'.split(' '))
const gatewayKeys = new Set([...portKeys, 'nexthops', 'snat'])
/** A gateway is no router of the network outside. */
const innerKeys = new Set([...portKeys, 'advertise'])

/** The range fe80::/10. */
function isLinkLocal(family: Family, number: bigint): boolean {
  return family === 'ipv6' && number >> 118n === 0x3fan
}

function checkAddress(value: unknown, field: string): OwnAddress {
  const { family, address, length } = parsePrefix(value, field)
  const bits = family === 'ipv4' ? 32 : 128
  if (!String(value).includes('/')) {
    throw wrongValue(field, 'an address with the length of its subnet, such as "10.0.0.1/24"', value)
  }
  if (length < 1 || length > bits - 1) throw outOfRange(field, `a subnet of 1 to ${bits - 1} bits`, value)
  const { number } = parseAddress(address, field)
  const mask = (1n << BigInt(bits - length)) - 1n
  const first = formatAddress({ family, number: number & ~mask })
  const subnet = parseCidr(`${first}/${length}`, field)
  return { address: `${checkInSubnet(address, field, subnet)}/${length}`, subnet }
}

function checkPort(value: unknown, field: string, prefix: 'qr' | 'qg'): Port {
  checkKeys(value, prefix === 'qg' ? gatewayKeys : innerKeys, field)
  const given = value as RouterPort
  const at = (name: string): string => `${field}.${name}`
  const id = checkId(given.id, at('id'))
  const addresses = checkArray(given.addresses, at('addresses'))
  const device = maybe(given.device, at('device'), checkDeviceName) ?? `${prefix}-${cut(id)}`
  const own = addresses.map((one, i) => checkAddress(one, at(`addresses[${i}]`)))
  const subnets = own.map(({ subnet }) => subnet)
  const least = subnets.some(({ family }) => family === 'ipv6') ? 'ipv6' : 'ipv4'
  const mtu = maybe(given.mtu, at('mtu'), (value, field) => checkMtu(value, least, field))
  return {
    id,
    network: checkId(given.network, at('network')),
    device,
    mac: maybe(given.mac, at('mac'), checkMac) ?? macOf(`${prefix}-${id}`),
    addresses: own,
    vlan: maybe(given.vlan, at('vlan'), (value, field) => checkInteger(value, 1, 4094, field)),
    mtu,
    bridge: maybe(given.bridge, at('bridge'), checkDeviceName),
    advertise: checkAdvertisement(given.advertise, at('advertise'), { mtu, subnets }),
  }
}

function checkGateway(value: unknown): Gateway {
  const port = checkPort(value, 'gateway', 'qg')
  const { nexthops, snat } = value as RouterGateway
  const families = new Set<Family>()
  const next = checkList(nexthops, 'gateway.nexthops').map((one, i) => {
    const field = `gateway.nexthops[${i}]`
    const numbered = parseAddress(one, field)
    const { family, number } = numbered
    if (families.has(family)) throw wrongValue(field, `left out: there is one of ${family}`, one)
    families.add(family)
    const home = port.addresses.find(({ subnet }) => contains(subnet, numbered))
    if (home === undefined && !isLinkLocal(family, number)) {
      throw outOfRange(field, 'an address of a subnet of the gateway', one)
    }
    const address = home === undefined ? formatAddress(numbered) : checkInSubnet(one, field, home.subnet)
    if (home?.address.split('/')[0] === address) throw wrongValue(field, 'another than the gateway itself', one)
    return { family, address }
  })
  return { ...port, nexthops: next, snat: checkFlag(snat, 'gateway.snat', true) }
}

/** Refuses values that two ports of a router have in common. */
function refuseTwice(ports: readonly (readonly [field: string, port: Port])[]): void {
  const subnets: [cidr: Cidr, of: string][] = []
  for (const [i, [field, port]] of ports.entries()) {
    for (const name of ['id', 'device', 'mac'] as const) {
      const other = ports.slice(0, i).find(([, other]) => other[name] === port[name])
      if (other !== undefined) throw wrongValue(`${field}.${name}`, `another than ${other[0]} has`, port[name])
    }
    for (const [j, { subnet, address }] of port.addresses.entries()) {
      const other = subnets.find(([cidr]) => overlap(cidr, subnet))
      if (other !== undefined) {
        throw wrongValue(`${field}.addresses[${j}]`, `apart from ${formatCidr(other[0])} of ${other[1]}`, address)
      }
      subnets.push([subnet, field])
    }
  }
}

function checkRoutes(value: unknown, ports: readonly Port[]): WantedRoute[] {
  const seen = new Set<string>()
  return checkList(value, 'routes').map((one, i) => {
    const field = `routes[${i}]`
    checkKeys(one, new Set(['destination', 'nexthop']), field)
    const { destination, nexthop } = one as StaticRoute
    const cidr = parseCidr(destination, `${field}.destination`)
    const dst = formatCidr(cidr)
    if (seen.has(dst)) throw wrongValue(`${field}.destination`, 'another one', destination)
    seen.add(dst)
    const via = parseAddress(nexthop, `${field}.nexthop`, cidr.family)
    for (const { addresses, device } of ports) {
      const home = addresses.find(({ subnet }) => contains(subnet, via))
      if (home === undefined) continue
      const address = checkInSubnet(nexthop, `${field}.nexthop`, home.subnet)
      return { dst, via: address, device }
    }
    throw outOfRange(`${field}.nexthop`, 'an address of a subnet of the router', nexthop)
  })
}

function checkFloating(value: unknown, ports: readonly Port[], gateway: Gateway | undefined): FloatingIp[] {
  const taken = new Set(gateway?.addresses.map(({ address }) => address.split('/')[0]))
  for (const { address } of gateway?.nexthops ?? []) taken.add(address)
  const fixedOnes = new Set<string>()
  return checkList(value, 'floatingIps').map((one, i) => {
    const field = `floatingIps[${i}]`
    checkKeys(one, new Set(['address', 'fixed']), field)
    const given = one as FloatingIp
    if (gateway === undefined) throw wrongValue(field, 'left out without a gateway', given.address)
    const within = (name: 'address' | 'fixed', subnets: readonly OwnAddress[], whose: string): string => {
      const address = parseAddress(given[name], `${field}.${name}`, 'ipv4')
      const home = subnets.find(({ subnet }) => contains(subnet, address))
      if (home !== undefined) return checkInSubnet(given[name], `${field}.${name}`, home.subnet)
      throw outOfRange(`${field}.${name}`, `an address of a subnet of ${whose}`, given[name])
    }
    const address = within('address', gateway.addresses, 'the gateway')
    if (taken.has(address)) throw wrongValue(`${field}.address`, 'one that nobody has', given.address)
    taken.add(address)
    const inside = ports.flatMap(({ addresses }) => addresses)
    const fixed = within('fixed', inside, 'a port')
    if (inside.some(({ address }) => address.split('/')[0] === fixed)) {
      throw wrongValue(`${field}.fixed`, "another than the router's own", given.fixed)
    }
    if (fixedOnes.has(fixed)) throw wrongValue(`${field}.fixed`, 'one without a floating address', given.fixed)
    fixedOnes.add(fixed)
    return { address, fixed }
  })
}

/** Checks the description of a router. */
export function checkRouter(options: unknown): CheckedRouter {
  checkKeys(options, routerKeys)
  const given = options as RouterOptions
  const id = checkId(given.id, 'id')
  const ports = checkArray(given.ports, 'ports').map((one, i) => checkPort(one, `ports[${i}]`, 'qr'))
  const gateway = given.gateway === undefined ? undefined : checkGateway(given.gateway)
  const named = ports.map((port, i): [string, Port] => [`ports[${i}]`, port])
  refuseTwice(gateway === undefined ? named : [...named, ['gateway', gateway]])
  const all = gateway === undefined ? ports : [...ports, gateway]
  const routes = checkRoutes(given.routes, all)
  for (const { family, address } of gateway?.nexthops ?? []) {
    const dst = family === 'ipv4' ? '0.0.0.0/0' : '::/0'
    if (routes.some((route) => route.dst === dst)) {
      throw wrongValue('routes', 'without a default route where the gateway has a nexthop', dst)
    }
    routes.push({ dst, via: address, device: gateway?.device ?? '' })
  }
  const router = {
    id,
    namespace: maybe(given.namespace, 'namespace', checkNamespace) ?? `qrouter-${id}`,
    ports,
    gateway,
    routes,
    floatingIps: checkFloating(given.floatingIps, ports, gateway),
    adopt: maybe(given.adopt, 'adopt', (value, field) => checkFlag(value, field, false)),
  }
  const key = JSON.stringify(router, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
  return { ...router, given: structuredClone(given), key }
}

/** Refuses values that another router has, on one network or on the switch. */
export function refuseTaken(router: CheckedRouter, others: Iterable<CheckedRouter>): void {
  for (const other of others) {
    if (other.id === router.id) continue
    const whose = `another than router ${other.id} has`
    if (other.namespace === router.namespace) throw wrongValue('namespace', whose, router.namespace)
    const theirs = portsOf(other)
    for (const [i, port] of portsOf(router).entries()) {
      const field = port === router.gateway ? 'gateway' : `ports[${i}]`
      for (const { device, id, mac, network, bridge } of theirs) {
        if (id === port.id) throw wrongValue(`${field}.id`, whose, id)
        if (device === port.device) throw wrongValue(`${field}.device`, whose, device)
        if (mac === port.mac && network === port.network && bridge === port.bridge) {
          throw wrongValue(`${field}.mac`, whose, mac)
        }
      }
      for (const [j, { address }] of port.addresses.entries()) {
        if (addressesOn(other, port).has(address.split('/')[0] ?? '')) {
          throw wrongValue(`${field}.addresses[${j}]`, whose, address)
        }
      }
    }
    if (router.gateway === undefined) continue
    const outside = addressesOn(other, router.gateway)
    for (const [i, { address }] of router.floatingIps.entries()) {
      if (outside.has(address)) throw wrongValue(`floatingIps[${i}].address`, whose, address)
    }
  }
}

/** All ports, the gateway at the end. */
export function portsOf({ ports, gateway }: CheckedRouter): readonly Port[] {
  return gateway === undefined ? ports : [...ports, gateway]
}

/** The addresses that a router has on the network of a port. */
function addressesOn(router: CheckedRouter, { network, bridge, vlan }: Port): Set<string> {
  const same = portsOf(router).filter((one) => one.network === network && one.bridge === bridge && one.vlan === vlan)
  const own = same.flatMap(({ addresses }) => addresses.map(({ address }) => address.split('/')[0] ?? ''))
  const floating = same.some((port) => port === router.gateway) ? router.floatingIps : []
  return new Set([...own, ...floating.map(({ address }) => address)])
}

/** A route's destination as the routes of the kernel have it. */
export function sameDestination(one: string, other: string): boolean {
  return one === other || canonicalDestination(one) === canonicalDestination(other)
}

function canonicalDestination(text: string): string {
  const [address = '', length = ''] = text.split('/')
  return `${canonical(address, 'dst')}/${length}`
}
