// What is added, `ip route` shows; what `ip route` adds is listed: each case once by us and once by `ip`.
import { isAlreadyExists, isNotFound, type NetNs, type Route, type RouteOptions } from '../../lib/index'
import { ip, ipBatch, ipJson } from '../support/namespaces'
import { cable, cables, sorted } from './cable'

/** All routes that `ip` shows, of all tables and both families. */
async function shown(ns: NetNs): Promise<Record<string, unknown>[]> {
  const v4 = await ipJson(ns, '-4', 'route', 'show', 'table', 'all')
  return sorted([...v4, ...(await ipJson(ns, '-6', 'route', 'show', 'table', 'all'))])
}

/** A cable with 10.0.0.1/24 and fd00::1/64 on d0. */
async function addresses(ns: NetNs): Promise<void> {
  await ipBatch(ns, ['address add 10.0.0.1/24 dev d0', 'address add fd00::1/64 dev d0 nodad'])
}

/** What is the case, our options, the arguments of `ip route add`, and what of it the list must have. */
type Case = [sentence: string, options: RouteOptions, args: string, listed: Partial<Route>]

const plain: Case[] = [
  [
    'to a prefix by a router',
    { dst: '10.1.0.0/16', via: '10.0.0.254' },
    '10.1.0.0/16 via 10.0.0.254',
    { family: 'ipv4', dst: '10.1.0.0/16', via: '10.0.0.254', dev: 3, table: 'main', scope: 'global', protocol: 'boot' },
  ],
  [
    'to a prefix on a device',
    { dst: '10.1.0.0/16', dev: 'd1' },
    '10.1.0.0/16 dev d1',
    { dev: 2, scope: 'link', type: 'unicast', flags: [] },
  ],
  ['to a device by its index', { dst: '10.1.0.0/16', dev: 2 }, '10.1.0.0/16 dev d1', { dev: 2 }],
  ['to one address', { dst: '10.1.2.3', dev: 'd0' }, '10.1.2.3 dev d0', { dst: '10.1.2.3/32' }],
  ['to a /31', { dst: '10.1.2.2/31', dev: 'd0' }, '10.1.2.2/31 dev d0', { dst: '10.1.2.2/31' }],
  ['to everything', { dst: 'default', via: '10.0.0.254' }, 'default via 10.0.0.254', { dst: 'default' }],
  ['to 0.0.0.0/0, which is everything', { dst: '0.0.0.0/0', dev: 'd0' }, '0.0.0.0/0 dev d0', { dst: 'default' }],
  ['to half of everything', { dst: '128.0.0.0/1', dev: 'd0' }, '128.0.0.0/1 dev d0', { dst: '128.0.0.0/1' }],
  [
    'to an IPv6 prefix by a router',
    { dst: 'fd01::/48', via: 'fd00::fe' },
    'fd01::/48 via fd00::fe',
    { family: 'ipv6', dst: 'fd01::/48', via: 'fd00::fe', dev: 3, metric: 1024, preference: 'medium' },
  ],
  [
    'to an IPv6 prefix by a link-local router',
    { dst: 'fd01::/48', via: 'fe80::fe', dev: 'd0' },
    'fd01::/48 via fe80::fe dev d0',
    { via: 'fe80::fe' },
  ],
  ['to one IPv6 address', { dst: 'FD01::1', dev: 'd0' }, 'fd01::1 dev d0', { dst: 'fd01::1/128' }],
  [
    'to everything of IPv6',
    { dst: 'default', via: 'fd00::fe' },
    '-6 default via fd00::fe',
    { family: 'ipv6', dst: 'default' },
  ],
  [
    'to everything of IPv6 on a device',
    { dst: 'default', family: 'ipv6', dev: 'd0' },
    '-6 default dev d0',
    { family: 'ipv6', dst: 'default' },
  ],
  ['to ::/0, which is everything', { dst: '::/0', dev: 'd0' }, '::/0 dev d0', { family: 'ipv6', dst: 'default' }],
  ['to link-local addresses', { dst: 'fe80::/64', dev: 'd0' }, 'fe80::/64 dev d0', { dst: 'fe80::/64' }],
  [
    'to IPv4 addresses in the clothes of IPv6',
    { dst: '::ffff:0.0.0.0/96', type: 'unreachable' },
    'unreachable ::ffff:0.0.0.0/96',
    { dst: '::ffff:0.0.0.0/96', type: 'unreachable' },
  ],
  [
    'with a metric',
    { dst: '10.1.0.0/16', dev: 'd0', metric: 4294967295 },
    '10.1.0.0/16 dev d0 metric 4294967295',
    {
      metric: 4294967295,
    },
  ],
  ['with an IPv6 metric', { dst: 'fd01::/48', dev: 'd0', metric: 1 }, 'fd01::/48 dev d0 metric 1', { metric: 1 }],
  [
    'with a source address',
    { dst: '10.1.0.0/16', dev: 'd0', src: '10.0.0.1' },
    '10.1.0.0/16 dev d0 src 10.0.0.1',
    { src: '10.0.0.1' },
  ],
  [
    'with an IPv6 source address',
    { dst: 'fd01::/48', dev: 'd0', src: 'fd00::1' },
    'fd01::/48 dev d0 src fd00::1',
    { src: 'fd00::1' },
  ],
  [
    'for packets from a prefix',
    { dst: 'fd01::/48', from: 'fd00::/64', via: 'fd00::fe' },
    'fd01::/48 from fd00::/64 via fd00::fe',
    { dst: 'fd01::/48', from: 'fd00::/64' },
  ],
  [
    'to everything, for packets from one address',
    { dst: 'default', from: 'fd00::1', via: 'fd00::fe' },
    '-6 default from fd00::1 via fd00::fe',
    { dst: 'default', from: 'fd00::1/128' },
  ],
  [
    'of a scope',
    { dst: '10.1.0.0/16', dev: 'd0', scope: 'global' },
    '10.1.0.0/16 dev d0 scope global',
    { scope: 'global' },
  ],
  [
    'of a scope by number',
    { dst: '10.1.0.0/16', dev: 'd0', scope: 200 },
    '10.1.0.0/16 dev d0 scope site',
    { scope: 'site' },
  ],
  ['of a type of service', { dst: '10.1.0.0/16', dev: 'd0', tos: 0x10 }, '10.1.0.0/16 dev d0 tos 0x10', { tos: 16 }],
  [
    'of a daemon',
    { dst: '10.1.0.0/16', dev: 'd0', protocol: 'bird' },
    '10.1.0.0/16 dev d0 protocol bird',
    { protocol: 'bird' },
  ],
  [
    'of a protocol without a name',
    { dst: 'fd01::/48', dev: 'd0', protocol: 77 },
    'fd01::/48 dev d0 protocol 77',
    { protocol: 77 },
  ],
  [
    'by a router that no prefix covers',
    { dst: '10.1.0.0/16', via: '192.0.2.1', dev: 'd0', onlink: true },
    '10.1.0.0/16 via 192.0.2.1 dev d0 onlink',
    { via: '192.0.2.1', flags: ['onlink'] },
  ],
  [
    'by an IPv6 router that no prefix covers',
    { dst: 'fd01::/48', via: 'fd99::1', dev: 'd0', onlink: true },
    'fd01::/48 via fd99::1 dev d0 onlink',
    { via: 'fd99::1', flags: ['onlink'] },
  ],
  [
    'by an IPv6 router to an IPv4 prefix',
    { dst: '10.1.0.0/16', via: 'fe80::1', dev: 'd0' },
    '10.1.0.0/16 via inet6 fe80::1 dev d0',
    { family: 'ipv4', via: 'fe80::1' },
  ],
  [
    'by an IPv6 router to everything of IPv4',
    { dst: 'default', family: 'ipv4', via: 'fe80::1', dev: 'd0' },
    '-4 default via inet6 fe80::1 dev d0',
    { family: 'ipv4', dst: 'default', via: 'fe80::1' },
  ],
  ...(['high', 'medium', 'low'] as const).map((preference): Case => [
    `that is preferred as a router said: ${preference}`,
    { dst: 'fd01::/48', dev: 'd0', preference },
    `fd01::/48 dev d0 pref ${preference}`,
    { preference },
  ]),
]

