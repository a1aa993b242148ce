// Bytes that came from the kernel. Every reader of a value checks that it lies inside its attribute before it calls these.
import { copyOf, type Scratch } from './scratch'
import { littleEndian } from './writer'

const none = new Uint8Array(0)
const noView = new DataView(none.buffer)

/** Reads one block of received messages. */
export class Reader {
  private block: Scratch
  private view: DataView

  constructor(block: Scratch) {
    const bytes = block as Uint8Array
    this.block = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** The block: the next answer may overwrite it. */
  get bytes(): Scratch {
    return this.block
  }

  /** @internal The block is about to be overwritten: from now on every read throws a RangeError. */
  expire(): void {
    this.block = none
    this.view = noView
  }

  /** The byte at a place. */
  u8(at: number): number {
    return this.view.getUint8(at)
  }
  /** The 16 bits at a place, in host byte order. */
  u16(at: number): number {
    return this.view.getUint16(at, littleEndian)
  }
  /** The 32 bits at a place, in host byte order. */
  u32(at: number): number {
    return this.view.getUint32(at, littleEndian)
  }
  /** The same, signed. */
  i32(at: number): number {
    return this.view.getInt32(at, littleEndian)
  }
  /** The 64 bits at a place, in host byte order. */
  u64(at: number): bigint {
    return this.view.getBigUint64(at, littleEndian)
  }
  /** The 16 bits at a place, in network byte order. */
  be16(at: number): number {
    return this.view.getUint16(at)
  }
  /** The 32 bits at a place, in network byte order. */
  be32(at: number): number {
    return this.view.getUint32(at)
  }
  /** The 64 bits at a place, in network byte order. */
  be64(at: number): bigint {
    return this.view.getBigUint64(at)
  }
  /** A copy of a range, independent of the block. */
  copy(from: number, to: number): Buffer {
    if (to > this.block.length) throw new RangeError('the range is outside the block, or the block was overwritten')
    return copyOf(this.block, from, to)
  }
}
