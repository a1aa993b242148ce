// vti: packets for IPsec over IPv4, as a device to which routes point (IFLA_VTI_ of linux/if_tunnel.h, net/ipv4/ip_vti.c).
import { attributes } from '../../wire/attributes'
import { device } from '../../wire/device'
import { be32, u32 } from '../../wire/integers'
import { ipv4 } from '../../wire/ip'
import { linkKind } from './kind'
import { unchanged } from './tunnel'

const data = attributes('IFLA_VTI_', {
  /** The device that carries the tunnel (`dev` of `ip`). Default: as the route says. */
  underlay: ['LINK', 1, device],
  /** The mark of IPsec's policies and states for received packets. Default: 0. */
  ikey: ['IKEY', 2, be32],
  /** The mark of IPsec's policies and states for sent packets. Default: 0. */
  okey: ['OKEY', 3, be32],
  /** The IPv4 source address of the tunnel; 0.0.0.0: as the route says. Default: 0.0.0.0. */
  local: ['LOCAL', 4, ipv4],
  /** The other end, an IPv4 address; 0.0.0.0: any. Default: 0.0.0.0. */
  remote: ['REMOTE', 5, ipv4],
  /** The mark by which the route is looked up. Default: 0. */
  fwmark: ['FWMARK', 6, u32],
})

export const vti = linkKind('vti', data, { fixed: unchanged(data) })
