// Reads files, directories and symbolic links of a namespace.
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { accessFiles, FileAccess, foundIn, type FileResult } from '../native/file_jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { wrongType, wrongValue } from '../wire/invalid'
import { treePathOf } from './paths'

/** Options of `NetNs.readFile`. */
export interface ReadFileOptions extends CallOptions {
  /** The encoding of the returned string. Default: returns a Buffer. */
  encoding?: BufferEncoding | null | undefined
}

async function accessOne(
  operation: string,
  netns: NetnsHandle,
  what: FileAccess,
  path: unknown,
  options: CallOptions | undefined,
): Promise<NonNullable<FileResult['found']>> {
  const place = treePathOf(path)
  const shown = path as string
  const about = { operation, netns: netns.label }
  const [result] = await accessFiles(about, netns, place.tree, what, [{ path: place.path, shown }], options)
  return foundIn(result, about, shown)
}

/** @internal NetNs.readFile */
export async function readFile(
  netns: NetnsHandle,
  path: unknown,
  given?: BufferEncoding | null | ReadFileOptions,
): Promise<string | Buffer> {
  const options = typeof given === 'string' || given === null ? { encoding: given } : given
  checkCallOptions(options, readKeys)
  const { encoding, ...call } = options ?? {}
  if (encoding !== undefined && encoding !== null) {
    if (typeof encoding !== 'string') throw wrongType('encoding', 'a string', encoding)
    if (!Buffer.isEncoding(encoding)) throw wrongValue('encoding', 'an encoding of Buffer', encoding)
  }
  const bytes = (await accessOne('NetNs.readFile', netns, FileAccess.read, path, call)) as Buffer
  return encoding === undefined || encoding === null ? bytes : bytes.toString(encoding)
}

const readKeys = ['encoding']

/** @internal NetNs.readlink */
export async function readlink(netns: NetnsHandle, path: unknown, options?: CallOptions): Promise<string> {
  checkCallOptions(options)
  return String(await accessOne('NetNs.readlink', netns, FileAccess.link, path, options))
}

/** @internal NetNs.readdir */
export async function readdir(netns: NetnsHandle, path: unknown, options?: CallOptions): Promise<string[]> {
  checkCallOptions(options)
  const names = (await accessOne('NetNs.readdir', netns, FileAccess.list, path, options)) as readonly string[]
  return [...names].sort()
}
