// Address families and the names of numbers that several resources share (linux/rtnetlink.h).
import { oneOf, type OneOf } from '../wire/choices'
import { wrongValue } from '../wire/invalid'
import { checkInteger, u32, u8 } from '../wire/integers'
import type { Family } from '../wire/ip'

export type { Family }

/** The family in a message's header; `any` in a request for all. */
export const family = oneOf(u8, 'AF_', { any: ['UNSPEC', 0], ipv4: ['INET', 2], ipv6: ['INET6', 10] })

/** How far an address or a destination is valid (RT_SCOPE_). */
export const scope = oneOf(u8, 'RT_SCOPE_', {
  global: ['UNIVERSE', 0],
  site: ['SITE', 200],
  link: ['LINK', 253],
  host: ['HOST', 254],
  nowhere: ['NOWHERE', 255],
})

/** Who made a route or rule (RTPROT_). */
export const routeProtocol = oneOf(u8, 'RTPROT_', {
  unspec: ['UNSPEC', 0],
  redirect: ['REDIRECT', 1],
  kernel: ['KERNEL', 2],
  boot: ['BOOT', 3],
  static: ['STATIC', 4],
  gated: ['GATED', 8],
  ra: ['RA', 9],
  mrt: ['MRT', 10],
  zebra: ['ZEBRA', 11],
  bird: ['BIRD', 12],
  dnrouted: ['DNROUTED', 13],
  xorp: ['XORP', 14],
  ntk: ['NTK', 15],
  dhcp: ['DHCP', 16],
  mrouted: ['MROUTED', 17],
  keepalived: ['KEEPALIVED', 18],
  babel: ['BABEL', 42],
  openr: ['OPENR', 99],
  bgp: ['BGP', 186],
  isis: ['ISIS', 187],
  ospf: ['OSPF', 188],
  rip: ['RIP', 189],
  eigrp: ['EIGRP', 192],
})

/** A routing table (RT_TABLE_), by name or number. */
export const table = oneOf(u32, 'RT_TABLE_', {
  default: ['DEFAULT', 253],
  main: ['MAIN', 254],
  local: ['LOCAL', 255],
})

/** Checks a scope that no message carries, such as a condition of a list. */
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
