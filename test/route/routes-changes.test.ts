// How routes are found, listed, replaced, deleted and flushed.
import { isNotFound, type NetNs, type Route, type RouteFilter, type RouteKey, type RouteOptions } from '../../lib/index'
import { ipBatch, ipJson } from '../support/namespaces'
import { cable, sorted } from './cable'

/** The routes that `ip` shows in a table, as their destinations. */
async function shown(ns: NetNs, table = 'main'): Promise<string[]> {
  const families = ['-4', '-6'].map((family) =>
    // `ip` fails for an IPv6 table that does not exist.
    ipJson<{ dst: string }[]>(ns, family, 'route', 'show', 'table', table).catch(() => []),
  )
  return (await Promise.all(families)).flat().map(({ dst }) => dst)
}

async function arena(...routes: string[]): Promise<NetNs> {
  const ns = await cable('route')
  const options = ['dev d0 noprefixroute', 'dev d0 nodad noprefixroute']
  const addresses = [`address add 10.0.0.1/24 ${options[0]}`, `address add fd00::1/64 ${options[1]}`]
  const all = ['10.0.0.0/24 dev d0 proto static', 'fd00::/64 dev d0 proto static', ...routes]
  const [v6, any] = [all.filter((route) => route.startsWith('-6 ')), all.filter((route) => !route.startsWith('-'))]
  await ipBatch(ns, [...addresses, ...any.map((route) => `route append ${route}`)])
  if (v6.length > 0)
    await ipBatch(
      ns,
      v6.map((route) => `route append ${route.slice(3)}`),
      '-6',
    )
  return ns
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  )
}

const base = ['10.0.0.0/24', 'fd00::/64']

const several = [
  '10.1.0.0/16 via 10.0.0.2',
  '10.1.0.0/16 via 10.0.0.3 metric 50',
  '10.1.0.0/16 dev d1 tos 0x10',
  '10.2.0.0/16 dev d1 proto bird src 10.0.0.1',
  '10.3.0.0/16 via 10.0.0.2 table 1000',
  'blackhole 10.4.0.0/16',
  'default via 10.0.0.254',
  'fd01::/48 via fd00::2 metric 7',
  'fd01::/48 dev d1 metric 9',
  'fd03::/48 dev d1 table 1000',
  'fd04::/48 from fd00::/64 dev d1',
  '-6 default via fd00::fe',
]

/** The namespace with several routes for the tests of a `describe` that change nothing in it. */
function read(): () => NetNs {
  let ns: NetNs
  beforeAll(async () => {
    ns = await arena(...several)
  })
  afterAll(() => ns[Symbol.asyncDispose]())
  return () => ns
}

