// Who is in a namespace, and signals to all of them: no other process gets one, and nothing is left where a call is aborted.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

let red: NetNs
let children: ChildProcess[]
beforeEach(async () => {
  children = []
  red = await fresh()
})
afterEach(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  await red.delete()
})

const sleep = (netns: NetNs = red): ChildProcess => {
  const child = netns.spawn('sleep', ['1000'], { stdio: 'ignore' })
  children.push(child)
  return child
}
const descriptors = (): number => readdirSync('/proc/self/fd').length

test('only those in the namespace are listed and signalled, though the handle is closed meanwhile', async () => {
  await using blue = await fresh()
  const inside = [sleep(), sleep(), sleep()]
  const outside = sleep(blue)
  const plain = spawn('sleep', ['1000'])
  children.push(plain)
  const before = descriptors()
  const again = await NetNs.fromPid(inside[0]!.pid!)
  const pids = again.pids()
  again.close()
  expect((await pids).sort()).toEqual(inside.map(({ pid }) => pid).sort())
  const other = await NetNs.fromPid(inside[0]!.pid!)
  const ends = inside.map((child) => once(child, 'exit'))
  const killed = other.kill('SIGKILL')
  other.close()
  expect((await killed).sort()).toEqual(inside.map(({ pid }) => pid).sort())
  expect(await Promise.all(ends)).toEqual(inside.map(() => [null, 'SIGKILL']))
  expect([outside.signalCode, plain.signalCode]).toEqual([null, null])
  expect(await blue.pids()).toEqual([outside.pid])
  expect(await red.pids()).toEqual([])
  expect(await red.kill(0)).toEqual([])
  // What was open for a moment at first may be closed.
  expect(descriptors()).toBeLessThanOrEqual(before)
  await expect(again.pids()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED', operation: 'NetNs.pids' })
  await expect(again.kill()).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED', operation: 'NetNs.kill' })
})

test('what is aborted rejects at once, and signals nobody any more', async () => {
  const child = sleep()
  const before = descriptors()
  const aborted = AbortSignal.abort(new Error('enough'))
  await expect(red.kill('SIGKILL', { signal: aborted })).rejects.toMatchObject({ code: 'ABORT_ERR', outcome: 'none' })
  const controller = new AbortController()
  const killing = red.kill('SIGKILL', { signal: controller.signal })
  controller.abort()
  await expect(killing).rejects.toMatchObject({ code: 'ABORT_ERR', outcome: 'none', netns: red.name })
  await expect(red.pids({ timeout: 0 })).rejects.toMatchObject({ code: 'ETIMEDOUT', operation: 'NetNs.pids' })
  expect(await red.pids({ timeout: 10_000, signal: new AbortController().signal })).toEqual([child.pid])
  expect(child.signalCode).toBeNull()
  // What was open for a moment at first may be closed.
  expect(descriptors()).toBeLessThanOrEqual(before)
})

test('a hundred are found and signalled, while the event loop has its turns', async () => {
  for (let i = 0; i < 100; i++) sleep()
  const ends = children.map((child) => once(child, 'exit'))
  let turns = 0
  const turn = setInterval(() => turns++, 1)
  expect(await red.pids()).toHaveLength(100)
  expect(await red.kill()).toHaveLength(100)
  clearInterval(turn)
  expect(turns).toBeGreaterThan(0)
  await Promise.all(ends)
})
