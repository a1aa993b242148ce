// Extended acknowledgements: what the kernel says besides an errno, and which of our attributes it means.
import { printable } from '../wire/printable'
import type { AttributePolicy, Refusal } from '../errors'
import { attributes } from '../wire/attributes'
import { u32 } from '../wire/integers'
import { Reader } from '../wire/reader'
import { binary, text } from '../wire/text'
import { messageHeaderSize, NLM_F, NLMSG } from './constants'
import type { Message, Received } from './message'
import { policyAttributes } from './policy'

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
  const policy = {
    type: found.type === undefined ? undefined : String(found.type),
    minValue: found.minValue ?? found.minValueSigned,
    maxValue: found.maxValue ?? found.maxValueSigned,
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
