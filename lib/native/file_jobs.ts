// The addon's job on files as a namespace shows them, as a promise with errors in our terms.
import { systemError } from '../errors'
import { addon, FileAccess, FileTree, type Started } from './addon'
import { runJob, type CallOptions } from './jobs'
import type { NetnsHandle } from './netns_handle'
import { unwrap, type About } from './netns_jobs'

export { FileAccess, FileTree }

/** A file that is read, written or looked into. */
export interface FileRequest {
  /** Below the tree, without `.` and `..`. */
  readonly path: string
  /** What is written to it. */
  readonly content?: string | undefined
  /** What errors call it. */
  readonly shown: string
}

/** What came of one: an errno, 0 for success; content, or the names or the paths and contents below it. */
export interface FileResult {
  readonly errno: number
  readonly call: string | undefined
  readonly found: Buffer | readonly (string | Buffer)[] | undefined
}

/** Accesses files of one tree in one job. Fails as a whole only if that cannot be begun. */
export async function accessFiles(
  about: About,
  netns: NetnsHandle,
  tree: FileTree,
  what: FileAccess,
  files: readonly FileRequest[],
  options?: CallOptions,
): Promise<FileResult[]> {
  const name = tree === FileTree.etc && !netns.label.includes('/') && !netns.label.includes(':') ? netns.label : ''
  const given = files.map(({ path, content = '' }) => `${path}\0${content}\0`).join('')
  const start = (): Started => addon.accessFiles(netns.use(about.operation), tree, what, name, given)
  const flat = unwrap(await runJob<unknown[]>(about, start, options), about)
  return files.map((_, i) => ({
    errno: flat[3 * i] as number,
    call: flat[3 * i + 1] as string | undefined,
    found: flat[3 * i + 2] as FileResult['found'],
  }))
}

/** What came of a file, or its failure as an error. */
export function foundIn(result: FileResult | undefined, about: About, shown: string): NonNullable<FileResult['found']> {
  const { errno = 0, call, found = [] } = result ?? {}
  if (errno !== 0) throw systemError({ ...about, errno, syscall: call, detail: shown })
  return found
}
