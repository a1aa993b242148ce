// A device as a port of a bridge (IFLA_BRPORT_ of linux/if_link.h).
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { device } from '../../wire/device'
import { boolean, seconds, u16, u32, u64, u8, within } from '../../wire/integers'
import { readOnly } from '../../wire/read_only'
import { flag } from '../../wire/text'
import { bridgeId, checkGroups, mcastRouter, ticks } from './bridge'
import { bridgeVlans } from './bridge_vlans'
import { portKind } from './kind'

/** States of spanning tree (linux/if_bridge.h). */
const state = oneOf(u8, 'BR_STATE_', {
  disabled: ['DISABLED', 0],
  listening: ['LISTENING', 1],
  learning: ['LEARNING', 2],
  forwarding: ['FORWARDING', 3],
  blocking: ['BLOCKING', 4],
})

const data = attributes('IFLA_BRPORT_', {
  /**
   * State in the spanning tree; can be set while the kernel's STP is off and the port is up. Without any STP the kernel
   * turns `blocking` into `forwarding` at once; and it enables a disabled port that has a carrier: both are errors.
   */
  state: ['STATE', 1, state],
  /** The port's priority in the spanning tree, 0 to 63; the lowest wins. Default: 32. */
  priority: ['PRIORITY', 2, within(u16, 0, 63)],
  /** Cost of the path through the port, 1 to 65535. Default: by the device's speed. */
  cost: ['COST', 3, within(u32, 1, 65_535)],
  /** May send frames back by the port that has received them. Default: false. */
  hairpin: ['MODE', 4, boolean(u8)],
  /** Disables the port when it receives a BPDU. Default: false. */
  guard: ['GUARD', 5, boolean(u8)],
  /** Never becomes the port towards the root. Default: false. */
  rootBlock: ['PROTECT', 6, boolean(u8)],
  /** Stops sending a group as soon as a host leaves it. Default: false. */
  fastLeave: ['FAST_LEAVE', 7, boolean(u8)],
  /** Learns addresses from the frames that it receives. Default: true. */
  learning: ['LEARNING', 8, boolean(u8)],
  /** Floods unicast frames for unknown addresses to this port. Default: true. */
  unicastFlood: ['UNICAST_FLOOD', 9, boolean(u8)],
  /** Answers ARP for hosts behind this port. Default: false. */
  proxyArp: ['PROXYARP', 10, boolean(u8)],
  /** Takes over what hardware learned: for drivers; the bridge ignores it. Only reported. */
  learningSync: ['LEARNING_SYNC', 11, readOnly(boolean(u8))],
  /** As `proxyArp`, with the extensions of IEEE 802.11 and Hotspot 2.0. Default: false. */
  proxyArpWifi: ['PROXYARP_WIFI', 12, boolean(u8)],
  /** The root of the spanning tree, such as `8000.020000000001`. Only reported. */
  rootId: ['ROOT_ID', 13, readOnly(bridgeId)],
  /** The designated bridge, such as `8000.020000000001`. Only reported. */
  bridgeId: ['BRIDGE_ID', 14, readOnly(bridgeId)],
  /** The designated port. Only reported. */
  designatedPort: ['DESIGNATED_PORT', 15, readOnly(u16)],
  /** The designated cost. Only reported. */
  designatedCost: ['DESIGNATED_COST', 16, readOnly(u16)],
  /** Priority (high 6 bits) and number (low 10) of the port. Only reported. */
  portId: ['ID', 17, readOnly(u16)],
  /** Number of the port. Only reported. */
  portNo: ['NO', 18, readOnly(u16)],
  /** The next hello acknowledges a topology change. Only reported. */
  topologyChangeAck: ['TOPOLOGY_CHANGE_ACK', 19, readOnly(boolean(u8))],
  /** A hello waits to be sent. Only reported. */
  configPending: ['CONFIG_PENDING', 20, readOnly(boolean(u8))],
  /** Time until what was received is too old. Only reported. */
  messageAgeTimerSeconds: ['MESSAGE_AGE_TIMER', 21, readOnly(seconds(u64, ticks))],
  /** Time until the next state. Only reported. */
  forwardDelayTimerSeconds: ['FORWARD_DELAY_TIMER', 22, readOnly(seconds(u64, ticks))],
  /** Time until the next hello may be sent. Only reported. */
  holdTimerSeconds: ['HOLD_TIMER', 23, readOnly(seconds(u64, ticks))],
  /** Forgets the addresses learned on this port now. */
  flush: ['FLUSH', 24, flag],
  /** Whether a multicast router is behind the port. Default: `auto`. */
  mcastRouter: ['MULTICAST_ROUTER', 25, mcastRouter],
  /** Floods multicast frames for unknown groups to this port. Default: true. */
  mcastFlood: ['MCAST_FLOOD', 27, boolean(u8)],
  /** Sends multicast frames as unicast ones to each host that wants them. Default: false. */
  mcastToUcast: ['MCAST_TO_UCAST', 28, boolean(u8)],
  /** Maps VLANs to tunnels; needs CONFIG_BRIDGE_VLAN_FILTERING. Default: false. */
  vlanTunnel: ['VLAN_TUNNEL', 29, boolean(u8)],
  /** Floods broadcast frames to this port. Default: true. */
  bcastFlood: ['BCAST_FLOOD', 30, boolean(u8)],
  /** Which link-local groups it forwards: bit n for 01:80:c2:00:00:0n; never 1. Default: 0. */
  groupFwdMask: ['GROUP_FWD_MASK', 31, u16],
  /** Answers ARP and neighbor solicitations instead of flooding them to this port. Default: false. */
  neighSuppress: ['NEIGH_SUPPRESS', 32, boolean(u8)],
  /** Reaches only ports that are not isolated. Default: false. */
  isolated: ['ISOLATED', 33, boolean(u8)],
  /** The port that takes over when this one loses its carrier; 0 for none. */
  backupPort: ['BACKUP_PORT', 34, device],
  /** Media redundancy protocol: the ring is open. Only reported. */
  mrpRingOpen: ['MRP_RING_OPEN', 35, readOnly(boolean(u8))],
  /** Media redundancy protocol: the interconnection is open. Only reported. */
  mrpInOpen: ['MRP_IN_OPEN', 36, readOnly(boolean(u8))],
  /** Largest number of hosts that are tracked for multicast, not 0. Default: 512. */
  mcastEhtHostsLimit: ['MCAST_EHT_HOSTS_LIMIT', 37, within(u32, 1, 0xffffffff)],
  /** How many hosts are tracked. Only reported. */
  mcastEhtHostsCnt: ['MCAST_EHT_HOSTS_CNT', 38, readOnly(u32)],
  /** Takes frames only from addresses that the forwarding database has. Default: false. */
  locked: ['LOCKED', 39, boolean(u8)],
  /** MAC authentication bypass; needs `locked` and `learning`. Default: false. Since Linux 6.2. */
  mab: ['MAB', 40, boolean(u8)],
  /** How many multicast groups the port is in. Only reported, since Linux 6.3. */
  mcastNGroups: ['MCAST_N_GROUPS', 41, readOnly(u32)],
  /** How many multicast groups the port may be in; 0: any number. Default: 0. Since Linux 6.3. */
  mcastMaxGroups: ['MCAST_MAX_GROUPS', 42, u32],
  /** `neighSuppress` for each VLAN of its own; needs CONFIG_BRIDGE_VLAN_FILTERING. Default: false. Since Linux 6.4. */
  neighVlanSuppress: ['NEIGH_VLAN_SUPPRESS', 43, boolean(u8)],
  /** Nexthop that packets for `backupPort` are given, with `vlanTunnel`; 0 for none. Default: 0. Since Linux 6.6. */
  backupNhid: ['BACKUP_NHID', 44, u32],
})

