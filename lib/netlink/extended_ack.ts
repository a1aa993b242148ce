// Extended acknowledgements: what the kernel says besides an errno, and which of our attributes it means.
import { printable } from '../wire/printable'
import type { AttributePolicy, Refusal } from '../errors'
import { attributes } from '../wire/attributes'
import { u32, u64 } from '../wire/integers'
import { oneOf } from '../wire/choices'
import { Reader } from '../wire/reader'
import { binary, text } from '../wire/text'
import { messageHeaderSize, NLM_F, NLMSG } from './constants'
import type { Message, Received } from './message'

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
})

/** NL_POLICY_TYPE_ATTR_ of linux/netlink.h. */
export const policyAttributes = attributes('NL_POLICY_TYPE_ATTR_', {
  type: ['TYPE', 1, policyType],
  minValueSigned: ['MIN_VALUE_S', 2, u64],
  maxValueSigned: ['MAX_VALUE_S', 3, u64],
  minValue: ['MIN_VALUE_U', 4, u64],
  maxValue: ['MAX_VALUE_U', 5, u64],
  minLength: ['MIN_LENGTH', 6, u32],
  maxLength: ['MAX_LENGTH', 7, u32],
  bitfieldMask: ['BITFIELD32_MASK', 10, u32],
  mask: ['MASK', 12, u64],
})

/** NLMSGERR_ATTR_ of linux/netlink.h. */
export const ackAttributes = attributes('NLMSGERR_ATTR_', {
  message: ['MSG', 1, text(65_000)],
  offset: ['OFFS', 2, u32],
  cookie: ['COOKIE', 3, binary()],
  policy: ['POLICY', 4, policyAttributes],
  missingType: ['MISS_TYPE', 5, u32],
  missingNest: ['MISS_NEST', 6, u32],
})

/** An NLMSG_ERROR or NLMSG_DONE as it was received. */
export interface Acknowledgement {
  /** 0, or a positive errno. */
  readonly errno: number
  readonly refusal: Refusal
}

function readPolicy(found: ReturnType<typeof policyAttributes.decode>): AttributePolicy {
  const signed = (value: bigint | undefined): bigint | undefined =>
    value === undefined ? undefined : BigInt.asIntN(64, value)
  const policy = {
    type: found.type === undefined ? undefined : String(found.type),
    minValue: found.minValue ?? signed(found.minValueSigned),
    maxValue: found.maxValue ?? signed(found.maxValueSigned),
    minLength: found.minLength,
    maxLength: found.maxLength,
    mask: found.mask ?? (found.bitfieldMask === undefined ? undefined : BigInt(found.bitfieldMask)),
  }
  return printable(Object.fromEntries(Object.entries(policy).filter(([, value]) => value !== undefined)))
}

/** The path of the attribute at a byte of our message, as the kernel counts: from the message's first byte. */
function pathAt(message: Message, offset: number): string[] {
  const { header, attributes: set } = message.layout
  const reader = new Reader(message.bytes)
  const begin = messageHeaderSize + ((header.size + 3) & ~3)
  return offset < begin ? [] : set.path(reader, begin, reader.u32(0), offset)
}

/** The name of an attribute that is not there, by its number, in the nest at a byte of our message. */
function missingPath(message: Message, nest: number | undefined, type: number): string {
  if (nest === undefined) return message.layout.attributes.nameOf(type)
  return [...pathAt(message, nest), `#${type}`].join('.')
}

/**
 * Reads an NLMSG_ERROR or NLMSG_DONE.
 * @param message - The message of ours that it answers, if it is known.
 */
export function readAcknowledgement(received: Received, message: Message | undefined): Acknowledgement {
  const { reader, at, end, flags, type } = received
  const errno = end - at >= 4 ? 0 - reader.i32(at) : 0
  if ((flags & NLM_F.ACK_TLVS) === 0) return { errno, refusal: {} }
  let begin = at + 4
  if (type === NLMSG.ERROR && begin + messageHeaderSize <= end) {
    // The message is quoted: its header alone, or all of it.
    const quoted = (flags & NLM_F.CAPPED) === 0 ? reader.u32(begin) : messageHeaderSize
    begin = Math.min(end, begin + Math.ceil(quoted / 4) * 4)
  }
  const found = ackAttributes.decode(reader, begin, end)
  const attribute = message === undefined || found.offset === undefined ? '' : pathAt(message, found.offset).join('.')
  return {
    errno,
    refusal: {
      kernelMessage: found.message,
      attribute: attribute === '' ? undefined : attribute,
      missingAttribute:
        message === undefined || found.missingType === undefined
          ? undefined
          : missingPath(message, found.missingNest, found.missingType),
      policy: found.policy === undefined ? undefined : readPolicy(found.policy),
    },
  }
}
