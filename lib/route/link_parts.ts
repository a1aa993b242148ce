// Sorts the options of a link: one pass puts each into the part of the messages to which it belongs, by the tables of
// link_places.ts and of the link's kind.
import type { NetnsReference } from '../native/netns_handle'
import type { Device } from '../wire/device'
import { checkKeys, checkObject, wrongType, wrongValue } from '../wire/invalid'
import { linkKinds, portKinds } from './kinds'
import type { Options, Probe, Schema } from './kinds/kind'
import type { LinkKindName } from './link'
import { linkAttributes } from './link_attributes'
import { expectationsOf, type Expectation, type ExpectationsByOption } from './link_expectations'
import type { LinkChanges, LinkOptions } from './link_options'
import {
  changePlaces,
  creationPlaces,
  linkTraits,
  otherPlaces,
  settingPlaces,
  type LinkWire,
  type Put,
} from './link_places'

/** A link kind that this version knows. */
type AnyKind = (typeof linkKinds)[LinkKindName]

/** The options of a link, by the part of the messages to which they belong. */
export interface LinkParts {
  /** As the caller gave them. */
  readonly options: Options
  /** The call, for errors. */
  readonly verb: string
  /** The link's description, for errors: `a veth`. */
  readonly about: string
  /** The prefix of the options' names in errors: empty, or `peer.`. */
  readonly prefix: string
  readonly creating: boolean
  /** The kind, if the options name one that has options here. */
  readonly kind: AnyKind | undefined
  /** The kernel's name of another kind. */
  infoKind: string | undefined
  /** The kind's own attributes (IFLA_INFO_DATA). */
  data: Record<string, unknown> | Uint8Array
  /** Attributes of the message that creates a link. */
  readonly creation: LinkWire
  /** Attributes that only a message which changes a link may have. */
  readonly later: LinkWire
  /** Flags (IFF_), and the mask of those to change. */
  readonly flags: LinkFlags
  /** Whether it has to be set up by a message of its own, after the other settings. */
  upFollows: boolean
  master: Device | undefined
  link: Device | undefined
  /** The index of a new link; 0: any. */
  index: number
  altnames: readonly string[]
  netns: NetnsReference | undefined
  /** The far end of a pair. */
  peer: LinkParts | undefined
  port: PortParts | undefined
  /** Expectations for a query of the link. */
  readonly expectations: Expectation[]
  /** Probes of the kernel to send first. */
  readonly probes: Probe[]
}

/** Flags (IFF_), and the mask of those to change. */
export interface LinkFlags {
  flags: number
  change: number
}

/** The settings of a link as a port of its master. */
export interface PortParts {
  /** IFLA_LINKINFO. */
  readonly linkInfo: NonNullable<LinkWire['linkInfo']>
  /** Whether they need a port that is up. */
  readonly afterUp: boolean
}

/** The part to which an option belongs, and its expectations. */
interface OptionPlace {
  readonly put: Put<never>
  readonly expect: ExpectationsByOption[string]
  readonly probe: Probe | undefined
}
type PlaceMap = ReadonlyMap<string, OptionPlace>

const ofLink = { data: linkAttributes, traits: linkTraits }

function placesOf(
  puts: Readonly<Record<string, Put<never>>>,
  schema: Schema,
  under: 'link' | 'kind',
): [string, OptionPlace][] {
  const expectations = expectationsOf(schema, under)
  const { probes = {} } = schema.traits
  return Object.entries(puts).map(([option, put]) => [
    option,
    { put, expect: expectations[option], probe: probes[option] },
  ])
}

const putData =
  (option: string): Put<never> =>
  ({ data }, value) => {
    ;(data as Record<string, unknown>)[option] = value
  }

