// Pools: namespaces that are ready before they are needed, and what happens when something goes wrong behind the scenes.
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, BatchError, NetNs } from '../../lib/index'
import { fresh, ipJson, ownPrefix } from '../support/namespaces'
import { reportOf } from '../native/child'
import { patience } from '../support/patience'

const pinned = (prefix: string): string[] => readdirSync('/run/netns').filter((name) => name.startsWith(prefix))

async function until(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + patience
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('waited in vain')
    await sleep(2)
  }
}

const inodeOf = ({ identity }: NetNs): number => identity.inode

describe('a pool', () => {
  test('fills to its size, gives what is ready, and makes others in its place', async () => {
    await using pool = NetNs.pool({ size: 4 })
    expect([pool.size, pool.ready, pool.pending, pool.closed]).toEqual([4, 0, 0, false])
    await pool.filled()
    expect(pool.ready).toBe(4)
    const taking = pool.take()
    expect(pool.ready).toBe(3)
    await using ns = await taking
    expect([ns.ephemeral, ns.name, ns.closed]).toEqual([true, undefined, false])
    expect((await ns.links.list()).map(({ name }) => name)).toEqual(['lo'])
    await pool.filled()
    expect(pool.ready).toBe(4)
    expect(pool.failure).toBeUndefined()
  })

  test('gives names behind a prefix, which go when what was taken is disposed', async () => {
    const prefix = `${ownPrefix}named-`
    await using pool = NetNs.pool({ size: 3, prefix })
    await pool.filled()
    expect(pinned(prefix)).toHaveLength(3)
    const use = async (): Promise<string | undefined> => {
      await using ns = await pool.take()
      expect((await ipJson(ns, 'link')).map((link) => link.ifname)).toEqual(['lo'])
      expect(pinned(prefix)).toContain(ns.name)
      return ns.name
    }
    const name = await use()
    expect(pinned(prefix)).not.toContain(name)
    await pool.filled()
    expect(pinned(prefix)).toHaveLength(3)
  })

  test('never gives a namespace twice, however it comes back', async () => {
    await using pool = NetNs.pool({ size: 2, prefix: `${ownPrefix}once-` })
    const seen = new Set<string>()
    for (let i = 0; i < 30; i++) {
      const ns = await pool.take()
      await ns.links.set('lo', { up: true })
      seen.add(ns.name ?? '')
      if (i % 3 === 0) await ns.delete()
      else if (i % 3 === 1) ns.close()
      else await ns[Symbol.asyncDispose]()
    }
    expect(seen.size).toBe(30)
    await using last = await pool.take()
    expect((await ipJson(last, 'link'))[0]).toMatchObject({ operstate: 'DOWN' })
  })

  test('prepares in the job that creates: the pod, and other namespaces', async () => {
    await using host = await fresh('host')
    const numbers: number[] = []
    await using pool = NetNs.pool({
      size: 3,
      prefix: `${ownPrefix}pod-`,
      prepare(pod, batch, number) {
        numbers.push(number)
        pod.links.set('lo', { up: true })
        batch.in(host).links.add({
          kind: 'veth',
          name: `vh${number}`,
          up: true,
          peer: { netns: pod, name: 'eth0', up: true },
        })
        pod.addresses.add({ dev: 'eth0', address: '10.0.0.2/24' })
        pod.routes.add({ dst: 'default', via: '10.0.0.1' })
      },
    })
    await pool.filled()
    expect(numbers).toEqual([0, 1, 2])
    expect((await ipJson(host, 'link', 'show', 'type', 'veth')).map((link) => link.ifname)).toEqual([
      'vh0',
      'vh1',
      'vh2',
    ])
    await using ns = await pool.take()
    expect(await ipJson(ns, 'route')).toMatchObject([{ dst: 'default', gateway: '10.0.0.1' }, { dst: '10.0.0.0/24' }])
    expect((await ns.links.get('eth0')).kind).toBe('veth')
  })

  test('serves who waits in the order in which they came', async () => {
    await using pool = NetNs.pool({ size: 1, prefix: `${ownPrefix}order-` })
    const order: number[] = []
    const taking = Array.from({ length: 20 }, async (_, i) => {
      const ns = await pool.take()
      order.push(i)
      return ns
    })
    expect(pool.pending).toBe(20)
    const all = await Promise.all(taking)
    expect(order).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(new Set(all.map(inodeOf)).size).toBe(20)
    expect(pool.pending).toBe(0)
    await NetNs.deleteAll(all)
    await pool.filled()
  })

  test('makes no more than it needs', async () => {
    const prefix = `${ownPrefix}count-`
    await using pool = NetNs.pool({ size: 3, prefix })
    const taken = await Promise.all([pool.take(), pool.take(), pool.take(), pool.take(), pool.take()])
    await pool.filled()
    await sleep(50)
    expect([pool.ready, pinned(prefix).length]).toEqual([3, 8])
    await NetNs.deleteAll(taken)
    await sleep(50)
    expect([pool.ready, pinned(prefix).length]).toEqual([3, 3])
  })

  test('does not make calls wait for refills that have nothing to do with them', async () => {
    await using other = await fresh()
    await using pool = NetNs.pool({
      size: 1,
      prepare(pod) {
        for (let i = 0; i < 1_000; i++) pod.links.add({ kind: 'ifb', name: `ifb${i}` })
      },
    })
    const filled = pool.filled()
    await sleep(5)
    let changes = 0
    const deadline = performance.now() + patience
    while (pool.ready === 0 && performance.now() < deadline) {
      await other.links.set('lo', { up: changes % 2 === 0 })
      changes++
    }
    await filled
    // Behind the refill there would be one or two.
    expect(changes).toBeGreaterThan(5)
  })
})

