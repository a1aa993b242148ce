// tbf: token bucket filter, which lets a rate through and nothing beyond (TCA_TBF_).
import { attributes } from '../../wire/attributes'
import { checkInteger, u32, u64 } from '../../wire/integers'
import { outOfRange, wrongType, wrongValue } from '../../wire/invalid'
import { ignored } from '../../wire/read_only'
import { struct } from '../../wire/struct'
import { binary } from '../../wire/text'
import { mapped } from '../kind'
import {
  bytesOf,
  bytesPerSecond,
  ratespec,
  rateDetails,
  rateOf,
  rateTable,
  ticksOf,
  wideRate,
  type RateOptions,
} from '../units'
import { qdiscKind } from './kind'

const parms = struct('tc_tbf_qopt', {
  rate: ['rate', ratespec],
  peakRate: ['peakrate', ratespec],
  limit: ['limit', u32],
  buffer: ['buffer', u32],
  mtu: ['mtu', u32],
})

const data = attributes('TCA_TBF_', {
  parms: ['PARMS', 1, parms],
  rateTable: ['RTAB', 2, binary()],
  peakTable: ['PTAB', 3, binary()],
  rate64: ['RATE64', 4, u64],
  peakRate64: ['PRATE64', 5, u64],
  burst: ['BURST', 6, u32],
  peakBurst: ['PBURST', 7, u32],
  pad: ['PAD', 8, ignored],
})

/** Options of the qdisc: one of `limitBytes` and `latencyMilliseconds`. */
export interface TbfOptions extends RateOptions {
  /** What it lets through. */
  rateBitsPerSecond: number
  /** How many bytes may be sent at once: at least a packet, and what the rate gives in a tick of the timer. */
  burstBytes: number
  /** How many bytes wait; what comes beyond is dropped. */
  limitBytes?: number | undefined
  /** How long a packet waits at most: another way to say how many bytes wait. */
  latencyMilliseconds?: number | undefined
  /** At which rate a burst is sent. Default: as fast as the device can. */
  peakRateBitsPerSecond?: number | undefined
  /** The bucket of the peak rate: the largest packet (`minburst` of tc). Needed with `peakRateBitsPerSecond`. */
  mtuBytes?: number | undefined
}

/** The qdisc as it is. */
export interface TbfState extends RateOptions {
  rateBitsPerSecond: number
  burstBytes: number
  limitBytes: number
  peakRateBitsPerSecond?: number
  mtuBytes?: number
}

/** The largest packet that tables are made for where nobody says it. */
const largest = 2047

function limitOf(
  { limitBytes, latencyMilliseconds: latency, burstBytes, mtuBytes }: TbfOptions,
  rate: number,
  peak: number,
) {
  if (limitBytes !== undefined) {
    if (latency !== undefined) throw wrongValue('latencyMilliseconds', 'left out beside "limitBytes"', latency)
    return checkInteger(limitBytes, 1, 0xffffffff, 'limitBytes')
  }
  if (typeof latency !== 'number') throw wrongType('latencyMilliseconds', 'given, or "limitBytes"', latency)
  const of = (bytes: number, bucket: number): number => (bytes * latency) / 1000 + bucket
  const limit = Math.floor(Math.min(of(rate, burstBytes), peak === 0 ? Infinity : of(peak, mtuBytes ?? 0)))
  if (!(latency > 0 && limit <= 0xffffffff)) {
    throw outOfRange('latencyMilliseconds', 'more than 0, of at most 4294967295 bytes', latency)
  }
  return limit
}

/** Bytes with what is around them on the line (psched_l2t_ns): TCA_TBF_BURST, which has them without, is not told back. */
function onLine(bytes: number, { overheadBytes = 0, mpuBytes = 0, linklayer }: RateOptions): number {
  const length = Math.max(bytes + overheadBytes, mpuBytes)
  return linklayer === 'atm' ? Math.ceil(length / 48) * 53 : length
}

const options = mapped(
  data,
  {
    takes: [
      'rateBitsPerSecond',
      'burstBytes',
      'limitBytes',
      'latencyMilliseconds',
      'peakRateBitsPerSecond',
      'mtuBytes',
      'overheadBytes',
      'mpuBytes',
      'linklayer',
    ],
  },
  (given: TbfOptions) => {
    const { peakRateBitsPerSecond, mtuBytes } = given
    const rate = bytesPerSecond(given.rateBitsPerSecond, 'rateBitsPerSecond')
    const burst = checkInteger(given.burstBytes, 1, 0xffffffff, 'burstBytes')
    const rates = rateTable(rate, largest, given)
    const its = { rate: rates.spec, buffer: ticksOf(onLine(burst, given), rate, 'burstBytes') }
    const common = { rateTable: rates.table, rate64: wideRate(rate) }
    if (peakRateBitsPerSecond === undefined) {
      if (mtuBytes !== undefined) throw wrongValue('mtuBytes', 'left out without "peakRateBitsPerSecond"', mtuBytes)
      return { parms: { ...its, limit: limitOf(given, rate, 0) }, ...common }
    }
    const peak = bytesPerSecond(peakRateBitsPerSecond, 'peakRateBitsPerSecond')
    if (peak <= rate) {
      throw outOfRange('peakRateBitsPerSecond', 'more than "rateBitsPerSecond"', peakRateBitsPerSecond)
    }
    const mtu = checkInteger(mtuBytes, 1, 0xffffffff, 'mtuBytes')
    const peaks = rateTable(peak, mtu, given)
    return {
      parms: {
        ...its,
        limit: limitOf(given, rate, peak),
        peakRate: peaks.spec,
        mtu: ticksOf(onLine(mtu, given), peak, 'mtuBytes'),
      },
      ...common,
      peakTable: peaks.table,
      peakRate64: wideRate(peak),
    }
  },
  ({ parms: its, rate64, peakRate64 }): TbfState => {
    const rate = rateOf(its?.rate, rate64)
    const peak = rateOf(its?.peakRate, peakRate64)
    const { overhead = 0, linklayer } = its?.rate ?? {}
    // The kernel keeps the time that a bucket takes on the line (psched_l2t_ns).
    const bucket = (ticks: number, at: number): number => {
      const all = bytesOf(ticks, at)
      return Math.max(0, (linklayer === 'atm' ? Math.round(all / 53) * 48 : all) - overhead)
    }
    return {
      rateBitsPerSecond: rate * 8,
      burstBytes: bucket(its?.buffer ?? 0, rate),
      limitBytes: its?.limit ?? 0,
      ...(peak === 0 ? {} : { peakRateBitsPerSecond: peak * 8, mtuBytes: bucket(its?.mtu ?? 0, peak) }),
      ...rateDetails(its?.rate),
    }
  },
)

export const tbf = qdiscKind('tbf', options)
