// The verb `ensure` of links: compares an existing link, option by option, with the messages that would create it.
import { isDeepStrictEqual } from 'node:util'
import { Ending } from '../native/addon'
import { NetnsHandle, type NetnsReference } from '../native/netns_handle'
import { messageHeaderSize } from '../netlink/constants'
import type { Message } from '../netlink/message'
import type { Answers, Operation, Step } from '../netlink/operation'
import type { Device } from '../wire/device'
import { Reader } from '../wire/reader'
import { conflict, ensuring, isThere, querying, type Ensured, type Ensuring } from '../netlink/ensure'
import type { Options } from './kinds/kind'
import { decodeLink, type Link, type LinkReference } from './link'
import { creating } from './link_add'
import { causeForLink } from './link_cause'
import { expectedOfNew } from './link_expectations'
import { queryLink, readLink } from './link_messages'
import type { LinkOptions } from './link_options'
import type { LinkParts } from './link_parts'
import { nsidRequest, readNsid } from './nsids'
import { protocol } from './rtnetlink'

/** links.ensure */
export function ensureLink(netns: NetnsReference, link: LinkOptions): Operation<Ensured<Link>> {
  const { steps, messages, near, far, name } = creating(netns, link, 'links.ensure')
  const it: Ensuring = { name: 'links.ensure', protocol, netns, about: `link ${name}`, cause: causeForLink }
  const [create, ...rest] = steps
  const all: Step[] = [{ ...create, tolerate: isThere, ensures: true }, ...rest.slice(0, -1)]
  const look = (where: NetnsReference, dev: Device): number =>
    all.push(querying(where, queryLink(dev), Ending.reply)) - 1
  const nearStep = look(near.netns, name)
  all[nearStep] = {
    ...querying(near.netns, queryLink(name), Ending.reply),
    ...expectedOfNew(near.parts.expectations),
  }
  const ends: End[] = [
    { parts: near.parts, step: nearStep, references: referencesOf(near.parts, netns, near.netns, look) },
  ]
  if (far !== undefined) {
    const references = referencesOf(far.parts, far.netns, far.netns, look)
    ends.push({ parts: far.parts, step: look(far.netns, far.parts.creation.name ?? ''), references })
    // The query of the near end has made the kernel give the far end's namespace an id, if it had none.
    if (!isSame(near.netns, far.netns)) all.push(querying(near.netns, nsidRequest(far.netns), Ending.reply))
  }
  const last = all.length - 1
  const told = toldBy(messages)
  return ensuring(it, all, (answers) => {
    const value = readLink(answers, nearStep)
    const made = !answers.isRefused(0)
    if (!made) for (const end of ends) checkEnd(it, end, answers, end.parts === near.parts ? told : undefined)
    const [, other] = ends
    if (!made && other !== undefined && far !== undefined) {
      const { peer } = value as { peer?: LinkReference }
      const { index } = readLink(answers, other.step)
      const netnsId = isSame(near.netns, far.netns) ? undefined : readNsid(answers, last)
      const wanted = netnsId === undefined ? { index } : { index, netnsId }
      if (!isDeepStrictEqual(peer, wanted)) throw conflict(it, { field: 'peer', there: peer, wanted })
    }
    return { made, value }
  })
}

/** Whether two references are to the same namespace. One that a batch is to create differs from all others. */
function isSame(one: NetnsReference, other: NetnsReference): boolean {
  if (one === other) return true
  if (!(one instanceof NetnsHandle && other instanceof NetnsHandle)) return false
  return isDeepStrictEqual(one.identity, other.identity)
}

/** One end of a link to compare. */
interface End {
  readonly parts: LinkParts
  /** The index of the step that queries it. */
  readonly step: number
  /** Other devices in its options: the option, and the index of the step that queries the device. */
  readonly references: readonly (readonly [option: 'master' | 'link', step: number])[]
}

function referencesOf(
  { master, link }: LinkParts,
  home: NetnsReference,
  target: NetnsReference,
  look: (where: NetnsReference, dev: Device) => number,
): End['references'] {
  const found: [option: 'master' | 'link', step: number][] = []
  if (typeof master === 'string') found.push(['master', look(target, master)])
  if (typeof link === 'string') found.push(['link', look(home, link)])
  return found
}

/** The link that messages would create, as the kernel would report it. */
function toldBy(messages: readonly Message[]): Options {
  const told: Record<string, unknown> = {}
  for (const { bytes, length } of messages) {
    const received = { reader: new Reader(bytes), at: messageHeaderSize, end: length, type: 0, flags: 0, sequence: 0 }
    for (const [key, value] of Object.entries(decodeLink(received, false) ?? {})) {
      // Only the message that creates a link has the kind.
      if (key !== 'kind' || told.kind === undefined) told[key] = value
    }
  }
  return told
}

// In requests only, or compared elsewhere.
const uncompared: readonly string[] = ['name', 'kind', 'netns', 'peer', 'master', 'link', 'index', 'infoKind']

function checkEnd(it: Ensuring, { parts, step, references }: End, answers: Answers, told?: Options): void {
  const { options, prefix, kind } = parts
  const there = readLink(answers, step) as Link & Options
  const fail = (field: string, found: unknown, wanted: unknown): never => {
    throw conflict(it, { field: prefix + field, there: found, wanted })
  }
  for (const option of ['name', 'kind', 'infoKind', 'index']) {
    if (options[option] !== undefined && there[option] !== options[option]) fail(option, there[option], options[option])
  }
  const wanted: Record<string, unknown> = {}
  for (const option of ['master', 'link'] as const) {
    if (typeof parts[option] === 'number') wanted[option] = parts[option]
  }
  for (const [option, looked] of references) wanted[option] = readLink(answers, looked).index
  if (wanted.master !== undefined && (there.master ?? 0) !== wanted.master) fail('master', there.master, wanted.master)
  if (wanted.link !== undefined && there.link?.index !== wanted.link) fail('link', there.link?.index, wanted.link)
  const { untold = [], partial = [] } = kind?.traits ?? {}
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || uncompared.includes(option) || untold.includes(option)) continue
    const said = typeof value === 'boolean' ? value : (told?.[option] ?? value)
    const isPart = option === 'port' || option === 'altnames' || partial.includes(option)
    if (!(isPart ? holds(there[option], said) : isSo(option, there[option], said))) fail(option, there[option], said)
  }
}

function isSo(option: string, there: unknown, wanted: unknown): boolean {
  // The kernel leaves out an empty text, and what is off.
  if (there === undefined) return wanted === '' || wanted === false || wanted === 0
  if (option === 'mac' || option === 'broadcast') return there === (wanted as string).toLowerCase()
  return isDeepStrictEqual(there, wanted)
}

/** Whether the existing value has all that is wanted. */
function holds(there: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    const all = new Set(Array.isArray(there) ? (there as unknown[]) : [])
    return wanted.every((one) => all.has(one))
  }
  const settings = Object.entries(wanted as object).filter(([, value]) => value !== undefined)
  return settings.every(([name, value]) => isDeepStrictEqual((there as Options | undefined)?.[name], value))
}
