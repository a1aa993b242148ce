// onProgress of a batch: now and then while it runs, at the end, never after it.
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, type NetNs, type Progress } from '../../lib/index'
import { fresh, ipJson } from '../support/namespaces'

let ns: NetNs

beforeEach(async () => {
  ns = await fresh()
  await ns.links.set('lo', { up: true })
})

afterEach(async () => {
  await ns.delete()
})

const table = 77
const many = 60_000

function routes(count: number, options = {}): ReturnType<NetNs['batch']> {
  const batch = ns.batch(options)
  for (let i = 0; i < count; i++)
    batch.routes.add({ dst: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`, dev: 'lo', table })
  return batch
}

const there = async (): Promise<number> => (await ns.routes.list({ table })).length

test('it is told while the batch runs, and at the end', async () => {
  const steps: Progress[] = []
  await routes(many).commit({ onProgress: (progress) => steps.push(progress) })
  expect(steps.length).toBeGreaterThan(1)
  expect(steps.every(({ total }) => total === many)).toBe(true)
  const done = steps.map((step) => step.done)
  expect(done).toEqual([...new Set(done)].sort((a, b) => a - b))
  expect(done.at(-1)).toBe(many)
  expect(done.filter((each) => each === many)).toHaveLength(1)
})

test('a small batch tells its end, before commit resolves', async () => {
  const told: unknown[] = []
  await routes(3)
    .commit({ onProgress: (progress) => told.push(progress) })
    .then(() => told.push('resolved'))
  expect(told).toEqual([{ done: 3, total: 3 }, 'resolved'])
  expect(await ns.batch().commit({ onProgress: (progress) => told.push(progress) })).toEqual([])
  expect(told).toHaveLength(2)
})

test('a batch that fails does not tell an end, and nothing is told after it', async () => {
  const batch = routes(many, { rollback: true })
  batch.links.delete('nobody')
  const steps: Progress[] = []
  await expect(batch.commit({ onProgress: (step) => steps.push(step) })).rejects.toMatchObject({ rolledBack: true })
  const count = steps.length
  expect(count).toBeGreaterThan(0)
  expect(steps.some(({ done, total }) => done === total)).toBe(false)
  await sleep(150)
  expect(steps).toHaveLength(count)
  expect(await there()).toBe(0)
})

test('what it throws ends the batch, and takes it back', async () => {
  const stop = new Error('enough')
  let calls = 0
  const batch = routes(many, { rollback: true })
  const committing = batch.commit({
    onProgress() {
      calls++
      throw stop
    },
  })
  await expect(committing).rejects.toBe(stop)
  expect(calls).toBe(1)
  expect(await there()).toBe(0)
})

test('what it throws ends a batch without rollback between two operations, and entries tell what was done', async () => {
  const stop = new Error('enough')
  const batch = ns.batch()
  const pod = batch.createNetNs()
  const entries = Array.from({ length: many }, (_, i) =>
    batch.routes.add({ dst: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}/32`, dev: 'lo', table }),
  )
  const committing = batch.commit({
    onProgress() {
      throw stop
    },
  })
  await expect(committing).rejects.toBe(stop)
  const done = await there()
  expect(done).toBeGreaterThan(0)
  expect(done).toBeLessThan(many)
  expect(entries[done - 1]!.value).toBeUndefined()
  expect(() => entries[done]!.value).toThrow(expect.objectContaining({ code: 'ERR_NETLOOM_NOT_TRIED' }) as Error)
  pod.value.close()
})

test('what it throws at the end rejects, though all is done', async () => {
  const stop = new Error('enough')
  const batch = ns.batch({ rollback: true })
  const link = batch.links.add({ kind: 'ifb', name: 'ifb7' })
  await expect(
    batch.commit({
      onProgress() {
        throw stop
      },
    }),
  ).rejects.toBe(stop)
  expect(link.value.name).toBe('ifb7')
  expect(await ipJson(ns, 'link')).toHaveLength(2)
})

test.each([
  [{ onProgress: 5 }, 'onProgress', TypeError],
  [{ onProgres: () => undefined }, 'onProgres', TypeError],
  [null, 'options', TypeError],
])('what is no way to be told is refused before anything is sent: %p', async (options, field, error) => {
  const batch = routes(1)
  const refused: unknown = await batch.commit(options as never).catch((caught: unknown) => caught)
  expect(refused).toBeInstanceOf(error)
  expect(refused).toMatchObject({ field })
  expect(await there()).toBe(0)
  await batch.commit()
})

test('an abort ends the telling', async () => {
  const controller = new AbortController()
  const steps: Progress[] = []
  const committing = routes(many, { rollback: true }).commit({
    signal: controller.signal,
    onProgress(step) {
      steps.push(step)
      controller.abort()
    },
  })
  await expect(committing).rejects.toBeInstanceOf(AbortError)
  expect(steps).toHaveLength(1)
  await sleep(150)
  expect(steps).toHaveLength(1)
  expect(await there()).toBe(0)
})
