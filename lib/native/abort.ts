// Many calls may share a signal. A listener for each would make every further one look through all that are there; so
// there is one listener a signal, and what it calls is ours.

const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls a function when a signal aborts, unless what this returns was called before. One that is aborted already, perhaps
 * since the caller looked last, counts too: in the next turn.
 */
export function whenAborted(signal: AbortSignal, act: () => void): () => void {
  if (signal.aborted) {
    let wanted = true
    queueMicrotask(() => {
      if (wanted) act()
    })
    return () => {
      wanted = false
    }
  }
  const all = waiting.get(signal) ?? listen(signal)
  all.add(act)
  return () => {
    if (!all.delete(act) || all.size > 0) return
    waiting.delete(signal)
    signal.removeEventListener('abort', onAbort)
  }
}

function listen(signal: AbortSignal): Set<() => void> {
  const all = new Set<() => void>()
  waiting.set(signal, all)
  signal.addEventListener('abort', onAbort, { once: true })
  return all
}

function onAbort(this: AbortSignal): void {
  const all = waiting.get(this)
  waiting.delete(this)
  for (const act of all ?? []) act()
}
