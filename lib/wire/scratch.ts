// Memory that a later call overwrites.

/**
 * Numbers in memory that a later call overwrites: bytes of a received message, a plan on its way to the addon. They can be
 * read at once, or copied (`copyOf`). A view of the memory cannot be made of this type, and it fits where no `Uint8Array`,
 * `Int32Array` or `Buffer` is expected: to keep it by mistake does not compile.
 */
export interface Scratch {
  /** How many numbers there are. */
  readonly length: number
  /** The number at an index. */
  readonly [index: number]: number
}

/** A copy of bytes, from one index up to another; it may be kept. */
export function copyOf(bytes: Scratch, from = 0, to = bytes.length): Buffer {
  // All scratch memory is an array of bytes or of words: `Buffer.from` of a view copies it in one go.
  return Buffer.from((bytes as Uint8Array).subarray(from, to))
}

/** A copy of the first words of a plan; it may be kept. */
export function copyWords(words: Scratch, count: number): Int32Array {
  return (words as Int32Array).slice(0, count)
}

/** Copies the first numbers of scratch memory to a place of an array of the same kind. */
export function copyInto(target: Int32Array | Uint8Array, at: number, from: Scratch, count: number): void {
  target.set((from as Int32Array | Uint8Array).subarray(0, count), at)
}
