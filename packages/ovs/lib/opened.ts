// Applied is not yet successful: whether the switch has opened the devices of what was added, and what happens if not.
import type { Database } from './database'
import { OvsInterfaceError } from './errors'

/** An interface that the switch could not open. */
interface Failure {
  readonly name: string
  readonly error: string
}

/** Which of these interfaces the switch has not opened, though it has applied what there is. */
export function failuresOf(database: Database, names: readonly string[]): Failure[] {
  return names.flatMap((name) => {
    const row = database.table('Interface').find({ name })
    if (row === undefined) return [{ name, error: 'somebody else has deleted it meanwhile' }]
    // A patch cable without its other end has an error and a number: it waits.
    if (row.ofport !== null && row.ofport > 0n) return []
    const untold = `the switch has not opened it; its log tells why (is there a datapath of the bridge's type?)`
    return [{ name, error: row.error ?? untold }]
  })
}

/** Milliseconds that taking back may take. */
const undoLimit = 5000

/** Takes back what was added if the switch could not open all of it, and rejects with the first interface's error. */
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