const types: Case[] = (
  [
    ['unicast', true, 'main', 'link'],
    ['local', true, 'local', 'host'],
    ['broadcast', true, 'local', 'link'],
    ['anycast', true, 'local', 'link'],
    ['multicast', true, 'main', 'link'],
    ['blackhole', false, 'main', 'global'],
    ['unreachable', false, 'main', 'global'],
    ['prohibit', false, 'main', 'global'],
    ['throw', false, 'main', 'global'],
  ] as const
).flatMap(([type, onDevice, table, scope]): Case[] => {
  const dev = onDevice ? { dev: 'd0' } : {}
  const args = onDevice ? ' dev d0' : ''
  const listed = { type, table }
  return [
    [`of the type ${type}`, { dst: '10.1.0.0/16', type, ...dev }, `${type} 10.1.0.0/16${args}`, { ...listed, scope }],
    [`of the type ${type}, IPv6`, { dst: 'fd01::/48', type, ...dev }, `${type} fd01::/48${args}`, listed],
  ]
})

const tables: Case[] = [
  ['1', 1, 1],
  ['252', 252, 252],
  ['default', 'default', 'default'],
  ['main', 254, 'main'],
  ['local', 'local', 'local'],
  ['256', 256, 256],
  ['1000', 1000, 1000],
  ['4294967295', 4294967295, 4294967295],
].flatMap(([text, table, listed]): Case[] => [
  [
    `in the table ${text}`,
    { dst: '10.1.0.0/16', dev: 'd0', table } as RouteOptions,
    `10.1.0.0/16 dev d0 table ${text}`,
    { table: listed } as Partial<Route>,
  ],
  [
    `in the IPv6 table ${text}`,
    { dst: 'fd01::/48', dev: 'd0', table } as RouteOptions,
    `fd01::/48 dev d0 table ${text}`,
    { table: listed } as Partial<Route>,
  ],
])

