// Verbs: what can be asked of a resource or a family, as operations that are not carried out yet. Carried out one by one they
// are asynchronous methods; noted in a batch they give entries.
import type { CallOptions } from '../native/jobs'
import { handleOf, type NetnsReference, type NetnsTarget } from '../native/netns_handle'
import { wrongType } from '../wire/invalid'
import type { Operation } from './operation'
import { perform } from './perform'

/** Makes an operation of a namespace and arguments, which it checks. */
export type AnyVerb = (netns: NetnsReference, ...args: never[]) => Operation<unknown>
/** Verbs by their names. */
export type Verbs = Readonly<Record<string, AnyVerb>>

type ArgumentsOf<Verb extends AnyVerb> = Parameters<Verb> extends [NetnsReference, ...infer Rest] ? Rest : never
type ResultOf<Verb extends AnyVerb> = ReturnType<Verb> extends Operation<infer Result> ? Result : never

/** What an operation of a batch came to, once the batch is committed. */
export interface BatchEntry<Result> {
  /** Its place in the results of `commit`. */
  readonly index: number
  /** Its result. Throws its error if it failed, and a NetloomError (`ERR_NETLOOM_NOT_COMMITTED`) before it is known. */
  readonly value: Result
}

/** Verbs of a batch, which note what is to be done instead of doing it. */
export type BatchVerbs<Its extends Verbs> = {
  readonly [Name in keyof Its]: (...args: ArgumentsOf<Its[Name]>) => BatchEntry<ResultOf<Its[Name]>>
}

/** Verbs that are carried out at once. */
export type Methods<Its extends Verbs> = {
  readonly [Name in keyof Its]: (
    ...args: [...ArgumentsOf<Its[Name]>, call?: CallOptions]
  ) => Promise<ResultOf<Its[Name]>>
}

/** Where verbs note: for one namespace, in one batch. */
export interface BatchScope {
  readonly netns: NetnsReference
  /** Throws if nothing can be noted any more. */
  readonly refuse: (operation: string) => void
  readonly note: (operation: Operation<unknown>) => BatchEntry<unknown>
}

/** Where the resources of one namespace in a batch keep what belongs to them: not for users, and not reachable by a string. */
export const scopeOf = Symbol('netloom.scope')

/** The resources of one namespace in a batch, as other verbs see them. */
export interface BatchTarget {
  /** @internal */
  readonly [scopeOf]: BatchScope
}

/**
 * Makes the class of a resource in a batch, once: a batch of one pod would spend more on functions than on the pod.
 */
export function batchVerbs<Its extends Verbs>(verbs: Its): (scope: BatchScope) => BatchVerbs<Its> {
  class Resource {
    readonly #scope: BatchScope

    constructor(scope: BatchScope) {
      this.#scope = scope
    }

    static {
      for (const [name, verb] of Object.entries(verbs)) {
        Object.defineProperty(this.prototype, name, {
          value: function (this: Resource, ...args: never[]): BatchEntry<unknown> {
            const { netns, refuse, note } = this.#scope
            refuse(name)
            return note(verb(netns, ...args))
          },
        })
      }
    }
  }
  return (scope) => new Resource(scope) as unknown as BatchVerbs<Its>
}

/** Makes the class whose methods carry verbs out, once; a method takes so many arguments before the options of the call. */
export function methods<Its extends Verbs>(
  verbs: Its,
  counts: Readonly<Record<keyof Its, number>>,
): (netns: NetnsReference) => Methods<Its> {
  class Resource {
    readonly #netns: NetnsReference

    constructor(netns: NetnsReference) {
      this.#netns = netns
    }

    static {
      for (const [name, verb] of Object.entries(verbs)) {
        const count = counts[name] ?? 0
        Object.defineProperty(this.prototype, name, {
          value: async function (this: Resource, ...args: unknown[]): Promise<unknown> {
            const own = args.slice(0, count) as never[]
            return perform(verb(this.#netns, ...own), args[count] as CallOptions | undefined)
          },
        })
      }
    }
  }
  return (netns) => new Resource(netns) as unknown as Methods<Its>
}

/** What verbs are for: a namespace, or one in a batch. */
export function targetOf(target: unknown, field: string): { netns: NetnsReference } | { scope: BatchScope } {
  const given = target as Partial<NetnsTarget & BatchTarget> | null | undefined
  const scope = given?.[scopeOf]
  if (scope !== undefined) return { scope }
  const netns = given?.[handleOf]
  if (netns === undefined) throw wrongType(field, 'a NetNs, or one in a batch', target)
  return { netns }
}
