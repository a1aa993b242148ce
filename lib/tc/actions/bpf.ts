// bpf as an action: a program decides what becomes of the packet (TCA_ACT_BPF_).
import { attributes } from '../../wire/attributes'
import { u16, u32 } from '../../wire/integers'
import { ignored, readOnly } from '../../wire/read_only'
import { binary, text } from '../../wire/text'
import { actionKind, actionStruct, times } from './kind'

const parms = actionStruct('tc_act_bpf', {})

export const bpf = actionKind(
  'bpf',
  parms,
  attributes('TCA_ACT_BPF_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, parms],
    /** How many instructions of classic BPF. */
    instructions: ['OPS_LEN', 3, u16],
    /** Those, 8 bytes each (struct sock_filter). */
    program: ['OPS', 4, binary()],
    /** The descriptor of a loaded program. The kernel tells `id` instead. */
    fd: ['FD', 5, u32],
    /** A name for it. */
    name: ['NAME', 6, text(255)],
    pad: ['PAD', 7, ignored],
    tag: ['TAG', 8, readOnly(binary())],
    id: ['ID', 9, readOnly(u32)],
  }),
)
