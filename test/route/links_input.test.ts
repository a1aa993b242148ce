// Bad input: each refusal names the field, and nothing reaches the kernel.
import type { Links, NetNs } from '../../lib/index'
import { fresh, ipJson } from '../support/namespaces'

// The tests give what the types do not allow.
type Anything = Record<string, unknown>
type Loose = { [K in keyof Links]: (...args: unknown[]) => Promise<unknown> }
type Row = readonly [what: string, call: (links: Loose, ns: NetNs) => Promise<unknown>, field: string, code: string]

const TYPE = 'ERR_INVALID_ARG_TYPE'
const VALUE = 'ERR_INVALID_ARG_VALUE'
const RANGE = 'ERR_OUT_OF_RANGE'

const ifb = (wrong: Anything): Anything => ({ kind: 'ifb', name: 'x', ...wrong })
// An index for the far end needs one for the near end.
const pair = (wrong: Anything): Anything => ({
  kind: 'veth',
  name: 'x',
  ...('index' in wrong ? { index: 99 } : {}),
  peer: { name: 'y', ...wrong },
})

const badNames: readonly (readonly [what: string, name: unknown, code: string])[] = [
  ['empty', '', RANGE],
  ['.', '.', VALUE],
  ['..', '..', VALUE],
  ['with a slash', 'a/b', VALUE],
  ['with a space', 'a b', VALUE],
  ['with a tab', 'a\tb', VALUE],
  ['with a colon', 'a:b', VALUE],
  ['with a percent sign', 'veth%d', VALUE],
  ['with a NUL', 'a\0b', VALUE],
  ['of 16 bytes', 'x'.repeat(16), RANGE],
  ['of 8 letters but 16 bytes', 'ü'.repeat(8), RANGE],
  ['null', null, TYPE],
  ['a boolean', true, TYPE],
]

const badNumbers: readonly (readonly [what: string, value: unknown, code: string])[] = [
  ['-1', -1, RANGE],
  ['1.5', 1.5, RANGE],
  ['2 ** 32', 2 ** 32, RANGE],
  ['NaN', Number.NaN, RANGE],
  ['a string', '1', TYPE],
  ['null', null, TYPE],
]

const badMacs: readonly (readonly [what: string, value: unknown, code: string])[] = [
  ['of five bytes', '02:00:00:00:01', VALUE],
  ['of seven bytes', '02:00:00:00:00:00:01', VALUE],
  ['empty', '', VALUE],
  ['with a wrong digit', '02:00:00:00:00:0g', VALUE],
  ['with too large a byte', '02:00:00:00:00:100', VALUE],
  ['a number', 2, TYPE],
]

const numbers = ['mtu', 'txqlen', 'group', 'gsoMaxSize', 'gsoMaxSegs', 'groMaxSize', 'gsoIpv4MaxSize', 'groIpv4MaxSize']
const booleans = ['up', 'arp', 'multicast', 'allMulticast', 'promisc', 'protoDown', 'carrier']
const queues = ['numTxQueues', 'numRxQueues']

const settings: readonly (readonly [what: string, wrong: Anything, field: string, code: string])[] = [
  ...numbers.flatMap((option) =>
    badNumbers.map(([what, value, code]) => [`${option} ${what}`, { [option]: value }, option, code] as const),
  ),
  ...booleans.flatMap((option) =>
    [1, 'yes', null].map((value) => [`${option} ${value}`, { [option]: value }, option, TYPE] as const),
  ),
  ...['mac', 'broadcast'].flatMap((option) =>
    badMacs.map(([what, value, code]) => [`${option} ${what}`, { [option]: value }, option, code] as const),
  ),
  ...badNames.map(([what, name, code]) => [`master ${what}`, { master: name }, 'master', code] as const),
  ['master -1', { master: -1 }, 'master', RANGE],
  ['master 1.5', { master: 1.5 }, 'master', RANGE],
  ['alias of 256 bytes', { alias: 'x'.repeat(256) }, 'alias', RANGE],
  ['alias with a NUL', { alias: 'a\0b' }, 'alias', VALUE],
  ['alias a number', { alias: 5 }, 'alias', TYPE],
  ['addrGenMode unknown', { addrGenMode: 'eui-64' }, 'addrGenMode', VALUE],
  ['addrGenMode a boolean', { addrGenMode: false }, 'addrGenMode', TYPE],
  ['addrGenMode 256', { addrGenMode: 256 }, 'addrGenMode', RANGE],
  ['operState unknown', { operState: 'UP' }, 'operState', VALUE],
  ['linkMode unknown', { linkMode: 'asleep' }, 'linkMode', VALUE],
  ['port of an unknown kind', { port: { kind: 'bonds' } }, 'port.kind', VALUE],
  ['port a number', { port: 5 }, 'port', TYPE],
  ['port null', { port: null }, 'port', TYPE],
  ['port with a typo', { port: { hairpn: true } }, 'port.hairpn', VALUE],
  ['port.hairpin a number', { port: { hairpin: 1 } }, 'port.hairpin', TYPE],
  ['port.priority 64', { port: { priority: 64 } }, 'port.priority', RANGE],
  ['port.cost 0', { port: { cost: 0 } }, 'port.cost', RANGE],
  ['port.backupPort with a space', { port: { backupPort: 'a b' } }, 'port.backupPort', VALUE],
  ['port.state unknown', { port: { state: 'open' } }, 'port.state', VALUE],
  ['an unknown attribute', { unknown: [] }, 'unknown', VALUE],
]

