// How the demo can end before its end: signals, which become an abort, so that `await using` cleans up as ever; and
// failures, in words.
import { constants } from 'node:os'
import { isAlreadyExists, NetloomError } from 'netloom'
import type { Options } from './options'

class Interruption extends Error {
  constructor(readonly signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP') {
    super(`interrupted by ${signal}`)
  }
}

const controller = new AbortController()

/** Aborted by Ctrl-C and the like. */
export const interruption: AbortSignal = controller.signal

/** From now on signals do not end the process, but what it does. */
export function interruptOnSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      controller.abort(new Interruption(signal))
    })
  }
  // The reader of a pipe that is gone, as of `npm run demo | head`.
  process.stdout.on('error', () => {
    controller.abort(new Interruption('SIGHUP'))
  })
}

/** A failure in words for the terminal, and the status to exit with. */
export function explain(error: unknown, { prefix, rootless, demo }: Options): { exitCode: number; sentence: string } {
  const { reason } = interruption as { reason: unknown }
  if (reason instanceof Interruption) {
    const exitCode = 128 + constants.signals[reason.signal]
    return { exitCode, sentence: `${reason.signal}: the namespaces are removed, and all that was in them.` }
  }
  if (error instanceof NetloomError && error.code === 'ERR_NETLOOM_OVS_NOT_INSTALLED') {
    return { exitCode: 1, sentence: error.message }
  }
  if (error instanceof NetloomError && error.code === 'EPERM' && !rootless) {
    const sentence =
      'The demo makes network namespaces and devices, which needs root or the capabilities CAP_NET_ADMIN and CAP_SYS_ADMIN. ' +
      'Without: npm run demo -- --rootless'
    return { exitCode: 1, sentence }
  }
  if (isAlreadyExists(error) && (error as NetloomError).operation === 'NetNs.create') {
    const taken = (error as NetloomError).netns ?? ''
    const sentence =
      `There is a network namespace "${taken}" already, and the demo leaves it alone: ` +
      `choose other names with "npm run ${demo} -- --prefix ${prefix}demo-".`
    return { exitCode: 1, sentence }
  }
  return { exitCode: 1, sentence: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
