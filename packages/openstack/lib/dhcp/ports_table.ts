// The ports of a network by id, and by their unique fields: MAC, addresses, name.
import { wrongType, wrongValue } from 'netloom/errors'
import { checkKeys } from 'netloom/values'
import { checkInSubnet, checkMac, type Network, type Subnet } from './check_network'
import { checkList, checkOptions, type CheckedOption } from './check_options'
import { checkClientId, checkHostname, checkId } from '../agents/names'
import type { FixedIp, PortOptions } from './options'
import { contains, formatAddress, parseAddress, type Range } from './ranges'

/** An address of a port, and the subnet it lies in. */
export interface PortAddress {
  /** The subnet's id. */
  readonly subnet: string
  /** The address. */
  readonly address: string
}

/** A port as the network knows it. */
export interface Port {
  /** Its id. */
  readonly id: string
  /** Its MAC address, in lower case with colons. */
  readonly mac: string
  /** Its addresses. */
  readonly fixedIps: readonly PortAddress[]
  /** Its name, if it was given one. */
  readonly hostname: string | undefined
  /** Its client identifier, if it was given one. */
  readonly clientId: string | undefined
}

/** A port with its options, for the lines of dnsmasq's files. */
export interface KnownPort extends Port {
  readonly options: readonly CheckedOption[]
  /** The text by which it is stored and compared. */
  readonly written: string
}

const portKeys = new Set(['id', 'mac', 'fixedIps', 'hostname', 'clientId', 'options'])

const tables: unique symbol = Symbol('tables')

/** The tables for a copy. */
interface Tables {
  readonly byId: Map<string, KnownPort>
  readonly byMac: Map<string, string>
  readonly byAddress: Map<string, string>
  readonly byName: Map<string, string>
  readonly next: Map<string, bigint>
}

/** The name of a host in its network's domains. dnsmasq would answer any other name, too, in place of its real owner. */
function nameIn(domains: ReadonlySet<string>, name: string, field: string): string {
  const dot = name.indexOf('.')
  if (dot < 0) return name
  if (domains.has(name.slice(dot + 1))) return name.slice(0, dot)
  const others = domains.size === 0 ? '' : `, or one in ${[...domains].join(' or ')}`
  throw wrongValue(field, `a name without dots${others}`, name)
}

/** The ports of one state of a network. A new state begins as a copy. */
export class PortTable {
  readonly #subnets: readonly Subnet[]
  /** The domains that names of ports may lie in. */
  readonly #domains: ReadonlySet<string>
  readonly #reserved: Map<string, string>
  readonly #byId: Map<string, KnownPort>
  readonly #byMac: Map<string, string>
  readonly #byAddress: Map<string, string>
  readonly #byName: Map<string, string>
  readonly #next: Map<string, bigint>

  private constructor(network: Network, from?: PortTable) {
    this.#subnets = network.subnets
    const domains = [network.domain, ...network.subnets.map(({ domain }) => domain)]
    this.#domains = new Set(domains.filter((domain) => domain !== undefined))
    this.#reserved = new Map()
    for (const { gateway, serverAddress } of network.subnets) {
      if (gateway !== undefined) this.#reserved.set(gateway, "the gateway's")
      this.#reserved.set(serverAddress, "the DHCP server's own")
    }
    this.#byId = new Map(from?.[tables]().byId)
    this.#byMac = new Map(from?.[tables]().byMac)
    this.#byAddress = new Map(from?.[tables]().byAddress)
    this.#byName = new Map(from?.[tables]().byName)
    this.#next = new Map(from?.[tables]().next)
  }

  static empty(network: Network): PortTable {
    return new PortTable(network)
  }

  copy(network: Network): PortTable {
    return new PortTable(network, this)
  }

  /** For its copies. */
  [tables](): Tables {
    return {
      byId: this.#byId,
      byMac: this.#byMac,
      byAddress: this.#byAddress,
      byName: this.#byName,
      next: this.#next,
    }
  }

  get size(): number {
    return this.#byId.size
  }

  get(id: string): KnownPort | undefined {
    return this.#byId.get(id)
  }

  /** The port that has an address. */
  withAddress(address: string): KnownPort | undefined {
    return this.#byId.get(this.#byAddress.get(address) ?? '')
  }

  [Symbol.iterator](): IterableIterator<KnownPort> {
    return this.#byId.values()
  }

  delete(id: string): boolean {
    const port = this.#byId.get(id)
    if (port === undefined) return false
    this.#byId.delete(id)
    this.#byMac.delete(port.mac)
    if (port.hostname !== undefined) this.#byName.delete(port.hostname)
    for (const { address } of port.fixedIps) this.#byAddress.delete(address)
    return true
  }

  /** Checks a port against this state and adds it, or replaces the one of its id. */
  put(options: PortOptions, field = ''): KnownPort {
    const before = this.#byId.get(options.id)
    if (before !== undefined) this.delete(before.id)
    try {
      const port = this.#check(options, field, before)
      this.#byId.set(port.id, port)
      this.#byMac.set(port.mac, port.id)
      if (port.hostname !== undefined) this.#byName.set(port.hostname, port.id)
      for (const { address } of port.fixedIps) this.#byAddress.set(address, port.id)
      return port
    } catch (error) {
      if (before !== undefined) this.put(restored(before))
      throw error
    }
  }

