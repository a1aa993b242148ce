// The route that a packet would take, against `ip route get`.
import { isNotFound, type LookupOptions, type NetNs } from '../../lib/index'
import { ip, ipJson } from '../support/namespaces'
import { cable } from './cable'

/** Two ways out, a table of its own for some packets, and routes that refuse. */
async function arena(): Promise<NetNs> {
  const ns = await cable('route')
  const lines = [
    'address add 10.0.0.1/24 dev d0',
    'address add 10.0.1.1/24 dev d1',
    'address add fd00::1/64 dev d0 nodad',
    'address add fd00:1::1/64 dev d1 nodad',
    'route add default via 10.0.0.254',
    'route add default via 10.0.1.254 metric 50',
    'route add default via 10.0.1.254 table 1000',
    'route add 10.5.0.0/16 via 10.0.0.2 mtu 1400',
    '-6 route add default via fd00::fe',
    '-6 route add default via fd00:1::fe table 1000',
    '-6 route add fd05::/48 via fd00::2',
    ...['10.66.1.0/24', 'fd66:1::/48'].map((dst) => `route add blackhole ${dst}`),
    ...['10.66.2.0/24', 'fd66:2::/48'].map((dst) => `route add unreachable ${dst}`),
    ...['10.66.3.0/24', 'fd66:3::/48'].map((dst) => `route add prohibit ${dst}`),
    ...['-4', '-6'].flatMap((family) => [
      `${family} rule add fwmark 0x10 table 1000 priority 100`,
      `${family} rule add uidrange 1000-1999 table 1000 priority 101`,
      `${family} rule add iif lo tos 0x10 table 1000 priority 102`,
    ]),
    'rule add from 10.0.1.1 table 1000 priority 103',
    '-6 rule add from fd00:1::1 table 1000 priority 103',
  ]
  for (const line of lines) await ip(ns, ...line.split(' '))
  return ns
}

interface Got {
  type: string
  dst: string
  gateway?: string
  dev: string
  prefsrc?: string
  table?: string
  uid?: number
  mark?: number
}

async function shown(ns: NetNs, args: string): Promise<Got> {
  const [route] = await ipJson<Got[]>(ns, 'route', 'get', ...args.split(' '))
  return route!
}

