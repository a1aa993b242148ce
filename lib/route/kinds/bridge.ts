// bridge: a switch in the kernel (IFLA_BR_ of linux/if_link.h). The settings of its ports are in bridge_port.ts.
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { device } from '../../wire/device'
import { boolean, seconds, u16, u32, u64, u8, within } from '../../wire/integers'
import { wrongValue } from '../../wire/invalid'
import { ipv4, ipv6, mac } from '../../wire/ip'
import { readOnly } from '../../wire/read_only'
import { struct } from '../../wire/struct'
import { switches } from '../../wire/switches'
import { flag } from '../../wire/text'
import type { Type } from '../../wire/type'
import { linkKind, type RefusedOptions } from './kind'
import { vlanProtocol } from './vlan'

/** USER_HZ: the bridge's times are in hundredths of a second. The kernel rounds them to its own clock, often 1/250. */
export const ticks = 100

/** A bridge in spanning tree: priority and address in hexadecimal, such as `8000.020000000001` (ifla_bridge_id). */
export const bridgeId: Pick<Type<string>, 'size' | 'decode'> = {
  size: 8,
  decode(reader, at) {
    const hex = reader.copy(at, at + 8).toString('hex')
    return `${hex.slice(0, 4)}.${hex.slice(4)}`
  },
}

/** Whether multicast routers are assumed behind a port, or the bridge itself is one. */
export const mcastRouter = oneOf(u8, 'MDB_RTR_TYPE_', {
  disabled: ['DISABLED', 0],
  auto: ['TEMP_QUERY', 1],
  permanent: ['PERM', 2],
  temporary: ['TEMP', 3],
})

const boolOptions = switches(
  struct('br_boolopt_multi', { value: ['optval', u32], mask: ['optmask', u32] }),
  'BR_BOOLOPT_',
  {
    /** Does not learn from link-local frames. Default: false. */
    noLinkLocalLearn: ['NO_LL_LEARN', 0],
    /** Multicast snooping for each VLAN of its own. Default: false. */
    mcastVlanSnooping: ['MCAST_VLAN_SNOOPING', 1],
    /** Multiple spanning trees; only while no port has a VLAN. Default: false. */
    mstEnable: ['MST_ENABLE', 2],
    /** Notifies when hardware refuses a multicast entry. Default: false. Since Linux 6.16. */
    mdbOffloadFailNotification: ['MDB_OFFLOAD_FAIL_NOTIFICATION', 3],
    /** Keeps its own addresses in VLAN 0 only, instead of in each VLAN. Default: false. Since Linux 6.18. */
    fdbLocalVlan0: ['FDB_LOCAL_VLAN_0', 4],
  },
  (index) => 1 << index,
)

const querierState = attributes('BRIDGE_QUERIER_', {
  /** The IGMP querier's address. */
  ipAddress: ['IP_ADDRESS', 1, ipv4],
  /** Index of the port behind which it is. */
  ipPort: ['IP_PORT', 2, device],
  /** Time until it is taken to be gone. */
  ipOtherTimerSeconds: ['IP_OTHER_TIMER', 3, seconds(u64, ticks)],
  /** The MLD querier's address. */
  ipv6Address: ['IPV6_ADDRESS', 5, ipv6],
  /** Index of the port behind which it is. */
  ipv6Port: ['IPV6_PORT', 6, device],
  /** Time until it is taken to be gone. */
  ipv6OtherTimerSeconds: ['IPV6_OTHER_TIMER', 7, seconds(u64, ticks)],
})