describe('a route that is looked for', () => {
  const reading = read()

  test.each<[string, RouteKey, Partial<Route>]>([
    ['by its destination', { dst: '10.2.0.0/16' }, { dev: 2, protocol: 'bird' }],
    ['by a router', { dst: '10.1.0.0/16', via: '10.0.0.3' }, { metric: 50 }],
    ['by a metric', { dst: '10.1.0.0/16', metric: 50 }, { via: '10.0.0.3' }],
    ['by the metric 0, which is none', { dst: '10.1.0.0/16', metric: 0, tos: 0 }, { via: '10.0.0.2' }],
    ['by a type of service', { dst: '10.1.0.0/16', tos: 16 }, { dev: 2 }],
    ['by a source address', { dst: '10.2.0.0/16', src: '10.0.0.1' }, { dev: 2 }],
    ['by a type', { dst: '10.4.0.0/16', type: 'blackhole' }, { type: 'blackhole' }],
    ['by a table', { dst: '10.3.0.0/16', table: 1000 }, { table: 1000 }],
    ['by a device by name', { dst: 'fd01::/48', dev: 'd1' }, { metric: 9 }],
    ['by a device by index', { dst: 'fd01::/48', dev: 3 }, { metric: 7 }],
    ['by an IPv6 router in capitals', { dst: 'FD01::/48', via: 'FD00::2' }, { metric: 7 }],
    ['by where packets come from', { dst: 'fd04::/48', from: 'FD00::/64' }, { from: 'fd00::/64' }],
    ['as the default', { dst: 'default' }, { family: 'ipv4', via: '10.0.0.254' }],
    ['as 0.0.0.0/0', { dst: '0.0.0.0/0' }, { family: 'ipv4', dst: 'default' }],
    ['as the default of IPv6', { dst: 'default', family: 'ipv6' }, { family: 'ipv6', via: 'fd00::fe' }],
    ['as ::/0', { dst: '::/0' }, { family: 'ipv6', dst: 'default' }],
    ['by a local type, in its table', { dst: '10.0.0.1', type: 'local' }, { table: 'local' }],
  ])('is found %s', async (_how, key, expected) => {
    const ns = reading()
    expect(await ns.routes.get(key)).toMatchObject(expected)
    expect(await ns.routes.find(key)).toEqual(await ns.routes.get(key))
  })

  test.each<[string, RouteKey]>([
    ['no such destination', { dst: '10.99.0.0/16' }],
    ['another length of the prefix', { dst: '10.1.0.0/17' }],
    ['another router', { dst: '10.1.0.0/16', via: '10.0.0.9' }],
    ['another metric', { dst: '10.1.0.0/16', metric: 51 }],
    ['another table', { dst: '10.1.0.0/16', table: 1000 }],
    ['a table without routes', { dst: '10.1.0.0/16', table: 4711 }],
    ['another source', { dst: '10.2.0.0/16', src: '10.0.0.9' }],
    ['another prefix that packets come from', { dst: 'fd04::/48', from: 'fd99::/64' }],
    ['another type', { dst: '10.1.0.0/16', type: 'blackhole' }],
  ])('is not found if there is %s, as isNotFound says', async (_what, key) => {
    const ns = reading()
    const error = await failureOf(ns.routes.get(key))
    expect(isNotFound(error)).toBe(true)
    expect(error).toMatchObject({ operation: 'routes.get', netns: ns.name })
    expect((error as Error).message).toContain(key.dst)
    expect(await ns.routes.find(key)).toBeUndefined()
  })
})

