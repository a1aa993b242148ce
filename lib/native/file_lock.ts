// A lock of a file for as long as this process lives: the kernel releases it, also when the process is killed (flock(2)).
import { closeSync } from 'node:fs'
import { systemError } from '../errors'
import { errnoNumber } from '../errno'
import { checkPath } from '../wire/text'
import { addon } from './addon'

/** A lock that is held, by `lockFile`. */
export interface FileLock extends Disposable {
  /** Releases the lock; may be called again. */
  release(): void
}

/**
 * Locks a file, which is made if it is missing (mode 0600), for this process alone (flock(2), LOCK_EX): the kernel releases the lock when
 * the process ends, however it ends. A symbolic link is not followed. Nothing is waited for.
 * @param path - The file's absolute path.
 * @param operation - What errors call this call, for who has a name of its own for it.
 * @returns The lock; undefined if somebody else holds it, which another call of this process may be.
 * @throws TypeError, RangeError for a wrong path; what open(2) refuses, such as `ENOENT`, `EACCES` or `ELOOP`.
 * @example
 * using lock = lockFile('/run/my-agent/lock')
 * if (lock === undefined) throw new Error('another agent is running')
 */
export function lockFile(path: string, operation = 'lockFile'): FileLock | undefined {
  const [errno, syscall, kept] = addon.lockFile(checkPath(path))
  if (errno === errnoNumber('EAGAIN')) return undefined
  if (errno !== 0) throw systemError({ operation, errno, syscall, detail: path })
  let held = true
  const release = (): void => {
    if (!held) return
    held = false
    const fd = addon.takeSocket(kept as number)
    if (fd >= 0) closeSync(fd)
  }
  return { release, [Symbol.dispose]: release }
}
