// Checks whether the switch, after it has applied an addition, could open the devices, and undoes the addition otherwise.
import type { Database } from './database'
import { OvsInterfaceError } from './errors'

/** An interface that the switch could not open. */
interface Failure {
  readonly name: string
  readonly error: string
}

/** Those of these interfaces that the switch could not open. */
export function failuresOf(database: Database, names: readonly string[]): Failure[] {
  return names.flatMap((name) => {
    const row = database.table('Interface').find({ name })
    if (row === undefined) return [{ name, error: 'somebody else has deleted it meanwhile' }]
    // A patch interface without its other end has an error and a number: it is open.
    if (row.ofport !== null && row.ofport > 0n) return []
    const untold = `the switch has not opened it; its log tells why (is there a datapath of the bridge's type?)`
    return [{ name, error: row.error ?? untold }]
  })
}

/** The time limit for undoing an addition, in milliseconds. */
const undoLimit = 5000

/** Removes what was added if the switch could not open all of it, and rejects with the first interface's error. */
export async function openedOrUndone(
  operation: string,
  look: () => readonly Failure[],
  undo: (limit: { timeout: number }) => Promise<void>,
): Promise<void> {
  const [failure] = look()
  if (failure === undefined) return
  let leftover = false
  try {
    await undo({ timeout: undoLimit })
  } catch {
    leftover = true
  }
  throw new OvsInterfaceError(operation, failure.name, failure.error, leftover)
}
