// Settings that links of all kinds have: what we set, `ip` shows; what `ip` sets, we list.
import type { Link, LinkCreation, LinkSettings, NetNs } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ip, ipJson, ownPrefix } from '../support/namespaces'
import { itSince, itWithKind } from '../support/needs'
import { eventually, shown, type Shown } from './kinds/support'

const net = useNetNs({ names: ['ns', 'other'], prefix: ownPrefix })

interface Setting {
  /** What is set. */
  options: LinkSettings
  /** How `ip` says it. */
  seen: (device: Shown) => unknown
  expected: unknown
  /** How `ip` sets it, if it can. */
  args?: string[]
}

const hasFlag =
  (flag: string) =>
  ({ flags }: Shown): boolean =>
    flags.includes(flag)

const settings: Record<string, Setting> = {
  mtu: { options: { mtu: 1400 }, seen: (d) => d.mtu, expected: 1400, args: ['mtu', '1400'] },
  mac: {
    options: { mac: '02:00:00:00:00:0a' },
    seen: (d) => d.address,
    expected: '02:00:00:00:00:0a',
    args: ['address', '02:00:00:00:00:0a'],
  },
  broadcast: {
    options: { broadcast: '02:ff:ff:ff:ff:ff' },
    seen: (d) => d.broadcast,
    expected: '02:ff:ff:ff:ff:ff',
    args: ['broadcast', '02:ff:ff:ff:ff:ff'],
  },
  up: { options: { up: true }, seen: hasFlag('UP'), expected: true, args: ['up'] },
  txqlen: { options: { txqlen: 77 }, seen: (d) => d.txqlen, expected: 77, args: ['txqueuelen', '77'] },
  group: { options: { group: 4242 }, seen: (d) => d.group, expected: '4242', args: ['group', '4242'] },
  alias: {
    options: { alias: 'to the attic, übermorgen' },
    seen: (d) => d.ifalias,
    expected: 'to the attic, übermorgen',
    args: ['alias', 'to the attic, übermorgen'],
  },
  promisc: { options: { promisc: true }, seen: hasFlag('PROMISC'), expected: true, args: ['promisc', 'on'] },
  arp: { options: { arp: false }, seen: hasFlag('NOARP'), expected: true, args: ['arp', 'off'] },
  multicast: {
    options: { multicast: false },
    seen: hasFlag('MULTICAST'),
    expected: false,
    args: ['multicast', 'off'],
  },
  allMulticast: {
    options: { allMulticast: true },
    seen: hasFlag('ALLMULTI'),
    expected: true,
    args: ['allmulticast', 'on'],
  },
  gsoMaxSize: {
    options: { gsoMaxSize: 40_000 },
    seen: (d) => d.gso_max_size,
    expected: 40_000,
    args: ['gso_max_size', '40000'],
  },
  gsoMaxSegs: {
    options: { gsoMaxSegs: 100 },
    seen: (d) => d.gso_max_segs,
    expected: 100,
    args: ['gso_max_segs', '100'],
  },
  groMaxSize: {
    options: { groMaxSize: 30_000 },
    seen: (d) => d.gro_max_size,
    expected: 30_000,
    args: ['gro_max_size', '30000'],
  },
  addrGenMode: {
    options: { addrGenMode: 'random' },
    seen: (d) => d.inet6_addr_gen_mode,
    expected: 'random',
    args: ['addrgenmode', 'random'],
  },
  linkMode: {
    options: { linkMode: 'dormant' },
    seen: (d) => d.linkmode,
    expected: 'DORMANT',
    args: ['mode', 'dormant'],
  },
}

const rows = Object.entries(settings)
const listed = (link: Link, options: LinkSettings): unknown =>
  Object.fromEntries(Object.keys(options).map((key) => [key, link[key as keyof Link]]))

function addPair(ns: NetNs, options: Partial<LinkCreation> = {}): Promise<Link> {
  return ns.links.add({ kind: 'veth', name: 'a', ...options, peer: { name: 'b' } })
}

