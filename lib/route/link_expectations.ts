// What a look at a link has to find for options that a kernel may pass over without a word: those that it does not know, for
// it is older or was built without them, and those that have no effect as the device is.
import { release } from 'node:os'
import { errnoNumber } from '../errno'
import { Ending } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { NLM_F } from '../netlink/constants'
import type { Message, Received } from '../netlink/message'
import type { Step } from '../netlink/operation'
import { byte, type Condition } from '../netlink/pattern'
import { struct } from '../wire/struct'
import { attributes } from '../wire/attributes'
import { u16, u32, u8 } from '../wire/integers'
import { linkKinds, portData } from './kinds'
import { bridgePortDemands, onlyWithVlans } from './kinds/bridge_port'
import type { Demands } from './kinds/kind'
import { decodeLink } from './link'
import { linkAttributes, operState } from './link_attributes'
import type { Options } from './link_options'
import { message } from './rtnetlink'
import { linkSettings } from './undo'

/** Something that a link has to have, and what is the matter if it has not. */
interface Expectation {
  readonly condition: Condition
  readonly holds: (link: Options) => boolean
  readonly lack: string
}

const IFLA_OPERSTATE = 16
const IFLA_LINKINFO = 18
const IFLA_INFO_DATA = 2
const IFLA_INFO_SLAVE_DATA = 5

const linkDemands: Demands = {
  requires: { groMaxSize: 'Linux 5.17', gsoIpv4MaxSize: 'Linux 6.3', groIpv4MaxSize: 'Linux 6.3' },
  quiet: {},
}

type Table = Readonly<Record<string, readonly [symbol: string, number: number, ...rest: unknown[]]>>

/** Where options are told, and how errors call them. */
interface Place {
  readonly table: Table
  readonly path: readonly number[]
  readonly prefix: string
  readonly of: (link: Options) => Options | undefined
}

function told(
  options: Options,
  { requires, quiet, signs = {} }: Demands,
  { table, path, prefix, of }: Place,
  after: boolean,
): Expectation[] {
  const expectations: Expectation[] = []
  for (const [option, needed] of Object.entries(requires)) {
    const value = options[option]
    if (value === undefined || (option in quiet && (!after || value === quiet[option]))) continue
    const sign = signs[option] ?? option
    expectations.push({
      condition: [{ attribute: [...path, table[sign]?.[1] ?? 0] }],
      holds: (link) => of(link)?.[sign] !== undefined,
      lack: `"${prefix}${option}" needs ${needed}: this kernel passes it over`,
    })
  }
  return expectations
}

function portOf(options: Options): { kind: string; port: Options } | undefined {
  const port = options.port as Options | undefined
  return port === undefined ? undefined : { kind: (port.kind as string | undefined) ?? 'bridge', port }
}

/** What the kernel tells of a link if it knows the options; once they were given to it, also those that it may not tell. */
function known(options: Options, prefix: string, after: boolean): Expectation[] {
  const own: Place = { table: linkAttributes.table, path: [], prefix, of: (link) => link }
  const expectations = told(options, linkDemands, own, after)
  const kind = typeof options.kind === 'string' && options.kind !== 'other' ? options.kind : undefined
  if (kind !== undefined) {
    const schema = linkKinds[kind as keyof typeof linkKinds]
    const place = { ...own, table: schema.data.table as Table, path: [IFLA_LINKINFO, IFLA_INFO_DATA] }
    expectations.push(...told(options, schema, place, after))
  }
  return expectations
}

function knownOfPort(options: Options, prefix: string, after: boolean): Expectation[] {
  const { kind, port } = portOf(options) ?? {}
  if (kind !== 'bridge' || port === undefined) return []
  return told(
    port,
    bridgePortDemands,
    {
      table: portData.bridge.table,
      path: [IFLA_LINKINFO, IFLA_INFO_SLAVE_DATA],
      prefix: `${prefix}port.`,
      of: (link) => link.port as Options | undefined,
    },
    after,
  )
}

/** What the kernel may make of a value at once. */
function kept(options: Options, prefix: string): Expectation[] {
  const expectations: Expectation[] = []
  const { operState: wanted } = options
  if (wanted !== undefined) {
    const value = numberOf(operState.names, wanted)
    expectations.push({
      condition: [{ attribute: [IFLA_OPERSTATE], value: byte(value) }],
      holds: (link) => numberOf(operState.names, link.operState) === value,
      lack: `"${prefix}operState" was not taken: the device has to be up and to have a carrier`,
    })
  }
  const { kind, port } = portOf(options) ?? {}
  if (kind === 'bridge' && port?.state !== undefined) {
    const [, number, { names }] = portData.bridge.table.state
    const value = numberOf(names, port.state)
    expectations.push({
      condition: [{ attribute: [IFLA_LINKINFO, IFLA_INFO_SLAVE_DATA, number], value: byte(value) }],
      holds: (link) => numberOf(names, (link.port as Options | undefined)?.state) === value,
      lack: `"${prefix}port.state" did not stay: without a spanning tree (stpState) the bridge lets ports with a carrier forward`,
    })
  }
  return expectations
}

