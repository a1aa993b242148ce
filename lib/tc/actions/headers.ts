// Actions that change what is around a packet: vlan, mpls, tunnel_key, skbmod (its Ethernet header), skbedit (what the kernel knows of it).
import { attributes } from '../../wire/attributes'
import { bits, oneOf } from '../../wire/choices'
import { be16, be32, boolean, i32, u16, u32, u64, u8, within } from '../../wire/integers'
import { ipv4, ipv6, mac } from '../../wire/ip'
import { ignored } from '../../wire/read_only'
import { binary } from '../../wire/text'
import { etherType } from '../protocols'
import { anyClassid } from '../handles'
import { actionKind, actionStruct, times } from './kind'

const vlanParms = actionStruct('tc_vlan', {
  /** What is done with the tag, or with the Ethernet header. */
  mode: [
    'v_action',
    oneOf(i32, 'TCA_VLAN_ACT_', {
      pop: ['POP', 1],
      push: ['PUSH', 2],
      modify: ['MODIFY', 3],
      popEthernet: ['POP_ETH', 4],
      pushEthernet: ['PUSH_ETH', 5],
    }),
  ],
})

export const vlan = actionKind(
  'vlan',
  vlanParms,
  attributes('TCA_VLAN_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, vlanParms],
    /** The VLAN, 0 to 4094. */
    vid: ['PUSH_VLAN_ID', 3, within(u16, 0, 4094)],
    /** Of the tag: `vlan` or `qinq`. Default: `vlan`. */
    protocol: ['PUSH_VLAN_PROTOCOL', 4, etherType],
    pad: ['PAD', 5, ignored],
    /** The priority in the tag, 0 to 7. Default: 0. */
    priority: ['PUSH_VLAN_PRIORITY', 6, within(u8, 0, 7)],
    /** The destination in the Ethernet header. */
    ethernetDestination: ['PUSH_ETH_DST', 7, mac],
    /** The source in the Ethernet header. */
    ethernetSource: ['PUSH_ETH_SRC', 8, mac],
  }),
)

const mplsParms = actionStruct('tc_mpls', {
  /** What is done with the label. */
  mode: [
    'm_action',
    oneOf(i32, 'TCA_MPLS_ACT_', {
      pop: ['POP', 1],
      push: ['PUSH', 2],
      modify: ['MODIFY', 3],
      decrementTtl: ['DEC_TTL', 4],
      macPush: ['MAC_PUSH', 5],
    }),
  ],
})

export const mpls = actionKind(
  'mpls',
  mplsParms,
  attributes('TCA_MPLS_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, mplsParms],
    pad: ['PAD', 3, ignored],
    /** Of what is below, after `pop`; of the label, with `push`. */
    protocol: ['PROTO', 4, etherType],
    /** The label, 0 to 1048575. */
    label: ['LABEL', 5, within(u32, 0, 0xfffff)],
    /** The traffic class, 0 to 7. */
    trafficClass: ['TC', 6, within(u8, 0, 7)],
    /** Time to live, 1 to 255. */
    ttl: ['TTL', 7, within(u8, 1, 255)],
    /** It is the last label. */
    bottomOfStack: ['BOS', 8, boolean(u8)],
  }),
)

const tunnelParms = actionStruct('tc_tunnel_key', {
  /** Sets what a tunnel that takes it from the packet sends by, or drops what one has received. */
  mode: ['t_action', oneOf(i32, 'TCA_TUNNEL_KEY_ACT_', { set: ['SET', 1], release: ['RELEASE', 2] })],
})

export const tunnelKey = actionKind(
  'tunnel_key',
  tunnelParms,
  attributes('TCA_TUNNEL_KEY_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, tunnelParms],
    /** The outer source address. */
    source: ['ENC_IPV4_SRC', 3, ipv4],
    /** The outer destination address. */
    destination: ['ENC_IPV4_DST', 4, ipv4],
    /** As `source`, of IPv6. */
    source6: ['ENC_IPV6_SRC', 5, ipv6],
    /** As `destination`, of IPv6. */
    destination6: ['ENC_IPV6_DST', 6, ipv6],
    /** The key, or VNI. */
    id: ['ENC_KEY_ID', 7, be32],
    pad: ['PAD', 8, ignored],
    /** The outer destination port. */
    destinationPort: ['ENC_DST_PORT', 9, be16],
    /** Sends without checksums of UDP. */
    noChecksum: ['NO_CSUM', 10, boolean(u8)],
    /** Options of geneve, vxlan or erspan, as bytes. */
    options: ['ENC_OPTS', 11, binary()],
    /** Type of service of the outer header. */
    tos: ['ENC_TOS', 12, u8],
    /** Time to live of the outer header. */
    ttl: ['ENC_TTL', 13, u8],
  }),
)

const modifications = bits(u32, 'SKBMOD_F_', {
  destination: ['DMAC', 1],
  source: ['SMAC', 2],
  etherType: ['ETYPE', 4],
  swap: ['SWAPMAC', 8],
  ecn: ['ECN', 0x10],
})

const skbmodParms = actionStruct('tc_skbmod', {
  /** What is done: `destination`, `source` and `etherType` are set, both are swapped (`swap`), ECN is set. */
  _pad: ['', u32],
  what: ['', modifications],
  _more: ['', u32],
})

export const skbmod = actionKind(
  'skbmod',
  skbmodParms,
  attributes('TCA_SKBMOD_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, skbmodParms],
    /** The new destination. */
    ethernetDestination: ['DMAC', 3, mac],
    /** The new source. */
    ethernetSource: ['SMAC', 4, mac],
    /** The new EtherType. */
    etherType: ['ETYPE', 5, u16],
    pad: ['PAD', 6, ignored],
  }),
)

const skbeditParms = actionStruct('tc_skbedit', {})

export const skbedit = actionKind(
  'skbedit',
  skbeditParms,
  attributes('TCA_SKBEDIT_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, skbeditParms],
    /** The priority, which is a class: `1:3`. */
    priority: ['PRIORITY', 3, anyClassid],
    /** The queue of the device. */
    queueMapping: ['QUEUE_MAPPING', 4, u16],
    /** The mark. */
    mark: ['MARK', 5, u32],
    pad: ['PAD', 6, ignored],
    /** Whom the packet is for (PACKET_). */
    packetType: [
      'PTYPE',
      7,
      oneOf(u16, 'PACKET_', {
        host: ['HOST', 0],
        broadcast: ['BROADCAST', 1],
        multicast: ['MULTICAST', 2],
        otherHost: ['OTHERHOST', 3],
      }),
    ],
    /** Which bits of the mark are set. Default: all. */
    mask: ['MASK', 8, u32],
    /** More of what is done, as bits (SKBEDIT_F_): 32 takes the priority from the DS field. */
    flags: ['FLAGS', 9, u64],
    /** The last one of a range of queues. */
    queueMappingMax: ['QUEUE_MAPPING_MAX', 10, u16],
  }),
)