  #check(options: PortOptions, field: string, before: KnownPort | undefined): KnownPort {
    const at = (name: string): string => (field === '' ? name : `${field}.${name}`)
    const { id, mac, hostname: fullName, clientId, checked } = checkPort(options, field)
    const hostname = fullName === undefined ? undefined : nameIn(this.#domains, fullName, at('hostname'))
    const sameMac = this.#byMac.get(mac)
    if (sameMac !== undefined) throw wrongValue(at('mac'), `another than port ${sameMac} has`, options.mac)
    const sameName = hostname === undefined ? undefined : this.#byName.get(hostname)
    if (sameName !== undefined) throw wrongValue(at('hostname'), `another than port ${sameName} has`, hostname)
    const fixedIps = this.#addresses(options.fixedIps, before?.fixedIps, at('fixedIps'))
    const port = { id, mac, fixedIps, hostname, clientId }
    const { options: given } = options
    const addresses = fixedIps.map(({ address }) => address)
    const written = JSON.stringify({ id, mac, fixedIps: addresses, hostname, clientId, options: given })
    return { ...port, options: checked, written }
  }

  #addresses(given: unknown, before: readonly PortAddress[] | undefined, field: string): readonly PortAddress[] {
    const found: PortAddress[] = []
    if (given === undefined) {
      for (const subnet of this.#subnets.filter(({ dhcp, mode }) => dhcp && mode === 'stateful')) {
        const kept = before?.find(({ subnet: id, address }) => id === subnet.id && this.#isFree(subnet, address))
        found.push(kept ?? { subnet: subnet.id, address: this.#free(subnet, field) })
      }
      return found
    }
    for (const [i, one] of checkList(given, field).entries()) {
      const address = this.#address(one, `${field}[${i}]`, found)
      const subnet = this.#subnets.find(({ id }) => id === address.subnet)
      if (subnet?.cidr.family === 'ipv4' && found.some(({ subnet }) => subnet === address.subnet)) {
        throw wrongValue(`${field}[${i}]`, `the only one of subnet ${address.subnet}`, address.address)
      }
      found.push(address)
    }
    return found
  }

  #address(given: unknown, field: string, taken: readonly PortAddress[]): PortAddress {
    if (typeof given === 'string') return this.#named(given, undefined, field, field, taken)
    checkKeys(given, new Set(['subnet', 'address']), field)
    const { subnet: id, address } = given as FixedIp
    const subnet = id === undefined ? undefined : this.#subnets.find((one) => one.id === id)
    if (id !== undefined && subnet === undefined) throw wrongValue(`${field}.subnet`, 'a subnet of the network', id)
    if (address !== undefined) return this.#named(address, subnet, `${field}.address`, field, taken)
    if (subnet === undefined) throw wrongType(`${field}.subnet`, 'given where no address is', id)
    return { subnet: subnet.id, address: this.#free(subnet, field) }
  }

  #named(
    given: unknown,
    within: Subnet | undefined,
    field: string,
    whole: string,
    taken: readonly PortAddress[],
  ): PortAddress {
    const numbered = parseAddress(given, field)
    const subnet = within ?? this.#subnets.find(({ cidr }) => contains(cidr, numbered))
    if (subnet === undefined) throw wrongValue(field, 'an address of one of the subnets', given)
    const address = checkInSubnet(given, field, subnet.cidr)
    const why = this.#reserved.get(address)
    if (why !== undefined) throw wrongValue(field, `another: this one is ${why}`, given)
    const holder = this.#byAddress.get(address)
    if (holder !== undefined) throw wrongValue(field, `another than port ${holder} has`, given)
    if (taken.some((other) => other.address === address)) throw wrongValue(whole, 'there once', given)
    return { subnet: subnet.id, address }
  }

  #isFree(subnet: Subnet, address: string): boolean {
    if (this.#reserved.has(address) || this.#byAddress.has(address)) return false
    return contains(subnet.cidr, parseAddress(address, 'address'))
  }

  /** The next free address of a subnet's pool, behind the one that was given out last. */
  #free(subnet: Subnet, field: string): string {
    const from = this.#next.get(subnet.id) ?? 0n
    const pick = (pool: Range, least: bigint): string | undefined => {
      for (let number = pool.first > least ? pool.first : least; number <= pool.last; number++) {
        const address = formatAddress({ family: pool.family, number })
        if (!this.#isFree(subnet, address)) continue
        this.#next.set(subnet.id, number + 1n)
        return address
      }
      return undefined
    }
    for (const least of [from, 0n]) {
      for (const pool of subnet.pool) {
        const found = pick(pool, least)
        if (found !== undefined) return found
      }
    }
    throw wrongValue(field, `given: the pool of subnet ${subnet.id} has no free address`, undefined)
  }
}

/** A port without its addresses, checked. */
interface CheckedPort extends Omit<Port, 'fixedIps'> {
  readonly checked: readonly CheckedOption[]
}

/** Checks the options of a port that do not depend on the network. */
export function checkPort(options: PortOptions, field = ''): CheckedPort {
  checkKeys(options, portKeys, field)
  const at = (name: string): string => (field === '' ? name : `${field}.${name}`)
  const { id, mac, fixedIps, hostname, clientId } = options
  checkList(fixedIps, at('fixedIps'))
  return {
    id: checkId(id, at('id')),
    mac: checkMac(mac, at('mac')),
    hostname: hostname === undefined ? undefined : checkHostname(hostname, at('hostname')),
    clientId: clientId === undefined ? undefined : checkClientId(clientId, at('clientId')),
    checked: checkOptions(options.options, at('options')),
  }
}

/** The options that would create a port again. */
export function restored(port: KnownPort): PortOptions {
  return JSON.parse(port.written) as PortOptions
}
