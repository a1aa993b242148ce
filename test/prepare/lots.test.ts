// Many rows of a prepared batch: they are carried out in lots, and are one batch all the same.
import { setTimeout as sleep } from 'node:timers/promises'
import { existsSync } from 'node:fs'
import { AbortError, BatchError, hole, NetNs, type BatchBuilder, type PreparedResult } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ownPrefix, uniqueName } from '../support/namespaces'

const net = useNetNs({ names: ['host'], prefix: ownPrefix })

const holes = { ns: hole.name(), port: hole.device() }
interface Row {
  ns: string
  port: string
}
function note(batch: BatchBuilder<NetNs>, { ns, port }: Row): void {
  const netns = batch.createNetNs(ns, { ephemeral: true })
  batch.links.add({ kind: 'veth', name: port, peer: { netns, name: 'eth0' } })
}

const many = 70
let rows: Row[]
let told: [row: number, result: PreparedResult<NetNs, undefined>][]
const onResult = (result: PreparedResult<NetNs, undefined>, row: number): void => void told.push([row, result])

beforeEach(() => {
  rows = Array.from({ length: many }, (_, n) => ({ ns: uniqueName('lot'), port: `v${n}` }))
  told = []
})

const isThere = ({ ns }: Row): boolean => existsSync(`/run/netns/${ns}`)
// The handles that nobody was told of are closed, which unpins their namespaces a little later.
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}
const closeAll = async (made: Iterable<NetNs>): Promise<number> => NetNs.deleteAll(made)

test('results come in the order of the rows, before the last rows are done', async () => {
  const prepared = net.host.prepare(holes, note)
  let seenAtFirst = true
  const results = await prepared.runMany(rows, {
    onResult(result, row) {
      if (row === 0) seenAtFirst = isThere(rows.at(-1)!)
      onResult(result, row)
    },
  })
  expect(seenAtFirst).toBe(false)
  expect(told.map(([row]) => row)).toEqual(rows.map((_, row) => row))
  expect(told.map(([, result]) => result)).toEqual(results)
  expect(results.map(({ netns }) => netns.name)).toEqual(rows.map(({ ns }) => ns))
  expect(await closeAll(results.map(({ netns }) => netns))).toBe(many)
})

test('a row that fails ends those behind it; the error tells of all rows', async () => {
  const { host } = net
  await host.links.add({ kind: 'ifb', name: 'v50' })
  const prepared = host.prepare(holes, note)
  const error: unknown = await prepared.runMany(rows, { onResult }).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(BatchError)
  expect(error).toMatchObject({ code: 'EEXIST', row: 50, index: 101, operation: 'PreparedBatch.runMany' })
  const { results } = error as BatchError
  expect(results).toHaveLength(2 * many)
  expect(results.map(({ status }) => status)).toEqual(results.map((_, i) => (i <= 100 ? 'fulfilled' : 'rejected')))
  expect(results.at(-1)).toMatchObject({ reason: { code: 'ERR_NETLOOM_NOT_TRIED' } })
  const made = results.flatMap((one) => (one.status === 'fulfilled' && one.value !== undefined ? [one.value] : []))
  expect(made).toHaveLength(51)
  expect(told.length).toBeGreaterThan(0)
  for (const [row, { netns }] of told) expect(netns).toBe(made[row])
  expect(rows.filter(isThere)).toEqual(rows.slice(0, 51))
  await closeAll(made as NetNs[])
})

test('with onError: continue only that row fails', async () => {
  const { host } = net
  await host.links.add({ kind: 'ifb', name: 'v20' })
  const prepared = host.prepare(holes, note, { onError: 'continue' })
  const results = await prepared.runMany(rows, { onResult })
  expect(told.map(([, result]) => result)).toEqual(results)
  const failed = results.flatMap((result, row) =>
    result.results.flatMap(({ status }) => (status === 'rejected' ? [row] : [])),
  )
  expect(failed).toEqual([20])
  await closeAll(results.map(({ netns }) => netns))
})

