// netem: the network emulator, which delays, loses, doubles, damages and reorders packets (TCA_NETEM_).
import { attributes } from '../../wire/attributes'
import { checkInteger, i32, i64, u32, u64 } from '../../wire/integers'
import { outOfRange, wrongType, wrongValue } from '../../wire/invalid'
import { headed } from '../../wire/nesting'
import { ignored } from '../../wire/read_only'
import { struct } from '../../wire/struct'
import { binary } from '../../wire/text'
import type { ValueOf } from '../../wire/type'
import { mapped } from '../kind'
import { bytesPerSecond, percentOf, probability, rateOf, wideRate } from '../units'
import { distributionTable, type Distribution } from './distributions'
import { qdiscKind } from './kind'

const head = struct('tc_netem_qopt', {
  latency: ['latency', u32],
  limit: ['limit', u32],
  loss: ['loss', u32],
  gap: ['gap', u32],
  duplicate: ['duplicate', u32],
  jitter: ['jitter', u32],
})
const chance = (name: string) => struct(name, { probability: ['probability', u32], correlation: ['correlation', u32] })
const states = struct('tc_netem_gimodel', {
  p13: ['p13', u32],
  p31: ['p31', u32],
  p32: ['p32', u32],
  p14: ['p14', u32],
  p23: ['p23', u32],
})
const gilbert = struct('tc_netem_gemodel', { p: ['p', u32], r: ['r', u32], h: ['h', u32], k1: ['k1', u32] })

const data = headed(
  head,
  attributes('TCA_NETEM_', {
    correlations: [
      'CORR',
      1,
      struct('tc_netem_corr', { delay: ['delay_corr', u32], loss: ['loss_corr', u32], duplicate: ['dup_corr', u32] }),
    ],
    delayDistribution: ['DELAY_DIST', 2, binary()],
    reorder: ['REORDER', 3, chance('tc_netem_reorder')],
    corrupt: ['CORRUPT', 4, chance('tc_netem_corrupt')],
    lossModel: ['LOSS', 5, attributes('NETEM_LOSS_', { states: ['GI', 1, states], gilbert: ['GE', 2, gilbert] })],
    rate: [
      'RATE',
      6,
      struct('tc_netem_rate', {
        rate: ['rate', u32],
        packetOverhead: ['packet_overhead', i32],
        cell: ['cell_size', u32],
        cellOverhead: ['cell_overhead', i32],
      }),
    ],
    ecn: ['ECN', 7, u32],
    rate64: ['RATE64', 8, u64],
    pad: ['PAD', 9, ignored],
    latency64: ['LATENCY64', 10, i64],
    jitter64: ['JITTER64', 11, i64],
    slot: [
      'SLOT',
      12,
      struct('tc_netem_slot', {
        minDelay: ['min_delay', i64],
        maxDelay: ['max_delay', i64],
        maxPackets: ['max_packets', i32],
        maxBytes: ['max_bytes', i32],
        delay: ['dist_delay', i64],
        jitter: ['dist_jitter', i64],
      }),
    ],
    slotDistribution: ['SLOT_DIST', 13, binary()],
    seed: ['PRNG_SEED', 14, u64],
  }),
)
type Wire = ValueOf<typeof data>

/** When packets are let go together, as by a medium that is shared. */
export interface NetemSlot {
  /** The least time between two slots. */
  minDelayMilliseconds?: number | undefined
  /** The most time between them. Default: the least. */
  maxDelayMilliseconds?: number | undefined
  /** Instead: the mean time between them, with `jitterMilliseconds` by `distribution`. */
  delayMilliseconds?: number | undefined
  /** How much that varies. */
  jitterMilliseconds?: number | undefined
  /** How it varies. The kernel does not tell it. */
  distribution?: Distribution | undefined
  /** How many packets go in one. Default: any number. */
  maxPackets?: number | undefined
  /** How many bytes go in one. Default: any number. */
  maxBytes?: number | undefined
}

/** A model by which packets are lost, with percentages of transitions between its states. */
export type NetemLossModel =
  | {
      /** Four states: received in a gap (1), in a burst (2), lost in a burst (3), lost alone (4). */
      kind: 'state'
      p13Percent: number
      p31Percent?: number | undefined
      p32Percent?: number | undefined
      p23Percent?: number | undefined
      p14Percent?: number | undefined
    }
  | {
      /** Gilbert and Elliot: a good and a bad state. */
      kind: 'gemodel'
      /** From the good one to the bad one. */
      pPercent: number
      /** From the bad one to the good one. Default: 100 - `pPercent`. */
      rPercent?: number | undefined
      /** Lost in the bad state (1 - h). Default: 100. */
      badLossPercent?: number | undefined
      /** Lost in the good state (1 - k). Default: 0. */
      goodLossPercent?: number | undefined
    }

