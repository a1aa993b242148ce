// A process that makes pods as it is told to by its parent, and tells how long that took: by the clock, and of the time of the
// thread that runs JavaScript.
//
// program HOST
import { readFileSync } from 'node:fs'
import { NetNs } from '../../lib/index'
import { milliseconds } from '../measure'
import { ways, type Way } from './netloom'
import type { Lot } from './pod'

/** What the parent asks for. */
export interface Order extends Omit<Lot, 'host'> {
  readonly way: Way
}

/** What it is told, in microseconds of all pods. */
export interface Told {
  readonly took: number
  readonly script: number
}

/** Microseconds for which the main thread has run. */
function runTime(): number {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ')[0]) / 1000
}

async function main(name: string): Promise<void> {
  const host = await NetNs.open(name)
  process.on('message', ({ way, ...lot }: Order) => {
    void (async () => {
      let made: NetNs[] = []
      const before = runTime()
      const took = 1000 * (await milliseconds(async () => (made = await ways[way]({ ...lot, host }))))
      const script = runTime() - before
      for (const pod of made) pod.close()
      process.send?.({ took, script } satisfies Told)
    })()
  })
  process.send?.('ready')
}

void main(process.argv[2] ?? '')
