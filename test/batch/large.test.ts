// Large batches: a hundred thousand routes and back, refusals in the middle of what is sent together, many namespaces.
import { AbortError, BatchError, NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

let ns: NetNs

beforeEach(async () => {
  ns = await fresh()
  await ns.links.set('lo', { up: true })
})

afterEach(async () => {
  await ns.delete()
})

const table = 77
const dst = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`
const there = async (): Promise<number> => (await ns.routes.list({ table })).length

test('a hundred thousand routes are added; flushed and back; taken back by an abort late', async () => {
  const count = 100_000
  const fill = (rollback: boolean): ReturnType<NetNs['batch']> => {
    const batch = ns.batch({ rollback })
    for (let i = 0; i < count; i++) batch.routes.add({ dst: dst(i), dev: 'lo', table })
    return batch
  }
  const first = performance.now()
  const results = await fill(false).commit()
  const once = performance.now() - first
  expect(results).toHaveLength(count)
  expect(results.every(({ status }) => status === 'fulfilled')).toBe(true)
  expect(await there()).toBe(count)

  const flush = ns.batch({ rollback: true })
  flush.routes.flush({ table })
  const left = flush.routes.list({ table })
  flush.links.delete('nobody')
  const error: unknown = await flush.commit().catch((caught: unknown) => caught)
  expect(error).toMatchObject({ code: 'ENODEV', rolledBack: true, leftovers: [] })
  expect(() => left.value).toThrow()
  expect(await there()).toBe(count)
  await ns.routes.flush({ table })
  expect(await there()).toBe(0)

  const controller = new AbortController()
  const begin = performance.now()
  const committing = fill(true).commit({
    signal: controller.signal,
    onProgress({ done }) {
      if (done > count * 0.6) controller.abort()
    },
  })
  await expect(committing).rejects.toMatchObject({ outcome: 'none' })
  await expect(committing).rejects.toBeInstanceOf(AbortError)
  expect(await there()).toBe(0)
  // There and back; this is to notice what is done one by one, or again and again.
  expect(performance.now() - begin).toBeLessThan(10 * once)
})

// Two hundred go to the kernel at once, 128 of them in a system call.
const places = [0, 1, 127, 128, 129, 199, 200, 201, 399, 400, 599]

test.each(places)('of operations that are sent together, the one that the kernel refuses fails: %p', async (place) => {
  await ns.routes.add({ dst: dst(place), dev: 'lo', table })
  for (const rollback of [true, false]) {
    const batch = ns.batch({ rollback })
    for (let i = 0; i < 600; i++) batch.routes.add({ dst: dst(i), dev: 'lo', table })
    const error: unknown = await batch.commit().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(BatchError)
    expect(error).toMatchObject({ index: place, code: 'EEXIST', rolledBack: rollback, leftovers: [] })
    const { results } = error as BatchError
    const fulfilled = results.filter(({ status }) => status === 'fulfilled').length
    expect(fulfilled).toBe(rollback ? 0 : place)
    expect(await there()).toBe(1 + (rollback ? 0 : place))
    const left = await ns.routes.list({ table })
    expect(left.some((route) => route.dst === dst(place))).toBe(true)
  }
})

test('all that the kernel refuses fail, where a batch goes on', async () => {
  const batch = ns.batch({ onError: 'continue' })
  for (const place of places) await ns.routes.add({ dst: dst(place), dev: 'lo', table })
  for (let i = 0; i < 600; i++) batch.routes.add({ dst: dst(i), dev: 'lo', table })
  const results = await batch.commit()
  expect(results.flatMap(({ status }, i) => (status === 'rejected' ? [i] : []))).toEqual(places)
  expect(await there()).toBe(600)
})

test('all two hundred that are sent together may be refused', async () => {
  const batch = ns.batch({ onError: 'continue' })
  for (let i = 0; i < 1000; i++) batch.routes.add({ dst: dst(0), dev: 'lo', table })
  const results = await batch.commit()
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(999)
})

test('a batch goes over five hundred namespaces, there and back', async () => {
  const count = 500
  const all = await NetNs.createMany(count)
  try {
    const fill = (rollback: boolean): ReturnType<NetNs['batch']> => {
      const batch = ns.batch({ rollback })
      for (const each of all) {
        batch.in(each).links.set('lo', { up: true })
        batch.in(each).routes.add({ dst: '10.9.0.0/16', dev: 'lo' })
        batch.in(each).addresses.add({ dev: 'lo', address: '10.0.0.1/32' })
      }
      return batch
    }
    const batch = fill(true)
    batch.links.delete('nobody')
    await expect(batch.commit()).rejects.toMatchObject({ index: 3 * count, rolledBack: true, leftovers: [] })
    for (const each of [all[0]!, all[count - 1]!]) {
      expect(await each.routes.list({ table: 'main', family: 'ipv4' })).toEqual([])
      expect((await each.links.get('lo')).up).toBe(false)
    }
    await fill(false).commit()
    for (const each of [all[0]!, all[count - 1]!]) {
      expect(await each.routes.list({ table: 'main', family: 'ipv4' })).toHaveLength(1)
    }
  } finally {
    for (const each of all) each.close()
  }
})
