// The verbs of a batch: those of the resources, noted instead of carried out.
import type { NetnsReference } from '../native/netns_handle'
import type { Operation } from '../netlink/operation'
import { addressVerbs, linkVerbs, neighborVerbs, routeVerbs, ruleVerbs } from '../route/verbs'

/** What an operation of a batch came to, once the batch is committed. */
export interface BatchEntry<Result> {
  /** Its place in the results of `commit`. */
  readonly index: number
  /** Its result. Throws its error if it failed, and a NetloomError (`ERR_NETLOOM_NOT_COMMITTED`) before it is known. */
  readonly value: Result
}

type AnyVerb = (netns: NetnsReference, ...args: never[]) => Operation<unknown>
type ArgumentsOf<Verb extends AnyVerb> = Parameters<Verb> extends [NetnsReference, ...infer Rest] ? Rest : never
type ResultOf<Verb extends AnyVerb> = ReturnType<Verb> extends Operation<infer Result> ? Result : never

/** The verbs of a resource, which note what is to be done instead of doing it. */
export type Noted<Verbs extends Record<string, AnyVerb>> = {
  readonly [Name in keyof Verbs]: (...args: ArgumentsOf<Verbs[Name]>) => BatchEntry<ResultOf<Verbs[Name]>>
}

/** The resources of one namespace in a batch: the verbs, options and checks of `NetNs`, without those of the call. */
export interface BatchNetNs {
  /** As `NetNs.links`. */
  readonly links: Noted<typeof linkVerbs>
  /** As `NetNs.addresses`. */
  readonly addresses: Noted<typeof addressVerbs>
  /** As `NetNs.routes`. */
  readonly routes: Noted<typeof routeVerbs>
  /** As `NetNs.neighbors`. */
  readonly neighbors: Noted<typeof neighborVerbs>
  /** As `NetNs.rules`. */
  readonly rules: Noted<typeof ruleVerbs>
}

/** Where verbs note: for one namespace, in one batch. */
export interface Place {
  readonly netns: NetnsReference
  /** Throws if nothing can be noted any more. */
  readonly refuse: (operation: string) => void
  readonly note: (operation: Operation<unknown>) => BatchEntry<unknown>
}

/** The resources of one namespace in a batch. */
export function notedResources(place: Place): BatchNetNs {
  return {
    links: links(place),
    addresses: addresses(place),
    routes: routes(place),
    neighbors: neighbors(place),
    rules: rules(place),
  }
}

// A class for each resource, made once: a batch of one pod would spend more on functions than on the pod.
function noted<Verbs extends Record<string, AnyVerb>>(verbs: Verbs): (place: Place) => Noted<Verbs> {
  class Resource {
    readonly #place: Place

    constructor(place: Place) {
      this.#place = place
    }

    static {
      for (const [name, verb] of Object.entries(verbs)) {
        Object.defineProperty(this.prototype, name, {
          value: function (this: Resource, ...args: never[]): BatchEntry<unknown> {
            const { netns, refuse, note } = this.#place
            refuse(name)
            return note(verb(netns, ...args))
          },
        })
      }
    }
  }
  return (place) => new Resource(place) as unknown as Noted<Verbs>
}

const links = noted(linkVerbs)
const addresses = noted(addressVerbs)
const routes = noted(routeVerbs)
const neighbors = noted(neighborVerbs)
const rules = noted(ruleVerbs)
