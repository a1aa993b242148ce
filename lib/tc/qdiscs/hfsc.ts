// hfsc: hierarchical fair service curves, which set delay apart from rate (TCA_HFSC_).
import { attributes } from '../../wire/attributes'
import { milliseconds, u16, u32, u64 } from '../../wire/integers'
import { wrongType } from '../../wire/invalid'
import { struct } from '../../wire/struct'
import { minorOf } from '../handles'
import { mapped } from '../kind'
import { bytesPerSecond } from '../units'
import { qdiscKind } from './kind'

const curve = struct('tc_service_curve', { m1: ['m1', u32], d: ['d', milliseconds(u32, 1000)], m2: ['m2', u32] })

const data = attributes('TCA_HFSC_', {
  realTime: ['RSC', 1, curve],
  linkShare: ['FSC', 2, curve],
  upperLimit: ['USC', 3, curve],
})

/** A service curve: a rate, and perhaps another one before. */
export interface ServiceCurve {
  /** The rate in the long run. Default: none. */
  rateBitsPerSecond?: number | undefined
  /** The rate of the beginning. Default: none. */
  firstBitsPerSecond?: number | undefined
  /** How long the beginning is. Default: 0. */
  firstMilliseconds?: number | undefined
}

/** Options of a class: at least one of `realTime` and `linkShare`. */
export interface HfscClassOptions {
  /** What it gets in any case. */
  realTime?: ServiceCurve | undefined
  /** Its share of what is left. */
  linkShare?: ServiceCurve | undefined
  /** What it gets at most; needs `linkShare`. */
  upperLimit?: ServiceCurve | undefined
}

function toWire(given: ServiceCurve | undefined, field: string) {
  if (given === undefined) return undefined
  const { rateBitsPerSecond: rate, firstBitsPerSecond: first, firstMilliseconds = 0 } = given
  const bytes = (value: number | undefined, name: string): number =>
    value === undefined || value === 0 ? 0 : bytesPerSecond(value, `${field}.${name}`)
  if (!rate && !first) throw wrongType(`${field}.rateBitsPerSecond`, 'given', rate)
  return { m1: bytes(first, 'firstBitsPerSecond'), d: firstMilliseconds, m2: bytes(rate, 'rateBitsPerSecond') }
}

const fromWire = ({ m1 = 0, d = 0, m2 = 0 }: { m1?: number; d?: number; m2?: number }): ServiceCurve =>
  m1 === 0 && d === 0
    ? { rateBitsPerSecond: m2 * 8 }
    : { rateBitsPerSecond: m2 * 8, firstBitsPerSecond: m1 * 8, firstMilliseconds: d }

const classes = mapped(
  data,
  { takes: ['realTime', 'linkShare', 'upperLimit'] },
  (given: HfscClassOptions) => {
    if (given.realTime === undefined && given.linkShare === undefined) {
      throw wrongType('realTime', 'given, or "linkShare"', undefined)
    }
    return {
      realTime: toWire(given.realTime, 'realTime'),
      linkShare: toWire(given.linkShare, 'linkShare'),
      upperLimit: toWire(given.upperLimit, 'upperLimit'),
    }
  },
  ({ realTime, linkShare, upperLimit }): HfscClassOptions => ({
    ...(realTime === undefined ? {} : { realTime: fromWire(realTime) }),
    ...(linkShare === undefined ? {} : { linkShare: fromWire(linkShare) }),
    ...(upperLimit === undefined ? {} : { upperLimit: fromWire(upperLimit) }),
  }),
)

/** Options of the qdisc. */
export interface HfscOptions {
  /** The class of packets that no filter sorts, by its minor number in hex. Default: `0`, they are dropped. */
  default?: string | undefined
}

const options = mapped(
  struct('tc_hfsc_qopt', { default: ['defcls', u16] }),
  { takes: ['default'] },
  ({ default: none = '0' }: HfscOptions) => ({ default: minorOf(none, 'default') }),
  ({ default: none = 0 }) => ({ default: none.toString(16) }),
)

export const hfsc = qdiscKind('hfsc', options, {
  classes,
  classCounted: struct('tc_hfsc_stats', {
    work: ['work', u64],
    realTimeWork: ['rtwork', u64],
    period: ['period', u32],
    level: ['level', u32],
  }),
})
