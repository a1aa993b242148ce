// Protocols of packets by their EtherType, which filters are for (linux/if_ether.h).
import { oneOf } from '../wire/choices'
import { be16 } from '../wire/integers'

/** An EtherType by name, or as a number. */
export const etherType = oneOf(be16, 'ETH_P_', {
  all: ['ALL', 0x0003],
  ipv4: ['IP', 0x0800],
  arp: ['ARP', 0x0806],
  vlan: ['8021Q', 0x8100],
  qinq: ['8021AD', 0x88a8],
  ipv6: ['IPV6', 0x86dd],
  mpls: ['MPLS_UC', 0x8847],
  mplsMulticast: ['MPLS_MC', 0x8848],
  pppoe: ['PPP_SES', 0x8864],
  lldp: ['LLDP', 0x88cc],
})
