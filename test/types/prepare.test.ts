// The types of prepared batches: values follow from holes, answers from what the description returns. `npm run types` checks
// this file; run, it only shows that what compiles works.
import { expectTypeOf } from 'expect-type'
import { hole, type HoleMaker, type Link, type NetNs, type PreparedBatch, type ValuesOf } from '../../lib/index'
import { fresh } from '../support/namespaces'

const holes = { ns: hole.name(), mtu: hole.number({ min: 68 }), far: hole.netns() }

/** Compiled, never run. */
export async function refused(host: NetNs): Promise<void> {
  const prepared = host.prepare(holes, (batch, { ns, mtu, far }) => {
    batch.createNetNs(ns)
    return { link: batch.links.add({ kind: 'veth', name: 'v0', mtu, peer: { netns: far, name: 'v1' } }) }
  })
  const { value, netns } = await prepared.run({ ns: 'a', mtu: 1500, far: host })
  expectTypeOf(value.link).toEqualTypeOf<Link>()
  expectTypeOf(netns).toEqualTypeOf<NetNs>()
  // @ts-expect-error a value is missing
  await prepared.run({ ns: 'a', mtu: 1500 })
  // @ts-expect-error a number is no name
  await prepared.run({ ns: 7, mtu: 1500, far: host })
  // @ts-expect-error a text is no number
  await prepared.runMany([{ ns: 'a', mtu: '1500', far: host }])
  // @ts-expect-error there is no such hole
  await prepared.run({ ns: 'a', mtu: 1500, far: host, mac: '02:00:00:00:00:01' })
  // @ts-expect-error a name is no MTU
  host.prepare(holes, (batch, { ns }) => batch.links.set('lo', { mtu: ns }))
  const other = host.prepare<{ ns: string; mtu: number }>((batch, its) => {
    batch.createNetNs(its.name('ns'))
    batch.links.set('lo', { mtu: its.number('mtu') })
    // @ts-expect-error it is a number
    its.name('mtu')
    // @ts-expect-error there is no such value
    its.device('port')
  })
  await other.run({ ns: 'a', mtu: 1500 })
  // @ts-expect-error a value is missing
  await other.run({ ns: 'a' })
}

test('values follow from holes', async () => {
  expectTypeOf<ValuesOf<typeof holes>>().toExtend<{ readonly ns: string; readonly mtu: number }>()
  await using host = await fresh()
  const typed = host.prepare((batch, its: HoleMaker<{ name: string }>) =>
    batch.links.add({ kind: 'ifb', name: its.device('name') }),
  )
  expectTypeOf(typed).toExtend<PreparedBatch<{ name: string }, NetNs, Link>>()
  expect((await typed.run({ name: 'ifb0' })).value.name).toBe('ifb0')
  interface Row {
    readonly name: string
  }
  const byInterface: PreparedBatch<Row, NetNs, unknown> = host.prepare<Row>((batch, its) => {
    batch.links.add({ kind: 'ifb', name: its.device('name') })
  })
  await byInterface.run({ name: 'ifb2' })
  const untyped = host.prepare((batch, its) => {
    batch.links.add({ kind: 'ifb', name: its.device('name') })
  })
  await untyped.run({ name: 'ifb1' })
})
