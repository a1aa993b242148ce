// The messages of routing rules: struct fib_rule_hdr and FRA_… (linux/fib_rules.h).
import { attributes } from '../wire/attributes'
import { bits, oneOf } from '../wire/choices'
import { checkDeviceName } from '../wire/device'
import { be32, be64, boolean, u16, u32, u8, within } from '../wire/integers'
import { ip } from '../wire/ip'
import { struct } from '../wire/struct'
import { text } from '../wire/text'
import { family, ipProtocol, routeProtocol, table } from './families'
import { ignored } from '../wire/read_only'

export const action = oneOf(u8, 'FR_ACT_', {
  /** None; in a request: whatever the action. */
  unspec: ['UNSPEC', 0],
  /** Looks in a table. */
  table: ['TO_TBL', 1],
  /** Goes on with another rule. */
  goto: ['GOTO', 2],
  /** Does nothing; the next rule follows. */
  nop: ['NOP', 3],
  /** Drops packets silently. */
  blackhole: ['BLACKHOLE', 6],
  /** Drops packets with ICMP network unreachable. */
  unreachable: ['UNREACHABLE', 7],
  /** Drops packets with ICMP administratively prohibited. */
  prohibit: ['PROHIBIT', 8],
})

export const ruleFlags = bits(u32, 'FIB_RULE_', {
  /** Cannot be deleted. */
  permanent: ['PERMANENT', 1],
  /** Applies to packets that do not match: `invert`. */
  invert: ['INVERT', 2],
  /** There is no rule with the priority of its `goto`. */
  unresolved: ['UNRESOLVED', 4],
  /** There is no device of the name in `iif`. */
  iifDetached: ['IIF_DETACHED', 8],
  /** There is no device of the name in `oif`. */
  oifDetached: ['OIF_DETACHED', 0x10],
})

export const ruleHeader = struct('fib_rule_hdr', {
  family: ['family', family],
  dstLength: ['dst_len', u8],
  srcLength: ['src_len', u8],
  tos: ['tos', u8],
  table: ['table', u8],
  _res1: ['res1', u8],
  _res2: ['res2', u8],
  action: ['action', action],
  flags: ['flags', ruleFlags],
})

const range16 = struct('fib_rule_port_range', { start: ['start', u16], end: ['end', u16] })
export const range32 = struct('fib_rule_uid_range', { start: ['start', u32], end: ['end', u32] })

const deviceName = text(15, checkDeviceName, 1)

export const ruleAttributes = attributes('FRA_', {
  to: ['DST', 1, ip],
  from: ['SRC', 2, ip],
  iif: ['IIFNAME', 3, deviceName],
  goto: ['GOTO', 4, u32],
  priority: ['PRIORITY', 6, u32],
  mark: ['FWMARK', 10, u32],
  flow: ['FLOW', 11, u32],
  tunnelId: ['TUN_ID', 12, be64],
  suppressInterfaceGroup: ['SUPPRESS_IFGROUP', 13, u32],
  suppressPrefixLength: ['SUPPRESS_PREFIXLEN', 14, u32],
  table: ['TABLE', 15, table],
  markMask: ['FWMASK', 16, u32],
  oif: ['OIFNAME', 17, deviceName],
  pad: ['PAD', 18, ignored],
  l3mdev: ['L3MDEV', 19, boolean(u8)],
  uids: ['UID_RANGE', 20, range32],
  protocol: ['PROTOCOL', 21, routeProtocol],
  ipProtocol: ['IP_PROTO', 22, ipProtocol],
  sourcePorts: ['SPORT_RANGE', 23, range16],
  destinationPorts: ['DPORT_RANGE', 24, range16],
  dscp: ['DSCP', 25, within(u8, 0, 63)],
  flowLabel: ['FLOWLABEL', 26, within(be32, 0, 0xfffff)],
  flowLabelMask: ['FLOWLABEL_MASK', 27, within(be32, 0, 0xfffff)],
  sourcePortMask: ['SPORT_MASK', 28, u16],
  destinationPortMask: ['DPORT_MASK', 29, u16],
  dscpMask: ['DSCP_MASK', 30, within(u8, 0, 63)],
})

/** The messages RTM_…RULE. */
export const ruleLayout = { header: ruleHeader, attributes: ruleAttributes }
