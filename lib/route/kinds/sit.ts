// sit: IPv6, IPv4 or MPLS packets over IPv4, 6rd and ISATAP (IFLA_IPTUN_ of linux/if_tunnel.h, net/ipv6/sit.c).
import { attributes } from '../../wire/attributes'
import { bits, oneOf } from '../../wire/choices'
import { device } from '../../wire/device'
import { be16, boolean, u16, u32, u8, within } from '../../wire/integers'
import { ipv4, ipv6 } from '../../wire/ip'
import { linkKind } from './kind'
import { checkTunnel, encapFlags, encapType, unchanged } from './tunnel'

/** The kernel's protocols of what a sit carries. */
const proto = oneOf(u8, 'IPPROTO_', { any: ['IP', 0], ipip: ['IPIP', 4], ip6ip: ['IPV6', 41], mplsip: ['MPLS', 137] })

const data = attributes('IFLA_IPTUN_', {
  /** The device that carries the tunnel (`dev` of `ip`). Default: as the route says. */
  underlay: ['LINK', 1, device],
  /** The IPv4 source address of the tunnel; 0.0.0.0: as the route says. Default: 0.0.0.0. */
  local: ['LOCAL', 2, ipv4],
  /** The other end, an IPv4 address; 0.0.0.0: any. Default: 0.0.0.0. */
  remote: ['REMOTE', 3, ipv4],
  /** Time to live of the outer packets; 0 copies that of the inner ones. Default: 64. */
  ttl: ['TTL', 4, u8],
  /** Type of service of the outer packets; 1 copies that of the inner ones. Default: 0. */
  tos: ['TOS', 5, u8],
  /** Finds the path's MTU: sets the don't-fragment bit. With a `ttl` it cannot be off. Default: true, or false where no option is given at all. */
  pmtudisc: ['PMTUDISC', 10, boolean(u8)],
  /** `isatap`: intra-site addressing (RFC 5214). Default: none. */
  tunnelFlags: ['FLAGS', 8, bits(u16, 'SIT_', { isatap: ['ISATAP', 1] })],
  /** What it carries: IPv6, IPv4, MPLS, or all of them. Default: `ip6ip`. */
  proto: ['PROTO', 9, proto],
  /** 6rd: the provider's IPv6 prefix. Default: 2002::, 6to4. */
  sixrdPrefix: ['6RD_PREFIX', 11, ipv6],
  /** 6rd: the IPv4 prefix that the addresses of its relays share. Default: 0.0.0.0. */
  sixrdRelayPrefix: ['6RD_RELAY_PREFIX', 12, ipv4],
  /** 6rd: length of `sixrdPrefix`. Default: 16. */
  sixrdPrefixLen: ['6RD_PREFIXLEN', 13, within(u16, 0, 128)],
  /** 6rd: length of `sixrdRelayPrefix`. Default: 0. */
  sixrdRelayPrefixLen: ['6RD_RELAY_PREFIXLEN', 14, within(u16, 0, 32)],
  /** Carries the packets in UDP: `none`, `fou` or `gue`. Default: `none`. */
  encapType: ['ENCAP_TYPE', 15, encapType],
  /** Checksums of that UDP: `csum` (IPv4), `csum6` (IPv6), `remcsum` (remote checksum offload). Default: none. */
  encapFlags: ['ENCAP_FLAGS', 16, encapFlags],
  /** The source port of that UDP; 0: chosen by a hash of the packet. Default: 0. */
  encapSport: ['ENCAP_SPORT', 17, be16],
  /** The destination port of that UDP. Default: 0. */
  encapDport: ['ENCAP_DPORT', 18, be16],
  /** The mark by which the route is looked up. Default: 0. */
  fwmark: ['FWMARK', 20, u32],
})

export const sit = linkKind('sit', data, { fixed: unchanged(data), check: checkTunnel })
