// What a batch refuses, with a clear error and before anything is sent: namespaces that are none (any more), handles of other
// environments, a second commit.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { NetNs, type Batch, type LinkOptions, type NewNetNs } from '../../lib/index'
import { fresh, ipJson, uniqueName } from '../support/namespaces'

const foreign = expect.objectContaining({ name: 'NetloomError', code: 'ERR_NETLOOM_FOREIGN_BATCH' }) as Error
const committed = expect.objectContaining({ name: 'NetloomError', code: 'ERR_NETLOOM_COMMITTED' }) as Error

const vethTo = (netns: NewNetNs<NetNs> | NetNs): LinkOptions => ({
  kind: 'veth',
  name: 'a0',
  peer: { netns, name: 'b0' },
})

/** Expects that no call takes the namespace of another batch, and that nothing is sent. */
async function refusedEverywhere(ns: NetNs, pod: NewNetNs<NetNs>): Promise<void> {
  await expect(ns.links.add(vethTo(pod))).rejects.toEqual(foreign)
  const batch = ns.batch({ rollback: true })
  expect(() => batch.in(pod)).toThrow(foreign)
  batch.links.add({ kind: 'ifb', name: 'first' })
  batch.links.add(vethTo(pod))
  await expect(batch.commit()).rejects.toEqual(foreign)
  expect((await ipJson<{ ifname: string }[]>(ns, 'link')).map(({ ifname }) => ifname)).toEqual(['lo'])
}

const endings: [string, string, (batch: Batch<NetNs>) => Promise<unknown>][] = [
  ['is not committed', 'ERR_NETLOOM_NOT_COMMITTED', () => Promise.resolve()],
  ['was aborted', 'ABORT_ERR', (batch) => batch.commit({ signal: AbortSignal.abort() })],
  [
    'failed',
    'ERR_NETLOOM_ROLLED_BACK',
    (batch) => {
      batch.links.set('nobody', { up: true })
      return batch.commit()
    },
  ],
]

test.each(endings)('the namespace of a batch that %s exists for no other call', async (_how, code, end) => {
  await using ns = await fresh()
  const batch = ns.batch({ rollback: true })
  const name = uniqueName()
  const pod = batch.createNetNs(name)
  await end(batch).catch(() => undefined)
  await refusedEverywhere(ns, pod)
  expect(() => pod.value).toThrow(expect.objectContaining({ code }) as Error)
  expect(await NetNs.exists(name)).toBe(false)
})

test('that of a committed batch is known to others by its value only', async () => {
  await using ns = await fresh()
  const batch = ns.batch()
  const pod = batch.createNetNs()
  await batch.commit()
  await refusedEverywhere(ns, pod)
  const inside = pod.value
  await ns.links.add(vethTo(inside))
  expect((await inside.links.get('b0')).kind).toBe('veth')
  await inside.delete()
})

test.each(endings.slice(1))('a batch that %s takes nothing more', async (_how, _code, end) => {
  await using ns = await fresh()
  const batch = ns.batch({ rollback: true })
  const pod = batch.createNetNs()
  await expect(end(batch)).rejects.toThrow()
  await expect(batch.commit()).rejects.toEqual(committed)
  expect(() => batch.links.add({ kind: 'ifb', name: 'late' })).toThrow(committed)
  expect(() => pod.links.set('lo', { up: true })).toThrow(committed)
  expect(() => batch.in(ns).routes.list()).toThrow(committed)
  expect(() => batch.createNetNs()).toThrow(committed)
  expect(await ipJson(ns, 'link')).toHaveLength(1)
})

test('of two commits at once the second is refused, and the first is done once', async () => {
  await using ns = await fresh()
  const batch = ns.batch()
  batch.links.add({ kind: 'ifb', name: 'ifb7' })
  const [first, second] = await Promise.allSettled([batch.commit(), batch.commit()])
  expect(first.status).toBe('fulfilled')
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'ERR_NETLOOM_COMMITTED' } })
  expect(await ipJson(ns, 'link')).toHaveLength(2)
})