describe('the route that a packet would take', () => {
  let ns: NetNs

  beforeAll(async () => {
    ns = await arena()
  })

  afterAll(async () => {
    await ns.delete()
  })

  test.each<[string, string, LookupOptions, string]>([
    ['to a neighbor', '10.0.0.9', {}, '10.0.0.9'],
    ['to far away', '192.0.2.1', {}, '192.0.2.1'],
    ['by a router', '10.5.6.7', {}, '10.5.6.7'],
    ['to itself', '10.0.0.1', {}, '10.0.0.1'],
    ['to the loopback address', '127.0.0.1', {}, '127.0.0.1'],
    ['to all neighbors', '10.0.0.255', {}, '10.0.0.255'],
    ['to a group', '239.1.2.3', { oif: 'd1' }, '239.1.2.3 oif d1'],
    ['out by a device', '192.0.2.1', { oif: 'd1' }, '192.0.2.1 oif d1'],
    ['out by a device by index', '192.0.2.1', { oif: 2 }, '192.0.2.1 oif d1'],
    ['with a mark', '192.0.2.1', { mark: 0x10 }, '192.0.2.1 mark 0x10'],
    ['with another mark', '192.0.2.1', { mark: 0x11 }, '192.0.2.1 mark 0x11'],
    ['of a user', '192.0.2.1', { uid: 1500 }, '192.0.2.1 uid 1500'],
    ['of another user', '192.0.2.1', { uid: 2000 }, '192.0.2.1 uid 2000'],
    ['with a type of service', '192.0.2.1', { tos: 0x10 }, '192.0.2.1 tos 0x10'],
    ['from an address', '192.0.2.1', { from: '10.0.1.1' }, '192.0.2.1 from 10.0.1.1'],
    ['that came in for us', '10.0.0.1', { from: '10.0.0.9', iif: 'd0' }, '10.0.0.1 from 10.0.0.9 iif d0'],
    ['to an IPv6 neighbor', 'fd00::9', {}, 'fd00::9'],
    ['to an IPv6 neighbor in capitals', 'FD00:0::9', {}, 'fd00::9'],
    ['to far away, IPv6', '2001:db8::1', {}, '2001:db8::1'],
    ['by an IPv6 router', 'fd05::7', {}, 'fd05::7'],
    ['to itself, IPv6', 'fd00::1', {}, 'fd00::1'],
    ['to the IPv6 loopback address', '::1', {}, '::1'],
    ['out by a device, IPv6', '2001:db8::1', { oif: 'd0' }, '2001:db8::1 oif d0'],
    ['with a mark, IPv6', '2001:db8::1', { mark: 0x10 }, '2001:db8::1 mark 0x10'],
    ['of a user, IPv6', '2001:db8::1', { uid: 1500 }, '2001:db8::1 uid 1500'],
    ['from an address, IPv6', '2001:db8::1', { from: 'fd00:1::1' }, '2001:db8::1 from fd00:1::1'],
  ])('is the one that `ip route get` shows: %s', async (_what, address, options, args) => {
    const route = await ns.routes.lookup(address, options)
    const { type, dst, gateway, dev, prefsrc, table } = await shown(ns, args)
    const devices = ['', 'lo', 'd1', 'd0']
    expect({
      type: route.type,
      dst: route.dst.replace(/\/(32|128)$/, ''),
      gateway: route.via,
      dev: devices[route.dev!],
      prefsrc: route.src,
      table: String(route.table),
    }).toEqual({ type, dst, gateway, dev, prefsrc, table: table ?? 'main' })
  })

  test('depends on mark, user, source and device as the rules say', async () => {
    const via = async (options: LookupOptions): Promise<unknown> => (await ns.routes.lookup('192.0.2.1', options)).via
    expect(await via({})).toBe('10.0.0.254')
    expect(await via({ mark: 0x10 })).toBe('10.0.1.254')
    expect(await via({ mark: 0x20 })).toBe('10.0.0.254')
    expect(await via({ uid: 1000 })).toBe('10.0.1.254')
    expect(await via({ from: '10.0.1.1' })).toBe('10.0.1.254')
    expect(await via({ from: '10.0.0.1' })).toBe('10.0.0.254')
    expect(await via({ oif: 'd1' })).toBe('10.0.1.254')
  })

  test('names the table that it stands in', async () => {
    expect(await ns.routes.lookup('192.0.2.1')).toMatchObject({ table: 'main' })
    expect(await ns.routes.lookup('192.0.2.1', { mark: 0x10 })).toMatchObject({ table: 1000, mark: 0x10 })
    expect(await ns.routes.lookup('10.0.0.1')).toMatchObject({ table: 'local', type: 'local' })
  })

  test.each([
    ['10.5.6.7', { dst: '10.5.0.0/16', via: '10.0.0.2', metrics: { mtu: 1400 } }],
    ['192.0.2.1', { dst: 'default', via: '10.0.0.254' }],
    ['10.0.0.9', { dst: '10.0.0.0/24', protocol: 'kernel' }],
    ['fd05::7', { dst: 'fd05::/48', via: 'fd00::2' }],
    ['2001:db8::1', { dst: 'default', via: 'fd00::fe' }],
  ])('is, with `fibMatch`, the one that stands in the table: %s', async (address, expected) => {
    expect(await ns.routes.lookup(address, { fibMatch: true })).toMatchObject(expected)
    expect(await shown(ns, `fibmatch ${address}`)).toMatchObject({ dst: expected.dst })
    const plain = await ns.routes.lookup(address)
    expect(plain.dst).toMatch(/\/(32|128)$/)
  })

  test.each([
    ['blackhole', '10.66.1.1', 'EINVAL'],
    ['unreachable', '10.66.2.1', 'EHOSTUNREACH'],
    ['prohibit', '10.66.3.1', 'EACCES'],
    ['blackhole', 'fd66:1::1', 'EINVAL'],
    ['unreachable', 'fd66:2::1', 'EHOSTUNREACH'],
    ['prohibit', 'fd66:3::1', 'EACCES'],
  ])('is an error where a route of the type %s stands: %s', async (_type, address, code) => {
    const error: unknown = await ns.routes.lookup(address).catch((error: unknown) => error)
    expect(error).toMatchObject({ name: 'NetlinkError', code, syscall: 'RTM_GETROUTE', operation: 'routes.lookup' })
    expect((error as Error).message).toContain(address)
    expect(isNotFound(error)).toBe(false)
    await expect(ns.routes.lookup(address, { fibMatch: true })).rejects.toMatchObject({ code })
  })

  test.each<[string, string, LookupOptions | string, string, string]>([
    ['a prefix', '10.0.0.0/24', {}, 'TypeError', 'address'],
    ['a zone', 'fe80::1%d0', {}, 'TypeError', 'address'],
    ['the word default', 'default', {}, 'TypeError', 'address'],
    ['an empty address', '', {}, 'TypeError', 'address'],
    ['a source of the other family', '10.0.0.9', { from: 'fd00::1' }, 'TypeError', 'from'],
    ['a source that is a prefix', '10.0.0.9', { from: '10.0.0.0/24' }, 'TypeError', 'from'],
    ['a device with a slash', '10.0.0.9', { oif: 'a/b' }, 'TypeError', 'oif'],
    ['a device of number 0', '10.0.0.9', { iif: 0 }, 'RangeError', 'iif'],
    ['a negative mark', '10.0.0.9', { mark: -1 }, 'RangeError', 'mark'],
    ['half a user', '10.0.0.9', { uid: 0.5 }, 'RangeError', 'uid'],
    ['a type of service of 256', '10.0.0.9', { tos: 256 }, 'RangeError', 'tos'],
    ['fibMatch that is no boolean', '10.0.0.9', { fibMatch: 1 as never }, 'TypeError', 'fibMatch'],
    ['an unknown option', '10.0.0.9', { off: 'd0' } as never, 'TypeError', 'off'],
    ['options that are no object', '10.0.0.9', 'd0', 'TypeError', 'options'],
  ])('is not even asked for with %s', async (_what, address, options, name, field) => {
    await expect(ns.routes.lookup(address, options as LookupOptions)).rejects.toMatchObject({ name, field })
  })

  test('names the device that does not exist', async () => {
    const call = ns.routes.lookup('10.0.0.9', { oif: 'nosuch' })
    await expect(call).rejects.toMatchObject({ code: 'ENODEV', message: expect.stringContaining('nosuch') as string })
  })
})

test.each(['192.0.2.1', '2001:db8::1'])('without any route, a destination is unreachable: %s', async (address) => {
  await using ns = await cable('route')
  const error: unknown = await ns.routes.lookup(address).catch((error: unknown) => error)
  expect(error).toMatchObject({ code: 'ENETUNREACH', operation: 'routes.lookup', netns: ns.name })
})
