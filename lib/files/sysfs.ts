// The attributes of a namespace's devices in sysfs.
import { checkCallOptions, type CallOptions } from '../native/jobs'
import { accessFiles, FileAccess, FileTree, foundIn, type FileRequest, type FileResult } from '../native/file_jobs'
import type { NetnsHandle } from '../native/netns_handle'
import { wrongType, wrongValue } from '../wire/invalid'
import { checkText } from '../wire/text'
import { checkRelative } from './paths'

/**
 * A network namespace's view of sysfs, where `class/net` has its devices. Each call makes a mount of the namespace's sysfs that
 * no other process sees, which takes CAP_SYS_ADMIN.
 * @example
 * const mtu = await ns.sysfs.get('class/net/eth0/mtu')
 */
export class Sysfs {
  readonly #netns: NetnsHandle

  /** @internal NetNs.sysfs */
  constructor(netns: NetnsHandle) {
    this.#netns = netns
  }

  /**
   * Reads an attribute, without the line feed at its end.
   * @param path - Relative to `/sys`.
   * @throws TypeError for a path that leads out of it; NetloomError: `ENOENT`; `EACCES`; `EINVAL` where the device has no
   *   such value just now.
   */
  async get(path: string, options?: CallOptions): Promise<string> {
    return String(await this.#access('sysfs.get', FileAccess.read, path, options)).replace(/\n$/, '')
  }

  /**
   * Writes an attribute.
   * @throws TypeError for a wrong path or value; NetloomError with the kernel's errno.
   */
  async set(path: string, value: string | number | bigint, options?: CallOptions): Promise<void> {
    if (!['string', 'number', 'bigint'].includes(typeof value)) throw wrongType('value', 'a string or number', value)
    const content = String(value)
    if (content.includes('\0')) throw wrongValue('value', 'a text without NUL', value)
    await this.#access('sysfs.set', FileAccess.write, path, options, content)
  }

  /** The names in a directory. */
  async list(path: string, options?: CallOptions): Promise<string[]> {
    return [...((await this.#access('sysfs.list', FileAccess.list, path, options)) as string[])].sort()
  }

  async #access(
    operation: string,
    what: FileAccess,
    path: unknown,
    options: CallOptions | undefined,
    content?: string,
  ): Promise<NonNullable<FileResult['found']>> {
    if (typeof path !== 'string') throw wrongType('path', 'a path below /sys', path)
    const relative = checkText(path, 1, 4095, 'path').replace(/^\/sys\//, '')
    const file: FileRequest = { path: checkRelative(relative, 'path', path), content, shown: path }
    checkCallOptions(options)
    const about = { operation, netns: this.#netns.label }
    const [result] = await accessFiles(about, this.#netns, FileTree.sysfs, what, [file], options)
    return foundIn(result, about, path)
  }
}
