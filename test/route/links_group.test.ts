// Links of a group, deleted by one message.
import { BatchError, type NetNs } from '../../lib/index'
import { fresh, ip, ipJson } from '../support/namespaces'

let ns: NetNs
beforeEach(async () => {
  ns = await fresh()
})
afterEach(async () => {
  await ns.delete()
})

/** The names of a group's links, as `ip` has them. */
async function inGroup(group: number): Promise<string[]> {
  // One that is left out is an empty object there.
  const links = await ipJson<{ ifname?: string }[]>(ns, 'link', 'show', 'group', String(group))
  return links.flatMap(({ ifname }) => ifname ?? []).sort()
}

const names = (count: number, word: string): string[] => Array.from({ length: count }, (_, i) => `${word}${i}`)

async function addIfbs(group: number, count: number, word = `g${group}-`): Promise<string[]> {
  const batch = ns.batch()
  for (const name of names(count, word)) batch.links.add({ kind: 'ifb', name, group })
  await batch.commit()
  return names(count, word)
}

test('links of a group are those that `ip` shows in it, and a flush deletes them and no others', async () => {
  const [seven, eight] = [await addIfbs(7, 5), await addIfbs(8, 2)]
  await ip(ns, 'link', 'add', 'theirs', 'group', '7', 'type', 'ifb')
  expect(await inGroup(7)).toEqual([...seven, 'theirs'])
  await ns.links.flush({ group: 7 })
  expect(await inGroup(7)).toEqual([])
  expect(await inGroup(8)).toEqual(eight)
  expect((await ns.links.list()).map(({ name }) => name).sort()).toEqual([...eight, 'lo'])
})

test('a hundred veth pairs go at once, when one end of each is in the group', async () => {
  const batch = ns.batch()
  for (const [i, name] of names(100, 'v').entries()) {
    batch.links.add({
      kind: 'veth',
      name,
      numTxQueues: 1,
      numRxQueues: 1,
      peer: { name: `p${i}`, numTxQueues: 1, numRxQueues: 1 },
    })
    batch.links.set(name, { group: 9 })
  }
  batch.links.flush({ group: 9 })
  await batch.commit()
  expect((await ns.links.list()).map(({ name }) => name)).toEqual(['lo'])
})

test('a flush of a group without links is no error, in a batch neither', async () => {
  await ns.links.flush({ group: 4711 })
  const batch = ns.batch()
  const flushed = batch.links.flush({ group: 4711 })
  await expect(batch.commit()).resolves.toEqual([{ status: 'fulfilled', value: undefined }])
  expect(flushed.value).toBeUndefined()
})

test('where one link of the group cannot be deleted, all stay', async () => {
  const ifbs = await addIfbs(7, 3)
  await ns.links.set('lo', { group: 7 })
  await expect(ns.links.flush({ group: 7 })).rejects.toMatchObject({
    name: 'NetlinkError',
    code: 'EOPNOTSUPP',
    operation: 'links.flush',
  })
  expect(await inGroup(7)).toEqual([...ifbs, 'lo'])
})

describe('in a batch that fails and is rolled back', () => {
  async function failing(group: number): Promise<BatchError> {
    const batch = ns.batch({ rollback: true })
    batch.links.add({ kind: 'ifb', name: 'new' })
    batch.links.flush({ group })
    batch.links.set('nobody', { mtu: 1400 })
    const error: unknown = await batch.commit().catch((reason: unknown) => reason)
    if (!(error instanceof BatchError)) throw new Error('it did not fail as a batch', { cause: error })
    return error
  }

  test('links that a flush deleted stay away, and the error says so', async () => {
    await addIfbs(7, 3)
    const error = await failing(7)
    expect(error).toMatchObject({ code: 'ENODEV', index: 2, rolledBack: true, leftovers: [1], leftover: true })
    expect(error.results[1]).toMatchObject({
      reason: { code: 'ERR_NETLOOM_NOT_ROLLED_BACK', operation: 'links.flush' },
    })
    expect((await ns.links.list()).map(({ name }) => name)).toEqual(['lo'])
  })

  test('a flush that found nothing leaves nothing over', async () => {
    const error = await failing(7)
    expect(error).toMatchObject({ code: 'ENODEV', index: 2, rolledBack: true, leftovers: [], leftover: false })
    expect((await ns.links.list()).map(({ name }) => name)).toEqual(['lo'])
  })
})

test('the order of a batch holds: what is added to the group after the flush stays', async () => {
  await addIfbs(7, 2)
  const batch = ns.batch()
  batch.links.flush({ group: 7 })
  batch.links.add({ kind: 'ifb', name: 'later', group: 7 })
  await batch.commit()
  expect(await inGroup(7)).toEqual(['later'])
})

test.each<[unknown, string, string]>([
  [undefined, 'options', 'TypeError'],
  [null, 'options', 'TypeError'],
  [{}, 'group', 'TypeError'],
  [{ group: undefined }, 'group', 'TypeError'],
  [{ group: 0 }, 'group', 'RangeError'],
  [{ group: -1 }, 'group', 'RangeError'],
  [{ group: 2 ** 32 }, 'group', 'RangeError'],
  [{ group: 1.5 }, 'group', 'RangeError'],
  [{ group: '7' }, 'group', 'TypeError'],
  [{ group: 7, kind: 'ifb' }, 'kind', 'TypeError'],
])('a flush by %p is refused, alone and in a batch', async (filter, field, name) => {
  await addIfbs(7, 1)
  const batch = ns.batch()
  await expect(ns.links.flush(filter as never)).rejects.toMatchObject({ field, name })
  let refusal: unknown
  try {
    batch.links.flush(filter as never)
  } catch (error) {
    refusal = error
  }
  expect(refusal).toMatchObject({ field, name })
  expect(batch).toHaveLength(0)
  expect(await inGroup(7)).toHaveLength(1)
})
