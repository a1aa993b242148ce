// NetNs.settled: the kernel has freed what was let go of. Whether it has, its count of namespaces tells, in a user
// namespace with a limit of its own.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { AbortError, NetNs } from '../../lib/index'
import { reportOf } from '../native/child'
import { fresh } from '../support/namespaces'
import { patience } from '../support/patience'

const inUserNamespace = ['unshare', '-U', '-r', '-n', '-m']
const limited = <T>(what: string): Promise<T> => reportOf<T>('settled', [what], { within: inUserNamespace })

test('when it resolves there is room for as many namespaces as were let go of, every time', async () => {
  expect(await limited('waited')).toBe(15)
})

test('without it there is not', async () => {
  expect(await limited('not waited')).toBeLessThan(15)
})

test('it waits for the room that it needs itself', async () => {
  const { without, within } = await limited<{ without: { error: unknown }; within: unknown }>('full')
  expect(without.error).toMatchObject({ code: 'ETIMEDOUT' })
  expect(within).toEqual({})
})

test('the devices of deleted namespaces are gone, and so are the other ends of their cables', async () => {
  await using host = await fresh('host')
  const pods = await NetNs.createMany(10)
  for (const [i, pod] of pods.entries()) {
    await host.links.add({ kind: 'veth', name: `vh${i}`, peer: { netns: pod, name: 'eth0' } })
  }
  await NetNs.deleteAll(pods)
  await NetNs.settled()
  expect((await host.links.list()).map(({ name }) => name)).toEqual(['lo'])
})

test('what something still holds is not waited for', async () => {
  const ns = await fresh()
  const child = ns.run(() => spawn('sleep', ['60']))
  await once(child, 'spawn')
  const inside = `/proc/${child.pid}/ns/net`
  await ns.delete()
  await NetNs.settled({ timeout: 10_000 })
  expect(readlinkSync(inside)).toBe(`net:[${ns.identity.inode}]`)
  child.kill()
  await once(child, 'exit')
  await NetNs.settled()
})

test('many may wait at once, and calls go on meanwhile', async () => {
  await using ns = await fresh()
  const waiting = Array.from({ length: 10 }, () => NetNs.settled())
  const state = { settled: false }
  void Promise.all(waiting).then(() => (state.settled = true))
  let calls = 0
  while (!state.settled) {
    await ns.links.set('lo', { up: calls++ % 2 === 0 })
    await sleep(1)
  }
  await Promise.all(waiting)
  expect(calls).toBeGreaterThan(3)
})

/** What is open, by what it leads to. */
const descriptors = (): string[] =>
  readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`]
    } catch {
      return [] // the directory's own, closed again
    }
  })

test.each([0, 1, 5, 20])('a signal ends the wait after %i ms, and nothing is left of it', async (ms) => {
  const before = descriptors()
  const controller = new AbortController()
  const waiting = NetNs.settled({ signal: controller.signal })
  const refused = expect(waiting).rejects.toMatchObject({
    name: 'AbortError',
    code: 'ABORT_ERR',
    operation: 'NetNs.settled',
    outcome: 'none',
    cause: 'enough',
  })
  await sleep(ms)
  controller.abort('enough')
  await refused
  const deadline = Date.now() + patience
  let now = descriptors()
  while (now.length > before.length && Date.now() < deadline) {
    await sleep(5)
    now = descriptors()
  }
  if (now.length > before.length) expect(now).toEqual(before)
})

test('with a signal that is aborted already, or no time, it fails at once', async () => {
  await expect(NetNs.settled({ signal: AbortSignal.abort() })).rejects.toThrow(AbortError)
  await expect(NetNs.settled({ timeout: 0 })).rejects.toMatchObject({ code: 'ETIMEDOUT' })
})
