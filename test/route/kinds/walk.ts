// Every option of every link kind, with values to set one after another, none of them the default, the last one off where
// something is off; and where `ip` prints it.
import type { Link } from '../../../lib/index'

/** One option. */
export interface Walk {
  /** Set one after another, twice. */
  readonly values: readonly unknown[]
  /** Where `ip -d -j` prints it, and as what. */
  readonly ip?: readonly [key: string, as?: (value: never) => unknown] | undefined
  /** What it is given with. */
  readonly besides?: Readonly<Record<string, unknown>> | undefined
  /** The same when it is set. Default: nothing. */
  readonly besidesLater?: Readonly<Record<string, unknown>> | undefined
  /** What a link tells of it. Default: the value. */
  readonly reads?: (link: Link & Readonly<Record<string, unknown>>) => unknown
  /** What a value reads as. Default: itself. */
  readonly as?: (value: never) => unknown
}

const hundredths = (seconds: number): number => Math.round(100 * seconds)
const hex = (value: number): string => (value === 0 ? '0' : `0x${value.toString(16)}`)
const router = (value: string): number => ['disabled', 'auto', 'permanent', 'temporary'].indexOf(value)
/** `ip` prints a flag only where it is set. */
const flag = (value: boolean): true | undefined => (value ? true : undefined)
const unlessZero = (value: number): number | undefined => (value === 0 ? undefined : value)
const unlessEmpty = (list: readonly unknown[]): readonly unknown[] | undefined => (list.length === 0 ? undefined : list)

const orNothing = (value: string | number): string | number | undefined =>
  value === '' || value === 0 ? undefined : value
const orDefault = (value: number): number => (value === 0 ? 300 : value)
const upper = (value: string): string => value.toUpperCase()
/** Whether `ip` prints a flag among others. */
const inFlags =
  (has: string, on = true) =>
  (value: boolean): { has: string; is: boolean } => ({ has, is: value === on })

const onOff = (key: string): Walk => ({ values: [true, false], ip: [key, Number] })
const offOn = (key: string): Walk => ({ values: [false, true], ip: [key, Number] })
const time = (key: string, ...values: number[]): Walk => ({ values, ip: [key, hundredths] })
const switched = (name: string, key?: string): Walk => ({
  values: [{ [name]: true }, { [name]: false }],
  ip: key === undefined ? undefined : [key, (value: Record<string, boolean>) => Number(value[name])],
  reads: ({ boolOptions }) => ({ [name]: (boolOptions as Record<string, boolean> | undefined)?.[name] }),
})

const bridge: Record<string, Walk> = {
  forwardDelaySeconds: time('forward_delay', 7.2, 3.2),
  helloTimeSeconds: time('hello_time', 1.4, 3.2),
  maxAgeSeconds: time('max_age', 9.2, 12.4),
  ageingTimeSeconds: time('ageing_time', 33.6, 0),
  stpState: onOff('stp_state'),
  priority: { values: [4096, 8192, 0], ip: ['priority'] },
  vlanFiltering: onOff('vlan_filtering'),
  vlanProtocol: { values: ['802.1ad', '802.1Q'], ip: ['vlan_protocol'] },
  groupFwdMask: { values: [8, 0x4008, 0], ip: ['group_fwd_mask', hex] },
  groupAddr: { values: ['01:80:c2:00:00:0e', '01:80:c2:00:00:0d'], ip: ['group_addr'] },
  mcastRouter: { values: ['permanent', 'disabled'], ip: ['mcast_router', router] },
  mcastSnooping: offOn('mcast_snooping'),
  mcastQueryUseIfaddr: onOff('mcast_query_use_ifaddr'),
  mcastQuerier: onOff('mcast_querier'),
  mcastHashMax: { values: [2048, 1024], ip: ['mcast_hash_max'] },
  mcastLastMemberCount: { values: [5, 6], ip: ['mcast_last_member_cnt'] },
  mcastStartupQueryCount: { values: [5, 6], ip: ['mcast_startup_query_cnt'] },
  mcastLastMemberIntervalSeconds: time('mcast_last_member_intvl', 1.2, 3.2),
  mcastMembershipIntervalSeconds: time('mcast_membership_intvl', 111.2, 99.2),
  mcastQuerierIntervalSeconds: time('mcast_querier_intvl', 99.6, 33.2),
  mcastQueryIntervalSeconds: time('mcast_query_intvl', 44.4, 33.2),
  mcastQueryResponseIntervalSeconds: time('mcast_query_response_intvl', 3.2, 4.4),
  mcastStartupQueryIntervalSeconds: time('mcast_startup_query_intvl', 22.4, 11.2),
  nfCallIptables: onOff('nf_call_iptables'),
  nfCallIp6tables: onOff('nf_call_ip6tables'),
  nfCallArptables: onOff('nf_call_arptables'),
  vlanDefaultPvid: { values: [42, 0], ip: ['vlan_default_pvid'] },
  vlanStatsEnabled: onOff('vlan_stats_enabled'),
  mcastStatsEnabled: onOff('mcast_stats_enabled'),
  mcastIgmpVersion: { values: [3, 2], ip: ['mcast_igmp_version'] },
  mcastMldVersion: { values: [2, 1], ip: ['mcast_mld_version'] },
  vlanStatsPerPort: onOff('vlan_stats_per_port'),
  'boolOptions.noLinkLocalLearn': switched('noLinkLocalLearn', 'no_linklocal_learn'),
  'boolOptions.mcastVlanSnooping': {
    ...switched('mcastVlanSnooping', 'mcast_vlan_snooping'),
    besides: { vlanFiltering: true },
  },
  'boolOptions.mstEnable': switched('mstEnable'),
  'boolOptions.mdbOffloadFailNotification': switched('mdbOffloadFailNotification'),
  'boolOptions.fdbLocalVlan0': switched('fdbLocalVlan0'),
  fdbMaxLearned: { values: [500, 0] },
}

