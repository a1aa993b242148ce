// Namespaces for benchmarks: with names of their own, gone when disposed and at the latest with the process.
import { NetNs } from '../lib/index'

let count = 0

/** A namespace that other programs find by its name. */
export function fresh(word: string): Promise<NetNs> {
  return NetNs.create(`nlbench${process.pid}-${word}${++count}`, { ephemeral: true })
}

/** The name of a namespace that has one. */
export function nameOf(ns: NetNs): string {
  if (ns.name === undefined) throw new Error('another program finds a namespace only by its name')
  return ns.name
}

/** Veth ends with one queue each way: every further one costs the kernel time. */
export const oneQueue = { numTxQueues: 1, numRxQueues: 1 } as const
