// Declares a kind of action: what happens to a packet that a filter matches. All kinds have a struct that begins alike (tc_gen).
import type { AttributeSet, AttributeTable } from '../../wire/attributes'
import { checkInteger, i32, u32 } from '../../wire/integers'
import { wrongType, wrongValue } from '../../wire/invalid'
import { ignored, readOnly } from '../../wire/read_only'
import { struct, type Fields, type Struct, type StructValue } from '../../wire/struct'
import type { AnyType, Scalar } from '../../wire/type'
import type { TcKind } from '../kind'
import { lifted } from '../lifted'

const controls = {
  /** The next filter is asked (TC_ACT_UNSPEC). */
  continue: -1,
  /** The packet goes its way. */
  pass: 0,
  /** The filters are asked anew. */
  reclassify: 1,
  /** The packet is dropped (TC_ACT_SHOT). */
  drop: 2,
  /** The next action of the filter is done. */
  pipe: 3,
  /** The packet is somebody else's now. */
  stolen: 4,
  queued: 5,
  repeat: 6,
  redirect: 7,
  /** The packet goes to the CPU. */
  trap: 8,
} as const

/** TC_ACT_JUMP, TC_ACT_GOTO_CHAIN: the rest of the bits is where to. */
const TC_ACT = { JUMP: 0x10000000, GOTO_CHAIN: 0x20000000 } as const
const where = 0x0fffffff

/** What comes after an action, in tc's words; or an action of the filter to go on with, or a chain of filters. */
export type Control = keyof typeof controls | { readonly jump: number } | { readonly gotoChain: number }

const names = new Map<number, Control>(Object.entries(controls).map(([name, number]) => [number, name as Control]))
const expected = `one of ${Object.keys(controls).join(', ')}, { jump } or { gotoChain }`

/** What comes after an action. */
export const control: Scalar<Control> = {
  size: 4,
  fixed: true,
  encode(writer, value, field) {
    if (typeof value === 'string') {
      if (!Object.hasOwn(controls, value)) throw wrongValue(field, expected, value)
      writer.u32(controls[value] >>> 0)
      return
    }
    const given = value as { jump?: number; gotoChain?: number } | null
    if (typeof given !== 'object' || given === null) throw wrongType(field, expected, value)
    const { jump, gotoChain } = given
    if (jump !== undefined) writer.u32(TC_ACT.JUMP | checkInteger(jump, 0, where, `${field}.jump`))
    else writer.u32(TC_ACT.GOTO_CHAIN | checkInteger(gotoChain, 0, where, `${field}.gotoChain`))
  },
  decode(reader, at) {
    const number = reader.i32(at)
    const name = names.get(number)
    if (name !== undefined) return name
    return (number & ~where) === TC_ACT.JUMP ? { jump: number & where } : { gotoChain: number & where }
  },
}

/** What the structs of all kinds begin with (tc_gen). */
export const general = {
  index: ['index', u32],
  _capabilities: ['capab', u32],
  control: ['action', control],
  references: ['refcnt', readOnly(i32)],
  bindings: ['bindcnt', readOnly(i32)],
} as const

/** The times of an action, in clock ticks ago. They say nothing to keep. */
export const times = ignored

/** A kind of action. */
export type ActionKind<Name extends string = string, Options extends AnyType = AnyType> = TcKind<Name, Options>

/** Declares a kind of action by its struct, and the attributes beside it. */
// eslint-disable-next-line @typescript-eslint/explicit-module-boundary-types -- the table is the type
export function actionKind<const Name extends string, H extends Fields, Table extends AttributeTable>(
  kind: Name,
  head: Struct<H>,
  set: AttributeSet<Table>,
  defaults: (given: Partial<StructValue<H>>) => Partial<StructValue<H>> = () =>
    ({ control: 'pipe' }) as unknown as Partial<StructValue<H>>,
) {
  const options = lifted(head, set, 'parms', defaults as never)
  return {
    kind,
    options,
    optional: false,
    module: `act_${kind}`,
    config: `CONFIG_NET_ACT_${kind.toUpperCase()}`,
  } satisfies ActionKind<Name, typeof options>
}

/** The struct of a kind: `tc_gen`, and what follows it. */
export function actionStruct<const F extends Fields>(name: string, fields: F): Struct<typeof general & F> {
  return struct(name, { ...general, ...fields })
}
