// Actions with addresses and connections: nat, csum, ct (conntrack), ctinfo and connmark.
import { attributes } from '../../wire/attributes'
import { bits } from '../../wire/choices'
import { be16, u16, u32, u64 } from '../../wire/integers'
import { ipv4, ipv6 } from '../../wire/ip'
import { ignored, readOnly } from '../../wire/read_only'
import { bytes } from '../../wire/text'
import { actionKind, actionStruct, times } from './kind'

const natParms = actionStruct('tc_nat', {
  /** The address, or network, that is replaced. */
  old: ['old_addr', ipv4],
  /** What it is replaced by. */
  new: ['new_addr', ipv4],
  /** The mask of both. Default: 255.255.255.255. */
  mask: ['mask', ipv4],
  /** `egress`: the source is replaced, else the destination. */
  flags: ['flags', bits(u32, 'TCA_NAT_FLAG_', { egress: ['EGRESS', 1] })],
})

export const nat = actionKind(
  'nat',
  natParms,
  attributes('TCA_NAT_', { parms: ['PARMS', 1, natParms], times: ['TM', 2, times], pad: ['PAD', 3, ignored] }),
  () => ({ mask: '255.255.255.255', control: 'pass' as const }),
)

const csumParms = actionStruct('tc_csum', {
  /** Which checksums are made anew. */
  update: [
    'update_flags',
    bits(u32, 'TCA_CSUM_UPDATE_FLAG_', {
      ipv4: ['IPV4HDR', 1],
      icmp: ['ICMP', 2],
      igmp: ['IGMP', 4],
      tcp: ['TCP', 8],
      udp: ['UDP', 16],
      udplite: ['UDPLITE', 32],
      sctp: ['SCTP', 64],
    }),
  ],
})

export const csum = actionKind(
  'csum',
  csumParms,
  attributes('TCA_CSUM_', { parms: ['PARMS', 1, csumParms], times: ['TM', 2, times], pad: ['PAD', 3, ignored] }),
  () => ({ control: 'pass' as const }),
)

const ctParms = actionStruct('tc_ct', {})

export const ct = actionKind(
  'ct',
  ctParms,
  attributes('TCA_CT_', {
    parms: ['PARMS', 1, ctParms],
    times: ['TM', 2, times],
    /** What is done with the connection: nothing but looking it up, if it is left out. */
    what: [
      'ACTION',
      3,
      bits(u16, 'TCA_CT_ACT_', {
        commit: ['COMMIT', 1],
        force: ['FORCE', 2],
        clear: ['CLEAR', 4],
        nat: ['NAT', 8],
        natSource: ['NAT_SRC', 16],
        natDestination: ['NAT_DST', 32],
      }),
    ],
    /** The zone of conntrack. Default: 0. */
    zone: ['ZONE', 4, u16],
    /** The mark of the connection. */
    mark: ['MARK', 5, u32],
    /** Which bits of it are set. Default: all. */
    markMask: ['MARK_MASK', 6, u32],
    /** The labels of the connection, 16 bytes. */
    labels: ['LABELS', 7, bytes(16)],
    /** Which bits of them are set. Default: all. */
    labelsMask: ['LABELS_MASK', 8, bytes(16)],
    /** The first address of NAT. */
    natMin: ['NAT_IPV4_MIN', 9, ipv4],
    /** The last address of NAT. */
    natMax: ['NAT_IPV4_MAX', 10, ipv4],
    /** As `natMin`, of IPv6. */
    nat6Min: ['NAT_IPV6_MIN', 11, ipv6],
    /** As `natMax`, of IPv6. */
    nat6Max: ['NAT_IPV6_MAX', 12, ipv6],
    /** The first port of NAT. */
    natPortMin: ['NAT_PORT_MIN', 13, be16],
    /** The last port of NAT. */
    natPortMax: ['NAT_PORT_MAX', 14, be16],
    pad: ['PAD', 15, ignored],
  }),
)

const ctinfoParms = actionStruct('tc_ctinfo', {})

export const ctinfo = actionKind(
  'ctinfo',
  ctinfoParms,
  attributes('TCA_CTINFO_', {
    pad: ['PAD', 1, ignored],
    times: ['TM', 2, times],
    parms: ['ACT', 3, ctinfoParms],
    /** The zone of conntrack. Default: 0. */
    zone: ['ZONE', 4, u16],
    /** Which bits of the connection's mark are the DS field. */
    dscpMask: ['PARMS_DSCP_MASK', 5, u32],
    /** Which bits of it say that they are. */
    dscpStateMask: ['PARMS_DSCP_STATEMASK', 6, u32],
    /** Which bits of it become the packet's mark. */
    markMask: ['PARMS_CPMARK_MASK', 7, u32],
    dscpSet: ['STATS_DSCP_SET', 8, readOnly(u64)],
    dscpErrors: ['STATS_DSCP_ERROR', 9, readOnly(u64)],
    markSet: ['STATS_CPMARK_SET', 10, readOnly(u64)],
  }),
)

const connmarkParms = actionStruct('tc_connmark', {
  /** The zone of conntrack. Default: 0. */
  zone: ['zone', u16],
  _pad: ['', u16],
})

export const connmark = actionKind(
  'connmark',
  connmarkParms,
  attributes('TCA_CONNMARK_', {
    parms: ['PARMS', 1, connmarkParms],
    times: ['TM', 2, times],
    pad: ['PAD', 3, ignored],
  }),
)
