// Events for the caller's listeners, in the middle of our own work.

/**
 * Calls listeners. What one of them throws is thrown later, as an uncaught exception, so that the work which told of the event
 * is not left half done.
 */
export function tell(emit: () => void): void {
  try {
    emit()
  } catch (error) {
    process.nextTick(() => {
      throw error
    })
  }
}
