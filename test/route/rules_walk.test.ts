// Every option of rules, with two values one over the other: the kernel has each as `get`, `list` and `ip` tell it, tells both
// apart, and removes just the one that is named; or there is an error that names the option, and nothing has changed.
import { isAlreadyExists, type NetNs, type Rule, type RuleOptions } from '../../lib/index'
import { ruleAttributes } from '../../lib/route/rule_attributes'
import { useNetNs } from '../../lib/testing'
import { ipJson, ownPrefix } from '../support/namespaces'

const net = useNetNs({ names: ['ns'], prefix: ownPrefix })

interface Walk {
  readonly values: readonly [unknown, unknown]
  /** What it is given with. */
  readonly besides?: Readonly<Record<string, unknown>>
  /** What a rule tells of a value. Default: the value. */
  readonly as?: (value: never) => unknown
  /** Where `ip -j rule` prints it, and as what. */
  readonly ip?: readonly [key: string, as?: (value: never) => unknown]
}

const hex = (value: number): string => `0x${value.toString(16)}`
const six = { family: 'ipv6' } as const
const range = (port: number | { start: number; end: number }): unknown =>
  typeof port === 'number' ? { start: port, end: port } : port

const walks: Readonly<Record<string, Walk>> = {
  family: { values: ['ipv4', 'ipv6'] },
  from: { values: ['10.1.0.0/16', '10.2.0.0/24'], ip: ['src', (prefix: string) => prefix.split('/')[0]] },
  to: { values: ['10.1.0.0/16', '10.2.0.0/24'], ip: ['dst', (prefix: string) => prefix.split('/')[0]] },
  table: { values: [101, 4294967295], ip: ['table', String] },
  action: { values: ['blackhole', 'prohibit'], besides: { table: undefined }, ip: ['action'] },
  goto: { values: [300, 400], besides: { table: undefined }, ip: ['goto'] },
  mark: { values: [16, 17], ip: ['fwmark', hex] },
  markMask: { values: [0xf0, 0xff], besides: { mark: 16 }, ip: ['fwmask', hex] },
  iif: { values: ['lo', 'nothere'], ip: ['iif'] },
  oif: { values: ['lo', 'nothere'], ip: ['oif'] },
  invert: {
    values: [true, false],
    besides: { from: '10.0.0.0/8' },
    as: (value: boolean) => (value ? true : undefined),
  },
  sourcePorts: { values: [80, { start: 90, end: 95 }], as: range },
  destinationPorts: { values: [80, { start: 90, end: 95 }], as: range },
  ipProtocol: { values: ['tcp', 'udp'], ip: ['ipproto'] },
  tos: { values: [8, 16], ip: ['tos', (tos: number) => `0x${tos.toString(16).padStart(2, '0')}`] },
  l3mdev: { values: [true, true], besides: { table: undefined } },
  uids: {
    values: [
      { start: 5, end: 5 },
      { start: 6, end: 9 },
    ],
  },
  suppressPrefixLength: { values: [0, 8], ip: ['suppress_prefixlen'] },
  suppressInterfaceGroup: { values: [5, 6], ip: ['suppress_ifgroup', String] },
  tunnelId: { values: [5n, 2n ** 40n], ip: ['tun_id', Number] },
  flow: { values: [5, 6] },
  dscp: { values: [8, 63] },
  dscpMask: { values: [0x38, 0x3f], besides: { dscp: 8 } },
  flowLabel: { values: [5, 0xfffff], besides: six },
  flowLabelMask: { values: [0xff, 0xfffff], besides: { ...six, flowLabel: 5 } },
  sourcePortMask: { values: [0xf0, 0xffff], besides: { sourcePorts: 80 } },
  destinationPortMask: { values: [0xf0, 0xffff], besides: { destinationPorts: 80 } },
  protocol: { values: ['static', 'bgp'], ip: ['protocol'] },
}

test('the table has every option', () => {
  const options = Object.keys(ruleAttributes.table).filter((option) => option !== 'pad' && option !== 'priority')
  expect(Object.keys(walks)).toEqual(expect.arrayContaining(options))
})

const priority = 100

async function printed(ns: NetNs, of: Rule['family']): Promise<Readonly<Record<string, unknown>>[]> {
  const rules = await ipJson(ns, of === 'ipv6' ? '-6' : '-4', 'rule')
  return rules.filter((rule) => rule.priority === priority)
}

const rest = async (ns: NetNs): Promise<Rule[]> => (await ns.rules.list()).filter((rule) => rule.priority === priority)

/** Whether an error says which option it is about. */
function names(error: unknown, option: string): boolean {
  const { message, field = '' } = error as { message: string; field?: string }
  return message.toLowerCase().includes(option.toLowerCase()) || field.startsWith(option)
}

test.each(Object.entries(walks))('%s: two values, one over the other', async (option, walk) => {
  const { ns } = net
  const { values, besides = {}, as = (same: never): unknown => same } = walk
  const [one, other] = values.map((value): RuleOptions => ({ priority, table: 100, ...besides, [option]: value }))
  const made: { options: RuleOptions; value: unknown }[] = []
  for (const [options, value] of [
    [one, values[0]],
    [other, values[1]],
  ] as [RuleOptions, unknown][]) {
    const before = await rest(ns)
    try {
      await ns.rules.add(options)
    } catch (error) {
      // The kernel takes some of them for the same.
      const taken = made.length === 1 && isAlreadyExists(error)
      expect(taken || names(error, option) ? option : error).toBe(option)
      expect(await rest(ns)).toEqual(before)
      continue
    }
    made.push({ options, value })
    const rule = await ns.rules.get(options)
    expect((rule as unknown as Record<string, unknown>)[option]).toEqual(as(value as never))
    expect(await rest(ns)).toContainEqual(rule)
    expect(await ns.rules.ensure(options)).toEqual({ made: false, value: rule })
    if (walk.ip !== undefined) {
      const [key, shownAs = (same: never): unknown => same] = walk.ip
      expect((await printed(ns, rule.family)).map((shown) => shown[key])).toContainEqual(shownAs(value as never))
    }
  }
  for (const { options, value } of made) {
    const rule = (await ns.rules.get(options)) as unknown as Record<string, unknown>
    expect(rule[option]).toEqual(as(value as never))
    const others = (await rest(ns)).filter((left) => JSON.stringify(left) !== JSON.stringify(rule))
    await ns.rules.delete(options)
    expect(await rest(ns)).toEqual(others)
  }
})
