// The recipes by which a batch undoes changes of rtnetlink objects: the fields that identify an object, and those that the kernel
// only reports.
import { NLM_F } from '../../netlink/constants'
import { attributeNumber, numbersOf, offsetOf, rangeOf, rangesOf } from '../../netlink/rollback/offsets'
import type { UndoRecipe } from '../../netlink/rollback/recipe'
import { AF_INET } from '../../wire/ip'
import { addressLayout } from '../address_attributes'
import { linkLayout } from '../link_attributes'
import { neighborLayout } from '../neighbor_attributes'
import { cacheInfo, hopFlags, routeLayout, rtnexthop } from '../route_attributes'
import { ruleFlags, ruleLayout } from '../rule_attributes'
import { Mode, RTM, ticksPerSecond } from '../rtnetlink'

const { header: ifinfomsg, attributes: link } = linkLayout
const { header: ifaddrmsg, attributes: address } = addressLayout
const { header: rtmsg, attributes: route } = routeLayout
const { header: ndmsg, attributes: neighbor } = neighborLayout
const { header: ruleHeader, attributes: rule } = ruleLayout

/** Restores settings of a link to their old values, with the flags (ifi_flags) of the header. */
export const linkSettings: UndoRecipe = {
  mode: 'settings',
  headerSize: ifinfomsg.size,
  // By the index of the old settings, as the change may have given the link another name.
  oldHeader: rangesOf(ifinfomsg, 'ifi_index', 'ifi_flags'),
  dropped: numbersOf(link, 'ALT_IFNAME'),
}

/** Restores those settings that the link has; not its flags. */
export const linkAttributesThere: UndoRecipe = { mode: 'settings', headerSize: ifinfomsg.size, onlyWhatIsThere: true }

/** The same with some of its flags. */
export const linkSettingsThere: UndoRecipe = { ...linkSettings, onlyWhatIsThere: true }

/** An address (struct ifaddrmsg) that is removed. */
export const anyAddress: UndoRecipe = {
  mode: 'object',
  headerSize: ifaddrmsg.size,
  makeType: RTM.NEWADDR,
  makeFlags: Mode.add,
  removeType: RTM.DELADDR,
}

/** The address of a change: by family, prefix length, device, and the address itself. */
function namedAddress(family: 'ipv4' | 'ipv6', anyLength: boolean): UndoRecipe {
  return {
    ...anyAddress,
    sameHeader: rangesOf(ifaddrmsg, 'ifa_family', ...(anyLength ? [] : ['ifa_prefixlen']), 'ifa_index'),
    // IPv6 reports only the latter.
    same: family === 'ipv6' ? numbersOf(address, 'ADDRESS') : numbersOf(address, 'LOCAL', 'ADDRESS'),
  }
}

/** An address that is deleted, by the fields of the request. */
export function deletedAddress(family: 'ipv4' | 'ipv6', said: { readonly length: boolean }): UndoRecipe {
  return { ...namedAddress(family, !said.length), absentIsAny: true }
}

/** An address that another one replaces. */
export function replacedAddress(family: 'ipv4' | 'ipv6'): UndoRecipe {
  return { ...namedAddress(family, false), makeFlags: Mode.replace, replaces: true }
}

const [, RTNH_F_ONLINK] = hopFlags.names.onlink
// The offset of the nexthop's flags in a route's header.
const flagsAt = offsetOf(rtmsg, 'rtm_flags')
const toDestination = rangesOf(rtmsg, 'rtm_family', 'rtm_dst_len', 'rtm_src_len', 'rtm_tos')
/** A route (struct rtmsg) that is removed. */
export const anyRoute: UndoRecipe = {
  mode: 'object',
  headerSize: rtmsg.size,
  masked: [[flagsAt, RTNH_F_ONLINK]],
  dropped: numbersOf(route, 'CACHEINFO', 'MFC_STATS', 'PAD'),
  // The kernel refuses the others beside the id of a nexthop object.
  instead: numbersOf(route, 'OIF', 'GATEWAY', 'MULTIPATH', 'VIA', 'ENCAP_TYPE', 'ENCAP').map(
    (number) => [attributeNumber(route, 'NH_ID'), number] as const,
  ),
  maskedItems: [[attributeNumber(route, 'MULTIPATH'), offsetOf(rtnexthop, 'rtnh_flags'), RTNH_F_ONLINK]],
  expiry: [
    attributeNumber(route, 'CACHEINFO'),
    offsetOf(cacheInfo, 'rta_expires'),
    ticksPerSecond,
    attributeNumber(route, 'EXPIRES'),
  ],
  makeType: RTM.NEWROUTE,
  makeFlags: Mode.append,
  removeType: RTM.DELROUTE,
  // Of IPv4 routes to one destination, with one tos, metric and table, the kernel uses the first.
  alike: { family: AF_INET, header: toDestination, attributes: numbersOf(route, 'DST', 'PRIORITY', 'TABLE') },
}

