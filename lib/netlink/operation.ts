// What a verb of a resource is before it is carried out: messages for one or several namespaces, in steps, and how their
// answers become a result. Making one sends nothing, so it can be carried out alone or in a batch.
import { isNotFound, notFoundCodes, type NetloomError } from '../errors'
import { errnoNumber } from '../errno'
import type { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import type { Message, Received } from './message'
import type { Pattern } from './rollback/pattern'
import type { UndoRecipe } from './rollback/recipe'

/** Messages that go to one namespace in one piece. A later step is sent only if all of this one succeeded. */
export interface Step {
  readonly netns: NetnsReference
  readonly messages: readonly Message[]
  readonly ending: Ending
  /** Errnos that mean that what was asked for is so already: of an object that is gone, in a flush. */
  readonly tolerate?: ReadonlySet<number> | undefined
  /** Sent, to its own namespace, if a later step fails: takes back what this one did. */
  readonly undo?: { readonly netns: NetnsReference; readonly message: Message } | undefined
  /**
   * The type of the message that takes this one message back: what an RTM_NEWADDR adds, an RTM_DELADDR with the same
   * content removes. Steps that have it do not depend on one another's answers, and may be sent together.
   */
  readonly inverse?: number | undefined
  /** How what was there before this one message is found and brought back; asked only where it may have to be. */
  readonly before?: (() => Before) | undefined
  /** Its one message asks for a dump, and what the dump finds is removed. */
  readonly flush?: Flush | undefined
  /** What the kernel drops because of it, and is brought back; asked only where it may have to be. */
  readonly sideEffects?: (() => readonly SideEffect[]) | undefined
  /** The kernel must see all its messages at once, as a batch of nftables. Default: in as many pieces as fit the socket. */
  readonly undivided?: boolean | undefined
  /** Nothing can take it back. */
  readonly lasting?: boolean | undefined
  /**
   * What the operation makes may be there already: a tolerated refusal says so, or an object that a flush finds, and does
   * not remove then. If the first step says so, those that would change something are passed over.
   */
  readonly ensures?: boolean | undefined
  /**
   * Its one message looks at an object, which has to be as the pattern of `flush` says, and is left alone: else the step
   * fails with `EOPNOTSUPP`, and this tells what the object lacks.
   */
  readonly expects?: ((object: Received) => string | undefined) | undefined
  /** It only looks at what the steps before it made, for the operation's result. Only the last step may have it. */
  readonly readsBack?: boolean | undefined
}

/** How what was there before a change is found, by the answer to `lookup`, and brought back. */
export interface Before {
  readonly recipe: UndoRecipe
  readonly lookup: Message
}

/** What is removed of the objects that a dump finds. */
export interface Flush {
  readonly pattern: Pattern
  readonly recipe: UndoRecipe
  /** The name of the message that removes one, for errors: `RTM_DELROUTE`. */
  readonly name: string
  /** The last ones first. Default: false. */
  readonly backwards?: boolean
  /** Only the first one, and `ENOENT` if there is none. Default: all, and none is no error. */
  readonly firstOnly?: boolean
  /** A dump in which they are among those that stay, for their places. Default: the dump that finds them. */
  readonly among?: (() => Message) | undefined
}

/** What the kernel drops because of a change. */
export interface SideEffect {
  /** A dump or a look-up that finds it. */
  readonly lookup: Message
  readonly pattern: Pattern
  readonly recipe: UndoRecipe
  /** With a recipe for settings: a change that names those that are brought back. */
  readonly model?: Message
  /** A rollback removes what is left of it before it makes it again. Default: false. */
  readonly removeFirst?: boolean
}

/** One call of the public face, such as `links.add`. */
export interface Operation<Result> {
  /** As the caller knows it: `links.add`. */
  readonly name: string
  /** A NETLINK_ family. */
  readonly protocol: number
  readonly lane: Lane
  readonly netns: NetnsReference
  readonly steps: readonly Step[]
  /** Words for an error: what it was about. */
  readonly about?: string | undefined
  /** What a refusal probably means in terms of the options, for the error's message. */
  readonly cause?: ((refused: Refused) => string | undefined) | undefined
  /** Makes the result of what the kernel answered; acknowledgements are not among it. */
  result(answers: Answers): Result
  /** Errnos of failures that are none to the caller: `recover` makes a result of them, and a batch goes on. */
  readonly forgives?: ReadonlySet<number> | undefined
  /** Makes a result of an error that is none to the caller, or throws it. */
  readonly recover?: ((error: unknown) => Result) | undefined
}

/** A message that the kernel refused. */
export interface Refused {
  readonly errno: number
  readonly kernelMessage: string | undefined
  readonly message: Message
}

/** The kernel's answers to an operation. */
export interface Answers {
  /** Calls `each` for every message that answers a step. */
  forEach(step: number, each: (message: Received) => void): void
  /** Whether a step was refused, which it tolerates. */
  isRefused(step: number): boolean
}

/** For operations without a result. */
export const nothing = (): void => undefined

/** Also what an operation has from its class. */
function whole<Result>(operation: Operation<Result>): Operation<Result> {
  const { name, protocol, lane, netns, steps, about, cause, forgives, recover } = operation
  return {
    name,
    protocol,
    lane,
    netns,
    steps,
    about,
    cause,
    result: (answers) => operation.result(answers),
    forgives,
    recover,
  }
}

/** The same operation, with another result made of its own. */
export function map<From, To>(operation: Operation<From>, make: (result: From) => To): Operation<To> {
  const { recover } = operation
  return {
    ...whole(operation),
    result: (answers) => make(operation.result(answers)),
    recover: recover === undefined ? undefined : (error) => make(recover(error)),
  }
}

/** The same operation without the look at what it made, if that is all that its result is. */
export function unread(operation: Operation<unknown>): Operation<unknown> {
  const { steps } = operation
  if (steps.at(-1)?.readsBack !== true) return operation
  return { ...whole(operation), steps: steps.slice(0, -1), result: nothing, recover: undefined }
}

/** One operation and then another one, for one namespace, with a result made of that of the second. */
export function followedBy<First, Second, Result>(
  first: Operation<First>,
  second: Operation<Second>,
  make: (result: Second) => Result,
): Operation<Result> {
  const ahead = first.steps.length
  return {
    ...whole(first),
    steps: [...first.steps, ...second.steps],
    result: (answers) =>
      make(
        second.result({
          forEach: (step, each) => {
            answers.forEach(step + ahead, each)
          },
          isRefused: (step) => answers.isRefused(step + ahead),
        }),
      ),
    recover: undefined,
  }
}

const nothingThere: ReadonlySet<number> = new Set(notFoundCodes.map((code) => errnoNumber(code) ?? 0))

/** The same operation, which gives undefined where there is nothing of what it asks for. */
export function ifThere<Result>(operation: Operation<Result>): Operation<Result | undefined> {
  return {
    ...whole(operation),
    forgives: nothingThere,
    recover(error) {
      if (isNotFound(error)) return undefined
      throw error as NetloomError
    },
  }
}
