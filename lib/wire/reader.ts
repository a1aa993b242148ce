// Bytes that came from the kernel. Every reader of a value checks that it lies inside its attribute before it calls these.
import { littleEndian } from './writer'

/** Reads one block of received messages. */
export class Reader {
  readonly bytes: Uint8Array
  readonly view: DataView

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  u8(at: number): number {
    return this.view.getUint8(at)
  }
  u16(at: number): number {
    return this.view.getUint16(at, littleEndian)
  }
  u32(at: number): number {
    return this.view.getUint32(at, littleEndian)
  }
  i32(at: number): number {
    return this.view.getInt32(at, littleEndian)
  }
  u64(at: number): bigint {
    return this.view.getBigUint64(at, littleEndian)
  }
  be16(at: number): number {
    return this.view.getUint16(at)
  }
  be32(at: number): number {
    return this.view.getUint32(at)
  }
  be64(at: number): bigint {
    return this.view.getBigUint64(at)
  }
  /** A copy of a range, independent of the block. */
  copy(from: number, to: number): Buffer {
    return Buffer.from(this.bytes.subarray(from, to))
  }
}
