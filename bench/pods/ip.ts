// How `ip` makes pods: as few processes as its batches allow, and a process an operation. One shell runs them all, so that
// only they are measured. Both know the recipe: the far end is born in its namespace, never moved, with one queue.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Context } from '../benchmark'
import { milliseconds } from '../measure'
import { macOf, nearEnd, numbersOf, podAddress, podGateway, type Lot, type PodMaker } from './pod'
import { runInside } from './programs'

const queues = 'numtxqueues 1 numrxqueues 1'

function linkAdd(pod: string, n: number): string {
  return `link add ${nearEnd(n)} up ${queues} type veth ` + `peer name eth0 address ${macOf(n)} netns ${pod} ${queues}`
}

const inside = [
  'link set lo up',
  'link set eth0 up',
  `address add ${podAddress} dev eth0`,
  `route add default via ${podGateway}`,
]

/** Runs a shell script, which is written first and may use files of a directory; the milliseconds that it took. */
async function byShell(
  context: Context,
  { host }: Lot,
  write: (directory: string) => string | Promise<string>,
): Promise<number> {
  const directory = await mkdtemp(join(tmpdir(), 'netloom-bench-'))
  try {
    const script = join(directory, 'script')
    await writeFile(script, await write(directory))
    return await milliseconds(() => runInside(context, host, 'sh', [script]))
  } finally {
    await rm(directory, { recursive: true })
  }
}

/**
 * `ip -batch`: one process makes all namespaces (`netns add` works in a batch) and all veth pairs. What happens inside a
 * pod is a batch of its own, as an `ip` process works in one namespace: `ip -n POD -batch`, a process a pod.
 */
export const ipBatch: PodMaker = {
  name: 'ip -batch, a process and one a pod',
  side: 'other',
  share: 0.3,
  make: (context, lot) =>
    byShell(context, lot, async (directory) => {
      const pods = numbersOf(lot).map((n) => ({ n, pod: `${lot.prefix}${n}` }))
      const lines = pods.flatMap(({ n, pod }) => [`netns add ${pod}`, linkAdd(pod, n)])
      await writeFile(join(directory, 'host'), lines.join('\n'))
      await writeFile(join(directory, 'pod'), inside.join('\n'))
      const each = pods.map(({ pod }) => `ip -n ${pod} -batch ${directory}/pod`)
      return ['set -e', `ip -batch ${directory}/host`, ...each].join('\n')
    }),
}

/** A process an operation: six a pod. */
export const ipEach: PodMaker = {
  name: 'ip, six processes a pod',
  side: 'other',
  share: 0.1,
  make: (context, lot) =>
    byShell(context, lot, () => {
      const commands = numbersOf(lot).flatMap((n) => {
        const pod = `${lot.prefix}${n}`
        return [`ip netns add ${pod}`, `ip ${linkAdd(pod, n)}`, ...inside.map((line) => `ip -n ${pod} ${line}`)]
      })
      return ['set -e', ...commands].join('\n')
    }),
}
