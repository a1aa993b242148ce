// codel, fq_codel: what waits too long is dropped (or marked), whatever the queue's length (TCA_CODEL_, TCA_FQ_CODEL_).
import { attributes } from '../../wire/attributes'
import { boolean, i32, milliseconds, u32, u8, within } from '../../wire/integers'
import { struct } from '../../wire/struct'
import { qdiscKind } from './kind'

/**
 * The kernel keeps microseconds in units of 1.024, and rounds down in both directions: what it tells is made what it was told, or
 * each reading and writing would take one away (codel_time_t of include/net/codel.h).
 */
const microseconds = milliseconds(
  { ...u32, decode: (reader, at) => Math.ceil((Math.ceil((reader.u32(at) * 1000) / 1024) * 1024) / 1000) },
  1000,
)

const codelData = attributes('TCA_CODEL_', {
  /** How long a packet may wait, for a while. Default: 5. */
  targetMilliseconds: ['TARGET', 1, microseconds],
  /** How many packets wait at most. Default: 1000. */
  limitPackets: ['LIMIT', 2, within(u32, 1, 0xffffffff)],
  /** That while: about the longest round trip. Default: 100. */
  intervalMilliseconds: ['INTERVAL', 3, microseconds],
  /** Marks packets that can be marked, instead of dropping them. Default: false. */
  ecn: ['ECN', 4, boolean(u32)],
  /** Packets that waited longer are marked, always. Default: none are. */
  ceThresholdMilliseconds: ['CE_THRESHOLD', 5, microseconds],
})

export const codel = qdiscKind('codel', codelData, {
  optional: true,
  counted: struct('tc_codel_xstats', {
    maxPacket: ['maxpacket', u32],
    count: ['count', u32],
    lastCount: ['lastcount', u32],
    delay: ['ldelay', u32],
    dropNext: ['drop_next', i32],
    dropOverlimit: ['drop_overlimit', u32],
    ecnMark: ['ecn_mark', u32],
    dropping: ['dropping', u32],
    ceMark: ['ce_mark', u32],
  }),
})

const data = attributes('TCA_FQ_CODEL_', {
  /** How long a packet may wait, for a while. Default: 5. */
  targetMilliseconds: ['TARGET', 1, microseconds],
  /** How many packets wait at most. Default: 10240. */
  limitPackets: ['LIMIT', 2, within(u32, 1, 0xffffffff)],
  /** That while: about the longest round trip. Default: 100. */
  intervalMilliseconds: ['INTERVAL', 3, microseconds],
  /** Marks packets that can be marked, instead of dropping them. Default: true. */
  ecn: ['ECN', 4, boolean(u32)],
  /** How many queues flows are hashed to, 1 to 65536. It cannot be changed later. Default: 1024. */
  flows: ['FLOWS', 5, within(u32, 1, 65536)],
  /** Bytes that a flow sends in its turn. Default: the device's MTU and its header. */
  quantumBytes: ['QUANTUM', 6, within(u32, 1, 1 << 20)],
  /** Packets that waited longer are marked, always. Default: none are. */
  ceThresholdMilliseconds: ['CE_THRESHOLD', 7, microseconds],
  /** How many packets are dropped at once where there is no room. Default: 64. */
  dropBatchPackets: ['DROP_BATCH_SIZE', 8, within(u32, 1, 0xffffffff)],
  /** How many bytes of memory packets take at most. Default: 33554432. */
  memoryLimitBytes: ['MEMORY_LIMIT', 9, within(u32, 1, 0xffffffff)],
  /** `ceThresholdMilliseconds` is of packets whose DS field is so under `ceThresholdMask`. Default: of all. Since Linux 5.16. */
  ceThresholdSelector: ['CE_THRESHOLD_SELECTOR', 10, u8],
  /** See `ceThresholdSelector`. */
  ceThresholdMask: ['CE_THRESHOLD_MASK', 11, u8],
})

export const fqCodel = qdiscKind('fq_codel', data, {
  optional: true,
  counted: struct('tc_fq_codel_xstats', {
    type: ['type', u32],
    maxPacket: ['', u32],
    dropOverlimit: ['', u32],
    ecnMark: ['', u32],
    newFlowCount: ['', u32],
    newFlowsLen: ['', u32],
    oldFlowsLen: ['', u32],
    ceMark: ['', u32],
    memoryUsage: ['', u32],
    dropOvermemory: ['', u32],
  }),
})
