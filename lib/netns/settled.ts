// Waiting until the kernel has freed the namespaces to which the last reference was dropped.
//
// It frees them on a thread of its own, in rounds: it takes all that nothing holds any more, unhashes their ids
// (RTM_DELNSID), undoes them, waits for what RCU still has to do (rcu_barrier), frees them together, and only then takes
// the next ones (cleanup_net of net/core/net_namespace.c). It reports no end. But a namespace of our own that is closed
// now is in the round under way or the next, and when its id is gone from the namespace that had given it one, its round has
// begun and all earlier ones have ended. Three such probes, one after another:
//
// 1. its round begins after the call, and ends with an rcu_barrier. So all that had a netlink socket, whose
//    reference the kernel drops by RCU after it was closed, have lost their last reference when that round ends;
// 2. its round begins after that one's end, so it or an earlier one has taken all of them;
// 3. its round begins after that one's end: they are freed.
import { setTimeout as sleep } from 'node:timers/promises'
import { BatchError } from '../errors'
import type { CallOptions } from '../native/jobs'
import { NetnsHandle } from '../native/netns_handle'
import { releasePrefetched } from '../native/netns_jobs'
import { commit, type CreationItem } from '../netlink/batch'
import { Plan } from '../netlink/plan'
import { Backoff } from '../backoff'
import { perform } from '../netlink/perform'
import { listNsids, setNsid } from '../route/nsids'
import { FutureNetns } from './future'
import { hasNoRoom, longestWaitMs } from './many'
import { Waiters } from './waiters'

const operation = 'NetNs.settled'
const probes = 3
const longestPauseMs = 8

/** NetNs.settled. */
export async function settled(options: CallOptions = {}): Promise<void> {
  const end = new AbortController()
  const caller = new Waiters<undefined>(() => {
    if (caller.length === 0) end.abort()
  })
  const told = caller.wait({ operation }, options)
  if (caller.length > 0) {
    sendProbes(end.signal).then(
      () => caller.serve(undefined),
      (error: unknown) => {
        caller.refuse(error)
      },
    )
  }
  return told
}

async function sendProbes(signal: AbortSignal): Promise<void> {
  await releasePrefetched(operation)
  const observer = await create(undefined, 0, signal)
  try {
    for (let id = 1; id <= probes; id++) {
      const probe = await create(observer, id, signal)
      probe.close()
      await freeingBegins(observer, id, signal)
    }
  } finally {
    observer.close()
  }
}

/** Creates a namespace to which the observer gives an id (RTM_NEWNSID). */
async function create(observer: NetnsHandle | undefined, id: number, signal: AbortSignal): Promise<NetnsHandle> {
  const netns = new FutureNetns('a probe', create)
  const creation: CreationItem<NetnsHandle> = {
    name: operation,
    creation: { netns, path: undefined, ephemeral: true },
    result: (created) => new NetnsHandle(created),
  }
  const items = observer === undefined ? [creation] : [creation, setNsid(observer, netns, id)]
  const deadline = performance.now() + longestWaitMs
  for (;;) {
    try {
      const [created] = await commit(Plan.of(items, { rollback: true, stop: true }), { operation }, { signal })
      return (created as PromiseFulfilledResult<NetnsHandle>).value
    } catch (error) {
      const cause: unknown = error instanceof BatchError ? error.cause : error
      if (!hasNoRoom(cause) || performance.now() > deadline) throw cause
      await sleep(longestPauseMs, undefined, { signal })
    }
  }
}

async function freeingBegins(observer: NetnsHandle, id: number, signal: AbortSignal): Promise<void> {
  const backoff = new Backoff({ min: 1, max: longestPauseMs })
  while ((await perform(listNsids(observer, operation), { signal })).includes(id)) {
    await sleep(backoff.next(), undefined, { signal })
  }
}
