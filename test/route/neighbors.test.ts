// Neighbors and proxy entries, against `ip neighbor` in both directions; and wrong options, refused by name.
import {
  isAlreadyExists,
  isNotFound,
  type Neighbor,
  type NeighborFilter,
  type NeighborOptions,
  type NetNs,
} from '../../lib/index'
import { ip, ipJson } from '../support/namespaces'
import { cable, cables, sorted } from './cable'

const mac = '02:00:00:00:00:07'

/** What `ip` shows, without the entries that the kernel makes for multicast. */
async function shown(ns: NetNs, ...args: string[]): Promise<Record<string, unknown>[]> {
  const all = await ipJson(ns, 'neighbor', 'show', ...(args.length > 0 ? args : ['nud', 'all']))
  return sorted(all.filter(({ dst }) => !String(dst).startsWith('ff02::')))
}

/** What is listed, without those and without what depends on the time. */
async function listed(ns: NetNs, filter?: NeighborFilter): Promise<Partial<Neighbor>[]> {
  const list = (await ns.neighbors.list(filter)).filter(({ address }) => !address.startsWith('ff02::'))
  return sorted(list.map(({ confirmedSeconds: _c, usedSeconds: _u, updatedSeconds: _w, probes: _p, ...rest }) => rest))
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  )
}

type Case = [sentence: string, options: Omit<NeighborOptions, 'dev'>, args: string, listed: Partial<Neighbor>]
const v4 = '10.0.0.7'
const v6 = 'fd00::7'

const cases: Case[] = [
  [
    'is permanent',
    { address: v4, mac },
    `${v4} lladdr ${mac}`,
    { family: 'ipv4', dev: 3, address: v4, mac, state: 'permanent', flags: [] },
  ],
  [
    'is permanent, IPv6',
    { address: v6, mac },
    `${v6} lladdr ${mac}`,
    { family: 'ipv6', dev: 3, address: v6, mac, state: 'permanent' },
  ],
  [
    'has capitals in its addresses',
    { address: 'FD00:0::7', mac: '02-00-00-00-AB-CD' },
    `${v6} lladdr 02:00:00:00:ab:cd`,
    { address: v6, mac: '02:00:00:00:ab:cd' },
  ],
  ...(['reachable', 'stale', 'noarp'] as const).map((state): Case => [
    `is in the state ${state}`,
    { address: v4, mac, state },
    `${v4} lladdr ${mac} nud ${state}`,
    { state, mac },
  ]),
  ['is known not to answer', { address: v4, state: 'failed' }, `${v4} nud failed`, { state: 'failed' }],
  ['is a router', { address: v6, mac, router: true }, `${v6} lladdr ${mac} router`, { flags: ['router'] }],
  [
    'was learned by a control plane',
    { address: v4, mac, state: 'stale', extLearned: true },
    `${v4} lladdr ${mac} nud stale extern_learn`,
    { flags: ['extLearned'] },
  ],
  [
    'was made by somebody',
    { address: v4, mac, protocol: 'zebra' },
    `${v4} lladdr ${mac} protocol zebra`,
    { protocol: 'zebra' },
  ],
  [
    'was made by somebody without a name',
    { address: v6, mac, protocol: 77 },
    `${v6} lladdr ${mac} protocol 77`,
    { protocol: 77 },
  ],
]

