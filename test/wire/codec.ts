// For the tests of the codec: a type's bytes alone, and a reader whose block lies between bytes that are none of its own.
import { isDeepStrictEqual } from 'node:util'
import { Reader } from '../../lib/wire/reader'
import type { AnyType, Siblings, Type } from '../../lib/wire/type'
import { Writer, EncodedBytes } from '../../lib/wire/writer'

/** What a type can do: only its values differ. */
type Codec<Value> = Pick<Type<Value>, 'encode' | 'decode'>

const margin = 512

/** A reader of a block in the middle of a buffer that is full of `filler`. */
export function readerWithin(bytes: Uint8Array, filler = 0xa5): Reader {
  const around = new Uint8Array(bytes.length + 2 * margin).fill(filler)
  around.set(bytes, margin)
  return new Reader(around.subarray(margin, margin + bytes.length))
}

/** The payload that a value encodes to. */
export function bytesOf<Value>(type: Codec<Value>, value: Value, siblings: Siblings = {}, field = 'it'): Buffer {
  const writer = new Writer()
  type.encode(writer, value, field, siblings)
  return Buffer.from(new EncodedBytes(writer).bytes)
}

/** The value of a payload. */
export function valueOf<Value>(type: Codec<Value>, bytes: Uint8Array, siblings: Siblings = {}): Value {
  return type.decode(readerWithin(bytes), 0, bytes.length, siblings)
}

/** There and back. */
export function roundTrip<Value>(type: Codec<Value>, value: Value, siblings: Siblings = {}): Value {
  return valueOf(type, bytesOf(type, value, siblings), siblings)
}

/** What `decode` makes of a block; throws if it depends on bytes that are not the block's own. */
export function seeing<Result>(bytes: Uint8Array, decode: (reader: Reader) => Result): Result {
  const result = decode(readerWithin(bytes, 0x00))
  for (const filler of [0xff, 0x41]) {
    if (!isDeepStrictEqual(decode(readerWithin(bytes, filler)), result)) {
      throw new Error('bytes from outside the block are in the result')
    }
  }
  return result
}

/** The error that a call throws. */
export function thrownBy(call: () => unknown): Error & { code?: unknown; field?: unknown; value?: unknown } {
  try {
    call()
  } catch (error) {
    if (error instanceof Error) return error
    throw new Error('what was thrown is no Error', { cause: error })
  }
  throw new Error('nothing was thrown')
}

/** What the refusal of a value says. */
export interface Refused {
  class: string
  code: unknown
  field: unknown
  /** Whether the message has the field's name. */
  named: boolean
}

/** How a type refuses a value. */
export function refusal(type: Pick<AnyType, 'encode'>, value: unknown, field = 'peer.mtu'): Refused {
  const error = thrownBy(() => {
    type.encode(new Writer(), value as never, field, {})
  })
  return { class: error.constructor.name, code: error.code, field: error.field, named: error.message.includes(field) }
}

/** A refusal of a value of a wrong type, of a meaningless one, and of one that is out of range. */
export const refused = {
  type: (field = 'peer.mtu'): Refused => ({ class: 'TypeError', code: 'ERR_INVALID_ARG_TYPE', field, named: true }),
  value: (field = 'peer.mtu'): Refused => ({ class: 'TypeError', code: 'ERR_INVALID_ARG_VALUE', field, named: true }),
  range: (field = 'peer.mtu'): Refused => ({ class: 'RangeError', code: 'ERR_OUT_OF_RANGE', field, named: true }),
}
