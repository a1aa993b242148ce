// Shared by all rtnetlink resources: message types (linux/rtnetlink.h), and the shapes of their operations.
import { NETLINK, NLM_F } from '../netlink/constants'
import { encodeMessage, type Layout, type Message, type MessageContent } from '../netlink/message'
import { byte, type Condition } from '../netlink/rollback/pattern'
import { Shapes } from '../netlink/shapes'
import { AF_INET, AF_INET6 } from '../wire/ip'
import type { AttributeTable } from '../wire/attributes'
import type { Fields } from '../wire/struct'

/** Message types (RTM_). */
export const RTM = {
  NEWLINK: 16,
  DELLINK: 17,
  GETLINK: 18,
  SETLINK: 19,
  NEWADDR: 20,
  DELADDR: 21,
  GETADDR: 22,
  NEWROUTE: 24,
  DELROUTE: 25,
  GETROUTE: 26,
  NEWNEIGH: 28,
  DELNEIGH: 29,
  GETNEIGH: 30,
  NEWRULE: 32,
  DELRULE: 33,
  GETRULE: 34,
  NEWNSID: 88,
  DELNSID: 89,
  GETNSID: 90,
  NEWLINKPROP: 108,
  DELLINKPROP: 109,
  GETVLAN: 114,
} as const

type TypeName = keyof typeof RTM

/** A message of rtnetlink; see `encodeMessage`. */
export function message<H extends Fields, A extends AttributeTable>(
  type: TypeName,
  layout: Layout<H, A>,
  content: MessageContent<H, A>,
): Message {
  return encodeMessage(layout, `RTM_${type}`, RTM[type], content)
}

/** USER_HZ: the unit of times in rtnetlink. */
export const ticksPerSecond = 100

/** Flags of a request to create an object: those of `ip … add`, `replace`, `change`, `append`, `prepend`. */
export const Mode = {
  add: NLM_F.CREATE | NLM_F.EXCL,
  replace: NLM_F.CREATE | NLM_F.REPLACE,
  change: NLM_F.REPLACE,
  append: NLM_F.CREATE | NLM_F.APPEND,
  prepend: NLM_F.CREATE,
} as const

/** The netlink protocol. */
export const protocol = NETLINK.ROUTE

/** The shapes of rtnetlink's operations. */
export const { change, flush, dump, query } = new Shapes(protocol)
export { only, type QueryLane, type Rollback } from '../netlink/shapes'

/** Matches objects of IPv4 and IPv6, by the first byte of the header: a dump of all families may have others. */
export const ofIP: Condition = [AF_INET, AF_INET6].map((family) => ({ header: 0, value: byte(family) }))