const creation: readonly (readonly [what: string, wrong: Anything, field: string, code: string])[] = [
  ...badNames.map(([what, name, code]) => [`name ${what}`, { name }, 'name', code] as const),
  ['name a number', { name: 5 }, 'name', TYPE],
  ['name left out', { name: undefined }, 'name', TYPE],
  ...queues.flatMap((option) =>
    [...badNumbers, ['0', 0, RANGE] as const, ['4097', 4097, RANGE] as const].map(
      ([what, value, code]) => [`${option} ${what}`, { [option]: value }, option, code] as const,
    ),
  ),
  ...badNumbers.map(([what, value, code]) => [`index ${what}`, { index: value }, 'index', code] as const),
  ['index the name of a device', { index: 'lo' }, 'index', TYPE],
  ['altnames a string', { altnames: 'other' }, 'altnames', TYPE],
  ['altnames with a number', { altnames: ['fine', 5] }, 'altnames[1]', TYPE],
  ['altnames with an empty one', { altnames: [''] }, 'altnames[0]', RANGE],
  ['altnames with one of 128 bytes', { altnames: ['x'.repeat(128)] }, 'altnames[0]', RANGE],
  ['altnames with a NUL', { altnames: ['a\0b'] }, 'altnames[0]', VALUE],
]

