// ip6gre and ip6gretap: IP packets and Ethernet frames over IPv6 (IFLA_GRE_ of linux/if_tunnel.h, net/ipv6/ip6_gre.c).
import { attributes } from '../../wire/attributes'
import { device } from '../../wire/device'
import { be16, be32, u32, u8, within } from '../../wire/integers'
import { ipv6 } from '../../wire/ip'
import { flag } from '../../wire/text'
import { linkKind } from './kind'
import { checkGre, encapFlags, encapType, greFlags, ip6Flags, unchanged } from './tunnel'

const data = attributes('IFLA_GRE_', {
  /** The device that carries the tunnel (`dev` of `ip`). Default: as the route says. */
  underlay: ['LINK', 1, device],
  /** What received packets must have: checksum, key, sequence number. Default: none. */
  iflags: ['IFLAGS', 2, greFlags],
  /** What sent packets have. Default: none. */
  oflags: ['OFLAGS', 3, greFlags],
  /** The key of received packets, with `key` among the `iflags`. Default: 0. */
  ikey: ['IKEY', 4, be32],
  /** The key of sent packets, with `key` among the `oflags`. Default: 0. */
  okey: ['OKEY', 5, be32],
  /** The IPv6 source address of the tunnel; `::`: as the route says. Default: `::`. */
  local: ['LOCAL', 6, ipv6],
  /** The other end, an IPv6 address; `::`: any. Default: `::`. */
  remote: ['REMOTE', 7, ipv6],
  /** Hop limit of the outer packets; 0: as the route says; `ip` sends 64. Default: 0. */
  ttl: ['TTL', 8, u8],
  /** How many more tunnels may carry the packet, without `ignEncapLimit`; `ip` sends 4. Default: 0. */
  encapLimit: ['ENCAP_LIMIT', 11, u8],
  /** Traffic class (bits 20 to 27) and flow label (bits 0 to 19) of the outer packets. Default: 0. */
  flowInfo: ['FLOWINFO', 12, within(be32, 0, 0xfffffff)],
  /** What is copied from inner or outer packets, and how the ends are checked. Default: none but what the kernel finds out. */
  tunnelFlags: ['FLAGS', 13, ip6Flags],
  /** Carries the packets in UDP: `none`, `fou` or `gue`. Default: `none`. */
  encapType: ['ENCAP_TYPE', 14, encapType],
  /** Checksums of that UDP: `csum` (IPv4), `csum6` (IPv6), `remcsum` (remote checksum offload). Default: none. */
  encapFlags: ['ENCAP_FLAGS', 15, encapFlags],
  /** The source port of that UDP; 0: chosen by a hash of the packet. Default: 0. */
  encapSport: ['ENCAP_SPORT', 16, be16],
  /** The destination port of that UDP. Default: 0. */
  encapDport: ['ENCAP_DPORT', 17, be16],
  /** The tunnel's parameters come with each packet (`external` of `ip`). Default: false. */
  collectMetadata: ['COLLECT_METADATA', 18, flag],
  /** The mark by which the route is looked up. Default: 0. */
  fwmark: ['FWMARK', 20, u32],
})

const traits = { fixed: unchanged(data), check: checkGre }

export const ip6gre = linkKind('ip6gre', data, traits)
export const ip6gretap = linkKind('ip6gretap', data, traits)
