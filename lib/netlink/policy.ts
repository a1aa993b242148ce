// What the kernel allows for an attribute, where it tells: in extended acknowledgements and of generic netlink's families.
import { attributes } from '../wire/attributes'
import { oneOf } from '../wire/choices'
import { i64, u32, u64 } from '../wire/integers'

const policyType = oneOf(u32, 'NL_ATTR_TYPE_', {
  invalid: ['INVALID', 0],
  flag: ['FLAG', 1],
  u8: ['U8', 2],
  u16: ['U16', 3],
  u32: ['U32', 4],
  u64: ['U64', 5],
  s8: ['S8', 6],
  s16: ['S16', 7],
  s32: ['S32', 8],
  s64: ['S64', 9],
  binary: ['BINARY', 10],
  string: ['STRING', 11],
  nulString: ['NUL_STRING', 12],
  nested: ['NESTED', 13],
  nestedArray: ['NESTED_ARRAY', 14],
  bitfield32: ['BITFIELD32', 15],
  sint: ['SINT', 16],
  uint: ['UINT', 17],
})

/** NL_POLICY_TYPE_ATTR_ of linux/netlink.h. */
export const policyAttributes = attributes('NL_POLICY_TYPE_ATTR_', {
  type: ['TYPE', 1, policyType],
  minValueSigned: ['MIN_VALUE_S', 2, i64],
  maxValueSigned: ['MAX_VALUE_S', 3, i64],
  minValue: ['MIN_VALUE_U', 4, u64],
  maxValue: ['MAX_VALUE_U', 5, u64],
  minLength: ['MIN_LENGTH', 6, u32],
  maxLength: ['MAX_LENGTH', 7, u32],
  policyIndex: ['POLICY_IDX', 8, u32],
  policyMaxType: ['POLICY_MAXTYPE', 9, u32],
  bitfieldMask: ['BITFIELD32_MASK', 10, u32],
  mask: ['MASK', 12, u64],
})
