// The messages of neighbors: struct ndmsg and NDA_… (linux/neighbour.h).
import { attributes } from '../wire/attributes'
import { bits } from '../wire/choices'
import { device } from '../wire/device'
import { be16, i32, u16, u32, u8 } from '../wire/integers'
import { ip, mac } from '../wire/ip'
import { struct } from '../wire/struct'
import { family, routeProtocol } from './families'
import { ignored } from '../wire/read_only'
import { routeType } from './route_attributes'

export const states = bits(u16, 'NUD_', {
  /** Being resolved, without an answer yet. */
  incomplete: ['INCOMPLETE', 0x01],
  /** Confirmed recently. */
  reachable: ['REACHABLE', 0x02],
  /** Not confirmed recently; checked when it is used next. */
  stale: ['STALE', 0x04],
  /** Used while stale; checked soon unless it is confirmed. */
  delay: ['DELAY', 0x08],
  /** Being checked. */
  probe: ['PROBE', 0x10],
  /** Did not answer. */
  failed: ['FAILED', 0x20],
  /** Needs no ARP or NDP, as a multicast address. */
  noarp: ['NOARP', 0x40],
  /** Set by the administrator; never checked, never removed by the kernel. */
  permanent: ['PERMANENT', 0x80],
})

export const neighborFlags = bits(u8, 'NTF_', {
  /** Resolve it now, as if it were used. Only in requests. */
  use: ['USE', 0x01],
  /** In the device's own forwarding database. */
  self: ['SELF', 0x02],
  /** In the forwarding database of the device's master. */
  master: ['MASTER', 0x04],
  /** An address that this host answers for. */
  proxy: ['PROXY', 0x08],
  /** Learned by a control plane; exempt from the kernel's garbage collection. */
  extLearned: ['EXT_LEARNED', 0x10],
  /** In hardware. Only reported. */
  offloaded: ['OFFLOADED', 0x20],
  /** Does not move to another port of a bridge. */
  sticky: ['STICKY', 0x40],
  /** It is a router. */
  router: ['ROUTER', 0x80],
})

const extendedFlags = bits(u32, 'NTF_EXT_', { managed: ['MANAGED', 1] })

const ndmsg = struct('ndmsg', {
  family: ['ndm_family', family],
  _pad1: ['ndm_pad1', u8],
  _pad2: ['ndm_pad2', u16],
  index: ['ndm_ifindex', device],
  state: ['ndm_state', states],
  flags: ['ndm_flags', neighborFlags],
  type: ['ndm_type', routeType],
})

const cacheInfo = struct('nda_cacheinfo', {
  confirmed: ['ndm_confirmed', u32],
  used: ['ndm_used', u32],
  updated: ['ndm_updated', u32],
  references: ['ndm_refcnt', u32],
})

const neighborAttributes = attributes('NDA_', {
  address: ['DST', 1, ip],
  mac: ['LLADDR', 2, mac],
  cacheInfo: ['CACHEINFO', 3, cacheInfo],
  probes: ['PROBES', 4, u32],
  vlan: ['VLAN', 5, u16],
  port: ['PORT', 6, be16],
  vni: ['VNI', 7, u32],
  dev: ['IFINDEX', 8, device],
  master: ['MASTER', 9, device],
  linkNetnsId: ['LINK_NETNSID', 10, i32],
  sourceVni: ['SRC_VNI', 11, u32],
  protocol: ['PROTOCOL', 12, routeProtocol],
  nexthopId: ['NH_ID', 13, u32],
  fdbExtended: ['FDB_EXT_ATTRS', 14, ignored],
  extendedFlags: ['FLAGS_EXT', 15, extendedFlags],
  stateMask: ['NDM_STATE_MASK', 16, u16],
  flagsMask: ['NDM_FLAGS_MASK', 17, u8],
})

/** The messages RTM_…NEIGH. */
export const neighborLayout = { header: ndmsg, attributes: neighborAttributes }
