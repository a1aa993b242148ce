// u32: packets by words of 32 bits in them (TCA_U32_).
import { attributes } from '../../wire/attributes'
import { be16, be32, i16, i32, u16, u32, u8, within } from '../../wire/integers'
import { checkArray, outOfRange } from '../../wire/invalid'
import { ignored, readOnly } from '../../wire/read_only'
import { struct } from '../../wire/struct'
import { binary, text } from '../../wire/text'
import type { Type } from '../../wire/type'
import { actions, type ActionOptions } from '../action'
import { anyClassid } from '../handles'
import { mapped } from '../kind'
import { filterKind } from './kind'
import { filterFlags } from './simple'

/** TC_U32_TERMINAL */
const TC_U32_TERMINAL = 1

const head = struct('tc_u32_sel', {
  flags: ['flags', u8],
  shift: ['offshift', u8],
  nkeys: ['nkeys', u8],
  _pad: ['', u8],
  offsetMask: ['offmask', be16],
  offset: ['off', u16],
  offsetAt: ['offoff', i16],
  hashAt: ['hoff', i16],
  hashMask: ['hmask', be32],
})
const key = struct('tc_u32_key', {
  mask: ['mask', be32],
  value: ['val', be32],
  offset: ['off', i32],
  offsetMask: ['offmask', i32],
})

/** A word that a packet has to have. */
export interface U32Match {
  /** Where it is, from the network header on: a multiple of 4; negative before it. */
  offset: number
  /** What it is, in network byte order. */
  value: number
  /** Which bits of it count. Default: all. */
  mask?: number | undefined
  /** Which bits of the variable offset of the header above count (`nexthdr+`). Default: none. */
  offsetMask?: number | undefined
}

interface Selector {
  readonly head: Partial<ReturnType<typeof head.whole>>
  readonly keys: readonly U32Match[]
}

/** struct tc_u32_sel with its keys behind it. */
const selector: Type<Selector> = {
  size: head.size,
  encode(writer, value) {
    head.encode(writer, value.head, 'selector')
    for (const [i, { mask = 0xffffffff, offsetMask = 0, ...rest }] of value.keys.entries()) {
      key.encode(writer, { ...rest, mask, offsetMask }, `matches[${i}]`)
    }
  },
  decode(reader, at, end) {
    const keys: U32Match[] = []
    for (let from = at + head.size; from + key.size <= end; from += key.size) keys.push(key.whole(reader, from))
    return { head: head.whole(reader, at), keys }
  },
}

const data = attributes('TCA_U32_', {
  classid: ['CLASSID', 1, anyClassid],
  hashTable: ['HASH', 2, u32],
  link: ['LINK', 3, u32],
  divisor: ['DIVISOR', 4, within(u32, 1, 256)],
  selector: ['SEL', 5, selector],
  police: ['POLICE', 6, readOnly(binary())],
  actions: ['ACT', 7, actions],
  indev: ['INDEV', 8, text(15)],
  hits: ['PCNT', 9, readOnly(binary())],
  mark: [
    'MARK',
    10,
    struct('tc_u32_mark', { value: ['val', u32], mask: ['mask', u32], success: ['success', readOnly(u32)] }),
  ],
  flags: ['FLAGS', 11, filterFlags],
  pad: ['PAD', 12, ignored],
})

/** Options of the filter; the filter's handle is `table:bucket:node` in hex. */
export interface U32Options {
  /** What a packet has to have, all of it. Default: nothing, it matches all. */
  matches?: readonly U32Match[] | undefined
  /** The class of the packets: `1:3`. Default: as the actions say. */
  classid?: string | undefined
  /** What happens to them. Default: nothing. */
  actions?: readonly ActionOptions[] | undefined
  /** The hash table and bucket that the filter is in, as a number. Default: the root. */
  hashTable?: number | undefined
  /** The hash table that is asked next, as a number. Default: none. */
  link?: number | undefined
  /** Makes a hash table with so many buckets, a power of 2 up to 256, instead of a filter. */
  divisor?: number | undefined
  /** By which bits of which word `link` is hashed. */
  hash?: { readonly offset: number; readonly mask: number } | undefined
  /** Only packets that came in by this device. */
  indev?: string | undefined
  /** Only packets with this mark. */
  mark?: { readonly value: number; readonly mask: number } | undefined
  /** Who does it. */
  flags?: readonly ('skipHardware' | 'skipSoftware' | 'inHardware' | 'notInHardware' | 'verbose' | number)[] | undefined
}

const options = mapped(
  data,
  {
    takes: ['matches', 'classid', 'actions', 'hashTable', 'link', 'divisor', 'hash', 'indev', 'mark', 'flags'],
    reports: ['hits', 'police'],
  },
  ({ matches, hash, ...rest }: U32Options) => {
    const keys = checkArray(matches ?? [], 'matches', 'an array of matches', 128) as readonly U32Match[]
    if (rest.divisor !== undefined) return { ...rest }
    if (keys.some(({ offset }) => offset % 4 !== 0))
      throw outOfRange('matches', 'at offsets that are multiples of 4', matches)
    // A filter that matches all is one word that may be anything, as tc has it.
    const all = keys.length === 0 ? [{ offset: 0, value: 0, mask: 0 }] : keys
    const terminal = rest.link === undefined ? TC_U32_TERMINAL : 0
    return {
      ...rest,
      selector: {
        head: {
          nkeys: all.length,
          flags: terminal,
          ...(hash === undefined ? {} : { hashAt: hash.offset, hashMask: hash.mask }),
        },
        keys: all,
      },
    }
  },
  ({ selector: its, hits: _hits, police: _police, mark, ...rest }): U32Options => {
    const { hashAt = 0, hashMask = 0 } = its?.head ?? {}
    return {
      ...rest,
      ...(its === undefined ? {} : { matches: its.keys }),
      ...(hashMask === 0 ? {} : { hash: { offset: hashAt, mask: hashMask } }),
      ...(mark?.mask === undefined ? {} : { mark: { value: mark.value ?? 0, mask: mark.mask } }),
    }
  },
)

export const u32Filter = filterKind('u32', options)