const on4 = { id: 77 }
const on6 = { id: 77, remote6: 'fd00::1' }
const external = { collectMetadata: true, learning: false }
const truthOr = (name: string) => (link: Readonly<Record<string, unknown>>) => link[name] ?? false

const vxlan: Record<string, Walk> = {
  id: { values: [5, 6], ip: ['id'] },
  remote: { values: ['192.0.2.1', '192.0.2.2'], ip: ['remote'], besides: on4 },
  underlay: { values: ['u0', 'u1'], ip: ['link'], besides: on4, as: (name) => ({ u0: 0, u1: 1 })[name as 'u0'] },
  local: { values: ['192.0.2.8', '192.0.2.9'], ip: ['local'], besides: on4 },
  ttl: { values: [9, 10, 0], ip: ['ttl'], besides: on4 },
  tos: {
    values: [16, 1, 0],
    ip: ['tos', (tos) => unlessZero(tos) && hex(tos)],
    besides: on4,
  },
  learning: { values: [false, true], ip: ['learning'], besides: on4 },
  ageingSeconds: { values: [77, 0], ip: ['ageing', orDefault], as: orDefault, besides: on4 },
  limit: { values: [99, 0], ip: ['limit', unlessZero], besides: on4 },
  srcPortRange: {
    values: [
      { low: 40_000, high: 50_000 },
      { low: 1, high: 2 },
    ],
    ip: ['port_range'],
    besides: on4,
  },
  proxy: { values: [true, false], ip: ['proxy', flag], besides: on4 },
  rsc: { values: [true, false], ip: ['rsc', flag], besides: on4 },
  l2miss: { values: [true, false], ip: ['l2miss', flag], besides: on4 },
  l3miss: { values: [true, false], ip: ['l3miss', flag], besides: on4 },
  dstPort: { values: [4789, 4000], ip: ['port'], besides: on4 },
  remote6: { values: ['fd00::1', 'fd00::2'], ip: ['remote6'], besides: on4 },
  local6: { values: ['fd00::8', 'fd00::9'], ip: ['local6'], besides: on4 },
  udpCsum: { values: [false, true], ip: ['udp_csum'], besides: on4 },
  udpZeroCsum6Tx: { values: [true, false], ip: ['udp_zero_csum6_tx'], besides: on4 },
  udpZeroCsum6Rx: { values: [true, false], ip: ['udp_zero_csum6_rx'], besides: on4 },
  remcsumTx: { values: [true, false], ip: ['remcsum_tx', flag], besides: on4 },
  remcsumRx: { values: [true, false], ip: ['remcsum_rx', flag], besides: on4 },
  gbp: { values: [true, false], ip: ['gbp', flag], reads: truthOr('gbp'), besides: on4 },
  remcsumNopartial: { values: [true, false], reads: truthOr('remcsumNopartial'), besides: on4 },
  collectMetadata: { values: [true, false], ip: ['external', flag], besides: { learning: false } },
  flowLabel: { values: [5, 0], ip: ['label', (label) => unlessZero(label) && hex(label)], besides: on6 },
  gpe: { values: [true, false], ip: ['gpe', flag], reads: truthOr('gpe'), besides: external },
  ttlInherit: { values: [true, false], besides: on4 },
  df: { values: ['set', 'inherit', 'unset'], ip: ['df', (df) => df], besides: on4 },
  vnifilter: { values: [true, false], ip: ['vnifilter', flag], reads: truthOr('vnifilter'), besides: external },
  localbypass: { values: [false, true], besides: on4 },
  flowLabelPolicy: { values: ['inherit', 'fixed'], besides: on6 },
  reservedBits: { values: [0xffffff000000ffn, 0n], besides: on4 },
}

