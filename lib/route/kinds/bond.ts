// bond: several devices as one (IFLA_BOND_ of linux/if_link.h, linux/if_bonding.h, drivers/net/bonding). Which options go with
// which mode the kernel says when it refuses one. A device becomes a port while it is down; the bond sets it up.
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { device } from '../../wire/device'
import { boolean, u16, u32, u8, within } from '../../wire/integers'
import { wrongValue } from '../../wire/invalid'
import { ipv4, ipv6, mac } from '../../wire/ip'
import { indexedArray } from '../../wire/nesting'
import { readOnly } from '../../wire/read_only'
import { linkKind, type Options } from './kind'

/** BOND_MODE_ of linux/if_bonding.h. */
const mode = oneOf(u8, 'BOND_MODE_', {
  /** One port after another. */
  'balance-rr': ['ROUNDROBIN', 0],
  /** One port at a time. */
  'active-backup': ['ACTIVEBACKUP', 1],
  /** The port by a hash of the packet. */
  'balance-xor': ['XOR', 2],
  /** All ports. */
  broadcast: ['BROADCAST', 3],
  /** Link aggregation by LACP. */
  '802.3ad': ['8023AD', 4],
  /** The port by its load. */
  'balance-tlb': ['TLB', 5],
  /** The same, also for received packets, by ARP. */
  'balance-alb': ['ALB', 6],
})

/** The kernel has these numbers in no header for user space (include/net/bond_options.h, include/net/bonding.h). */
const arpValidate = oneOf(u32, 'BOND_ARP_', {
  none: ['VALIDATE_NONE', 0],
  active: ['VALIDATE_ACTIVE', 1],
  backup: ['VALIDATE_BACKUP', 2],
  all: ['VALIDATE_ALL', 3],
  filter: ['FILTER', 4],
  filter_active: ['FILTER_ACTIVE', 5],
  filter_backup: ['FILTER_BACKUP', 6],
})

const xmitHashPolicy = oneOf(u8, 'BOND_XMIT_POLICY_', {
  layer2: ['LAYER2', 0],
  'layer3+4': ['LAYER34', 1],
  'layer2+3': ['LAYER23', 2],
  'encap2+3': ['ENCAP23', 3],
  'encap3+4': ['ENCAP34', 4],
  'vlan+srcmac': ['VLAN_SRCMAC', 5],
})

const primaryReselect = oneOf(u8, 'BOND_PRI_RESELECT_', {
  always: ['ALWAYS', 0],
  better: ['BETTER', 1],
  failure: ['FAILURE', 2],
})
const failOverMac = oneOf(u8, 'BOND_FOM_', { none: ['NONE', 0], active: ['ACTIVE', 1], follow: ['FOLLOW', 2] })
const adSelect = oneOf(u8, 'BOND_AD_', { stable: ['STABLE', 0], bandwidth: ['BANDWIDTH', 1], count: ['COUNT', 2] })
const arpAllTargets = oneOf(u32, 'BOND_ARP_TARGETS_', { any: ['ANY', 0], all: ['ALL', 1] })
const lacpRate = oneOf(u8, 'AD_LACP_', { slow: ['SLOW', 0], fast: ['FAST', 1] })

/** The aggregator that is in use (IFLA_BOND_AD_INFO_). */
const adInfo = attributes('IFLA_BOND_AD_INFO_', {
  /** Its number. */
  aggregator: ['AGGREGATOR', 1, u16],
  /** How many ports it has. */
  numPorts: ['NUM_PORTS', 2, u16],
  /** The key of this end. */
  actorKey: ['ACTOR_KEY', 3, u16],
  /** The key of the other end. */
  partnerKey: ['PARTNER_KEY', 4, u16],
  /** The MAC of the other end. */
  partnerMac: ['PARTNER_MAC', 5, mac],
})

