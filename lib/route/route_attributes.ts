// The messages of routes: struct rtmsg and RTA_… (linux/rtnetlink.h), in the order of the header.
import { separate } from '../wire/separate'
import { attributes, type AttributesOf, type AttributeTable } from '../wire/attributes'
import { bits, oneOf, setOf } from '../wire/choices'
import { device } from '../wire/device'
import { be16, boolean, i32, milliseconds, u16, u32, u8, within } from '../wire/integers'
import { AF_INET, AF_INET6, familyOf, formatIP, ip, parseIP } from '../wire/ip'
import { struct, type StructValue } from '../wire/struct'
import { binary, text } from '../wire/text'
import type { Type, ValueOf } from '../wire/type'
import { family, ipProtocol, routeProtocol, scope, table } from './families'
import { ignored } from '../wire/read_only'

/** The type of a route: what the kernel does with packets that match it (RTN_). */
export const routeType = oneOf(u8, 'RTN_', {
  /** None; in a request: whatever the type. */
  unspec: ['UNSPEC', 0],
  /** To a next router, or to a host on the link. */
  unicast: ['UNICAST', 1],
  /** To this host. */
  local: ['LOCAL', 2],
  /** To all on the link; IPv4. */
  broadcast: ['BROADCAST', 3],
  /** As `local`, but never the source address of a packet. */
  anycast: ['ANYCAST', 4],
  /** To a multicast group. */
  multicast: ['MULTICAST', 5],
  /** Drops packets silently; local senders get `EINVAL`. */
  blackhole: ['BLACKHOLE', 6],
  /** Drops packets with ICMP host unreachable; local senders get `EHOSTUNREACH`. */
  unreachable: ['UNREACHABLE', 7],
  /** Drops packets with ICMP administratively prohibited; local senders get `EACCES`. */
  prohibit: ['PROHIBIT', 8],
  /** Ends the look-up in this table without a route; the next rule follows. */
  throw: ['THROW', 9],
  /** Was for address translation; IPv4 refuses it. */
  nat: ['NAT', 10],
  /** Was for a resolver outside the kernel; IPv4 refuses it. */
  xresolve: ['XRESOLVE', 11],
})

const hopFlagNames = {
  /** Not used, because the device is down or gone. Only reported. */
  dead: ['NH_F_DEAD', 1],
  /** Without a meaning in the kernel. */
  pervasive: ['NH_F_PERVASIVE', 2],
  /** The next router counts as on the link. */
  onlink: ['NH_F_ONLINK', 4],
  /** Hardware does the forwarding. Only reported. */
  offload: ['NH_F_OFFLOAD', 8],
  /** The device has no carrier. Only reported. */
  linkdown: ['NH_F_LINKDOWN', 16],
  /** Not resolved yet: multicast routing. Only reported. */
  unresolved: ['NH_F_UNRESOLVED', 32],
  /** Hardware leaves the packets to the kernel. Only reported, since Linux 5.10. */
  trap: ['NH_F_TRAP', 64],
} as const

export const hopFlags = bits(u8, 'RT', hopFlagNames)

/** Flags of routes (RTM_F_) and of their only nexthop (RTNH_F_), which share a word. */
export const routeFlags = bits(u32, 'RT', {
  ...hopFlagNames,
  /** Requests notifications of changes of the route. Only in requests. */
  notify: ['M_F_NOTIFY', 0x100],
  /** The result of a look-up, and no entry of a table. Only reported. */
  cloned: ['M_F_CLONED', 0x200],
  /** Without a meaning in the kernel. */
  equalize: ['M_F_EQUALIZE', 0x400],
  /** Learned with the prefix from a router advertisement; IPv6. Only reported. */
  prefix: ['M_F_PREFIX', 0x800],
  /** Requests the table in a look-up. Only in requests. */
  lookupTable: ['M_F_LOOKUP_TABLE', 0x1000],
  /** Requests the table's entry in a look-up. Only in requests. */
  fibMatch: ['M_F_FIB_MATCH', 0x2000],
  /** The route is in hardware. Only reported, since Linux 5.6. */
  rtOffload: ['M_F_OFFLOAD', 0x4000],
  /** The route is in hardware, which leaves its packets to the kernel. Only reported, since Linux 5.6. */
  rtTrap: ['M_F_TRAP', 0x8000],
})

export const rtmsg = struct('rtmsg', {
  family: ['rtm_family', family],
  dstLength: ['rtm_dst_len', u8],
  srcLength: ['rtm_src_len', u8],
  tos: ['rtm_tos', u8],
  table: ['rtm_table', u8],
  protocol: ['rtm_protocol', routeProtocol],
  scope: ['rtm_scope', scope],
  type: ['rtm_type', routeType],
  flags: ['rtm_flags', routeFlags],
})

