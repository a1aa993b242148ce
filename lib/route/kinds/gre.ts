// gre and gretap: IP packets and Ethernet frames over IPv4 (IFLA_GRE_ of linux/if_tunnel.h, net/ipv4/ip_gre.c).
import { attributes } from '../../wire/attributes'
import { device } from '../../wire/device'
import { be16, be32, boolean, u32, u8 } from '../../wire/integers'
import { ipv4 } from '../../wire/ip'
import { flag } from '../../wire/text'
import { linkKind } from './kind'
import { checkGre, encapFlags, encapType, greFlags, unchanged } from './tunnel'

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
  /** The IPv4 source address of the tunnel; 0.0.0.0: as the route says. Default: 0.0.0.0. */
  local: ['LOCAL', 6, ipv4],
  /** The other end, an IPv4 address; 0.0.0.0: any. Default: 0.0.0.0. */
  remote: ['REMOTE', 7, ipv4],
  /** Time to live of the outer packets; 0 copies that of the inner ones. Default: 0. */
  ttl: ['TTL', 8, u8],
  /** Type of service of the outer packets; 1 copies that of the inner ones. Default: 0. */
  tos: ['TOS', 9, u8],
  /** Finds the path's MTU: sets the don't-fragment bit. With a `ttl` it cannot be off. Default: true, or false where no option is given at all. */
  pmtudisc: ['PMTUDISC', 10, boolean(u8)],
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
  /** Fragments outer packets even where inner ones must not be; needs `pmtudisc: false`. Default: false. */
  ignoreDf: ['IGNORE_DF', 19, boolean(u8)],
  /** The mark by which the route is looked up. Default: 0. */
  fwmark: ['FWMARK', 20, u32],
})

const traits = { fixed: unchanged(data), check: checkGre }

export const gre = linkKind('gre', data, traits)
export const gretap = linkKind('gretap', data, traits)
