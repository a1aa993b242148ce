// pie, fq_pie: packets are dropped with a probability that keeps the delay at a target (TCA_PIE_, TCA_FQ_PIE_).
import { attributes } from '../../wire/attributes'
import { boolean, milliseconds, u32, u64, within } from '../../wire/integers'
import { struct } from '../../wire/struct'
import { qdiscKind } from './kind'

const microseconds = milliseconds(u32, 1000)

const pieData = attributes('TCA_PIE_', {
  /** The delay that is kept. Default: 15. */
  targetMilliseconds: ['TARGET', 1, microseconds],
  /** How many packets wait at most. Default: 1000. */
  limitPackets: ['LIMIT', 2, within(u32, 1, 0xffffffff)],
  /** How often the probability is computed. Default: 15. */
  updateMilliseconds: ['TUPDATE', 3, microseconds],
  /** How much the distance from the target counts, 0 to 32. Default: 1. */
  alpha: ['ALPHA', 4, within(u32, 0, 32)],
  /** How much the change of the delay counts, 0 to 32. Default: 10. */
  beta: ['BETA', 5, within(u32, 0, 32)],
  /** Marks packets that can be marked, instead of dropping them. Default: false. */
  ecn: ['ECN', 6, boolean(u32)],
  /** Large packets are dropped more often. Default: false. */
  bytemode: ['BYTEMODE', 7, boolean(u32)],
  /** The delay is estimated by the rate at which packets leave. Default: false, it is measured. Since Linux 5.5. */
  rateEstimator: ['DQ_RATE_ESTIMATOR', 8, boolean(u32)],
})

export const pie = qdiscKind('pie', pieData, {
  optional: true,
  counted: struct('tc_pie_xstats', {
    probability: ['prob', u64],
    delay: ['delay', u32],
    averageDequeueRate: ['avg_dq_rate', u32],
    estimatingRate: ['dq_rate_estimating', u32],
    packetsIn: ['packets_in', u32],
    dropped: ['dropped', u32],
    overlimit: ['overlimit', u32],
    maxQueue: ['maxq', u32],
    ecnMark: ['ecn_mark', u32],
  }),
})

const data = attributes('TCA_FQ_PIE_', {
  /** How many packets wait at most. Default: 10240. */
  limitPackets: ['LIMIT', 1, within(u32, 1, 0xffffffff)],
  /** How many queues flows are hashed to, 1 to 65536. It cannot be changed later. Default: 1024. */
  flows: ['FLOWS', 2, within(u32, 1, 65536)],
  /** The delay that is kept. Default: 15. */
  targetMilliseconds: ['TARGET', 3, microseconds],
  /** How often the probability is computed. Default: 15. */
  updateMilliseconds: ['TUPDATE', 4, microseconds],
  /** How much the distance from the target counts, 0 to 32. Default: 1. */
  alpha: ['ALPHA', 5, within(u32, 0, 32)],
  /** How much the change of the delay counts, 0 to 32. Default: 10. */
  beta: ['BETA', 6, within(u32, 0, 32)],
  /** Bytes that a flow sends in its turn. Default: the device's MTU and its header. */
  quantumBytes: ['QUANTUM', 7, within(u32, 1, 1 << 20)],
  /** How many bytes of memory packets take at most. Default: 33554432. */
  memoryLimitBytes: ['MEMORY_LIMIT', 8, within(u32, 1, 0xffffffff)],
  /** Up to which probability packets are marked. Default: 10. */
  ecnProbabilityPercent: ['ECN_PROB', 9, within(u32, 0, 100)],
  /** Marks packets that can be marked, instead of dropping them. Default: false. */
  ecn: ['ECN', 10, boolean(u32)],
  /** Large packets are dropped more often. Default: false. */
  bytemode: ['BYTEMODE', 11, boolean(u32)],
  /** The delay is estimated by the rate at which packets leave. Default: false, it is measured. */
  rateEstimator: ['DQ_RATE_ESTIMATOR', 12, boolean(u32)],
})

export const fqPie = qdiscKind('fq_pie', data, {
  optional: true,
  counted: struct('tc_fq_pie_xstats', {
    packetsIn: ['packets_in', u32],
    dropped: ['dropped', u32],
    overlimit: ['overlimit', u32],
    overmemory: ['overmemory', u32],
    ecnMark: ['ecn_mark', u32],
    newFlowCount: ['new_flow_count', u32],
    newFlowsLen: ['new_flows_len', u32],
    oldFlowsLen: ['old_flows_len', u32],
    memoryUsage: ['memory_usage', u32],
  }),
})
