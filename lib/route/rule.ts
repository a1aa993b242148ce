// The fields that identify a rule, and those of them that go into messages.
import { checkInteger } from '../wire/integers'
import { checkKeys, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { parsePrefix } from '../wire/ip'
import type { StructValue } from '../wire/struct'
import type { ValueOf } from '../wire/type'
import type { UnknownAttribute } from '../wire/attributes'
import { checkFamily, type Family, type ipProtocol, type routeProtocol } from './families'
import type { RouteTable } from './route'
import type { action, range32, ruleFlags } from './rule_attributes'
import { allBits } from './rule_filter'

/** A range of ports or users, both ends included. */
export type RuleRange = StructValue<typeof range32.fields>

/** A rule: its conditions and its action. In a key, fields that are left out are not compared. */
export interface RuleOptions {
  /**
   * The family (of struct fib_rule_hdr). Default: that of `from` or `to`; else both to list and find, IPv4 to add and
   * delete.
   */
  family?: Family | undefined
  /** Packets from this prefix (FRA_SRC). */
  from?: string | undefined
  /** Packets to this prefix (FRA_DST). */
  to?: string | undefined
  /**
   * Rules are tried in the order of their priority, 0 first (FRA_PRIORITY). Default for a new one: one less than the
   * second rule has.
   */
  priority?: number | undefined
  /**
   * The table to look in (FRA_TABLE). Default for a new one: `main`, unless `goto`, `action` or `l3mdev` is given.
   */
  table?: RouteTable | undefined
  /**
   * Instead of a table: `blackhole`, `unreachable`, `prohibit`, `nop` (FR_ACT_). Default for a new one: `table`, or
   * `goto` if that is given.
   */
  action?: ValueOf<typeof action> | undefined
  /** Instead of a table: the priority of the rule to go on with, higher than this one's (FRA_GOTO). */
  goto?: number | undefined
  /** Packets with this mark (FRA_FWMARK). */
  mark?: number | undefined
  /** Which bits of the mark count (FRA_FWMASK). Default for a new one: all, if there is a `mark`. */
  markMask?: number | undefined
  /**
   * Packets that come in by this device; a name, which need not exist (FRA_IIFNAME). `lo` for those of this host
   * itself.
   */
  iif?: string | undefined
  /** Packets of sockets bound to this device; a name, which need not exist (FRA_OIFNAME). */
  oif?: string | undefined
  /** Applies to packets that do not match (FIB_RULE_INVERT). Default: false. */
  invert?: boolean | undefined
  /** Source ports: one, or a range; 1 to 65534 (FRA_SPORT_RANGE). Of any protocol, unless `ipProtocol` says which. */
  sourcePorts?: number | Partial<RuleRange> | undefined
  /** Destination ports: as `sourcePorts` (FRA_DPORT_RANGE). */
  destinationPorts?: number | Partial<RuleRange> | undefined
  /** `tcp`, `udp` …, or a number (FRA_IP_PROTO). */
  ipProtocol?: ValueOf<typeof ipProtocol> | undefined
  /**
   * Type of service (tos of struct fib_rule_hdr): a multiple of 4, for IPv4 up to 28. Default for a new one: 0, any.
   */
  tos?: number | undefined
  /** Looks in the table of the VRF that the packet belongs to (FRA_L3MDEV). */
  l3mdev?: boolean | undefined
  /** Packets of these users: uids, both ends included (FRA_UID_RANGE). Without `end`, one. */
  uids?: Partial<RuleRange> | undefined
  /**
   * Routes whose prefix is as short or shorter do not count (FRA_SUPPRESS_PREFIXLEN). Default for a new one: all count.
   */
  suppressPrefixLength?: number | undefined
  /** Routes over devices of this group do not count (FRA_SUPPRESS_IFGROUP). Default for a new one: all count. */
  suppressInterfaceGroup?: number | undefined
  /** Packets that came by the tunnel with this id (FRA_TUN_ID). */
  tunnelId?: bigint | number | undefined
  /** Realms for what it finds (FRA_FLOW): the upper 16 bits of the source, the lower ones of the destination. IPv4. */
  flow?: number | undefined
  /** Differentiated services code point, 0 to 63, instead of `tos` (FRA_DSCP). Since Linux 6.13. */
  dscp?: number | undefined
  /** Which bits of it count (FRA_DSCP_MASK). Default: all. Since Linux 6.15. */
  dscpMask?: number | undefined
  /** Flow label, 20 bits; IPv6 (FRA_FLOWLABEL). Since Linux 6.14. */
  flowLabel?: number | undefined
  /** Which bits of it count (FRA_FLOWLABEL_MASK). Default: all. Since Linux 6.14. */
  flowLabelMask?: number | undefined
  /** Which bits of the one source port count (FRA_SPORT_MASK). Default: all. Since Linux 6.15. */
  sourcePortMask?: number | undefined
  /** Which bits of the one destination port count (FRA_DPORT_MASK). Default: all. Since Linux 6.15. */
  destinationPortMask?: number | undefined
  /** Its origin (FRA_PROTOCOL). Default for a new one: `unspec`. */
  protocol?: ValueOf<typeof routeProtocol> | undefined
}

/** A routing rule (RTM_NEWRULE). */
export interface Rule extends Omit<RuleOptions, 'sourcePorts' | 'destinationPorts' | 'uids' | 'tunnelId'> {
  /** Packets that came by the tunnel with this id (FRA_TUN_ID). */
  tunnelId?: bigint
  /** Its family (of struct fib_rule_hdr). */
  family: Family
  /** Its priority, 0 first (FRA_PRIORITY). */
  priority: number
  /** The table it looks in (FRA_TABLE); left out if it does something else. */
  table?: RouteTable
  /** Its action (FR_ACT_): `table`, `goto`, `blackhole` … */
  action: ValueOf<typeof action>
  /** Whether it applies to packets that do not match (FIB_RULE_INVERT). */
  invert: boolean
  /** `invert`, `unresolved`, `iifDetached`, `oifDetached` … (FIB_RULE_). */
  flags: ValueOf<typeof ruleFlags>
  /** Source ports, both ends included (FRA_SPORT_RANGE). */
  sourcePorts?: Partial<RuleRange>
  /** Destination ports, both ends included (FRA_DPORT_RANGE). */
  destinationPorts?: Partial<RuleRange>
  /** Users whose packets, by uid, both ends included (FRA_UID_RANGE). */
  uids?: Partial<RuleRange>
  /** Attributes that this version does not decode. */
  unknown?: UnknownAttribute[]
}

/** Options that are attributes as they are. */
export const direct = [
  'goto',
  'priority',
  'mark',
  'markMask',
  'iif',
  'oif',
  'ipProtocol',
  'l3mdev',
  'uids',
  'suppressPrefixLength',
  'suppressInterfaceGroup',
  'tunnelId',
  'flow',
  'dscp',
  'dscpMask',
  'flowLabel',
  'flowLabelMask',
  'sourcePortMask',
  'destinationPortMask',
  'protocol',
] as const satisfies readonly (keyof RuleOptions)[]

const ruleKeys = new Set<string>([
  ...direct,
  'family',
  'from',
  'to',
  'table',
  'action',
  'invert',
  'sourcePorts',
  'destinationPorts',
  'tos',
])

/** The fields that distinguish the rules of a family. */
export const ruleFields = [...ruleKeys].filter((key) => key !== 'family') as (keyof RuleOptions)[]

const ruleGivenKeys = new Set([...ruleKeys, 'flags', 'unknown'])

function checkUids(value: RuleOptions['uids']): Partial<RuleRange> | undefined {
  if (value === undefined) return undefined
  checkKeys(value, new Set(['start', 'end']), 'uids')
  const start = checkInteger(value.start, 0, 0xfffffffe, 'uids.start')
  const end = checkInteger(value.end ?? start, 0, 0xfffffffe, 'uids.end')
  if (end < start) throw outOfRange('uids.end', `at least ${start}`, end)
  return { start, end }
}

function checkRange(value: RuleOptions['sourcePorts'], field: string): Partial<RuleRange> | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number') return checkRange({ start: value, end: value }, field)
  checkKeys(value, new Set(['start', 'end']), field)
  const start = checkInteger(value.start, 1, 65_534, `${field}.start`)
  const end = checkInteger(value.end ?? start, 1, 65_534, `${field}.end`)
  if (end < start) throw outOfRange(`${field}.end`, `at least ${start}`, end)
  return { start, end }
}