/** The places of the kind's own options: each is an attribute of its data, or the far end. */
function ownPlaces(kind: AnyKind, creating: boolean): [string, OptionPlace][] {
  const { fixed = [] } = kind.traits
  const puts = Object.keys(kind.data.table).map((option): [string, Put<never>] => {
    if (kind.paired && option === 'peer') return [option, putPeer]
    const refused = !creating && fixed.includes(option)
    return [option, refused ? refuse(`the kernel does not change it of a ${kind.kind} that is there`) : putData(option)]
  })
  const own = Object.fromEntries(puts.filter(([, put]) => creating || put !== putPeer))
  return placesOf(own, kind, 'kind')
}

const refuse =
  (why: string): Put<never> =>
  (_parts, value, field) => {
    throw wrongValue(field, `left out: ${why}`, value)
  }

const putPeer: Put<never> = (parts, value) => {
  const { verb, about } = parts
  parts.peer = sorted(newParts(checkObject(value, 'peer'), verb, about, 'peer.', true, undefined), placesOfPeer)
}

const putPort: Put<never> = (parts, value, field) => {
  const port = checkObject(value, field)
  const name: unknown = port.kind ?? 'bridge'
  const kind = typeof name === 'string' ? portPlaces.get(name) : undefined
  if (kind === undefined) {
    throw wrongValue(`${field}.kind`, `one of ${Object.keys(portKinds).join(', ')}`, name)
  }
  const { schema, places } = kind
  const { traits } = schema
  const data: Record<string, unknown> = {}
  checkKeys(port, places, field, (option, value) => {
    if (option === 'kind') return
    data[option] = value
    note(parts, places.get(option), value)
  })
  traits.check?.(port, parts.creating, `${field}.`)
  const linkInfo = { portKind: schema.kind, portData: data as never }
  parts.port = { linkInfo, afterUp: traits.afterUp?.some((option) => option in port) === true }
  parts.upFollows = true
}

/** Notes the expectations of an option. */
function note(parts: LinkParts, place: OptionPlace | undefined, value: unknown): void {
  if (place === undefined) return
  place.expect?.(value, parts.prefix, parts.expectations)
  const { probe } = place
  if (probe !== undefined && value === true && !parts.probes.includes(probe)) parts.probes.push(probe)
}

const nowhere: Put<never> = () => undefined
const portPlaces = new Map(
  Object.entries(portKinds).map(([name, schema]) => {
    const puts = Object.fromEntries(['kind', ...Object.keys(schema.data.table)].map((option) => [option, nowhere]))
    const expectations = expectationsOf(schema, 'port')
    const { probes = {} } = schema.traits
    const places = Object.keys(puts).map((option): [string, OptionPlace] => [
      option,
      { put: nowhere, expect: expectations[option], probe: probes[option] },
    ])
    return [name, { schema, places: new Map(places) }]
  }),
)

const settings = { ...settingPlaces, port: putPort } as Readonly<Record<string, Put<never>>>
const { link: _link, kind: _kind, ...peerPlaces } = creationPlaces
const placesOfPeer: PlaceMap = new Map(placesOf({ ...settings, ...peerPlaces }, ofLink, 'link'))
const placesOfOther: PlaceMap = new Map(placesOf({ ...settings, ...creationPlaces, ...otherPlaces }, ofLink, 'link'))
const placesOfChanges: PlaceMap = new Map(placesOf({ ...settings, ...changePlaces }, ofLink, 'link'))
const placesByKind = new Map<LinkKindName, { readonly creation: PlaceMap; readonly changes: PlaceMap }>(
  Object.values(linkKinds).map((kind: AnyKind) => {
    const lower = kind.paired ? { link: refuse(`a ${kind.kind} has no lower device`) } : {}
    const creation = placesOf({ ...settings, ...creationPlaces, ...lower }, ofLink, 'link')
    return [
      kind.kind,
      {
        creation: new Map([...creation, ...ownPlaces(kind, true)]),
        changes: new Map([...placesOfChanges, ...ownPlaces(kind, false)]),
      },
    ]
  }),
)

