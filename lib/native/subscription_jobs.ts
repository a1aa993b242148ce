// The addon's job that opens a netlink socket for what the kernel tells its groups, as a promise.
import { addon, type Started } from './addon'
import { runJob, type CallOptions } from './jobs'
import type { NetnsReference } from './netns_handle'
import { unwrap, type About } from './netns_jobs'

/** Opens such a socket, of no group yet: its number among the addon's datagrams. */
export async function openSubscription(
  about: About,
  netns: NetnsReference,
  protocol: number,
  bufferSize: number,
  options?: CallOptions,
): Promise<number> {
  const start = (): Started => addon.openSubscription(netns.use(about.operation), protocol, bufferSize)
  return unwrap(await runJob<number>(about, start, options), about)
}