const snooping = 'CONFIG_BRIDGE_IGMP_SNOOPING'

export const bridgePort = portKind('bridge', data, {
  requires: {
    mcastRouter: `a kernel with ${snooping}`,
    mcastEhtHostsLimit: `Linux 5.12 with ${snooping}`,
    locked: 'Linux 5.18',
    mab: 'Linux 6.2',
    mcastMaxGroups: `Linux 6.3 with ${snooping}`,
    neighVlanSuppress: 'Linux 6.4',
    backupNhid: 'Linux 6.6',
  },
  quiet: { backupNhid: 0 },
  probes: { vlanTunnel: bridgeVlans, neighVlanSuppress: bridgeVlans },
  kept: { state: 'without a spanning tree (stpState) the bridge lets ports with a carrier forward' },
  // The state of a port that is down cannot be set.
  afterUp: ['state'],
  check: ({ groupFwdMask }, _creating, prefix) => {
    checkGroups(groupFwdMask, `${prefix}groupFwdMask`, 0b10, '1')
  },
  cause({ code, options }) {
    if (options.state === undefined) return undefined
    if (code === 'ENETDOWN') return '"port.state" is of a port that is up and has a carrier'
    return code === 'EBUSY' ? '"port.state" is up to the spanning tree of the kernel (stpState)' : undefined
  },
})
