// The messages of links: struct ifinfomsg and the attributes IFLA_… of linux/if_link.h, in the order of the header.
import { separate } from '../wire/separate'
import { attributes } from '../wire/attributes'
import { bits, oneOf } from '../wire/choices'
import { checkDeviceName, device } from '../wire/device'
import { boolean, i32, u16, u32, u64, u8, within } from '../wire/integers'
import { ipv6, mac } from '../wire/ip'
import { named } from '../wire/named'
import { list, taggedBy } from '../wire/nesting'
import { ignored } from '../wire/read_only'
import { struct } from '../wire/struct'
import { bareText, checkText, text } from '../wire/text'
import { linkData, portData } from './kinds'
import { creationAttributes, ifinfomsg } from './link_creation'
import { netnsFd } from './netns_fd'

/** Counters of a device since its creation (struct rtnl_link_stats64). */
export const linkStatistics = struct('rtnl_link_stats64', {
  /** Good packets received. */
  rxPackets: ['rx_packets', u64],
  /** Packets sent. */
  txPackets: ['tx_packets', u64],
  /** Bytes of the good packets received. */
  rxBytes: ['rx_bytes', u64],
  /** Bytes of the packets sent. */
  txBytes: ['tx_bytes', u64],
  /** Bad packets received, with the detailed errors below. */
  rxErrors: ['rx_errors', u64],
  /** Packets that could not be sent, with the detailed errors below. */
  txErrors: ['tx_errors', u64],
  /** Packets received but not processed, for want of resources or of support for their protocol. */
  rxDropped: ['rx_dropped', u64],
  /** Packets dropped before sending, for want of resources. */
  txDropped: ['tx_dropped', u64],
  /** Multicast packets received. */
  multicast: ['multicast', u64],
  /** Collisions while sending. */
  collisions: ['collisions', u64],
  /** Packets of an invalid length. */
  rxLengthErrors: ['rx_length_errors', u64],
  /** Overflows of the receive FIFO: packets that did not fit into buffers. */
  rxOverErrors: ['rx_over_errors', u64],
  /** Packets with a wrong checksum (CRC). */
  rxCrcErrors: ['rx_crc_errors', u64],
  /** Packets with a wrong alignment. */
  rxFrameErrors: ['rx_frame_errors', u64],
  /** Overflows of the receive FIFO; on software devices of their queues. */
  rxFifoErrors: ['rx_fifo_errors', u64],
  /** Packets that the device dropped for want of buffers. */
  rxMissedErrors: ['rx_missed_errors', u64],
  /** Sending aborted, after too many collisions. */
  txAbortedErrors: ['tx_aborted_errors', u64],
  /** Sending failed for loss of the carrier. */
  txCarrierErrors: ['tx_carrier_errors', u64],
  /** Underruns of the transmit FIFO. */
  txFifoErrors: ['tx_fifo_errors', u64],
  /** Heartbeat (SQE test) errors of half-duplex Ethernet. */
  txHeartbeatErrors: ['tx_heartbeat_errors', u64],
  /** Late collisions. */
  txWindowErrors: ['tx_window_errors', u64],
  /** Compressed packets received, where the device compresses (PPP). */
  rxCompressed: ['rx_compressed', u64],
  /** Compressed packets sent. */
  txCompressed: ['tx_compressed', u64],
  /** Packets dropped because the device is not to receive any, as the backup in a bond. */
  rxNohandler: ['rx_nohandler', u64],
  /** Packets dropped because they were for another host's MAC address. Since Linux 5.19. */
  rxOtherhostDropped: ['rx_otherhost_dropped', u64],
})

/** Operational states (RFC 2863; IF_OPER_ of linux/if.h). */
export const operState = oneOf(u8, 'IF_OPER_', {
  /** The driver does not report it; counts as up. */
  unknown: ['UNKNOWN', 0],
  /** The hardware is missing. */
  notPresent: ['NOTPRESENT', 1],
  /** No carrier, or not set up. */
  down: ['DOWN', 2],
  /** The device below is down. */
  lowerLayerDown: ['LOWERLAYERDOWN', 3],
  /** Being tested: passes no traffic. */
  testing: ['TESTING', 4],
  /** Has a carrier, waits for something else, such as 802.1X. */
  dormant: ['DORMANT', 5],
  /** Can pass traffic. */
  up: ['UP', 6],
})

/** How IPv6 generates addresses on a device (IN6_ADDR_GEN_MODE_). */
export const addrGenMode = oneOf(u8, 'IN6_ADDR_GEN_MODE_', {
  /** From the MAC address. */
  eui64: ['EUI64', 0],
  /** None at all. */
  none: ['NONE', 1],
  /** From a secret (RFC 7217), which `net.ipv6.conf.DEVICE.stable_secret` must hold. */
  stablePrivacy: ['STABLE_PRIVACY', 2],
  /** As `stablePrivacy`; the kernel generates the secret if there is none. */
  random: ['RANDOM', 3],
})

const inet6 = attributes('IFLA_INET6_', {
  flags: ['FLAGS', 1, ignored],
  conf: ['CONF', 2, ignored],
  stats: ['STATS', 3, ignored],
  cacheInfo: ['CACHEINFO', 5, ignored],
  icmp6Stats: ['ICMP6STATS', 6, ignored],
  token: ['TOKEN', 7, ipv6],
  addrGenMode: ['ADDR_GEN_MODE', 8, addrGenMode],
})

const inet = attributes('IFLA_INET_', { conf: ['CONF', 1, ignored] })

