// Many calls at once, and many handles: what waits, what is held, and what happens where there is no more to be had.
import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, configure, NetNs, NetloomError } from '../../lib/index'
import { systemError } from '../../lib/errors'
import { errnoNumber } from '../../lib/errno'
import { addon } from '../../lib/native/addon'
import { reportOf } from '../native/child'
import { fresh, uniqueName } from '../support/namespaces'

/** Runs a fixture with so many descriptors. */
function within<T>(descriptors: number, ...args: string[]): Promise<T> {
  return reportOf<T>('limits', args, { within: ['sh', '-c', `ulimit -n ${descriptors}; exec "$@"`, 'sh'] })
}

/** How many namespaces this process holds open, the home of its threads among them. */
function held(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('net:')
    } catch {
      return false
    }
  }).length
}

afterEach(() => {
  configure({ limit: 64, idleSockets: 64 })
})

describe('with few descriptors', () => {
  test('100,000 calls of create at once, closed as they come, take none of them for long, nor much memory', async () => {
    type Report = { codes: object; most: number; megabytes: number }
    const { codes, most, megabytes } = await within<Report>(256, 'creates', uniqueName())
    expect(codes).toEqual({ done: 1000, EEXIST: 99_000 })
    expect(most).toBeLessThan(200)
    expect(megabytes).toBeLessThan(700)
  })

  test('2,000 tasks at once that each make a namespace and use it wait for one another’s ends', async () => {
    type Report = { codes: object; most: number }
    expect((await within<Report>(384, 'tasks')).codes).toEqual({ done: 2000 })
  })

  test('a handle that was used costs one, besides 64 sockets for all, and those go too without work', async () => {
    type Report = { sequential: number; atOnce: number; idle: number; works: boolean }
    const { sequential, atOnce, idle, works } = await within<Report>(3200, 'handles')
    expect(works).toBe(true)
    // Besides, the home of the threads, and one socket for each thread that is using one.
    for (const count of [sequential, atOnce]) {
      expect(count).toBeGreaterThan(3000)
      expect(count).toBeLessThanOrEqual(3000 + 64 + 1 + 4)
    }
    expect(idle).toBe(3000)
  })

  test('10,000 handles, each of which was used, fit into 10,250 with all that Node has', async () => {
    const { handles, held: count } = await within<{ handles: number; held: number }>(10_250, 'tenThousand')
    expect(handles).toBe(10_000)
    expect(count).toBeLessThanOrEqual(10_000 + 64 + 1 + 4)
  })

  test('idle sockets are closed where a call would fail for want of a descriptor', async () => {
    const results = await within<object>(256, 'room')
    expect(new Set(Object.values(results))).toEqual(new Set(['done']))
    expect(Object.keys(results)).toHaveLength(9)
  })

  test('and then EMFILE says what to do, a list is no shorter than it should be, and all goes on later', async () => {
    type Report = { codes: string[]; message: string; after: string }
    const { codes, message, after } = await within<Report>(256, 'none', uniqueName())
    expect(codes).toEqual(['EMFILE', 'EMFILE', 'EMFILE'])
    expect(message).toMatch(/RLIMIT_NOFILE.*NetNs\.create.*close handles, or raise the limit \(ulimit -n/)
    expect(after).toBe('lo')
  })
})

test.each([
  ['EMFILE', 'socket', /RLIMIT_NOFILE.*ulimit -n/],
  ['ENFILE', 'socket', /fs\.file-max/],
  ['ENOSPC', 'unshare', /user\.max_net_namespaces.*raise that sysctl/],
  ['ENOSPC', 'mount', /fs\.mount-max.*raise that sysctl/],
])('%s of %s names the limit that was met', (code, syscall, words) => {
  const error = systemError({ operation: 'NetNs.create', errno: errnoNumber(code)!, syscall })
  expect(error).toBeInstanceOf(NetloomError)
  expect(error.message).toMatch(words)
})

test('no more namespaces are made ahead than the limit allows, however slow JavaScript is', async () => {
  configure({ limit: 4 })
  const before = held()
  const most = { made: 0 }
  const calls = Array.from({ length: 100 }, async (_, i) => {
    const ns = await NetNs.create()
    most.made = Math.max(most.made, held() - before)
    // The addon's thread would be far ahead by now.
    const until = performance.now() + (i % 10 === 0 ? 20 : 0)
    while (performance.now() < until);
    most.made = Math.max(most.made, held() - before)
    ns.close()
  })
  await Promise.all(calls)
  expect(most.made).toBeGreaterThan(1)
  expect(most.made).toBeLessThanOrEqual(4 + 1) // and the home of the threads
})

test('handles that are opened at once by the hundred are no more than the limit either', async () => {
  await using ns = await fresh()
  configure({ limit: 4 })
  const before = held()
  let most = 0
  const open = async (): Promise<void> => {
    const one = await NetNs.open(ns.name!)
    most = Math.max(most, held() - before)
    one.close()
  }
  await Promise.all(Array.from({ length: 300 }, open))
  for (let i = 0; i < 50; i++) await open()
  expect(most).toBeLessThanOrEqual(4 + 1)
})

test('with a limit of 1 there is one at a time', async () => {
  configure({ limit: 1 })
  const names: number[] = []
  const before = held()
  const calls = Array.from({ length: 20 }, async (_, i) => {
    const ns = await NetNs.create()
    expect(held() - before).toBeLessThanOrEqual(1 + 1)
    ns.close()
    names.push(i)
  })
  await Promise.all(calls)
  expect(names).toEqual(names.toSorted((a, b) => a - b))
})

test('calls on one name keep their order while they wait in the queue', async () => {
  configure({ limit: 1 })
  const name = uniqueName()
  const others = Array.from({ length: 20 }, () => NetNs.create())
  const first = NetNs.create(name)
  const gone = NetNs.delete(name)
  const missing = NetNs.open(name).catch((error: unknown) => error)
  const second = NetNs.create(name)
  const there = NetNs.exists(name)
  const third = NetNs.create(name).catch((error: unknown) => error)
  await gone
  expect(await missing).toMatchObject({ code: 'ENOENT' })
  expect(await there).toBe(true)
  expect(await third).toMatchObject({ code: 'EEXIST' })
  ;(await first).close()
  await (await second).delete()
  for (const other of others) (await other).close()
})

test('looks, changes and opening do not wait for calls of create that wait in the queue', async () => {
  await using ns = await fresh()
  configure({ limit: 8 })
  let created = 0
  const creating = Array.from({ length: 400 }, async () => {
    const one = await NetNs.create()
    created++
    one.close()
  })
  await ns.links.get('lo')
  await ns.addresses.list()
  ;(await NetNs.open(ns.name!)).close()
  await ns.links.set('lo', { up: true })
  expect(created).toBeLessThan(200)
  await Promise.all(creating)
})

test('an aborted call leaves the queue at once, and the ones behind it move up', async () => {
  configure({ limit: 2 })
  const controller = new AbortController()
  const first = NetNs.create()
  const aborted = Array.from({ length: 20_000 }, () => NetNs.create({ signal: controller.signal }))
  const last = NetNs.create()
  const [, jobs] = addon.stats()
  expect(jobs).toBeGreaterThan(20_000) // the first may be done already
  controller.abort()
  const endings = await Promise.allSettled(aborted)
  const made = endings.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const reasons = endings.flatMap((one) => (one.status === 'rejected' ? [one.reason as AbortError] : []))
  for (const one of made) one.close()
  expect(reasons.every((reason) => reason instanceof AbortError)).toBe(true)
  // Two were under way, or done.
  expect(made.length + reasons.filter((reason) => reason.outcome === 'unknown').length).toBeLessThanOrEqual(2)
  ;(await first).close()
  ;(await last).close()
  expect(addon.stats()[1]).toBe(0)
})

test('what makes more namespaces than the limit is done all the same, alone', async () => {
  configure({ limit: 2 })
  await using host = await fresh()
  const before = Array.from({ length: 5 }, () => NetNs.create())
  const many = NetNs.createMany(40)
  const batch = host.batch()
  const created = Array.from({ length: 10 }, () => batch.createNetNs())
  const committed = batch.commit()
  const after = NetNs.create()
  await committed
  for (const ns of [...(await Promise.all([...before, after])), ...(await many)]) ns.close()
  for (const { value } of created) value.close()
})

test('failed and aborted calls give their place in the queue back', async () => {
  configure({ limit: 2 })
  await using taken = await fresh()
  for (let i = 0; i < 5; i++) {
    const failing = Array.from({ length: 20 }, () => NetNs.create(taken.name))
    const controller = new AbortController()
    const aborted = Array.from({ length: 20 }, () => NetNs.create({ signal: controller.signal }))
    setImmediate(() => {
      controller.abort()
    })
    const opened = Array.from({ length: 20 }, () => NetNs.open(taken.name!))
    const missing = Array.from({ length: 20 }, () => NetNs.open('no-such-name'))
    for (const one of await Promise.allSettled([...failing, ...aborted, ...opened, ...missing])) {
      if (one.status === 'fulfilled') one.value.close()
    }
  }
  ;(await NetNs.create({ timeout: 5000 })).close()
})

test('a raised limit lets those go on that wait', async () => {
  configure({ limit: 1 })
  const calls = Array.from({ length: 10 }, () => NetNs.create())
  configure({ limit: 100 })
  for (const ns of await Promise.all(calls)) ns.close()
})

test('as many sockets stay open as are allowed, those of the namespaces used last', async () => {
  const sockets = (): number =>
    readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:')
      } catch {
        return false
      }
    }).length
  await sleep(200) // what was made ahead of the calls before goes
  const before = sockets()
  const all = await NetNs.createMany(30)
  for (const ns of all) await ns.links.get('lo')
  await sleep(200)
  expect(sockets() - before).toBe(30)
  configure({ idleSockets: 5 })
  expect(sockets() - before).toBe(5)
  for (const ns of all) {
    await ns.links.get('lo')
    expect(sockets() - before).toBeLessThanOrEqual(5)
  }
  // Each can be used again, also several at once.
  const links = await Promise.all(all.flatMap((ns) => [ns.links.list(), ns.links.list(), ns.links.set('lo', {})]))
  expect(links.filter((list) => list?.length === 1)).toHaveLength(60)
  configure({ idleSockets: 1 })
  expect((await all[0]!.links.get('lo')).name).toBe('lo')
  expect(sockets() - before).toBe(1)
  for (const ns of all) ns.close()
  expect(sockets() - before).toBe(0)
})

