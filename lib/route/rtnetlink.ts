// What all rtnetlink resources share: message types (linux/rtnetlink.h), and the three shapes that their verbs have.
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { NETLINK, NLM_F } from '../netlink/constants'
import { encodeMessage, type Layout, type Message, type MessageContent, type Received } from '../netlink/message'
import { nothing, type Operation, type Step, type Sweep } from '../netlink/operation'
import { byte, type Condition } from '../netlink/pattern'
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

/** How a new object relates to one that is there: the flags of `ip … add`, `replace`, `change`, `append`, `prepend`. */
export const Mode = {
  add: NLM_F.CREATE | NLM_F.EXCL,
  replace: NLM_F.CREATE | NLM_F.REPLACE,
  change: NLM_F.REPLACE,
  append: NLM_F.CREATE | NLM_F.APPEND,
  prepend: NLM_F.CREATE,
} as const

/** How a change of one message is taken back. */
export type WayBack = Pick<Step, 'inverse' | 'before' | 'along' | 'lasting'>

/** A change in one message, or in several steps; `about` tells errors what it was about. */
export function change(
  name: string,
  netns: NetnsReference,
  what: Message | readonly Step[],
  about?: string,
  lane: Lane = Lane.mutation,
  back: WayBack = noWayBack,
  cause?: Operation<void>['cause'],
): Operation<void> {
  return 'bytes' in what
    ? new SmallChange(name, netns, what, about, lane, back, cause)
    : { name, protocol: NETLINK.ROUTE, lane, netns, steps: what, about, cause, result: nothing }
}

const noWayBack: WayBack = {}

/** A change in one message. A batch may hold a million of them, so it keeps no more than it must until it is sent. */
class SmallChange implements Operation<void> {
  constructor(
    readonly name: string,
    readonly netns: NetnsReference,
    private readonly message: Message,
    readonly about: string | undefined,
    readonly lane: Lane,
    private readonly back: WayBack,
    readonly cause: Operation<void>['cause'],
  ) {}

  get protocol(): number {
    return NETLINK.ROUTE
  }

  get steps(): readonly Step[] {
    const { netns, message } = this
    return [Object.assign({ netns, messages: [message], ending: Ending.ack }, this.back)]
  }

  get result(): () => void {
    return nothing
  }
}

/** Removes all objects that a dump finds and a pattern lets through. */
export function flush(
  name: string,
  netns: NetnsReference,
  request: Message,
  sweep: Sweep,
  more: Pick<Step, 'tolerate' | 'along'> = {},
): Operation<void> {
  const step: Step = { netns, messages: [request], ending: Ending.dump, sweep, ...more }
  return change(name, netns, [step])
}

/** Objects of IPv4 and IPv6, by the first byte of the header: a dump of all families may have others. */
export const ofIP: Condition = [AF_INET, AF_INET6].map((family) => ({ header: 0, value: byte(family) }))

/** Which lane a look takes: looks at links wait for the kernel's rtnl lock, the others do not. */
export type LookLane = typeof Lane.look | typeof Lane.read

/** A dump: all objects that the request lets through, made by `decode`; those it gives undefined for are left out. */
export function dump<T>(
  name: string,
  netns: NetnsReference,
  lane: LookLane,
  request: Message,
  decode: (received: Received) => T | undefined,
  tolerate?: ReadonlySet<number>,
): Operation<T[]> {
  return {
    name,
    protocol: NETLINK.ROUTE,
    lane,
    netns,
    steps: [{ netns, messages: [request], ending: Ending.dump, tolerate }],
    result(answers) {
      const found: T[] = []
      answers.forEach(0, (received) => {
        const object = decode(received)
        if (object !== undefined) found.push(object)
      })
      return found
    },
  }
}

/** A look at one object, which the kernel answers with one message. */
export function look<T>(
  name: string,
  netns: NetnsReference,
  lane: LookLane,
  request: Message,
  decode: (received: Received) => T | undefined,
  about?: string,
): Operation<T> {
  return {
    name,
    protocol: NETLINK.ROUTE,
    lane,
    netns,
    steps: [{ netns, messages: [request], ending: Ending.reply }],
    about,
    result: (answers) => only(answers, 0, decode),
  }
}

/** The first object among the answers to a step. */
export function only<T>(
  answers: { forEach(step: number, each: (message: Received) => void): void },
  step: number,
  decode: (received: Received) => T | undefined,
): T {
  let found: T | undefined
  answers.forEach(step, (received) => {
    found ??= decode(received)
  })
  if (found === undefined) throw new Error('the kernel gave an answer without the object that was asked for')
  return found
}
