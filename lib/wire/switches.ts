// Switches that share a struct of the kernel's: one word with their states, one that says which of them are meant.
import type { Audited, Names } from './choices'
import { checkKeys, wrongType } from './invalid'
import { u32 } from './integers'
import { struct, type Struct } from './struct'
import type { Scalar } from './type'

/** On or off by name. What is left out stays as it is. */
export type Switches<Table extends Names> = { -readonly [K in keyof Table]?: boolean | undefined }

/** The struct's two words. */
type Words = {
  readonly value: readonly [symbol: string, type: Scalar<number>]
  readonly mask: readonly [symbol: string, type: Scalar<number>]
}

/**
 * Names for the switches in a struct of value and mask. Bits without a name here are not touched. `bitOf` makes a bit of
 * a name's number, where the kernel's header counts the switches instead of giving their bits.
 */
export function switches<const Table extends Names>(
  words: Struct<Words>,
  prefix: string,
  names: Table,
  bitOf: (number: number) => number = (number) => number,
): Scalar<Switches<Table>> & Audited & Pick<Struct<Words>, 'name' | 'fields' | 'offsets'> {
  const bits = new Map<string, number>(Object.entries(names).map(([name, [, number]]) => [name, bitOf(number) >>> 0]))
  const known = new Set(bits.keys())
  return {
    ...words,
    prefix,
    names,
    encode(writer, value, field) {
      checkKeys(value, known, field)
      let set = 0
      let mask = 0
      for (const [name, bit] of bits) {
        const state: unknown = value[name]
        if (state === undefined) continue
        if (typeof state !== 'boolean') throw wrongType(`${field}.${name}`, 'a boolean', state)
        mask |= bit
        if (state) set |= bit
      }
      words.encode(writer, { value: set >>> 0, mask: mask >>> 0 }, field)
    },
    decode(reader, at, end, siblings) {
      const { value = 0, mask = 0 } = words.decode(reader, at, end, siblings)
      const found: Record<string, boolean> = {}
      for (const [name, bit] of bits) {
        if ((mask & bit) !== 0) found[name] = (value & bit) !== 0
      }
      return found
    },
  }
}

/** Names for the bits of an NLA_BITFIELD32: `{ up: true, down: false }`; what is left out stays as it is. */
export function bitfield32<const Table extends Names>(prefix: string, names: Table): Scalar<Switches<Table>> & Audited {
  return switches(struct('nla_bitfield32', { value: ['value', u32], mask: ['selector', u32] }), prefix, names)
}
