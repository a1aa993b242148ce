// drr and qfq: classes that send in turns, each so many bytes (TCA_DRR_), or by weights (TCA_QFQ_).
import { attributes } from '../../wire/attributes'
import { u32, within } from '../../wire/integers'
import { struct } from '../../wire/struct'
import { qdiscKind } from './kind'

const none = attributes('TCA_', {})

const drrClass = attributes('TCA_DRR_', {
  /** Bytes that the class sends in its turn. Default: the device's MTU and its header. */
  quantumBytes: ['QUANTUM', 1, within(u32, 1, 0xffffffff)],
})

export const drr = qdiscKind('drr', none, {
  optional: true,
  classes: drrClass,
  classCounted: struct('tc_drr_stats', { deficit: ['deficit', u32] }),
})

const qfqClass = attributes('TCA_QFQ_', {
  /** Its share against the other classes, 1 to 1023. Default: 1. */
  weight: ['WEIGHT', 1, within(u32, 1, 1023)],
  /** The largest packet, 512 to 65535. Default: the device's MTU. */
  maxPacketBytes: ['LMAX', 2, within(u32, 512, 65535)],
})

export const qfq = qdiscKind('qfq', none, {
  optional: true,
  classes: qfqClass,
  classCounted: struct('tc_qfq_stats', { weight: ['weight', u32], maxPacketBytes: ['lmax', u32] }),
})
