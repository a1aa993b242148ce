// How long a test waits for something before it says that it never comes. No test measures by it: where a machine is busy
// with other things, what takes milliseconds takes seconds.
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds. */
export const patience = 60_000

/** Waits until something is so. */
export async function until(look: () => unknown, what: string, patienceMs = patience): Promise<void> {
  const deadline = Date.now() + patienceMs
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`it is never so: ${what}`)
    await sleep(5)
  }
}
