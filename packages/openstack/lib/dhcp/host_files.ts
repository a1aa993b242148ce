// The files that dnsmasq reads again at a SIGHUP: hosts, their names, options. Formats of Neutron's DHCP agent.
import type { Network, Subnet } from './check_network'
import type { CheckedOption } from './check_options'
import type { KnownPort, PortTable } from './ports_table'
import { clientIdWord, domainWord, hostWord } from './grammar'
import { bytesOf, compressed } from './option_grammar'
import { formatCidr } from './ranges'

/** A network and its ports, from which all files are made. */
export interface State {
  readonly network: Network
  readonly ports: PortTable
}

/** The default name of a host with this address: as Neutron's, and unique. */
function defaultName(address: string): string {
  return `host-${address.replace(/:$/, ':0').replaceAll(/[.:]/g, '-')}`
}

/** What a DNS look-up gives for a port in a subnet: its full name first. */
function namesOf(port: KnownPort, address: string, domain: string | undefined): string[] {
  const name = port.hostname ?? defaultName(address)
  if (domain === undefined) return [name]
  return [`${name}.${domain}`, name]
}

function leaseTime({ leaseSeconds }: Subnet): string {
  return leaseSeconds === Infinity ? 'infinite' : String(leaseSeconds)
}

function portTag({ id, options }: KnownPort): string[] {
  return options.length > 0 ? [`set:port-${id}`] : []
}

/** `MAC,,IP,LEASE`, or for IPv6 with the family's tag: no names. */
function plainLine(port: KnownPort, subnet: Subnet, address: string): string {
  const six = subnet.cidr.family === 'ipv6'
  const parts = [port.mac, ...(six ? ['tag:dhcpv6'] : []), ...(port.clientId === undefined ? [] : [clientIdOf(port)])]
  return [...parts, ...portTag(port), '', six ? `[${address}]` : address, leaseTime(subnet)].join(',')
}

function clientIdOf({ clientId = '' }: KnownPort): string {
  return clientIdWord(clientId)
}

/** `MAC,name.domain,IP[,set:port-ID]`, `MAC,id:CLIENTID,name,IP`, `MAC,tag:dhcpv6,name,[IP]`. */
function namedLine(port: KnownPort, subnet: Subnet, addresses: readonly string[]): string {
  const [name = ''] = namesOf(port, addresses[0] ?? '', subnet.domain)
  const six = subnet.cidr.family === 'ipv6'
  const parts = [port.mac, ...(six ? ['tag:dhcpv6'] : []), ...(port.clientId === undefined ? [] : [clientIdOf(port)])]
  return [...parts, hostWord(name), ...addresses.map((one) => (six ? `[${one}]` : one)), ...portTag(port)].join(',')
}

/** The file of reservations. */
export function hostFile({ network, ports }: State): string {
  const lines: string[] = []
  for (const port of ports) {
    for (const subnet of network.subnets) {
      if (!subnet.dhcp || subnet.mode === 'stateless') continue
      const own = port.fixedIps.filter((one) => one.subnet === subnet.id).map(({ address }) => address)
      if (own.length === 0) continue
      if (network.hostLines === 'named') lines.push(namedLine(port, subnet, own))
      else for (const address of own) lines.push(plainLine(port, subnet, address))
    }
    // Clients that only request options are recognized by their tag, too.
    const stateless = network.subnets.some(({ dhcp, mode }) => dhcp && mode === 'stateless')
    if (stateless && port.options.length > 0) lines.push([port.mac, 'tag:dhcpv6', ...portTag(port)].join(','))
  }
  return text(lines)
}

/** The file of names: `IP<tab>full short`, the full one first, as a look-up of the address gives the first. */
export function namesFile({ network, ports }: State): string {
  if (!network.dns || network.hostLines === 'plain') return ''
  const domains = new Map(network.subnets.map(({ id, domain }) => [id, domain]))
  const lines: string[] = []
  for (const port of ports) {
    for (const { subnet, address } of port.fixedIps) {
      lines.push(`${address}\t${namesOf(port, address, domains.get(subnet)).join(' ')}`)
    }
  }
  return text(lines)
}

/** `tag:TAG,option:NAME,VALUE…`; without a value the option is not sent. */
export function optionLine(
  tags: readonly string[],
  family: 'ipv4' | 'ipv6',
  code: string,
  values: readonly string[],
): string {
  const prefix = family === 'ipv6' ? 'option6:' : /^\d/.test(code) ? '' : 'option:'
  return [...tags.map((tag) => `tag:${tag}`), `${prefix}${code}`, ...values.map(quoted)].join(',')
}

