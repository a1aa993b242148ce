// hhf: heavy-hitter filter, which lets small flows pass large ones (TCA_HHF_).
import { attributes } from '../../wire/attributes'
import { milliseconds, u32, within } from '../../wire/integers'
import { struct } from '../../wire/struct'
import { qdiscKind } from './kind'

const microseconds = milliseconds(u32, 1000)

const data = attributes('TCA_HHF_', {
  /** How many packets wait at most. Default: 1000. */
  limitPackets: ['BACKLOG_LIMIT', 1, u32],
  /** Bytes that a bucket sends in its turn. Default: the device's MTU and its header. */
  quantumBytes: ['QUANTUM', 2, within(u32, 1, 0x7fffffff)],
  /** How many heavy hitters are known. Default: 2048. */
  heavyFlows: ['HH_FLOWS_LIMIT', 3, u32],
  /** How often the counters begin anew. Default: 40. */
  resetMilliseconds: ['RESET_TIMEOUT', 4, microseconds],
  /** Bytes after which a flow is a heavy hitter. Default: 131072. */
  admitBytes: ['ADMIT_BYTES', 5, u32],
  /** How long an idle heavy hitter is known. Default: 1000. */
  evictMilliseconds: ['EVICT_TIMEOUT', 6, microseconds],
  /** How much more the others get. Default: 2. */
  othersWeight: ['NON_HH_WEIGHT', 7, within(u32, 1, 0x7fffffff)],
})

export const hhf = qdiscKind('hhf', data, {
  optional: true,
  counted: struct('tc_hhf_xstats', {
    dropOverlimit: ['drop_overlimit', u32],
    heavyOverlimit: ['hh_overlimit', u32],
    heavyTotal: ['hh_tot_count', u32],
    heavyCurrent: ['hh_cur_count', u32],
  }),
})
