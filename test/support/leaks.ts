// After every test file: no descriptor, thread, namespace, mount or device more than before.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { ownPrefix } from './namespaces'

/** What could leak, as lists of names. */
export interface Holdings {
  descriptors: string[]
  threads: string[]
  namespaces: string[]
  mounts: string[]
  devices: string[]
}

function descriptors(): string[] {
  const found: string[] = []
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      if (target !== `/proc/${process.pid}/fd`) found.push(target.replace(/^(socket|pipe):.*/, '$1'))
    } catch {
      // it was the one that listed them
    }
  }
  return found.sort()
}

function namedNamespaces(): string[] {
  try {
    return readdirSync('/run/netns').filter((name) => name.startsWith(ownPrefix))
  } catch {
    return []
  }
}

/** What this process holds now; of what all processes share, what has our prefix. */
export function holdings(): Holdings {
  const threads = readdirSync('/proc/self/task').map((tid) => {
    try {
      return readFileSync(`/proc/self/task/${tid}/comm`, 'utf8').trim()
    } catch {
      return 'gone'
    }
  })
  return {
    descriptors: descriptors(),
    threads: threads.filter((name) => name.startsWith('netloom')),
    namespaces: namedNamespaces(),
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(ownPrefix)),
    devices: readdirSync('/sys/class/net').sort(),
  }
}

function additions(before: readonly string[], after: readonly string[]): string[] {
  const left = [...before]
  return after.filter((item) => {
    const at = left.indexOf(item)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}

/** What is there now and was not before. */
export function leaks(before: Holdings): string[] {
  const now = holdings()
  return (Object.keys(now) as (keyof Holdings)[]).flatMap((kind) =>
    additions(before[kind], now[kind]).map((item) => `${kind}: ${item}`),
  )
}

/** Waits until nothing is left over, for idle threads end by themselves; gives what is left after five seconds. */
export async function settledLeaks(before: Holdings): Promise<string[]> {
  const deadline = Date.now() + 5000
  let left = leaks(before)
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(50)
    left = leaks(before)
  }
  return left
}