describe('a setting of a link', () => {
  it.each(rows)('%s: given to add, ip shows it and the result has it', async (_, { options, seen, expected }) => {
    const { ns } = net
    const link = await addPair(ns, options)
    expect(listed(link, options)).toEqual(options)
    expect(seen(await shown(ns, 'a'))).toEqual(expected)
    expect(seen(await shown(ns, 'b'))).not.toEqual(expected)
  })

  it.each(rows)('%s: given to set, ip shows it and get has it', async (_, { options, seen, expected }) => {
    const { ns } = net
    await addPair(ns)
    expect(seen(await shown(ns, 'a'))).not.toEqual(expected)
    await ns.links.set('a', options)
    expect(seen(await shown(ns, 'a'))).toEqual(expected)
    expect(listed(await ns.links.get('a'), options)).toEqual(options)
  })

  it.each(rows)('%s: set by ip, get and list have it', async (_, { options, args }) => {
    const { ns } = net
    await addPair(ns)
    await ip(ns, 'link', 'set', 'dev', 'a', ...(args ?? []))
    expect(listed(await ns.links.get('a'), options)).toEqual(options)
    const [link] = (await ns.links.list()).filter(({ name }) => name === 'a')
    expect(listed(link!, options)).toEqual(options)
  })

  it('all at once, in add', async () => {
    const { ns } = net
    const all = Object.assign({}, ...rows.map(([, { options }]) => options)) as LinkSettings
    const link = await addPair(ns, all)
    expect(listed(link, all)).toEqual(all)
    const device = await shown(ns, 'a')
    for (const [name, { seen, expected }] of rows) expect([name, seen(device)]).toEqual([name, expected])
  })

  it('all at once, in set', async () => {
    const { ns } = net
    await addPair(ns)
    const all = Object.assign({}, ...rows.map(([, { options }]) => options)) as LinkSettings
    await ns.links.set('a', all)
    const device = await shown(ns, 'a')
    for (const [name, { seen, expected }] of rows) expect([name, seen(device)]).toEqual([name, expected])
  })

  it('stays as it is if it is left out or undefined', async () => {
    const { ns } = net
    await addPair(ns, { mtu: 1300, up: true, alias: 'kept', group: 5, arp: false })
    const before = await shown(ns, 'a')
    await ns.links.set('a', { txqlen: 12, mtu: undefined, up: undefined, alias: undefined, arp: undefined })
    expect(await shown(ns, 'a')).toMatchObject({ ...before, txqlen: 12, operstate: expect.any(String) as string })
  })

  it('can be taken back', async () => {
    const { ns } = net
    const before = await addPair(ns)
    await ns.links.set('a', {
      up: true,
      promisc: true,
      arp: false,
      multicast: false,
      allMulticast: true,
      alias: 'gone soon',
      group: 9,
    })
    await ns.links.set('a', {
      up: false,
      promisc: false,
      arp: true,
      multicast: true,
      allMulticast: false,
      alias: '',
      group: 0,
    })
    const after = await ns.links.get('a')
    expect(after.flags).toBe(before.flags)
    expect(after.group).toBe(0)
    expect(after.alias).toBeUndefined()
    expect((await shown(ns, 'a')).ifalias).toBeUndefined()
  })
})

describe('the settings of sizes for IPv4', () => {
  itSince('6.3')('are read back from the kernel after add and after set', async () => {
    const { ns } = net
    const link = await addPair(ns, { gsoIpv4MaxSize: 30_000, groIpv4MaxSize: 20_000 })
    expect(link).toMatchObject({ gsoIpv4MaxSize: 30_000, groIpv4MaxSize: 20_000 })
    await ns.links.set('a', { gsoIpv4MaxSize: 31_000, groIpv4MaxSize: 21_000 })
    expect(await ns.links.get('a')).toMatchObject({ gsoIpv4MaxSize: 31_000, groIpv4MaxSize: 21_000 })
    expect(await ns.links.get('b')).toMatchObject({ gsoIpv4MaxSize: 65_536, groIpv4MaxSize: 65_536 })
  })
})

