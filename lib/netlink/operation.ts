// What a verb of a resource is before it is carried out: messages for one or several namespaces, in steps, and how their
// answers become a result. Making one sends nothing.
import type { Ending, Lane } from '../native/addon'
import type { NetnsHandle } from '../native/netns_handle'
import type { Message, Received } from './message'

/** Messages that go to one namespace in one piece. A later step is sent only if all of this one succeeded. */
export interface Step {
  readonly netns: NetnsHandle
  readonly messages: readonly Message[]
  readonly ending: Ending
  /** Errnos that mean that what was asked for is so already: of an object that is gone, in a flush. */
  readonly tolerate?: ReadonlySet<number> | undefined
  /** Sent, to its own namespace, if a later step fails: takes back what this one did. */
  readonly undo?: { readonly netns: NetnsHandle; readonly message: Message } | undefined
}

/** One call of the public face, such as `links.add`. */
export interface Operation<Result> {
  /** As the caller knows it: `links.add`. */
  readonly name: string
  /** A NETLINK_ family. */
  readonly protocol: number
  readonly lane: Lane
  readonly netns: NetnsHandle
  readonly steps: readonly Step[]
  /** Words for an error: what it was about. */
  readonly about?: string | undefined
  /** Makes the result of what the kernel answered; acknowledgements are not among it. */
  result(answers: Answers): Result
}

/** The kernel's answers to an operation. */
export interface Answers {
  /** Calls `each` for every message that answers a step. */
  forEach(step: number, each: (message: Received) => void): void
}

/** For operations without a result. */
export const nothing = (): void => undefined
