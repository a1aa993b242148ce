// How netloom makes pods: a batch each, one after another or all at once, or one batch for all.
import { hole, type NetNs, type PreparedBatch } from '../../lib/index'
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

interface Row {
  readonly ns: string
  readonly port: string
  readonly mac: string
}

/** Prepares the batch of a pod. */
function preparePod(host: NetNs): PreparedBatch<Row, NetNs, undefined> {
  return host.prepare({ ns: hole.name(), port: hole.device(), mac: hole.mac() }, (batch, { ns, port, mac }) => {
    const pod = batch.createNetNs(ns)
    pod.links.set('lo', { up: true })
    const peer = { netns: pod, name: 'eth0', mac, up: true, ...oneQueue }
    batch.links.add({ kind: 'veth', name: port, up: true, ...oneQueue, peer })
    pod.addresses.add({ dev: 'eth0', address: podAddress })
    pod.routes.add({ dst: 'default', via: podGateway })
  })
}

const rowOf = ({ prefix }: Lot, n: number): Row => ({
  ns: `${prefix}${n}`,
  port: nearEnd(n),
  mac: macOf(n),
})

let prepared: { readonly host: NetNs; readonly pod: ReturnType<typeof preparePod> } | undefined

/** Prepared once for a host. */
function podOf(host: NetNs): ReturnType<typeof preparePod> {
  if (prepared?.host !== host) prepared = { host, pod: preparePod(host) }
  return prepared.pod
}

/** Ways to make the pods of a lot. */
export const ways = {
  prepared: async (lot) => {
    const made: NetNs[] = []
    for (const n of numbersOf(lot)) made.push((await podOf(lot.host).run(rowOf(lot, n))).netns)
    return made
  },
  rows: async (lot) => {
    const rows = numbersOf(lot).map((n) => rowOf(lot, n))
    return (await podOf(lot.host).runMany(rows)).map(({ netns }) => netns)
  },
  each: async (lot) => {
    const made: NetNs[] = []
    for (const n of numbersOf(lot)) made.push(await makePod(lot, n))
    return made
  },
  atOnce: (lot) => Promise.all(numbersOf(lot).map((n) => makePod(lot, n))),
  together: makeTogether,
} as const satisfies Readonly<Record<string, (lot: Lot) => Promise<NetNs[]>>>

/** The name of a way. */
export type Way = keyof typeof ways

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

const maker = (name: string, way: Way): PodMaker => ({
  name: `netloom, ${name}`,
  side: 'netloom',
  share: 1,
  make: (_, lot) => timed(lot, () => ways[way](lot)),
})

export const sequential = maker('a batch each, awaited', 'each')
export const concurrent = maker('a batch each, all at once', 'atOnce')
export const together = maker('all in one batch', 'together')
export const preparedEach = maker('prepared, awaited', 'prepared')
export const preparedRows = maker('prepared, all rows as one job', 'rows')