function numberOf(names: Readonly<Record<string, readonly [string, number]>>, value: unknown): number {
  return typeof value === 'string' ? (names[value]?.[1] ?? -1) : (value as number)
}

/** What has to hold of a vxlan before it is changed. */
function changeable({ kind, ttl }: Options): Expectation[] {
  if (kind !== 'vxlan' || ttl === undefined) return []
  const [, number] = linkKinds.vxlan.data.table.ttlInherit
  return [
    {
      condition: [{ attribute: [IFLA_LINKINFO, IFLA_INFO_DATA, number], value: byte(0), zeroIsAbsent: true }],
      holds: ({ ttlInherit }) => ttlInherit !== true,
      lack: '"ttl" has no effect on a vxlan with "ttlInherit", which cannot be turned off: make it anew',
    },
  ]
}

/** A step that looks at a link and fails unless all of this holds; none if there is nothing to expect. */
function looking(netns: NetnsReference, look: Message, expectations: readonly Expectation[]): Step[] {
  if (expectations.length === 0) return []
  return [{ netns, messages: [look], ending: Ending.reply, ...expecting(expectations) }]
}

function expecting(expectations: readonly Expectation[]): Pick<Step, 'sweep' | 'expects'> {
  if (expectations.length === 0) return {}
  const pattern = expectations.map(({ condition }) => condition)
  return {
    sweep: { pattern, recipe: linkSettings, name: 'RTM_GETLINK' },
    expects(object: Received) {
      const link = decodeLink(object, false) as unknown as Options | undefined
      return expectations.find(({ holds }) => link !== undefined && !holds(link))?.lack
    },
  }
}

/** What the look at a new link has to find. */
export function expectedOfNew(options: Options, prefix = ''): Pick<Step, 'sweep' | 'expects'> {
  return expecting([...known(options, prefix, true), ...knownOfPort(options, prefix, true), ...kept(options, prefix)])
}

/** What a link has to have before its settings are changed. */
export function beforeSettings(netns: NetnsReference, look: Message, options: Options): Step[] {
  return looking(netns, look, [...known(options, '', false), ...changeable(options)])
}

/** The same before its settings as a port are. */
export function beforePort(netns: NetnsReference, look: Message, options: Options): Step[] {
  return [...vlanProbe(netns, options), ...looking(netns, look, knownOfPort(options, '', false))]
}

/** What a link has to have after all was changed, of what could not be told before. */
export function afterChanges(netns: NetnsReference, look: Message, options: Options): Step[] {
  const before = new Set([...known(options, '', false), ...knownOfPort(options, '', false)].map(({ lack }) => lack))
  const after = [...known(options, '', true), ...knownOfPort(options, '', true)].filter(({ lack }) => !before.has(lack))
  return looking(netns, look, [...after, ...kept(options, '')])
}

const bridgeVlans = {
  header: struct('br_vlan_msg', {
    family: ['family', u8],
    _reserved1: ['reserved1', u8],
    _reserved2: ['reserved2', u16],
    index: ['ifindex', u32],
  }),
  attributes: attributes('BRIDGE_VLANDB_', {}),
}
const PF_BRIDGE = 7
/** LOOPBACK_IFINDEX: it is there in every namespace, and it is no bridge. */
const loopback = 1
const noBridge: ReadonlySet<number> = new Set([errnoNumber('EINVAL') ?? 0])
const [major = 0, minor = 0] = release().split('.').map(Number)
const hasProbe = major > 5 || (major === 5 && minor >= 6)

/** Asks whether bridges have VLANs, where an option does nothing without: RTM_GETVLAN is only there if they have. */
export function vlanProbe(netns: NetnsReference, options: Options): Step[] {
  const { kind, port } = portOf(options) ?? {}
  if (!hasProbe || kind !== 'bridge' || !onlyWithVlans.some((option) => port?.[option] === true)) return []
  const header = { family: PF_BRIDGE, index: loopback }
  const probe = message('GETVLAN', bridgeVlans, { flags: NLM_F.DUMP, header })
  return [{ netns, messages: [probe], ending: Ending.dump, tolerate: noBridge }]
}
