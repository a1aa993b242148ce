// What the verbs `ensure` have in common: make it so, or find that it is so. What is there and is not so stays as it is, and
// the error says in what it differs.
import { systemError, type NetloomError } from '../errors'
import { errnoNumber } from '../errno'
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import type { Message } from './message'
import type { Answers, Operation, Step } from './operation'

/** What `ensure` came to. */
export interface Ensured<T> {
  /** Whether it was made; false: it was there. */
  readonly made: boolean
  /** What is there now, as `get` tells it. */
  readonly value: T
}

const EEXIST = errnoNumber('EEXIST') ?? 0
/** Of a message that makes something: it is there already. */
export const isThere: ReadonlySet<number> = new Set([EEXIST])

/** Verb, namespace and object, for errors. */
export interface Ensuring {
  readonly name: string
  /** A NETLINK_ family. */
  readonly protocol: number
  readonly netns: NetnsReference
  readonly about: string
  readonly cause?: Operation<unknown>['cause']
}

/** A step that makes an object with one message, unless it is there. */
export function making({ netns }: Ensuring, request: Message, inverse: number): Step {
  return { netns, messages: [request], ending: Ending.ack, tolerate: isThere, ensures: true, inverse }
}

/** A step that looks at what is there: by a dump, or at one object. */
export function querying(
  netns: NetnsReference,
  request: Message,
  ending: typeof Ending.dump | typeof Ending.reply,
): Step {
  return { netns, messages: [request], ending }
}

/** Steps, of which the first may find that what the operation makes is there. */
export function ensuring<T>(
  { name, protocol, netns, about, cause }: Ensuring,
  steps: readonly Step[],
  result: (answers: Answers) => Ensured<T>,
): Operation<Ensured<T>> {
  return { name, protocol, lane: Lane.mutation, netns, steps, about, cause, result }
}

/** In what something that is there is not as it should be. */
export interface Difference {
  readonly field: string
  readonly there: unknown
  readonly wanted: unknown
}

/** What is there is not so. */
export function conflict({ name, netns, about }: Ensuring, { field, there, wanted }: Difference): NetloomError {
  const detail = `what is there differs in "${field}": ${show(there)} instead of ${show(wanted)}`
  return systemError({ operation: name, netns: netns.label, errno: EEXIST, about, detail })
}

/** It was there, or made, and is gone again. */
export function vanished({ name, netns, about }: Ensuring): NetloomError {
  const detail = 'somebody has removed it meanwhile'
  return systemError({ operation: name, netns: netns.label, errno: errnoNumber('ENOENT') ?? 0, about, detail })
}

/** A value, in words for an error. */
export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}
