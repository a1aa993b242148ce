// Expectations: what a query of a link has to find for options that a kernel may ignore silently: options that it does not
// support, as it is older or was built without them, and options without effect in the present state of the device.
import { Ending } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import type { Message, Received } from '../netlink/message'
import type { Step } from '../netlink/operation'
import { byte, type Condition } from '../netlink/rollback/pattern'
import { attributeNumber, numbersOf } from '../netlink/rollback/offsets'
import type { Options, Probe, Schema } from './kinds/kind'
import { decodeLink } from './link'
import { linkAttributes, linkInfo } from './link_attributes'
import { linkSettings } from './rollback/recipes'

/** Conditions for a link, and the error if they do not hold. */
export interface Expectation {
  /** Whether the option belongs to the link and its kind, or to the port. */
  readonly of: 'link' | 'port'
  /**
   * `before`: can be checked before the option is set; `change`: the same, but only of an existing link; `after`: only
   * afterwards.
   */
  readonly when: 'before' | 'change' | 'after'
  readonly condition: Condition
  readonly holds: (link: Options) => boolean
  readonly lack: string
}

/** By option: notes the expectations of a link that gets this value. */
export type ExpectationsByOption = Readonly<
  Record<string, ((value: unknown, prefix: string, found: Expectation[]) => void) | undefined>
>

const info = attributeNumber(linkAttributes, 'LINKINFO')

/** Where a link's message has options: the attributes around them, and the property that holds them. */
const levels = {
  link: { path: [], of: 'link', prefix: '', read: (link: Options) => link },
  kind: { path: [info, ...numbersOf(linkInfo, 'DATA')], of: 'link', prefix: '', read: (link: Options) => link },
  port: {
    path: [info, ...numbersOf(linkInfo, 'SLAVE_DATA')],
    of: 'port',
    prefix: 'port.',
    read: (link: Options) => link.port as Options | undefined,
  },
} as const

/** The expectations of a link for each option of a schema. */
export function expectationsOf({ data, traits }: Schema, level: keyof typeof levels): ExpectationsByOption {
  const { requires = {}, quiet = {}, signs = {}, kept = {}, overruled = {} } = traits
  const { path, of, prefix: within, read } = levels[level]
  const attribute = (option: string): number[] => [...path, data.table[option]?.[1] ?? 0]
  const byOption: Record<string, ExpectationsByOption[string]> = {}
  for (const option of Object.keys({ ...requires, ...kept, ...overruled })) {
    const needed = requires[option]
    const sign = signs[option] ?? option
    const notKept = kept[option]
    const numbers = numbersByName(data.table[option]?.[2])
    const overruling = overruled[option]
    byOption[option] = (value, prefix, found) => {
      const name = `"${prefix}${within}${option}"`
      if (needed !== undefined && !(option in quiet && value === quiet[option])) {
        found.push({
          of,
          when: option in quiet ? 'after' : 'before',
          condition: [{ attribute: attribute(sign) }],
          holds: (link) => read(link)?.[sign] !== undefined,
          lack: `${name} needs ${needed}: this kernel passes it over`,
        })
      }
      if (notKept !== undefined) {
        const number = numbers(value)
        found.push({
          of,
          when: 'after',
          condition: [{ attribute: attribute(option), value: byte(number) }],
          holds: (link) => numbers(read(link)?.[option]) === number,
          lack: `${name} was not taken: ${notKept}`,
        })
      }
      if (overruling !== undefined) {
        found.push({
          of,
          when: 'change',
          condition: [{ attribute: attribute(overruling.by), value: byte(0), zeroIsAbsent: true }],
          holds: (link) => read(link)?.[overruling.by] !== true,
          lack: overruling.lack,
        })
      }
    }
  }
  return byOption
}

/** The numbers of an option whose values have names, each of one byte. */
function numbersByName(type: unknown): (value: unknown) => number {
  const { names = {} } = (type ?? {}) as { names?: Readonly<Record<string, readonly [string, number]>> }
  return (value) => (typeof value === 'string' ? (names[value]?.[1] ?? -1) : (value as number))
}

function expecting(expectations: readonly Expectation[]): Pick<Step, 'flush' | 'expects'> {
  if (expectations.length === 0) return {}
  const pattern = expectations.map(({ condition }) => condition)
  return {
    flush: { pattern, recipe: linkSettings, name: 'RTM_GETLINK' },
    expects(object: Received) {
      const link = decodeLink(object, false) as unknown as Options | undefined
      return expectations.find(({ holds }) => link !== undefined && !holds(link))?.lack
    },
  }
}

/** The expectations for the query of a new link. */
export function expectedOfNew(expectations: readonly Expectation[]): Pick<Step, 'flush' | 'expects'> {
  return expecting(expectations.filter(({ when }) => when !== 'change'))
}

/** A step that queries a link and fails unless all expectations hold; none if there are no expectations. */
function queryStep(netns: NetnsReference, look: Message, expectations: readonly Expectation[]): Step[] {
  if (expectations.length === 0) return []
  return [{ netns, messages: [look], ending: Ending.reply, ...expecting(expectations) }]
}

/** Steps that check a link before its settings, or its settings as a port, are changed. */
export function beforeChanges(
  netns: NetnsReference,
  look: Message,
  expectations: readonly Expectation[],
  which: Expectation['of'],
): Step[] {
  return queryStep(
    netns,
    look,
    expectations.filter(({ of, when }) => of === which && when !== 'after'),
  )
}

/** Steps that check a link after the changes, for expectations that could not be checked before. */
export function afterChanges(netns: NetnsReference, look: Message, expectations: readonly Expectation[]): Step[] {
  return queryStep(
    netns,
    look,
    expectations.filter(({ when }) => when === 'after'),
  )
}

/** Steps that check whether the kernel has what options need. */
export function probing(netns: NetnsReference, probes: readonly Probe[]): Step[] {
  return probes
    .filter(({ available }) => available)
    .map(({ request, tolerate }) => ({ netns, messages: [request()], ending: Ending.dump, tolerate }))
}
