// The arguments of dnsmasq for a network: changes of these need a restart, all others a SIGHUP.
import type { Network, Subnet } from './check_network'
import { formatAddress, formatCidr, netmask } from './ranges'

/** The paths of a network's files. */
export interface Paths {
  readonly directory: string
  readonly host: string
  readonly names: string
  readonly options: string
  readonly leases: string
  readonly pid: string
  readonly log: string
}

/** The files of a network's directory, named as Neutron names them. */
export function pathsIn(directory: string): Paths {
  const at = (name: string): string => `${directory}/${name}`
  return {
    directory,
    host: at('host'),
    names: at('addn_hosts'),
    options: at('opts'),
    leases: at('leases'),
    pid: at('pid'),
    log: at('log'),
  }
}

/** The argument by which the dnsmasq of a network is recognized. */
export function pidArgument(paths: Paths): string {
  return `--pid-file=${paths.pid}`
}

/** The beginning of that argument for all networks of a directory. */
export function pidArgumentsIn(stateDir: string): string {
  return `--pid-file=${stateDir}/`
}

/** Settings of dnsmasq for all networks. */
export interface DnsmasqSettings {
  /** The user as which dnsmasq runs. */
  readonly user: string
  /** Name servers that it asks for names outside of its network. */
  readonly upstream: readonly string[]
}

function rangeOf(subnet: Subnet): string {
  const { cidr, leaseSeconds, mode, advertise } = subnet
  const network = formatAddress({ family: cidr.family, number: cidr.first })
  const lease = leaseSeconds === Infinity ? 'infinite' : `${leaseSeconds}s`
  const tag = `--dhcp-range=set:subnet-${subnet.id},${network}`
  if (cidr.family === 'ipv4') return `${tag},static,${netmask(cidr.length)},${lease}`
  return `${tag},${mode === 'stateless' && advertise ? 'ra-stateless' : 'static'},${cidr.length},${lease}`
}

/** The limit of leases, which is a thousand by default. */
function mostLeases(subnets: readonly Subnet[]): number {
  const sizes = subnets.map(({ cidr }) => cidr.last - cidr.first + 1n)
  const sum = sizes.reduce((all, one) => all + one, 0n)
  return Number(sum < 1n << 24n ? sum : 1n << 24n)
}

/** The arguments of a network's dnsmasq, or undefined if it needs none: no subnet has DHCP. */
export function dnsmasqArguments(
  network: Network,
  device: string,
  paths: Paths,
  settings: DnsmasqSettings,
): string[] | undefined {
  const served = network.subnets.filter(({ dhcp }) => dhcp)
  if (served.length === 0) return undefined
  const domains = new Set(served.flatMap(({ domain }) => domain ?? []))
  const ranged = served.filter(({ domain }) => domain !== undefined && domain !== network.domain)
  return [
    // In the foreground, but in a session of its own, as it outlives the agent.
    '--keep-in-foreground',
    `--user=${settings.user}`,
    `--group=${settings.user === 'root' ? 'root' : ''}`,
    // Its standard input, which is empty: dnsmasq reads it to its end before it opens devices and files.
    '--conf-file=-',
    '--no-hosts',
    '--no-resolv',
    pidArgument(paths),
    `--dhcp-hostsfile=${paths.host}`,
    `--addn-hosts=${paths.names}`,
    `--dhcp-optsfile=${paths.options}`,
    `--dhcp-leasefile=${paths.leases}`,
    '--dhcp-match=set:ipxe,175',
    '--dhcp-userclass=set:ipxe6,iPXE',
    '--bind-dynamic',
    `--interface=${device}`,
    '--except-interface=lo',
    ...(network.dns ? [] : ['--port=0']),
    `--log-facility=${paths.log}`,
    '--quiet-dhcp',
    '--quiet-dhcp6',
    '--quiet-ra',
    // The default interval, and lifetime 0: this namespace does not forward, so hosts must not use it as a router.
    ...(served.some(({ advertise }) => advertise) ? ['--enable-ra', `--ra-param=${device},0,0`] : []),
    ...served.map(rangeOf),
    ...served.flatMap(({ id, mtu, cidr }) =>
      mtu === undefined || cidr.family === 'ipv6' ? [] : [`--dhcp-option-force=tag:subnet-${id},option:mtu,${mtu}`],
    ),
    `--dhcp-lease-max=${mostLeases(served)}`,
    ...settings.upstream.map((server) => `--server=${server}`),
    ...(network.domain === undefined ? [] : [`--domain=${network.domain}`]),
    ...ranged.map(({ domain = '', cidr }) => `--domain=${domain},${formatCidr(cidr)}`),
    ...[...domains].map((domain) => `--local=/${domain}/`),
  ].filter((argument) => argument !== '--group=')
}

/** Whether arguments are the same. */
export function isSame(one: readonly string[] | undefined, other: readonly string[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
