// Splits a stream into messages. OVSDB sends JSON objects one after another without a separator: one ends where its first brace is
// closed. Each byte is examined once, however the stream is chunked; a chunk may end anywhere, as no byte of a UTF-8 sequence equals
// a brace or a quote.
import { isUtf8 } from 'node:buffer'
import { malformed } from './errors'

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/** The default limit for a message in bytes: the snapshot of a very large database has some hundred MB. */
export const defaultMessageLimit = 256 * 1024 * 1024

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

/**
 * The deepest nesting, as in Open vSwitch's own parser (JSON_MAX_HEIGHT). OVSDB needs a dozen; recursive code would overflow the
 * stack with deeper messages.
 */
export const deepest = 1000

/** Small chunks of a message are joined up to this size, as each chunk has an overhead of some hundred bytes. */
const largestJoined = 64 * 1024

/** Cuts a stream of bytes into the texts of its JSON objects. */
export class MessageSplitter {
  readonly #limit: number
  /** The beginning of a message, from earlier chunks. */
  #kept: Buffer[] = []
  #keptBytes = 0
  #depth = 0
  #inString = false
  #escaped = false

  constructor(limit = defaultMessageLimit) {
    this.#limit = limit
  }

  /** Whether a message has begun and not ended. */
  get partial(): boolean {
    return this.#depth > 0
  }

  /** The messages that end in this chunk. Throws an OvsdbProtocolError at an invalid byte. */
  push(chunk: Buffer): string[] {
    const texts: string[] = []
    let begin = 0
    let depth = this.#depth
    let inString = this.#inString
    let escaped = this.#escaped
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]
      if (inString) {
        if (escaped) escaped = false
        else if (byte === backslash) escaped = true
        else if (byte === quote) inString = false
      } else if (byte === quote) {
        if (depth === 0) throw malformed('a message that begins with a quote')
        inString = true
      } else if (byte === openBrace || byte === openBracket) {
        if (depth === 0) {
          if (byte === openBracket) throw malformed('a message that is an array')
          begin = i
        }
        if (++depth > deepest) throw malformed(`a message more than ${deepest} arrays and objects deep`)
      } else if (byte === closeBrace || byte === closeBracket) {
        if (--depth < 0) throw malformed('a message that ends without having begun')
        if (depth === 0) texts.push(this.#complete(chunk.subarray(begin, i + 1)))
      } else if (depth === 0 && !isBlank(byte ?? 0)) {
        throw malformed(`a message that begins with byte ${byte}`)
      }
    }
    this.#depth = depth
    this.#inString = inString
    this.#escaped = escaped
    if (depth > 0) this.#keep(chunk.subarray(begin))
    return texts
  }

  #keep(part: Buffer): void {
    this.#keptBytes += part.length
    if (this.#keptBytes > this.#limit) throw malformed(`a message of more than ${this.#limit} bytes`)
    let last = part
    for (;;) {
      const before = this.#kept.at(-1)
      // A chunk is joined only to one that is no larger, so that each byte is copied a few times at most.
      if (before === undefined || before.length > last.length || before.length + last.length > largestJoined) break
      this.#kept.pop()
      last = Buffer.concat([before, last])
    }
    this.#kept.push(last)
  }

  #complete(end: Buffer): string {
    this.#keep(end)
    const [first = end] = this.#kept
    const bytes = this.#kept.length === 1 ? first : Buffer.concat(this.#kept)
    this.#kept = []
    this.#keptBytes = 0
    if (!isUtf8(bytes)) throw malformed('a message that is no UTF-8')
    return bytes.toString('utf8')
  }
}
