// The memory that plans are written to. It is reused, because to allocate it takes longer than to fill it.

/** The words of a plan, and the bytes of its messages. */
export interface PlanMemory {
  words: Int32Array
  bytes: Uint8Array
}

const spare: PlanMemory[] = []
/** At most this many are kept, each of at most this many bytes: the memory of a large batch is not kept for small ones. */
const mostSpare = 4
const largestSpare = 2 ** 24

/** Stands in for memory that was returned. */
export const noMemory: PlanMemory = { words: new Int32Array(0), bytes: new Uint8Array(0) }

/** Memory of any size, with the content of an earlier plan. */
export function takeMemory(): PlanMemory {
  return spare.pop() ?? { words: new Int32Array(256), bytes: new Uint8Array(2048) }
}

/** For the next plan. */
export function returnMemory(memory: PlanMemory): void {
  if (spare.length < mostSpare && memory.words.byteLength + memory.bytes.length <= largestSpare) spare.push(memory)
}

/** Makes room for `least` words in all. */
export function growWords(memory: PlanMemory, least: number): void {
  const grown = new Int32Array(Math.max(least, 2 * memory.words.length))
  grown.set(memory.words)
  memory.words = grown
}

/** Makes room for `least` bytes in all. */
export function growBytes(memory: PlanMemory, least: number): void {
  const grown = new Uint8Array(Math.max(least, 2 * memory.bytes.length))
  grown.set(memory.bytes)
  memory.bytes = grown
}
