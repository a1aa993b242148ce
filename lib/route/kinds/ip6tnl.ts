// ip6tnl: IPv6, IPv4 or MPLS packets over IPv6 (IFLA_IPTUN_ of linux/if_tunnel.h, net/ipv6/ip6_tunnel.c).
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { device } from '../../wire/device'
import { be16, be32, u32, u8, within } from '../../wire/integers'
import { ipv6 } from '../../wire/ip'
import { flag } from '../../wire/text'
import { linkKind } from './kind'
import { checkTunnel, encapFlags, encapType, ip6Flags, unchanged } from './tunnel'

/** The kernel's protocols of what an ip6tnl carries. */
const proto = oneOf(u8, 'IPPROTO_', {
  any: ['IP', 0],
  ipip6: ['IPIP', 4],
  ip6ip6: ['IPV6', 41],
  mplsip6: ['MPLS', 137],
})

const data = attributes('IFLA_IPTUN_', {
  /** The device that carries the tunnel (`dev` of `ip`). Default: as the route says. */
  underlay: ['LINK', 1, device],
  /** The IPv6 source address of the tunnel; `::`: as the route says. Default: `::`. */
  local: ['LOCAL', 2, ipv6],
  /** The other end, an IPv6 address; `::`: any. Default: `::`. */
  remote: ['REMOTE', 3, ipv6],
  /** Hop limit of the outer packets; 0: as the route says; `ip` sends 64. Default: 0. */
  ttl: ['TTL', 4, u8],
  /** How many more tunnels may carry the packet, without `ignEncapLimit`; `ip` sends 4. Default: 0. */
  encapLimit: ['ENCAP_LIMIT', 6, u8],
  /** Traffic class (bits 20 to 27) and flow label (bits 0 to 19) of the outer packets. Default: 0. */
  flowInfo: ['FLOWINFO', 7, within(be32, 0, 0xfffffff)],
  /** What is copied from inner or outer packets, and how the ends are checked. Default: none but what the kernel finds out. */
  tunnelFlags: ['FLAGS', 8, ip6Flags],
  /** What it carries: IPv6, IPv4, MPLS, or all of them; `ip` sends `ip6ip6`. Default: `any`. */
  proto: ['PROTO', 9, proto],
  /** Carries the packets in UDP: `none`, `fou` or `gue`. Default: `none`. */
  encapType: ['ENCAP_TYPE', 15, encapType],
  /** Checksums of that UDP: `csum` (IPv4), `csum6` (IPv6), `remcsum` (remote checksum offload). Default: none. */
  encapFlags: ['ENCAP_FLAGS', 16, encapFlags],
  /** The source port of that UDP; 0: chosen by a hash of the packet. Default: 0. */
  encapSport: ['ENCAP_SPORT', 17, be16],
  /** The destination port of that UDP. Default: 0. */
  encapDport: ['ENCAP_DPORT', 18, be16],
  /** The tunnel's parameters come with each packet (`external` of `ip`). Default: false. */
  collectMetadata: ['COLLECT_METADATA', 19, flag],
  /** The mark by which the route is looked up. Default: 0. */
  fwmark: ['FWMARK', 20, u32],
})

export const ip6tnl = linkKind('ip6tnl', data, { fixed: unchanged(data), check: checkTunnel })
