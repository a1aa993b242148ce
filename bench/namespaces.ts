// Namespaces for benchmarks: with names of their own, gone when disposed and at the latest with the process.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { NetNs } from '../lib/index'

/** How all names of this process begin, those that other programs give among them. */
export const ownPrefix = `nlbench${process.pid}-`

let count = 0

/** A prefix that nothing has yet. */
export function freshPrefix(word: string): string {
  return `${ownPrefix}${word}${++count}-`
}

/** A namespace that other programs find by its name. */
export function fresh(word: string): Promise<NetNs> {
  return NetNs.create(freshPrefix(word).slice(0, -1), { ephemeral: true })
}

/** The name of a namespace that has one. */
export function nameOf(ns: NetNs): string {
  if (ns.name === undefined) throw new Error('another program finds a namespace only by its name')
  return ns.name
}

/** Veth ends with one queue each way: every further one costs the kernel time. */
export const oneQueue = { numTxQueues: 1, numRxQueues: 1 } as const

function removeLeftovers(): void {
  const names = existsSync('/run/netns') ? readdirSync('/run/netns') : []
  const lines = names.filter((name) => name.startsWith(ownPrefix)).map((name) => `netns delete ${name}\n`)
  if (lines.length > 0) spawnSync('ip', ['-force', '-batch', '-'], { input: lines.join('') })
}

/**
 * Deletes all named namespaces when the process ends, also by a failure or a signal: other programs have created names, and
 * measured namespaces are not ephemeral. On a signal, calls `interrupt` first.
 */
export function cleanUpAtEnd(interrupt: () => void = () => undefined): void {
  process.on('exit', removeLeftovers)
  for (const [signal, status] of [['SIGINT', 130] as const, ['SIGTERM', 143] as const]) {
    process.once(signal, () => {
      interrupt()
      setTimeout(() => process.exit(status), 100) // programs that were ended still finish a system call
    })
  }
}
