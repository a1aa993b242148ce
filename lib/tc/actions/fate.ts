// gact: what becomes of the packet. mirred: it, or a copy, goes to a device. sample: some are reported. simple: a line in the log.
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { device } from '../../wire/device'
import { i32, u16, u32, within } from '../../wire/integers'
import { ignored } from '../../wire/read_only'
import { struct } from '../../wire/struct'
import { text } from '../../wire/text'
import { actionKind, actionStruct, control, times } from './kind'

const gactParms = actionStruct('tc_gact', {})

const probability = struct('tc_gact_p', {
  /** How it is chosen: at `random`, or each so many-th (`deterministic`). */
  type: ['ptype', oneOf(u16, 'PGACT_', { none: ['NONE', 0], random: ['NETRAND', 1], deterministic: ['DETERM', 2] })],
  /** One packet of so many. */
  oneOf: ['pval', u16],
  /** What becomes of those. */
  control: ['paction', control],
})

export const gact = actionKind(
  'gact',
  gactParms,
  attributes('TCA_GACT_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, gactParms],
    /** Something else becomes of one packet of so many. Default: of none. */
    probability: ['PROB', 3, probability],
    pad: ['PAD', 4, ignored],
  }),
  () => ({ control: 'drop' as const }),
)

const mirredParms = actionStruct('tc_mirred', {
  /** Where the packet goes: out of the device, or into it; itself, or a copy. Default: `egressRedirect`. */
  mode: [
    'eaction',
    oneOf(i32, 'TCA_', {
      egressRedirect: ['EGRESS_REDIR', 1],
      egressMirror: ['EGRESS_MIRROR', 2],
      ingressRedirect: ['INGRESS_REDIR', 3],
      ingressMirror: ['INGRESS_MIRROR', 4],
    }),
  ],
  /** The device, by name or index. */
  to: ['ifindex', device],
})

export const mirred = actionKind(
  'mirred',
  mirredParms,
  attributes('TCA_MIRRED_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, mirredParms],
    pad: ['PAD', 3, ignored],
    /** A block of filters, to all of whose devices it goes, instead of `to`. Since Linux 6.8. */
    toBlock: ['BLOCKID', 4, u32],
  }),
  ({ mode = 'egressRedirect' }) => ({
    mode,
    control: mode === 'egressMirror' || mode === 'ingressMirror' ? ('pipe' as const) : ('stolen' as const),
  }),
)

const sampleParms = actionStruct('tc_sample', {})

export const sample = actionKind(
  'sample',
  sampleParms,
  attributes('TCA_SAMPLE_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, sampleParms],
    /** One packet of so many is reported. */
    oneOf: ['RATE', 3, within(u32, 1, 0xffffffff)],
    /** How many bytes of it. Default: all. */
    truncateBytes: ['TRUNC_SIZE', 4, u32],
    /** The group that it is reported to. */
    group: ['PSAMPLE_GROUP', 5, u32],
    pad: ['PAD', 6, ignored],
  }),
)

const simpleParms = actionStruct('tc_defact', {})

export const simple = actionKind(
  'simple',
  simpleParms,
  attributes('TCA_DEF_', {
    times: ['TM', 1, times],
    parms: ['PARMS', 2, simpleParms],
    /** What is written into the kernel's log, up to 31 bytes. */
    text: ['DATA', 3, text(31)],
    pad: ['PAD', 4, ignored],
  }),
)
