// A received message that is kept after the call that it was given to, in memory that the next answer overwrites.
import { scratch } from '../../lib/native/addon'
import { forEachMessage, type Received } from '../../lib/netlink/message'

function receivedIn(block: Uint8Array | number): Received[] {
  const kept: Received[] = []
  forEachMessage(block, (message) => kept.push(message))
  return kept
}

/** Two messages without a payload, of the types 17 and 18. */
const messages = Buffer.alloc(32)
for (const [i, type] of [17, 18].entries()) {
  messages.writeUInt32LE(16, 16 * i)
  messages.writeUInt16LE(type, 16 * i + 4)
}

test('one in memory that is overwritten throws when it is read; one in memory of its own does not', () => {
  ;(scratch as Uint8Array).set(messages)
  const [first, second] = receivedIn(messages.length) as [Received, Received]
  expect([first.type, second.type]).toEqual([17, 18])
  for (const read of ['u8', 'u16', 'u32', 'i32', 'u64', 'be16', 'be32', 'be64'] as const) {
    expect(() => second.reader[read](16)).toThrow(RangeError)
  }
  expect(() => first.reader.copy(0, 16)).toThrow(RangeError)
  expect(first.reader.bytes).toHaveLength(0)
  // Those of the next answer are read by a reader of their own.
  expect(receivedIn(messages.length)).toHaveLength(2)
  expect(() => first.reader.u16(4)).toThrow(RangeError)
  expect(receivedIn(messages)[1]?.reader.u16(20)).toBe(18)
})

test('it expires also where the call throws', () => {
  ;(scratch as Uint8Array).set(messages)
  let kept: Received | undefined
  expect(() => {
    forEachMessage(messages.length, (message) => {
      kept = message
      throw new Error('enough')
    })
  }).toThrow('enough')
  expect(() => kept?.reader.u16(4)).toThrow(RangeError)
})
