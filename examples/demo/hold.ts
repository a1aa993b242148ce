// Waiting, so that one can look around.
import type { NetNs } from 'netloom'
import { interruption } from './endings'
import { result } from './print'

/** Waits for a signal, and throws what it means. */
export async function lookAround(namespaces: readonly NetNs[]): Promise<void> {
  const names = namespaces.flatMap(({ name }) => name ?? [])
  result(names.length === 0 ? 'Ctrl-C ends it' : `Look around: ip -n ${names.join(' …, ip -n ')} …. Ctrl-C ends it`)
  const keepAlive = setInterval(() => undefined, 1000)
  await new Promise((resolve) => {
    interruption.addEventListener('abort', resolve)
  })
  clearInterval(keepAlive)
  interruption.throwIfAborted()
}