const add: readonly Row[] = [
  ...[...settings, ...creation].map(([what, wrong, field, code]): Row => [
    `a link with ${what}`,
    (links) => links.add(ifb(wrong)),
    field,
    code,
  ]),
  ...[...settings, ...creation].map(([what, wrong, field, code]): Row => [
    `a peer with ${what}`,
    (links) => links.add(pair(wrong)),
    `peer.${field}`,
    code,
  ]),
  ['nothing', (links) => links.add(), 'options', TYPE],
  ['null', (links) => links.add(null), 'options', TYPE],
  ['a list', (links) => links.add([]), 'options', TYPE],
  ['no kind', (links) => links.add({ name: 'x' }), 'kind', TYPE],
  ['an unknown kind', (links) => links.add({ kind: 'brigde', name: 'x' }), 'kind', VALUE],
  ['a kind of Object’s own', (links) => links.add({ kind: 'constructor', name: 'x' }), 'kind', VALUE],
  ['a kind that is only listed', (links) => links.add({ kind: 'none', name: 'x' }), 'kind', VALUE],
  ['a namespace by name', (links) => links.add(ifb({ netns: 'red' })), 'netns', TYPE],
  ['a peer’s namespace by name', (links) => links.add(pair({ netns: 'red' })), 'peer.netns', TYPE],
  ['no peer', (links) => links.add({ kind: 'veth', name: 'x' }), 'peer', TYPE],
  ['a peer by name', (links) => links.add({ kind: 'veth', name: 'x', peer: 'y' }), 'peer', TYPE],
  ['a peer with a kind', (links) => links.add(pair({ kind: 'veth' })), 'peer.kind', VALUE],
  ['a peer with a peer', (links) => links.add(pair({ peer: { name: 'z' } })), 'peer.peer', VALUE],
  [
    'an index for the peer alone',
    (links) => links.add({ ...pair({ index: 7 }), index: undefined }),
    'peer.index',
    VALUE,
  ],
  ['a veth with a lower device', (links) => links.add({ ...pair({}), link: 'lo' }), 'link', VALUE],
  ['no lower device', (links) => links.add({ kind: 'macvlan', name: 'x' }), 'link', TYPE],
  ['a lower device with a slash', (links) => links.add({ kind: 'macvlan', name: 'x', link: 'a/b' }), 'link', VALUE],
  ['a vlan without id', (links) => links.add({ kind: 'vlan', name: 'x', link: 'lo' }), 'id', TYPE],
  ['a vlan with id 4095', (links) => links.add({ kind: 'vlan', name: 'x', link: 'lo', id: 4095 }), 'id', RANGE],
  ['a vrf without table', (links) => links.add({ kind: 'vrf', name: 'x' }), 'table', TYPE],
  ['a vrf with table 0', (links) => links.add({ kind: 'vrf', name: 'x', table: 0 }), 'table', RANGE],
  ['a vxlan with id 2 ** 24', (links) => links.add({ kind: 'vxlan', name: 'x', id: 2 ** 24 }), 'id', RANGE],
  [
    'a vxlan to no address',
    (links) => links.add({ kind: 'vxlan', name: 'x', id: 1, remote: '1.2.3' }),
    'remote',
    VALUE,
  ],
  [
    'a vxlan to IPv6 as IPv4',
    (links) => links.add({ kind: 'vxlan', name: 'x', id: 1, remote: '::1' }),
    'remote',
    VALUE,
  ],
  ['a vxlan from IPv4 as IPv6', (links) => links.add({ kind: 'vxlan', name: 'x', local6: '1.2.3.4' }), 'local6', VALUE],
  ['a vxlan to port 65536', (links) => links.add({ kind: 'vxlan', name: 'x', dstPort: 65_536 }), 'dstPort', RANGE],
  ['a macvlan of no mode', (links) => links.add({ kind: 'macvlan', name: 'x', link: 'lo', mode: 'x' }), 'mode', VALUE],
  [
    'a bridge of priority 65536',
    (links) => links.add({ kind: 'bridge', name: 'x', priority: 65_536 }),
    'priority',
    RANGE,
  ],
  ['a bridge with stpState 1', (links) => links.add({ kind: 'bridge', name: 'x', stpState: 1 }), 'stpState', TYPE],
  [
    'a bridge with ageing -1',
    (links) => links.add({ kind: 'bridge', name: 'x', ageingTimeSeconds: -1 }),
    'ageingTimeSeconds',
    RANGE,
  ],
  [
    'a bridge with ageing NaN',
    (links) => links.add({ kind: 'bridge', name: 'x', ageingTimeSeconds: NaN }),
    'ageingTimeSeconds',
    RANGE,
  ],
  [
    'a switch that does not exist',
    (links) => links.add({ kind: 'bridge', name: 'x', boolOptions: { mst: true } }),
    'boolOptions.mst',
    VALUE,
  ],
  [
    'a switch of 1',
    (links) => links.add({ kind: 'bridge', name: 'x', boolOptions: { mstEnable: 1 } }),
    'boolOptions.mstEnable',
    TYPE,
  ],
  ['an option of another kind', (links) => links.add(ifb({ stpState: true })), 'stpState', VALUE],
  ['other without infoKind', (links) => links.add({ kind: 'other', name: 'x' }), 'infoKind', TYPE],
  ['other without a name', (links) => links.add({ kind: 'other', infoKind: 'foo' }), 'name', TYPE],
  [
    'other with data as text',
    (links) => links.add({ kind: 'other', infoKind: 'foo', name: 'x', data: 'x' }),
    'data',
    TYPE,
  ],
  ['other with an option', (links) => links.add({ kind: 'other', infoKind: 'foo', name: 'x', id: 1 }), 'id', VALUE],
]