const data = attributes('IFLA_BR_', {
  /** Time that a port spends listening, and then learning, before it forwards; 2 to 30 with STP. Default: 15. */
  forwardDelaySeconds: ['FORWARD_DELAY', 1, seconds(u32, ticks)],
  /** Time between the hellos of a root bridge, 1 to 10. Default: 2. */
  helloTimeSeconds: ['HELLO_TIME', 2, seconds(u32, ticks)],
  /** Time without a hello after which another bridge counts as lost, 6 to 40. Default: 20. */
  maxAgeSeconds: ['MAX_AGE', 3, seconds(u32, ticks)],
  /** Time that a learned address is kept; 0 forwards all by flooding. Default: 300. */
  ageingTimeSeconds: ['AGEING_TIME', 4, seconds(u32, ticks)],
  /** Spanning tree protocol (STP), in the kernel or by a daemon. Default: false. */
  stpState: ['STP_STATE', 5, boolean(u32)],
  /** The bridge's priority to become the root; the lowest wins. Default: 32768. */
  priority: ['PRIORITY', 6, u16],
  /** Takes VLANs into account. Default: false. */
  vlanFiltering: ['VLAN_FILTERING', 7, boolean(u8)],
  /** The protocol of the tags that VLAN filtering looks at. Default: `802.1Q`. */
  vlanProtocol: ['VLAN_PROTOCOL', 8, vlanProtocol],
  /** Which link-local groups it forwards: bit n for 01:80:c2:00:00:0n; never 0, 1 and 2. Default: 0. */
  groupFwdMask: ['GROUP_FWD_MASK', 9, u16],
  /** The root of the spanning tree, such as `8000.020000000001`. Only reported. */
  rootId: ['ROOT_ID', 10, readOnly(bridgeId)],
  /** This bridge in the spanning tree, such as `8000.020000000001`. Only reported. */
  bridgeId: ['BRIDGE_ID', 11, readOnly(bridgeId)],
  /** Number of the port towards the root; 0: this is the root. Only reported. */
  rootPort: ['ROOT_PORT', 12, readOnly(u16)],
  /** Cost of the path to the root. Only reported. */
  rootPathCost: ['ROOT_PATH_COST', 13, readOnly(u32)],
  /** The topology is changing. Only reported. */
  topologyChange: ['TOPOLOGY_CHANGE', 14, readOnly(boolean(u8))],
  /** This bridge found the change. Only reported. */
  topologyChangeDetected: ['TOPOLOGY_CHANGE_DETECTED', 15, readOnly(boolean(u8))],
  /** Time until the next hello. Only reported. */
  helloTimerSeconds: ['HELLO_TIMER', 16, readOnly(seconds(u64, ticks))],
  /** Time until the next notification of a change. Only reported. */
  tcnTimerSeconds: ['TCN_TIMER', 17, readOnly(seconds(u64, ticks))],
  /** Time until the topology change is over. Only reported. */
  topologyChangeTimerSeconds: ['TOPOLOGY_CHANGE_TIMER', 18, readOnly(seconds(u64, ticks))],
  /** Time until the next garbage collection of old addresses. Only reported. */
  gcTimerSeconds: ['GC_TIMER', 19, readOnly(seconds(u64, ticks))],
  /** The group for STP: 01:80:c2:00:00:0X, where X is none of 1, 2 and 3. Default: 01:80:c2:00:00:00. */
  groupAddr: ['GROUP_ADDR', 20, mac],
  /** Forgets all learned addresses now. */
  fdbFlush: ['FDB_FLUSH', 21, flag],
  /** Whether the bridge itself is a multicast router: `disabled`, `auto` or `permanent`. Default: `auto`. */
  mcastRouter: ['MCAST_ROUTER', 22, mcastRouter],
  /** Multicast snooping (IGMP, MLD): sends groups only where they are wanted. Default: true. */
  mcastSnooping: ['MCAST_SNOOPING', 23, boolean(u8)],
  /** Sends IGMP queries from the bridge's own address instead of 0.0.0.0. Default: false. */
  mcastQueryUseIfaddr: ['MCAST_QUERY_USE_IFADDR', 24, boolean(u8)],
  /** Sends IGMP and MLD queries. Default: false. */
  mcastQuerier: ['MCAST_QUERIER', 25, boolean(u8)],
  /** Without a meaning since Linux 5.0: always 16. Only reported. */
  mcastHashElasticity: ['MCAST_HASH_ELASTICITY', 26, readOnly(u32)],
  /** Largest number of multicast groups, a power of 2. Default: 4096. */
  mcastHashMax: ['MCAST_HASH_MAX', 27, u32],
  /** Queries for a group that was left, before it is taken to have no members. Default: 2. */
  mcastLastMemberCount: ['MCAST_LAST_MEMBER_CNT', 28, u32],
  /** Queries at start. Default: 2. */
  mcastStartupQueryCount: ['MCAST_STARTUP_QUERY_CNT', 29, u32],
  /** Time between queries for a group that was left. Default: 1. */
  mcastLastMemberIntervalSeconds: ['MCAST_LAST_MEMBER_INTVL', 30, seconds(u64, ticks)],
  /** Time without reports until a group is left. Default: 260. */
  mcastMembershipIntervalSeconds: ['MCAST_MEMBERSHIP_INTVL', 31, seconds(u64, ticks)],
  /** Time without queries of others until the bridge sends its own. Default: 255. */
  mcastQuerierIntervalSeconds: ['MCAST_QUERIER_INTVL', 32, seconds(u64, ticks)],
  /** Time between general queries, at least 1. Default: 125. */
  mcastQueryIntervalSeconds: ['MCAST_QUERY_INTVL', 33, seconds(u64, ticks)],
  /** Longest time that a host may take to answer a query. Default: 10. */
  mcastQueryResponseIntervalSeconds: ['MCAST_QUERY_RESPONSE_INTVL', 34, seconds(u64, ticks)],
  /** Time between queries at start, at least 1. Default: 31.25. */
  mcastStartupQueryIntervalSeconds: ['MCAST_STARTUP_QUERY_INTVL', 35, seconds(u64, ticks)],
  /** Passes IPv4 packets through iptables; needs the module br_netfilter. Default: false. */
  nfCallIptables: ['NF_CALL_IPTABLES', 36, boolean(u8)],
  /** Passes IPv6 packets through ip6tables; needs the module br_netfilter. Default: false. */
  nfCallIp6tables: ['NF_CALL_IP6TABLES', 37, boolean(u8)],
  /** Passes ARP packets through arptables; needs the module br_netfilter. Default: false. */
  nfCallArptables: ['NF_CALL_ARPTABLES', 38, boolean(u8)],
  /** VLAN of untagged frames on new ports; 0: ports have none. Default: 1. */
  vlanDefaultPvid: ['VLAN_DEFAULT_PVID', 39, within(u16, 0, 4094)],
  /** Counts per VLAN. Default: false. */
  vlanStatsEnabled: ['VLAN_STATS_ENABLED', 41, boolean(u8)],
  /** Counts IGMP and MLD. Default: false. */
  mcastStatsEnabled: ['MCAST_STATS_ENABLED', 42, boolean(u8)],
  /** Version of IGMP, 2 or 3. Default: 2. */
  mcastIgmpVersion: ['MCAST_IGMP_VERSION', 43, within(u8, 2, 3)],
  /** Version of MLD, 1 or 2. Default: 1. */
  mcastMldVersion: ['MCAST_MLD_VERSION', 44, within(u8, 1, 2)],
  /** Counts per VLAN and port; only while no port has a VLAN. Default: false. */
  vlanStatsPerPort: ['VLAN_STATS_PER_PORT', 45, boolean(u8)],
  /** Further switches; what is left out stays as it is. */
  boolOptions: ['MULTI_BOOLOPT', 46, boolOptions],
  /** The multicast queriers that the bridge has seen. Only reported. */
  mcastQuerierState: ['MCAST_QUERIER_STATE', 47, readOnly(querierState)],
  /** How many addresses are learned. Only reported, since Linux 6.7. */
  fdbNLearned: ['FDB_N_LEARNED', 48, readOnly(u32)],
  /** How many addresses may be learned; 0: any number. Default: 0. Since Linux 6.7. */
  fdbMaxLearned: ['FDB_MAX_LEARNED', 49, u32],
})