describe('take', () => {
  test('leaves the line when its signal aborts, and nothing is lost', async () => {
    const prefix = `${ownPrefix}leave-`
    await using pool = NetNs.pool({ size: 1, prefix })
    const controller = new AbortController()
    const reason = new Error('enough')
    const first = pool.take()
    const aborted = pool.take({ signal: controller.signal })
    const third = pool.take()
    controller.abort(reason)
    await expect(aborted).rejects.toMatchObject({
      name: 'AbortError',
      code: 'ABORT_ERR',
      operation: 'Pool.take',
      outcome: 'none',
      cause: reason,
    })
    expect(pool.pending).toBe(2)
    const taken = await Promise.all([first, third])
    await pool.filled()
    expect(pinned(prefix)).toHaveLength(3)
    await NetNs.deleteAll(taken)
  })

  test('takes nothing with a signal that is aborted already', async () => {
    await using pool = NetNs.pool({ size: 1 })
    await pool.filled()
    await expect(pool.take({ signal: AbortSignal.abort() })).rejects.toThrow(AbortError)
    expect([pool.ready, pool.pending]).toEqual([1, 0])
  })

  test('gives what is ready whatever its time limit, and waits no longer than that', async () => {
    await using pool = NetNs.pool({ size: 1 })
    await pool.filled()
    await using ns = await pool.take({ timeout: 0 })
    expect(ns.closed).toBe(false)
    await expect(Promise.all(Array.from({ length: 500 }, () => pool.take({ timeout: 0 })))).rejects.toMatchObject({
      code: 'ETIMEDOUT',
      operation: 'Pool.take',
    })
  })

  test('does not give a namespace whose name somebody else has deleted, or taken', async () => {
    const prefix = `${ownPrefix}gone-`
    await using pool = NetNs.pool({ size: 3, prefix })
    await pool.filled()
    const [first = '', second = '', third] = pinned(prefix)
    execFileSync('ip', ['netns', 'delete', first])
    execFileSync('ip', ['netns', 'delete', second])
    await using other = await NetNs.create(second, { ephemeral: true })
    await using ns = await pool.take()
    expect(ns.name).toBe(third)
    await pool.filled()
    expect(pinned(prefix)).toHaveLength(5)
    await using again = await NetNs.open(second)
    expect(again.equals(other)).toBe(true)
  })
})