const set: readonly Row[] = [
  ...settings.map(([what, wrong, field, code]): Row => [what, (links) => links.set('lo', wrong), field, code]),
  ...badNames.map(([what, name, code]): Row => [`a name ${what}`, (links) => links.set('lo', { name }), 'name', code]),
  ...['index', 'altnames', 'peer', ...queues].map((option): Row => [
    `${option}, which is only for add`,
    (links) => links.set('lo', { [option]: 1 }),
    option,
    VALUE,
  ]),
  ['nothing', (links) => links.set('lo'), 'options', TYPE],
  ['null', (links) => links.set('lo', null), 'options', TYPE],
  ['a wrong kind', (links) => links.set('lo', { kind: 'brigde' }), 'kind', VALUE],
  ['kind other', (links) => links.set('lo', { kind: 'other' }), 'kind', VALUE],
  ['an option of a kind without the kind', (links) => links.set('lo', { stpState: true }), 'stpState', VALUE],
  ['an option of another kind', (links) => links.set('lo', { kind: 'vxlan', stpState: true }), 'stpState', VALUE],
  ['a namespace by name', (links) => links.set('lo', { netns: 'red' }), 'netns', TYPE],
  ['a move by index with more', (links, ns) => links.set(1, { netns: ns, up: true }), 'dev', VALUE],
]

const names: readonly (readonly [what: string, dev: unknown, code: string])[] = [
  ...badNames,
  ['undefined', undefined, TYPE],
  ['0', 0, RANGE],
  ['-1', -1, RANGE],
  ['1.5', 1.5, RANGE],
  ['2 ** 31', 2 ** 31, RANGE],
]

const altnames: readonly (readonly [what: string, dev: unknown, field: string, code: string])[] = [
  ['an empty object', {}, 'dev.altname', TYPE],
  ['an altname that is undefined', { altname: undefined }, 'dev.altname', TYPE],
  ['an altname that is empty', { altname: '' }, 'dev.altname', RANGE],
  ['an altname of 128 bytes', { altname: 'x'.repeat(128) }, 'dev.altname', RANGE],
  ['an altname that is a number', { altname: 5 }, 'dev.altname', TYPE],
  ['an object with a name', { name: 'lo' }, 'dev.name', VALUE],
]

const verbs: readonly (readonly [verb: string, call: (links: Loose, dev: unknown) => Promise<unknown>])[] = [
  ['get', (links, dev) => links.get(dev)],
  ['find', (links, dev) => links.find(dev)],
  ['set', (links, dev) => links.set(dev, { mtu: 1400 })],
  ['delete', (links, dev) => links.delete(dev, { force: true })],
  ['addAltnames', (links, dev) => links.addAltnames(dev, ['x'])],
  ['deleteAltnames', (links, dev) => links.deleteAltnames(dev, ['x'])],
]

const others: readonly Row[] = [
  ...verbs.flatMap(([verb, call]) => [
    ...names.map(([what, dev, code]): Row => [`${verb} of ${what}`, (links) => call(links, dev), 'dev', code]),
    ...altnames.map(([what, dev, field, code]): Row => [
      `${verb} of ${what}`,
      (links) => call(links, dev),
      field,
      code,
    ]),
  ]),
  ['a new name by an altname', (links) => links.set({ altname: 'other' }, { name: 'x' }), 'dev', VALUE],
  ['a lower device that is set', (links) => links.set('lo', { link: 'lo' }), 'link', VALUE],
  ['get with statistics 1', (links) => links.get('lo', { statistics: 1 }), 'statistics', TYPE],
  ['list with statistics 1', (links) => links.list({ statistics: 1 }), 'statistics', TYPE],
  ['list with null', (links) => links.list(null), 'options', TYPE],
  ['list of kind 5', (links) => links.list({ kind: 5 }), 'kind', TYPE],
  ['list with up yes', (links) => links.list({ up: 'yes' }), 'up', TYPE],
  ...badNumbers.map(([what, value, code]): Row => [
    `list of group ${what}`,
    (links) => links.list({ group: value }),
    'group',
    code,
  ]),
  ['list of the ports of a/b', (links) => links.list({ master: 'a/b' }), 'master', VALUE],
  ['list of the ports of -1', (links) => links.list({ master: -1 }), 'master', RANGE],
  ['delete with force 1', (links) => links.delete('lo', { force: 1 }), 'force', TYPE],
  ['flush of nothing', (links) => links.flush(), 'options', TYPE],
  ['flush without a group', (links) => links.flush({}), 'group', TYPE],
  ['flush of group 0', (links) => links.flush({ group: 0 }), 'group', RANGE],
  ['flush of group 2 ** 32', (links) => links.flush({ group: 2 ** 32 }), 'group', RANGE],
  ['addAltnames of no list', (links) => links.addAltnames('lo', 'x'), 'altnames', TYPE],
  ['addAltnames of none', (links) => links.addAltnames('lo', []), 'altnames', TYPE],
  ['deleteAltnames of 5', (links) => links.deleteAltnames('lo', [5]), 'altnames[0]', TYPE],
]