const one = '02:00:00:00:00:05'
const other = '02:00:00:00:00:06'
const sourceMode = { mode: 'source' }

const macvlan: Record<string, Walk> = {
  mode: { values: ['private', 'bridge'], ip: ['mode'] },
  macvlanFlags: { values: [['nopromisc'], ['nodst'], []] },
  macaddr: {
    values: [one],
    besides: { ...sourceMode, macaddrMode: 'add' },
    besidesLater: { macaddrMode: 'add' },
    reads: ({ macaddrs }) => (macaddrs as string[] | undefined)?.find((mac) => mac === one),
  },
  macaddrMode: {
    values: ['add', 'delete'],
    besides: { ...sourceMode, macaddr: one },
    besidesLater: { macaddr: one },
    reads: ({ macaddrCount }) => (macaddrCount === 1 ? 'add' : 'delete'),
  },
  macaddrs: {
    values: [[one], [other], []],
    ip: ['macaddr_count', (list) => (list as string[]).length],
    as: unlessEmpty,
    besides: { ...sourceMode, macaddrMode: 'set' },
    besidesLater: { macaddrMode: 'set' },
  },
  bcQueueLen: { values: [10, 2000, 0], ip: ['bcqueuelen'] },
  bcCutoff: { values: [5, -1, 0, 1], as: (value) => (value === 1 ? undefined : value) },
}

const vlanFlag = (name: string, word: string, values = [true, false]): Walk => ({
  values: values.map((value) => ({ [name]: value })),
  besides: { id: 5 },
  reads: ({ vlanFlags }) => ({ [name]: (vlanFlags as Record<string, boolean> | undefined)?.[name] }),
  ip: ['flags', (value: Record<string, boolean>) => ({ has: word, is: value[name] })],
})
interface Mapping {
  from: number
  to: number
}
const map = (to: number): Mapping[] => [{ from: 1, to }]
const mapped = (key: string): Walk => ({
  values: [map(2), map(3), map(0)],
  besides: { id: 5 },
  as: (value: Mapping[]) => (value[0]?.to === 0 ? undefined : value),
  ip: [key, (value: Mapping[]) => (value[0]?.to === 0 ? undefined : value)],
})

const vlan: Record<string, Walk> = {
  id: { values: [5, 6], ip: ['id'] },
  'vlanFlags.reorderHdr': vlanFlag('reorderHdr', 'REORDER_HDR', [false, true]),
  'vlanFlags.gvrp': vlanFlag('gvrp', 'GVRP'),
  'vlanFlags.looseBinding': vlanFlag('looseBinding', 'LOOSE_BINDING'),
  'vlanFlags.mvrp': vlanFlag('mvrp', 'MVRP'),
  'vlanFlags.bridgeBinding': vlanFlag('bridgeBinding', 'BRIDGE_BINDING'),
  egressQosMap: mapped('egress_qos'),
  ingressQosMap: mapped('ingress_qos'),
  protocol: { values: ['802.1ad', '802.1Q'], ip: ['protocol'], besides: { id: 5 } },
}

const netkit: Record<string, Walk> = {
  policy: { values: ['drop', 'pass'] },
  peerPolicy: { values: ['drop', 'pass'] },
  mode: { values: ['l2', 'l3'] },
  scrub: { values: ['none', 'default'] },
  peerScrub: { values: ['none', 'default'] },
}

/** By kind. */
export const walks = {
  bridge,
  vxlan,
  macvlan,
  macvtap: macvlan,
  vlan,
  netkit,
  vrf: { table: { values: [5, 6], ip: ['table'] } },
} as Readonly<Record<string, Readonly<Record<string, Walk>>>>

/** Options that cannot be read back, and where they are tested. */
export const elsewhere: Readonly<Record<string, string>> = {
  'bond.activeSlave': 'bond.test.ts: it needs a port',
  'bond.primary': 'bond.test.ts: it needs a port',
  'bridge.fdbFlush': 'bridge.test.ts: it does something, and is no setting',
  'port.flush': 'bridge_ports.test.ts: it does something, and is no setting',
  'veth.peer': 'veth.test.ts: it is a link of its own',
  'netkit.peer': 'pairs.test.ts: it is a link of its own',
  'vxcan.peer': 'pairs.test.ts: it is a link of its own',
  'vxlan.mcRoute': 'vxlan.test.ts: no kernel tells it',
}

