// pedit: changes bytes of packets, by words of 32 bits (TCA_PEDIT_).
import { attributes } from '../../wire/attributes'
import { oneOf } from '../../wire/choices'
import { checkInteger, u16, u32, u8 } from '../../wire/integers'
import { checkArray, outOfRange } from '../../wire/invalid'
import { list } from '../../wire/nesting'
import { ignored } from '../../wire/read_only'
import { struct } from '../../wire/struct'
import type { Type, ValueOf } from '../../wire/type'
import { mapped } from '../kind'
import { actionStruct, type Control } from './kind'

const selector = actionStruct('tc_pedit_sel', { nkeys: ['nkeys', u8], flags: ['flags', u8], _pad: ['', u16] })
const key = struct('tc_pedit_key', {
  mask: ['mask', u32],
  value: ['val', u32],
  offset: ['off', u32],
  at: ['at', u32],
  offsetMask: ['offmask', u32],
  shift: ['shift', u32],
})

const header = oneOf(u16, 'TCA_PEDIT_KEY_EX_HDR_TYPE_', {
  network: ['NETWORK', 0],
  ethernet: ['ETH', 1],
  ipv4: ['IP4', 2],
  ipv6: ['IP6', 3],
  tcp: ['TCP', 4],
  udp: ['UDP', 5],
})
const command = oneOf(u16, 'TCA_PEDIT_KEY_EX_CMD_', { set: ['SET', 0], add: ['ADD', 1] })
const extended = attributes('TCA_PEDIT_KEY_EX_', { header: ['HTYPE', 1, header], command: ['CMD', 2, command] })

type Keys = { readonly head: Partial<ValueOf<typeof selector>>; readonly keys: readonly Partial<ValueOf<typeof key>>[] }

/** struct tc_pedit_sel with its keys behind it. */
const keys: Type<Keys> = {
  size: selector.size,
  encode(writer, { head, keys: all }, field) {
    selector.encode(writer, head, field)
    for (const one of all) key.encode(writer, one, field)
  },
  decode(reader, at, end) {
    const found: Partial<ValueOf<typeof key>>[] = []
    for (let from = at + selector.size; from + key.size <= end; from += key.size) found.push(key.whole(reader, from))
    return { head: selector.whole(reader, at), keys: found }
  },
}

const data = attributes('TCA_PEDIT_', {
  times: ['TM', 1, ignored],
  old: ['PARMS', 2, keys],
  pad: ['PAD', 3, ignored],
  parms: ['PARMS_EX', 4, keys],
  extended: ['KEYS_EX', 5, list('TCA_PEDIT_KEY_EX', 6, extended)],
})

/** A change of 32 bits of a packet. */
export interface PeditKey {
  /** The header that `offset` counts from. Default: `network`. */
  header?: ValueOf<typeof header> | undefined
  /** Whether `value` is set or added. Default: `set`. */
  command?: ValueOf<typeof command> | undefined
  /** Where the word is: a multiple of 4, negative before the header. */
  offset: number
  /** Which of its bits stay, as the word is on the wire read by this machine. Default: 0, none. */
  mask?: number | undefined
  /** The new bits. */
  value: number
}

/** Options of the action. */
export interface PeditOptions {
  /** Its number, by which several filters share it. Default: the kernel chooses one. */
  index?: number | undefined
  /** What comes after it. Default: `pass`. */
  control?: Control | undefined
  /** The changes, 1 to 128. */
  keys: readonly PeditKey[]
}

const options = mapped(
  data,
  { takes: ['index', 'control', 'keys'], reports: ['references', 'bindings'] },
  ({ index = 0, control = 'pass', keys: given }: PeditOptions) => {
    const all = checkArray(given, 'keys', 'an array of changes', 128) as readonly PeditKey[]
    if (all.length === 0) throw outOfRange('keys', 'an array of 1 to 128 changes', given)
    return {
      parms: {
        head: { index, control, nkeys: all.length },
        keys: all.map(({ mask = 0, value, offset }, i) => {
          const at = checkInteger(offset, -0x80000000, 0x7fffffff, `keys[${i}].offset`)
          if (at % 4 !== 0) throw outOfRange(`keys[${i}].offset`, 'a multiple of 4', offset)
          return { mask, value, offset: at >>> 0 }
        }),
      },
      extended: all.map((one) => ({ header: one.header ?? 'network', command: one.command ?? 'set' })),
    }
  },
  (wire) => {
    const { head, keys: all } = wire.parms ?? wire.old ?? { head: {}, keys: [] }
    const { index = 0, control = 'pipe', references = 0, bindings = 0 } = head
    return {
      index,
      control: control,
      references,
      bindings,
      keys: all.map(({ mask = 0, value = 0, offset = 0 }, i): PeditKey => {
        const more = wire.extended?.[i]
        return {
          header: more?.header ?? 'network',
          command: more?.command ?? 'set',
          offset: offset | 0,
          mask,
          value,
        }
      }),
    }
  },
)

export const pedit = {
  kind: 'pedit' as const,
  options,
  optional: false,
  module: 'act_pedit',
  config: 'CONFIG_NET_ACT_PEDIT',
}
