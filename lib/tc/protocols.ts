// Protocols of packets by their EtherType, which filters are for (linux/if_ether.h).
import { oneOf } from '../wire/choices'
import { be16 } from '../wire/integers'

/** An EtherType by name, or as a number. */
export const etherType = oneOf(be16, 'ETH_P_', {
  /** All packets. */
  all: ['ALL', 0x0003],
  /** IPv4. */
  ipv4: ['IP', 0x0800],
  /** ARP. */
  arp: ['ARP', 0x0806],
  /** With a VLAN tag (802.1Q). */
  vlan: ['8021Q', 0x8100],
  /** With a service VLAN tag (802.1ad). */
  qinq: ['8021AD', 0x88a8],
  /** IPv6. */
  ipv6: ['IPV6', 0x86dd],
  /** MPLS, unicast. */
  mpls: ['MPLS_UC', 0x8847],
  /** MPLS, multicast. */
  mplsMulticast: ['MPLS_MC', 0x8848],
  /** PPP over Ethernet, in a session. */
  pppoe: ['PPP_SES', 0x8864],
  /** LLDP (802.1AB). */
  lldp: ['LLDP', 0x88cc],
})