const data = attributes('IFLA_BOND_', {
  /** How it uses its ports. It can be changed while there are none and it is down. Default: `balance-rr`. */
  mode: ['MODE', 1, mode],
  /** The port in use, of `active-backup`, `balance-tlb` and `balance-alb`; 0: the bond chooses. Default: by the bond. */
  activeSlave: ['ACTIVE_SLAVE', 2, device],
  /** How often the ports' carrier is looked at, in milliseconds; 0: never. The delays scale with it. Not with `arpInterval`. Default: 0. */
  miimon: ['MIIMON', 3, within(u32, 0, 0x7fffffff)],
  /** How long a port must have a carrier before it is used, in milliseconds; a multiple of `miimon`. Default: 0. */
  updelay: ['UPDELAY', 4, within(u32, 0, 0x7fffffff)],
  /** How long a port must lack a carrier before it is left, in milliseconds; a multiple of `miimon`. Default: 0. */
  downdelay: ['DOWNDELAY', 5, within(u32, 0, 0x7fffffff)],
  /** Whether `miimon` asks the device for its carrier, not by MII. Linux 6.18 takes nothing but true. Default: true. */
  useCarrier: ['USE_CARRIER', 6, boolean(u8)],
  /** How often the `arpIpTarget` are asked by ARP, in milliseconds; 0: never. Not with `miimon`. Default: 0. */
  arpInterval: ['ARP_INTERVAL', 7, within(u32, 0, 0x7fffffff)],
  /** The addresses to ask, at most 16. Default: none. */
  arpIpTarget: ['ARP_IP_TARGET', 8, indexedArray(ipv4)],
  /** Of which ports ARP is checked, or alone counts as traffic (`filter`). Default: `none`. */
  arpValidate: ['ARP_VALIDATE', 9, arpValidate],
  /** Whether a port is up if `any` of the `arpIpTarget` answers, or `all`. Default: `any`. */
  arpAllTargets: ['ARP_ALL_TARGETS', 10, arpAllTargets],
  /** The port to prefer, of `active-backup`, `balance-tlb` and `balance-alb`; 0: none. Default: none preferred. */
  primary: ['PRIMARY', 11, device],
  /** When the `primary` takes over again: `always`, if it is `better`, or at a `failure`. Default: `always`. */
  primaryReselect: ['PRIMARY_RESELECT', 12, primaryReselect],
  /** Whether the MAC is that of the bond, of the `active` port, or `follow`s. Default: `none`. */
  failOverMac: ['FAIL_OVER_MAC', 13, failOverMac],
  /** By what a packet's port is chosen, of `balance-xor`, `802.3ad` and `balance-tlb`. Default: `layer2`. */
  xmitHashPolicy: ['XMIT_HASH_POLICY', 14, xmitHashPolicy],
  /** How many IGMP reports follow a change of the port, 0 to 255. Default: 1. */
  resendIgmp: ['RESEND_IGMP', 15, within(u32, 0, 255)],
  /** How many unsolicited ARP and neighbor advertisements follow it. Default: 1. */
  numPeerNotif: ['NUM_PEER_NOTIF', 16, u8],
  /** Also receives by ports that are not in use. Default: false. */
  allSlavesActive: ['ALL_SLAVES_ACTIVE', 17, boolean(u8)],
  /** How many ports must be up for the bond to have a carrier. Default: 0. */
  minLinks: ['MIN_LINKS', 18, within(u32, 0, 0x7fffffff)],
  /** How often learning packets are sent, in seconds, not 0; of `balance-tlb` and `balance-alb`. Default: 1. */
  lpInterval: ['LP_INTERVAL', 19, within(u32, 1, 0x7fffffff)],
  /** How many packets `balance-rr` sends by one port, 0 to 65535; 0: a random port for each. Default: 1. */
  packetsPerSlave: ['PACKETS_PER_SLAVE', 20, within(u32, 0, 65_535)],
  /** How often the other end is to send LACP: `slow`, each 30 seconds, or `fast`, each second. Default: `slow`. */
  adLacpRate: ['AD_LACP_RATE', 21, lacpRate],
  /** How `802.3ad` chooses the aggregator. Default: `stable`. */
  adSelect: ['AD_SELECT', 22, adSelect],
  /** The aggregator in use, of `802.3ad`. Only reported. */
  adInfo: ['AD_INFO', 23, readOnly(adInfo)],
  /** The system priority of LACP, 1 to 65535. Default: 65535. */
  adActorSysPrio: ['AD_ACTOR_SYS_PRIO', 24, within(u16, 1, 65_535)],
  /** The upper 10 bits of the port key of LACP. Default: 0. */
  adUserPortKey: ['AD_USER_PORT_KEY', 25, within(u16, 0, 1023)],
  /** The MAC address of this end in LACP; not a multicast one. Default: zeros, the bond's own. */
  adActorSystem: ['AD_ACTOR_SYSTEM', 26, mac],
  /** `balance-tlb`: moves flows by the load of the ports. Default: true. */
  tlbDynamicLb: ['TLB_DYNAMIC_LB', 27, boolean(u8)],
  /** Time between those of `numPeerNotif`, in milliseconds, 0 to 300000; a multiple of `miimon`. Default: 0. Since Linux 5.3. */
  peerNotifDelay: ['PEER_NOTIF_DELAY', 28, within(u32, 0, 300_000)],
  /** Sends LACP also if the other end does not. Default: true. Since Linux 5.14. */
  adLacpActive: ['AD_LACP_ACTIVE', 29, boolean(u8)],
  /** How many answers to ARP may be missing before a port is down, 1 to 255. Default: 2. Since Linux 5.17. */
  missedMax: ['MISSED_MAX', 30, within(u8, 1, 255)],
  /** As `arpIpTarget`, IPv6 addresses. Default: none. Since Linux 5.17. */
  nsIp6Target: ['NS_IP6_TARGET', 31, indexedArray(ipv6)],
  /** LACP: receiving and sending begin together. Default: true. Since Linux 6.9. */
  coupledControl: ['COUPLED_CONTROL', 32, boolean(u8)],
})

// bond_option_arp_interval_set turns miimon off, and the reverse.
function check({ miimon = 0, arpInterval = 0, updelay = 0, downdelay = 0 }: Options): void {
  if (miimon !== 0 && arpInterval !== 0) throw wrongValue('arpInterval', 'left out with "miimon"', arpInterval)
  for (const [name, delay] of Object.entries({ updelay, downdelay })) {
    if (typeof miimon !== 'number' || miimon === 0 || typeof delay !== 'number' || delay % miimon === 0) continue
    throw wrongValue(name, 'a multiple of "miimon": the kernel rounds it', delay)
  }
}

export const bond = linkKind('bond', data, {
  requires: { adLacpActive: 'Linux 5.14', missedMax: 'Linux 5.17', coupledControl: 'Linux 6.9' },
  check,
})