const vlans = 'a kernel with CONFIG_BRIDGE_VLAN_FILTERING'
const snooping = 'a kernel with CONFIG_BRIDGE_IGMP_SNOOPING'
const netfilter = 'a kernel with CONFIG_BRIDGE_NETFILTER'

export const bridge = linkKind('bridge', data, {
  requires: {
    vlanProtocol: vlans,
    vlanDefaultPvid: vlans,
    vlanStatsEnabled: vlans,
    vlanStatsPerPort: vlans,
    mcastRouter: snooping,
    mcastSnooping: snooping,
    mcastQueryUseIfaddr: snooping,
    mcastQuerier: snooping,
    mcastHashMax: snooping,
    mcastLastMemberCount: snooping,
    mcastStartupQueryCount: snooping,
    mcastLastMemberIntervalSeconds: snooping,
    mcastMembershipIntervalSeconds: snooping,
    mcastQuerierIntervalSeconds: snooping,
    mcastQueryIntervalSeconds: snooping,
    mcastQueryResponseIntervalSeconds: snooping,
    mcastStartupQueryIntervalSeconds: snooping,
    mcastStatsEnabled: snooping,
    mcastIgmpVersion: snooping,
    mcastMldVersion: `${snooping} and CONFIG_IPV6`,
    nfCallIptables: netfilter,
    nfCallIp6tables: netfilter,
    nfCallArptables: netfilter,
    fdbMaxLearned: 'Linux 6.7',
  },
  check: ({ groupFwdMask }) => {
    checkGroups(groupFwdMask, 'groupFwdMask', 0b111, '0, 1 and 2')
  },
  partial: ['boolOptions'],
  cause: causeOfRefusal,
})

function causeOfRefusal({ code, kernelMessage, options }: RefusedOptions): string | undefined {
  const switches = options.boolOptions as Readonly<Record<string, unknown>> | undefined
  if (code === 'EINVAL' && switches !== undefined) {
    const named = Object.keys(switches).map((name) => `"boolOptions.${name}"`)
    return `it is about ${named.join(' or ')}, which this kernel may not know`
  }
  if (code !== 'EOPNOTSUPP' || kernelMessage !== undefined) return undefined
  if (options.vlanFiltering !== undefined) return `"vlanFiltering" needs ${vlans}`
  return switches?.mstEnable === undefined ? undefined : `"boolOptions.mstEnable" needs ${vlans}`
}

/** Refuses bits of a mask of link-local groups that are never forwarded. */
export function checkGroups(mask: unknown, field: string, never: number, which: string): void {
  if (typeof mask === 'number' && (mask & never) !== 0) throw wrongValue(field, `without the bits ${which}`, mask)
}