describe('a refill that fails', () => {
  test('because prepare throws is told to who waits, and tried again', async () => {
    const wrong = new Error('on purpose')
    let broken = true
    const tries: number[] = []
    await using pool = NetNs.pool({
      size: 2,
      prefix: `${ownPrefix}throws-`,
      prepare() {
        tries.push(performance.now())
        if (broken) throw wrong
      },
    })
    const [first, second] = await Promise.allSettled([pool.take(), pool.take(), pool.filled()])
    expect(first).toEqual({ status: 'rejected', reason: wrong })
    expect(second).toEqual({ status: 'rejected', reason: wrong })
    expect(pool.failure).toBe(wrong)
    // Whoever tries again and again does not make it a busy loop.
    for (let i = 0; i < 3; i++) await expect(pool.take()).rejects.toBe(wrong)
    const pauses = tries.slice(1).map((at, i) => at - tries[i]!)
    expect(pauses.map((pause, i) => pause >= 10 * 2 ** i - 2)).toEqual(pauses.map(() => true))
    broken = false
    await pool.filled()
    expect(pool.failure).toBeUndefined()
    await using ns = await pool.take()
    expect(ns.closed).toBe(false)
  })

  test('because the kernel refuses an operation leaves nothing, and recovers with the cause', async () => {
    await using host = await fresh('host')
    await host.links.add({ kind: 'bridge', name: 'taken' })
    const prefix = `${ownPrefix}refused-`
    let tries = 0
    let refused = true
    await using pool = NetNs.pool({
      size: 1,
      prefix,
      prepare(pod, batch) {
        // It is tried again now and then; whoever looks in the middle of that must not see what is about to be refused.
        if (++tries > 1 && refused) throw new Error('not now')
        batch.in(host).links.add({ kind: 'veth', name: 'before', peer: { netns: pod, name: 'eth0' } })
        batch.in(host).links.add({ kind: 'bridge', name: 'taken' })
      },
    })
    const failure: unknown = await pool.take().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(BatchError)
    expect(failure).toMatchObject({ code: 'EEXIST', index: 2, rolledBack: true, leftovers: [] })
    expect(tries).toBe(1) // its name was not taken, so another one would not help
    expect(pinned(prefix)).toEqual([])
    const names = async (): Promise<unknown[]> => (await ipJson(host, 'link')).map((link) => link.ifname)
    expect(await names()).toEqual(['lo', 'taken'])
    await host.links.delete('taken')
    refused = false
    await using ns = await pool.take({ timeout: 5000 })
    expect((await ns.links.list()).map(({ name }) => name)).toEqual(['lo', 'eth0'])
  })

  test('does not touch what is ready', async () => {
    let broken = false
    await using pool = NetNs.pool({
      size: 3,
      prepare() {
        if (broken) throw new Error('on purpose')
      },
    })
    await pool.filled()
    broken = true
    const taken = [await pool.take(), await pool.take(), await pool.take()]
    await expect(pool.take()).rejects.toThrow('on purpose')
    await NetNs.deleteAll(taken)
  })

  test('is the cause when the time is up that somebody waited', async () => {
    let tries = 0
    await using pool = NetNs.pool({
      size: 1,
      prepare() {
        tries++
        throw new Error('on purpose')
      },
    })
    await until(() => tries > 5) // the next one is a good while away
    await expect(pool.take({ timeout: 20 })).rejects.toMatchObject({ code: 'ETIMEDOUT', cause: pool.failure })
  })

  test.each([
    ['an asynchronous function', async () => Promise.resolve()],
    [
      'a generator',
      function* () {
        yield 1
      },
    ],
  ])('%s is refused at once', (_, prepare: () => unknown) => {
    expect(() => NetNs.pool({ size: 1, prepare })).toThrow('"prepare" option must be a synchronous function')
  })

  test('one that returns a promise is refused when it does, and nothing is created', async () => {
    const prefix = `${ownPrefix}promise-`
    const prepare: () => unknown = () => Promise.reject(new Error('unheard'))
    await using pool = NetNs.pool({ size: 1, prefix, prepare })
    await expect(pool.take()).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', field: 'prepare' })
    expect(pinned(prefix)).toEqual([])
  })

  test('what it noted may not be added to later', async () => {
    let later: () => unknown = () => undefined
    await using pool = NetNs.pool({
      size: 1,
      prepare(pod) {
        later = () => pod.links.set('lo', { up: true })
      },
    })
    await pool.filled()
    expect(later).toThrow('the batch was committed already')
  })

  test('with a namespace that is closed says which', async () => {
    const host = await fresh()
    host.close()
    await using pool = NetNs.pool({
      size: 1,
      prepare: (_, batch) => void batch.in(host).links.add({ kind: 'dummy', name: 'd' }),
    })
    await expect(pool.take()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED', netns: host.name })
  })

  test('at the limit of namespaces the pool waits for room, and goes on when there is some', async () => {
    const script = 'mount -t tmpfs tmpfs /run && exec "$@"'
    const within = ['unshare', '-U', '-r', '-n', '-m', 'sh', '-c', script, 'sh']
    const { waited, told, names, ready, later } = await reportOf<Record<string, unknown>>('pool', ['limit'], { within })
    expect(waited).toMatchObject({ error: { code: 'ETIMEDOUT' } })
    expect(told).toBe('ENOSPC unshare')
    expect(names).toBe(5)
    expect({ ready, later }).toEqual({ ready: 3, later: 'taken' })
  })
})
