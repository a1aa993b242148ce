// The addon's jobs on namespaces that need no privilege, as promises with errors in our terms.
import { forbiddenBy } from './forbidden'
import { addon, type NetnsDescription, type Started } from './addon'
import { runJob, type CallOptions } from './jobs'
import { kindFlags } from './kind_jobs'
import { encodeLaunch } from './launch_plan'
import { NetnsHandle } from './netns_handle'
import { unwrap } from './netns_jobs'

/** Which user namespace one is created in. */
export interface RootlessRequest {
  /** Lines of `/proc/PID/uid_map`; empty: one's own user, as root. */
  readonly users: string
  /** The same of groups. */
  readonly groups: string
  /** One that belongs to the user namespace which this one shall belong to. */
  readonly with?: NetnsHandle | undefined
}

/** Creates an anonymous namespace in a user namespace of this process. */
export async function createRootless(request: RootlessRequest, options?: CallOptions): Promise<NetnsHandle> {
  const operation = 'NetNs.create'
  const { users, groups, with: other } = request
  // Those with the same plan belong to the same user namespace; the one without maps is the addon's own.
  const plan =
    users === '' && groups === ''
      ? undefined
      : encodeLaunch({
          task: 'serve',
          made: kindFlags.user,
          flags: { helpers: true },
          parts: { uidMap: users, gidMap: groups },
        })
  const start = (): Started => addon.createRootless(plan, other?.use(operation) ?? 0)
  const completion = await runJob<NetnsDescription>({ operation }, start, options)
  const { errno, call } = completion
  return new NetnsHandle(unwrap(completion, { operation, hint: forbiddenBy(errno, call) }))
}

/** What a child of this process enters to be in a namespace: a descriptor, and its kind as a flag of setns(2). */
export interface ToJoin {
  /** Belongs to the handle, and is valid while that is open. */
  readonly fd: number
  /** `CLONE_NEWNET`, or `CLONE_NEWUSER` before it where only a user namespace gives the right to enter. */
  readonly kind: number
}

/** What a child enters, in this order, to be in the namespace. Nothing if it is there anyway. */
export async function findNamespacesToJoin(
  operation: string,
  netns: NetnsHandle,
  options?: CallOptions,
): Promise<ToJoin[]> {
  const about = { operation, netns: netns.label }
  const start = (): Started => addon.namespacesToJoin(netns.use(operation))
  const numbers = unwrap(await runJob<number[]>(about, start, options), about)
  const toJoin: ToJoin[] = []
  for (let i = 0; i < numbers.length; i += 2) {
    const [fd, kind] = numbers.slice(i) as [number, number]
    toJoin.push({ fd, kind })
  }
  return toJoin
}
