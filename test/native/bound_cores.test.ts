// Where threads run: a lane's thread on the core of JavaScript's thread while changes are awaited one by one, and nobody else is
// bound by that.
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { NetNs } from '../../lib/index'
import { fresh, uniqueName } from '../support/namespaces'

const several = availableParallelism() > 1

function coresIn(status: string): string {
  return /^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? ''
}

/** The cores of each thread of this process that has one of these names; threads may end meanwhile. */
function coresOf(name: string): string[] {
  return readdirSync('/proc/self/task').flatMap((tid) => {
    try {
      const comm = readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trim()
      return comm === name ? [coresIn(readFileSync(`/proc/self/task/${tid}/status`, 'utf8'))] : []
    } catch {
      return []
    }
  })
}

const all = coresIn(readFileSync(`/proc/self/task/${process.pid}/status`, 'utf8'))

async function oneByOne(ns: NetNs, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const batch = ns.batch()
    batch.links.set('lo', { up: i % 2 === 0 })
    batch.links.set('lo', { alias: `number ${i}` })
    await batch.commit()
  }
}

test('changes that are awaited one by one run on one core, where it costs much to wake another; those at once on any', async () => {
  await using ns = await fresh()
  await oneByOne(ns, 20)
  const [bound = ''] = coresOf('netloom-change')
  if (several && bound !== all) expect(bound).toMatch(/^\d+$/)
  await Promise.all(Array.from({ length: 20 }, () => oneByOne(ns, 1)))
  expect(coresOf('netloom-change')).toEqual([all])
})

test('what is started meanwhile may run on all cores: programs, namespaces without root, the prefetch thread', async () => {
  await using ns = await fresh()
  await oneByOne(ns, 20)
  const stdout = ns.execFileSync('cat', ['/proc/self/status'], { encoding: 'utf8' })
  expect(coresIn(stdout)).toBe(all)
  await oneByOne(ns, 20)
  await using rootless = await NetNs.create({ rootless: true })
  await rootless.links.set('lo', { up: true })
  expect(coresOf('netloom-change')).toEqual([all])
  const made: NetNs[] = []
  for (let i = 0; i < 30; i++) {
    const batch = ns.batch()
    const pod = batch.createNetNs(uniqueName(), { ephemeral: true })
    pod.links.set('lo', { up: true })
    await batch.commit()
    made.push(pod.value)
  }
  for (const cores of coresOf('netloom-netns')) expect(cores).toBe(all)
  await Promise.all(made.map((pod) => pod[Symbol.asyncDispose]()))
})

test("JavaScript's own thread stays on all cores, also where a lane's thread has ended in between", async () => {
  await using ns = await fresh()
  for (let round = 0; round < 2; round++) {
    await oneByOne(ns, 20)
    while (coresOf('netloom-change').length > 0) await sleep(20)
  }
  await oneByOne(ns, 1)
  expect(coresIn(readFileSync(`/proc/self/task/${process.pid}/status`, 'utf8'))).toBe(all)
})
