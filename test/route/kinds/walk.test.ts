// Every option that `links.add` and `links.set` take, set over itself again and again: the kernel has it then, as `get`, `list`
// and `ip` tell, or there is an error that names it, and nothing has changed.
import type { Link, LinkChanges, LinkOptions, NetNs } from '../../../lib/index'
import { linkKinds, portData } from '../../../lib/route/kinds'
import { creationAttributes } from '../../../lib/route/link_creation'
import { useNetNs } from '../../../lib/testing'
import { ownPrefix } from '../../support/namespaces'
import { itWithKind } from '../../support/needs'
import { shown } from './support'
import { samples } from './oracle'
import { elsewhere, linkWalk, portWalk, walks, type Walk } from './walk'

type Values = Readonly<Record<string, unknown>>

let ns: NetNs
const indices = new Map<string, number>()

useNetNs({
  prefix: ownPrefix,
  async prepare(net: { ns: NetNs }) {
    ns = net.ns
    for (const name of ['u0', 'u1']) indices.set(name, (await ns.links.add({ kind: 'ifb', name })).index)
  },
})

describe('the table has every option', () => {
  it.each(Object.entries(linkKinds))('of a %s', (kind, { data }) => {
    const options = Object.entries(data.table as Values).filter(([, row]) => !('reported' in (row as object[])[2]!))
    const sampled = (samples[kind] ?? []).flatMap((sample) => Object.keys(sample.options))
    const walked = new Set([...sampled, ...Object.keys(walks[kind] ?? {}).map((option) => option.split('.')[0])])
    const missing = options.map(([option]) => option).filter((option) => !walked.has(option))
    expect(missing.filter((option) => elsewhere[`${kind}.${option}`] === undefined)).toEqual([])
  })

  it('of a port', () => {
    const options = Object.entries(portData.bridge.table).filter(([, row]) => !('reported' in row[2]))
    const missing = options.map(([option]) => option).filter((option) => portWalk[option] === undefined)
    expect(missing.filter((option) => elsewhere[`port.${option}`] === undefined)).toEqual([])
  })

  it('of any link', () => {
    expect(Object.keys(linkWalk)).toEqual(expect.arrayContaining(Object.keys(creationAttributes)))
  })
})

interface Walked {
  readonly option: string
  readonly walk: Walk
  readonly add: (value: unknown) => Promise<Link>
  readonly plain: () => Promise<Link>
  readonly set: (value: unknown) => Promise<void>
  readonly told: (link: Link) => unknown
  readonly printed: (key: string) => Promise<unknown>
}

/** Whether an error says which option it is about, or one that it is given with. */
function names(error: unknown, option: string, { besides = {} }: Walk): boolean {
  const { message, field = '', attribute = '' } = error as { message: string; field?: string; attribute?: string }
  const bare = (text: string): string =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]/g, '')
      .replace(/multicast/g, 'mcast')
  const said = bare([message, field, attribute].join(' '))
  return [option.split('.').at(-1)!, ...Object.keys(besides)].some((name) => said.includes(bare(name)))
}

/** Without what runs by itself. */
function still(link: unknown): unknown {
  return JSON.parse(JSON.stringify(link).replace(/"\w+TimerSeconds":[\d.]+/g, '"timer":0'))
}

const expectedOf = ({ as = (same: never): unknown => same }: Walk, value: unknown): unknown => as(value as never)

async function isAsSaid({ walk, told, printed }: Walked, name: string, value: unknown): Promise<void> {
  const link = await ns.links.get(name)
  expect(told(link)).toEqual(expectedOf(walk, value))
  const listed = (await ns.links.list()).find(({ index }) => index === link.index)
  expect(still(listed)).toEqual(still(link))
  if (walk.ip === undefined) return
  const [key, as = (same: never): unknown => same] = walk.ip
  const wanted = as(value as never)
  const found = await printed(key)
  if (typeof wanted === 'object' && wanted !== null && 'has' in wanted)
    expect({ ...wanted, is: ((found ?? []) as unknown[]).includes(wanted.has) }).toEqual(wanted)
  else if (typeof found === 'boolean' && typeof wanted === 'number') expect(Number(found)).toBe(wanted)
  else expect(found).toEqual(wanted)
}

async function walkThrough(walked: Walked): Promise<void> {
  const { option, walk, add, plain, set, told } = walked
  const [first] = walk.values
  const nameAfter = (value: unknown): string => (option === 'name' ? String(value) : 'x')
  let name = nameAfter(first)
  try {
    await add(first)
    await isAsSaid(walked, name, first)
  } catch (error) {
    if ((error as Error).name === 'JestAssertionError' || 'matcherResult' in (error as object)) throw error
    expect(names(error, option, walk) ? option : error).toBe(option)
    expect(await ns.links.find(name)).toBeUndefined()
    name = (await plain()).name
  }
  for (const value of [...walk.values.slice(1), ...walk.values]) {
    const before = told(await ns.links.get(name))
    let refused: unknown
    await set(value).catch((error: unknown) => (refused = error))
    if (refused === undefined) {
      name = nameAfter(value)
      await isAsSaid(walked, name, value)
    } else {
      expect(names(refused, option, walk) ? option : refused).toBe(option)
      expect(told(await ns.links.get(name))).toEqual(before)
    }
  }
}