/** Features of TCP that a route switches on (RTAX_FEATURE_). */
const features = bits(u32, 'RTAX_FEATURE_', {
  /** Explicit congestion notification. */
  ecn: ['ECN', 1],
  /** Without a meaning in the kernel. */
  sack: ['SACK', 2],
  /** Without a meaning in the kernel. */
  timestamp: ['TIMESTAMP', 4],
  /** Without a meaning in newer kernels; was a fragment header in every IPv6 packet. */
  allfrag: ['ALLFRAG', 8],
  /** TCP timestamps in microseconds. Since Linux 6.7. */
  tcpUsecTs: ['TCP_USEC_TS', 16],
})

// The limits of `mtu`, `advmss` and `hoplimit`: the kernel silently reduces larger values to them.
const lockableMetrics = {
  /** Path MTU in bytes, at most 65520. Default: found out. */
  mtu: ['MTU', 2, within(u32, 0, 65_520)],
  /** Largest TCP window to advertise, in bytes. Default: no limit. */
  window: ['WINDOW', 3, u32],
  /** First guess of the round-trip time in milliseconds, to 1/8. Default: none. */
  rtt: ['RTT', 4, milliseconds(u32, 8)],
  /** First guess of its variance in milliseconds, to 1/4. Default: none. */
  rttvar: ['RTTVAR', 5, milliseconds(u32, 4)],
  /** First slow start threshold of TCP, in segments. */
  ssthresh: ['SSTHRESH', 6, u32],
  /** Largest congestion window of TCP, in segments; only where `lock` has `cwnd`. */
  cwnd: ['CWND', 7, u32],
  /** Maximum segment size that TCP advertises, in bytes, at most 65495. Default: by the MTU. */
  advmss: ['ADVMSS', 8, within(u32, 0, 65_495)],
  /** First guess of how far packets change places, in segments. Default: `net.ipv4.tcp_reordering`. */
  reordering: ['REORDERING', 9, u32],
  /** Time to live or hop limit of sent packets, at most 255. Default: `net.ipv4.ip_default_ttl`, IPv6 `hop_limit`. */
  hoplimit: ['HOPLIMIT', 10, within(u32, 0, 255)],
  /** Congestion window of a new TCP connection, in segments. Default: 10. */
  initcwnd: ['INITCWND', 11, u32],
  /** What TCP does: `ecn`, `tcpUsecTs` … The kernel refuses what it does not know. Default: by sysctls. */
  features: ['FEATURES', 12, features],
  /** Smallest retransmission time-out of TCP, in whole milliseconds; is locked along with it. Default: 200. */
  rtoMin: ['RTO_MIN', 13, u32],
  /** Receive window of a new TCP connection, in segments. Default: the kernel chooses. */
  initrwnd: ['INITRWND', 14, u32],
  /** TCP acknowledges at once instead of waiting for more. Default: false. */
  quickack: ['QUICKACK', 15, boolean(u32)],
  /** TCP congestion control, such as `cubic`. Default: `net.ipv4.tcp_congestion_control`. */
  congestion: ['CC_ALGO', 16, text(15)],
  /** TCP fast open without a cookie. Default: false. */
  fastopenNoCookie: ['FASTOPEN_NO_COOKIE', 17, boolean(u32)],
} as const satisfies AttributeTable

/** RTAX_LOCK has the bit n for the metric with the number n. */
const lock = setOf(
  u32,
  new Map(
    Object.entries(lockableMetrics).map(([name, [, number]]) => [name as keyof typeof lockableMetrics, 1 << number]),
  ),
)

/** Metrics of a route (RTAX_); 0 is as if left out. */
export const routeMetrics = attributes('RTAX_', {
  /** Names of metrics that nothing may change, such as `mtu`, which path MTU discovery leaves alone then. Default: none. */
  lock: ['LOCK', 1, lock],
  ...lockableMetrics,
})

/** How packets are encapsulated (LWTUNNEL_ENCAP_). */
const encapType = oneOf(u16, 'LWTUNNEL_ENCAP_', {
  /** Not at all. */
  none: ['NONE', 0],
  /** MPLS labels. */
  mpls: ['MPLS', 1],
  /** What an IPv4 tunnel in external mode takes. */
  ip: ['IP', 2],
  /** Identifier-locator addressing. */
  ila: ['ILA', 3],
  /** What an IPv6 tunnel in external mode takes. */
  ip6: ['IP6', 4],
  /** Segment routing over IPv6. */
  seg6: ['SEG6', 5],
  /** BPF programs. */
  bpf: ['BPF', 6],
  /** What a node of a segment does. */
  seg6Local: ['SEG6_LOCAL', 7],
  /** RPL source routing. */
  rpl: ['RPL', 8],
  /** In-situ OAM. */
  ioam6: ['IOAM6', 9],
  /** An XFRM interface. */
  xfrm: ['XFRM', 10],
})

