// ipip: IPv4 or MPLS packets over IPv4 (IFLA_IPTUN_ of linux/if_tunnel.h, net/ipv4/ipip.c).
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { device } from '../../wire/device'
import { be16, boolean, u32, u8 } from '../../wire/integers'
import { ipv4 } from '../../wire/ip'
import { flag } from '../../wire/text'
import { linkKind } from './kind'
import { checkTunnel, encapFlags, encapType, unchanged } from './tunnel'

const data = attributes('IFLA_IPTUN_', {
  /** The device that carries the tunnel (`dev` of `ip`). Default: as the route says. */
  underlay: ['LINK', 1, device],
  /** The IPv4 source address of the tunnel; 0.0.0.0: as the route says. Default: 0.0.0.0. */
  local: ['LOCAL', 2, ipv4],
  /** The other end, an IPv4 address; 0.0.0.0: any. Default: 0.0.0.0. */
  remote: ['REMOTE', 3, ipv4],
  /** Time to live of the outer packets; 0 copies that of the inner ones. Default: 0. */
  ttl: ['TTL', 4, u8],
  /** Type of service of the outer packets; 1 copies that of the inner ones. Default: 0. */
  tos: ['TOS', 5, u8],
  /** Finds the path's MTU: sets the don't-fragment bit. With a `ttl` it cannot be off. Default: true, or false where no option is given at all. */
  pmtudisc: ['PMTUDISC', 10, boolean(u8)],
  /** What it carries: IPv4, MPLS, or both. Default: `ipip`. */
  proto: ['PROTO', 9, oneOf(u8, 'IPPROTO_', { any: ['IP', 0], ipip: ['IPIP', 4], mplsip: ['MPLS', 137] })],
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

export const ipip = linkKind('ipip', data, { fixed: unchanged(data), check: checkTunnel })