describe('a list of routes', () => {
  const reading = read()

  test.each<[string, RouteFilter, string[]]>([
    ['of a table', { table: 1000 }, ['10.3.0.0/16', 'fd03::/48']],
    ['of a table and a family', { table: 1000, family: 'ipv6' }, ['fd03::/48']],
    ['of a type', { type: 'blackhole' }, ['10.4.0.0/16']],
    ['of a protocol', { protocol: 'bird' }, ['10.2.0.0/16']],
    ['of a device', { dev: 'd1', table: 'main' }, ['10.1.0.0/16', '10.2.0.0/16', 'fd01::/48', 'fd04::/48']],
    ['of a destination', { dst: '10.1.0.0/16' }, ['10.1.0.0/16', '10.1.0.0/16', '10.1.0.0/16']],
    ['of the destination of both families', { dst: 'default' }, ['default', 'default']],
    ['of the destination 0.0.0.0/0', { dst: '0.0.0.0/0' }, ['default']],
    ['of a router', { via: '10.0.0.2' }, ['10.1.0.0/16', '10.3.0.0/16']],
    ['of an IPv6 router in capitals', { via: 'FD00::2' }, ['fd01::/48']],
    ['of a metric', { metric: 50 }, ['10.1.0.0/16']],
    ['of no metric', { metric: 0, dst: '10.1.0.0/16' }, ['10.1.0.0/16', '10.1.0.0/16']],
    ['of a scope', { scope: 'link', table: 'main' }, ['10.0.0.0/24', '10.1.0.0/16', '10.2.0.0/16']],
    ['of several conditions', { dst: '10.1.0.0/16', via: '10.0.0.3', metric: 50, dev: 3 }, ['10.1.0.0/16']],
    ['of what nothing meets', { dst: '10.1.0.0/16', protocol: 'bird' }, []],
    ['of a table that does not exist', { table: 4711 }, []],
    ['of an IPv4 table that does not exist', { table: 4711, family: 'ipv4' }, []],
    ['of an IPv6 table that does not exist', { table: 4711, family: 'ipv6' }, []],
  ])('has what the filter lets through: %s', async (_what, filter, expected) => {
    const ns = reading()
    expect((await ns.routes.list(filter)).map(({ dst }) => dst).sort()).toEqual(expected)
  })

  test('without a filter has the routes of all tables and both families', async () => {
    const ns = reading()
    const list = await ns.routes.list()
    const [v4, v6] = await Promise.all(
      ['-4', '-6'].map((family) => ipJson(ns, family, 'route', 'show', 'table', 'all')),
    )
    expect(list).toHaveLength(v4!.length + v6!.length)
    expect(new Set(list.map(({ table }) => table))).toEqual(new Set(['main', 'local', 1000]))
  })

  test.each(['ipv4', 'ipv6', undefined] as const)(
    'of a table that does not exist warns of nothing: %s',
    async (family) => {
      await using ns = await arena()
      const warnings: unknown[] = []
      const onWarning = (warning: unknown): void => void warnings.push(warning)
      expect(await ns.routes.list({ table: 4711, family }, { onWarning })).toEqual([])
      expect(warnings).toEqual([])
    },
  )

  test('has 5,000 routes as they were added', async () => {
    await using ns = await arena()
    const dst = Array.from({ length: 5000 }, (_, i) => `10.${100 + (i >> 8)}.${i & 255}.0/24`)
    await Promise.all(
      dst.map((prefix, i) => ns.routes.add({ dst: prefix, via: `10.0.0.${2 + (i % 200)}`, table: 1000, metric: i })),
    )
    const list = await ns.routes.list({ table: 1000 })
    const seen = await ipJson<{ dst: string; gateway: string; metric?: number }[]>(ns, 'route', 'show', 'table', '1000')
    expect(list.map((route) => [route.dst, route.via, route.metric])).toEqual(
      seen.map((route) => [route.dst, route.gateway, route.metric]),
    )
    expect(list.map((route) => route.dst)).toEqual(dst)
    expect(list.every((route, i) => route.via === `10.0.0.${2 + (i % 200)}` && (route.metric ?? 0) === i)).toBe(true)
  })
})

describe('a route that is replaced', () => {
  test.each([
    ['10.1.0.0/16', '10.0.0.2', '10.0.0.3'],
    ['fd01::/48', 'fd00::2', 'fd00::3'],
  ])('takes the place of the one to its destination: %s', async (dst, before, after) => {
    await using ns = await arena(`${dst} via ${before}`)
    await ns.routes.replace({ dst, via: after, metrics: { mtu: 1300 } })
    expect(await ns.routes.list({ dst })).toMatchObject([{ via: after, metrics: { mtu: 1300 } }])
  })

  test('leaves one with another metric alone', async () => {
    await using ns = await arena('10.1.0.0/16 via 10.0.0.2 metric 5')
    await ns.routes.replace({ dst: '10.1.0.0/16', via: '10.0.0.3', metric: 6 })
    expect((await ns.routes.list({ dst: '10.1.0.0/16' })).map(({ metric }) => metric)).toEqual([5, 6])
  })

  test('is added if it is not there', async () => {
    await using ns = await arena()
    await ns.routes.replace({ dst: 'fd01::/48', dev: 'd0' })
    expect(await shown(ns)).toEqual(['10.0.0.0/24', 'fd00::/64', 'fd01::/48'])
  })
})

