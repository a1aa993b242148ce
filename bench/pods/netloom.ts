// How netloom makes pods: a batch each, one after another or all at once, or one batch for all.
import type { NetNs } from '../../lib/index'
import { milliseconds } from '../measure'
import { oneQueue } from '../namespaces'
import { macOf, nearEnd, numbersOf, podAddress, podGateway, type Lot, type PodMaker } from './pod'

type Batch = ReturnType<NetNs['batch']>

/** Notes the operations of a pod. */
export function notePod(batch: Batch, { prefix }: Lot, n: number): { readonly value: NetNs } {
  const pod = batch.createNetNs(`${prefix}${n}`)
  pod.links.set('lo', { up: true })
  batch.links.add({
    kind: 'veth',
    name: nearEnd(n),
    up: true,
    ...oneQueue,
    peer: { netns: pod, name: 'eth0', mac: macOf(n), up: true, ...oneQueue },
  })
  pod.addresses.add({ dev: 'eth0', address: podAddress })
  pod.routes.add({ dst: 'default', via: podGateway })
  return pod
}

/** Makes a pod: one batch. */
export async function makePod(lot: Lot, n: number): Promise<NetNs> {
  const batch = lot.host.batch()
  const pod = notePod(batch, lot, n)
  await batch.commit()
  return pod.value
}

/** Makes the pods of a lot by one batch. */
export async function makeTogether(lot: Lot): Promise<NetNs[]> {
  const batch = lot.host.batch()
  const pods = numbersOf(lot).map((n) => notePod(batch, lot, n))
  await batch.commit()
  return pods.map((pod) => pod.value)
}

/** The time until all are made. Their handles are closed then; the pins stay. */
async function timed(lot: Lot, makeAll: () => Promise<NetNs[]>): Promise<number> {
  let made: NetNs[] = []
  const took = await milliseconds(async () => {
    made = await makeAll()
  })
  if (made.length !== lot.count) throw new Error(`${made.length} pods were made of ${lot.count}`)
  for (const pod of made) pod.close()
  return took
}

export const sequential: PodMaker = {
  name: 'netloom, a batch each, awaited',
  side: 'netloom',
  share: 1,
  make: (_, lot) =>
    timed(lot, async () => {
      const made: NetNs[] = []
      for (const n of numbersOf(lot)) made.push(await makePod(lot, n))
      return made
    }),
}

export const concurrent: PodMaker = {
  name: 'netloom, a batch each, all at once',
  side: 'netloom',
  share: 1,
  make: (_, lot) => timed(lot, () => Promise.all(numbersOf(lot).map((n) => makePod(lot, n)))),
}

export const together: PodMaker = {
  name: 'netloom, all in one batch',
  side: 'netloom',
  share: 1,
  make: (_, lot) => timed(lot, () => makeTogether(lot)),
}
