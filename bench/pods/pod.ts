// The pod that all makers make alike: a named namespace, pinned; a veth pair whose far end eth0 has a chosen MAC; lo and
// eth0 up; an address; a default route. One queue each way at both ends.
import { setTimeout as sleep } from 'node:timers/promises'
import { NetNs } from '../../lib/index'
import type { Context, Side } from '../benchmark'

/** The address of every pod, and its gateway. */
export const podAddress = '10.0.0.2/24'
export const podGateway = '10.0.0.1'

/** Which pods: `first` to `first + count - 1`, named by the prefix and their number, with their near ends in the host. */
export interface Lot {
  readonly host: NetNs
  readonly prefix: string
  readonly first: number
  readonly count: number
}

/** One way to make pods. */
export interface PodMaker {
  readonly name: string
  readonly side: Side
  /** How many of a round's pods it makes; what is slow makes fewer. Its figure is a rate. */
  readonly share: number
  /** Makes the pods of a lot, and gives the milliseconds that it took. Its handles, if any, are closed. */
  readonly make: (context: Context, lot: Lot) => Promise<number>
}

/** The numbers of a lot's pods. */
export function numbersOf({ first, count }: Lot): number[] {
  return Array.from({ length: count }, (_, i) => first + i)
}

/** The name of a pod's near end. */
export function nearEnd(n: number): string {
  return `vh${n}`
}

/** The MAC of a pod's eth0. */
export function macOf(n: number): string {
  return `02:00:00:${[n >> 16, n >> 8, n].map((byte) => (byte & 255).toString(16).padStart(2, '0')).join(':')}`
}

/**
 * Waits until the kernel has freed pods, and their near ends with them, which it does in no order. Links are looked up one
 * by one: a dump takes the kernel a time that grows with the square of the pods, as each near end has its peer elsewhere.
 */
export async function freed(host: NetNs, numbers: readonly number[]): Promise<void> {
  for (const n of [...numbers].reverse()) {
    while ((await host.links.find(nearEnd(n))) !== undefined) await sleep(5)
  }
}

/** Deletes a lot's pods, whoever made them, and waits until they are freed. */
export async function removePods(lot: Lot): Promise<void> {
  await NetNs.deleteAll({ prefix: lot.prefix })
  await freed(lot.host, numbersOf(lot))
}

/** What makes pods equal, as text. */
export async function describePod({ host, prefix }: Lot, n: number): Promise<string> {
  await using pod = await NetNs.open(`${prefix}${n}`)
  const [near, lo, eth0] = [await host.links.get(nearEnd(n)), await pod.links.get('lo'), await pod.links.get('eth0')]
  const address = await pod.addresses.find({ dev: 'eth0', address: podAddress })
  const route = await pod.routes.find({ dst: 'default' })
  return [
    `vh: ${near.kind} ${near.up} ${near.numTxQueues} ${near.numRxQueues}`,
    `lo: ${lo.up}`,
    `eth0: ${eth0.up} ${eth0.mac} ${eth0.numTxQueues} ${eth0.numRxQueues}`,
    `address: ${address?.address}`,
    `route: ${route?.via} ${route?.dev === eth0.index}`,
  ].join('; ')
}
