// Attributes of both ends of a link in the message that creates it. A far end has only these: see kinds/far_end.ts.
import type { AttributeTable } from '../wire/attributes'
import { checkDeviceName, device } from '../wire/device'
import { oneOf } from '../wire/choices'
import { u16, u32, u8, within } from '../wire/integers'
import { mac } from '../wire/ip'
import { struct } from '../wire/struct'
import { text } from '../wire/text'

/** Types of devices: ARPHRD_ of linux/if_arp.h. */
export const linkType = oneOf(u16, 'ARPHRD_', {
  /** Ethernet. */
  ether: ['ETHER', 1],
  /** The loopback device. */
  loopback: ['LOOPBACK', 772],
  /** IP packets without a header of the link, as of tun and WireGuard. */
  none: ['NONE', 65534],
  /** Nothing known. */
  void: ['VOID', 65535],
  /** IP in IPv4. */
  tunnel: ['TUNNEL', 768],
  /** IP in IPv6. */
  tunnel6: ['TUNNEL6', 769],
  /** IPv6 in IPv4. */
  sit: ['SIT', 776],
  /** GRE over IPv4. */
  ipgre: ['IPGRE', 778],
  /** GRE over IPv6. */
  ip6gre: ['IP6GRE', 823],
  /** PPP. */
  ppp: ['PPP', 512],
  /** IP over InfiniBand. */
  infiniband: ['INFINIBAND', 32],
  /** Netlink messages, of nlmon. */
  netlink: ['NETLINK', 824],
  /** CAN frames. */
  can: ['CAN', 280],
})

/** The header of link messages (linux/rtnetlink.h). */
export const ifinfomsg = struct('ifinfomsg', {
  family: ['ifi_family', u8],
  _pad: ['__ifi_pad', u8],
  type: ['ifi_type', linkType],
  index: ['ifi_index', device],
  flags: ['ifi_flags', u32],
  change: ['ifi_change', u32],
})

/** IFF_ of linux/if.h: the flags that can be set or that lists report. */
export const IFF = {
  UP: 0x1,
  BROADCAST: 0x2,
  LOOPBACK: 0x8,
  POINTOPOINT: 0x10,
  RUNNING: 0x40,
  NOARP: 0x80,
  PROMISC: 0x100,
  ALLMULTI: 0x200,
  MULTICAST: 0x1000,
  LOWER_UP: 0x10000,
  DORMANT: 0x20000,
} as const

const name = text(15, checkDeviceName, 1)

export const creationAttributes = {
  mac: ['ADDRESS', 1, mac],
  broadcast: ['BROADCAST', 2, mac],
  name: ['IFNAME', 3, name],
  mtu: ['MTU', 4, u32],
  txqlen: ['TXQLEN', 13, u32],
  group: ['GROUP', 27, u32],
  numTxQueues: ['NUM_TX_QUEUES', 31, within(u32, 1, 4096)],
  numRxQueues: ['NUM_RX_QUEUES', 32, within(u32, 1, 4096)],
  gsoMaxSegs: ['GSO_MAX_SEGS', 40, u32],
  gsoMaxSize: ['GSO_MAX_SIZE', 41, u32],
  groMaxSize: ['GRO_MAX_SIZE', 58, u32],
  gsoIpv4MaxSize: ['GSO_IPV4_MAX_SIZE', 63, u32],
  groIpv4MaxSize: ['GRO_IPV4_MAX_SIZE', 64, u32],
} as const satisfies AttributeTable

/** Why the kernel refuses a MAC address (EADDRNOTAVAIL). */
export const noUnicastMac = '"mac" must be a unicast address, and not zero'