test('copies of the library in one thread share what was configured', () => {
  configure({ limit: 7, idleSockets: 9 })
  let other: typeof configure | undefined
  jest.isolateModules(() => {
    other = jest.requireActual<{ configure: typeof configure }>('../../lib/index').configure
  })
  expect(other).not.toBe(configure)
  other!({ limit: 8 })
  expect(addon.limits).toEqual({ limit: 8, idleSockets: 9 })
})

test.each<[unknown, string, string]>([
  [undefined, 'options', 'TypeError'],
  [null, 'options', 'TypeError'],
  [{ limit: 0 }, 'limit', 'RangeError'],
  [{ limit: -1 }, 'limit', 'RangeError'],
  [{ limit: 1.5 }, 'limit', 'RangeError'],
  [{ limit: NaN }, 'limit', 'RangeError'],
  [{ limit: Infinity }, 'limit', 'RangeError'],
  [{ limit: '5' }, 'limit', 'TypeError'],
  [{ limit: null }, 'limit', 'TypeError'],
  [{ idleSockets: 0 }, 'idleSockets', 'RangeError'],
  [{ idleSockets: 2n }, 'idleSockets', 'TypeError'],
  [{ limits: 5 }, 'limits', 'TypeError'],
])('configure(%p) is refused: %s', (limits, field, name) => {
  const before = addon.limits
  let refusal: unknown
  try {
    configure(limits as never)
  } catch (error) {
    refusal = error
  }
  expect(refusal).toMatchObject({ field, name })
  expect(addon.limits).toEqual(before)
})
