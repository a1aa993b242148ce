// Conditions of a key for rules.
import { messageHeaderSize } from '../netlink/constants'
import { offsetOf } from '../netlink/rollback/offsets'
import { byte, payloadOf, word, type Condition, type Test } from '../netlink/rollback/pattern'
import { Writer, EncodedBytes } from '../wire/writer'
import { action, ruleAttributes, ruleFlags, ruleHeader } from './rule_attributes'
import type { Rule, RuleOptions } from './rule'

type AttributeName = Exclude<keyof typeof ruleAttributes.table, 'pad'>

const number = (field: AttributeName): number => ruleAttributes.table[field][1]

const header = {
  to: offsetOf(ruleHeader, 'dst_len'),
  from: offsetOf(ruleHeader, 'src_len'),
  tos: offsetOf(ruleHeader, 'tos'),
  action: offsetOf(ruleHeader, 'action'),
  flags: offsetOf(ruleHeader, 'flags'),
} as const
const [, FIB_RULE_INVERT] = ruleFlags.names.invert

/** The conditions for a field, with its values in the key's own message. */
export function conditionsOf(field: keyof RuleOptions, bytes: Uint8Array, told: Rule | undefined): Condition[] {
  const inHeader = (at: number, size = 1): Test => {
    const value = bytes.subarray(messageHeaderSize + at, messageHeaderSize + at + size)
    return { header: at, value }
  }
  const attribute = (name: AttributeName): Test => {
    const value = payloadOf(bytes, messageHeaderSize + ruleHeader.size, number(name)) ?? new Uint8Array(0)
    return { attribute: [number(name)], value, zeroIsAbsent: !suppressing.has(name) }
  }
  switch (field) {
    case 'from':
    case 'to':
      return [[inHeader(header[field])], [attribute(field)]]
    case 'tos':
    case 'action':
      return [[inHeader(header[field])]]
    case 'invert':
      return [[{ ...inHeader(header.flags, 4), mask: FIB_RULE_INVERT }]]
    case 'table': {
      // A rule with another action, or of a VRF, has no table.
      const looks: Test = { header: header.action, value: byte(action.names.table[1]) }
      const vrf: Test = { attribute: [number('l3mdev')], value: byte(1) }
      const none: Test = { attribute: [number('table')], value: word(0), zeroIsAbsent: true }
      return told?.table === undefined
        ? [[{ ...looks, not: true }, vrf, none]]
        : [[looks], [{ ...vrf, not: true }], [attribute('table')]]
    }
    case 'family':
      return []
    default:
      return [[attribute(field)]]
  }
}

/** The default of masks, where the masked field is given: all bits. */
export const allBits = {
  markMask: 0xffffffff,
  dscpMask: 0x3f,
  flowLabelMask: 0xfffff,
  sourcePortMask: 0xffff,
  destinationPortMask: 0xffff,
} as const

const masked = {
  markMask: 'mark',
  dscpMask: 'dscp',
  flowLabelMask: 'flowLabel',
  sourcePortMask: 'sourcePorts',
  destinationPortMask: 'destinationPorts',
} as const

/** Conditions for a field that the options leave out and for which the kernel has a default; undefined: none. */
export function unsaidOf(field: keyof RuleOptions, options: RuleOptions): Condition[] | undefined {
  if (options[field] !== undefined) return undefined
  const absent = (name: AttributeName): Test => ({ attribute: [number(name)], not: true })
  if (field === 'suppressPrefixLength' || field === 'suppressInterfaceGroup')
    return [[absent(field), { attribute: [number(field)], value: word(0xffffffff) }]]
  if (!Object.hasOwn(masked, field)) return undefined
  const mask = field as keyof typeof masked
  const of = options[masked[mask]]
  if (of === undefined || of === 0) return undefined
  const bits = ruleAttributes.table[mask][2]
  const writer = new Writer()
  bits.encode(writer, allBits[mask], mask, {})
  return [[absent(mask), { attribute: [number(mask)], value: new EncodedBytes(writer).bytes }]]
}

// For these the kernel reports -1 where nothing is suppressed; 0 is a valid value.
const suppressing: ReadonlySet<string> = new Set(['suppressPrefixLength', 'suppressInterfaceGroup'])
