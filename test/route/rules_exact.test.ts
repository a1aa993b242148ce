// Of several rules of one priority, just the one that is meant goes: the kernel removes the first that has what a message
// names, and a message cannot name what a rule lacks, nor some of what it has.
import type { NetNs, Rule, RuleOptions } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ipJson, ownPrefix } from '../support/namespaces'

const net = useNetNs({ prefix: ownPrefix })

/** What `ip rule` prints of one priority, in its order. */
async function shown(ns: NetNs, family: '-4' | '-6' = '-4'): Promise<Record<string, unknown>[]> {
  const rules = await ipJson(ns, family, 'rule', 'list')
  return rules.filter(({ priority }) => priority === 100)
}

async function listed(ns: NetNs): Promise<Rule[]> {
  return ns.rules.list({ priority: 100 })
}

const base = { priority: 100, table: 5 } as const

/** A rule, and one behind it that asks for less, or for something that the kernel does not compare. */
const pairs: readonly (readonly [RuleOptions, RuleOptions])[] = [
  [{ ...base, from: '10.0.0.0/8' }, base],
  [
    { ...base, to: 'fd00::/64' },
    { ...base, family: 'ipv6' },
  ],
  [
    { ...base, iif: 'lo' },
    { ...base, mark: 5 },
  ],
  [
    { ...base, mark: 5, iif: 'lo' },
    { ...base, mark: 5 },
  ],
  [
    { ...base, invert: true, from: '10.0.0.0/8' },
    { ...base, from: '10.0.0.0/8' },
  ],
  [
    { ...base, from: '10.0.0.0/8' },
    { ...base, invert: true, from: '10.0.0.0/8' },
  ],
  [{ ...base, tos: 16 }, base],
  [{ ...base, uids: { start: 5 } }, base],
  [
    { ...base, destinationPorts: 80, ipProtocol: 'tcp' },
    { ...base, ipProtocol: 'tcp' },
  ],
  [{ ...base, suppressPrefixLength: 0 }, base],
  [{ ...base, suppressInterfaceGroup: 7 }, base],
  [{ ...base, protocol: 'static', iif: 'lo' }, base],
  [{ ...base, tunnelId: 9n }, base],
  [{ ...base, flow: 9 }, base],
  [
    { priority: 100, goto: 200 },
    { priority: 100, goto: 300 },
  ],
  [
    { priority: 100, l3mdev: true, iif: 'lo' },
    { priority: 100, l3mdev: true },
  ],
]

describe('of two rules of one priority', () => {
  it.each(pairs)('%p stays where the one behind it, %p, is deleted as it was listed', async (first, second) => {
    const { ns } = net
    await ns.rules.add(first)
    const [stays] = await listed(ns)
    await ns.rules.ensure(second)
    const [, goes] = await listed(ns)
    await ns.rules.delete(goes!)
    expect(await listed(ns)).toEqual([stays])
    await expect(ns.rules.delete(goes!)).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await listed(ns)).toEqual([stays])
  })

  it.each(pairs)('%p goes, and %p stays', async (first, second) => {
    const { ns } = net
    await ns.rules.add(first)
    await ns.rules.ensure(second)
    const [goes, stays] = await listed(ns)
    await ns.rules.delete(goes!)
    expect(await listed(ns)).toEqual([stays])
  })
})

test.each([{ invert: false }, { tos: 0 }, { invert: false, mark: 0 }])(
  'a flush by what a rule lacks, %p, leaves those before, between and behind, in their order',
  async (lacks) => {
    const { ns } = net
    const has = 'invert' in lacks ? { invert: true } : { tos: 16 }
    for (const from of ['10.1.0.0/16', '10.2.0.0/16', '10.3.0.0/16']) {
      await ns.rules.add({ ...base, from, ...has })
      await ns.rules.ensure({ ...base, from })
      await ns.rules.ensure({ ...base })
    }
    const before = await shown(ns)
    expect(before).toHaveLength(7)
    const stay = (await listed(ns)).filter((rule) => ('invert' in lacks ? rule.invert : rule.tos === 16))
    await ns.rules.flush({ priority: 100, ...lacks })
    expect(await listed(ns)).toEqual(stay)
    expect((await shown(ns)).map(({ src }) => src)).toEqual(['10.1.0.0', '10.2.0.0', '10.3.0.0'])
  },
)

test('a goto whose target is made anew still goes to it', async () => {
  const { ns } = net
  await ns.rules.add({ priority: 50, goto: 100 })
  await ns.rules.add({ ...base, iif: 'lo' })
  await ns.rules.ensure(base)
  const [stays, goes] = await listed(ns)
  await ns.rules.delete(goes!)
  expect(await listed(ns)).toEqual([stays])
  expect((await ns.rules.get({ priority: 50 })).flags).toEqual([])
})

test('many rules of one priority: the one that is meant goes, within a second', async () => {
  const { ns } = net
  const batch = ns.batch()
  for (let i = 0; i < 1000; ++i) batch.rules.add({ ...base, from: `10.${i >> 8}.${i & 255}.0/24` })
  await batch.commit()
  await ns.rules.ensure(base)
  const all = await listed(ns)
  const begun = performance.now()
  await ns.rules.delete(all.at(-1)!)
  expect(performance.now() - begun).toBeLessThan(1000)
  expect(await listed(ns)).toEqual(all.slice(0, -1))
})

test('a batch that is rolled back leaves the rules as they were, in their order', async () => {
  const { ns } = net
  await ns.rules.add({ ...base, iif: 'lo' })
  await ns.rules.ensure(base)
  await ns.rules.ensure({ ...base, mark: 7 })
  const before = await listed(ns)
  const batch = ns.batch({ rollback: true })
  batch.rules.delete(before[1]!)
  batch.links.delete('nope')
  await expect(batch.commit()).rejects.toThrow()
  expect(await listed(ns)).toEqual(before)
})
