// The addon's jobs on namespaces of all kinds, as promises with errors in our terms.
import { addon, type NetnsDescription, type Started } from './addon'
import { forbiddenBy } from './forbidden'
import { runJob, type CallOptions } from './jobs'
import { encodeLaunch } from './launch_plan'
import type { launchAbout } from './layout'
import { NetnsHandle } from './netns_handle'
import { unwrap, type About, type NetnsSource } from './netns_jobs'

/** The eight kinds of namespaces, named as in `/proc/PID/ns`. */
export type NamespaceKind = 'cgroup' | 'ipc' | 'mnt' | 'net' | 'pid' | 'time' | 'user' | 'uts'

/** Their flags of clone(2). */
export const kindFlags: Readonly<Record<NamespaceKind, number>> = {
  cgroup: 0x02000000,
  ipc: 0x08000000,
  mnt: 0x00020000,
  net: 0x40000000,
  pid: 0x20000000,
  time: 0x00000080,
  user: 0x10000000,
  uts: 0x04000000,
}

/** A namespace that was opened or created. */
export interface OfKind {
  readonly kind: NamespaceKind
  readonly handle: NetnsHandle
}

type Described = readonly [kind: NamespaceKind, description: NetnsDescription]

const toHandle = ([kind, description]: Described, label?: string): OfKind => ({
  kind,
  handle: new NetnsHandle(description, label ?? `${kind}:[${description[2]}]`),
})

/** What a set of namespaces is created with; texts are empty where nothing is said. */
export interface SetRequest {
  readonly kinds: readonly NamespaceKind[]
  readonly users: string
  readonly groups: string
  readonly host: string
  readonly domain: string
  readonly offsets: string
}

/** Creates namespaces of several kinds at once; `first` is the process that holds the pid namespace, if there is one. */
export async function createSet(
  request: SetRequest,
  options?: CallOptions,
): Promise<{ members: OfKind[]; first: number | undefined }> {
  const about = { operation: 'Namespace.create' }
  const { kinds, users, groups, host, domain, offsets } = request
  const plan = encodeLaunch({
    task: 'make',
    made: kinds.reduce((all, kind) => all | kindFlags[kind], 0),
    flags: { helpers: kinds.includes('user') },
    parts: { uidMap: users, gidMap: groups, host, domain, offsets },
  })
  const start = (): Started => addon.createNamespaces(plan)
  const completion = await runJob<[number, ...(string | NetnsDescription)[]]>(about, start, options)
  const { errno, call } = completion
  const hint = kinds.includes('user') ? forbiddenBy(errno, call) : undefined
  const [first, ...made] = unwrap(completion, { ...about, hint })
  const members: OfKind[] = []
  for (let i = 0; i < made.length; i += 2) members.push(toHandle(made.slice(i) as unknown as Described))
  return { members, first: first === 0 ? undefined : first }
}

/** Opens a namespace that exists; with a path or descriptor of whatever kind it is. */
export async function openKind(
  operation: string,
  source: NetnsSource,
  kind?: NamespaceKind,
  options?: CallOptions,
): Promise<OfKind> {
  const [[name, which]] = Object.entries(source) as [['path' | 'fd' | 'pid' | 'tid', string | number]]
  const start = (): Started => addon.openNamespace(kind ?? '', name, which)
  const completion = await runJob<Described>({ operation }, start, options)
  const what = `${name} ${which}`
  const detail =
    completion.errno === EINVAL ? `${what} is not a namespace${kind === undefined ? '' : ` (${kind})`}` : what
  return toHandle(unwrap(completion, { operation, detail }), name === 'path' ? String(which) : undefined)
}

const EINVAL = 22

/** The parent of a namespace, or the user namespace that it belongs to. */
export async function openRelative(
  about: About,
  of: NetnsHandle,
  parent: boolean,
  call?: CallOptions,
): Promise<OfKind> {
  const start = (): Started => addon.openRelative(of.use(about.operation), parent)
  return toHandle(unwrap(await runJob<Described>(about, start, call), about))
}

/** Pins a namespace at a path. */
export async function pinKind(about: About, of: NetnsHandle, path: string, call?: CallOptions): Promise<void> {
  unwrap(await runJob(about, () => addon.pinNamespace(of.use(about.operation), path), call), about)
}

/** Asks a namespace for what it is for, or changes it. */
export async function askKind(
  about: About,
  of: NetnsHandle,
  what: 'owner' | keyof typeof launchAbout,
  change?: string,
  call?: CallOptions,
): Promise<string> {
  const parts = change === undefined ? {} : { [what]: change }
  const changes = change !== undefined
  const plan = what === 'owner' ? undefined : encodeLaunch({ task: 'ask', about: what, changes, parts })
  const start = (): Started => addon.askNamespace(of.use(about.operation), plan)
  return unwrap(await runJob<string>(about, start, call), about)
}

/** Ends the first process of a pid namespace that was created here. */
export async function endFirst(about: About, of: NetnsHandle): Promise<void> {
  unwrap(await runJob(about, () => addon.endNamespace(of.use(about.operation))), about)
}

/** The namespaces of the machine: kind, inode, processes, pid, uid, command, descriptors, mounts, and again. */
export async function listMachine(operation: string, options?: CallOptions): Promise<readonly (string | number)[]> {
  return unwrap(await runJob<(string | number)[]>({ operation }, () => addon.listNamespaces(), options), { operation })
}
