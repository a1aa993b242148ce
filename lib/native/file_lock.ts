// A lock of a file for as long as this process lives: the kernel lets go of it, also when the process is killed (flock(2)).
import { closeSync } from 'node:fs'
import { systemError } from '../errors'
import { errnoNumber } from '../errno'
import { addon } from './addon'

/** A lock that is held. */
export interface FileLock {
  /** Lets go of it; may be called again. */
  release(): void
}

/** Locks a file, which is made if it is missing; undefined if somebody else holds its lock. */
export function lockFile(path: string, operation: string): FileLock | undefined {
  const [errno, syscall, kept] = addon.lockFile(path)
  if (errno === errnoNumber('EAGAIN')) return undefined
  if (errno !== 0) throw systemError({ operation, errno, syscall, detail: path })
  let held = true
  return {
    release() {
      if (!held) return
      held = false
      const fd = addon.takeSocket(kept as number)
      if (fd >= 0) closeSync(fd)
    },
  }
}