describe('a neighbor that is added', () => {
  test.each(cases)('is, as with `ip neighbor add`, one that %s', async (_sentence, options, args, expected) => {
    await using both = await cables('neighbor')
    const { ours, theirs } = both
    await ours.neighbors.add({ dev: 'd0', ...options })
    await ip(theirs, 'neighbor', 'add', ...args.split(' '), 'dev', 'd0')

    expect(await shown(ours)).toEqual(await shown(theirs))
    const list = await listed(theirs)
    expect(list).toEqual([expect.objectContaining(expected)])
    expect(await listed(ours)).toEqual(list)
  })

  test.each([v4, v6])('may be a proxy entry, which only a list of those has: %s', async (address) => {
    await using both = await cables('neighbor')
    const { ours, theirs } = both
    await ours.neighbors.add({ dev: 'd0', address, proxy: true })
    await ip(theirs, 'neighbor', 'add', 'proxy', address, 'dev', 'd0')

    expect(await shown(ours, 'proxy')).toEqual(await shown(theirs, 'proxy'))
    for (const ns of [ours, theirs]) {
      expect(await listed(ns)).toEqual([])
      expect(await listed(ns, { proxy: true })).toMatchObject([{ address, dev: 3, flags: ['proxy'] }])
      expect(await ns.neighbors.get({ dev: 'd0', address, proxy: true })).not.toHaveProperty('state')
    }
  })

  test('may be kept resolved by the kernel, and says so', async () => {
    await using both = await cables('neighbor')
    const { ours, theirs } = both
    await ours.neighbors.add({ dev: 'd0', address: v4, managed: true })
    await ip(theirs, 'neighbor', 'add', v4, 'dev', 'd0', 'managed')
    for (const ns of [ours, theirs]) {
      expect(await shown(ns)).toMatchObject([{ dst: v4, managed: null }])
      expect(await listed(ns)).toMatchObject([{ address: v4, managed: true }])
    }
  })

  test.each([v4, v6])('is refused as existing if it is there already: %s', async (address) => {
    await using ns = await cable('neighbor')
    await ns.neighbors.add({ dev: 'd0', address, mac })
    const error = await failureOf(ns.neighbors.add({ dev: 'd0', address, mac: '02:00:00:00:00:08' }))
    expect(isAlreadyExists(error)).toBe(true)
    expect(error).toMatchObject({ syscall: 'RTM_NEWNEIGH', operation: 'neighbors.add', netns: ns.name })
    expect(await listed(ns)).toMatchObject([{ mac }])
  })

  test('tells its age and how often it was asked for', async () => {
    await using ns = await cable('neighbor')
    await ns.neighbors.add({ dev: 'd0', address: v4, mac })
    const { usedSeconds, confirmedSeconds, updatedSeconds, probes } = await ns.neighbors.get({ dev: 'd0', address: v4 })
    for (const age of [usedSeconds, confirmedSeconds, updatedSeconds]) {
      expect(age).toBeGreaterThanOrEqual(0)
      expect(age).toBeLessThan(30)
    }
    expect(probes).toBe(0)
  })
})

describe('a neighbor that is replaced', () => {
  test.each([v4, v6])('has the new address, state and flags: %s', async (address) => {
    await using ns = await cable('neighbor')
    await ip(ns, 'neighbor', 'add', address, 'lladdr', mac, 'dev', 'd0')
    await ns.neighbors.replace({ dev: 'd0', address, mac: '02:00:00:00:00:08', state: 'stale', extLearned: true })
    expect(await shown(ns)).toMatchObject([
      { dst: address, lladdr: '02:00:00:00:00:08', state: ['STALE'], extern_learn: null },
    ])
  })

  test('is added if it is not there', async () => {
    await using ns = await cable('neighbor')
    await ns.neighbors.replace({ dev: 'd1', address: v6, mac })
    expect(await shown(ns)).toMatchObject([{ dst: v6, dev: 'd1' }])
  })
})

test.each([v4, v6])('a neighbor that is changed has to be there: %s', async (address) => {
  await using ns = await cable('neighbor')
  const changed = { dev: 'd0', address, mac: '02:00:00:00:00:08' }
  await expect(ns.neighbors.change(changed)).rejects.toMatchObject({ code: 'ENOENT', operation: 'neighbors.change' })
  expect(await shown(ns)).toEqual([])
  await ip(ns, 'neighbor', 'add', address, 'lladdr', mac, 'dev', 'd0')
  await ns.neighbors.change(changed)
  expect(await shown(ns)).toMatchObject([{ dst: address, lladdr: '02:00:00:00:00:08' }])
})

