// htb: hierarchical token bucket, classes with a rate that is theirs and a ceiling up to which they borrow (TCA_HTB_).
import { attributes } from '../../wire/attributes'
import { checkInteger, i32, u32, u64 } from '../../wire/integers'
import { ignored } from '../../wire/read_only'
import { struct } from '../../wire/struct'
import { binary, flag } from '../../wire/text'
import { minorClass } from '../handles'
import { mapped, unnamed } from '../kind'
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

/** TC_HTB_PROTOVER */
const TC_HTB_PROTOVER = 3

const parms = struct('tc_htb_opt', {
  rate: ['rate', ratespec],
  ceil: ['ceil', ratespec],
  buffer: ['buffer', u32],
  cbuffer: ['cbuffer', u32],
  quantum: ['quantum', u32],
  level: ['level', u32],
  priority: ['prio', u32],
})

const init = struct('tc_htb_glob', {
  version: ['version', u32],
  r2q: ['rate2quantum', u32],
  default: ['defcls', minorClass],
  debug: ['debug', u32],
  directPackets: ['direct_pkts', u32],
})

const data = attributes('TCA_HTB_', {
  parms: ['PARMS', 1, parms],
  init: ['INIT', 2, unnamed(init)],
  ceilTable: ['CTAB', 3, binary()],
  rateTable: ['RTAB', 4, binary()],
  directQueueLength: ['DIRECT_QLEN', 5, u32],
  rate64: ['RATE64', 6, u64],
  ceil64: ['CEIL64', 7, u64],
  pad: ['PAD', 8, ignored],
  offload: ['OFFLOAD', 9, flag],
})

/** Options of the qdisc. */
export interface HtbOptions {
  /** The class of packets that no filter sorts, by its minor number in hex. Default: `0`, they are sent at once. */
  default?: string | undefined
  /** What a class's rate in bytes is divided by to get its quantum. Default: 10. */
  r2q?: number | undefined
  /** How many packets wait that are sent at once. Default: the device's `txqlen`. */
  directQueueLength?: number | undefined
  /** Lets the device shape. Default: false. */
  offload?: boolean | undefined
}

/** The qdisc as it is. */
export interface HtbState extends HtbOptions {
  default: string
  r2q: number
  /** Packets that were sent at once. */
  directPackets: number
}

const options = mapped(
  data,
  { takes: ['default', 'r2q', 'directQueueLength', 'offload'], reports: ['directPackets'] },
  ({ default: none = '0', r2q = 10, ...rest }: HtbOptions) => ({
    init: { version: TC_HTB_PROTOVER, r2q: checkInteger(r2q, 1, 0xffffffff, 'r2q'), default: none },
    ...rest,
  }),
  ({ init: its, directQueueLength, offload }): HtbState => ({
    default: its?.default ?? '0',
    r2q: its?.r2q ?? 0,
    directPackets: its?.directPackets ?? 0,
    ...(directQueueLength === undefined ? {} : { directQueueLength }),
    ...(offload === undefined ? {} : { offload }),
  }),
)

/** Options of a class. */
export interface HtbClassOptions extends RateOptions {
  /** What the class always gets. */
  rateBitsPerSecond: number
  /** What it gets at most, if others leave it. Default: `rateBitsPerSecond`. */
  ceilBitsPerSecond?: number | undefined
  /** How many bytes it may send at once at its rate. Default: what a tick of the timer lets through, and 1600. */
  burstBytes?: number | undefined
  /** The same at its ceiling. */
  ceilBurstBytes?: number | undefined
  /** How many bytes it sends in its turn, where others borrow, too. Default: its rate in bytes divided by `r2q`. */
  quantumBytes?: number | undefined
  /** Who borrows first: 0 to 7, the least first. Default: 0. */
  priority?: number | undefined
}

/** A class as it is. */
export interface HtbClassState extends RateOptions {
  rateBitsPerSecond: number
  ceilBitsPerSecond: number
  burstBytes: number
  ceilBurstBytes: number
  quantumBytes: number
  priority: number
  /** 0 of those at the end of the tree. */
  level: number
}

/** What tc takes for the largest packet: MTU of Ethernet, and what is around it. */
const mtu = 1600

const classes = mapped(
  data,
  {
    takes: [
      'rateBitsPerSecond',
      'ceilBitsPerSecond',
      'burstBytes',
      'ceilBurstBytes',
      'quantumBytes',
      'priority',
      'overheadBytes',
      'mpuBytes',
      'linklayer',
    ],
    reports: ['level'],
  },
  (given: HtbClassOptions) => {
    const rate = bytesPerSecond(given.rateBitsPerSecond, 'rateBitsPerSecond')
    const ceil =
      given.ceilBitsPerSecond === undefined ? rate : bytesPerSecond(given.ceilBitsPerSecond, 'ceilBitsPerSecond')
    const burst = (value: unknown, bytes: number, field: string): number => {
      const its = value === undefined ? Math.floor(bytes / 1e9) + mtu : checkInteger(value, 1, 0xffffffff, field)
      return ticksOf(its, bytes, field)
    }
    const rates = rateTable(rate, mtu, given)
    const ceils = rateTable(ceil, mtu, given)
    return {
      rate64: wideRate(rate),
      ceil64: wideRate(ceil),
      parms: {
        rate: rates.spec,
        ceil: ceils.spec,
        buffer: burst(given.burstBytes, rate, 'burstBytes'),
        cbuffer: burst(given.ceilBurstBytes, ceil, 'ceilBurstBytes'),
        quantum: checkInteger(given.quantumBytes ?? 0, 0, 0xffffffff, 'quantumBytes'),
        priority: checkInteger(given.priority ?? 0, 0, 7, 'priority'),
      },
      rateTable: rates.table,
      ceilTable: ceils.table,
    }
  },
  ({ parms: its, rate64, ceil64 }): HtbClassState => {
    const rate = rateOf(its?.rate, rate64)
    const ceil = rateOf(its?.ceil, ceil64)
    return {
      rateBitsPerSecond: rate * 8,
      ceilBitsPerSecond: ceil * 8,
      burstBytes: bytesOf(its?.buffer ?? 0, rate),
      ceilBurstBytes: bytesOf(its?.cbuffer ?? 0, ceil),
      quantumBytes: its?.quantum ?? 0,
      priority: its?.priority ?? 0,
      level: its?.level ?? 0,
      ...rateDetails(its?.rate),
    }
  },
)

export const htb = qdiscKind('htb', options, {
  classes,
  classCounted: struct('tc_htb_xstats', {
    lends: ['lends', u32],
    borrows: ['borrows', u32],
    giants: ['giants', u32],
    tokens: ['tokens', i32],
    ceilTokens: ['ctokens', i32],
  }),
})
