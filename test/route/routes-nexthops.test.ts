// Routes with several ways, by nexthops of their own or by nexthop objects, against `ip route`.
import { type NetNs, type Route, type RouteOptions } from '../../lib/index'
import { ip, ipJson } from '../support/namespaces'
import { cable, cables, sorted } from './cable'

/** A cable with addresses on both ends. */
async function prepared(ns: NetNs): Promise<NetNs> {
  await ip(ns, 'address', 'add', '10.0.0.1/24', 'dev', 'd0')
  await ip(ns, 'address', 'add', '10.0.1.1/24', 'dev', 'd1')
  await ip(ns, 'address', 'add', 'fd00::1/64', 'dev', 'd0', 'nodad')
  await ip(ns, 'address', 'add', 'fd00:1::1/64', 'dev', 'd1', 'nodad')
  return ns
}

async function arena(): Promise<NetNs> {
  return prepared(await cable('route'))
}

function shown(ns: NetNs, dst: string): Promise<Record<string, unknown>[]> {
  return ipJson(ns, dst.includes(':') ? '-6' : '-4', 'route', 'show', dst)
}

type Hops = NonNullable<RouteOptions['nexthops']>

describe('a route with several ways', () => {
  test.each<[string, string, Hops, string, Route['nexthops']]>([
    [
      'two routers',
      '10.5.0.0/16',
      [{ via: '10.0.0.2' }, { via: '10.0.1.2' }],
      'nexthop via 10.0.0.2 nexthop via 10.0.1.2',
      [
        { via: '10.0.0.2', dev: 3, weight: 1, flags: [] },
        { via: '10.0.1.2', dev: 2, weight: 1, flags: [] },
      ],
    ],
    [
      'weights from 1 to 256',
      '10.5.0.0/16',
      [
        { via: '10.0.0.2', weight: 1 },
        { via: '10.0.0.3', weight: 2 },
        { via: '10.0.1.2', weight: 256 },
      ],
      'nexthop via 10.0.0.2 weight 1 nexthop via 10.0.0.3 weight 2 nexthop via 10.0.1.2 weight 256',
      [
        { via: '10.0.0.2', dev: 3, weight: 1, flags: [] },
        { via: '10.0.0.3', dev: 3, weight: 2, flags: [] },
        { via: '10.0.1.2', dev: 2, weight: 256, flags: [] },
      ],
    ],
    [
      'devices only',
      '10.5.0.0/16',
      [{ dev: 'd0' }, { dev: 2, weight: 3 }],
      'nexthop dev d0 nexthop dev d1 weight 3',
      [
        { dev: 3, weight: 1, flags: [] },
        { dev: 2, weight: 3, flags: [] },
      ],
    ],
    [
      'one router that no prefix covers',
      '10.5.0.0/16',
      [{ via: '192.0.2.1', dev: 'd0', onlink: true }, { via: '10.0.1.2' }],
      'nexthop via 192.0.2.1 dev d0 onlink nexthop via 10.0.1.2',
      [
        { via: '192.0.2.1', dev: 3, weight: 1, flags: ['onlink'] },
        { via: '10.0.1.2', dev: 2, weight: 1, flags: [] },
      ],
    ],
    [
      'routers of both families',
      '10.5.0.0/16',
      [{ via: '10.0.0.2' }, { via: 'fd00:1::2', dev: 'd1', weight: 2 }],
      'nexthop via 10.0.0.2 nexthop via inet6 fd00:1::2 dev d1 weight 2',
      [
        { via: '10.0.0.2', dev: 3, weight: 1, flags: [] },
        { via: 'fd00:1::2', dev: 2, weight: 2, flags: [] },
      ],
    ],
    [
      'two IPv6 routers',
      'fd05::/48',
      [{ via: 'fd00::2', weight: 4 }, { via: 'fd00:1::2' }],
      'nexthop via fd00::2 weight 4 nexthop via fd00:1::2',
      [
        { via: 'fd00::2', dev: 3, weight: 4, flags: [] },
        { via: 'fd00:1::2', dev: 2, weight: 1, flags: [] },
      ],
    ],
    [
      'link-local routers on two devices',
      'fd05::/48',
      [
        { via: 'fe80::2', dev: 'd0' },
        { via: 'fe80::2', dev: 'd1' },
      ],
      'nexthop via fe80::2 dev d0 nexthop via fe80::2 dev d1',
      [
        { via: 'fe80::2', dev: 3, weight: 1, flags: [] },
        { via: 'fe80::2', dev: 2, weight: 1, flags: [] },
      ],
    ],
  ])('has, as with `ip route add`, %s', async (_what, dst, nexthops, args, listed) => {
    await using both = await cables('route')
    const ours = await prepared(both.ours)
    const theirs = await prepared(both.theirs)
    await ours.routes.add({ dst, nexthops })
    await ip(theirs, 'route', 'add', dst, ...args.split(' '))

    expect(await shown(ours, dst)).toEqual(await shown(theirs, dst))
    for (const ns of [ours, theirs]) {
      const route = await ns.routes.get({ dst })
      expect(route.nexthops).toEqual(listed)
      expect(route).not.toHaveProperty('via')
      expect(route).not.toHaveProperty('dev')
    }
    expect(sorted(await ours.routes.list())).toEqual(sorted(await theirs.routes.list()))
  })

  test('may be the default route of IPv6, whose family its routers tell', async () => {
    await using ns = await arena()
    await ns.routes.add({ dst: 'default', nexthops: [{ via: 'fd00::2' }, { via: 'fd00:1::2' }] })
    expect(await shown(ns, '::/0')).toMatchObject([{ nexthops: [{ gateway: 'fd00::2' }, { gateway: 'fd00:1::2' }] }])
  })

  test('has one more in IPv6 when one is appended', async () => {
    await using ns = await arena()
    await ns.routes.add({ dst: 'fd05::/48', via: 'fd00::2' })
    await ns.routes.append({ dst: 'fd05::/48', via: 'fd00:1::2' })
    const { nexthops } = await ns.routes.get({ dst: 'fd05::/48' })
    expect(nexthops).toMatchObject([{ via: 'fd00::2' }, { via: 'fd00:1::2' }])
  })

  test('is replaced as a whole', async () => {
    await using ns = await arena()
    await ip(ns, 'route', 'add', '10.5.0.0/16', 'nexthop', 'via', '10.0.0.2', 'nexthop', 'via', '10.0.0.3')
    await ns.routes.replace({ dst: '10.5.0.0/16', nexthops: [{ via: '10.0.1.2', weight: 7 }, { via: '10.0.1.3' }] })
    expect(await shown(ns, '10.5.0.0/16')).toMatchObject([
      {
        nexthops: [
          { gateway: '10.0.1.2', weight: 7 },
          { gateway: '10.0.1.3', weight: 1 },
        ],
      },
    ])
  })

  test('tells which of them are down', async () => {
    await using ns = await arena()
    await ns.routes.add({ dst: '10.5.0.0/16', nexthops: [{ via: '10.0.0.2' }, { via: '10.0.1.2' }] })
    await ip(ns, 'link', 'set', 'd1', 'down')
    const { nexthops } = await ns.routes.get({ dst: '10.5.0.0/16' })
    expect(nexthops).toMatchObject([
      { dev: 3, flags: ['linkdown'] },
      { dev: 2, flags: ['dead', 'linkdown'] },
    ])
  })

  test.each([
    ['10.5.0.0/16', '10.0.0.2', '10.0.1.2'],
    ['fd05::/48', 'fd00::2', 'fd00:1::2'],
  ])('is found by any of its devices and routers: %s', async (dst, first, second) => {
    await using ns = await arena()
    await ns.routes.add({ dst, nexthops: [{ via: first }, { via: second }] })
    for (const filter of [{ dev: 'd0' }, { dev: 'd1' }, { via: first }, { via: second }, { dev: 'd1', via: second }]) {
      const list = await ns.routes.list({ ...filter, table: 'main' })
      expect(list.filter((route) => route.dst === dst)).toHaveLength(1)
    }
  })

  test.each([
    ['10.5.0.0/16', '10.0.0.2', '10.0.1.2'],
    ['fd05::/48', 'fd00::2', 'fd00:1::2'],
  ])('is deleted as a whole by its destination: %s', async (dst, first, second) => {
    await using ns = await arena()
    await ns.routes.add({ dst, nexthops: [{ via: first }, { via: second }] })
    await ns.routes.delete({ dst })
    expect(await shown(ns, dst)).toEqual([])
  })

  test.each([
    ['10.5.0.0/16', '10.0.0.2', '10.0.1.2'],
    ['fd05::/48', 'fd00::2', 'fd00:1::2'],
  ])('is flushed as a whole: %s', async (dst, first, second) => {
    await using ns = await arena()
    await ns.routes.add({ dst, nexthops: [{ via: first }, { via: second }] })
    await ns.routes.flush({ dst })
    expect(await shown(ns, dst)).toEqual([])
  })

  test('can be added again from what the list says of it', async () => {
    await using ns = await arena()
    await ns.routes.add({ dst: '10.5.0.0/16', nexthops: [{ via: '10.0.0.2', weight: 5 }, { dev: 'd1' }], metric: 4 })
    const route = await ns.routes.get({ dst: '10.5.0.0/16' })
    await ns.routes.delete({ dst: '10.5.0.0/16' })
    await ns.routes.add(route)
    expect(await ns.routes.get({ dst: '10.5.0.0/16' })).toEqual(route)
  })
})

