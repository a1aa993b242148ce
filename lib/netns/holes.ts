// Holes as they are declared: what a prepared batch leaves open, and what each run gives for it.
import type { NetnsTarget } from '../native/netns_handle'
import {
  checkHoleFamily,
  checkRange,
  deviceHole,
  ipHole,
  macHole,
  nameHole,
  netnsHole,
  numberHole,
  prefixHole,
  type Hole as Template,
} from '../netlink/template/hole'
import { wrongType } from '../wire/invalid'
import type { Family } from '../wire/ip'

/** Where a hole keeps what it is: not for users, and not reachable by a string. */
export const makeHole = Symbol('netloom.hole')

declare const valueOf: unique symbol

/** A value that a prepared batch leaves open; made by `hole`. */
export interface Hole<Value> {
  /** @internal */
  readonly [makeHole]: (key: string) => Template
  /** @internal Only for its type. */
  readonly [valueOf]?: Value
}

/** A range of integers. */
export interface HoleRange {
  /** The least. Default: 0. */
  min?: number | undefined
  /** The largest, at most Number.MAX_SAFE_INTEGER. Default: 4294967295. */
  max?: number | undefined
}

function declare<Value>(make: (key: string) => Template): Hole<Value> {
  return { [makeHole]: make }
}

/**
 * Declares what a prepared batch leaves open (`NetNs.prepare`).
 * @example
 * const pod = host.prepare({ ns: hole.name(), mac: hole.mac() }, (batch, { ns, mac }) => { … })
 */
export const hole = {
  /** The name of a namespace, or a part of it. */
  name: (): Hole<string> => declare(() => nameHole),
  /** The name of a device, as long as IFNAMSIZ allows: 15 bytes. */
  device: (): Hole<string> => declare(() => deviceHole),
  /** A MAC address, such as `02:00:00:00:00:01`. */
  mac: (): Hole<string> => declare(() => macHole),
  /** An address of one family. Default: `ipv4`. */
  ip(family: Family = 'ipv4'): Hole<string> {
    const made = ipHole(checkHoleFamily(family))
    return declare(() => made)
  },
  /** An address of one family with the length of its prefix, such as `10.0.0.2/24`. Default: `ipv4`. */
  prefix(family: Family = 'ipv4'): Hole<string> {
    const made = prefixHole(checkHoleFamily(family))
    return declare(() => made)
  },
  /** An integer within a range. */
  number(range: HoleRange = {}): Hole<number> {
    const { min, max } = checkRange(range)
    const made = numberHole(min, max)
    return declare(() => made)
  },
  /** A namespace. */
  netns: (): Hole<NetnsTarget> => declare(netnsHole),
} as const

/** Holes by the names that runs give their values by. */
export type Holes = Readonly<Record<string, Hole<string> | Hole<number> | Hole<NetnsTarget>>>

/** What a run gives for holes. */
export type ValuesOf<Its extends Holes> = {
  readonly [Key in keyof Its]: Its[Key] extends Hole<infer Value extends string | number | NetnsTarget> ? Value : never
}

/** The values of a run. */
export type HoleValues = Readonly<Record<string, string | number | NetnsTarget>>

/** What values of a type have to be: an interface, too, may say which there are. */
export type Fills<Values> = { readonly [Key in keyof Values]: string | number | NetnsTarget }

/** The keys of values of a type; any, where the values are not said. */
type KeysOf<Values, Value> = string extends keyof Values
  ? string
  : { [Key in keyof Values]: Values[Key] extends Value ? Key : never }[keyof Values] & string

/**
 * Declares holes where they are used: each call gives what stands for the value of that name. The same name is the same value.
 * `Values` says which there are, and what they are.
 */
export interface HoleMaker<Values extends Fills<Values> = HoleValues> {
  /** The name of a namespace, or a part of it. */
  name(key: KeysOf<Values, string>): string
  /** The name of a device. */
  device(key: KeysOf<Values, string>): string
  /** A MAC address. */
  mac(key: KeysOf<Values, string>): string
  /** An address of one family. Default: `ipv4`. */
  ip(key: KeysOf<Values, string>, family?: Family): string
  /** An address of one family with the length of its prefix. Default: `ipv4`. */
  prefix(key: KeysOf<Values, string>, family?: Family): string
  /** An integer within a range. */
  number(key: KeysOf<Values, number>, range?: HoleRange): number
  /** A namespace. */
  netns(key: KeysOf<Values, NetnsTarget>): NetnsTarget
}

/** Makes the holes that were declared. */
export function templatesOf(holes: Holes): Record<string, Template> {
  if (typeof holes !== 'object' || (holes as unknown) === null) throw wrongType('holes', 'an object of holes', holes)
  return Object.fromEntries(
    Object.entries(holes).map(([key, declared]) => {
      const make = (declared as Partial<Hole<unknown>> | null | undefined)?.[makeHole]
      if (typeof make !== 'function') throw wrongType(`holes.${key}`, 'a hole, such as hole.name()', declared)
      return [key, make(key)]
    }),
  )
}

/** A maker of holes: `give` is called with each that is declared, and gives what stands for it. */
export function holeMaker(give: (key: string, declared: Hole<unknown>) => unknown): HoleMaker {
  return {
    name: (key) => give(key, hole.name()) as string,
    device: (key) => give(key, hole.device()) as string,
    mac: (key) => give(key, hole.mac()) as string,
    ip: (key, family) => give(key, hole.ip(family)) as string,
    prefix: (key, family) => give(key, hole.prefix(family)) as string,
    number: (key, range) => give(key, hole.number(range)) as number,
    netns: (key) => give(key, hole.netns()) as NetnsTarget,
  }
}
