// A Worker is terminated while its batches are under way: the process lives, and each batch was done whole or not at all.
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { NetNs } from '../lib/index'
import { firstTable, podOf, routesPerBatch, vethOf, type BatcherData } from './batcher'
import { changesSince, names, settledHoldings } from './holdings'
import { makeHost } from './pod'
import { Random } from './random'

const longestLifeMs = 40

async function terminateOne(data: BatcherData, lifeMs: number): Promise<void> {
  const worker = new Worker(join(__dirname, 'batcher.js'), { workerData: data })
  const failed = new Promise((_, reject) => worker.once('error', reject))
  await Promise.race([once(worker, 'message'), failed])
  await sleep(lifeMs)
  await Promise.race([worker.terminate(), failed])
}

/** What there is of a batch, of its pods, their devices on the host and its routes: all of it, or nothing. */
async function stateOf(number: number, data: BatcherData, links: Set<string>, routes: number): Promise<string> {
  const parts: boolean[] = []
  for (const n of [0, 1]) {
    const name = podOf(data.prefix, number, n)
    const there = names().includes(name)
    parts.push(there, links.has(vethOf(number, n)))
    if (!there) continue
    using pod = await NetNs.open(name)
    parts.push((await pod.addresses.list({ dev: 'eth0', family: 'ipv4' })).length === 1)
    parts.push((await pod.routes.find({ dst: 'default' })) !== undefined)
  }
  if (parts.every(Boolean) && routes === routesPerBatch) return 'done'
  return parts.some(Boolean) || routes > 0 ? `half done: ${parts.join(' ')}, ${routes} routes` : 'none'
}

/** Terminates so often; gives what is wrong. */
export async function terminate(times: number, seed: number): Promise<string[]> {
  const random = new Random(seed)
  await (await NetNs.create('first')).delete()
  const { ns: host } = await makeHost(`terminate${process.pid}-`, random)
  const data = { host: host.name!, prefix: `terminated${process.pid}-` }
  // Threads that Node keeps are there before we count.
  await terminateOne({ ...data, seed }, 0)
  const clean = async (): Promise<void> => {
    await NetNs.deleteAll({ prefix: data.prefix })
    for (const table of await tables(host)) await host.routes.flush({ table: table.table })
    while ((await host.links.list({ kind: 'veth' })).length > 0) await sleep(5)
  }
  await clean()
  const before = await settledHoldings()
  const wrong: string[] = []
  const states: Record<string, number> = {}
  for (let i = 1; i <= times; i++) {
    const one = { ...data, seed: random.below(2 ** 31) }
    await terminateOne(one, random.next() * longestLifeMs)
    const counts = new Map((await tables(host)).map(({ table, count }) => [table - firstTable, count]))
    const links = new Set((await host.links.list({ kind: 'veth' })).map(({ name }) => name))
    const numbers = new Set([
      ...counts.keys(),
      ...names().flatMap((name) => (name.startsWith(data.prefix) ? [parseInt(name.slice(data.prefix.length))] : [])),
    ])
    for (const number of numbers) {
      const state = Number.isNaN(number)
        ? 'an ephemeral namespace'
        : await stateOf(number, one, links, counts.get(number) ?? 0)
      states[state] = (states[state] ?? 0) + 1
      if (state !== 'done') wrong.push(`termination ${i}: ${state} is left of batch ${number}`)
    }
    await clean()
    if (process.stdout.isTTY) process.stdout.write(`\r${i} of ${times} `)
  }
  console.log(`${times} Workers terminated; what there was of their batches:`, states)
  wrong.push(...(await changesSince(before)))
  await host.delete()
  return wrong
}

/** The tables of batches, and how many routes are in each. */
async function tables(host: NetNs): Promise<{ table: number; count: number }[]> {
  const counts = new Map<number, number>()
  for (const { table } of await host.routes.list()) {
    if (typeof table === 'number' && table >= firstTable) counts.set(table, (counts.get(table) ?? 0) + 1)
  }
  return [...counts].map(([table, count]) => ({ table, count }))
}
