// Bytes on their way to the kernel: a growing buffer, nested attributes whose length is filled in at their end, and the
// places that wait for the index of a device.
import { endianness } from 'node:os'
import { outOfRange } from './invalid'

/** Netlink is in host byte order. */
export const littleEndian = endianness() === 'LE'

/** An attribute's length, header included, has 16 bits. */
const longestAttribute = 0xffff

/** NLA_F_NESTED of linux/netlink.h. */
const NLA_F_NESTED = 0x8000

/**
 * A place in a message that is filled in when the message is sent: with the index of the device with this name, or with
 * the descriptor of a namespace.
 */
export type Relocation =
  | { readonly at: number; readonly device: string; readonly netns?: undefined }
  | { readonly at: number; readonly netns: object; readonly device?: undefined }

// Messages lie one behind the other in pieces of memory: an ArrayBuffer each would cost more than all that is written.
const pieceSize = 32_768
/** What has to be left of a piece for a message to begin in it. */
const worthwhile = 512

class Piece {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly view: DataView
  used = 0

  constructor(size = pieceSize) {
    this.bytes = new Uint8Array(size)
    this.view = new DataView(this.bytes.buffer)
  }
}

// Taken by a writer until its message is finished: mostly one is written at a time.
let piece: Piece | undefined

const nowhere: readonly Relocation[] = []

/** Where what was written lies. */
export interface EncodedRange {
  /** The memory, which others are in, too. */
  readonly memory: Uint8Array<ArrayBuffer>
  /** Where it begins. */
  readonly begin: number
  /** Where it ends. */
  readonly end: number
}

/** Writes one message. */
export class Writer {
  #piece: Piece
  #view: DataView
  #begin: number
  #end: number
  #relocations: Relocation[] | undefined

  constructor() {
    this.#piece = piece ?? new Piece()
    piece = undefined
    this.#view = this.#piece.view
    this.#end = this.#begin = this.#piece.used
  }

  /** @internal Places that are filled in when the message is sent. */
  get relocations(): readonly Relocation[] {
    return this.#relocations ?? nowhere
  }

  /** How many bytes there are so far. */
  get length(): number {
    return this.#end - this.#begin
  }

  // Replaces the view where the piece is too small: call it before looking at the view.
  #reserve(size: number): number {
    if (this.#end + size > this.#view.byteLength) this.#move(size)
    const at = this.#end
    this.#end = at + size
    return at
  }

  #move(more: number): void {
    const written = this.#piece.bytes.subarray(this.#begin, this.#end)
    this.#piece = new Piece(Math.max(pieceSize, 2 * (written.length + more)))
    this.#piece.bytes.set(written)
    this.#view = this.#piece.view
    this.#begin = 0
    this.#end = written.length
  }

  /** Adds a byte. */
  u8(value: number): void {
    const at = this.#reserve(1)
    this.#view.setUint8(at, value)
  }
  /** Adds 16 bits in host byte order. */
  u16(value: number): void {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value, littleEndian)
  }
  /** Adds 32 bits in host byte order. */
  u32(value: number): void {
    const at = this.#reserve(4)
    this.#view.setUint32(at, value, littleEndian)
  }
  /** Adds 64 bits in host byte order. */
  u64(value: bigint): void {
    const at = this.#reserve(8)
    this.#view.setBigUint64(at, value, littleEndian)
  }
  /** In network byte order, as all `be…`. */
  be16(value: number): void {
    const at = this.#reserve(2)
    this.#view.setUint16(at, value)
  }
  /** The same with 32 bits. */
  be32(value: number): void {
    const at = this.#reserve(4)
    this.#view.setUint32(at, value)
  }
  /** The same with 64 bits. */
  be64(value: bigint): void {
    const at = this.#reserve(8)
    this.#view.setBigUint64(at, value)
  }
  /** Adds bytes as they are. */
  bytes(value: Uint8Array): void {
    const at = this.#reserve(value.length)
    this.#piece.bytes.set(value, at)
  }
  /** A string without NUL at its end, in UTF-8. */
  text(value: string): void {
    const at = this.#reserve(value.length)
    const { bytes } = this.#piece
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code >= 0x80) {
        this.#end = at
        this.bytes(Buffer.from(value))
        return
      }
      bytes[at + i] = code
    }
  }
  /** Adds so many zeros. */
  zeros(count: number): void {
    const at = this.#reserve(count)
    const { bytes } = this.#piece
    for (let i = at; i < at + count; i++) bytes[i] = 0
  }
  /** The index of the device with this name, known when the message is sent. */
  deviceIndex(name: string): void {
    ;(this.#relocations ??= []).push({ at: this.length, device: name })
    this.zeros(4)
  }

  /** The descriptor of a namespace. */
  netnsDescriptor(netns: object): void {
    ;(this.#relocations ??= []).push({ at: this.length, netns })
    this.zeros(4)
  }

  /** Pads to the four bytes at which attributes and messages begin. */
  align(): void {
    const rest = this.length & 3
    if (rest !== 0) this.zeros(4 - rest)
  }

  /** Begins an attribute and returns its place for `end`. */
  begin(type: number, nested = false): number {
    const at = this.length
    this.u16(0)
    this.u16(nested ? type | NLA_F_NESTED : type)
    return at
  }

  /**
   * Ends the attribute that began at `at`: its length, and the padding after it.
   * @param field - What errors call it.
   */
  end(at: number, field = 'attribute'): void {
    const length = this.length - at
    if (length > longestAttribute) {
      throw outOfRange(field, `at most ${longestAttribute - 4} bytes in a message`, length - 4)
    }
    this.patch16(at, length)
    this.align()
  }

  /** Writes 16 bits over those at a place. */
  patch16(at: number, value: number): void {
    this.#view.setUint16(this.#begin + at, value, littleEndian)
  }
  /** Writes 32 bits over those at a place. */
  patch32(at: number, value: number): void {
    this.#view.setUint32(this.#begin + at, value, littleEndian)
  }

  /** @internal Where all of it lies; the writer must not be used afterwards. */
  finish(): EncodedRange {
    const used = this.#end
    if (used + worthwhile <= this.#view.byteLength) {
      this.#piece.used = used
      piece = this.#piece
    }
    return { memory: this.#piece.bytes, begin: this.#begin, end: used }
  }
}

/**
 * Bytes that were written, and where they lie: what is written one after another is copied in one go. A view of them takes
 * more memory than most messages.
 */
export class EncodedBytes {
  readonly memory: Uint8Array<ArrayBuffer>
  readonly begin: number
  readonly end: number

  /** Finishes what a writer wrote. */
  constructor(writer: Writer) {
    const { memory, begin, end } = writer.finish()
    this.memory = memory
    this.begin = begin
    this.end = end
  }

  get length(): number {
    return this.end - this.begin
  }

  /** A view of them. */
  get bytes(): Uint8Array {
    return this.memory.subarray(this.begin, this.end)
  }
}
