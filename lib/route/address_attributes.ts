// The messages of addresses: struct ifaddrmsg and IFA_… (linux/if_addr.h).
import { attributes } from '../wire/attributes'
import { bits, oneOf } from '../wire/choices'
import { device } from '../wire/device'
import { i32, u32, u8 } from '../wire/integers'
import { ip } from '../wire/ip'
import { struct } from '../wire/struct'
import { text } from '../wire/text'
import { family, scope } from './families'

const ifaddrmsg = struct('ifaddrmsg', {
  family: ['ifa_family', family],
  prefixLength: ['ifa_prefixlen', u8],
  flags: ['ifa_flags', u8],
  scope: ['ifa_scope', scope],
  index: ['ifa_index', device],
})

export const cacheInfo = struct('ifa_cacheinfo', {
  preferred: ['ifa_prefered', u32],
  valid: ['ifa_valid', u32],
  created: ['cstamp', u32],
  updated: ['tstamp', u32],
})

export const addressFlags = bits(u32, 'IFA_F_', {
  /** IPv4: another address of the prefix was there first. IPv6: temporary, made by the kernel. Only reported. */
  secondary: ['SECONDARY', 0x01],
  /** Usable at once, without duplicate address detection; IPv6. */
  nodad: ['NODAD', 0x02],
  /** Usable while duplicate address detection runs (RFC 4429); IPv6. */
  optimistic: ['OPTIMISTIC', 0x04],
  /** Somebody else has the address. Only reported. */
  dadfailed: ['DADFAILED', 0x08],
  /** Home address of a mobile node (RFC 6275); IPv6. */
  homeaddress: ['HOMEADDRESS', 0x10],
  /** Its preferred lifetime is over. Only reported. */
  deprecated: ['DEPRECATED', 0x20],
  /** Duplicate address detection still runs. Only reported. */
  tentative: ['TENTATIVE', 0x40],
  /** Valid for ever. Only reported. */
  permanent: ['PERMANENT', 0x80],
  /** The kernel makes temporary addresses of its prefix (RFC 8981); IPv6, /64 only. */
  managetempaddr: ['MANAGETEMPADDR', 0x100],
  /** No route to its prefix is made. */
  noprefixroute: ['NOPREFIXROUTE', 0x200],
  /** A multicast address, whose group the device joins. */
  mcautojoin: ['MCAUTOJOIN', 0x400],
  /** Made by the kernel from a secret (RFC 7217). Only reported. */
  stablePrivacy: ['STABLE_PRIVACY', 0x800],
})

export const addressProtocol = oneOf(u8, 'IFAPROT_', {
  /** Nobody said. */
  unspec: ['UNSPEC', 0],
  /** The kernel, for loopback. */
  kernelLo: ['KERNEL_LO', 1],
  /** The kernel, by a router advertisement. */
  kernelRa: ['KERNEL_RA', 2],
  /** The kernel, as a link-local address. */
  kernelLl: ['KERNEL_LL', 3],
})

const addressAttributes = attributes('IFA_', {
  address: ['ADDRESS', 1, ip],
  local: ['LOCAL', 2, ip],
  label: ['LABEL', 3, text(15, undefined, 1)],
  broadcast: ['BROADCAST', 4, ip],
  anycast: ['ANYCAST', 5, ip],
  cacheInfo: ['CACHEINFO', 6, cacheInfo],
  multicast: ['MULTICAST', 7, ip],
  flags: ['FLAGS', 8, addressFlags],
  metric: ['RT_PRIORITY', 9, u32],
  targetNetnsId: ['TARGET_NETNSID', 10, i32],
  protocol: ['PROTO', 11, addressProtocol],
})

/** The messages RTM_…ADDR. */
export const addressLayout = { header: ifaddrmsg, attributes: addressAttributes }