const metrics: Case[] = (
  [
    [{ mtu: 1400 }, 'mtu 1400'],
    [{ mtu: 1400, lock: ['mtu'] }, 'mtu lock 1400'],
    [{ window: 4096 }, 'window 4096'],
    [{ rtt: 100 }, 'rtt 100ms'],
    [{ rttvar: 100 }, 'rttvar 100ms'],
    [{ rtt: 12.125 }, 'rtt 97'],
    [{ rttvar: 0.25 }, 'rttvar 1'],
    [{ mtu: 1300, hoplimit: 9, lock: ['mtu', 'hoplimit'] }, 'mtu lock 1300 hoplimit lock 9'],
    [{ ssthresh: 20 }, 'ssthresh 20'],
    [{ cwnd: 10, lock: ['cwnd'] }, 'cwnd lock 10'],
    [{ advmss: 1300 }, 'advmss 1300'],
    [{ reordering: 5 }, 'reordering 5'],
    [{ hoplimit: 33 }, 'hoplimit 33'],
    [{ initcwnd: 12 }, 'initcwnd 12'],
    [{ features: ['ecn'] }, 'features ecn'],
    [{ rtoMin: 50, lock: ['rtoMin'] }, 'rto_min 50ms'],
    [{ initrwnd: 13 }, 'initrwnd 13'],
    [{ quickack: true }, 'quickack 1'],
    [{ mtu: 65_520 }, 'mtu 65520'],
    [{ advmss: 65_495 }, 'advmss 65495'],
    [{ hoplimit: 255 }, 'hoplimit 255'],
    [{ congestion: 'cubic' }, 'congctl cubic'],
    [{ fastopenNoCookie: true }, 'fastopen_no_cookie 1'],
    [{ mtu: 1300, advmss: 1200, initcwnd: 20, congestion: 'reno' }, 'mtu 1300 advmss 1200 initcwnd 20 congctl reno'],
  ] as const
).flatMap(([given, args]): Case[] => [
  [`with ${args}`, { dst: '10.1.0.0/16', dev: 'd0', metrics: given }, `10.1.0.0/16 dev d0 ${args}`, { metrics: given }],
  [
    `with ${args}, IPv6`,
    { dst: 'fd01::/48', dev: 'd0', metrics: given },
    `fd01::/48 dev d0 ${args}`,
    { metrics: given },
  ],
])

describe('a route that is added, as with `ip route add`', () => {
  // One pair for all: what a case has added is deleted after it.
  let both: Awaited<ReturnType<typeof cables>>
  let before: readonly Route[]
  beforeAll(async () => {
    both = await cables('route')
    await addresses(both.ours)
    await addresses(both.theirs)
    before = sorted(await both.theirs.routes.list())
    expect(before).not.toEqual([])
  })
  afterAll(() => both[Symbol.asyncDispose]())

  afterEach(async () => {
    const known = new Set(before.map((route) => JSON.stringify(route)))
    for (const ns of [both.ours, both.theirs]) {
      const added = (await ns.routes.list()).filter((route) => !known.has(JSON.stringify(route)))
      for (const route of added) await ns.routes.delete(route)
      expect(sorted(await ns.routes.list())).toEqual(before)
    }
  })

  test.each([...plain, ...types, ...tables, ...metrics])('goes %s', async (_sentence, options, args, listed) => {
    const { ours, theirs } = both
    const [first = '', ...rest] = args.split(' ')
    const family = first.startsWith('-') ? [first] : []
    await ip(theirs, ...family, 'route', 'add', ...(family.length > 0 ? rest : [first, ...rest]))
    await ours.routes.add(options)

    expect(await shown(ours)).toEqual(await shown(theirs))
    const list = await theirs.routes.list()
    expect(list).toContainEqual(expect.objectContaining(listed))
    expect(sorted(await ours.routes.list())).toEqual(sorted(list))
  })
})