const typos: readonly (readonly [typo: string, hint: string | undefined, call: (links: Loose) => Promise<unknown>])[] =
  [
    ['mtuu', 'mtu', (links) => links.add(ifb({ mtuu: 1400 }))],
    ['nmae', 'name', (links) => links.add({ kind: 'ifb', nmae: 'x' })],
    ['stpstate', 'stpState', (links) => links.add({ kind: 'bridge', name: 'x', stpstate: true })],
    ['peer.adress', undefined, (links) => links.add(pair({ adress: 'x' }))],
    ['peer.maser', 'master', (links) => links.add(pair({ maser: 'br0' }))],
    ['port.isolatd', 'isolated', (links) => links.set('lo', { port: { isolatd: true } })],
    ['allmulticast', 'allMulticast', (links) => links.set('lo', { allmulticast: true })],
    ['statistcs', 'statistics', (links) => links.get('lo', { statistcs: true })],
    ['singal', 'signal', (links) => links.find('lo', { singal: undefined })],
    ['knd', 'kind', (links) => links.list({ knd: 'veth' })],
    ['forse', 'force', (links) => links.delete('lo', { forse: true })],
    ['timout', 'timeout', (links) => links.add(ifb({}), { timout: 5 })],
    ['groop', 'group', (links) => links.flush({ groop: 5 })],
  ]

// One namespace for all: that nothing changes in it is what is tested.
let ns: NetNs
let before: unknown

async function expectRefused(call: Row[1], field: string, code: string): Promise<void> {
  const error: unknown = await call(ns.links as unknown as Loose, ns).catch((caught: unknown) => caught)
  expect(error).toBeInstanceOf(code === RANGE ? RangeError : TypeError)
  expect(error).toMatchObject({ field, code })
  expect((error as Error).message).toContain(`"${field}"`)
}

describe('bad input', () => {
  beforeAll(async () => {
    ns = await fresh()
    before = await ipJson(ns, 'link')
  })

  afterAll(async () => {
    await ns.delete()
    ns.close()
  })

  afterEach(async () => {
    const expected = before
    before = await ipJson(ns, 'link')
    expect(before).toEqual(expected)
  })

  it.each(add)('add refuses %s', async (_, call, field, code) => {
    await expectRefused(call, field, code)
  })

  it.each(set)('set refuses %s', async (_, call, field, code) => {
    await expectRefused(call, field, code)
  })

  it.each(others)('is refused: %s', async (_, call, field, code) => {
    await expectRefused(call, field, code)
  })

  it.each(typos)('an unknown option is refused by name: %s; the hint is %s', async (typo, hint, call) => {
    const error: unknown = await call(ns.links as unknown as Loose).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TypeError)
    expect(error).toMatchObject({ code: VALUE, field: typo })
    const { message } = error as Error
    expect(message).toContain(`Unknown option "${typo}"`)
    if (hint === undefined) expect(message).not.toContain('did you mean')
    else expect(message).toContain(`did you mean "${hint}"?`)
  })

  it('a handle that is closed is refused', async () => {
    const closed = await fresh()
    await closed.delete()
    closed.close()
    const calls = [
      closed.links.add({ kind: 'ifb', name: 'x' }),
      closed.links.get('lo'),
      closed.links.list(),
      closed.links.set('lo', { up: true }),
      closed.links.delete('lo', { force: true }),
      closed.links.flush({ group: 1 }),
      closed.links.addAltnames('lo', ['x']),
    ]
    for (const result of await Promise.allSettled(calls)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_NETLOOM_CLOSED' } })
    }
  })

  it('a closed namespace for the far end is refused, and nothing is made', async () => {
    const closed = await fresh()
    await closed.delete()
    closed.close()
    const call = ns.links.add({ kind: 'veth', name: 'x', peer: { netns: closed, name: 'y' } })
    await expect(call).rejects.toMatchObject({ code: 'ERR_NETLOOM_CLOSED' })
  })
})
