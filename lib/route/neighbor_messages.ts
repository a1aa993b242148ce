// Encodes options of neighbors as messages, and decodes neighbors.
import type { Difference } from '../netlink/ensure'
import { NLM_F } from '../netlink/constants'
import { decodeMessage, type Message, type Received } from '../netlink/message'
import { objectVerbs, type Selection } from '../netlink/objects'
import { numbersOf } from '../netlink/rollback/offsets'
import type { Condition } from '../netlink/rollback/pattern'
import type { UnknownAttribute } from '../wire/attributes'
import { checkDevice, type Device } from '../wire/device'
import { checkKeys, wrongType, wrongValue } from '../wire/invalid'
import { parseIP } from '../wire/ip'
import type { ValueOf } from '../wire/type'
import { checkFamily, type Family, type routeProtocol } from './families'
import { neighborLayout, type neighborFlags, type states } from './neighbor_attributes'
import { checkBoolean, checkGiven, checkState, conditionsOf, isIn, keyHeader } from './neighbor_key'
import { message, Mode, ofIP, protocol, RTM, ticksPerSecond } from './rtnetlink'
import { anyNeighbor, deletedNeighbor, replacedNeighbor } from './rollback/recipes'

const destination = numbersOf(neighborLayout.attributes, 'DST')

/** A state of a neighbor (ndm_state, NUD_). */
export type NeighborState = keyof typeof states.names
/** A flag of a neighbor (ndm_flags, NTF_). */
export type NeighborFlag = keyof typeof neighborFlags.names

/** The key of a neighbor. */
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
  /** Its state (ndm_state). Default: `permanent`, with `managed` none. */
  state?: NeighborState | undefined
  /** It is a router (NTF_ROUTER). Default: false. */
  router?: boolean | undefined
  /** Learned by a control plane: exempt from the kernel's garbage collection (NTF_EXT_LEARNED). Default: false. */
  extLearned?: boolean | undefined
  /** The kernel resolves it now and keeps it resolved (NTF_EXT_MANAGED). Default: false. Since Linux 5.16. */
  managed?: boolean | undefined
  /** Its origin (NDA_PROTOCOL). Default: `unspec`. */
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
  /** Its state (ndm_state); undefined if it has none, and for a proxy. */
  state?: NeighborState
  /** `proxy`, `router`, `extLearned` … (ndm_flags). */
  flags: ValueOf<typeof neighborFlags>
  /** The kernel keeps it resolved (NTF_EXT_MANAGED); left out if not. Since Linux 5.16. */
  managed?: boolean
  /** Its origin (NDA_PROTOCOL), if that was said. */
  protocol?: ValueOf<typeof routeProtocol>
  /** Probes without an answer (NDA_PROBES). */
  probes?: number
  /** Seconds since it was last confirmed, to 1/100 (ndm_confirmed). */
  confirmedSeconds?: number
  /** Seconds since it was last used, to 1/100 (ndm_used). */
  usedSeconds?: number
  /** Seconds since its address or state changed, to 1/100 (ndm_updated). */
  updatedSeconds?: number
  /** Attributes that this version does not decode. */
  unknown?: UnknownAttribute[]
}

/** A filter for neighbors. */
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
  // A listed neighbor has this among its flags.
  const told = given.flags ?? []
  if (checkBoolean(options.router ?? told.includes('router'), 'router')) named.push('router')
  if (checkBoolean(options.extLearned ?? told.includes('extLearned'), 'extLearned')) named.push('extLearned')
  return message('NEWNEIGH', neighborLayout, {
    flags: mode,
    header: { ...header, state: managed && options.state === undefined ? [] : [state], flags: named },
    attributes: { address, mac: lladdr, protocol, extendedFlags: managed ? ['managed'] : undefined },
  })
}

function difference(_options: NeighborOptions, told: Neighbor, there: Neighbor): Difference | undefined {
  for (const field of ['state', 'mac', 'managed', 'protocol'] as const) {
    // A proxy entry has no state.
    if (told[field] === undefined || (field === 'state' && isProxy(told))) continue
    if (told[field] !== there[field]) return { field, there: there[field], wanted: told[field] }
  }
  const isMissing = told.flags.some((flag) => !there.flags.includes(flag))
  return isMissing ? { field: 'flags', there: there.flags, wanted: told.flags } : undefined
}

const isProxy = ({ flags }: Neighbor): boolean => flags.includes('proxy')

function lookupOf(key: NeighborKey): Message {
  return message('GETNEIGH', neighborLayout, { header: keyHeader(key), attributes: { address: key.address } })
}

function deletion(key: NeighborKey): Message {
  checkGiven(key)
  return message('DELNEIGH', neighborLayout, { header: keyHeader(key), attributes: { address: key.address } })
}

/** Selects exactly the neighbor of a key, if the key has more than its address, which is all that the kernel compares. */
function exactly(key: NeighborKey): Selection | undefined {
  const said = conditionsOf(checkGiven(key))
  if (said.length === 0) return undefined
  const { index, family, flags } = keyHeader(key)
  const request = message('GETNEIGH', neighborLayout, {
    flags: NLM_F.DUMP,
    header: { family, flags },
    attributes: { dev: index },
  })
  const pattern: Condition[] = [ofIP, [{ attribute: destination, value: parseIP(key.address, 'address') }], ...said]
  return { request, pattern }
}

/** The selection of a key: all its fields have to match. */
function neighborOf(key: NeighborKey): Selection {
  const pattern = conditionsOf(checkGiven(key))
  return { request: lookupOf(key), pattern }
}

const filterKeys = new Set(['dev', 'family', 'master', 'proxy', 'state'])

/** The selection of a filter: a request that the kernel filters, and a pattern for the rest. */
function filtering(filter: NeighborFilter): Selection {
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

/** Decodes a neighbor from an RTM_NEWNEIGH message. */
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

const onDevice = ({ address, dev }: NeighborKey): string => `${address} on ${dev}`
const removedAgain = { inverse: RTM.DELNEIGH }
const setBack = { recipe: replacedNeighbor, lookup: lookupOf }

export const neighborVerbs = objectVerbs<
  NeighborOptions,
  NeighborKey,
  NeighborFilter,
  Neighbor,
  'add' | 'replace' | 'change'
>({
  name: 'neighbors',
  protocol,
  headerSize: neighborLayout.header.size,
  decode: decodeNeighbor,
  make: {
    message: newNeighbor,
    modes: {
      add: { flags: Mode.add, undo: removedAgain },
      replace: { flags: Mode.replace, undo: setBack },
      change: { flags: Mode.change, undo: setBack },
    },
    about: onDevice,
  },
  ensure: {
    flags: Mode.add,
    undo: removedAgain,
    select: (options) => ({ request: lookupOf(options), pattern: [] }),
    lookFirst: isProxy, // The kernel does not report that a proxy entry exists already.
    differs: difference,
  },
  get: { select: neighborOf, dump: false, about: onDevice },
  list: { select: filtering },
  remove: {
    message: deletion,
    about: onDevice,
    undo: { recipe: deletedNeighbor, lookup: lookupOf },
    exactly,
    // All but those in the state noarp, which the kernel has created.
    removable: [ofIP, [{ attribute: destination }], [{ ...isIn('noarp'), not: true }]],
    symbol: 'RTM_DELNEIGH',
    recipe: anyNeighbor,
  },
})