/** Checks the option `kind`. */
function checkKind(kind: unknown): AnyKind {
  if (typeof kind === 'string' && Object.hasOwn(linkKinds, kind)) return linkKinds[kind as LinkKindName]
  const expected = `one of ${Object.keys(linkKinds)
    .map((name) => `"${name}"`)
    .join(', ')} or "other" with an "infoKind"${kind === 'tap' ? ' (ns.taps.create makes TAP devices)' : ''}`
  throw typeof kind === 'string' ? wrongValue('kind', expected, kind) : wrongType('kind', expected, kind)
}

const aboutOf = (kind: AnyKind | undefined): string => (kind === undefined ? 'a link' : `a ${kind.kind}`)

function newParts(
  options: Options,
  verb: string,
  about: string,
  prefix: string,
  creating: boolean,
  kind: AnyKind | undefined,
): LinkParts {
  return {
    options,
    verb,
    about,
    prefix,
    creating,
    kind,
    infoKind: undefined,
    data: {},
    creation: {},
    later: {},
    flags: { flags: 0, change: 0 },
    upFollows: false,
    master: undefined,
    link: undefined,
    index: 0,
    altnames: [],
    netns: undefined,
    peer: undefined,
    port: undefined,
    expectations: [],
    probes: [],
  }
}

/** The pass over the options. */
function sorted(parts: LinkParts, places: PlaceMap): LinkParts {
  const { options, prefix, kind, creating } = parts
  checkKeys(options, places, prefix.slice(0, -1), (option, value) => {
    const place = places.get(option)
    place?.put(parts, value as never, prefix + option)
    note(parts, place, value)
  })
  if (creating) need(parts, 'name')
  if (kind === undefined) return parts
  if (creating) {
    for (const needed of kind.needs) need(parts, needed)
    if (kind.paired) need(parts, 'peer')
  }
  for (const [one, other] of kind.traits.excludes ?? []) {
    if (options[one] === undefined || options[other] === undefined) continue
    throw wrongValue(other, `left out where "${one}" is given`, options[other])
  }
  kind.traits.check?.(options, creating, prefix)
  return parts
}

function need({ options, prefix, about }: LinkParts, option: string): void {
  if (options[option] === undefined) throw wrongType(prefix + option, `given for ${about}`, undefined)
}

/** Sorts the options of a new link. */
export function partsOfNew(link: LinkOptions, verb: string): LinkParts {
  const options: Options = checkObject(link)
  const kind = options.kind === 'other' ? undefined : checkKind(options.kind)
  const places = kind === undefined ? placesOfOther : placesByKind.get(kind.kind)?.creation
  const parts = sorted(newParts(options, verb, aboutOf(kind), '', true, kind), places ?? placesOfOther)
  if (kind === undefined) need(parts, 'infoKind')
  const { peer } = parts
  // The kernel ignores the far end's index without the near end's.
  if (peer !== undefined && peer.index !== 0 && parts.index === 0) {
    throw wrongValue('peer.index', 'given only together with "index"', peer.index)
  }
  return parts
}

/** Sorts changes to a link. */
export function partsOfChanges(changes: LinkChanges, verb: string): LinkParts {
  const options: Options = checkObject(changes)
  const kind = options.kind === undefined ? undefined : checkKind(options.kind)
  const places = kind === undefined ? placesOfChanges : placesByKind.get(kind.kind)?.changes
  return sorted(newParts(options, verb, aboutOf(kind), '', false, kind), places ?? placesOfChanges)
}

/** IFLA_LINKINFO with the kind's own attributes; undefined if there are none. `far`: the far end, encoded. */
export function linkInfoOf({ kind, infoKind, data, creating }: LinkParts, far?: object): LinkWire['linkInfo'] {
  const name = kind?.kind ?? infoKind
  if (name === undefined) return undefined
  if (data instanceof Uint8Array) return { kind: name, data }
  const own = far === undefined ? data : { ...data, peer: far }
  if (Object.keys(own).length > 0) return { kind: name, data: own as never }
  // A tunnel takes its kind alone as a change that resets everything, a geneve refuses it.
  return creating || kind === undefined ? { kind: name } : undefined
}