describe('a route that is added', () => {
  test.each([
    { dst: '10.1.0.0/16', dev: 'd0' },
    { dst: 'fd01::/48', dev: 'd0' },
    { dst: 'fd01::/48', type: 'blackhole' as const },
  ])('is refused as existing if it is there already: %p', async (options) => {
    await using ns = await cable('route')
    await ns.routes.add(options)
    const error: unknown = await ns.routes.add(options).catch((error: unknown) => error)
    expect(isAlreadyExists(error)).toBe(true)
    expect(isNotFound(error)).toBe(false)
    expect(error).toMatchObject({ code: 'EEXIST', syscall: 'RTM_NEWROUTE', operation: 'routes.add', netns: ns.name })
  })

  test('expires after its time, which `ip` shows running', async () => {
    await using ns = await cable('route')
    await ns.routes.add({ dst: 'fd01::/48', dev: 'd0', expiresSeconds: 1000 })
    const [route] = await ipJson<{ expires: number }[]>(ns, '-6', 'route', 'show', 'fd01::/48')
    expect(route!.expires).toBeGreaterThan(500)
    const { expiresSeconds } = await ns.routes.get({ dst: 'fd01::/48' })
    expect(expiresSeconds).toBeGreaterThan(500)
    expect(expiresSeconds).toBeLessThanOrEqual(1000)
  })

  test('locks its smallest retransmission time-out, which TCP ignores otherwise', async () => {
    await using ns = await cable('route')
    await ns.routes.add({ dst: '10.1.0.0/16', dev: 'd0', metrics: { rtoMin: 50, mtu: 1400 } })
    expect(await ip(ns, 'route', 'show', '10.1.0.0/16')).toMatch(/rto_min lock 50ms/)
    expect(await ns.routes.get({ dst: '10.1.0.0/16' })).toMatchObject({ metrics: { rtoMin: 50, mtu: 1400 } })
  })

  test('is refused, and says why, if its router is not on a link', async () => {
    await using ns = await cable('route')
    const error: unknown = await ns.routes
      .add({ dst: '10.1.0.0/16', via: '192.0.2.1' })
      .catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'ENETUNREACH', kernelMessage: expect.stringContaining('gateway') as string })
  })

  test('is refused, and says why, if its destination has bits beyond its length', async () => {
    await using ns = await cable('route')
    const error: unknown = await ns.routes.add({ dst: '10.1.2.3/16', dev: 'd0' }).catch((error: unknown) => error)
    expect(error).toMatchObject({ code: 'EINVAL', kernelMessage: 'Invalid prefix for given prefix length' })
    expect((error as Error).message).toContain('10.1.2.3/16')
  })

  test('is refused with the name of a device that does not exist', async () => {
    await using ns = await cable('route')
    const error: unknown = await ns.routes.add({ dst: '10.1.0.0/16', dev: 'nosuch' }).catch((error: unknown) => error)
    expect(isNotFound(error)).toBe(true)
    expect((error as Error).message).toContain('nosuch')
  })

  test('is refused by the kernel for a congestion control that it does not have', async () => {
    await using ns = await cable('route')
    const call = ns.routes.add({ dst: '10.1.0.0/16', dev: 'd0', metrics: { congestion: 'nosuch' } })
    await expect(call).rejects.toMatchObject({ name: 'NetlinkError', code: 'EINVAL' })
  })
})

test('the routes that the kernel makes of addresses are listed as `ip` shows them', async () => {
  await using ns = await cable('route')
  await addresses(ns)
  const list = await ns.routes.list()
  expect(list).toHaveLength((await shown(ns)).length)
  const kernel = { protocol: 'kernel' as const }
  for (const route of [
    { ...kernel, dst: '10.0.0.0/24', src: '10.0.0.1', scope: 'link' as const, table: 'main' as const },
    { ...kernel, dst: '10.0.0.255/32', type: 'broadcast' as const, table: 'local' as const },
    { ...kernel, dst: '127.0.0.0/8', type: 'local' as const, scope: 'host' as const, dev: 1 },
    { ...kernel, dst: 'fd00::1/128', type: 'local' as const, table: 'local' as const },
    { ...kernel, dst: 'ff00::/8', type: 'multicast' as const, table: 'local' as const, dev: 3 },
  ]) {
    expect(list).toContainEqual(expect.objectContaining(route))
  }
})
