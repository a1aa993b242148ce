// matchall: all packets. fw: by their mark. route: by realms. cgroup: by the socket's cgroup. bpf: as a program says.
import { attributes } from '../../wire/attributes'
import { bits } from '../../wire/choices'
import { u16, u32, within } from '../../wire/integers'
import { ignored, readOnly } from '../../wire/read_only'
import { binary, text } from '../../wire/text'
import { actions } from '../action'
import { anyClassid } from '../handles'
import { filterKind } from './kind'

const allFlags = bits(u32, 'TCA_CLS_FLAGS_', {
  skipHardware: ['SKIP_HW', 1],
  skipSoftware: ['SKIP_SW', 2],
  inHardware: ['IN_HW', 4],
  notInHardware: ['NOT_IN_HW', 8],
  verbose: ['VERBOSE', 16],
})

/** Who works: the device (`skipSoftware`), or the kernel alone (`skipHardware`). What the kernel only reports it refuses. */
export const filterFlags: typeof allFlags = {
  ...allFlags,
  encode(writer, value, field, siblings) {
    const given = Array.isArray(value) ? value.filter((one) => one !== 'inHardware' && one !== 'notInHardware') : value
    allFlags.encode(writer, given, field, siblings)
  },
}

export const matchall = filterKind(
  'matchall',
  attributes('TCA_MATCHALL_', {
    /** The class of the packets: `1:3`. Default: as the actions say. */
    classid: ['CLASSID', 1, anyClassid],
    /** What happens to them. Default: nothing. */
    actions: ['ACT', 2, actions],
    /** Who does it. */
    flags: ['FLAGS', 3, filterFlags],
    hits: ['PCNT', 4, readOnly(binary())],
    pad: ['PAD', 5, ignored],
  }),
)

export const fw = filterKind(
  'fw',
  attributes('TCA_FW_', {
    /** The class of the packets: `1:3`. Default: as the actions say. */
    classid: ['CLASSID', 1, anyClassid],
    police: ['POLICE', 2, readOnly(binary())],
    /** Only packets that came in by this device. */
    indev: ['INDEV', 3, text(15)],
    /** What happens to them. Default: nothing. */
    actions: ['ACT', 4, actions],
    /** Which bits of the mark count; the filter's handle is the mark. Default: all. */
    mask: ['MASK', 5, u32],
  }),
)

export const route = filterKind(
  'route',
  attributes('TCA_ROUTE4_', {
    /** The class of the packets: `1:3`. Default: as the actions say. */
    classid: ['CLASSID', 1, anyClassid],
    /** The realm of the destination, 0 to 255. */
    to: ['TO', 2, within(u32, 0, 255)],
    /** The realm of the source, 0 to 255. */
    from: ['FROM', 3, within(u32, 0, 255)],
    /** Instead of `from`: the device that the packet came in by, by index. */
    iif: ['IIF', 4, u32],
    police: ['POLICE', 5, readOnly(binary())],
    /** What happens to them. Default: nothing. */
    actions: ['ACT', 6, actions],
  }),
  'route4',
  // As tc makes it, and the kernel checks (route4_set_parms).
  ({ to, from, iif }: { to?: number; from?: number; iif?: number }) => {
    const source = from ?? (iif === undefined ? 0xffff : iif | 0x8000)
    return ((source << 16) | (to ?? 0x8000)) >>> 0
  },
)

export const cgroup = filterKind(
  'cgroup',
  attributes('TCA_CGROUP_', {
    /** What happens to packets of sockets in a cgroup with a class (net_cls.classid). Default: nothing. */
    actions: ['ACT', 1, actions],
    police: ['POLICE', 2, readOnly(binary())],
    /** More that packets have to be, encoded (TCA_EMATCH_TREE_). */
    ematches: ['EMATCHES', 3, binary()],
  }),
)

export const bpf = filterKind(
  'bpf',
  attributes('TCA_BPF_', {
    /** What happens to packets that match. Default: as the program says. */
    actions: ['ACT', 1, actions],
    police: ['POLICE', 2, readOnly(binary())],
    /** The class of the packets: `1:3`. Default: as the program says. */
    classid: ['CLASSID', 3, anyClassid],
    /** How many instructions of classic BPF. */
    instructions: ['OPS_LEN', 4, u16],
    /** Those, 8 bytes each (struct sock_filter). */
    program: ['OPS', 5, binary()],
    /** The descriptor of a loaded program. The kernel tells `id` instead. */
    fd: ['FD', 6, u32],
    /** A name for it. */
    name: ['NAME', 7, text(255)],
    /** `directAction`: what the program returns is what becomes of the packet. */
    mode: ['FLAGS', 8, bits(u32, 'TCA_BPF_FLAG_', { directAction: ['ACT_DIRECT', 1] })],
    /** Who does it. */
    flags: ['FLAGS_GEN', 9, filterFlags],
    tag: ['TAG', 10, readOnly(binary())],
    id: ['ID', 11, readOnly(u32)],
  }),
)

export const basic = filterKind(
  'basic',
  attributes('TCA_BASIC_', {
    /** The class of the packets: `1:3`. Default: as the actions say. */
    classid: ['CLASSID', 1, anyClassid],
    /** What packets have to be, encoded (TCA_EMATCH_TREE_). Default: all packets. */
    ematches: ['EMATCHES', 2, binary()],
    /** What happens to them. Default: nothing. */
    actions: ['ACT', 3, actions],
    police: ['POLICE', 4, readOnly(binary())],
    hits: ['PCNT', 5, readOnly(binary())],
    pad: ['PAD', 6, ignored],
  }),
)