test('with rollback one that fails leaves nothing, and nobody is told of a result', async () => {
  const { host } = net
  await host.links.add({ kind: 'ifb', name: 'v60' })
  const prepared = host.prepare(holes, note, { rollback: true })
  await expect(prepared.runMany(rows, { onResult })).rejects.toMatchObject({ row: 60, rolledBack: true })
  expect(told).toEqual([])
  expect(rows.filter(isThere)).toEqual([])
  expect((await host.links.list()).map(({ name }) => name)).toEqual(['lo', 'v60'])
})

test('an abort, or a listener that throws, ends them; what was told of stays', async () => {
  const { host } = net
  const prepared = host.prepare(holes, note)
  const ending = new AbortController()
  const aborted: unknown = await prepared
    .runMany(rows, {
      signal: ending.signal,
      onResult(result, row) {
        onResult(result, row)
        if (row === 5) ending.abort(new Error('enough'))
      },
    })
    .catch((error: unknown) => error)
  expect(aborted).toBeInstanceOf(AbortError)
  expect(aborted).toMatchObject({ outcome: 'unknown', cause: { message: 'enough' } })
  expect(isThere(rows.at(-1)!)).toBe(false)
  for (const [, { netns }] of told) expect(await netns.links.list()).toHaveLength(2)
  await closeAll(told.map(([, { netns }]) => netns))
  await until(() => !rows.some(isThere))
  told = []
  const other = rows.map(({ port }) => ({ ns: uniqueName('lot'), port: `w${port}` }))
  const thrown = prepared.runMany(other, {
    onResult(result, row) {
      onResult(result, row)
      throw new Error('no more')
    },
  })
  await expect(thrown).rejects.toThrow('no more')
  expect(told).toHaveLength(1)
  expect(await closeAll(told.map(([, { netns }]) => netns))).toBe(1)
  await until(() => !other.some(isThere))
})

test.each([0, 1, 2, 3, 5])(
  'a time limit of %i ms ends them, and leaves nothing of which nobody was told',
  async (timeout) => {
    const { host } = net
    const prepared = host.prepare(holes, note)
    for (const before of [0, 20, 40, 500]) {
      const its = rows.map(({ port }) => ({ ns: uniqueName('lot'), port: `${port}-${before}` }))
      const links = Array.from({ length: before }, (_, n) => ({ kind: 'ifb', name: `i${before}-${n}` }) as const)
      const busy = Promise.all(links.map((link) => host.links.add(link)))
      const error: unknown = await prepared.runMany(its, { timeout }).catch((e: unknown) => e)
      expect(error).toMatchObject({ name: 'AbortError', code: 'ETIMEDOUT' })
      if ((error as AbortError).outcome === 'none') expect(its.filter(isThere)).toEqual([])
      await busy
      await until(() => !its.some(isThere))
    }
  },
)

test('calls of the same namespace that were made after them come after them', async () => {
  const { host } = net
  const prepared = host.prepare(holes, note)
  const [first] = await prepared.runMany(rows.splice(0, 1))
  const running = prepared.runMany(rows)
  const links = await host.links.list()
  expect(links).toHaveLength(many + 1)
  await closeAll([...(await running).map(({ netns }) => netns), first!.netns])
})

test('results of look-ups come with them, also of more rows than a lot has', async () => {
  const { host } = net
  const look = host.prepare(
    { name: hole.device(), mtu: hole.number({ min: 68, max: 65_535 }) },
    (batch, { name, mtu }) => {
      batch.links.add({ kind: 'ifb', name, mtu })
      return batch.links.get(name)
    },
  )
  const wanted = Array.from({ length: 1200 }, (_, n) => ({ name: `ifb${n}`, mtu: 1000 + n }))
  const found = await look.runMany(wanted)
  expect(found.map(({ value: { name, mtu } }) => ({ name, mtu }))).toEqual(wanted)
})

test('a value that is refused in the last row means that nothing is done', async () => {
  const { host } = net
  const prepared = host.prepare(holes, note)
  rows[many - 1] = { ns: 'a/b', port: 'v' }
  await expect(prepared.runMany(rows)).rejects.toMatchObject({ row: many - 1 })
  await sleep(10)
  expect(rows.filter(isThere)).toEqual([])
})