/** Options of the qdisc. */
export interface NetemOptions {
  /** How many packets wait. Default: 1000. */
  limitPackets?: number | undefined
  /** How long packets are kept. Default: 0. */
  delayMilliseconds?: number | undefined
  /** How much that varies. Default: 0. */
  jitterMilliseconds?: number | undefined
  /** How much the delay depends on that of the packet before. Default: 0. */
  delayCorrelationPercent?: number | undefined
  /** How the delay varies; needs `jitterMilliseconds`. The kernel does not tell it. Default: uniformly. */
  distribution?: Distribution | undefined
  /** How many packets are lost. Default: 0. */
  lossPercent?: number | undefined
  /** How much that depends on the packet before. Default: 0. */
  lossCorrelationPercent?: number | undefined
  /** Instead of `lossPercent`, a model of losses. Default: none. */
  lossModel?: NetemLossModel | undefined
  /** Marks packets that can be marked, instead of losing them. Default: false. */
  ecn?: boolean | undefined
  /** How many packets are doubled. Default: 0. */
  duplicatePercent?: number | undefined
  /** How much that depends on the packet before. Default: 0. */
  duplicateCorrelationPercent?: number | undefined
  /** How many packets get a wrong bit. Default: 0. */
  corruptPercent?: number | undefined
  /** How much that depends on the packet before. Default: 0. */
  corruptCorrelationPercent?: number | undefined
  /** How many packets are sent at once, before those that wait; needs `delayMilliseconds`. Default: 0. */
  reorderPercent?: number | undefined
  /** How much that depends on the packet before. Default: 0. */
  reorderCorrelationPercent?: number | undefined
  /** Only each so many-th packet may be sent at once. Default: 1 with `reorderPercent`, else 0. */
  gap?: number | undefined
  /** The rate at which packets leave. Default: as they come. */
  rateBitsPerSecond?: number | undefined
  /** Bytes that each packet has more at that rate, or less. Default: 0. */
  packetOverheadBytes?: number | undefined
  /** Bytes of a cell, if packets are sent in cells. Default: 0, they are not. */
  cellBytes?: number | undefined
  /** Bytes that each cell has more. Default: 0. */
  cellOverheadBytes?: number | undefined
  /** Lets packets go together. Default: each by itself. */
  slot?: NetemSlot | undefined
  /** Begins the random numbers. Default: at random. Since Linux 6.6. */
  seed?: bigint | undefined
}

function nanoseconds(value: unknown, field: string): bigint {
  if (typeof value !== 'number') throw wrongType(field, 'a number of milliseconds', value)
  if (!(value >= 0 && value <= 9e9)) throw outOfRange(field, 'a number of milliseconds from 0 to 9000000000', value)
  return BigInt(Math.round(value * 1e6))
}

/** The same in ticks, where there is room: kernels before 4.16 know nothing else. */
const ticks = (time: bigint): number => Math.min(0xffffffff, Number(time / 64n))
const milliseconds = (time: bigint): number => Number(time) / 1e6
const chanceOf = (value: unknown, field: string): number => (value === undefined ? 0 : probability(value, field))

function lossOf(model: NetemLossModel | undefined): Wire['lossModel'] {
  if (model === undefined) return undefined
  const of = (value: unknown, name: string, none: number): number =>
    value === undefined ? none : probability(value, `lossModel.${name}`)
  if (model.kind === 'state') {
    const p13 = of(model.p13Percent, 'p13Percent', 0)
    const most = 0xffffffff
    return {
      states: {
        p13,
        p31: of(model.p31Percent, 'p31Percent', most - p13),
        p32: of(model.p32Percent, 'p32Percent', 0),
        p23: of(model.p23Percent, 'p23Percent', most),
        p14: of(model.p14Percent, 'p14Percent', 0),
      },
    }
  }
  if ((model.kind as string) !== 'gemodel') throw wrongValue('lossModel.kind', '"state" or "gemodel"', model.kind)
  const p = of(model.pPercent, 'pPercent', 0)
  return {
    gilbert: {
      p,
      r: of(model.rPercent, 'rPercent', 0xffffffff - p),
      h: 0xffffffff - of(model.badLossPercent, 'badLossPercent', 0xffffffff),
      k1: of(model.goodLossPercent, 'goodLossPercent', 0),
    },
  }
}

