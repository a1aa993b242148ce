// ets: some bands that come first, others that share what is left (TCA_ETS_).
import { attributes } from '../../wire/attributes'
import { u32, u8, within } from '../../wire/integers'
import { list } from '../../wire/nesting'
import { mapped } from '../kind'
import { qdiscKind } from './kind'

const data = attributes('TCA_ETS_', {
  bands: ['NBANDS', 1, within(u8, 1, 16)],
  strict: ['NSTRICT', 2, within(u8, 0, 16)],
  quantaBytes: ['QUANTA', 3, list('TCA_ETS_QUANTA_BAND', 4, within(u32, 1, 0xffffffff))],
  priomap: ['PRIOMAP', 5, list('TCA_ETS_PRIOMAP_BAND', 6, within(u8, 0, 15))],
})

/** Options of the qdisc. */
export interface EtsOptions {
  /** How many bands, 1 to 16: each is a class, `1:1` … Default: as many as are strict or have a quantum. */
  bands?: number | undefined
  /** How many of them come first, one after another. Default: 0. */
  strict?: number | undefined
  /** Bytes that each of the others sends in its turn. Default: the device's MTU. */
  quantaBytes?: readonly number[] | undefined
  /** The band of each of 16 priorities of packets (TC_PRIO_). Default: the last one. */
  priomap?: readonly number[] | undefined
}

const options = mapped(
  data,
  { takes: ['bands', 'strict', 'quantaBytes', 'priomap'] },
  ({ strict, quantaBytes, bands = (strict ?? 0) + (quantaBytes?.length ?? 0), priomap }: EtsOptions) => ({
    bands,
    strict: strict === 0 ? undefined : strict,
    quantaBytes: quantaBytes?.length === 0 ? undefined : quantaBytes,
    priomap,
  }),
  ({ bands = 0, strict = 0, quantaBytes = [], priomap = [] }) => ({ bands, strict, quantaBytes, priomap }),
)

const classes = attributes('TCA_ETS_', {
  /** Bytes that the band sends in its turn. Default: the device's MTU. */
  quantumBytes: ['QUANTA_BAND', 4, within(u32, 1, 0xffffffff)],
})

export const ets = qdiscKind('ets', options, { classes })
