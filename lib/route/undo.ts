// How changes of rtnetlink are taken back when a batch is rolled back: what tells one object of a resource from another, and
// what of it the kernel only reports.
import { NLM_F } from '../netlink/constants'
import type { HeaderRange, UndoRecipe } from '../netlink/undo_recipe'
import { AF_INET } from '../wire/ip'
import { Mode, RTM } from './rtnetlink'

// ifi_index: whatever the change calls the link, its old settings say which it is.
const index: HeaderRange = [4, 4]

/** Settings of a link get back the values that they had; the flags (ifi_flags) are those of the header. */
export const linkSettings: UndoRecipe = {
  mode: 'settings',
  headerSize: 16,
  oldHeader: [index, [8, 4]],
  dropped: [53], // IFLA_ALT_IFNAME
}

/** Some settings of a link, those that it has; not its flags. */
export const linkAttributesThere: UndoRecipe = { mode: 'settings', headerSize: 16, onlyWhatIsThere: true }

/** The same with some of its flags. */
export const linkSettingsThere: UndoRecipe = { ...linkSettings, onlyWhatIsThere: true }

/** The index of the device, in struct ifaddrmsg and struct ndmsg. */
const device: HeaderRange = [4, 4]

/** An address (struct ifaddrmsg) that goes. */
export const anyAddress: UndoRecipe = {
  mode: 'object',
  headerSize: 8,
  makeType: RTM.NEWADDR,
  makeFlags: Mode.add,
  removeType: RTM.DELADDR,
}

/** An address that is named: by family, length of the prefix, device, and the address itself. */
function namedAddress(family: 'ipv4' | 'ipv6', anyLength: boolean): UndoRecipe {
  return {
    ...anyAddress,
    sameHeader: [[0, anyLength ? 1 : 2], device],
    // IFA_LOCAL, IFA_ADDRESS; IPv6 tells only the latter.
    same: family === 'ipv6' ? [1] : [2, 1],
  }
}

/** An address that is deleted, by as much as was said of it. */
export function deletedAddress(family: 'ipv4' | 'ipv6', said: { readonly length: boolean }): UndoRecipe {
  return { ...namedAddress(family, !said.length), absentIsAny: true }
}

/** An address that another one replaces. */
export function replacedAddress(family: 'ipv4' | 'ipv6'): UndoRecipe {
  return { ...namedAddress(family, false), makeFlags: Mode.replace, replaces: true }
}

const RTNH_F_ONLINK = 4
/** USER_HZ: the kernel tells rta_expires in it. */
const ticksPerSecond = 100

/** A route (struct rtmsg) that goes. */
export const anyRoute: UndoRecipe = {
  mode: 'object',
  headerSize: 12,
  masked: [[8, RTNH_F_ONLINK]],
  dropped: [12, 17, 24], // RTA_CACHEINFO, RTA_MFC_STATS, RTA_PAD
  // RTA_NH_ID says it all; RTA_OIF, RTA_GATEWAY, RTA_MULTIPATH, RTA_VIA, RTA_ENCAP_TYPE, RTA_ENCAP are refused with it.
  instead: [4, 5, 9, 18, 21, 22].map((number) => [30, number] as const),
  maskedItems: [[9, 2, RTNH_F_ONLINK]], // rtnh_flags of RTA_MULTIPATH
  expiry: [12, 8, ticksPerSecond, 23], // rta_expires of RTA_CACHEINFO, RTA_EXPIRES
  makeType: RTM.NEWROUTE,
  makeFlags: Mode.append,
  removeType: RTM.DELROUTE,
  // Of IPv4 routes to one destination, with one tos, RTA_PRIORITY and table, the first one counts.
  alike: { family: AF_INET, header: [[0, 4]], attributes: [1, 6, 15] },
}

/** A route that another one replaces: of one family, destination, source and tos, and RTA_PRIORITY. */
export const replacedRoute: UndoRecipe = {
  ...anyRoute,
  sameHeader: [[0, 4]],
  same: [1, 6],
  makeFlags: Mode.replace,
  replaces: true,
}

/** A route that is deleted, by as much as was said of it. */
export function deletedRoute(said: { readonly type: boolean; readonly protocol: boolean }): UndoRecipe {
  const sameHeader: HeaderRange[] = [[0, 4]]
  if (said.protocol) sameHeader.push([5, 1])
  if (said.type) sameHeader.push([7, 1])
  // RTA_DST, RTA_SRC, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_FLOW, RTA_VIA, RTA_NH_ID
  return { ...anyRoute, sameHeader, same: [1, 2, 4, 5, 6, 7, 11, 18, 30], absentIsAny: true }
}

// Of the word with ndm_state, ndm_flags and ndm_type: not NUD_INCOMPLETE and NUD_FAILED, which would wait for an answer that
// nobody asks for any more; not NTF_USE and NTF_OFFLOADED.
const neighborBits = 0xffde00de

/** A neighbor (struct ndmsg) that goes. */
export const anyNeighbor: UndoRecipe = {
  mode: 'object',
  headerSize: 12,
  masked: [[8, neighborBits]],
  dropped: [3, 4], // NDA_CACHEINFO, NDA_PROBES
  makeType: RTM.NEWNEIGH,
  makeFlags: Mode.replace,
  removeType: RTM.DELNEIGH,
}

/** A neighbor that is deleted: by family, device and address. The kernel looks up just this one. */
export const deletedNeighbor: UndoRecipe = { ...anyNeighbor, sameHeader: [[0, 1], device], same: [1] }

/** A neighbor that another one replaces. */
export const replacedNeighbor: UndoRecipe = { ...deletedNeighbor, replaces: true }

const FIB_RULE_INVERT = 2

/** A rule (struct fib_rule_hdr) that goes. */
export const anyRule: UndoRecipe = {
  mode: 'object',
  headerSize: 12,
  masked: [[8, FIB_RULE_INVERT]],
  dropped: [18], // FRA_PAD
  makeType: RTM.NEWRULE,
  makeFlags: NLM_F.CREATE, // there may be two of the same
  removeType: RTM.DELRULE,
  // Rules of one FRA_PRIORITY are tried one after another.
  alike: { family: 0, header: [[0, 1]], attributes: [6] },
  // What every kernel compares (rule_find of net/core/fib_rules.c), and neither FIB_RULE_INVERT nor FRA_GOTO.
  selecting: {
    header: [1, 2, 3, 7].map((at) => [at, 1] as const), // dst_len, src_len, tos, action
    // From FRA_DST to FRA_IIFNAME, FRA_PRIORITY, FRA_FWMARK, from FRA_TUN_ID to FRA_OIFNAME, from FRA_L3MDEV to FRA_DPORT_RANGE
    attributes: [1, 2, 3, 6, 10, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22, 23, 24],
  },
}

/** A rule that is deleted: the first that has all that was said of it. */
export function deletedRule(said: {
  readonly from: boolean
  readonly to: boolean
  readonly tos: boolean
  readonly action: boolean
}): UndoRecipe {
  const sameHeader: HeaderRange[] = [[0, 1]]
  if (said.to) sameHeader.push([1, 1])
  if (said.from) sameHeader.push([2, 1])
  if (said.tos) sameHeader.push([3, 1])
  if (said.action) sameHeader.push([7, 1])
  const same = Array.from({ length: 30 }, (_, i) => i + 1).filter((number) => number !== 18) // all but FRA_PAD
  return { ...anyRule, sameHeader, same, absentIsAny: true }
}