describe('a route that is changed', () => {
  test('has the place of the one to its destination', async () => {
    await using ns = await arena('10.1.0.0/16 via 10.0.0.2', 'fd01::/48 via fd00::2')
    await ns.routes.change({ dst: '10.1.0.0/16', via: '10.0.0.3' })
    await ns.routes.change({ dst: 'fd01::/48', via: 'fd00::3' })
    expect((await ns.routes.list({ dst: '10.1.0.0/16' })).map(({ via }) => via)).toEqual(['10.0.0.3'])
    expect((await ns.routes.list({ dst: 'fd01::/48' })).map(({ via }) => via)).toEqual(['fd00::3'])
  })

  test.each<RouteOptions>([
    { dst: '10.1.0.0/16', via: '10.0.0.3' },
    { dst: 'fd01::/48', via: 'fd00::3' },
    { dst: '10.0.0.0/24', dev: 'd0', metric: 7 },
  ])('has to be there: %p', async (route) => {
    await using ns = await arena()
    const error = await failureOf(ns.routes.change(route))
    expect(isNotFound(error)).toBe(true)
    expect(error).toMatchObject({ code: 'ENOENT', syscall: 'RTM_NEWROUTE', operation: 'routes.change' })
    expect(await shown(ns)).toEqual(base)
  })
})

test('a route that is prepended stands before the one to its destination', async () => {
  await using ns = await arena('10.1.0.0/16 via 10.0.0.2')
  await ns.routes.prepend({ dst: '10.1.0.0/16', via: '10.0.0.3' })
  await expect(ns.routes.prepend({ dst: '10.1.0.0/16', via: '10.0.0.3' })).rejects.toMatchObject({ code: 'EEXIST' })
  expect((await ns.routes.list({ dst: '10.1.0.0/16' })).map(({ via }) => via)).toEqual(['10.0.0.3', '10.0.0.2'])
})

test('a route that is appended stands behind the one to its destination', async () => {
  await using ns = await arena('10.1.0.0/16 via 10.0.0.2')
  await ns.routes.append({ dst: '10.1.0.0/16', via: '10.0.0.3' })
  expect((await ns.routes.list({ dst: '10.1.0.0/16' })).map(({ via }) => via)).toEqual(['10.0.0.2', '10.0.0.3'])
})

