// Calls that are aborted: before they start, in the queue, under way.
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, configure, NetloomError, NetNs } from '../../lib/index'
import { fresh, ipJson, uniqueName } from '../support/namespaces'

// No bridges: to dismantle each one the kernel keeps the rtnl lock for 16 ms. And nothing that is made faster than asked for.
function busy(ns: NetNs, count = 50): Promise<unknown> {
  const pair = (i: number) => ({ kind: 'veth', name: `busy${i}`, peer: { name: `peer${i}` } }) as const
  return Promise.all(Array.from({ length: count }, (_, i) => ns.links.add(pair(i))))
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await sleep(5)
}

test('a signal that is aborted already stops the call before anything happens', async () => {
  await using red = await fresh()
  const reason = new Error('enough')
  const adding = red.links.add({ kind: 'bridge', name: 'br0' }, { signal: AbortSignal.abort(reason) })
  const error: unknown = await adding.catch((e: unknown) => e)
  expect(error).toBeInstanceOf(AbortError)
  expect(error).toBeInstanceOf(NetloomError)
  expect(error).toMatchObject({ name: 'AbortError', code: 'ABORT_ERR', operation: 'links.add', outcome: 'none' })
  expect((error as Error).cause).toBe(reason)
  expect(await ipJson(red, 'link')).toHaveLength(1)
})

test('a queued call is taken out of the queue, and its neighbors are not', async () => {
  // Where the machine leaves this thread alone between two lines, the call is over before it is aborted.
  for (let code: unknown = 'none yet'; code !== 'ABORT_ERR';) {
    await using red = await fresh()
    const controller = new AbortController()
    const before = busy(red, 100)
    const aborted = red.links.add({ kind: 'ifb', name: 'aborted' }, { signal: controller.signal })
    const after = red.links.add({ kind: 'ifb', name: 'after' })
    controller.abort()
    const ended: unknown = await aborted.catch((error: unknown) => error)
    code = (ended as Partial<AbortError>).code
    if (code !== undefined) expect(ended).toMatchObject({ code: 'ABORT_ERR', outcome: 'none' })
    await Promise.all([before, after])
    const names = (await ipJson(red, 'link')).map((link) => link.ifname)
    expect(names).toContain('after')
    expect(names.includes('aborted')).toBe(code === undefined)
  }
})

test('a call whose time is up in the queue fails with ETIMEDOUT', async () => {
  await using red = await fresh()
  const before = busy(red, 500)
  const late: unknown = await red.links.list({}, { timeout: 1 }).catch((e: unknown) => e)
  expect(late).toBeInstanceOf(AbortError)
  expect(late).toMatchObject({ code: 'ETIMEDOUT', operation: 'links.list', outcome: 'none' })
  await before
})

test('a time limit that is not reached changes nothing', async () => {
  await using red = await fresh()
  expect(await red.links.list({}, { timeout: 10_000 })).toHaveLength(1)
})

test('a signal that is aborted later has lost interest in the call', async () => {
  await using red = await fresh()
  const controller = new AbortController()
  expect(await red.links.list({}, { signal: controller.signal })).toHaveLength(1)
  controller.abort()
  expect(await red.links.list()).toHaveLength(1)
})

test('a call that is aborted while the kernel has it says that its outcome is unknown', async () => {
  await using red = await fresh()
  const outcomes = new Set<unknown>()
  for (let tries = 0; tries < 100 && !outcomes.has('unknown'); tries++) {
    await red.links.add({ kind: 'bridge', name: 'br0' })
    const controller = new AbortController()
    const deleting = red.links.delete('br0', { signal: controller.signal })
    setImmediate(() => {
      controller.abort()
    })
    outcomes.add(
      await deleting.then(
        () => 'done',
        (e: unknown) => (e as AbortError).outcome,
      ),
    )
    await red.links.delete('br0', { force: true })
  }
  expect(outcomes).toContain('unknown')
})

test('a creation that is aborted at any moment leaves nothing, and its name is free', async () => {
  const outcomes = new Set<unknown>()
  // On a busy machine most are caught before they begin or after they end: until one is caught under way.
  for (let tries = 0; tries < 60 || (tries < 2000 && !outcomes.has('unknown')); tries++) {
    const name = uniqueName()
    const controller = new AbortController()
    const creating = NetNs.create(name, { signal: controller.signal })
    const begin = performance.now()
    while (performance.now() - begin < (tries % 60) / 50);
    controller.abort()
    const outcome = await creating.then(
      (netns) => netns,
      (e: unknown) => (e as AbortError).outcome,
    )
    outcomes.add(outcome instanceof NetNs ? 'done' : outcome)
    if (outcome instanceof NetNs) await outcome.delete()
    // The one that was aborted is undone before the next begins.
    const again = await NetNs.create(name)
    await again.delete()
  }
  expect(outcomes).toContain('unknown')
})

test('creations that are aborted in the queue are never begun', async () => {
  configure({ limit: 1 }) // so that no more than one has begun before all are called
  const controller = new AbortController()
  const names = Array.from({ length: 20 }, () => uniqueName())
  const creating = names.map((name) => NetNs.create(name, { signal: controller.signal }))
  controller.abort()
  configure({ limit: 64 })
  const all = await Promise.allSettled(creating)
  const none = all.filter((one) => one.status === 'rejected' && (one.reason as AbortError).outcome === 'none')
  expect(none.length).toBeGreaterThanOrEqual(18)
  for (const one of all) if (one.status === 'fulfilled') await one.value.delete()
  await until(async () => (await NetNs.list()).every(({ name }) => !names.includes(name)))
  const list = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' })
  for (const name of names) expect(list).not.toContain(`${name}\n`)
})
