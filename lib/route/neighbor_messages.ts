// The messages behind the verbs of neighbors, from options and to objects.
import { errnoNumber } from '../errno'
import { Ending, Lane } from '../native/addon'
import type { NetnsReference } from '../native/netns_handle'
import { messageHeaderSize, NLM_F } from '../netlink/constants'
import { decodeMessage, type Message, type Received } from '../netlink/message'
import { map, type Operation } from '../netlink/operation'
import { matches } from '../netlink/rollback/matches'
import { byte, payloadOf, word, type Condition, type Test } from '../netlink/rollback/pattern'
import { attributeNumber, numbersOf, offsetOf } from '../netlink/rollback/offsets'
import type { UnknownAttribute } from '../wire/attributes'
import { checkDevice, type Device } from '../wire/device'
import { checkArray, checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { familyOf, parseIP, parseMac } from '../wire/ip'
import { Reader } from '../wire/reader'
import type { ValueOf } from '../wire/type'
import { checkCondition } from '../netlink/deletion'
import { conflict, ensuring, querying, making, type Ensured, type Ensuring } from '../netlink/ensure'
import { checkFamily, type Family, type routeProtocol } from './families'
import { firstOf } from '../netlink/lookup'
import { neighborFlags, neighborLayout, states } from './neighbor_attributes'
import { change, flush, list, query, message, Mode, ofIP, only, RTM, ticksPerSecond } from './rtnetlink'
import { anyNeighbor, deletedNeighbor, replacedNeighbor } from './rollback/recipes'

const destination = numbersOf(neighborLayout.attributes, 'DST')

/** A state of a neighbor (ndm_state, NUD_). */
export type NeighborState = keyof typeof states.names
/** A flag of a neighbor (ndm_flags, NTF_). */
export type NeighborFlag = keyof typeof neighborFlags.names

/** What names a neighbor. */
export interface NeighborKey {
  /** The device, by name or index (ndm_ifindex). */
  dev: Device
  /** Its IP address (NDA_DST). */
  address: string
  /** An address that this host answers for, instead of a neighbor (NTF_PROXY). Default: false. */
  proxy?: boolean | undefined
}

/** A neighbor to add. */
export interface NeighborOptions extends NeighborKey {
  /**
   * Its link-layer address (NDA_LLADDR). Not for a proxy entry; else left out only with `managed`, or the state
   * `incomplete` or `failed`.
   */
  mac?: string | undefined
  /** What is known of it (ndm_state). Default: `permanent`, with `managed` none. */
  state?: NeighborState | undefined
  /** It is a router (NTF_ROUTER). Default: false. */
  router?: boolean | undefined
  /** Learned by a control plane: the kernel's garbage collection leaves it alone (NTF_EXT_LEARNED). Default: false. */
  extLearned?: boolean | undefined
  /** Resolved now and kept so by the kernel (NTF_EXT_MANAGED). Default: false. Since Linux 5.16. */
  managed?: boolean | undefined
  /** Who made it (NDA_PROTOCOL). Default: `unspec`. */
  protocol?: ValueOf<typeof routeProtocol> | undefined
}

/** An entry of a neighbor table (RTM_NEWNEIGH). */
export interface Neighbor {
  /** Its family (ndm_family). */
  family: Family
  /** Index of its device (ndm_ifindex). */
  dev: number
  /** Its IP address (NDA_DST). */
  address: string
  /** Its link-layer address, if it is known (NDA_LLADDR). */
  mac?: string
  /** What is known of it (ndm_state); undefined if nothing is, and for a proxy. */
  state?: NeighborState
  /** `proxy`, `router`, `extLearned` … (ndm_flags). */
  flags: ValueOf<typeof neighborFlags>
  /** The kernel keeps it resolved (NTF_EXT_MANAGED); left out if not. Since Linux 5.16. */
  managed?: boolean
  /** Who made it (NDA_PROTOCOL), if that was said. */
  protocol?: ValueOf<typeof routeProtocol>
  /** How often it was asked for without an answer (NDA_PROBES). */
  probes?: number
  /** Seconds since it was last confirmed, to 1/100 (ndm_confirmed). */
  confirmedSeconds?: number
  /** Seconds since it was last used, to 1/100 (ndm_used). */
  usedSeconds?: number
  /** Seconds since its address or state changed, to 1/100 (ndm_updated). */
  updatedSeconds?: number
  /** Attributes that this version does not know. */
  unknown?: UnknownAttribute[]
}

/** Which neighbors a list is of. */
export interface NeighborFilter {
  /** Of one device, by name or index (in the kernel). */
  dev?: Device | undefined
  /** Of one family (in the kernel). */
  family?: Family | undefined
  /** Of the ports of one device, by name or index (in the kernel). */
  master?: Device | undefined
  /** The proxy entries instead of the neighbors (in the kernel). Default: false. */
  proxy?: boolean | undefined
  /** In this state. */
  state?: NeighborState | undefined
}

const keyKeys = ['dev', 'address', 'proxy']
const addKeys = new Set([...keyKeys, 'mac', 'state', 'router', 'extLearned', 'managed', 'protocol'])
// What a list tells of a neighbor names it just as well, if it is so.
const listedKeys = new Set([
  ...addKeys,
  'family',
  'flags',
  'probes',
  'confirmedSeconds',
  'usedSeconds',
  'updatedSeconds',
  'unknown',
])
const filterKeys = new Set(['dev', 'family', 'master', 'proxy', 'state'])

function checkBoolean(value: unknown, field: string): boolean {
  if (value === undefined) return false
  if (typeof value !== 'boolean') throw wrongType(field, 'a boolean', value)
  return value
}

function checkState(value: unknown): NeighborState | undefined {
  if (value === undefined) return undefined
  const names = Object.keys(states.names)
  if (typeof value !== 'string' || !names.includes(value)) {
    throw wrongValue('state', `one of ${names.join(', ')}`, value)
  }
  return value as NeighborState
}

function keyHeader({ dev, address, proxy, flags }: NeighborKey & Partial<Pick<Neighbor, 'flags'>>): {
  family: Family
  index: Device
  flags: NeighborFlag[]
} {
  parseIP(address, 'address')
  checkDevice(dev, 'dev')
  return {
    family: familyOf(address) ?? 'ipv4',
    index: dev,
    flags: checkBoolean(proxy, 'proxy') || flags?.includes('proxy') === true ? ['proxy'] : [],
  }
}

/** What a list tells of a neighbor besides. */
type Given = NeighborOptions & Partial<Neighbor>

const ages = ['probes', 'confirmedSeconds', 'usedSeconds', 'updatedSeconds'] as const
// Those of the forwarding databases, and one that asks for something, name no neighbor.
const foreignFlags: ReadonlySet<unknown> = new Set(['self', 'master', 'sticky', 'use'])

/** Checks the keys of what names or makes a neighbor, and that what a list tells besides agrees with the rest. */
function checkGiven(options: NeighborKey): Given {
  checkKeys(options, listedKeys)
  const given = options as Given
  parseIP(given.address, 'address')
  const family = familyOf(given.address)
  if (checkFamily(given.family) !== undefined && given.family !== family) {
    throw wrongValue('family', `"${family}", as the address`, given.family)
  }
  for (const name of ages) {
    const value: unknown = given[name]
    if (value === undefined || (typeof value === 'number' && value >= 0)) continue
    throw wrongType(name, 'left out, or what a list told', value)
  }
  if (given.unknown !== undefined && checkArray(given.unknown, 'unknown').length > 0) {
    throw wrongValue('unknown', 'left out: what it means is not known here', given.unknown)
  }
  const flags = given.flags === undefined ? undefined : checkArray(given.flags, 'flags', 'an array', 64)
  for (const [i, flag] of (flags ?? []).entries()) {
    const known = typeof flag === 'string' && Object.hasOwn(neighborFlags.names, flag) && !foreignFlags.has(flag)
    if (!known) throw wrongValue(`flags[${i}]`, '"proxy", "router", "extLearned" or "offloaded"', flag)
  }
  for (const name of ['proxy', 'router', 'extLearned'] as const) {
    const value = given[name]
    if (value === undefined || flags === undefined || !checkBoolean(value, name) === !flags.includes(name)) continue
    throw wrongValue(name, 'as "flags" say', value)
  }
  return given
}

function newNeighbor(options: NeighborOptions, mode: number): Message {
  const given = checkGiven(options)
  const header = keyHeader(options)
  const proxy = header.flags.length > 0
  const { address, mac: lladdr, protocol } = options
  if (proxy && lladdr !== undefined) throw wrongValue('mac', 'left out for a proxy entry', lladdr)
  const state = checkState(options.state) ?? 'permanent'
  const managed = checkBoolean(options.managed, 'managed')
  const needsMac = !proxy && !managed && ['permanent', 'noarp', 'reachable', 'stale', 'delay', 'probe'].includes(state)
  if (needsMac && lladdr === undefined) throw wrongType('mac', `given for the state "${state}"`, lladdr)
  const named: NeighborFlag[] = [...header.flags]
  // A listed one says so among its flags.
  const told = given.flags ?? []
  if (checkBoolean(options.router ?? told.includes('router'), 'router')) named.push('router')
  if (checkBoolean(options.extLearned ?? told.includes('extLearned'), 'extLearned')) named.push('extLearned')
  return message('NEWNEIGH', neighborLayout, {
    flags: mode,
    header: { ...header, state: managed && options.state === undefined ? [] : [state], flags: named },
    attributes: { address, mac: lladdr, protocol, extendedFlags: managed ? ['managed'] : undefined },
  })
}

/** neighbors.add, neighbors.replace, neighbors.change */
export function addNeighbor(
  netns: NetnsReference,
  verb: 'add' | 'replace' | 'change',
  options: NeighborOptions,
): Operation<void> {
  const request = newNeighbor(options, Mode[verb])
  const { address, dev } = options
  const back =
    verb === 'add'
      ? { inverse: RTM.DELNEIGH }
      : { before: () => ({ recipe: replacedNeighbor, lookup: lookupOf(options) }) }
  return change(`neighbors.${verb}`, netns, request, `${address} on ${dev}`, undefined, back)
}

/** neighbors.ensure */
export function ensureNeighbor(netns: NetnsReference, options: NeighborOptions): Operation<Ensured<Neighbor>> {
  const it: Ensuring = { name: 'neighbors.ensure', netns, about: `${options.address} on ${options.dev}` }
  const request = newNeighbor(options, Mode.add)
  const told = decodeNeighbor({ reader: new Reader(request.bytes), at: messageHeaderSize, end: request.length })
  const look = querying(netns, lookupOf(options), Ending.reply)
  const make = making(it, request, RTM.DELNEIGH)
  // The kernel does not say of a proxy entry that it is there.
  const proxy = told?.flags.includes('proxy') === true
  const steps = proxy ? [{ ...look, tolerate: notThere, ensures: true }, make, look] : [make, look]
  return ensuring(it, steps, (answers) => {
    const value = only(answers, steps.length - 1, decodeNeighbor)
    const made = answers.isRefused(0) === proxy
    if (!made) checkSame(it, told, value)
    return { made, value }
  })
}

const notThere = new Set([errnoNumber('ENOENT') ?? 0])

function checkSame(it: Ensuring, told: Neighbor | undefined, there: Neighbor): void {
  for (const field of ['state', 'mac', 'managed', 'protocol'] as const) {
    // A proxy entry has no state.
    if (field === 'state' && told?.flags.includes('proxy') === true) continue
    if (told?.[field] !== undefined && told[field] !== there[field])
      throw conflict(it, field, there[field], told[field])
  }
  const missing = told?.flags.filter((flag) => !there.flags.includes(flag)) ?? []
  if (missing.length > 0) throw conflict(it, 'flags', there.flags, told?.flags)
}

function lookupOf(key: NeighborKey): Message {
  return message('GETNEIGH', neighborLayout, { header: keyHeader(key), attributes: { address: key.address } })
}

function deletion(key: NeighborKey): Message {
  return message('DELNEIGH', neighborLayout, { header: keyHeader(key), attributes: { address: key.address } })
}

/** neighbors.delete */
export function deleteNeighbor(netns: NetnsReference, key: NeighborKey): Operation<void> {
  const given = checkGiven(key)
  const request = deletion(key)
  const said = conditionsOf(given)
  if (said.length > 0) {
    // The kernel looks at the address alone.
    const { index, family, flags } = keyHeader(key)
    const all = message('GETNEIGH', neighborLayout, {
      flags: NLM_F.DUMP,
      header: { family, flags },
      attributes: { dev: index },
    })
    const pattern: Condition[] = [ofIP, [{ attribute: destination, value: parseIP(key.address, 'address') }], ...said]
    const flushing = { pattern, recipe: anyNeighbor, name: 'RTM_DELNEIGH', firstOnly: true }
    return flush('neighbors.delete', netns, all, flushing)
  }
  return change('neighbors.delete', netns, request, `${key.address} on ${key.dev}`, undefined, {
    before: () => ({ recipe: deletedNeighbor, lookup: lookupOf(key) }),
  })
}

/** neighbors.get: the kernel looks up one. */
export function getNeighbor(netns: NetnsReference, key: NeighborKey): Operation<Neighbor> {
  const pattern = conditionsOf(checkGiven(key))
  const what = `${key.address} on ${key.dev}`
  // What is not as the key says is another one.
  const decode = (received: Received): { readonly neighbor: Neighbor | undefined } => ({
    neighbor: matches(received, neighborLayout.header.size, pattern) ? decodeNeighbor(received) : undefined,
  })
  return map(query('neighbors.get', netns, Lane.read, lookupOf(key), decode, what), ({ neighbor }) =>
    firstOf(neighbor === undefined ? [] : [neighbor], 'neighbors.get', netns, what),
  )
}

const settled: ReadonlySet<unknown> = new Set(['permanent', 'noarp'])

/**
 * What a key says of a neighbor beyond its address; one that names just that has none of it. Between the states that the kernel
 * goes through by itself there is no difference.
 */
function conditionsOf({ mac, state, router, extLearned, managed, protocol, flags, proxy }: Given): Condition[] {
  const conditions: Condition[] = []
  if (mac !== undefined)
    conditions.push([{ attribute: numbersOf(neighborLayout.attributes, 'LLADDR'), value: parseMac(mac, 'mac') }])
  const checked = checkState(state)
  if (checked !== undefined && proxy !== true && flags?.includes('proxy') !== true) {
    conditions.push(
      ...(settled.has(checked)
        ? [[isIn(checked)]]
        : [...settled].map((one) => [{ ...isIn(one as NeighborState), not: true }])),
    )
  }
  const flag = (name: 'router' | 'extLearned', wanted: boolean | undefined): void => {
    if (wanted === undefined) return
    const bit = neighborFlags.names[name][1]
    conditions.push([
      { header: offsetOf(neighborLayout.header, 'ndm_flags'), value: byte(wanted ? bit : 0), mask: bit },
    ])
  }
  flag('router', router === undefined ? flags?.includes('router') : checkBoolean(router, 'router'))
  flag('extLearned', extLearned === undefined ? flags?.includes('extLearned') : checkBoolean(extLearned, 'extLearned'))
  if (managed !== undefined) {
    const value = word(checkBoolean(managed, 'managed') ? 1 : 0)
    conditions.push([{ attribute: numbersOf(neighborLayout.attributes, 'FLAGS_EXT'), value, zeroIsAbsent: true }])
  }
  if (protocol !== undefined) {
    const { bytes } = message('NEWNEIGH', neighborLayout, { attributes: { protocol } })
    const value = payloadOf(
      bytes,
      messageHeaderSize + neighborLayout.header.size,
      attributeNumber(neighborLayout.attributes, 'PROTOCOL'),
    )
    conditions.push([{ attribute: numbersOf(neighborLayout.attributes, 'PROTOCOL'), value, zeroIsAbsent: true }])
  }
  return conditions
}

interface Filtering {
  readonly request: Message
  readonly pattern: readonly Condition[]
}

/** What a filter means, for the kernel and for whoever looks at what it dumps. */
function filtering(filter: NeighborFilter): Filtering {
  checkKeys(filter, filterKeys)
  const { dev, master } = filter
  if (dev !== undefined) checkDevice(dev, 'dev')
  if (master !== undefined) checkDevice(master, 'master')
  const state = checkState(filter.state)
  const request = message('GETNEIGH', neighborLayout, {
    flags: NLM_F.DUMP,
    header: {
      family: checkFamily(filter.family) ?? 'any',
      flags: checkBoolean(filter.proxy, 'proxy') ? ['proxy'] : [],
    },
    attributes: { dev, master },
  })
  return { request, pattern: state === undefined ? [] : [[isIn(state)]] }
}

/** neighbors.list */
export function listNeighbors(netns: NetnsReference, filter: NeighborFilter = {}): Operation<Neighbor[]> {
  const { request, pattern } = filtering(filter)
  return list('neighbors.list', netns, request, neighborLayout, pattern, decodeNeighbor)
}

/** Whether a neighbor is in a state. */
function isIn(state: NeighborState): Test {
  return {
    header: offsetOf(neighborLayout.header, 'ndm_state'),
    value: new Uint8Array(Uint16Array.of(states.names[state][1]).buffer),
  }
}

/** neighbors.flush: all but those in the state noarp, which the kernel has made. */
export function flushNeighbors(netns: NetnsReference, filter: NeighborFilter): Operation<void> {
  checkCondition(filter)
  const { request, pattern } = filtering(filter)
  const removable: Condition[] = [ofIP, [{ attribute: destination }], [{ ...isIn('noarp'), not: true }]]
  return flush('neighbors.flush', netns, request, {
    pattern: [...removable, ...pattern],
    recipe: anyNeighbor,
    name: 'RTM_DELNEIGH',
  })
}

/** Makes a neighbor of an RTM_NEWNEIGH message. */
export function decodeNeighbor(received: Pick<Received, 'reader' | 'at' | 'end'>): Neighbor | undefined {
  const decoded = decodeMessage(neighborLayout, received)
  if (decoded === undefined) return undefined
  const { header, attributes: found } = decoded
  if ((header.family !== 'ipv4' && header.family !== 'ipv6') || found.address === undefined) return undefined
  const neighbor: Neighbor = {
    family: header.family,
    dev: header.index as number,
    address: found.address,
    flags: header.flags,
  }
  const [state] = header.state
  if (typeof state === 'string') neighbor.state = state
  if (found.mac !== undefined && found.mac !== '') neighbor.mac = found.mac
  if (found.extendedFlags?.includes('managed') === true) neighbor.managed = true
  if (found.protocol !== undefined) neighbor.protocol = found.protocol
  if (found.probes !== undefined) neighbor.probes = found.probes
  if (found.unknown !== undefined) neighbor.unknown = found.unknown
  if (found.cacheInfo?.references !== undefined) {
    neighbor.confirmedSeconds = (found.cacheInfo.confirmed ?? 0) / ticksPerSecond
    neighbor.usedSeconds = (found.cacheInfo.used ?? 0) / ticksPerSecond
    neighbor.updatedSeconds = (found.cacheInfo.updated ?? 0) / ticksPerSecond
  }
  return neighbor
}
