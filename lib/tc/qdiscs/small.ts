// multiq, plug, cbs, etf, skbprio: kinds whose options are one struct each.
import { attributes } from '../../wire/attributes'
import { oneOf, bits } from '../../wire/choices'
import { boolean, checkInteger, i32, u16, u32, u8 } from '../../wire/integers'
import { struct } from '../../wire/struct'
import { lifted } from '../lifted'
import { mapped } from '../kind'
import { qdiscKind } from './kind'

/** multiq: a band for each queue of a device that has several. */
const multiqData = struct('tc_multiq_qopt', { bands: ['bands', u16], maxBands: ['max_bands', u16] })
export const multiq = qdiscKind(
  'multiq',
  mapped(
    multiqData,
    { takes: [], reports: ['bands', 'maxBands'] },
    (_: object) => ({ bands: 0, maxBands: 0 }),
    ({ bands = 0, maxBands = 0 }) => ({ bands, maxBands }),
  ),
)

/** Options of plug. */
export interface PlugOptions {
  /**
   * What it is told: to keep what comes from now on (`buffer`), to send what came before that (`releaseOne`), to send all and
   * keep nothing (`releaseIndefinite`), how many bytes it keeps (`limit`). Default: `limit`, when it is made.
   */
  action?: 'buffer' | 'releaseOne' | 'releaseIndefinite' | 'limit' | undefined
  /** How many bytes it keeps, with the action `limit`. */
  limitBytes?: number | undefined
}

const plugAction = oneOf(i32, 'TCQ_PLUG_', {
  buffer: ['BUFFER', 0],
  releaseOne: ['RELEASE_ONE', 1],
  releaseIndefinite: ['RELEASE_INDEFINITE', 2],
  limit: ['LIMIT', 3],
})
export const plug = qdiscKind(
  'plug',
  mapped(
    struct('tc_plug_qopt', { action: ['action', plugAction], limit: ['limit', u32] }),
    { takes: ['action', 'limitBytes'] },
    ({ action = 'limit', limitBytes = 0 }: PlugOptions) => ({
      action,
      limit: checkInteger(limitBytes, 0, 0xffffffff, 'limitBytes'),
    }),
    (_wire): PlugOptions => ({}),
  ),
  { optional: true },
)

const kilobits = i32

/** cbs: credit-based shaper of IEEE 802.1Qav. */
const cbsParms = struct('tc_cbs_qopt', {
  /** Lets the device do it. Default: false. */
  offload: ['offload', boolean(u8)],
  _pad1: ['', u8],
  _pad2: ['', u16],
  /** The most credit, in bytes. */
  hicredit: ['hicredit', i32],
  /** The least credit, in bytes. */
  locredit: ['locredit', i32],
  /** How fast credit grows, in kilobits per second. */
  idleslopeKilobits: ['idleslope', kilobits],
  /** How fast it goes, in kilobits per second, negative. */
  sendslopeKilobits: ['sendslope', kilobits],
})
export const cbs = qdiscKind(
  'cbs',
  lifted(cbsParms, attributes('TCA_CBS_', { parms: ['PARMS', 1, cbsParms] }), 'parms'),
)

/** Clocks of the kernel. */
export const clock = oneOf(i32, 'CLOCK_', {
  realtime: ['REALTIME', 0],
  monotonic: ['MONOTONIC', 1],
  boottime: ['BOOTTIME', 7],
  tai: ['TAI', 11],
})

/** etf: packets leave at the time that they say (SO_TXTIME). */
const etfParms = struct('tc_etf_qopt', {
  /** How long before its time a packet is handed to the device, in nanoseconds. */
  deltaNanoseconds: ['delta', i32],
  /** The clock: `tai`. */
  clock: ['clockid', clock],
  /** `deadline`: times are deadlines; `offload`: the device does it; `skipSocketCheck`: packets of others, too. */
  flags: [
    'flags',
    bits(u32, 'TC_ETF_', {
      deadline: ['DEADLINE_MODE_ON', 1],
      offload: ['OFFLOAD_ON', 2],
      skipSocketCheck: ['SKIP_SOCK_CHECK', 4],
    }),
  ],
})
export const etf = qdiscKind(
  'etf',
  lifted(etfParms, attributes('TCA_ETF_', { parms: ['PARMS', 1, etfParms] }), 'parms', () => ({
    clock: 'tai' as const,
  })),
)

/** skbprio: the packets of the highest priorities are kept. */
export const skbprio = qdiscKind(
  'skbprio',
  mapped(
    struct('tc_skbprio_qopt', { limit: ['limit', u32] }),
    { takes: ['limitPackets'] },
    ({ limitPackets }: { limitPackets?: number | undefined }) => ({
      limit: checkInteger(limitPackets, 1, 0xffffffff, 'limitPackets'),
    }),
    ({ limit = 0 }) => ({ limitPackets: limit }),
  ),
  { optional: true },
)
