// pfifo, bfifo, pfifo_head_drop: one queue, first in, first out, limited in packets or in bytes (struct tc_fifo_qopt).
import { checkInteger, u32 } from '../../wire/integers'
import { struct } from '../../wire/struct'
import { mapped } from '../kind'
import { qdiscKind } from './kind'

const data = struct('tc_fifo_qopt', { limit: ['limit', u32] })

/** Options of pfifo and pfifo_head_drop. */
export interface PacketFifoOptions {
  /** How many packets wait. Default: the device's `txqlen`. */
  limitPackets?: number | undefined
}

/** Options of bfifo. */
export interface ByteFifoOptions {
  /** How many bytes wait. Default: the device's `txqlen` in packets of its MTU. */
  limitBytes?: number | undefined
}

const packets = mapped(
  data,
  { takes: ['limitPackets'] },
  ({ limitPackets }: PacketFifoOptions) => ({ limit: checkInteger(limitPackets, 1, 0xffffffff, 'limitPackets') }),
  ({ limit = 0 }) => ({ limitPackets: limit }),
)

const bytes = mapped(
  data,
  { takes: ['limitBytes'] },
  ({ limitBytes }: ByteFifoOptions) => ({ limit: checkInteger(limitBytes, 1, 0xffffffff, 'limitBytes') }),
  ({ limit = 0 }) => ({ limitBytes: limit }),
)

export const pfifo = qdiscKind('pfifo', packets, { optional: true, module: 'fifo' })
export const pfifoHeadDrop = qdiscKind('pfifo_head_drop', packets, { optional: true, module: 'fifo' })
export const bfifo = qdiscKind('bfifo', bytes, { optional: true, module: 'fifo' })
