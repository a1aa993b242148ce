// What this process and its namespaces hold: to be the same afterwards as before.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/** Lists, each with one line for whatever there is of its kind. */
export type Holdings = Readonly<Record<string, readonly string[]>>

/** What something says, or nothing if it is gone meanwhile. */
function ifThere(say: () => string): string[] {
  try {
    return [say()]
  } catch {
    return []
  }
}

/** The open descriptors of this process: what they lead to. */
export function descriptors(): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap((fd) => ifThere(() => readlinkSync(`/proc/self/fd/${fd}`)))
    .filter((target) => target !== `/proc/${process.pid}/fd`)
    .map((target) => target.replace(/^(socket|pipe):.*/, '$1'))
    .sort()
}

/** The threads of this process, by their names. */
export function threads(): string[] {
  return readdirSync('/proc/self/task')
    .flatMap((tid) => ifThere(() => readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trim()))
    .sort()
}

/** The files in /run/netns, with a namespace or without. */
export function names(): string[] {
  return ifThere(() => readdirSync('/run/netns').sort().join('\n')).flatMap((list) => list.split('\n').filter(Boolean))
}

/** Everything. */
export function holdings(): Holdings {
  return {
    descriptors: descriptors(),
    threads: threads(),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n').sort(),
    names: names(),
    devices: readdirSync('/sys/class/net').sort(),
    nsids: execFileSync('ip', ['netns', 'list-id'], { encoding: 'utf8' }).split('\n').filter(Boolean).sort(),
  }
}

/** Everything, once the idle threads of the addon have ended. */
export async function settledHoldings(): Promise<Holdings> {
  while (threads().some((name) => name.startsWith('netloom'))) await sleep(50)
  return holdings()
}

function differences(before: Holdings, now: Holdings): string[] {
  const found: string[] = []
  for (const [kind, list] of Object.entries(before)) {
    const left = [...list]
    for (const one of now[kind] ?? []) {
      const at = left.indexOf(one)
      if (at < 0) found.push(`${kind}: ${one} was not there before`)
      else left.splice(at, 1)
    }
    found.push(...left.map((one) => `${kind}: ${one} is missing`))
  }
  return found
}

/** Waits until all is as it was, as threads end and the kernel frees a little later; gives what differs after 20 seconds. */
export async function changesSince(before: Holdings): Promise<string[]> {
  const deadline = performance.now() + 20_000
  let found = differences(before, holdings())
  while (found.length > 0 && performance.now() < deadline) {
    await sleep(100)
    found = differences(before, holdings())
  }
  return found
}
