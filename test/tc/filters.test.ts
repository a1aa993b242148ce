// Filters and their actions, against `tc` in both directions, and from one namespace into another.
import type { Filter, FilterOptions, NetNs } from '../../lib/index'
import { fresh, tc } from '../support/namespaces'
import { itWithTc } from '../support/needs'
import { filterCases as cases } from './filter_cases'

let red: NetNs
let blue: NetNs

async function prepare(ns: NetNs): Promise<void> {
  await ns.links.add({ kind: 'ifb', name: 'd0', txqlen: 1000, up: true })
  await ns.qdiscs.add({ dev: 'd0', kind: 'htb', handle: '1:' })
  await ns.qdiscs.add({ dev: 'd0', kind: 'clsact' })
}

beforeEach(async () => {
  red = await fresh()
  blue = await fresh()
  for (const ns of [red, blue]) await prepare(ns)
})

afterEach(async () => {
  await red.delete()
  await blue.delete()
})

const shown = (ns: NetNs, place: string): Promise<string> => tc(ns, `-d filter show dev d0 ${place}`)
const atPlace = (parent: string | undefined): string =>
  parent === 'ingress' || parent === 'egress' ? parent : `parent ${parent}`

describe.each(cases)('%s', (_, kind, args, options, listed) => {
  const mine = { dev: 'd0', parent: '1:', priority: 5, ...options } as FilterOptions
  const place = atPlace(mine.parent)
  const qdisc = place.startsWith('parent') ? 'root handle 1: htb' : 'clsact'
  const add = `filter add dev d0 ${place} prio 5 ${args}`
  const run = itWithTc(`qdisc add dev d0 ${qdisc} && tc ${add}`, `it has no ${kind}`)

  run('is the same by both, in both directions, and once more', async () => {
    await red.filters.add(mine)
    await tc(blue, add)
    const byUs = await shown(red, place)
    expect(byUs).toBe(await shown(blue, place))
    const at = { dev: 'd0', parent: mine.parent }
    const [ours, theirs] = await Promise.all([red, blue].map((ns) => ns.filters.list(at)))
    const bare = (filters: readonly Filter[]): unknown =>
      JSON.parse(JSON.stringify(filters), (key, value: unknown) => (key === 'statistics' ? undefined : value))
    expect(bare(theirs!)).toEqual(bare(ours!))
    expect(ours).toMatchObject([listed])

    await blue.filters.flush(at)
    expect(await blue.filters.list(at)).toEqual([])

    // An action that is gone has its index for a while: into a namespace that never had it.
    await using green = await fresh()
    await prepare(green)
    await green.filters.add({ ...ours![0], dev: 'd0' } as FilterOptions)
    expect(await shown(green, place)).toBe(byUs)
    expect(bare(await green.filters.list(at))).toEqual(bare(ours!))
  })
})

const u32 = {
  dev: 'd0',
  parent: '1:',
  kind: 'u32',
  protocol: 'ipv4',
  priority: 5,
  handle: '800::1',
  matches: [{ offset: 16, value: 0x0a000001 }],
  classid: '1:3',
} as const

test('filters are got, replaced, removed and flushed', async () => {
  await red.filters.add(u32)
  await red.filters.add({ ...u32, handle: '800::2', classid: '1:4' })
  const key = { dev: 'd0', parent: '1:', kind: 'u32', protocol: 'ipv4', priority: 5, handle: '800::1' } as const
  expect(await red.filters.get(key)).toMatchObject({ handle: '800::1', classid: '1:3', priority: 5, protocol: 'ipv4' })
  await expect(red.filters.add(u32)).rejects.toMatchObject({ code: 'EEXIST' })
  await red.filters.set({ ...u32, classid: '1:7' })
  expect(await red.filters.get(key)).toMatchObject({ classid: '1:7' })
  await red.filters.delete(key)
  expect(await red.filters.find(key)).toBeUndefined()
  expect(await red.filters.list({ dev: 'd0', parent: '1:' })).toMatchObject([{ handle: '800::2' }])
  await red.filters.flush({ dev: 'd0', parent: '1:' })
  expect(await red.filters.list({ dev: 'd0', parent: '1:' })).toEqual([])
})

test('a batch that fails takes back the filters that it added, by their handles', async () => {
  await red.filters.add(u32)
  const before = await red.filters.list({ dev: 'd0', parent: '1:' })
  const batch = red.batch({ rollback: true })
  batch.filters.add({ ...u32, handle: '800::9' })
  batch.links.delete('nothing')
  await expect(batch.commit()).rejects.toThrow(/links.delete/)
  expect(await red.filters.list({ dev: 'd0', parent: '1:' })).toEqual(before)
})

test('packets go to another device, and the action counts them', async () => {
  await red.links.add({
    kind: 'veth',
    name: 'v0',
    up: true,
    addrGenMode: 'none',
    peer: { name: 'v1', up: true, addrGenMode: 'none' },
  })
  await red.links.add({ kind: 'ifb', name: 'd1', up: true, addrGenMode: 'none' })
  await red.qdiscs.add({ dev: 'v1', kind: 'ingress' })
  await red.filters.add({
    dev: 'v1',
    parent: 'ingress',
    kind: 'u32',
    priority: 1,
    actions: [{ kind: 'mirred', mode: 'egressRedirect', to: 'd1' }],
  })
  const before = (await red.links.get('d1', { statistics: true })).statistics?.rxPackets ?? 0n
  await red.addresses.add({ dev: 'v0', address: '10.0.0.1/24' })
  await red.neighbors.add({ dev: 'v0', address: '10.0.0.2', mac: '02:00:00:00:00:02', state: 'permanent' })
  const socket = await red.createSocket({ type: 'udp4' })
  for (let i = 0; i < 5; i++) {
    await new Promise<void>((done) => {
      socket.send('hello', 9, '10.0.0.2', () => {
        done()
      })
    })
  }
  socket.close()
  const [filter] = await red.filters.list({ dev: 'v1', parent: 'ingress' })
  const [action] = (filter as { actions?: { statistics?: { packets: bigint } }[] }).actions ?? []
  expect(action?.statistics?.packets).toBeGreaterThanOrEqual(5n)
  expect((await red.links.get('d1', { statistics: true })).statistics?.rxPackets ?? 0n).toBeGreaterThanOrEqual(before)
})

const bad: readonly [string, object, RegExp | object][] = [
  ['a parent that is not there', { kind: 'u32', parent: '7:' }, /no such "parent"/],
  ['a priority of 65536', { kind: 'u32', priority: 65536 }, { field: 'priority' }],
  ['an option of another kind', { kind: 'u32', mask: 3 }, { field: 'mask' }],
  ['an action of no kind', { kind: 'u32', actions: [{ kind: 'mired' }] }, { field: 'actions[0].kind' }],
  [
    'an action with an option of another',
    { kind: 'u32', actions: [{ kind: 'mirred', vid: 3 }] },
    { field: 'actions[0].vid' },
  ],
  ['a word that is not at a multiple of 4', { kind: 'u32', matches: [{ offset: 3, value: 1 }] }, { field: 'matches' }],
  ['a handle of another form', { kind: 'u32', handle: 'x' }, { field: 'handle' }],
]

test.each(bad)('%s is refused', async (_, options, expected) => {
  const call = red.filters.add({ dev: 'd0', parent: '1:', priority: 5, ...options } as FilterOptions)
  if (expected instanceof RegExp) await expect(call).rejects.toThrow(expected)
  else await expect(call).rejects.toMatchObject(expected)
})