/** Quotes a value that begins a comment, or would be trimmed. */
function quoted(value: string): string {
  return /[#]|^\s|\s$/.test(value) ? `"${value}"` : value
}

function freeLines(options: readonly CheckedOption[], tag: string): string[] {
  return options.map((option) =>
    optionLine(option.tag === undefined ? [tag] : [tag, option.tag], option.family, option.code, option.values),
  )
}

/** Routes for option 121: those on the link first, the default route last, as clients with option 121 ignore option 3. */
export function classlessRoutes(
  subnet: Subnet,
  { subnets, metadata }: Pick<Network, 'subnets' | 'metadata'>,
): string[] {
  const routes = subnet.hostRoutes.filter(({ destination }) => destination !== anywhere)
  const add = (destination: string, nexthop: string): void => {
    // Unless the host routes have this destination.
    if (!routes.some((one) => one.destination === destination)) routes.push({ destination, nexthop })
  }
  // The other subnets are on the same link, and need no router.
  for (const { id, cidr } of subnets) {
    if (id !== subnet.id && cidr.family === 'ipv4') add(formatCidr(cidr), '0.0.0.0')
  }
  if (metadata) add('169.254.169.254/32', subnet.serverAddress)
  if (routes.length === 0) return []
  const onLink = (nexthop: string): number => (nexthop === '0.0.0.0' ? 0 : 1)
  routes.sort((a, b) => onLink(a.nexthop) - onLink(b.nexthop))
  const router = routerOf(subnet)
  if (router !== undefined) add(anywhere, router)
  return routes.flatMap(({ destination, nexthop }) => [destination, nexthop])
}

const anywhere = '0.0.0.0/0'
const longestText = 800

/** The gateway, or the next router of a default host route. */
function routerOf({ gateway, hostRoutes }: Subnet): string | undefined {
  return gateway ?? hostRoutes.find(({ destination }) => destination === anywhere)?.nexthop
}

function linesOfIPv4(subnet: Subnet, network: Network): string[] {
  const lines: string[] = []
  const say = (code: string, values: readonly string[]): void => {
    lines.push(optionLine([`subnet-${subnet.id}`], 'ipv4', code, values))
  }
  // Without a router or name servers the options are set empty: dnsmasq would send its own address.
  const router = routerOf(subnet)
  say('router', router === undefined ? [] : [router])
  say('dns-server', subnet.dnsServers)
  const routes = classlessRoutes(subnet, network)
  if (routes.length > 0) {
    // Lines are read up to 1024 bytes.
    const written = routes.join().length > longestText ? [bytesOf(routes.flatMap(compressed))] : routes
    say('classless-static-route', written)
    say('249', written)
  }
  if (subnet.domain !== undefined && subnet.domain !== network.domain) say('domain-name', [subnet.domain])
  if (subnet.domainSearch.length > 0) say('domain-search', subnet.domainSearch.map(domainWord))
  if (subnet.ntpServers.length > 0) say('ntp-server', subnet.ntpServers)
  if (subnet.tftpServer !== undefined) say('66', [subnet.tftpServer])
  if (subnet.bootFile !== undefined) say('67', [subnet.bootFile])
  return lines
}

function linesOfIPv6(subnet: Subnet): string[] {
  const lines: string[] = []
  const say = (code: string, values: readonly string[]): void => {
    lines.push(optionLine([`subnet-${subnet.id}`], 'ipv6', code, values))
  }
  say(
    'dns-server',
    subnet.dnsServers.map((one) => `[${one}]`),
  )
  if (subnet.domainSearch.length > 0) say('domain-search', subnet.domainSearch.map(domainWord))
  else if (subnet.domain !== undefined) say('domain-search', [domainWord(subnet.domain)])
  if (subnet.ntpServers.length > 0)
    say(
      '31',
      subnet.ntpServers.map((one) => `[${one}]`),
    )
  return lines
}

/** The file of options. */
export function optionsFile({ network, ports }: State): string {
  const lines: string[] = []
  for (const subnet of network.subnets.filter(({ dhcp }) => dhcp)) {
    lines.push(...(subnet.cidr.family === 'ipv4' ? linesOfIPv4(subnet, network) : linesOfIPv6(subnet)))
    lines.push(...freeLines(subnet.options, `subnet-${subnet.id}`))
  }
  for (const port of ports) lines.push(...freeLines(port.options, `port-${port.id}`))
  return text(lines)
}

function text(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`
}