async function mixed(): Promise<NetNs> {
  const ns = await cable('neighbor')
  await ip(ns, 'neighbor', 'add', v4, 'lladdr', mac, 'dev', 'd0')
  await ip(ns, 'neighbor', 'add', '10.0.0.8', 'lladdr', mac, 'nud', 'stale', 'dev', 'd0')
  await ip(ns, 'neighbor', 'add', '10.0.0.9', 'lladdr', mac, 'dev', 'd1')
  await ip(ns, 'neighbor', 'add', v6, 'lladdr', mac, 'dev', 'd0')
  await ip(ns, 'neighbor', 'add', 'proxy', '10.0.0.10', 'dev', 'd0')
  await ip(ns, 'neighbor', 'add', 'proxy', 'fd00::10', 'dev', 'd1')
  return ns
}

describe('neighbors that are there', () => {
  test('are found one by one, by address and device', async () => {
    await using ns = await mixed()
    expect(await ns.neighbors.get({ dev: 'd0', address: 'FD00::7' })).toMatchObject({ address: v6, dev: 3, mac })
    expect(await ns.neighbors.get({ dev: 2, address: '10.0.0.9' })).toMatchObject({ dev: 2 })
    expect(await ns.neighbors.find({ dev: 'd0', address: '10.0.0.9' })).toBeUndefined()
    expect(await ns.neighbors.find({ dev: 'd0', address: '10.0.0.10' })).toBeUndefined()
    expect(await ns.neighbors.find({ dev: 'd0', address: v4, proxy: true })).toBeUndefined()
  })

  test('are an error for `get` if they are not, as isNotFound says', async () => {
    await using ns = await mixed()
    for (const key of [{ address: '10.0.0.99' }, { address: 'fd00::99' }, { address: '10.0.0.99', proxy: true }]) {
      const error = await failureOf(ns.neighbors.get({ dev: 'd0', ...key }))
      expect(isNotFound(error)).toBe(true)
      expect(error).toMatchObject({ code: 'ENOENT', syscall: 'RTM_GETNEIGH', operation: 'neighbors.get' })
      expect((error as Error).message).toContain(key.address)
    }
    expect(await ns.neighbors.find({ dev: 'nosuch', address: v4 })).toBeUndefined()
  })

  test.each<[string, NeighborFilter | undefined, string[]]>([
    ['all', undefined, ['10.0.0.7', '10.0.0.8', '10.0.0.9', 'fd00::7']],
    ['of one device by name', { dev: 'd1' }, ['10.0.0.9']],
    ['of one device by index', { dev: 3, family: 'ipv4' }, ['10.0.0.7', '10.0.0.8']],
    ['of one family', { family: 'ipv6' }, ['fd00::7']],
    ['of one state', { state: 'stale' }, ['10.0.0.8']],
    ['of proxies', { proxy: true }, ['10.0.0.10', 'fd00::10']],
    ['of proxies of one family', { proxy: true, family: 'ipv6' }, ['fd00::10']],
    ['of proxies of one device', { proxy: true, dev: 'd0' }, ['10.0.0.10']],
    ['of what nothing meets', { dev: 'd1', state: 'stale' }, []],
  ])('are listed as the filter lets them through: %s', async (_what, filter, expected) => {
    await using ns = await mixed()
    expect((await listed(ns, filter)).map(({ address }) => address!).sort()).toEqual(expected)
  })

  test('are listed by the bridge whose ports they are at', async () => {
    await using ns = await mixed()
    await ns.links.add({ kind: 'bridge', name: 'br0' })
    await ip(ns, 'link', 'set', 'd1', 'master', 'br0')
    expect((await listed(ns, { master: 'br0' })).map(({ address }) => address)).toEqual(['10.0.0.9'])
  })
})

