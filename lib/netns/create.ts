// NetNs.create: by name, at a path, behind a prefix, anonymous, or without privilege.
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { createNetns } from '../native/netns_jobs'
import { createRootless } from '../native/rootless_jobs'
import { checkRootless, refusePinned, type RootlessOptions } from '../rootless/options'
import { wrongType } from '../wire/invalid'
import { checkPath } from '../wire/text'
import { checkPrefix, underPrefix, type Make } from './many'
import { checkFirst, checkName, pathOfName } from './name'

/** Options of `NetNs.create`. */
export interface CreateOptions extends CallOptions {
  /** Pins the namespace at this absolute path instead of under a name. The file must not exist. Default: none. */
  path?: string | undefined
  /** Unpins it when its handle is disposed or closed, and at the latest when the process or Worker ends. Default: false. */
  ephemeral?: boolean | undefined
  /** Creates it under a free name in `/run/netns` that begins with this prefix, even if other programs choose names, too. */
  prefix?: string | undefined
  /**
   * Creates it without any privilege, in a user namespace of this process. It is anonymous, as to pin it takes the right to
   * mount. All but `run` works as in any other; a veth can lead to namespaces of the same user namespace, not to the host.
   * Default: false.
   */
  rootless?: boolean | RootlessOptions | undefined
}

const createKeys = ['path', 'ephemeral', 'prefix', 'rootless']

/** NetNs.create: `make` makes the public handle. */
export async function createOne<Created>(
  first: string | CreateOptions | undefined,
  second: CreateOptions | undefined,
  make: Make<Created>,
): Promise<Created> {
  checkFirst(first)
  const named = typeof first === 'string' || second !== undefined
  const options = named ? second : first
  const name = named && first !== undefined ? checkName(first) : undefined
  checkCallOptions(options, createKeys)
  const { path: at, ephemeral = false, prefix, rootless, ...call } = options ?? {}
  const request = checkRootless(rootless)
  if (request !== undefined) refusePinned({ name, path: at, prefix })
  if (typeof ephemeral !== 'boolean') throw wrongType('ephemeral', 'a boolean', ephemeral)
  if (name !== undefined && at !== undefined) throw wrongType('path', 'left out where a name is given', at)
  if (prefix !== undefined) {
    if (name !== undefined || at !== undefined)
      throw wrongType('prefix', 'left out where a name or path is given', prefix)
    return underPrefix(checkPrefix(prefix), (chosen) => createAt(chosen, pathOfName(chosen), ephemeral, call, make))
  }
  if (request !== undefined) return make(await createRootless(request, call), undefined, undefined, true)
  const path = name === undefined ? (at === undefined ? undefined : checkPath(at)) : pathOfName(name)
  return createAt(name, path, ephemeral, call, make)
}

async function createAt<Created>(
  name: string | undefined,
  path: string | undefined,
  ephemeral: boolean,
  call: CallOptions,
  make: Make<Created>,
): Promise<Created> {
  const handle = await createNetns(path, ephemeral, name ?? path, call)
  return make(handle, name, path, ephemeral || path === undefined)
}
