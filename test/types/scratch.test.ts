// Memory that the next call overwrites is of a type that fits nowhere where bytes are kept. `tsc` is the judge.
import { expectTypeOf } from 'expect-type'
import type { Reader } from '../../lib/netlink'
import { scratch, type Addon } from '../../lib/native/addon'
import { addressOf } from '../../lib/native/datagrams'
import type { EncodedPlan, Plan } from '../../lib/netlink/plan'
import { copyOf, type Scratch } from '../../lib/wire/scratch'

test('the memory of answers, packets and plans is scratch memory', () => {
  expectTypeOf(scratch).toEqualTypeOf<Scratch>()
  expectTypeOf<Reader['bytes']>().toEqualTypeOf<Scratch>()
  expectTypeOf(addressOf).returns.toEqualTypeOf<Scratch>()
  expectTypeOf<EncodedPlan['words']>().toEqualTypeOf<Scratch>()
  expectTypeOf<EncodedPlan['bytes']>().toEqualTypeOf<Scratch>()
  expectTypeOf<Addon['transact']>().parameter(1).toEqualTypeOf<Scratch>()
})

test('it cannot be kept as bytes, viewed or sent', () => {
  expectTypeOf<Scratch>().not.toExtend<Uint8Array>()
  expectTypeOf<Scratch>().not.toExtend<Int32Array>()
  expectTypeOf<Scratch>().not.toExtend<ArrayBufferView>()
  expectTypeOf<Scratch>().not.toExtend<readonly number[]>()
  expectTypeOf<Scratch>().not.toHaveProperty('subarray')
  expectTypeOf<Scratch>().not.toHaveProperty('buffer')
  expectTypeOf<Scratch>().not.toHaveProperty('slice')
  let kept: Uint8Array | undefined
  const keep = (encoded: EncodedPlan): void => {
    // @ts-expect-error -- a Scratch is no Uint8Array
    kept = encoded.bytes
  }
  expectTypeOf(keep).toBeFunction()
  expect(kept).toBeUndefined()
})

test('a copy of it may be kept, and a plan is only lent', () => {
  expectTypeOf(copyOf(scratch, 0, 4)).toEqualTypeOf<Buffer>()
  const bytes = Uint8Array.of(1, 2, 3)
  const copy = copyOf(bytes, 1)
  bytes.fill(9)
  expect([...copy]).toEqual([2, 3])
  expectTypeOf<Plan>().not.toHaveProperty('finish')
  expectTypeOf<Plan>().not.toHaveProperty('release')
})
