// The verb `ensure` of links: what is there is compared, option by option, with what the messages say that would make it.
import { isDeepStrictEqual } from 'node:util'
import { Ending } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { messageHeaderSize } from '../netlink/constants'
import type { Message } from '../netlink/message'
import type { Answers, Operation, Step } from '../netlink/operation'
import type { Device } from '../wire/device'
import { Reader } from '../wire/reader'
import { conflict, ensuring, isThere, looking, type Ensured, type Ensuring } from './ensure'
import { causeForLink } from './likely_cause'
import { decodeLink, type Link } from './link'
import { expectedOfNew } from './link_expectations'
import { creating, lookAt, readLink } from './link_operations'
import type { LinkOptions, Options } from './link_options'

/** links.ensure */
export function ensureLink(netns: NetnsReference, link: LinkOptions): Operation<Ensured<Link>> {
  const options = link as unknown as Options
  const { steps, messages, target, far, name } = creating(netns, link, 'links.ensure')
  const it: Ensuring = { name: 'links.ensure', netns, about: `link ${name}`, cause: causeForLink }
  const [create, ...rest] = steps
  const all: Step[] = [{ ...create, tolerate: isThere, ensures: true }, ...rest.slice(0, -1)]
  const look = (where: NetnsReference, dev: Device): number => all.push(looking(where, lookAt(dev), Ending.reply)) - 1
  const near = look(target, name)
  all[near] = { ...looking(target, lookAt(name), Ending.reply), ...expectedOfNew(options) }
  const ends: End[] = [{ options, step: near, prefix: '', references: referencesOf(options, netns, target, look) }]
  const peer = options.peer as Options | undefined
  if (far !== undefined && peer !== undefined) {
    const references = referencesOf(peer, far, far, look)
    ends.push({ options: peer, step: look(far, peer.name as string), prefix: 'peer.', references })
  }
  const told = toldBy(messages)
  return ensuring(it, all, (answers) => {
    const value = readLink(answers, near)
    const made = !answers.isRefused(0)
    if (!made) for (const end of ends) checkEnd(it, end, answers, end.prefix === '' ? told : undefined)
    const [, other] = ends
    if (!made && other !== undefined) {
      const { index } = readLink(answers, other.step)
      const there = value.kind === 'veth' ? value.peer?.index : undefined
      if (there !== index) throw conflict(it, 'peer', there, index)
    }
    return { made, value }
  })
}

/** One end of a link that is compared. */
interface End {
  readonly options: Options
  /** Which step looks at it. */
  readonly step: number
  readonly prefix: string
  /** Devices that it names: the option, and the step that looks at it. */
  readonly references: readonly (readonly [option: 'master' | 'link', step: number])[]
}

function referencesOf(
  { master, link }: Options,
  home: NetnsReference,
  target: NetnsReference,
  look: (where: NetnsReference, dev: Device) => number,
): End['references'] {
  const found: [option: 'master' | 'link', step: number][] = []
  if (typeof master === 'string') found.push(['master', look(target, master)])
  if (typeof link === 'string') found.push(['link', look(home, link)])
  return found
}

/** What messages that make a link say of it, as the kernel would tell it. */
function toldBy(messages: readonly Message[]): Options {
  const told: Record<string, unknown> = {}
  for (const { bytes, length } of messages) {
    const received = { reader: new Reader(bytes), at: messageHeaderSize, end: length, type: 0, flags: 0, sequence: 0 }
    for (const [key, value] of Object.entries(decodeLink(received, false) ?? {})) {
      // Messages that only change something name no kind.
      if (key !== 'kind' || told.kind === undefined) told[key] = value
    }
  }
  return told
}

// Said in requests alone, or compared otherwise.
const uncompared = new Set([
  'name',
  'kind',
  'netns',
  'peer',
  'master',
  'link',
  'index',
  'macaddrMode',
  'macaddr',
  'infoKind',
])

function checkEnd(it: Ensuring, { options, step, prefix, references }: End, answers: Answers, told?: Options): void {
  const there = readLink(answers, step) as Link & Options
  const fail = (field: string, found: unknown, wanted: unknown): never => {
    throw conflict(it, prefix + field, found, wanted)
  }
  if (there.name !== options.name) fail('name', there.name, options.name)
  if (options.kind !== undefined && there.kind !== options.kind) fail('kind', there.kind, options.kind)
  if (options.infoKind !== undefined && there.infoKind !== options.infoKind)
    fail('infoKind', there.infoKind, options.infoKind)
  if (options.index !== undefined && there.index !== options.index) fail('index', there.index, options.index)
  const wanted: Record<string, unknown> = {}
  for (const option of ['master', 'link'] as const) {
    if (typeof options[option] === 'number') wanted[option] = options[option]
  }
  for (const [option, looked] of references) wanted[option] = readLink(answers, looked).index
  if (wanted.master !== undefined && (there.master ?? 0) !== wanted.master) fail('master', there.master, wanted.master)
  if (wanted.link !== undefined && there.link?.index !== wanted.link) fail('link', there.link?.index, wanted.link)
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || uncompared.has(option)) continue
    const said = typeof value === 'boolean' ? value : (told?.[option] ?? value)
    if (!isSo(option, there[option], said)) fail(option, there[option], said)
  }
}

// Of what these name the rest may be anything.
const partial: ReadonlySet<string> = new Set(['port', 'altnames', 'macaddrs', 'vlanFlags', 'boolOptions'])

function isSo(option: string, there: unknown, wanted: unknown): boolean {
  if (partial.has(option)) return holds(there, wanted)
  // Nothing is how the kernel tells an empty text, or what is off.
  if (there === undefined) return wanted === '' || wanted === false || wanted === 0
  if (option === 'mac' || option === 'broadcast') return there === (wanted as string).toLowerCase()
  return isDeepStrictEqual(there, wanted)
}

/** Whether all that is wanted is among what is there. */
function holds(there: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    const all = new Set(Array.isArray(there) ? (there as unknown[]) : [])
    return wanted.every((one) => all.has(one))
  }
  const settings = Object.entries(wanted as object).filter(([, value]) => value !== undefined)
  return settings.every(([name, value]) => isDeepStrictEqual((there as Options | undefined)?.[name], value))
}