describe('queue counts', () => {
  it('are taken by add', async () => {
    const { ns } = net
    const link = await addPair(ns, { numTxQueues: 3, numRxQueues: 5 })
    expect(link).toMatchObject({ numTxQueues: 3, numRxQueues: 5 })
    expect(await shown(ns, 'a')).toMatchObject({ num_tx_queues: 3, num_rx_queues: 5 })
  })

  it('given to ip are listed', async () => {
    const { ns } = net
    await ip(
      ns,
      'link',
      'add',
      'name',
      'a',
      'numtxqueues',
      '4',
      'numrxqueues',
      '6',
      'type',
      'veth',
      'peer',
      'name',
      'b',
    )
    expect(await ns.links.get('a')).toMatchObject({ numTxQueues: 4, numRxQueues: 6 })
  })
})

describe('an index', () => {
  it('that is chosen is the one that the link gets', async () => {
    const { ns } = net
    const link = await ns.links.add({ kind: 'ifb', name: 'x', index: 777 })
    expect(link.index).toBe(777)
    expect((await shown(ns, 'x')).ifindex).toBe(777)
    expect(await ns.links.get(777)).toMatchObject({ name: 'x' })
  })

  it('that is taken gives EEXIST, and nothing is made', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'x', index: 777 })
    await expect(ns.links.add({ kind: 'ifb', name: 'y', index: 777 })).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await ns.links.find('y')).toBeUndefined()
  })
})

describe('a master', () => {
  it('is given by name or index, to add and to set, and taken away by 0', async () => {
    const { ns } = net
    const bridge = await ns.links.add({ kind: 'bridge', name: 'br0' })
    const link = await addPair(ns, { master: 'br0' })
    expect(link.master).toBe(bridge.index)
    expect((await shown(ns, 'a')).master).toBe('br0')
    await ns.links.set('a', { master: 0 })
    expect((await shown(ns, 'a')).master).toBeUndefined()
    expect((await ns.links.get('a')).master).toBeUndefined()
    await ns.links.set('a', { master: bridge.index })
    expect((await shown(ns, 'a')).master).toBe('br0')
    await ip(ns, 'link', 'set', 'dev', 'b', 'master', 'br0')
    expect((await ns.links.get('b')).master).toBe(bridge.index)
  })

  it('that does not exist is named in the error, which says ENODEV', async () => {
    const { ns } = net
    const refused = addPair(ns, { master: 'br9' })
    await expect(refused).rejects.toMatchObject({ code: 'ENODEV', message: expect.stringContaining('br9') as string })
    expect(await ns.links.find('a')).toBeUndefined()
  })
})

describe('addresses that IPv6 makes by itself', () => {
  const linkLocal = async (ns: NetNs, name: string): Promise<unknown[]> => {
    const [device] = await ipJson<{ addr_info: unknown[] }[]>(ns, '-6', 'addr', 'show', 'dev', name)
    return device?.addr_info ?? []
  }

  it('never exist on a link that add makes with addrGenMode none and up', async () => {
    const { ns } = net
    await ns.links.add({
      kind: 'veth',
      name: 'a',
      up: true,
      addrGenMode: 'none',
      peer: { name: 'b', up: true },
    })
    await eventually(async () => (await linkLocal(ns, 'b')).length > 0)
    expect(await linkLocal(ns, 'a')).toEqual([])
    expect((await shown(ns, 'a')).inet6_addr_gen_mode).toBe('none')
  })

  it('never exist on the far end of a veth that add makes with addrGenMode none and up', async () => {
    const { ns, other } = net
    await ns.links.add({
      kind: 'veth',
      name: 'a',
      up: true,
      peer: { netns: other, name: 'b', up: true, addrGenMode: 'none' },
    })
    await eventually(async () => (await linkLocal(ns, 'a')).length > 0)
    expect(await linkLocal(other, 'b')).toEqual([])
  })

  it('never exist on a link that set gives addrGenMode none and up', async () => {
    const { ns } = net
    await addPair(ns)
    await ns.links.set('a', { up: true, addrGenMode: 'none' })
    await ns.links.set('b', { up: true })
    await eventually(async () => (await linkLocal(ns, 'b')).length > 0)
    expect(await linkLocal(ns, 'a')).toEqual([])
  })
})