describe('neighbors that are deleted', () => {
  test.each([
    { dev: 'd0', address: v4 },
    { dev: 'd0', address: v6 },
    { dev: 2, address: '10.0.0.9' },
    { dev: 'd0', address: '10.0.0.10', proxy: true },
  ])('are gone, and nothing else is: %p', async (key) => {
    await using ns = await mixed()
    const keep = ({ dst }: Record<string, unknown>): boolean => dst !== key.address
    const [neighbors, proxies] = [await shown(ns), await shown(ns, 'proxy')]
    await ns.neighbors.delete(key)
    expect(await shown(ns, 'proxy')).toEqual(proxies.filter(keep))
    // A deleted neighbor may be shown as failed until the kernel's next round.
    const left = (await shown(ns)).filter(({ state }) => !(state as string[]).includes('FAILED'))
    expect(left).toEqual(neighbors.filter(keep))
  })

  test('may be named by what the list says of them', async () => {
    await using ns = await mixed()
    for (const neighbor of await ns.neighbors.list({ state: 'permanent' })) await ns.neighbors.delete(neighbor)
    expect(await listed(ns, { state: 'permanent' })).toEqual([])
  })

  test.each([{ address: v4 }, { address: v6 }, { address: v4, proxy: true }])(
    'are an error if they are not there, but not with `force`: %p',
    async (key) => {
      await using ns = await cable('neighbor')
      const error = await failureOf(ns.neighbors.delete({ dev: 'd0', ...key }))
      expect(isNotFound(error)).toBe(true)
      expect(error).toMatchObject({ syscall: 'RTM_DELNEIGH', operation: 'neighbors.delete' })
      await expect(ns.neighbors.delete({ dev: 'd0', ...key }, { force: true })).resolves.toBeUndefined()
    },
  )

  test.each<[string, NeighborFilter, string[], string[]]>([
    ['one device', { dev: 'd0' }, ['10.0.0.9'], ['10.0.0.10', 'fd00::10']],
    ['one family', { family: 'ipv4' }, ['fd00::7'], ['10.0.0.10', 'fd00::10']],
    ['one state', { state: 'stale' }, ['10.0.0.7', '10.0.0.9', 'fd00::7'], ['10.0.0.10', 'fd00::10']],
    ['proxies', { proxy: true }, ['10.0.0.7', '10.0.0.8', '10.0.0.9', 'fd00::7'], []],
    ['proxies of a device', { proxy: true, dev: 'd1' }, ['10.0.0.7', '10.0.0.8', '10.0.0.9', 'fd00::7'], ['10.0.0.10']],
  ])('are flushed as the filter lets them through: %s', async (_what, filter, neighbors, proxies) => {
    await using ns = await mixed()
    await ns.neighbors.flush(filter)
    const left = (await listed(ns)).filter(({ state }) => state !== 'failed')
    expect(left.map(({ address }) => address!).sort()).toEqual(neighbors)
    expect((await listed(ns, { proxy: true })).map(({ address }) => address!).sort()).toEqual(proxies)
  })

  test.each([[{}], [{ dev: undefined }], [undefined]])(
    'are never all there are: a filter without a condition is refused: %p',
    async (filter) => {
      await using ns = await mixed()
      expect(await failureOf(ns.neighbors.flush(filter as never))).toMatchObject({ field: 'filter' })
      expect(await shown(ns)).toHaveLength(4)
    },
  )
})

