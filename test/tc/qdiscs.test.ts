// Qdiscs, against `tc` in both directions, and from one namespace into another.
import { type NetNs, type Qdisc, type QdiscOptions } from '../../lib/index'
import { fresh, tc, tcJson } from '../support/namespaces'
import { itWithTc } from '../support/needs'
import { cases, withoutCounters } from './qdisc_cases'

let red: NetNs
let blue: NetNs

beforeEach(async () => {
  red = await fresh()
  blue = await fresh()
  for (const ns of [red, blue]) {
    // A device with queues, for the kinds that want some.
    await ns.links.add({ kind: 'ifb', name: 'd0', numTxQueues: 4, numRxQueues: 4, txqlen: 1000, up: true })
  }
})

afterEach(async () => {
  await red.delete()
  await blue.delete()
})

const shown = async (ns: NetNs): Promise<unknown> => {
  // What this version of tc prints of some kinds is no JSON.
  const printed = await tcJson(ns, 'qdisc', 'show', 'dev', 'd0').catch((error: unknown) => {
    if (error instanceof SyntaxError) return undefined
    throw error
  })
  if (printed === undefined) return (await tc(ns, '-d qdisc show dev d0')).replace(/refcnt \d+/g, '')
  const [first] = printed
  return first === undefined ? undefined : withoutCounters(first)
}

describe.each(cases)('%s', (sentence, args, options, listed) => {
  const mine = { dev: 'd0', ...options } as QdiscOptions
  const place = mine.kind === 'ingress' || mine.kind === 'clsact' ? 'ingress' : 'root'

  const run = itWithTc(`qdisc add dev d0 ${place === 'ingress' ? '' : 'root '}${args}`, `it has no qdisc ${mine.kind}`)

  run('is the same by both, in both directions, and once more', async () => {
    await red.qdiscs.add(mine)
    const byUs = await shown(red)
    await tc(blue, `qdisc add dev d0 ${place === 'ingress' ? '' : 'root '}${args}`.replace(/ +/g, ' '))
    expect(byUs).toEqual(await shown(blue))
    const [ours, theirs] = await Promise.all(
      [red, blue].map(async (ns): Promise<Qdisc> => ns.qdiscs.get({ dev: 'd0', parent: place })),
    )
    const { statistics, xstats: _own, dev: _dev, ...rest } = ours as Qdisc & { xstats?: unknown }
    expect(statistics).toMatchObject({ drops: 0, requeues: 0 })
    // Of 40 Gbit a tick is 320 bytes, and tc counts in microseconds.
    if (!sentence.includes('40 Gbit'))
      expect(theirs).toMatchObject({ ...rest, ...('seed' in theirs! ? { seed: theirs.seed } : {}) })
    expect(ours).toMatchObject(listed)

    await blue.qdiscs.delete({ dev: 'd0', parent: place })
    await blue.qdiscs.add({ ...ours, dev: 'd0' } as QdiscOptions)
    expect(await shown(blue)).toEqual(byUs)
    expect(await blue.qdiscs.get({ dev: 'd0', parent: place })).toMatchObject(rest)
  })
})
