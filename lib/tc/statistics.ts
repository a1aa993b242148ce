// What the kernel counts for qdiscs, classes and actions (TCA_STATS2, linux/gen_stats.h).
import { attributes } from '../wire/attributes'
import { u32, u64 } from '../wire/integers'
import { taggedBy, type Variants } from '../wire/nesting'
import { ignored, readOnly } from '../wire/read_only'
import { struct } from '../wire/struct'
import type { ValueOf } from '../wire/type'

const basic = struct('gnet_stats_basic', { bytes: ['bytes', u64], packets: ['packets', u32], _pad: ['', u32] })
const queue = struct('gnet_stats_queue', {
  qlen: ['qlen', u32],
  backlog: ['backlog', u32],
  drops: ['drops', u32],
  requeues: ['requeues', u32],
  overlimits: ['overlimits', u32],
})
const rate = struct('gnet_stats_rate_est', { bps: ['bps', u32], pps: ['pps', u32] })
const rate64 = struct('gnet_stats_rate_est64', { bps: ['bps', u64], pps: ['pps', u64] })

/** TCA_STATS2, with what a kind counts for itself. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the table is the type
export function stats2<V extends Variants>(own: V) {
  return attributes('TCA_STATS_', {
    basic: ['BASIC', 1, readOnly(basic)],
    rate: ['RATE_EST', 2, readOnly(rate)],
    queue: ['QUEUE', 3, readOnly(queue)],
    app: ['APP', 4, readOnly(taggedBy('kind', own, 'outer'))],
    rate64: ['RATE_EST64', 5, readOnly(rate64)],
    pad: ['PAD', 6, ignored],
    basicHw: ['BASIC_HW', 7, readOnly(basic)],
    packets64: ['PKT64', 8, readOnly(u64)],
  })
}

/** Counters since the object exists. */
export interface TcStatistics {
  /** Bytes of the packets that it let through. */
  bytes: bigint
  /** Those packets. */
  packets: bigint
  /** Packets that it dropped. */
  drops: number
  /** How often a packet had to wait, or was beyond a limit. */
  overlimits: number
  /** Packets that a device gave back. */
  requeues: number
  /** Bytes that wait. */
  backlogBytes: number
  /** Packets that wait. */
  qlen: number
  /** What was sent lately, if an estimator is set. */
  rateBitsPerSecond?: number
  /** The same in packets. */
  ratePacketsPerSecond?: number
}

type Wire = ValueOf<ReturnType<typeof stats2>>

/** Makes one object of the kernel's several. */
export function statisticsOf({ basic, queue, rate, rate64, packets64 }: Wire): TcStatistics {
  const estimated = rate64 ?? rate
  return {
    bytes: basic?.bytes ?? 0n,
    packets: packets64 ?? BigInt(basic?.packets ?? 0),
    drops: queue?.drops ?? 0,
    overlimits: queue?.overlimits ?? 0,
    requeues: queue?.requeues ?? 0,
    backlogBytes: queue?.backlog ?? 0,
    qlen: queue?.qlen ?? 0,
    ...(estimated === undefined
      ? {}
      : { rateBitsPerSecond: Number(estimated.bps) * 8, ratePacketsPerSecond: Number(estimated.pps) }),
  }
}
