// The namespaces that have names, whoever made them: files in the directory of `ip netns`.
import { isNotFound, NetloomError } from '../errors'
import type { CallOptions } from '../native/jobs'
import type { NetnsIdentity } from '../native/netns_handle'
import { listNetns, openNetns } from '../native/netns_jobs'
import { deleteLeftovers } from './leftovers'
import { deletePaths } from './delete_many'
import type { ProgressOptions } from './many'
import { namedDirectory, pathOfName } from './name'

/** A named namespace, as `NetNs.list` gives it. */
export interface NamedNetns extends NetnsIdentity {
  /** Its name: that of the file in `/run/netns`. */
  readonly name: string
  /** Its path, `/run/netns/NAME`. */
  readonly path: string
}

/** The named namespaces, by name. */
export async function listNamed(options?: CallOptions): Promise<NamedNetns[]> {
  const flat = await listNetns(namedDirectory, options)
  const found: NamedNetns[] = []
  for (let i = 0; i < flat.length; i += 3) {
    const name = flat[i] as string
    found.push({ name, path: pathOfName(name), device: flat[i + 1] as number, inode: flat[i + 2] as number })
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Whether a namespace is pinned at a path. */
export async function isNamed(path: string, name: string, options?: CallOptions): Promise<boolean> {
  try {
    const handle = await openNetns('NetNs.exists', { path }, name, options)
    handle.close()
    return true
  } catch (error) {
    const notOne = error instanceof NetloomError && error.code === 'EINVAL'
    if (notOne || isNotFound(error)) return false
    throw error
  }
}

/** Deletes those whose names begin with a prefix, and files there that are none. How many namespaces there were. */
export async function deleteBehind(prefix: string, options: ProgressOptions): Promise<number> {
  const found = (await listNamed()).filter(({ name }) => name.startsWith(prefix))
  await deleteLeftovers(prefix)
  return deletePaths(
    found.map(({ path }) => path),
    options,
  )
}