test.each([
  [{ timeout: -1 }, 'timeout'],
  [{ signal: {} }, 'signal'],
  [{ rollback: true }, 'rollback'],
  [null, 'options'],
])('the options %p of a commit are refused by name, and the batch may still be committed', async (options, field) => {
  await using ns = await fresh()
  const batch = ns.batch()
  batch.links.add({ kind: 'ifb', name: 'ifb7' })
  await expect(batch.commit(options as never)).rejects.toMatchObject({ field })
  expect(await ipJson(ns, 'link')).toHaveLength(1)
  expect(await batch.commit()).toHaveLength(1)
})

test('an empty batch is an empty list, with rollback, with a signal, with a limit', async () => {
  await using ns = await fresh()
  expect(await ns.batch({ rollback: true }).commit({ timeout: 1000 })).toEqual([])
  const batch = ns.batch({ onError: 'continue' })
  expect(await batch.commit({ signal: new AbortController().signal })).toEqual([])
  await expect(batch.commit()).rejects.toEqual(committed)
})

test.each([null, undefined, 'red', 5, {}, { links: {} }])('in(%p) is refused', async (value) => {
  await using ns = await fresh()
  const batch = ns.batch()
  const field = expect.objectContaining({ name: 'TypeError', field: 'netns' }) as Error
  expect(() => batch.in(value as never)).toThrow(field)
  const peer = { netns: value as never, name: 'b0' }
  if (value !== undefined) {
    const named = expect.objectContaining({ name: 'TypeError', field: 'peer.netns' }) as Error
    expect(() => batch.links.add({ kind: 'veth', name: 'a0', peer })).toThrow(named)
  }
  expect(batch.length).toBe(0)
})

test('a handle that was sent to a Worker is none there: each use of it is refused, and the Worker goes on', async () => {
  await using ns = await fresh()
  const script = `
    const { NetNs } = require(${JSON.stringify(require.resolve('../../dist/index.js'))})
    const { parentPort, workerData } = require('node:worker_threads')
    void (async () => {
      const own = await NetNs.open(workerData)
      parentPort.once('message', async (sent) => {
        const batch = own.batch()
        const veth = { kind: 'veth', name: 'a0', peer: { netns: sent, name: 'b0' } }
        const calls = [
          () => batch.in(sent),
          () => batch.links.add(veth),
          () => own.links.add(veth),
          () => own.equals(sent),
          () => own.id(sent),
          () => NetNs.deleteAll([sent]),
          () => sent.links.list(),
        ]
        const errors = []
        for (const call of calls) {
          try {
            await call()
            errors.push('none')
          } catch ({ name, field }) {
            errors.push([name, field])
          }
        }
        const links = (await own.links.list()).length
        own.close()
        parentPort.postMessage({ errors, links, noted: batch.length })
        parentPort.close()
      })
      parentPort.postMessage('ready')
    })()`
  const worker = new Worker(script, { eval: true, workerData: ns.name })
  await once(worker, 'message')
  worker.postMessage(ns)
  const [found] = (await once(worker, 'message')) as [unknown]
  await once(worker, 'exit')
  expect(found).toEqual({
    errors: [
      ['TypeError', 'netns'],
      ['TypeError', 'peer.netns'],
      ['TypeError', 'peer.netns'],
      ['TypeError', 'other'],
      ['TypeError', 'other'],
      ['TypeError', 'what[0]'],
      ['TypeError', undefined],
    ],
    links: 1,
    noted: 0,
  })
})

test('names that are there twice are refused by the kernel, and none of them is left', async () => {
  const [one, two] = [uniqueName(), uniqueName()]
  await expect(NetNs.createMany([one, two, one])).rejects.toMatchObject({ code: 'EEXIST', netns: one })
  expect(await Promise.all([NetNs.exists(one), NetNs.exists(two)])).toEqual([false, false])
})