describe('a route by a nexthop object', () => {
  test.each([
    ['10.5.0.0/16', '10.0.0.2'],
    ['fd05::/48', 'fd00::2'],
  ])('is listed with its id and what it stands for: %s', async (dst, via) => {
    await using ns = await arena()
    await ip(ns, 'nexthop', 'add', 'id', '7', 'via', via, 'dev', 'd0')
    await ns.routes.add({ dst, nexthopId: 7 })
    expect(await ns.routes.get({ dst })).toMatchObject({ nexthopId: 7, via, dev: 3 })
    expect(await shown(ns, dst)).toMatchObject([{ nhid: 7, gateway: via }])
  })

  test.each([
    ['10.5.0.0/16', '10.0.0.2'],
    ['fd05::/48', 'fd00::2'],
  ])('is gone after a flush that lets it through: %s', async (dst, via) => {
    await using ns = await arena()
    await ip(ns, 'nexthop', 'add', 'id', '7', 'via', via, 'dev', 'd0')
    await ip(ns, 'route', 'add', dst, 'nhid', '7')
    await ns.routes.flush({ dst })
    expect(await shown(ns, dst)).toEqual([])
  })

  test('is refused if there is no such object', async () => {
    await using ns = await arena()
    const call = ns.routes.add({ dst: '10.5.0.0/16', nexthopId: 9 })
    await expect(call).rejects.toMatchObject({ code: 'EINVAL', kernelMessage: 'Nexthop id does not exist' })
  })
})
