// gate: packets pass at some times and not at others (TCA_GATE_).
import { attributes } from '../../wire/attributes'
import { i32, u32, u64 } from '../../wire/integers'
import { list } from '../../wire/nesting'
import { ignored } from '../../wire/read_only'
import { flag } from '../../wire/text'
import { clock } from '../qdiscs/small'
import { actionKind, actionStruct, times } from './kind'

const parms = actionStruct('tc_gate', {})

const entry = attributes('TCA_GATE_ENTRY_', {
  index: ['INDEX', 1, u32],
  /** Packets pass. Default: they do not. */
  open: ['GATE', 2, flag],
  /** How long, in nanoseconds. */
  intervalNanoseconds: ['INTERVAL', 3, u32],
  /** The internal priority that they get; -1: the one that they have. */
  priority: ['IPV', 4, i32],
  /** How many bytes pass; -1: any number. */
  maxBytes: ['MAX_OCTETS', 5, i32],
})

export const gate = actionKind(
  'gate',
  parms,
  attributes('TCA_GATE_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, parms],
    pad: ['PAD', 3, ignored],
    priority: ['PRIORITY', 4, i32],
    /** What happens one after another, again and again. */
    entries: ['ENTRY_LIST', 5, list('TCA_GATE_ONE_ENTRY', 1, entry)],
    /** When it begins, in nanoseconds of the clock. Default: 0. */
    baseTimeNanoseconds: ['BASE_TIME', 6, u64],
    /** How long all of them take together, in nanoseconds. Default: their sum. */
    cycleTimeNanoseconds: ['CYCLE_TIME', 7, u64],
    cycleTimeExtensionNanoseconds: ['CYCLE_TIME_EXT', 8, u64],
    flags: ['FLAGS', 9, u32],
    /** Default: `tai`. */
    clock: ['CLOCKID', 10, clock],
  }),
)