/** The family of a rule's options. */
export function familyOfRule({ family: chosen, from, to }: RuleOptions): Family {
  const explicit = checkFamily(chosen)
  const prefixes = [
    ...(from === undefined ? [] : [parsePrefix(from, 'from', explicit)]),
    ...(to === undefined ? [] : [parsePrefix(to, 'to', explicit)]),
  ]
  const [first, second] = prefixes
  if (first !== undefined && second !== undefined && first.family !== second.family) {
    throw wrongValue('to', `of the family of "from"`, to)
  }
  return explicit ?? first?.family ?? 'ipv4'
}

/** The header and attributes of a message with the options. */
export function ruleContent(options: RuleOptions, adding: boolean): { header: object; attributes: object } {
  checkKeys(options, ruleGivenKeys)
  const { from, to, tos, invert = false, goto } = options
  const of = familyOfRule(options)
  const source = from === undefined ? undefined : parsePrefix(from, 'from')
  const destination = to === undefined ? undefined : parsePrefix(to, 'to')
  if (typeof invert !== 'boolean') throw wrongType('invert', 'a boolean', invert)
  const does =
    options.action ?? (goto !== undefined ? 'goto' : adding || options.table !== undefined ? 'table' : 'unspec')
  // A VRF's rule looks in the VRF's table, so it names none.
  const where = options.table ?? (adding && does === 'table' && options.l3mdev !== true ? 'main' : undefined)
  const text = (prefix: string | undefined): string | undefined => prefix?.replace(/\/.*/, '')
  const attributes: Record<string, unknown> = {
    // A prefix of length 0 matches everything, as without the attribute.
    from: source?.length === 0 ? undefined : text(from),
    to: destination?.length === 0 ? undefined : text(to),
    table: where,
    sourcePorts: checkRange(options.sourcePorts, 'sourcePorts'),
    destinationPorts: checkRange(options.destinationPorts, 'destinationPorts'),
  }
  for (const key of direct) attributes[key] = options[key]
  // The kernel refuses a false l3mdev.
  if (options.l3mdev === false) attributes.l3mdev = undefined
  if (adding && options.flowLabel !== undefined) attributes.flowLabelMask ??= allBits.flowLabelMask
  attributes.uids = checkUids(options.uids)
  attributes.unknown = (options as Partial<Rule>).unknown
  return {
    header: {
      family: of,
      srcLength: source?.length ?? 0,
      dstLength: destination?.length ?? 0,
      tos,
      action: does,
      flags: invert ? ['invert'] : [],
    },
    attributes,
  }
}

// The most familiar fields come first.
const told = ['priority', 'family', 'invert', 'from', 'to', 'mark', 'markMask', 'iif', 'oif', 'table'] as const

/** The description of a rule in errors: all its options. */
export function aboutRule(options: RuleOptions): string {
  const parts = ['rule']
  for (const name of new Set<keyof RuleOptions>([...told, ...ruleFields])) {
    const value = options[name]
    if (value === undefined) continue
    parts.push(`${name} ${typeof value === 'object' ? `${value.start}-${value.end ?? value.start}` : String(value)}`)
  }
  return parts.join(' ')
}
