// Files in the directory of names that are no namespaces: what a process leaves that is killed at the wrong moment.
import { isNotFound } from '../errors'
import { listLeftovers, removeLeftover } from '../native/netns_jobs'
import { namedDirectory, pathOfName } from './name'

/** Removes those behind a prefix. Names that somebody is just making are left alone. */
export async function deleteLeftovers(prefix: string): Promise<void> {
  const names = (await listLeftovers(namedDirectory)).filter((name) => name.startsWith(prefix))
  for (const name of names) {
    try {
      await removeLeftover(pathOfName(name))
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }
}
