// Address families and the names of numbers that several resources share (linux/rtnetlink.h).
import { oneOf, type OneOf } from '../wire/choices'
import { wrongValue } from '../wire/invalid'
import { checkInteger, u32, u8 } from '../wire/integers'
import type { Family } from '../wire/ip'

export type { Family }

/** The family in a message's header; `any` in a request for all. */
export const family = oneOf(u8, 'AF_', { any: ['UNSPEC', 0], ipv4: ['INET', 2], ipv6: ['INET6', 10] })

/** Where an address or a destination is valid (RT_SCOPE_). */
export const scope = oneOf(u8, 'RT_SCOPE_', {
  /** Valid everywhere. */
  global: ['UNIVERSE', 0],
  /** Valid within this site; the kernel itself has it only for the deprecated site-local IPv6 addresses. */
  site: ['SITE', 200],
  /** Valid on this link only. */
  link: ['LINK', 253],
  /** Valid within this host only. */
  host: ['HOST', 254],
  /** The destination does not exist; in a request: whatever the scope. */
  nowhere: ['NOWHERE', 255],
})

/** The origin of a route, rule or neighbor (RTPROT_). The kernel itself uses only `redirect` and `kernel`. */
export const routeProtocol = oneOf(u8, 'RTPROT_', {
  /** Not specified. */
  unspec: ['UNSPEC', 0],
  /** Made by an ICMP redirect. */
  redirect: ['REDIRECT', 1],
  /** The kernel itself, as for the prefix of an address. */
  kernel: ['KERNEL', 2],
  /** The default of `ip route`, without a more specific origin. */
  boot: ['BOOT', 3],
  /** The administrator; routing daemons leave such routes alone. */
  static: ['STATIC', 4],
  /** GateD. */
  gated: ['GATED', 8],
  /** A router advertisement. */
  ra: ['RA', 9],
  /** Merit MRT. */
  mrt: ['MRT', 10],
  /** Zebra. */
  zebra: ['ZEBRA', 11],
  /** BIRD. */
  bird: ['BIRD', 12],
  /** The DECnet routing daemon. */
  dnrouted: ['DNROUTED', 13],
  /** XORP. */
  xorp: ['XORP', 14],
  /** Netsukuku. */
  ntk: ['NTK', 15],
  /** A DHCP client. */
  dhcp: ['DHCP', 16],
  /** A multicast daemon. */
  mrouted: ['MROUTED', 17],
  /** Keepalived. */
  keepalived: ['KEEPALIVED', 18],
  /** The Babel daemon. */
  babel: ['BABEL', 42],
  /** Open/R. */
  openr: ['OPENR', 99],
  /** BGP. */
  bgp: ['BGP', 186],
  /** IS-IS. */
  isis: ['ISIS', 187],
  /** OSPF. */
  ospf: ['OSPF', 188],
  /** RIP. */
  rip: ['RIP', 189],
  /** EIGRP. */
  eigrp: ['EIGRP', 192],
})

/** A routing table (RT_TABLE_), by name or number. */
export const table = oneOf(u32, 'RT_TABLE_', {
  /** Empty at first; the last of the default rules looks in it. */
  default: ['DEFAULT', 253],
  /** The ordinary one. */
  main: ['MAIN', 254],
  /** Addresses of this host, and broadcast addresses. The kernel fills it. */
  local: ['LOCAL', 255],
})

/** Protocols over IP (IPPROTO_). */
export const ipProtocol = oneOf(u8, 'IPPROTO_', {
  /** ICMP. */
  icmp: ['ICMP', 1],
  /** TCP. */
  tcp: ['TCP', 6],
  /** UDP. */
  udp: ['UDP', 17],
  /** DCCP. */
  dccp: ['DCCP', 33],
  /** ICMPv6. */
  icmpv6: ['ICMPV6', 58],
  /** SCTP. */
  sctp: ['SCTP', 132],
})

/** Checks a scope that is not sent in a message, such as a condition of a filter. */
export function checkScope(value: unknown, field = 'scope'): OneOf<typeof scope.names> | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number') return nameOf(checkInteger(value, 0, 255, field))
  if (typeof value === 'string' && Object.hasOwn(scope.names, value)) return value as keyof typeof scope.names
  throw wrongValue(field, `one of ${Object.keys(scope.names).join(', ')}, or a number`, value)
}

function nameOf(value: number): OneOf<typeof scope.names> {
  const entry = Object.entries(scope.names).find(([, [, number]]) => number === value)
  return (entry?.[0] as keyof typeof scope.names | undefined) ?? value
}

/** Checks an option that chooses a family. */
export function checkFamily(value: unknown, field = 'family'): Family | undefined {
  if (value === undefined || value === 'ipv4' || value === 'ipv6') return value
  throw wrongValue(field, '"ipv4" or "ipv6"', value)
}