/** Settings of the address families, within IFLA_AF_SPEC. */
export const familyAttributes = attributes('AF_', {
  inet: ['INET', 2, inet],
  inet6: ['INET6', 10, named('', inet6)],
})

/** What a link is: its kind, and the kind's own attributes (IFLA_INFO_). */
export const linkInfo = attributes('IFLA_INFO_', {
  kind: ['KIND', 1, text(64)],
  data: ['DATA', 2, named('', taggedBy('kind', linkData))],
  portKind: ['SLAVE_KIND', 4, text(64)],
  portData: ['SLAVE_DATA', 5, named('port', taggedBy('portKind', portData))],
})

/** Parts of a link that a query leaves out or adds (RTEXT_FILTER_ of linux/rtnetlink.h). */
export const linkFilter = bits(u32, 'RTEXT_FILTER_', {
  virtualFunctions: ['VF', 1],
  bridgeVlans: ['BRVLAN', 2],
  bridgeVlansCompressed: ['BRVLAN_COMPRESSED', 4],
  skipStatistics: ['SKIP_STATS', 8],
})

/** ALTIFNAMSIZ - 1 of linux/if.h. */
const longestAltname = 127

function checkShortAltname(value: string, field: string): void {
  if (value.length <= 15) checkDeviceName(value, field)
}

/** Checks an altname of a device. */
export function checkAltname(value: unknown, field: string): string {
  const name = checkText(value, 1, longestAltname, field)
  checkShortAltname(name, field)
  return name
}

const altname = text(longestAltname, checkShortAltname, 1)

export const linkAttributes = attributes('IFLA_', {
  ...creationAttributes,
  link: ['LINK', 5, separate(device)],
  qdisc: ['QDISC', 6, text(16)],
  stats32: ['STATS', 7, ignored],
  master: ['MASTER', 10, device],
  protinfo: ['PROTINFO', 12, ignored],
  map: ['MAP', 14, ignored],
  operState: ['OPERSTATE', 16, operState],
  linkMode: ['LINKMODE', 17, oneOf(u8, 'IF_LINK_MODE_', { default: ['DEFAULT', 0], dormant: ['DORMANT', 1] })],
  linkInfo: ['LINKINFO', 18, separate(named('', linkInfo))],
  /** Free text of up to 255 bytes. */
  alias: ['IFALIAS', 20, bareText(255)],
  numVf: ['NUM_VF', 21, u32],
  virtualFunctions: ['VFINFO_LIST', 22, ignored],
  statistics: ['STATS64', 23, linkStatistics],
  vfPorts: ['VF_PORTS', 24, ignored],
  afSpec: ['AF_SPEC', 26, separate(named('', familyAttributes))],
  netnsFd: ['NET_NS_FD', 28, netnsFd],
  filter: ['EXT_MASK', 29, linkFilter],
  promiscuity: ['PROMISCUITY', 30, u32],
  carrier: ['CARRIER', 33, boolean(u8)],
  physPortId: ['PHYS_PORT_ID', 34, mac],
  carrierChanges: ['CARRIER_CHANGES', 35, u32],
  physSwitchId: ['PHYS_SWITCH_ID', 36, mac],
  linkNetnsId: ['LINK_NETNSID', 37, separate(i32)],
  physPortName: ['PHYS_PORT_NAME', 38, text(255)],
  protoDown: ['PROTO_DOWN', 39, boolean(u8)],
  pad: ['PAD', 42, ignored],
  xdp: ['XDP', 43, ignored],
  newNetnsId: ['NEW_NETNSID', 45, i32],
  targetNetnsId: ['TARGET_NETNSID', 46, i32],
  carrierUpCount: ['CARRIER_UP_COUNT', 47, u32],
  carrierDownCount: ['CARRIER_DOWN_COUNT', 48, u32],
  newIfindex: ['NEW_IFINDEX', 49, within(u32, 1, 0x7fffffff)],
  minMtu: ['MIN_MTU', 50, u32],
  maxMtu: ['MAX_MTU', 51, u32],
  altnames: ['PROP_LIST', 52, list('IFLA_ALT_IFNAME', 53, altname)],
  altname: ['ALT_IFNAME', 53, altname],
  permAddress: ['PERM_ADDRESS', 54, mac],
  protoDownReason: ['PROTO_DOWN_REASON', 55, ignored],
  parentDevName: ['PARENT_DEV_NAME', 56, text(255)],
  parentDevBusName: ['PARENT_DEV_BUS_NAME', 57, text(255)],
  tsoMaxSize: ['TSO_MAX_SIZE', 59, u32],
  tsoMaxSegs: ['TSO_MAX_SEGS', 60, u32],
  allMulticastCount: ['ALLMULTI', 61, u32],
  devlinkPort: ['DEVLINK_PORT', 62, ignored],
  dpllPin: ['DPLL_PIN', 65, ignored],
  maxPacingOffloadHorizon: ['MAX_PACING_OFFLOAD_HORIZON', 66, ignored],
  netnsImmutable: ['NETNS_IMMUTABLE', 67, boolean(u8)],
  headroom: ['HEADROOM', 68, u16],
  tailroom: ['TAILROOM', 69, u16],
})

/** The messages RTM_…LINK. */
export const linkLayout = { header: ifinfomsg, attributes: linkAttributes }

/** The same without counters: the kernel always sends them, and to decode 25 bigints takes longer than all the rest. */
export const briefLinkLayout = {
  header: ifinfomsg,
  attributes: attributes('IFLA_', { ...linkAttributes.table, statistics: ['STATS64', 23, ignored] }),
} as unknown as typeof linkLayout
