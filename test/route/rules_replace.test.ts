// rules.replace: exactly this rule at its priority, whatever was there, and whatever the kernel takes for the same.
import type { NetNs, RuleOptions } from '../../lib/index'
import { fresh, ip, ipJson } from '../support/namespaces'

let ns: NetNs
beforeEach(async () => {
  ns = await fresh()
})
afterEach(() => ns.delete())

const wanted = { priority: 1000, from: '10.0.0.0/24', table: 200 } as const

async function shown(at = 1000, family = '-4'): Promise<Record<string, unknown>[]> {
  return (await ipJson(ns, family, 'rule')).filter(({ priority }) => priority === at)
}

it('adds a rule where there is none', async () => {
  expect(await ns.rules.replace(wanted)).toMatchObject({ family: 'ipv4', ...wanted })
  expect(await shown()).toMatchObject([{ src: '10.0.0.0', srclen: 24, table: '200' }])
})

it('lets the very same one be, and sends nothing that changes', async () => {
  await ip(ns, 'rule', 'add', 'from', '10.0.0.0/24', 'table', '200', 'priority', '1000', 'protocol', 'static')
  expect(await ns.rules.replace(wanted)).toMatchObject({ ...wanted, protocol: 'static' })
  expect(await shown()).toHaveLength(1)
  await ns.rules.replace({ ...wanted, protocol: 'bgp' })
  expect(await shown()).toMatchObject([{ protocol: 'bgp' }])
})

it.each<[string, RuleOptions]>([
  ['another table', { ...wanted, table: 100 }],
  ['invert', { ...wanted, invert: true }],
  ['a mask of the mark', { ...wanted, mark: 0x10, markMask: 0xf0 }],
  ['tos', { ...wanted, tos: 8 }],
  ['less', { priority: 1000, table: 200 }],
  ['more', { ...wanted, iif: 'x', ipProtocol: 'tcp', uids: { start: 1, end: 5 } }],
  ['what is suppressed', { ...wanted, suppressPrefixLength: 0 }],
  ['another action', { priority: 1000, from: '10.0.0.0/24', action: 'blackhole' }],
])('replaces one that differs: %s', async (_what, old) => {
  await ns.rules.add(old)
  expect(await ns.rules.replace(wanted)).toMatchObject(wanted)
  const rules = await shown()
  expect(rules).toMatchObject([{ src: '10.0.0.0', srclen: 24, table: '200' }])
  expect(rules[0]).not.toHaveProperty('not')
  await ns.rules.replace(old) // and back
  const { priority, ...rest } = old
  expect(await ns.rules.list({ priority: 1000 })).toMatchObject([{ priority, ...rest }])
})

it.each([0, 1, 2, 3])('stays alone among others that it would be taken for, at place %p', async (place) => {
  const rules: RuleOptions[] = [
    { priority: 1000, table: 200 },
    { ...wanted, invert: true },
    { ...wanted, mark: 3 },
  ]
  rules.splice(place, 0, wanted)
  for (const rule of rules) {
    await ns.rules.ensure(rule)
  }
  expect(await shown()).toHaveLength(4)
  expect(await ns.rules.replace(wanted)).toMatchObject({ ...wanted, invert: false })
  const left = await shown()
  expect(left).toMatchObject([{ src: '10.0.0.0', srclen: 24, table: '200' }])
  expect(left[0]).not.toHaveProperty('fwmark')
  expect(left[0]).not.toHaveProperty('not')
})

it('leaves other priorities and the other family', async () => {
  await ns.rules.add({ ...wanted, priority: 999 })
  await ns.rules.add({ family: 'ipv6', priority: 1000, table: 7 })
  await ns.rules.add({ priority: 1000, table: 7 })
  await ns.rules.replace(wanted)
  expect([await shown(999), await shown(), await shown(1000, '-6')].map(({ length }) => length)).toEqual([1, 1, 1])
  await ns.rules.replace({ family: 'ipv6', priority: 1000, flowLabel: 5, table: 8 })
  expect(await shown(1000, '-6')).toMatchObject([{ table: '8' }])
})

it('takes back what list gave, with its range of ports', async () => {
  await ns.rules.add({ priority: 5, ipProtocol: 'udp', destinationPorts: { start: 10, end: 20 }, table: 9 })
  const [rule] = await ns.rules.list({ priority: 5 })
  if (rule === undefined) throw new Error('there is no rule')
  expect(await ns.rules.replace(rule)).toEqual(rule)
  expect(await ns.rules.replace({ ...rule, table: 10 })).toEqual({ ...rule, table: 10 })
  expect(await shown(5)).toHaveLength(1)
})

it("tells a VRF's rule and a tunnel's from others, and takes options of the call", async () => {
  await ns.rules.replace({ priority: 7, l3mdev: true }, { timeout: 5000 })
  expect(await shown(7)).toMatchObject([{ l3mdev: null }])
  const tunnel = { priority: 7, tunnelId: 5n, table: 8 }
  await ns.rules.replace(tunnel, { timeout: 5000 })
  await ns.rules.replace(tunnel)
  expect(await shown(7)).toMatchObject([{ table: '8' }])
  const aborted = ns.rules.replace({ priority: 7, table: 9 }, { signal: AbortSignal.abort() })
  await expect(aborted).rejects.toMatchObject({ code: 'ABORT_ERR' })
  expect(await shown(7)).toMatchObject([{ table: '8' }])
})

it('needs a priority', async () => {
  await expect(ns.rules.replace({ table: 5 })).rejects.toMatchObject({ name: 'TypeError', field: 'priority' })
  await expect(ns.rules.replace({ priority: 5, tabel: 5 } as never)).rejects.toMatchObject({ field: 'tabel' })
})
