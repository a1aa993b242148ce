// Many namespaces at once: all or none, names that nobody else takes, progress.
import { existsSync, readdirSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { NetNs, type Progress } from '../../lib/index'
import { ownPrefix, uniqueName } from '../support/namespaces'

const pinned = (prefix: string): string[] =>
  readdirSync('/run/netns')
    .filter((name) => name.startsWith(prefix))
    .sort()

test('so many are created, in the order of their names, and deleted by their handles', async () => {
  const names = Array.from({ length: 40 }, () => uniqueName())
  const steps: Progress[] = []
  const all = await NetNs.createMany(names, { onProgress: (progress) => steps.push(progress) })
  expect(all.map(({ name }) => name)).toEqual(names)
  expect(steps.map(({ done }) => done)).toEqual([16, 32, 40])
  expect(steps.every(({ total }) => total === 40)).toBe(true)
  expect((await all[39]!.links.list()).map(({ name }) => name)).toEqual(['lo'])
  const gone: Progress[] = []
  expect(await NetNs.deleteAll(all, { onProgress: (progress) => gone.push(progress) })).toBe(40)
  expect(gone.at(-1)).toEqual({ done: 40, total: 40 })
  expect(names.some((name) => existsSync(`/run/netns/${name}`))).toBe(false)
  expect(await NetNs.deleteAll(all)).toBe(40) // gone already, which is no error
})

test('without names they are anonymous', async () => {
  const all = await NetNs.createMany(20)
  expect(all.every(({ name, ephemeral }) => name === undefined && ephemeral)).toBe(true)
  expect(new Set(all.map(({ identity }) => identity.inode)).size).toBe(20)
  await NetNs.deleteAll(all)
  expect(all.every(({ closed }) => closed)).toBe(true)
})

test('if one fails, none remains, those of earlier jobs included', async () => {
  const names = Array.from({ length: 40 }, () => uniqueName('fail'))
  const taken = await NetNs.create(names[35])
  await expect(NetNs.createMany(names)).rejects.toMatchObject({ code: 'EEXIST' })
  expect(pinned(`${ownPrefix}fail`)).toEqual([names[35]])
  await taken.delete()
})

test('an aborted one leaves none', async () => {
  const controller = new AbortController()
  const prefix = `${ownPrefix}abort-`
  const creating = NetNs.createMany(200, {
    prefix,
    signal: controller.signal,
    onProgress: ({ done }) => {
      if (done >= 48) controller.abort()
    },
  })
  await expect(creating).rejects.toMatchObject({ code: 'ABORT_ERR' })
  expect(pinned(prefix)).toEqual([])
})

test('behind a prefix each gets a name of its own, also from several Workers at once', async () => {
  const prefix = `${ownPrefix}p-`
  const script = `
    const { NetNs } = require(${JSON.stringify(require.resolve('../../dist/index.js'))})
    const { parentPort, workerData } = require('node:worker_threads')
    NetNs.createMany(30, { prefix: workerData }).then(async (all) => {
      const alone = await NetNs.create({ prefix: workerData })
      parentPort.postMessage([...all, alone].map(({ name }) => name))
      for (const one of [...all, alone]) one.close()
    })`
  const names = await Promise.all(
    Array.from(
      { length: 3 },
      () =>
        new Promise<string[]>((resolve, reject) => {
          const worker = new Worker(script, { eval: true, workerData: prefix })
          let found: string[] = []
          worker.once('message', (message: string[]) => (found = message))
          worker.once('error', reject)
          worker.once('exit', () => {
            resolve(found)
          })
        }),
    ),
  )
  expect(names.flat().sort()).toEqual(pinned(prefix))
  expect(new Set(names.flat()).size).toBe(93)
  expect(await NetNs.deleteAll({ prefix })).toBe(93)
  expect(pinned(prefix)).toEqual([])
})

test('deleteAll goes on where one fails, and tells of it', async () => {
  const all = await NetNs.createMany(3, { prefix: `${ownPrefix}some-` })
  const own = await NetNs.current()
  await expect(NetNs.deleteAll([all[0]!, own, all[1]!, all[2]!])).rejects.toMatchObject({
    code: 'ERR_NETLOOM_NOT_PINNED',
  })
  expect(pinned(`${ownPrefix}some-`)).toEqual([])
  own.close()
})

test('deleteAll takes a handle twice, two handles to one namespace, and closed ones', async () => {
  const [red, green, blue] = (await NetNs.createMany(3, { prefix: `${ownPrefix}twice-` })) as [NetNs, NetNs, NetNs]
  const again = await NetNs.open(red.name!)
  const anonymous = await NetNs.create()
  blue.close()
  expect(await NetNs.deleteAll([red, red, again, green, blue, anonymous])).toBe(6)
  expect(pinned(`${ownPrefix}twice-`)).toEqual([blue.name])
  expect([red, again, green, anonymous].map(({ closed }) => closed)).toEqual([true, true, true, true])
  await NetNs.delete(blue.name!)
})

test('what fails stays open; what is gone already does not fail', async () => {
  const all = await NetNs.createMany(3, { prefix: `${ownPrefix}other-` })
  const [gone, replaced, whole] = all as [NetNs, NetNs, NetNs]
  for (const { name } of [gone, replaced]) await NetNs.delete(name!)
  await using other = await NetNs.create(replaced.name, { ephemeral: true })
  await expect(NetNs.deleteAll(all)).rejects.toMatchObject({ code: 'ESTALE', netns: replaced.name })
  expect(all.map(({ closed }) => closed)).toEqual([true, false, true])
  expect(pinned(`${ownPrefix}other-`)).toEqual([other.name])
  replaced.close()
  whole.close()
})

test('none are none', async () => {
  expect(await NetNs.createMany(0)).toEqual([])
  expect(await NetNs.createMany([])).toEqual([])
  expect(await NetNs.deleteAll([])).toBe(0)
  expect(await NetNs.deleteAll({ prefix: `${ownPrefix}nobody` })).toBe(0)
})
