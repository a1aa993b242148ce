// Recognizes processes by /proc, as a pid may be reused.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined // it has ended, or belongs to another user
  }
}

/** The command line of a process; undefined if there is none, or it has ended and waits for its parent. */
export function commandOf(pid: number): string[] | undefined {
  const text = read(`/proc/${pid}/cmdline`)
  return text === undefined || text === '' ? undefined : text.slice(0, -1).split('\0')
}

/** Whether a process has this argument. */
export function hasArgument(pid: number, argument: string): boolean {
  return commandOf(pid)?.includes(argument) === true
}

/** Whether a process has a handler for a signal. Before it has, SIGHUP would end it. */
export function catches(pid: number, signal: number): boolean {
  const mask = /^SigCgt:\s*([0-9a-f]+)$/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1]
  return mask !== undefined && ((BigInt(`0x${mask}`) >> BigInt(signal - 1)) & 1n) === 1n
}

/** The inode of a process's network namespace. */
export function netnsOf(pid: number): number | undefined {
  try {
    return Number(/\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/ns/net`))?.[1])
  } catch {
    return undefined
  }
}

/** The processes that have an argument with this beginning, by that argument. */
export function findByArgument(beginning: string): Map<string, number[]> {
  const found = new Map<string, number[]>()
  for (const name of readdirSync('/proc')) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const argument = commandOf(pid)?.find((one) => one.startsWith(beginning))
    if (argument === undefined) continue
    const pids = found.get(argument)
    if (pids === undefined) found.set(argument, [pid])
    else pids.push(pid)
  }
  return found
}