describe('options of neighbors', () => {
  let ns: NetNs

  beforeAll(async () => {
    ns = await cable('neighbor')
  })

  afterEach(async () => {
    expect([...(await shown(ns)), ...(await shown(ns, 'proxy'))]).toEqual([])
  })

  afterAll(async () => {
    await ns.delete()
  })

  test.each<[string, string, string, object]>([
    ['an address with a length', 'TypeError', 'address', { address: '10.0.0.7/24', mac }],
    ['an address with a zone', 'TypeError', 'address', { address: 'fe80::7%d0', mac }],
    ['a byte of 256', 'TypeError', 'address', { address: '10.0.0.256', mac }],
    ['an empty address', 'TypeError', 'address', { address: '', mac }],
    ['no address', 'TypeError', 'address', { mac }],
    ['a MAC of five bytes', 'TypeError', 'mac', { address: v4, mac: '02:00:00:00:00' }],
    ['a MAC of seven bytes', 'TypeError', 'mac', { address: v4, mac: `${mac}:08` }],
    ['a MAC without separators', 'TypeError', 'mac', { address: v4, mac: '020000000007' }],
    ['a MAC that is a number', 'TypeError', 'mac', { address: v4, mac: 7 }],
    ['no MAC where the state needs one', 'TypeError', 'mac', { address: v4, state: 'reachable' }],
    ['no MAC where it is not resolved', 'TypeError', 'mac', { address: v4, state: 'noarp' }],
    ['a MAC of a proxy entry', 'TypeError', 'mac', { address: v4, mac, proxy: true }],
    ['a state without such a name', 'TypeError', 'state', { address: v4, mac, state: 'dead' }],
    ['a state in a list', 'TypeError', 'state', { address: v4, mac, state: ['stale'] }],
    ['a state that all objects have', 'TypeError', 'state', { address: v4, mac, state: 'constructor' }],
    ['proxy that is no boolean', 'TypeError', 'proxy', { address: v4, proxy: 1 }],
    ['router that is no boolean', 'TypeError', 'router', { address: v6, mac, router: 'yes' }],
    ['extLearned that is no boolean', 'TypeError', 'extLearned', { address: v4, mac, extLearned: 1 }],
    ['managed that is no boolean', 'TypeError', 'managed', { address: v4, managed: 1 }],
    ['a protocol of 256', 'RangeError', 'protocol', { address: v4, mac, protocol: 256 }],
    ['a device with a slash', 'TypeError', 'dev', { dev: 'a/b', address: v4, mac }],
    ['a device with white space', 'TypeError', 'dev', { dev: 'a b', address: v4, mac }],
    ['the device 0', 'RangeError', 'dev', { dev: 0, address: v4, mac }],
    ['no device', 'TypeError', 'dev', { dev: undefined, address: v4, mac }],
    ['a typo', 'TypeError', 'lladr', { address: v4, lladr: mac }],
    ['a typo of an address', 'TypeError', 'adress', { adress: v4, mac }],
  ])('are refused by name for %s', async (_what, name, field, options) => {
    const refused = { name, field, code: expect.stringMatching(/^ERR_/) as string }
    await expect(ns.neighbors.add({ dev: 'd0', ...options } as never)).rejects.toMatchObject(refused)
    await expect(ns.neighbors.replace({ dev: 'd0', ...options } as never)).rejects.toMatchObject(refused)
    await expect(ns.neighbors.change({ dev: 'd0', ...options } as never)).rejects.toMatchObject(refused)
  })

  test.each<[string, string, string, object]>([
    ['family', 'TypeError', 'family', { family: 'inet6' }],
    ['state', 'TypeError', 'state', { state: 'dead' }],
    ['proxy', 'TypeError', 'proxy', { proxy: 1 }],
    ['dev', 'RangeError', 'dev', { dev: -1 }],
    ['master', 'TypeError', 'master', { master: 'a/b' }],
    ['an unknown one', 'TypeError', 'addres', { addres: v4 }],
  ])('are refused by name in a filter: %s', async (_what, name, field, filter) => {
    await expect(ns.neighbors.list(filter)).rejects.toMatchObject({ name, field })
    await expect(ns.neighbors.flush(filter)).rejects.toMatchObject({ name, field })
  })

  test('are not looked at where the handle is closed', async () => {
    const gone = await cable('neighbor')
    await gone.delete()
    const closed = { code: 'ERR_NETLOOM_CLOSED' }
    const key = { dev: 'd0', address: v4 }
    await expect(gone.neighbors.add({ ...key, mac })).rejects.toMatchObject(closed)
    await expect(gone.neighbors.get(key)).rejects.toMatchObject(closed)
    await expect(gone.neighbors.list()).rejects.toMatchObject(closed)
    await expect(gone.neighbors.delete(key, { force: true })).rejects.toMatchObject(closed)
    await expect(gone.neighbors.flush({ dev: 'd0' })).rejects.toMatchObject(closed)
  })
})
