// Pools that end: closed, aborted, or with their process or Worker.
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, NetNs } from '../../lib/index'
import { reportOf, runFixture } from '../native/child'
import { ownPrefix, uniqueName } from '../support/namespaces'

const pinned = (prefix: string): string[] => readdirSync('/run/netns').filter((name) => name.startsWith(prefix))

describe('closing', () => {
  test('deletes what is ready, and refuses who waits and who comes later', async () => {
    const prefix = `${ownPrefix}close-`
    const pool = NetNs.pool({ size: 3, prefix })
    await pool.filled()
    const mine = await pool.take()
    const rest = [await pool.take(), await pool.take(), await pool.take()]
    const waiting = Promise.allSettled([pool.take(), pool.filled()])
    const closing = pool.close()
    expect(pool.closed).toBe(true)
    const refused = { status: 'rejected', reason: expect.objectContaining({ code: 'ERR_NETLOOM_CLOSED' }) as unknown }
    expect(await waiting).toEqual([refused, refused])
    await closing
    await pool.close()
    await expect(pool.take()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED', operation: 'Pool.take' })
    await expect(pool.filled()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED', operation: 'Pool.filled' })
    // What was taken remains its taker's.
    expect(pinned(prefix).sort()).toEqual([mine, ...rest].map(({ name }) => name).sort())
    await mine.links.set('lo', { up: true })
    await NetNs.deleteAll([mine, ...rest])
    expect(pinned(prefix)).toEqual([])
  })

  test.each([0, 1, 2, 3, 5, 8, 13])('%i ms after it began to fill leaves nothing', async (ms) => {
    const prefix = `${ownPrefix}early-`
    const pool = NetNs.pool({
      size: 50,
      prefix,
      prepare(pod) {
        for (let i = 0; i < 20; i++) pod.links.add({ kind: 'ifb', name: `ifb${i}` })
      },
    })
    await sleep(ms)
    await pool.close()
    expect([pool.ready, pinned(prefix)]).toEqual([0, []])
    await sleep(10)
    expect(pinned(prefix)).toEqual([])
  })

  test('while it waits after a failure ends at once', async () => {
    const pool = NetNs.pool({
      size: 1,
      prepare() {
        throw new Error('on purpose')
      },
    })
    // The pauses between its tries become longer, up to a second: the last has just begun.
    const failures: number[] = []
    for (let i = 0; i < 8; i++) {
      await expect(pool.take()).rejects.toThrow('on purpose')
      failures.push(performance.now())
    }
    await pool.close()
    expect(performance.now() - failures.at(-1)!).toBeLessThan(failures.at(-1)! - failures.at(-2)!)
  })

  test('is what a signal does, and tells who waits why', async () => {
    const controller = new AbortController()
    const prefix = `${ownPrefix}signal-`
    const pool = NetNs.pool({ size: 2, prefix, signal: controller.signal })
    await pool.filled()
    const taken = [await pool.take(), await pool.take()]
    const waiting = expect(pool.take()).rejects.toMatchObject({ code: 'ABORT_ERR', cause: 'over' })
    controller.abort('over')
    await waiting
    await expect(pool.take()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
    await pool.close()
    expect(pinned(prefix)).toHaveLength(2)
    await NetNs.deleteAll(taken)
    expect(() => NetNs.pool({ size: 1, signal: controller.signal })).toThrow(AbortError)
  })

  test('is content where somebody has deleted one already', async () => {
    const prefix = `${ownPrefix}stuck-`
    const pool = NetNs.pool({ size: 3, prefix })
    await pool.filled()
    const [first] = pinned(prefix)
    await NetNs.delete(first!)
    await pool.close()
    expect(pinned(prefix)).toEqual([])
  })
})

describe('the end of a process', () => {
  test.each(['full', 'filling', 'failing'])('that has a %s pool comes by itself', async (state) => {
    const prefix = uniqueName('idle-')
    const { code, signal, stderr } = await runFixture('pool', ['idle', prefix, state])
    expect({ code, signal, stderr, left: pinned(prefix) }).toEqual({ code: 0, signal: null, stderr: '', left: [] })
  })

  test('does not come while somebody waits for a namespace', async () => {
    expect(await reportOf('pool', ['awaited', uniqueName('awaited-')])).toEqual({ taken: true })
  })

  test.each(['full', 'filling'])('by process.exit leaves nothing of a %s pool', async (state) => {
    const prefix = uniqueName('exit-')
    for (let i = 0; i < 5; i++) {
      const { code, signal } = await runFixture('pool', ['exit', prefix, state])
      expect({ code, signal, left: pinned(prefix) }).toEqual({ code: 3, signal: null, left: [] })
    }
  })

  test('of a Worker that is terminated leaves nothing of its pool', async () => {
    const prefix = uniqueName('worker-')
    expect(await reportOf('pool', ['worker', prefix])).toEqual({ left: [] })
    expect(pinned(prefix)).toEqual([])
  })

  test('a pool that is forgotten is collected, and its namespaces with a warning', async () => {
    const prefix = uniqueName('forgotten-')
    const { warnings, left } = await reportOf<{ warnings: string[]; left: string[] }>('pool', ['forgotten', prefix], {
      node: ['--expose-gc'],
    })
    expect(left).toEqual([])
    // The first that was forgotten is told of, the next ones at growing distances.
    expect(warnings).toEqual(['NETLOOM_HANDLE_COLLECTED'])
  })
})
