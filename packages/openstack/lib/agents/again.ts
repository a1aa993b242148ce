// Retries work on objects that others change at the same time: a switch that is restarted creates its devices again.
import { setTimeout as sleep } from 'node:timers/promises'
import { isNotFound } from 'netloom/errors'

/** Milliseconds before each further attempt: together about as long as a switch needs. */
const delaysMs = [10, 40, 150, 400]

/** Errnos for a device that is not up yet, or for a route by an address that was removed with its device. */
const passing: ReadonlySet<unknown> = new Set(['ENETDOWN', 'ENETUNREACH'])

/**
 * Calls `work`, which reads the state before it changes it, and calls it again if an object was removed meanwhile. Throws other errors.
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
