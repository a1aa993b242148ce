// Files that are there whole or not at all: each is written beside its place and renamed into it.
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
  /** Whether it must be on the disk before the call resolves: what cannot be made again from something else. */
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

/** Makes a renaming last. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/**
 * Writes files: all of them beside their places first, so that a full disk changes none.
 * @returns When the durable ones are on the disk; the others are in their places by now.
 */
export async function replaceFiles(files: readonly FileContent[]): Promise<{ durable: Promise<void> }> {
  const written = await Promise.allSettled(files.map(writeBeside))
  const failed = written.find((one) => one.status === 'rejected')
  if (failed !== undefined) {
    await Promise.all(files.map(({ path }) => rm(`${path}.new`, { force: true })))
    throw failed.reason
  }
  const durable = Promise.all(files.filter(({ durable }) => durable).map(persist)).then(() => undefined)
  // It is waited for later.
  durable.catch(() => undefined)
  for (const { path } of files.filter(({ durable }) => !durable)) await rename(`${path}.new`, path)
  return { durable }
}

/** Lets the disk have a file before it gets its name, and the name then. */
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

/** Only the disk is waited for elsewhere: what has no wait in it costs less here than it does to go there and come back. */
function syncBriefly(path: string): Promise<void> {
  const fd = openSync(path, 'r')
  return new Promise((resolve, reject) => {
    fsync(fd, (error) => {
      closeSync(fd)
      if (error === null) resolve()
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- it is one
      else reject(failure(error, path))
    })
  })
}

/** Lets the disk have a file that was put in its place, and its name. */
export function makeLast(path: string): Promise<unknown> {
  const lasting = Promise.all([path, dirname(path)].map(syncBriefly))
  // It is waited for later.
  lasting.catch(() => undefined)
  return lasting
}

/** Writes one file that must be on the disk. */
export async function replaceDurably(path: string, text: string): Promise<void> {
  const { durable } = await replaceFiles([{ path, text, durable: true }])
  await durable
}

/** Writes a file that was not there: no disk is waited for, but a process that is killed leaves all of it or nothing. */
export function putNew(path: string, text: string): void {
  try {
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  } catch (error) {
    throw failure(error, path)
  }
}

/** More of a file than this is not read: that of a hundred thousand leases has a quarter of it. */
const mostRead = 32 << 20

/**
 * What is in a file; undefined if there is none, or something else than a file is in its place, for which nobody waits. It never takes
 * more memory than a large file of ours would.
 */
export function readIfThere(path: string): string | undefined {
  // An error is dear to make where it is what one expects.
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

/** Makes a directory that others may look into: dnsmasq may be somebody else. */
export function makeDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o755 })
}

/** Removes a directory and all that is in it. */
export function removeDirectory(path: string): void {
  rmSync(path, { recursive: true, force: true })
}
