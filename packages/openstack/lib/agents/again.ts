// Work on what others change at the same time: a switch that is started again makes its devices anew, and takes the old ones away.
import { setTimeout as sleep } from 'node:timers/promises'
import { isNotFound } from 'netloom/errors'

/** Milliseconds before each further attempt: together about as long as a switch needs. */
const delaysMs = [10, 40, 150, 400]

/** What the kernel says of a device that is not up yet, or of a route by an address that went with its device. */
const passing: ReadonlySet<unknown> = new Set(['ENETDOWN', 'ENETUNREACH'])

/**
 * Does something that looks before it changes, and looks again where what it had seen has gone meanwhile. What does not pass is thrown.
 */
export async function again<T>(work: () => Promise<T>): Promise<T> {
  for (const delay of delaysMs) {
    try {
      return await work()
    } catch (error) {
      if (!isNotFound(error) && !passing.has((error as { code?: unknown } | null)?.code)) throw error
      await sleep(delay)
    }
  }
  return work()
}
