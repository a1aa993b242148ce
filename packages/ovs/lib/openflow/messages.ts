// OpenFlow messages: a header of eight bytes, and a body. The versions here are 1.3 and 1.4, which differ in little.

import { malformed } from './errors'

/** The supported versions of OpenFlow, as numbers in headers. */
export const versions = { openflow13: 4, openflow14: 5 } as const

/** The types of messages (ofp_type). */
export const messageTypes = {
  hello: 0,
  error: 1,
  echoRequest: 2,
  echoReply: 3,
  flowMod: 14,
  multipartRequest: 18,
  multipartReply: 19,
  barrierRequest: 20,
  barrierReply: 21,
  bundleControl: 33,
  bundleAddMessage: 34,
} as const

/** The size of a header. */
export const headerSize = 8

/** One message. */
export interface OpenflowMessage {
  readonly version: number
  readonly type: number
  /** The transaction id, which an answer has from its request. */
  readonly xid: number
  readonly body: Buffer
}

/** Writes a message. */
export function encodeMessage({ version, type, xid, body }: OpenflowMessage): Buffer {
  const bytes = Buffer.alloc(headerSize + body.length)
  bytes.writeUInt8(version, 0)
  bytes.writeUInt8(type, 1)
  bytes.writeUInt16BE(bytes.length, 2)
  bytes.writeUInt32BE(xid, 4)
  body.copy(bytes, headerSize)
  return bytes
}

/** The largest body that a message can have: its length has 16 bits. */
export const largestBody = 0xffff - headerSize

/** Takes messages out of a stream, however it is cut. */
export class OpenflowSplitter {
  #rest: Buffer = Buffer.alloc(0)

  /** The messages that are complete with these bytes. Throws for a length that cannot be. */
  push(bytes: Buffer): OpenflowMessage[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const messages: OpenflowMessage[] = []
    while (this.#rest.length >= headerSize) {
      const length = this.#rest.readUInt16BE(2)
      if (length < headerSize) throw malformed(`a message of ${length} bytes, which is less than its header`)
      if (this.#rest.length < length) break
      messages.push({
        version: this.#rest.readUInt8(0),
        type: this.#rest.readUInt8(1),
        xid: this.#rest.readUInt32BE(4),
        body: Buffer.from(this.#rest.subarray(headerSize, length)),
      })
      this.#rest = this.#rest.subarray(length)
    }
    return messages
  }
}

/** The body of HELLO, which names the versions (ofp_hello_elem_versionbitmap). */
export function helloBody(): Buffer {
  const body = Buffer.alloc(8)
  body.writeUInt16BE(1, 0)
  body.writeUInt16BE(8, 2)
  body.writeUInt32BE((1 << versions.openflow13) | (1 << versions.openflow14), 4)
  return body
}

/** The highest version that both sides have; undefined if there is none. */
export function commonVersion({ version, body }: OpenflowMessage): number | undefined {
  const ours = [versions.openflow14, versions.openflow13]
  for (let at = 0; at + 8 <= body.length;) {
    const length = body.readUInt16BE(at + 2)
    if (body.readUInt16BE(at) === 1) {
      const bitmap = body.readUInt32BE(at + 4)
      return ours.find((each) => (bitmap & (1 << each)) !== 0)
    }
    if (length < 4) break
    at += (length + 7) & ~7
  }
  // One that does not name them has all up to its own.
  return ours.find((each) => each <= version)
}