function modelOf(model: Wire['lossModel']): NetemLossModel | undefined {
  const { states: its, gilbert: ge } = model ?? {}
  if (its !== undefined) {
    const { p13 = 0, p31 = 0, p32 = 0, p23 = 0, p14 = 0 } = its
    const [p13Percent, p31Percent, p32Percent, p23Percent, p14Percent] = [p13, p31, p32, p23, p14].map(percentOf) as [
      number,
      number,
      number,
      number,
      number,
    ]
    return { kind: 'state', p13Percent, p31Percent, p32Percent, p23Percent, p14Percent }
  }
  if (ge === undefined) return undefined
  const { p = 0, r = 0, h = 0, k1 = 0 } = ge
  return {
    kind: 'gemodel',
    pPercent: percentOf(p),
    rPercent: percentOf(r),
    badLossPercent: percentOf(0xffffffff - h),
    goodLossPercent: percentOf(k1),
  }
}

function slotOf(slot: NetemSlot | undefined): Pick<Wire, 'slot' | 'slotDistribution'> {
  if (slot === undefined) return {}
  const of = (value: number | undefined, name: string): bigint =>
    value === undefined ? 0n : nanoseconds(value, `slot.${name}`)
  const minDelay = of(slot.minDelayMilliseconds, 'minDelayMilliseconds')
  const least =
    slot.maxDelayMilliseconds === undefined ? minDelay : of(slot.maxDelayMilliseconds, 'maxDelayMilliseconds')
  if (least < minDelay)
    throw outOfRange('slot.maxDelayMilliseconds', 'at least "minDelayMilliseconds"', slot.maxDelayMilliseconds)
  return {
    slot: {
      minDelay,
      maxDelay: least,
      maxPackets: checkInteger(slot.maxPackets ?? 0, 0, 0x7fffffff, 'slot.maxPackets'),
      maxBytes: checkInteger(slot.maxBytes ?? 0, 0, 0x7fffffff, 'slot.maxBytes'),
      delay: of(slot.delayMilliseconds, 'delayMilliseconds'),
      jitter: of(slot.jitterMilliseconds, 'jitterMilliseconds'),
    },
    ...(slot.distribution === undefined
      ? {}
      : { slotDistribution: distributionTable(slot.distribution, 'slot.distribution') }),
  }
}

function toWire(given: NetemOptions): Wire {
  const latency = nanoseconds(given.delayMilliseconds ?? 0, 'delayMilliseconds')
  const jitter = nanoseconds(given.jitterMilliseconds ?? 0, 'jitterMilliseconds')
  const { lossPercent, lossModel, reorderPercent, distribution, rateBitsPerSecond } = given
  if (reorderPercent !== undefined && reorderPercent !== 0 && latency === 0n) {
    throw wrongType('delayMilliseconds', 'given with "reorderPercent"', given.delayMilliseconds)
  }
  if (distribution !== undefined && jitter === 0n) {
    throw wrongType('jitterMilliseconds', 'given with "distribution"', given.jitterMilliseconds)
  }
  if (lossPercent !== undefined && lossPercent !== 0 && lossModel !== undefined) {
    throw wrongValue('lossModel', 'left out beside "lossPercent"', lossModel)
  }
  const rate = rateBitsPerSecond === undefined ? 0 : bytesPerSecond(rateBitsPerSecond, 'rateBitsPerSecond')
  const reorder = chanceOf(reorderPercent, 'reorderPercent')
  const { packetOverheadBytes = 0, cellBytes = 0, cellOverheadBytes = 0, ecn = false, seed } = given
  if (typeof ecn !== 'boolean') throw wrongType('ecn', 'a boolean', ecn)
  return {
    latency: ticks(latency),
    jitter: ticks(jitter),
    latency64: latency,
    jitter64: jitter,
    limit: checkInteger(given.limitPackets ?? 1000, 1, 0xffffffff, 'limitPackets'),
    gap: checkInteger(given.gap ?? (reorder === 0 ? 0 : 1), 0, 0xffffffff, 'gap'),
    loss: chanceOf(lossPercent, 'lossPercent'),
    duplicate: chanceOf(given.duplicatePercent, 'duplicatePercent'),
    correlations: {
      delay: chanceOf(given.delayCorrelationPercent, 'delayCorrelationPercent'),
      loss: chanceOf(given.lossCorrelationPercent, 'lossCorrelationPercent'),
      duplicate: chanceOf(given.duplicateCorrelationPercent, 'duplicateCorrelationPercent'),
    },
    reorder: {
      probability: reorder,
      correlation: chanceOf(given.reorderCorrelationPercent, 'reorderCorrelationPercent'),
    },
    corrupt: {
      probability: chanceOf(given.corruptPercent, 'corruptPercent'),
      correlation: chanceOf(given.corruptCorrelationPercent, 'corruptCorrelationPercent'),
    },
    ecn: ecn ? 1 : undefined,
    lossModel: lossOf(lossModel),
    rate64: wideRate(rate),
    rate: {
      rate: Math.min(rate, 0xffffffff),
      packetOverhead: packetOverheadBytes,
      cell: cellBytes,
      cellOverhead: cellOverheadBytes,
    },
    delayDistribution: distribution === undefined ? undefined : distributionTable(distribution, 'distribution'),
    ...slotOf(given.slot),
    seed,
  }
}

