// How changes of rtnetlink are taken back when a batch is rolled back: what tells one object of a resource from another, and
// what of it the kernel only reports.
import type { HeaderRange, UndoRecipe } from '../netlink/undo_recipe'
import { RTM } from './rtnetlink'

/** Settings of a link get back the values that they had; the flags (ifi_flags) are those of the header. */
export const linkSettings: UndoRecipe = { mode: 'settings', headerSize: 16, oldHeader: [[8, 4]] }

/** The index of the device, in struct ifaddrmsg and struct ndmsg. */
const device: HeaderRange = [4, 4]

/** An address (struct ifaddrmsg): family, length of the prefix and device, and the address itself. */
export function addressObject(
  family: 'ipv4' | 'ipv6',
  { removes, anyLength = false }: { readonly removes: boolean; readonly anyLength?: boolean },
): UndoRecipe {
  return {
    mode: 'object',
    headerSize: 8,
    sameHeader: [[0, anyLength ? 1 : 2], device],
    // IFA_LOCAL, IFA_ADDRESS; IPv6 tells only the latter.
    same: family === 'ipv6' ? [1] : [2, 1],
    absentIsAny: removes,
    makeType: RTM.NEWADDR,
    ...(removes ? {} : { removeType: RTM.DELADDR }),
  }
}

const RTNH_F_ONLINK = 4

/** A route (struct rtmsg) that another one replaces: of one family, destination, source and tos, and RTA_PRIORITY. */
export const replacedRoute: UndoRecipe = {
  mode: 'object',
  headerSize: 12,
  sameHeader: [[0, 4]],
  same: [1, 6],
  masked: [[8, RTNH_F_ONLINK]],
  dropped: [12, 17, 24], // RTA_CACHEINFO, RTA_MFC_STATS, RTA_PAD
  makeType: RTM.NEWROUTE,
  removeType: RTM.DELROUTE,
}

/** A route that is deleted, by as much as was said of it. */
export function deletedRoute(said: { readonly type: boolean; readonly protocol: boolean }): UndoRecipe {
  const { removeType: _, ...route } = replacedRoute
  const sameHeader: HeaderRange[] = [[0, 4]]
  if (said.protocol) sameHeader.push([5, 1])
  if (said.type) sameHeader.push([7, 1])
  // RTA_DST, RTA_SRC, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_FLOW, RTA_VIA, RTA_NH_ID
  return { ...route, sameHeader, same: [1, 2, 4, 5, 6, 7, 11, 18, 30], absentIsAny: true }
}

/** A neighbor (struct ndmsg) that is deleted: family, device and address. The kernel looks up just this one. */
export const deletedNeighbor: UndoRecipe = {
  mode: 'object',
  headerSize: 12,
  sameHeader: [[0, 1], device],
  same: [1],
  dropped: [3, 4], // NDA_CACHEINFO, NDA_PROBES
  makeType: RTM.NEWNEIGH,
}

/** A neighbor that another one replaces. */
export const replacedNeighbor: UndoRecipe = { ...deletedNeighbor, removeType: RTM.DELNEIGH }

const FIB_RULE_INVERT = 2

/** A rule (struct fib_rule_hdr) that is deleted: the first that has all that was said of it. */
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
  return {
    mode: 'object',
    headerSize: 12,
    sameHeader,
    same: Array.from({ length: 30 }, (_, i) => i + 1).filter((number) => number !== 18), // all but FRA_PAD
    absentIsAny: true,
    masked: [[8, FIB_RULE_INVERT]],
    dropped: [18],
    makeType: RTM.NEWRULE,
  }
}
