// What the addon holds at most for one Worker, or the main thread.
import { checkKeys } from '../wire/invalid'
import { checkInteger } from '../wire/integers'
import { addon } from '../native/addon'

/** What `configure` sets, for the Worker or main thread that calls it. What is left out stays as it is. */
export interface Limits {
  /**
   * How many namespaces and sockets may be made or opened before their calls are answered: `NetNs.create`, `open` and the
   * like, `connect`, a batch with `createNetNs`. Further such calls wait in a queue, in their order, where they have cost
   * neither a descriptor nor a namespace yet, and other calls do not wait for them. A batch that creates more than that
   * waits until it is alone. Where many are created one after another, a sixteenth of it, 4 at most, is made ahead, and
   * goes when no call comes for 20 ms. 1 to 1000000. Default: 64.
   */
  limit?: number | undefined
  /**
   * How many netlink sockets stay open for the next call, of the namespaces used last. Each costs a descriptor; to open
   * one again costs a call some microseconds. 1 to 1000000. Default: 64.
   */
  idleSockets?: number | undefined
}

const known = new Set(['limit', 'idleSockets'])
const most = 1_000_000
// Executor::kMostOpening and OpenSockets::kMost. All copies of the library share the addon, and what was set in it.
const defaults = { limit: 64, idleSockets: 64 }

/**
 * Sets how much the library holds at once, for this Worker or the main thread. Of descriptors it holds one for each open
 * handle, and besides at most `limit` for what is being opened, `idleSockets`, two for each of the four namespaces made
 * ahead, and two.
 * @throws TypeError, RangeError for a wrong limit, by name.
 * @example
 * configure({ limit: 16, idleSockets: 256 })
 */
export function configure(limits: Limits): void {
  checkKeys(limits, known)
  const set = (addon.limits ??= { ...defaults })
  const { limit = set.limit, idleSockets = set.idleSockets } = limits
  checkInteger(limit, 1, most, 'limit')
  checkInteger(idleSockets, 1, most, 'idleSockets')
  addon.limit(limit, idleSockets)
  addon.limits = { limit, idleSockets }
}