/** A route that another one replaces: of one family, destination, source and tos, and RTA_PRIORITY. */
export const replacedRoute: UndoRecipe = {
  ...anyRoute,
  sameHeader: toDestination,
  same: numbersOf(route, 'DST', 'PRIORITY'),
  makeFlags: Mode.replace,
  replaces: true,
}

/** A route that is deleted, by the fields of the request. */
export function deletedRoute(said: { readonly type: boolean; readonly protocol: boolean }): UndoRecipe {
  const sameHeader = [...toDestination]
  if (said.protocol) sameHeader.push(rangeOf(rtmsg, 'rtm_protocol'))
  if (said.type) sameHeader.push(rangeOf(rtmsg, 'rtm_type'))
  return { ...anyRoute, sameHeader, same: sameRoute, absentIsAny: true }
}

const sameRoute = numbersOf(route, 'DST', 'SRC', 'OIF', 'GATEWAY', 'PRIORITY', 'PREFSRC', 'FLOW', 'VIA', 'NH_ID')

// The bits of ndm_state, ndm_flags and ndm_type that are restored: not NUD_INCOMPLETE and NUD_FAILED, in which the entry would
// wait for the answer to a request that is not sent again; not NTF_USE and NTF_OFFLOADED.
const neighborBits = 0xffde00de

/** A neighbor (struct ndmsg) that is removed. */
export const anyNeighbor: UndoRecipe = {
  mode: 'object',
  headerSize: ndmsg.size,
  masked: [[offsetOf(ndmsg, 'ndm_state'), neighborBits]],
  dropped: numbersOf(neighbor, 'CACHEINFO', 'PROBES'),
  makeType: RTM.NEWNEIGH,
  makeFlags: Mode.replace,
  removeType: RTM.DELNEIGH,
}

/** A neighbor that is deleted: by family, device and address. The kernel can look it up alone. */
export const deletedNeighbor: UndoRecipe = {
  ...anyNeighbor,
  sameHeader: rangesOf(ndmsg, 'ndm_family', 'ndm_ifindex'),
  same: numbersOf(neighbor, 'DST'),
}

/** A neighbor that another one replaces. */
export const replacedNeighbor: UndoRecipe = { ...deletedNeighbor, replaces: true }

const [, FIB_RULE_INVERT] = ruleFlags.names.invert

/** A rule (struct fib_rule_hdr) that is removed. */
export const anyRule: UndoRecipe = {
  mode: 'object',
  headerSize: ruleHeader.size,
  masked: [[offsetOf(ruleHeader, 'flags'), FIB_RULE_INVERT]],
  dropped: numbersOf(rule, 'PAD'),
  makeType: RTM.NEWRULE,
  makeFlags: NLM_F.CREATE, // without NLM_F_EXCL, as there may be two equal rules
  removeType: RTM.DELRULE,
  // Rules of one priority are tried one after another.
  alike: { family: 0, header: [rangeOf(ruleHeader, 'family')], attributes: numbersOf(rule, 'PRIORITY') },
  // The fields that every kernel compares (rule_find of net/core/fib_rules.c): neither FIB_RULE_INVERT nor FRA_GOTO.
  selecting: {
    header: ['dst_len', 'src_len', 'tos', 'action'].map((name) => rangeOf(ruleHeader, name)),
    attributes: numbersOf(
      rule,
      'DST',
      'SRC',
      'IIFNAME',
      'PRIORITY',
      'FWMARK',
      'TUN_ID',
      'SUPPRESS_IFGROUP',
      'SUPPRESS_PREFIXLEN',
      'TABLE',
      'FWMASK',
      'OIFNAME',
      'L3MDEV',
      'UID_RANGE',
      'PROTOCOL',
      'IP_PROTO',
      'SPORT_RANGE',
      'DPORT_RANGE',
    ),
  },
}

/** A rule that is deleted: the first that matches the fields of the request. */
export function deletedRule(said: {
  readonly from: boolean
  readonly to: boolean
  readonly tos: boolean
  readonly action: boolean
}): UndoRecipe {
  const sameHeader = [rangeOf(ruleHeader, 'family')]
  if (said.to) sameHeader.push(rangeOf(ruleHeader, 'dst_len'))
  if (said.from) sameHeader.push(rangeOf(ruleHeader, 'src_len'))
  if (said.tos) sameHeader.push(rangeOf(ruleHeader, 'tos'))
  if (said.action) sameHeader.push(rangeOf(ruleHeader, 'action'))
  return { ...anyRule, sameHeader, same: sameRule, absentIsAny: true }
}

// All types up to the last one, also those without a name here.
const mostAttributes = Math.max(...Object.values(rule.table).map(([, number]) => number))
const sameRule = Array.from({ length: mostAttributes }, (_, i) => i + 1).filter(
  (one) => one !== attributeNumber(rule, 'PAD'),
)