/** How packets are encapsulated (LWTUNNEL_ENCAP_): a name, or a number. */
export type EncapType = ValueOf<typeof encapType>

/** A next hop of a family that is told: RTA_VIA, struct rtvia. */
const via: Type<string> = {
  size: 2,
  encode(writer, value, field) {
    const bytes = parseIP(value, field)
    writer.u16(familyOf(value) === 'ipv4' ? AF_INET : AF_INET6)
    writer.bytes(bytes)
  },
  decode: (reader, at, end) => formatIP(reader, at + 2, end),
}

const hopAttributes = attributes('RTA_', {
  via: ['GATEWAY', 5, ip],
  flow: ['FLOW', 11, u32],
  viaOther: ['VIA', 18, via],
  encapType: ['ENCAP_TYPE', 21, encapType],
  encap: ['ENCAP', 22, binary()],
})

/** One of several ways that a route has, as the message has it (struct rtnexthop). */
export interface HopMessage {
  readonly header: Partial<StructValue<typeof rtnexthop.fields>>
  readonly attributes: AttributesOf<typeof hopAttributes.table>
}

/** One of several next hops. */
export const rtnexthop = struct('rtnexthop', {
  length: ['rtnh_len', u16],
  flags: ['rtnh_flags', hopFlags],
  hops: ['rtnh_hops', u8],
  dev: ['rtnh_ifindex', device],
})

/** RTA_MULTIPATH: struct rtnexthop with attributes, one after another. */
const multipath: Type<readonly HopMessage[]> = {
  size: 0,
  encode(writer, value, field) {
    value.forEach(({ header, attributes: hop }, i) => {
      const at = writer.length
      rtnexthop.encode(writer, header, `${field}[${i}]`)
      hopAttributes.encode(writer, hop, `${field}[${i}]`)
      writer.patch16(at, writer.length - at)
    })
  },
  decode(reader, at, end) {
    const hops: HopMessage[] = []
    while (at + rtnexthop.size <= end) {
      const header = rtnexthop.whole(reader, at)
      const next = at + header.length
      if (header.length < rtnexthop.size || next > end) break
      hops.push({ header, attributes: hopAttributes.decode(reader, at + rtnexthop.size, next) })
      at = (next + 3) & ~3
    }
    return hops
  },
}

/** How much a router advertised that it be preferred (ICMPV6_ROUTER_PREF_). */
export const routerPreference = oneOf(u8, 'ICMPV6_ROUTER_PREF_', {
  /** Neither of the two. */
  medium: ['MEDIUM', 0],
  /** Preferred. */
  high: ['HIGH', 1],
  /** Only if there is no other. */
  low: ['LOW', 3],
})

export const cacheInfo = struct('rta_cacheinfo', {
  clientReferences: ['rta_clntref', u32],
  lastUse: ['rta_lastuse', u32],
  expires: ['rta_expires', i32],
  error: ['rta_error', u32],
  used: ['rta_used', u32],
  id: ['rta_id', u32],
  timestamp: ['rta_ts', u32],
  timestampAge: ['rta_tsage', u32],
})

export const routeAttributes = attributes('RTA_', {
  dst: ['DST', 1, ip],
  from: ['SRC', 2, ip],
  iif: ['IIF', 3, device],
  dev: ['OIF', 4, device],
  via: ['GATEWAY', 5, ip],
  metric: ['PRIORITY', 6, u32],
  src: ['PREFSRC', 7, ip],
  metrics: ['METRICS', 8, routeMetrics],
  nexthops: ['MULTIPATH', 9, separate(multipath)],
  flow: ['FLOW', 11, u32],
  cacheInfo: ['CACHEINFO', 12, separate(cacheInfo)],
  table: ['TABLE', 15, table],
  mark: ['MARK', 16, u32],
  mfcStats: ['MFC_STATS', 17, ignored],
  viaOther: ['VIA', 18, separate(via)],
  newDst: ['NEWDST', 19, binary()],
  preference: ['PREF', 20, routerPreference],
  encapType: ['ENCAP_TYPE', 21, encapType],
  encap: ['ENCAP', 22, binary()],
  expiresSeconds: ['EXPIRES', 23, u32],
  pad: ['PAD', 24, ignored],
  uid: ['UID', 25, u32],
  ttlPropagate: ['TTL_PROPAGATE', 26, boolean(u8)],
  ipProtocol: ['IP_PROTO', 27, ipProtocol],
  sourcePort: ['SPORT', 28, be16],
  destinationPort: ['DPORT', 29, be16],
  nexthopId: ['NH_ID', 30, u32],
})

/** The messages RTM_…ROUTE. */
export const routeLayout = { header: rtmsg, attributes: routeAttributes }
