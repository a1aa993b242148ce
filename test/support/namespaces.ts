// Namespaces for tests, with names of their own, and the programs of iproute2 as the oracle.
import { randomBytes } from 'node:crypto'
import { NetNs, type CreateOptions } from '../../lib/index'
import { runProgram } from './programs'

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
  const { stdout } = await runProgram('ip', ['-n', nameOf(ns), '-j', '-d', ...args])
  return JSON.parse(stdout.trim() === '' ? '[]' : stdout) as T
}

/** What `ip -j -d …` prints for each of some commands, such as `link show`, parsed. */
export async function ipJsonOfEach(
  ns: NetNs,
  commands: readonly string[],
  ...options: readonly string[]
): Promise<unknown[]> {
  const { stdout } = await runProgram(
    'ip',
    [...options, '-n', nameOf(ns), '-j', '-d', '-batch', '-'],
    commands.join('\n'),
  )
  const printed = stdout.split('\n').slice(0, -1)
  if (printed.length !== commands.length) throw new Error(`ip printed ${printed.length} lines: ${stdout}`)
  return printed.map((line) => JSON.parse(line) as unknown)
}

/** Lets `ip` change something. */
export async function ip(ns: NetNs, ...args: string[]): Promise<string> {
  return (await runProgram('ip', ['-n', nameOf(ns), ...args])).stdout
}

/** Lets `ip` change several things, such as `address add …`, with the options before them. */
export async function ipBatch(ns: NetNs, commands: readonly string[], ...options: readonly string[]): Promise<void> {
  await runProgram('ip', [...options, '-n', nameOf(ns), '-batch', '-'], commands.join('\n'))
}

/** What `bridge -j -d …` prints, parsed. */
export async function bridgeJson<T = Record<string, unknown>[]>(ns: NetNs, ...args: string[]): Promise<T> {
  const { stdout } = await runProgram('bridge', ['-n', nameOf(ns), '-j', '-d', ...args])
  return JSON.parse(stdout.trim() === '' ? '[]' : stdout) as T
}

/** What `tc -j -d -s …` prints, parsed. */
export async function tcJson<T = Record<string, unknown>[]>(ns: NetNs, ...args: string[]): Promise<T> {
  const { stdout } = await runProgram('tc', ['-n', nameOf(ns), '-j', '-d', '-s', ...args])
  return JSON.parse(stdout.trim() === '' ? '[]' : stdout) as T
}

/** Lets `tc` change something: its arguments in one string. */
export async function tc(ns: NetNs, args: string): Promise<string> {
  return (await runProgram('tc', ['-n', nameOf(ns), ...args.trim().split(/ +/)])).stdout
}
