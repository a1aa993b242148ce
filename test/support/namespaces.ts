// Namespaces for tests, with names of their own, and the programs of iproute2 as the oracle.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { NetNs, type CreateOptions } from '../../lib/index'

const run = promisify(execFile)
let count = 0

/**
 * Names that nobody else has, which is how the leak check finds what was left. Files that run one after another in a process
 * have different ones: what one of them leaves is in no other's way.
 */
export const ownPrefix = `nl${process.pid}${randomBytes(3).toString('hex')}-`

/** A name for a namespace. */
export function uniqueName(word = 'ns'): string {
  return `${ownPrefix}${word}${++count}`
}

/** A named namespace that goes when it is disposed, or with the process. */
export function fresh(word?: string, options?: CreateOptions): Promise<NetNs> {
  return NetNs.create(uniqueName(word), { ephemeral: true, ...options })
}

function nameOf(ns: NetNs): string {
  if (ns.name === undefined) throw new Error('the oracle finds a namespace by its name')
  return ns.name
}

/** What `ip -j -d …` prints, parsed. */
export async function ipJson<T = Record<string, unknown>[]>(ns: NetNs, ...args: string[]): Promise<T> {
  const { stdout } = await run('ip', ['-n', nameOf(ns), '-j', '-d', ...args])
  return JSON.parse(stdout.trim() === '' ? '[]' : stdout) as T
}

/** Lets `ip` change something. */
export async function ip(ns: NetNs, ...args: string[]): Promise<string> {
  return (await run('ip', ['-n', nameOf(ns), ...args])).stdout
}

/** What `bridge -j -d …` prints, parsed. */
export async function bridgeJson<T = Record<string, unknown>[]>(ns: NetNs, ...args: string[]): Promise<T> {
  const { stdout } = await run('bridge', ['-n', nameOf(ns), '-j', '-d', ...args])
  return JSON.parse(stdout.trim() === '' ? '[]' : stdout) as T
}