/** Of a bridge's port. */
export const portWalk: Readonly<Record<string, Walk>> = {
  state: { values: ['listening', 'learning', 'forwarding'], ip: ['state'] },
  priority: { values: [9, 10, 0], ip: ['priority'] },
  cost: { values: [77, 88], ip: ['cost'] },
  hairpin: { values: [true, false], ip: ['hairpin'] },
  guard: { values: [true, false], ip: ['guard'] },
  rootBlock: { values: [true, false], ip: ['root_block'] },
  fastLeave: { values: [true, false], ip: ['fastleave'] },
  learning: { values: [false, true], ip: ['learning'] },
  unicastFlood: { values: [false, true], ip: ['flood'] },
  proxyArp: { values: [true, false], ip: ['proxy_arp'] },
  proxyArpWifi: { values: [true, false], ip: ['proxy_arp_wifi'] },
  mcastRouter: { values: ['permanent', 'disabled', 'temporary', 'auto'], ip: ['multicast_router', router] },
  mcastFlood: { values: [false, true], ip: ['mcast_flood'] },
  mcastToUcast: { values: [true, false], ip: ['mcast_to_unicast'] },
  vlanTunnel: { values: [true, false], ip: ['vlan_tunnel'] },
  bcastFlood: { values: [false, true], ip: ['bcast_flood'] },
  groupFwdMask: { values: [8, 0x4008, 7, 0], ip: ['group_fwd_mask', hex] },
  neighSuppress: { values: [true, false], ip: ['neigh_suppress'] },
  isolated: { values: [true, false], ip: ['isolated'] },
  backupPort: {
    values: ['p1', 0],
    ip: ['backup_port', orNothing],
    reads: ({ port }) => ((port as { backupPort?: number } | undefined)?.backupPort === undefined ? 0 : 'p1'),
  },
  mcastEhtHostsLimit: { values: [33, 44] },
  locked: { values: [true, false], ip: ['locked'] },
  mab: { values: [true, false], besides: { locked: true } },
  mcastMaxGroups: { values: [12, 0] },
  neighVlanSuppress: { values: [true, false] },
  backupNhid: { values: [5, 0], as: unlessZero },
}

/** Of a link of any kind. */
export const linkWalk: Readonly<Record<string, Walk>> = {
  up: { values: [true, false], ip: ['flags', inFlags('UP')] },
  mac: { values: [one, other], ip: ['address'] },
  broadcast: { values: ['ff:ff:ff:ff:ff:00', 'ff:ff:ff:ff:ff:ff'], ip: ['broadcast'] },
  name: { values: ['y', 'x'], ip: ['ifname'] },
  mtu: { values: [1400, 1300], ip: ['mtu'] },
  txqlen: { values: [5, 1000], ip: ['txqlen'] },
  group: { values: [5, 6, 0], ip: ['group', (group: number): string => (group === 0 ? 'default' : String(group))] },
  alias: { values: ['x', 'y', ''], ip: ['ifalias', orNothing], as: orNothing },
  arp: { values: [false, true], ip: ['flags', inFlags('NOARP', false)] },
  multicast: { values: [false, true], ip: ['flags', inFlags('MULTICAST')] },
  allMulticast: { values: [true, false], ip: ['flags', inFlags('ALLMULTI')] },
  promisc: { values: [true, false], ip: ['flags', inFlags('PROMISC')] },
  master: { values: ['br', 'br2', 0], ip: ['master', orNothing], reads: ({ master }) => master ?? 0 },
  gsoMaxSegs: { values: [30, 65_535], ip: ['gso_max_segs'] },
  gsoMaxSize: { values: [30_000, 65_536], ip: ['gso_max_size'] },
  groMaxSize: { values: [30_000, 65_536], ip: ['gro_max_size'] },
  gsoIpv4MaxSize: { values: [30_000, 65_536] },
  groIpv4MaxSize: { values: [30_000, 65_536] },
  addrGenMode: {
    values: ['none', 'random', 'stablePrivacy', 'eui64'],
    ip: ['inet6_addr_gen_mode', (mode: string): string => (mode === 'stablePrivacy' ? 'stable_secret' : mode)],
  },
  protoDown: { values: [true, false], ip: ['proto_down', flag] },
  carrier: { values: [false, true] },
  operState: {
    values: ['dormant', 'up', 'testing', 'up', 'down', 'unknown'],
    ip: ['operstate', upper],
  },
  linkMode: { values: ['dormant', 'default'], ip: ['linkmode', upper] },
  numTxQueues: { values: [3], ip: ['num_tx_queues'] },
  numRxQueues: { values: [3], ip: ['num_rx_queues'] },
}