describe('what the state of a link is', () => {
  it('is told by operState, carrier, running and lowerUp as ip tells it', async () => {
    const { ns } = net
    await addPair(ns, { up: true })
    expect((await shown(ns, 'a')).operstate).toBe('LOWERLAYERDOWN')
    expect(await ns.links.get('a')).toMatchObject({
      operState: 'lowerLayerDown',
      carrier: false,
      running: false,
      lowerUp: false,
    })
    await ns.links.set('b', { up: true })
    await eventually(async () => (await shown(ns, 'a')).operstate === 'UP')
    expect(await ns.links.get('a')).toMatchObject({ operState: 'up', carrier: true, running: true, lowerUp: true })
    const { carrierChanges, carrierUpCount, carrierDownCount } = await ns.links.get('a')
    expect(carrierChanges).toBe(carrierUpCount! + carrierDownCount!)
  })

  it('can be set: operState', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'veth', name: 'a', up: true, peer: { name: 'b', up: true } })
    await eventually(async () => (await shown(ns, 'a')).operstate === 'UP')
    await ns.links.set('a', { operState: 'testing' })
    expect((await shown(ns, 'a')).operstate).toBe('TESTING')
    await ns.links.set('a', { operState: 'up' })
    expect((await shown(ns, 'a')).operstate).toBe('UP')
    await ip(ns, 'link', 'set', 'dev', 'a', 'state', 'dormant')
    expect((await ns.links.get('a')).operState).toBe('dormant')
  })

  it('can be dormant from its birth', async () => {
    const { ns } = net
    await ns.links.add({
      kind: 'veth',
      name: 'a',
      up: true,
      operState: 'dormant',
      linkMode: 'dormant',
      peer: { name: 'b', up: true },
    })
    await eventually(async () => (await shown(ns, 'b')).operstate === 'UP')
    expect(await shown(ns, 'a')).toMatchObject({ operstate: 'DORMANT', linkmode: 'DORMANT' })
  })

  itWithKind('dummy')('can be set: carrier, where software says whether there is one', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'dummy', name: 'x', up: true, carrier: false })
    expect((await shown(ns, 'x')).flags).toContain('NO-CARRIER')
    await ns.links.set('x', { carrier: true })
    expect((await shown(ns, 'x')).flags).not.toContain('NO-CARRIER')
    await ip(ns, 'link', 'set', 'dev', 'x', 'carrier', 'off')
    expect((await ns.links.get('x')).carrier).toBe(false)
  })

  it('cannot be set where hardware says it: carrier gives EOPNOTSUPP', async () => {
    const { ns } = net
    await addPair(ns)
    await expect(ns.links.set('a', { carrier: false })).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
  })
})

describe('protoDown', () => {
  it('is taken by add and set, shown by ip, and listed when ip sets it', async () => {
    const { ns } = net
    const link = await ns.links.add({ kind: 'vxlan', name: 'x', id: 1, protoDown: true })
    expect(link.protoDown).toBe(true)
    expect(await shown(ns, 'x')).toMatchObject({ proto_down: true })
    await ns.links.set('x', { protoDown: false })
    expect((await shown(ns, 'x')).proto_down).toBeUndefined()
    await ip(ns, 'link', 'set', 'dev', 'x', 'protodown', 'on')
    expect((await ns.links.get('x')).protoDown).toBe(true)
  })
})
