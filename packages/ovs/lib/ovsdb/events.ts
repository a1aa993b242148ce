// Calls users' listeners of events.

/**
 * Calls listeners. Rethrows an exception of a listener later, as an uncaught one, so that it does not interrupt the code that
 * emits the event.
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
