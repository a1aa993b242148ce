// Pods a second: netloom's ways beside a C program that does nothing else, `ip`, and libraries.
import type { Benchmark, Comparison, Context, Figure } from './benchmark'
import { interleave } from './measure'
import { fresh, freshPrefix } from './namespaces'
import { describeMachine } from './machine'
import { oneThread, twoThreads } from './pods/floor'
import { ipBatch, ipEach } from './pods/ip'
import { npmIproute } from './pods/iproute'
import { concurrent, preparedEach, preparedRows, sequential, together } from './pods/netloom'
import { describePod, removePods, type Lot, type PodMaker } from './pods/pod'
import { pythonWithPyroute2, pyroute2Makers } from './pods/pyroute2'
import { regime } from './pods/regimes'
import type { NetNs } from '../lib/index'

/** Checks that all make the same pod, so that they can be compared. */
async function compare(context: Context, host: NetNs, makers: readonly PodMaker[]): Promise<void> {
  let expected: string | undefined
  for (const maker of makers) {
    const lot = { host, prefix: freshPrefix('same'), first: 70, count: 1 }
    await maker.make(context, lot)
    const found = await describePod(lot, lot.first)
    expected ??= found
    if (found !== expected) throw new Error(`${maker.name} makes ${found}; netloom makes ${expected}`)
    await removePods(lot)
  }
}

/** What each made in a second, in the median of several rounds. */
async function ratesOf(context: Context, host: NetNs, makers: readonly PodMaker[]): Promise<Record<string, number>> {
  const count = context.smoke ? 10 : 300
  const contenders = makers.map((maker): [string, () => Promise<number>] => [
    maker.name,
    async () => {
      const lot: Lot = {
        host,
        prefix: freshPrefix('pod'),
        first: 0,
        count: Math.max(2, Math.round(count * maker.share)),
      }
      const took = await maker.make(context, lot)
      await removePods(lot)
      return (1000 * lot.count) / took
    },
  ])
  return interleave(context.smoke ? 1 : 5, Object.fromEntries(contenders), context.onProgress)
}

export const pods: Benchmark = async (context) => {
  const python = await pythonWithPyroute2()
  const pyroute2 = python === undefined ? undefined : pyroute2Makers(python)
  const others = [ipBatch, ipEach, ...(pyroute2 === undefined ? [] : [pyroute2.born, pyroute2.moved]), npmIproute]
  const makers = [preparedEach, sequential, oneThread, concurrent, preparedRows, together, twoThreads, ...others]
  await using host = await fresh('host')
  await compare(context, host, makers)
  const rates = await ratesOf(context, host, makers)

  const free = await regime(context, 'free', { prepared: 1, rows: 0.97, each: 0.95 })
  const pinned = await regime({ ...context, core: 0 }, 'on one core', { prepared: 0.9, rows: 0.97, each: 0.85 })
  const figure = (ours: PodMaker, theirs: PodMaker, atLeast?: number): Figure => ({
    what: `pods a second: ${ours.name.replace('netloom, ', '')}`,
    netloom: rates[ours.name]!.toFixed(0),
    against: `${theirs.name} ${rates[theirs.name]!.toFixed(0)}`,
    ratio: rates[ours.name]! / rates[theirs.name]!,
    ...(atLeast === undefined ? {} : { bound: { atLeast } }),
  })
  const comparison: Comparison = {
    name: 'pods',
    title: 'Pods made in a second',
    unit: 'pods/s',
    logarithmic: true,
    rows: makers.map(({ name }) => name),
    series: (['netloom', 'floor', 'other'] as const).map((side) => ({
      name: { netloom: 'netloom', floor: 'C, nothing else', other: 'other tools' }[side],
      side,
      values: makers.map((maker) => (maker.side === side ? rates[maker.name] : undefined)),
    })),
  }
  return {
    figures: [
      ...free,
      ...pinned,
      figure(sequential, ipBatch, 3),
      figure(sequential, ipEach),
      ...(pyroute2 === undefined ? [] : [figure(sequential, pyroute2.moved, 15), figure(sequential, pyroute2.born)]),
      figure(sequential, npmIproute, 15),
    ],
    comparisons: [comparison],
    notes: [
      await describeMachine(context),
      ...(python === undefined ? ['pyroute2 is not there and was skipped: apt-get install python3-pyroute2'] : []),
    ],
  }
}
