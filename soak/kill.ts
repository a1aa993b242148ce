// A process is killed while it makes and deletes namespaces: what is left is names, each of which works or is free.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { NetNs } from '../lib/index'
import { changesSince, names, settledHoldings } from './holdings'
import { Random } from './random'

const longestLifeMs = 100

async function killOne(prefix: string, random: Random): Promise<void> {
  const child = spawn(process.execPath, [join(__dirname, 'victim.js'), prefix, String(random.below(2 ** 31))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'close')
  const [first] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer | number | null]
  if (!Buffer.isBuffer(first)) throw new Error(`the victim ended before it was killed: ${String(first)}`)
  await sleep(random.next() * longestLifeMs)
  child.kill('SIGKILL')
  const [, signal] = (await ended) as [number | null, string | null]
  if (signal !== 'SIGKILL') throw new Error('the victim ended before it was killed')
}

/** Makes a namespace of a name, and deletes it; gives what is wrong with it. */
async function tryName(name: string): Promise<string[]> {
  try {
    const ns = await NetNs.create(name)
    const shown = execFileSync('ip', ['-n', name, '-o', 'link'], { encoding: 'utf8' })
    await ns.delete()
    return shown.includes('lo:') ? [] : [`what ip shows in ${name} is ${shown}`]
  } catch (error) {
    return [`${name} is not free: ${String(error)}`]
  }
}

/** Kills so often; gives what is wrong. */
export async function kill(times: number, seed: number): Promise<string[]> {
  const random = new Random(seed)
  const prefix = `kill${process.pid}-`
  // What stays for good after the first use is there before we count.
  await killOne(prefix, random)
  await NetNs.deleteAll({ prefix })
  const before = await settledHoldings()
  const wrong: string[] = []
  let [namespaces, unfinished, taken] = [0, 0, 0]
  for (let i = 1; i <= times; i++) {
    await killOne(prefix, random)
    const listed = new Set((await NetNs.list()).map(({ name }) => name))
    namespaces += listed.size
    for (const name of names().filter((file) => !listed.has(file))) {
      unfinished++
      if (random.percent(50)) continue // for deleteAll
      taken++
      wrong.push(...(await tryName(name)).map((what) => `kill ${i}: ${what}`))
    }
    const deleted = await NetNs.deleteAll({ prefix })
    if (deleted !== listed.size) wrong.push(`kill ${i}: ${listed.size} namespaces were left, ${deleted} were deleted`)
    for (const name of names()) wrong.push(`kill ${i}: ${name} cannot be deleted`)
    if (process.stdout.isTTY) process.stdout.write(`\r${i} of ${times} `)
  }
  console.log(
    `${times} kills left ${namespaces} namespaces and ${unfinished} files without one, of which ${taken} were made again`,
  )
  return [...wrong, ...(await changesSince(before))]
}
