// police: packets beyond a rate are dropped, or whatever else becomes of them (TCA_POLICE_).
import { attributes } from '../../wire/attributes'
import { checkInteger, i32, u32, u64 } from '../../wire/integers'
import { wrongType } from '../../wire/invalid'
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
import { control, type Control } from './kind'

const parms = struct('tc_police', {
  index: ['index', u32],
  exceed: ['action', control],
  limit: ['limit', u32],
  burst: ['burst', u32],
  mtu: ['mtu', u32],
  rate: ['rate', ratespec],
  peakRate: ['peakrate', ratespec],
  references: ['refcnt', i32],
  bindings: ['bindcnt', i32],
  _capabilities: ['capab', u32],
})

const data = attributes('TCA_POLICE_', {
  parms: ['TBF', 1, parms],
  rateTable: ['RATE', 2, binary()],
  peakTable: ['PEAKRATE', 3, binary()],
  averageRate: ['AVRATE', 4, u32],
  conform: ['RESULT', 5, control],
  times: ['TM', 6, ignored],
  pad: ['PAD', 7, ignored],
  rate64: ['RATE64', 8, u64],
  peakRate64: ['PEAKRATE64', 9, u64],
  packetRate: ['PKTRATE64', 10, u64],
  packetBurst: ['PKTBURST64', 11, u64],
})

/** Options of the action. */
export interface PoliceOptions extends RateOptions {
  /** Its number, by which several filters share it. Default: the kernel chooses one. */
  index?: number | undefined
  /** What is let through. Needs `burstBytes`. */
  rateBitsPerSecond?: number | undefined
  /** How many bytes may come at once. */
  burstBytes?: number | undefined
  /** The largest packet that is let through, in bytes. Default: 2047, or any with no rate. */
  mtuBytes?: number | undefined
  /** At which rate a burst may come. Default: at any. */
  peakRateBitsPerSecond?: number | undefined
  /** Instead of bytes: how many packets in a second. Needs `burstPackets`. */
  packetsPerSecond?: number | undefined
  /** How many packets may come at once. */
  burstPackets?: number | undefined
  /** What becomes of packets beyond it. Default: `reclassify`, as of tc. */
  exceed?: Control | undefined
  /** What becomes of the others. Default: `continue`, the filter's own end. */
  conform?: Control | undefined
}

/** The action as it is. */
export interface PoliceState extends PoliceOptions {
  index: number
  exceed: Control
  /** How many refer to it. */
  references: number
  /** How many filters use it. */
  bindings: number
}

const options = mapped(
  data,
  {
    takes: [
      'index',
      'rateBitsPerSecond',
      'burstBytes',
      'mtuBytes',
      'peakRateBitsPerSecond',
      'packetsPerSecond',
      'burstPackets',
      'exceed',
      'conform',
      'overheadBytes',
      'mpuBytes',
      'linklayer',
    ],
    reports: ['references', 'bindings'],
  },
  (given: PoliceOptions) => {
    const {
      rateBitsPerSecond,
      burstBytes,
      peakRateBitsPerSecond,
      packetsPerSecond,
      burstPackets,
      index = 0,
      conform,
    } = given
    const { exceed = 'reclassify', mtuBytes = rateBitsPerSecond === undefined ? 0 : 2047 } = given
    const mtu = checkInteger(mtuBytes, 0, 0xffffffff, 'mtuBytes')
    const its = { index, exceed, mtu }
    if (rateBitsPerSecond === undefined) {
      if (packetsPerSecond === undefined && given.mtuBytes === undefined) {
        throw wrongType('rateBitsPerSecond', 'given, or "packetsPerSecond", or "mtuBytes"', undefined)
      }
      if (packetsPerSecond === undefined) return { parms: its, conform }
      return {
        parms: its,
        conform,
        packetRate: BigInt(checkInteger(packetsPerSecond, 1, Number.MAX_SAFE_INTEGER, 'packetsPerSecond')),
        packetBurst: BigInt(checkInteger(burstPackets, 1, Number.MAX_SAFE_INTEGER, 'burstPackets')),
      }
    }
    const rate = bytesPerSecond(rateBitsPerSecond, 'rateBitsPerSecond')
    const burst = ticksOf(checkInteger(burstBytes, 1, 0xffffffff, 'burstBytes'), rate, 'burstBytes')
    const rates = rateTable(rate, mtu, given)
    const peak =
      peakRateBitsPerSecond === undefined ? 0 : bytesPerSecond(peakRateBitsPerSecond, 'peakRateBitsPerSecond')
    const peaks = peak === 0 ? undefined : rateTable(peak, mtu, given)
    return {
      parms: { ...its, burst, rate: rates.spec, ...(peaks === undefined ? {} : { peakRate: peaks.spec }) },
      conform,
      rateTable: rates.table,
      peakTable: peaks?.table,
      rate64: wideRate(rate),
      peakRate64: wideRate(peak),
    }
  },
  ({ parms: its, rate64, peakRate64, conform, packetRate, packetBurst }): PoliceState => {
    const rate = rateOf(its?.rate, rate64)
    const peak = rateOf(its?.peakRate, peakRate64)
    return {
      index: its?.index ?? 0,
      exceed: its?.exceed ?? 'continue',
      ...(conform === undefined ? {} : { conform }),
      ...(rate === 0 ? {} : { rateBitsPerSecond: rate * 8, burstBytes: bytesOf(its?.burst ?? 0, rate) }),
      ...(its?.mtu === undefined || its.mtu === 0 ? {} : { mtuBytes: its.mtu }),
      ...(peak === 0 ? {} : { peakRateBitsPerSecond: peak * 8 }),
      ...(packetRate === undefined || packetRate === 0n
        ? {}
        : { packetsPerSecond: Number(packetRate), burstPackets: Number(packetBurst ?? 0n) }),
      ...rateDetails(its?.rate),
      references: its?.references ?? 0,
      bindings: its?.bindings ?? 0,
    }
  },
)

export const police = {
  kind: 'police' as const,
  options,
  optional: false,
  module: 'act_police',
  config: 'CONFIG_NET_ACT_POLICE',
}
