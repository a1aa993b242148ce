// fq: a queue for each flow, and packets that leave when they shall: pacing of TCP (TCA_FQ_).
import { attributes } from '../../wire/attributes'
import { boolean, milliseconds, u32, u8, within } from '../../wire/integers'
import { binary } from '../../wire/text'
import { bitsPerSecond } from '../units'
import { qdiscKind } from './kind'
import { priorityMap } from './prio'
import { struct } from '../../wire/struct'
import { packed } from '../../wire/nesting'
import { i32 } from '../../wire/integers'
import { ignored, readOnly } from '../../wire/read_only'

const microseconds = milliseconds(u32, 1000)
const prio = struct('tc_prio_qopt', { bands: ['bands', i32], priomap: ['priomap', priorityMap] })

const data = attributes('TCA_FQ_', {
  /** How many packets wait at most. Default: 10000. */
  limitPackets: ['PLIMIT', 1, u32],
  /** How many of one flow. Default: 100. */
  flowLimitPackets: ['FLOW_PLIMIT', 2, u32],
  /** Bytes that a flow sends in its turn. Default: two packets. */
  quantumBytes: ['QUANTUM', 3, within(u32, 1, 1 << 20)],
  /** Bytes that a new flow sends. Default: ten packets. */
  initialQuantumBytes: ['INITIAL_QUANTUM', 4, u32],
  /** Paces packets. Default: true. */
  pacing: ['RATE_ENABLE', 5, boolean(u32)],
  obsoleteDefaultRate: ['FLOW_DEFAULT_RATE', 6, ignored],
  /** The most that a flow gets. Default: Infinity. */
  maxRateBitsPerSecond: ['FLOW_MAX_RATE', 7, bitsPerSecond(u32, 0xffffffff)],
  /** The logarithm of how many buckets flows are hashed to, 1 to 18. Default: 10. */
  bucketsLog: ['BUCKETS_LOG', 8, within(u32, 1, 18)],
  /** How long a flow has to be idle to get its credit again. Default: 40. */
  refillDelayMilliseconds: ['FLOW_REFILL_DELAY', 9, microseconds],
  /** Mask of the hash of packets without a socket. Default: 1023. */
  orphanMask: ['ORPHAN_MASK', 10, u32],
  /** Flows that are slower send one packet at a time. Default: 550000. */
  lowRateThresholdBitsPerSecond: ['LOW_RATE_THRESHOLD', 11, bitsPerSecond(u32)],
  /** Packets that waited longer are marked. Default: none are. */
  ceThresholdMilliseconds: ['CE_THRESHOLD', 12, microseconds],
  /** How late packets may leave. Default: 0.01. */
  timerSlackMilliseconds: ['TIMER_SLACK', 13, milliseconds(u32, 1e6)],
  /** How far ahead packets may ask to leave. Default: 10000. */
  horizonMilliseconds: ['HORIZON', 14, microseconds],
  /** Packets beyond it are dropped; false: they leave at the horizon. Default: true. */
  horizonDrop: ['HORIZON_DROP', 15, boolean(u8)],
  /** Bands of priorities. Since Linux 6.7. */
  priomap: ['PRIOMAP', 16, prio],
  /** Weights of the three bands. Since Linux 6.7. */
  weights: ['WEIGHTS', 17, packed(i32)],
  /** Whether packets of idle flows take a shortcut: only reported. */
  offload: ['OFFLOAD_HORIZON', 18, readOnly(binary())],
})

export const fq = qdiscKind('fq', data, { optional: true })
