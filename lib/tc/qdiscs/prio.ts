// prio: some queues, of which the first that has a packet sends (struct tc_prio_qopt). pfifo_fast: three of them, not to be set.
import { checkInteger, i32, u8 } from '../../wire/integers'
import { checkArray, outOfRange } from '../../wire/invalid'
import { struct } from '../../wire/struct'
import { bytes } from '../../wire/text'
import type { Scalar } from '../../wire/type'
import { mapped } from '../kind'
import { qdiscKind } from './kind'

/** A band or traffic class for each of 16 priorities of packets (TC_PRIO_MAX): what is left out at the end is as the last. */
export const priorityMap: Scalar<readonly number[]> = {
  ...(bytes(16) as unknown as Scalar<readonly number[]>),
  encode(writer, value, field) {
    const given = checkArray(value, field, 'an array of numbers', 16)
    if (given.length === 0) throw outOfRange(field, 'an array of 1 to 16 numbers', value)
    const all = given.map((one, i) => checkInteger(one, 0, 15, `${field}[${i}]`))
    for (let i = 0; i < 16; i++) u8.encode(writer, all[Math.min(i, all.length - 1)] ?? 0, field, {})
  },
  decode: (reader, at) => Array.from({ length: 16 }, (_, i) => reader.u8(at + i)),
}

/** That of pfifo_fast. */
export const usualMap = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1]

const data = struct('tc_prio_qopt', { bands: ['bands', i32], priomap: ['priomap', priorityMap] })

/** Options of prio. */
export interface PrioOptions {
  /** How many bands, 2 to 16: each is a class, `1:1` … Default: 3. */
  bands?: number | undefined
  /** The band of each of 16 priorities of packets (TC_PRIO_). Default: that of pfifo_fast. */
  priomap?: readonly number[] | undefined
}

const options = mapped(
  data,
  { takes: ['bands', 'priomap'] },
  ({ bands = 3, priomap = usualMap }: PrioOptions) => {
    checkInteger(bands, 2, 16, 'bands')
    checkArray(priomap, 'priomap', 'an array of bands', 16).forEach((band, i) =>
      checkInteger(band, 0, bands - 1, `priomap[${i}]`),
    )
    return { bands, priomap }
  },
  ({ bands = 0, priomap = [] }) => ({ bands, priomap }),
)

export const prio = qdiscKind('prio', options)

const fixed = mapped(
  data,
  { takes: [], reports: ['bands', 'priomap'] },
  (_: object): { bands?: number; priomap?: readonly number[] } => ({}),
  ({ bands = 0, priomap = [] }) => ({ bands, priomap }),
)

export const pfifoFast = qdiscKind('pfifo_fast', fixed, { optional: true, module: 'generic' })
