// Messages to the kernel: a header that every family has (nlmsghdr), one of the family's own, and attributes.
import { scratch, type Block } from '../native/addon'
import type { CallOptions } from '../native/jobs'
import type { NetnsReference } from '../native/netns_handle'
import type { AttributesOf, AttributeSet, AttributeTable } from '../wire/attributes'
import { Reader } from '../wire/reader'
import type { Fields, Struct, StructValue } from '../wire/struct'
import { Writer, EncodedBytes, type Relocation } from '../wire/writer'
import { messageHeaderSize, NLM_F } from './constants'

/** The shape of a kind of message: `struct ifaddrmsg` and the attributes IFA_…, for example. */
export interface Layout<H extends Fields, A extends AttributeTable> {
  /** The family's own header, behind `struct nlmsghdr`. */
  readonly header: Struct<H>
  /** The attributes behind it. */
  readonly attributes: AttributeSet<A>
}

/** What an error needs of a layout: how long its header is, and where its attributes lie. */
export interface AnyLayout {
  /** Its header. */
  readonly header: {
    /** Bytes that it has. */
    readonly size: number
  }
  /** Its attributes, as far as errors need them. */
  readonly attributes: Pick<AttributeSet<AttributeTable>, 'path' | 'nameOf'>
}

/** A family that the kernel numbers as it registers: the number is the type of its messages, and known when they are sent. */
export interface NumberedFamily {
  readonly name: string
  /** The number that it had when it was last asked for. */
  readonly number: number | undefined
  /** Asks the kernel. Rejects with `ENOENT` if it does not have the family. */
  find(netns: NetnsReference, options?: CallOptions): Promise<number>
  /** It may have another number by now: who needs it next asks again. */
  forget(): void
}

/** A message that is ready to be sent: where it was written, and what is needed to send it and to tell of it. */
export class Message extends EncodedBytes {
  constructor(
    writer: Writer,
    /** Its type's name, for errors: `RTM_NEWLINK`. */
    readonly name: string,
    readonly layout: AnyLayout,
    /** The namespace in which device names in it are looked up. Default: the one that it is sent to. */
    readonly devicesOf: NetnsReference | undefined,
    /** The family whose number is its type, where that is not written yet. */
    readonly family: NumberedFamily | undefined,
  ) {
    super(writer)
    this.relocations = writer.relocations
  }

  /** Places that are filled in when it is sent; devices are looked up in `devicesOf`. */
  readonly relocations: readonly Relocation[]
}

/** What a message is made of. */
export interface MessageContent<H extends Fields, A extends AttributeTable> {
  /** NLM_F_ flags besides NLM_F_REQUEST. */
  readonly flags?: number
  readonly header?: Partial<StructValue<H>>
  readonly attributes?: AttributesOf<A>
  /** The namespace in which device names in it are looked up. Default: the one that it is sent to. */
  readonly devicesOf?: NetnsReference | undefined
  /** What errors call the object whose parts the attributes are, such as `peer`. */
  readonly field?: string | undefined
}

const none = {}

/**
 * Encodes and checks a message; throws an error that names the field. Nothing is sent.
 * @param name - The type's name, for errors: `RTM_NEWLINK`.
 * @param type - A number, or the family whose number it is.
 */
export function encodeMessage<H extends Fields, A extends AttributeTable>(
  layout: Layout<H, A>,
  name: string,
  type: number | NumberedFamily,
  { flags = 0, header, attributes, devicesOf, field }: MessageContent<H, A>,
): Message {
  const writer = new Writer()
  writer.u32(0)
  const family = typeof type === 'number' ? undefined : type
  writer.u16(typeof type === 'number' ? type : 0)
  writer.u16(flags | NLM_F.REQUEST)
  writer.zeros(8) // sequence number and port id: given when it is sent
  layout.header.write(writer, header ?? none, '')
  writer.align()
  if (attributes !== undefined) layout.attributes.encode(writer, attributes, field)
  writer.patch32(0, writer.length)
  writer.align()
  return new Message(writer, name, layout, devicesOf, family)
}

const noLayout: AnyLayout = {
  header: { size: 0 },
  attributes: { path: () => [], nameOf: (type) => `#${type}` },
}

/** A message whose payload, behind `struct nlmsghdr`, is encoded already. */
export function messageOf(name: string, type: number, flags: number, payload: Uint8Array): Message {
  const writer = new Writer()
  writer.u32(messageHeaderSize + payload.length)
  writer.u16(type)
  writer.u16(flags | NLM_F.REQUEST)
  writer.zeros(8)
  writer.bytes(payload)
  writer.align()
  return new Message(writer, name, noLayout, undefined, undefined)
}

/**
 * A message of the kernel's, still in the block that it was received in. It is valid during the call that it is given to:
 * afterwards reads of memory that was overwritten throw a RangeError.
 */
export interface Received {
  readonly reader: Reader
  readonly type: number
  readonly flags: number
  readonly sequence: number
  /** Where its payload, behind nlmsghdr, begins. */
  readonly at: number
  readonly end: number
}

/** A message of ours as if the kernel had sent it: decoded, it is what the kernel would tell. */
export function asReceived({ bytes }: Pick<Message, 'bytes'>): Received {
  return { reader: new Reader(bytes), type: 0, flags: 0, sequence: 0, at: messageHeaderSize, end: bytes.length }
}

/** Calls `each` for every message in a block of received bytes. Where the next answer overwrites it, a message expires. */
export function forEachMessage(block: Block, each: (message: Received) => void): void {
  if (typeof block !== 'number') {
    readMessages(new Reader(block), block.length, each)
    return
  }
  const reader = new Reader(scratch)
  try {
    readMessages(reader, block, each)
  } finally {
    reader.expire()
  }
}

function readMessages(reader: Reader, size: number, each: (message: Received) => void): void {
  for (let at = 0; at + messageHeaderSize <= size;) {
    const length = reader.u32(at)
    if (length < messageHeaderSize || at + length > size) break
    each({
      reader,
      type: reader.u16(at + 4),
      flags: reader.u16(at + 6),
      sequence: reader.u32(at + 8),
      at: at + messageHeaderSize,
      end: at + length,
    })
    at += (length + 3) & ~3
  }
}

/** A message's header and attributes, decoded. */
export interface Decoded<H extends Fields, A extends AttributeTable> {
  /** The fields of its header. */
  readonly header: StructValue<H>
  /** Its attributes. */
  readonly attributes: AttributesOf<A>
}

/** Decodes one message of a layout; undefined if it is too short to be one. */
export function decodeMessage<H extends Fields, A extends AttributeTable>(
  layout: Layout<H, A>,
  { reader, at, end }: Pick<Received, 'reader' | 'at' | 'end'>,
): Decoded<H, A> | undefined {
  if (at + layout.header.size > end) return undefined
  const begin = at + ((layout.header.size + 3) & ~3)
  return { header: layout.header.whole(reader, at), attributes: layout.attributes.decode(reader, begin, end) }
}
