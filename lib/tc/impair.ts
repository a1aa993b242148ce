// Makes a device bad, as a tester wants it: delay, loss and the like by netem, a rate by tbf; of what comes in by way of an ifb.
import { NetloomError } from '../errors'
import { checkCallOptions, type CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import { perform } from '../netlink/perform'
import { ifThere } from '../netlink/operation'
import { linkVerbs } from '../route/verbs'
import { checkDevice, type Device } from '../wire/device'
import { checkKeys, checkObject, outOfRange, wrongType, wrongValue } from '../wire/invalid'
import { filterVerbs } from './filter'
import { qdiscVerbs, type Qdisc, type QdiscOptions } from './qdisc'
import { bytesPerSecond, probability } from './units'

/** What a bad connection is like. */
export interface Impairment {
  /** How long packets are kept. Default: 0. */
  delayMilliseconds?: number | undefined
  /** How much that varies. Default: 0. */
  jitterMilliseconds?: number | undefined
  /** How many packets are lost. Default: 0. */
  lossPercent?: number | undefined
  /** How many packets come twice. Default: 0. */
  duplicatePercent?: number | undefined
  /** How many packets overtake those before them; needs `delayMilliseconds`. Default: 0. */
  reorderPercent?: number | undefined
  /** How many packets get a wrong bit. Default: 0. */
  corruptPercent?: number | undefined
  /** How fast packets leave. Default: as they come. */
  rateBitsPerSecond?: number | undefined
  /** Which packets: those that go `out`, those that come `in`, or `both`. Default: `out`. */
  direction?: 'out' | 'in' | 'both' | undefined
}

const keys = new Set([
  'delayMilliseconds',
  'jitterMilliseconds',
  'lossPercent',
  'duplicatePercent',
  'reorderPercent',
  'corruptPercent',
  'rateBitsPerSecond',
  'direction',
])

/** The handles by which what is ours is known again. */
const rateHandle = 'fa11:'
const emulationHandle = 'fa12:'

/** The alias of that device: one without it is somebody's own. */
const mark = 'netloom: impaired'

/** The device by which what comes in is impaired; the index of the other one is in its name. */
const partner = (index: number): string => `impair${index}`

function check(impairment: Impairment): void {
  checkObject(impairment, 'impairment')
  checkKeys(impairment, keys)
  const { direction, rateBitsPerSecond } = impairment
  if (direction !== undefined && !['out', 'in', 'both'].includes(direction)) {
    const bad = typeof direction === 'string' ? wrongValue : wrongType
    throw bad('direction', '"out", "in" or "both"', direction)
  }
  for (const name of ['lossPercent', 'duplicatePercent', 'reorderPercent', 'corruptPercent'] as const) {
    if (impairment[name] !== undefined) probability(impairment[name], name)
  }
  for (const name of ['delayMilliseconds', 'jitterMilliseconds'] as const) {
    const value: unknown = impairment[name]
    if (value === undefined) continue
    if (typeof value !== 'number') throw wrongType(name, 'a number of milliseconds', value)
    if (!(value >= 0 && value <= 3.6e6)) throw outOfRange(name, 'a number of milliseconds from 0 to 3600000', value)
  }
  if (rateBitsPerSecond !== undefined) bytesPerSecond(rateBitsPerSecond, 'rateBitsPerSecond')
  if ((impairment.reorderPercent ?? 0) !== 0 && (impairment.delayMilliseconds ?? 0) === 0) {
    throw wrongValue('delayMilliseconds', 'given with "reorderPercent"', impairment.delayMilliseconds)
  }
}

/** The qdiscs of an impairment, the outermost first: the rate, and in it the rest. */
function qdiscsOf({ rateBitsPerSecond: rate, direction: _, ...rest }: Impairment, dev: Device): QdiscOptions[] {
  const emulated = Object.values(rest).some((value) => value !== undefined && value !== 0)
  // A bucket of 20 ms, but for some packets; what comes beyond a quarter of a second is dropped.
  const tbf: QdiscOptions[] =
    rate === undefined
      ? []
      : [
          {
            dev,
            kind: 'tbf',
            handle: rateHandle,
            rateBitsPerSecond: rate,
            burstBytes: Math.max(3200, Math.min(0x7fffffff, Math.ceil(rate / 8 / 50))),
            latencyMilliseconds: 250,
          },
        ]
  if (!emulated && rate !== undefined) return tbf
  const parent = rate === undefined ? 'root' : `${rateHandle}1`
  return [...tbf, { dev, parent, kind: 'netem', handle: emulationHandle, limitPackets: 100_000, ...rest }]
}

/**
 * Impairs a device, or with `undefined` makes it what it was. What was there of an impairment before goes.
 */
export async function impair(
  netns: NetnsReference,
  dev: Device,
  impairment: Impairment | undefined,
  call?: CallOptions,
): Promise<void> {
  checkDevice(dev, 'dev')
  if (impairment !== undefined) check(impairment)
  checkCallOptions(call)
  const { index } = await perform(linkVerbs.get(netns, dev), call)
  await remove(netns, index, call)
  if (impairment === undefined) return
  const { direction = 'out' } = impairment
  const helper = partner(index)
  if (direction !== 'out') await refuseIngress(netns, index, call)
  try {
    if (direction !== 'in')
      for (const one of qdiscsOf(impairment, index)) await perform(qdiscVerbs.add(netns, one), call)
    if (direction === 'out') return
    await perform(linkVerbs.add(netns, { kind: 'ifb', name: helper, alias: mark, up: true, addrGenMode: 'none' }), call)
    for (const one of qdiscsOf(impairment, helper)) await perform(qdiscVerbs.add(netns, one), call)
    await perform(qdiscVerbs.add(netns, { dev: index, kind: 'clsact' }), call)
    await perform(
      filterVerbs.add(netns, {
        dev: index,
        parent: 'ingress',
        kind: 'u32',
        priority: 1,
        handle: '::1',
        actions: [{ kind: 'mirred', mode: 'egressRedirect', to: helper }],
      }),
      call,
    )
  } catch (error) {
    await remove(netns, index).catch(() => undefined)
    throw error
  }
}

/** Removes what `impair` made, and nothing else: a qdisc of another handle is somebody's own. */
async function remove(netns: NetnsReference, index: number, call?: CallOptions): Promise<void> {
  const root = await perform(qdiscVerbs.find(netns, { dev: index, parent: 'root' }), call)
  const ours = root !== undefined && (root.handle === rateHandle || root.handle === emulationHandle)
  if (ours) await perform(qdiscVerbs.delete(netns, { dev: index, parent: 'root' }, { force: true }), call)
  else if (root !== undefined && root.handle !== '0:' && root.kind !== 'noqueue') {
    throw notOurs(netns, root)
  }
  const helper = await perform(ifThere(linkVerbs.get(netns, partner(index))), call)
  if (helper?.kind !== 'ifb' || helper.alias !== mark) return
  await perform(qdiscVerbs.delete(netns, { dev: index, parent: 'ingress' }, { force: true }), call)
  await perform(linkVerbs.delete(netns, helper.index, { force: true }), call)
}

/** Where somebody sorts what comes in already, it would go with the impairment. */
async function refuseIngress(netns: NetnsReference, index: number, call?: CallOptions): Promise<void> {
  const ingress = await perform(qdiscVerbs.find(netns, { dev: index, parent: 'ingress' }), call)
  if (ingress !== undefined) throw notOurs(netns, ingress)
}

function notOurs(netns: NetnsReference, { kind, handle }: Qdisc): NetloomError {
  const why = `NetNs.impair: the device has a qdisc of its own already, ${kind} ${handle}`
  return new NetloomError(why, 'EEXIST', { operation: 'NetNs.impair', netns: netns.label })
}
