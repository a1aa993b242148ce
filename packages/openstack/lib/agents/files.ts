// Writes files atomically: each under another name, and then renamed.
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoNumber, isNotFound, systemError } from 'netloom/errors'

/** A file to be written. */
export interface FileContent {
  readonly path: string
  readonly text: string
  /** Whether it must be on the disk before the call resolves: for files that cannot be derived from others. */
  readonly durable: boolean
}

function failure(error: unknown, path: string): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (code === undefined || syscall === undefined) return error
  const errno = errnoNumber(code) ?? 0
  return systemError({ operation: 'Agent.write', errno, syscall, detail: `${path}; what was there before has stayed` })
}

async function writeBeside({ path, text }: FileContent): Promise<void> {
  const beside = `${path}.new`
  const file = await open(beside, 'w', 0o644).catch((error: unknown) => {
    throw failure(error, path)
  })
  try {
    await file.writeFile(text)
  } catch (error) {
    await rm(beside, { force: true })
    throw failure(error, path)
  } finally {
    await file.close()
  }
}

/** Syncs a directory, so that a renaming is on the disk. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/**
 * Writes files: all of them under other names first, so that a full disk changes none.
 * @returns `durable` resolves when the durable ones are on the disk; all files are in their places already.
 */
export async function replaceFiles(files: readonly FileContent[]): Promise<{ durable: Promise<void> }> {
  const written = await Promise.allSettled(files.map(writeBeside))
  const failed = written.find((one) => one.status === 'rejected')
  if (failed !== undefined) {
    await Promise.all(files.map(({ path }) => rm(`${path}.new`, { force: true })))
    throw failed.reason
  }
  const durable = Promise.all(files.filter(({ durable }) => durable).map(persist)).then(() => undefined)
  // Awaited later.
  durable.catch(() => undefined)
  for (const { path } of files.filter(({ durable }) => !durable)) await rename(`${path}.new`, path)
  return { durable }
}

/** Syncs a file before it is renamed, and then the directory. */
async function persist({ path }: FileContent): Promise<void> {
  await syncFile(`${path}.new`, path)
  await rename(`${path}.new`, path)
  await syncDirectory(dirname(path))
}

async function syncFile(path: string, shown: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.sync()
  } catch (error) {
    throw failure(error, shown)
  } finally {
    await file.close()
  }
}

/** Only fsync(2) runs on another thread: calls that do not wait for the disk are faster on this one. */
function syncBriefly(path: string): Promise<void> {
  const fd = openSync(path, 'r')
  return new Promise((resolve, reject) => {
    fsync(fd, (error) => {
      closeSync(fd)
      if (error === null) resolve()
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- an error
      else reject(failure(error, path))
    })
  })
}

/** Syncs a file that is in its place, and the directory. */
export function makeLast(path: string): Promise<unknown> {
  const lasting = Promise.all([path, dirname(path)].map(syncBriefly))
  // Awaited later.
  lasting.catch(() => undefined)
  return lasting
}

/** Writes one file that must be on the disk. */
export async function replaceDurably(path: string, text: string): Promise<void> {
  const { durable } = await replaceFiles([{ path, text, durable: true }])
  await durable
}

/** Writes a new file without waiting for the disk; a process that is killed leaves all of it or nothing. */
export function putNew(path: string, text: string): void {
  try {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  } catch (error) {
    throw failure(error, path)
  }
}

/** The largest file that is read: one of a hundred thousand leases has a quarter of this. */
const mostRead = 32 << 20

/**
 * The content of a file; undefined if it does not exist, or is no regular file. Does not block, and reads no more than `mostRead`.
 */
export function readIfThere(path: string): string | undefined {
  // To throw an error takes long, and a missing file is the usual case.
  if (!existsSync(path)) return undefined
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch (error) {
    // A socket cannot be opened.
    if (isNotFound(error)) return undefined
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return undefined
    return stat.size <= mostRead ? readFileSync(fd, 'utf8').slice(0, mostRead) : readBeginning(fd)
  } finally {
    closeSync(fd)
  }
}

function readBeginning(fd: number): string {
  const beginning = Buffer.allocUnsafe(mostRead)
  const length = readSync(fd, beginning, 0, mostRead, 0)
  return beginning.toString('utf8', 0, length)
}

/** Creates a directory that other users may read: dnsmasq may run as one. */
export function makeDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o755 })
}

/** Removes a directory and all that is in it. */
export function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true })
}