const valueOf = (option: string, value: unknown): Values => ({ [option.split('.')[0]!]: value })

for (const [kind, options] of Object.entries(walks)) {
  const itHas = itWithKind(kind)
  const lower = kind === 'vlan' || kind.startsWith('mac') ? { link: 'u0' } : {}
  const pair = kind === 'netkit' ? { peer: { name: 'xp' } } : {}
  const base = { kind, name: 'x', ...lower, ...pair, ...(kind === 'vxlan' ? { dstPort: 4000 } : {}) }
  for (const [option, walk] of Object.entries(options)) {
    itHas(`${kind} ${option}: each value replaces the one before, or is refused by name`, async () => {
      const own = valueOf(option, undefined)
      const without = { ...base, ...(kind === 'vrf' ? { table: 9 } : {}), ...(kind === 'vlan' ? { id: 9 } : {}) }
      const plain = kind === 'vxlan' && walk.besides?.learning !== false ? { ...without, id: 77 } : without
      const external = kind === 'vxlan' && walk.besides?.learning === false ? { collectMetadata: true } : {}
      const { reads } = walk
      await walkThrough({
        option,
        walk,
        add: async (value) =>
          ns.links.add({ ...base, ...walk.besides, ...valueOf(option, value) } as unknown as LinkOptions),
        plain: async () => {
          const rest = { ...plain, ...external, ...walk.besides, ...own } as Record<string, unknown>
          if (kind === 'bridge') delete rest.vlanFiltering
          return ns.links.add(rest as unknown as LinkOptions)
        },
        set: async (value) => {
          await ns.links.set('x', { kind, ...walk.besidesLater, ...valueOf(option, value) } as LinkChanges)
        },
        told(link) {
          const found = reads === undefined ? (link as unknown as Values)[option] : reads(link as never)
          return option === 'underlay' ? [...indices.values()].indexOf(found as number) : found
        },
        printed: async (key) => (await shown(ns, 'x')).linkinfo?.info_data?.[key],
      })
    })
  }
}

for (const [option, walk] of Object.entries(portWalk)) {
  it(`port ${option}: each value replaces the one before, or is refused by name`, async () => {
    await ns.links.add({ kind: 'bridge', name: 'br', up: true })
    await ns.links.add({ kind: 'ifb', name: 'p1', master: 'br' })
    const base = { kind: 'ifb', name: 'x', master: 'br', up: true } as const
    const port = (value: unknown): never => ({ ...walk.besides, ...valueOf(option, value) }) as never
    const { reads = ({ port }) => (port as unknown as Values | undefined)?.[option] } = walk
    await walkThrough({
      option,
      walk,
      add: async (value) => ns.links.add({ ...base, port: port(value) }),
      plain: async () => ns.links.add(base),
      set: async (value) => {
        await ns.links.set('x', { port: port(value) })
      },
      told: (link) => reads(link as never),
      printed: async (key) => (await shown(ns, 'x')).linkinfo?.info_slave_data?.[key],
    })
  })
}

for (const kind of ['ifb', 'veth', 'macvlan', 'dummy'] as const) {
  const itHas = itWithKind(kind)
  for (const [option, walk] of Object.entries(linkWalk)) {
    itHas(`${kind} ${option}: each value replaces the one before, or is refused by name`, async () => {
      if (option === 'master') for (const name of ['br', 'br2']) await ns.links.add({ kind: 'bridge', name })
      const base = {
        kind,
        name: 'x',
        ...(option === 'operState' ? { up: true } : {}),
        ...(kind === 'veth' ? { peer: { name: 'xp', up: true } } : {}),
        ...(kind === 'macvlan' ? { link: 'u0' } : {}),
      }
      let name = 'x'
      const { reads = (link: Values): unknown => link[option] } = walk
      const masters = new Map<unknown, unknown>([[0, 0]])
      for (const { name, index } of await ns.links.list({ kind: 'bridge' })) masters.set(index, name)
      await walkThrough({
        option,
        walk,
        add: async (value) => {
          const link = await ns.links.add({ ...base, ...valueOf(option, value) } as unknown as LinkOptions)
          name = link.name
          return link
        },
        plain: async () => ns.links.add(base as unknown as LinkOptions),
        set: async (value) => {
          await ns.links.set(name, valueOf(option, value) as LinkChanges)
          if (option === 'name') name = String(value)
        },
        told: (link) => (option === 'master' ? masters.get(reads(link as never)) : reads(link as never)),
        printed: async (key) => (await shown(ns, name))[key],
      })
    })
  }
}
