// The shapes that most operations of a family have: a change, a dump, a query for one object, the removal of what a dump finds.
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import type { Message, Received } from './message'
import { nothing, type Answers, type Operation, type Step, type Flush } from './operation'

/** How a change of one message is taken back. */
export type Rollback = Pick<Step, 'inverse' | 'before' | 'sideEffects' | 'lasting' | 'undo'>

/** Which lane a query takes: queries for links wait for the kernel's rtnl lock, the others do not. */
export type QueryLane = typeof Lane.query | typeof Lane.read

/** Makes an object of a message; undefined leaves it out. */
export type Decode<T> = (received: Received) => T | undefined

const noRollback: Rollback = {}

/** A change in one message. A batch may hold a million of them, so it keeps no more than it must until it is sent. */
class SmallChange implements Operation<void> {
  constructor(
    readonly protocol: number,
    readonly name: string,
    readonly netns: NetnsReference,
    private readonly message: Message,
    readonly about: string | undefined,
    readonly lane: Lane,
    private readonly rollback: Rollback,
    readonly cause: Operation<void>['cause'],
  ) {}

  get steps(): readonly Step[] {
    const { netns, message } = this
    return [Object.assign({ netns, messages: [message], ending: Ending.ack }, this.rollback)]
  }

  get result(): () => void {
    return nothing
  }
}

/** The first object among the answers to a step. */
export function only<T>(answers: Pick<Answers, 'forEach'>, step: number, decode: Decode<T>): T {
  let found: T | undefined
  answers.forEach(step, (received) => {
    found ??= decode(received)
  })
  if (found === undefined) throw new Error('the kernel gave an answer without the object that was asked for')
  return found
}

/** All objects among the answers to a step. */
export function all<T>(answers: Pick<Answers, 'forEach'>, step: number, decode: Decode<T>): T[] {
  const found: T[] = []
  answers.forEach(step, (received) => {
    const object = decode(received)
    if (object !== undefined) found.push(object)
  })
  return found
}

/** The shapes of operations of a protocol (NETLINK_). */
export class Shapes {
  readonly protocol: number

  constructor(protocol: number) {
    this.protocol = protocol
  }

  /** A change in one message, or in several steps; `about` tells errors what it was about. */
  readonly change = (
    name: string,
    netns: NetnsReference,
    what: Message | readonly Step[],
    about?: string,
    lane: Lane = Lane.mutation,
    rollback: Rollback = noRollback,
    cause?: Operation<void>['cause'],
  ): Operation<void> => {
    const { protocol } = this
    return 'bytes' in what
      ? new SmallChange(protocol, name, netns, what, about, lane, rollback, cause)
      : { name, protocol, lane, netns, steps: what, about, cause, result: nothing }
  }

  /** Removes all objects that a dump finds and a pattern lets through. */
  readonly flush = (
    name: string,
    netns: NetnsReference,
    request: Message,
    flush: Flush,
    more: Pick<Step, 'tolerate' | 'sideEffects'> = {},
  ): Operation<void> => {
    const step: Step = { netns, messages: [request], ending: Ending.dump, flush, ...more }
    return this.change(name, netns, [step])
  }

  /** A dump: all objects that the request lets through, made by `decode`. */
  readonly dump = <T>(
    name: string,
    netns: NetnsReference,
    lane: QueryLane,
    request: Message,
    decode: Decode<T>,
    tolerate?: ReadonlySet<number>,
  ): Operation<T[]> => ({
    name,
    protocol: this.protocol,
    lane,
    netns,
    steps: [{ netns, messages: [request], ending: Ending.dump, tolerate }],
    result: (answers) => all(answers, 0, decode),
  })

  /** A query for one object, which the kernel answers with one message. */
  readonly query = <T>(
    name: string,
    netns: NetnsReference,
    lane: QueryLane,
    request: Message,
    decode: Decode<T>,
    about?: string,
  ): Operation<T> => ({
    name,
    protocol: this.protocol,
    lane,
    netns,
    steps: [{ netns, messages: [request], ending: Ending.reply }],
    about,
    result: (answers) => only(answers, 0, decode),
  })
}