describe('a route that is deleted', () => {
  test.each<[string, string, RouteKey]>([
    ['its destination', '10.1.0.0/16 via 10.0.0.2', { dst: '10.1.0.0/16' }],
    ['its destination as the default', 'default via 10.0.0.2', { dst: 'default' }],
    ['0.0.0.0/0', 'default via 10.0.0.2', { dst: '0.0.0.0/0' }],
    ['its destination and router', '10.1.0.0/16 via 10.0.0.2', { dst: '10.1.0.0/16', via: '10.0.0.2' }],
    ['its type', 'blackhole 10.1.0.0/16', { dst: '10.1.0.0/16', type: 'blackhole' }],
    ['its destination, whatever its type', 'blackhole 10.1.0.0/16', { dst: '10.1.0.0/16' }],
    ['its destination, whatever its scope', '10.1.0.0/16 dev d1 scope global', { dst: '10.1.0.0/16' }],
    ['its IPv6 destination', 'fd01::/48 via fd00::2', { dst: 'FD01::/48' }],
    ['its IPv6 destination, whatever its type', 'unreachable fd01::/48', { dst: 'fd01::/48' }],
    ['the default of IPv6', '-6 default via fd00::2', { dst: 'default', family: 'ipv6' }],
    ['where packets come from', 'fd01::/48 from fd00::/64 dev d1', { dst: 'fd01::/48', from: 'fd00::/64' }],
  ])('by %s is gone, and nothing else is', async (_how, route, key) => {
    await using ns = await arena(route)
    expect(await shown(ns)).toHaveLength(3)
    await ns.routes.delete(key)
    expect(await shown(ns)).toEqual(base)
  })

  test('is the one that the key describes', async () => {
    await using ns = await arena(...several)
    await ns.routes.delete({ dst: '10.1.0.0/16', metric: 50 })
    await ns.routes.delete({ dst: 'fd01::/48', dev: 'd1' })
    await ns.routes.delete({ dst: '10.3.0.0/16', table: 1000 })
    expect(await ns.routes.list({ dst: '10.1.0.0/16' })).toMatchObject([{ tos: 16 }, { via: '10.0.0.2' }])
    expect(await ns.routes.list({ dst: 'fd01::/48' })).toMatchObject([{ metric: 7 }])
    expect(await shown(ns, '1000')).toEqual(['fd03::/48'])
  })

  test('may be named by what the list says of it, and added again', async () => {
    await using ns = await arena(...several)
    const before = await ns.routes.list()
    const ours = before.filter(({ protocol }) => protocol === 'boot' || protocol === 'bird')
    expect(ours).toHaveLength(several.length)
    for (const route of ours) await ns.routes.delete(route)
    expect(await shown(ns)).toEqual(base)
    for (const route of ours) await ns.routes.append(route)
    expect(sorted(await ns.routes.list())).toEqual(sorted(before))
  })

  test.each<RouteKey>([
    { dst: '10.9.0.0/16' },
    { dst: 'fd09::/48' },
    { dst: '10.0.0.0/24', via: '10.0.0.77' },
    { dst: '10.0.0.0/24', table: 4711 },
  ])('is an error if it is not there, but not with `force`: %p', async (key) => {
    await using ns = await arena()
    const error = await failureOf(ns.routes.delete(key))
    expect(isNotFound(error)).toBe(true)
    expect(error).toMatchObject({ syscall: 'RTM_DELROUTE', operation: 'routes.delete' })
    await expect(ns.routes.delete(key, { force: true })).resolves.toBeUndefined()
    expect(await shown(ns)).toEqual(base)
  })
})

describe('routes that are flushed', () => {
  test.each<[string, RouteFilter, string[]]>([
    [
      'a family',
      { family: 'ipv6' },
      ['default', '10.0.0.0/24', '10.1.0.0/16', '10.1.0.0/16', '10.1.0.0/16', '10.2.0.0/16', '10.4.0.0/16'],
    ],
    ['a protocol', { protocol: 'boot' }, ['10.0.0.0/24', '10.2.0.0/16', 'fd00::/64']],
    ['a destination', { dst: '10.1.0.0/16', protocol: 'boot', dev: 'd0', metric: 50 }, []],
  ])('are those of the table main that the filter lets through: %s', async (_what, filter, left) => {
    await using ns = await arena(...several)
    await ns.routes.flush(filter)
    const rest = await shown(ns)
    if (left.length > 0) expect(rest).toEqual(left)
    else expect(rest).toHaveLength(several.length - 2 + base.length - 1)
    expect(await shown(ns, '1000')).toEqual(['10.3.0.0/16', 'fd03::/48'])
  })

  test('are those of the table that is named', async () => {
    await using ns = await arena(...several)
    const before = await shown(ns)
    await ns.routes.flush({ table: 1000 })
    expect(await shown(ns, '1000')).toEqual([])
    expect(await shown(ns)).toEqual(before)
  })

  test('may be none', async () => {
    await using ns = await arena()
    await expect(ns.routes.flush({ table: 4711 })).resolves.toBeUndefined()
    await expect(ns.routes.flush({ dst: '10.9.0.0/16' })).resolves.toBeUndefined()
    expect(await shown(ns)).toEqual(base)
  })

  test.each([[{}], [{ dev: undefined }], [undefined]])(
    'are never all there are: a filter without a condition is refused: %p',
    async (filter) => {
      await using ns = await arena()
      expect(await failureOf(ns.routes.flush(filter as never))).toMatchObject({ field: 'filter' })
      expect(await shown(ns)).toEqual(base)
    },
  )
})