/** What is not its default, as nobody wants to read two dozen zeros. */
function present(all: NetemOptions): NetemOptions {
  return Object.fromEntries(
    Object.entries(all).filter(([, value]) => value !== undefined && value !== 0 && value !== false),
  )
}

function fromWire(wire: Wire): NetemOptions {
  const { latency = 0, jitter = 0, latency64, jitter64, loss = 0, duplicate = 0, gap, limit, correlations, slot } = wire
  const rate = rateOf({ rate: wire.rate?.rate ?? 0 }, wire.rate64)
  const slotted = slot !== undefined && Object.values(slot).some((value) => value !== 0 && value !== 0n)
  return present({
    limitPackets: limit,
    delayMilliseconds: milliseconds(latency64 ?? BigInt(latency) * 64n),
    jitterMilliseconds: milliseconds(jitter64 ?? BigInt(jitter) * 64n),
    delayCorrelationPercent: percentOf(correlations?.delay ?? 0),
    lossPercent: percentOf(loss),
    lossCorrelationPercent: percentOf(correlations?.loss ?? 0),
    lossModel: modelOf(wire.lossModel),
    ecn: wire.ecn === 1,
    duplicatePercent: percentOf(duplicate),
    duplicateCorrelationPercent: percentOf(correlations?.duplicate ?? 0),
    corruptPercent: percentOf(wire.corrupt?.probability ?? 0),
    corruptCorrelationPercent: percentOf(wire.corrupt?.correlation ?? 0),
    reorderPercent: percentOf(wire.reorder?.probability ?? 0),
    reorderCorrelationPercent: percentOf(wire.reorder?.correlation ?? 0),
    gap,
    rateBitsPerSecond: rate * 8,
    packetOverheadBytes: wire.rate?.packetOverhead,
    cellBytes: wire.rate?.cell,
    cellOverheadBytes: wire.rate?.cellOverhead,
    slot: slotted
      ? {
          minDelayMilliseconds: milliseconds(slot.minDelay ?? 0n),
          maxDelayMilliseconds: milliseconds(slot.maxDelay ?? 0n),
          maxPackets: slot.maxPackets,
          maxBytes: slot.maxBytes,
          delayMilliseconds: milliseconds(slot.delay ?? 0n),
          jitterMilliseconds: milliseconds(slot.jitter ?? 0n),
        }
      : undefined,
    seed: wire.seed,
  })
}

const takes = [
  'limitPackets',
  'delayMilliseconds',
  'jitterMilliseconds',
  'delayCorrelationPercent',
  'distribution',
  'lossPercent',
  'lossCorrelationPercent',
  'lossModel',
  'ecn',
  'duplicatePercent',
  'duplicateCorrelationPercent',
  'corruptPercent',
  'corruptCorrelationPercent',
  'reorderPercent',
  'reorderCorrelationPercent',
  'gap',
  'rateBitsPerSecond',
  'packetOverheadBytes',
  'cellBytes',
  'cellOverheadBytes',
  'slot',
  'seed',
] as const

export const netem = qdiscKind('netem', mapped(data, { takes }, toWire, fromWire))
