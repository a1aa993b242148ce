// A thread of the churn: makes, uses and deletes pods in random order, a lap at a time.
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { deletePods, makeHost, makePods, usePod, waysOfUse, type Host, type Pod } from './pod'
import { Random } from './random'

/** What the thread is given at its start. */
export interface ChurnerData {
  readonly seed: number
  readonly prefix: string
}

/** What it tells after each lap. */
export interface Lap {
  readonly pods: number
  readonly uses: Readonly<Record<string, number>>
  /** Bytes of its JavaScript objects, after garbage collection. */
  readonly heap: number
}

const mostAlive = 40
const atOnce = 4

/** So many loops work at once, on the same pods. */
async function lap(host: Host, count: number): Promise<Omit<Lap, 'heap'>> {
  const { random } = host
  const alive: Pod[] = []
  const uses: Record<string, number> = Object.fromEntries(waysOfUse.map((way) => [way, 0]))
  const begin = host.made
  const toMake = (): number => count - (host.made - begin)
  const takeOne = (): Pod | undefined => alive.splice(random.below(alive.length), 1)[0]
  const actor = async (): Promise<void> => {
    while (toMake() > 0 || alive.length > 0) {
      if (toMake() > 0 && alive.length < mostAlive && (alive.length === 0 || random.percent(35))) {
        alive.push(...(await makePods(host, toMake())))
        continue
      }
      const pod = takeOne()
      if (pod === undefined) continue
      if (random.percent(55)) {
        const way = await usePod(pod, host)
        uses[way] = (uses[way] ?? 0) + 1
        alive.push(pod)
      } else {
        const several = random.percent(20) ? [pod, takeOne(), takeOne()] : [pod]
        await deletePods(
          several.filter((one) => one !== undefined),
          host,
        )
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, actor))
  await settled(host)
  return { pods: host.made - begin, uses }
}

/** When the kernel has freed the pods, the host is as it was: its bridge, no nsid. */
async function settled({ ns }: Host): Promise<void> {
  const deadline = performance.now() + 60_000
  while ((await ns.links.list({ kind: 'veth' })).length > 0) {
    assert.ok(performance.now() < deadline, 'the kernel does not free the pods')
    await sleep(20)
  }
  // It says something on stderr when a name goes while it looks.
  const look = (): string =>
    execFileSync('ip', ['-n', ns.name!, 'netns', 'list-id'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  while (look() !== '') {
    assert.ok(performance.now() < deadline, `nsids are left: ${look()}`)
    await sleep(20)
  }
  assert.deepEqual((await ns.links.list()).map(({ name }) => name).sort(), ['br0', 'lo'])
}

async function main(): Promise<void> {
  const { seed, prefix } = workerData as ChurnerData
  const port = parentPort!
  const host = await makeHost(prefix, new Random(seed))
  port.postMessage('ready')
  port.on('message', (count: number) => {
    void (async () => {
      if (count > 0) {
        const result = await lap(host, count)
        gc?.()
        port.postMessage({ ...result, heap: process.memoryUsage().heapUsed } satisfies Lap)
        return
      }
      await host.ns.delete()
      port.close()
    })()
  })
}

void main()
