// What is wrong with a route's options is said by the name of the option, and nothing reaches the kernel.
import type { NetNs, Route } from '../../lib/index'
import { ip } from '../support/namespaces'
import { cable } from './cable'

const invalid = (name: string, field: string): object => ({
  name,
  field,
  code: expect.stringMatching(/^ERR_/) as string,
})

describe('options of routes', () => {
  let ns: NetNs
  let before: Route[]

  beforeAll(async () => {
    ns = await cable('route')
    await ip(ns, 'address', 'add', '10.0.0.1/24', 'dev', 'd0')
    await ip(ns, 'address', 'add', 'fd00::1/64', 'nodad', 'dev', 'd0')
    await ip(ns, 'route', 'add', '10.1.0.0/16', 'via', '10.0.0.2')
  })

  beforeEach(async () => {
    before = await ns.routes.list()
  })

  afterEach(async () => {
    expect(await ns.routes.list()).toEqual(before)
  })

  afterAll(async () => {
    await ns.delete()
  })

  test.each([
    ['a prefix of 33 bits', '10.2.0.0/33', 'RangeError'],
    ['an IPv6 prefix of 129 bits', 'fd02::/129', 'RangeError'],
    ['a slash without a length', '10.2.0.0/', 'TypeError'],
    ['a length without an address', '/24', 'TypeError'],
    ['a byte of 256', '10.0.0.256', 'TypeError'],
    ['a zone', 'fe80::1%eth0', 'TypeError'],
    ['a zone and a length', 'fe80::%eth0/64', 'TypeError'],
    ['three bytes', '10.2.0/16', 'TypeError'],
    ['a mask instead of a length', '10.2.0.0/255.255.0.0', 'TypeError'],
    ['a signed length', '10.2.0.0/+16', 'TypeError'],
    ['a word', 'any', 'TypeError'],
    ['the word default in capitals', 'Default', 'TypeError'],
    ['nothing', '', 'TypeError'],
    ['a number', 10, 'TypeError'],
    ['null', null, 'TypeError'],
    ['missing', undefined, 'TypeError'],
  ])('are refused by name if the destination is %s', async (_what, dst, name) => {
    const route = { dst, dev: 'd0' } as never
    for (const call of [
      () => ns.routes.add(route),
      () => ns.routes.replace(route),
      () => ns.routes.change(route),
      () => ns.routes.append(route),
      () => ns.routes.prepend(route),
      () => ns.routes.get(route),
      () => ns.routes.find(route),
      () => ns.routes.delete(route),
      () => ns.routes.delete(route, { force: true }),
    ]) {
      await expect(call()).rejects.toMatchObject(invalid(name, 'dst'))
    }
    if (dst === undefined) return
    await expect(ns.routes.list(route)).rejects.toMatchObject(invalid(name, 'dst'))
    await expect(ns.routes.flush(route)).rejects.toMatchObject(invalid(name, 'dst'))
  })

  const v4 = { dst: '10.2.0.0/16', dev: 'd0' }
  const v6 = { dst: 'fd02::/48', dev: 'd0' }
  const hops = { dst: '10.2.0.0/16' }
  test.each<[string, string, string, object]>([
    ['an IPv4 router of an IPv6 route', 'TypeError', 'via', { ...v6, via: '10.0.0.254' }],
    ['an IPv4 router of the IPv6 default', 'TypeError', 'via', { dst: 'default', family: 'ipv6', via: '10.0.0.254' }],
    ['a router with a length', 'TypeError', 'via', { ...v4, via: '10.0.0.254/24' }],
    ['a router with a zone', 'TypeError', 'via', { ...v6, via: 'fe80::1%d0' }],
    ['a router that is no address', 'TypeError', 'via', { ...v4, via: 'router' }],
    ['a router that is a number', 'TypeError', 'via', { ...v4, via: 1 }],
    ['an IPv6 source of an IPv4 route', 'TypeError', 'src', { ...v4, src: 'fd00::1' }],
    ['an IPv4 source of an IPv6 route', 'TypeError', 'src', { ...v6, src: '10.0.0.1' }],
    ['a source with a length', 'TypeError', 'src', { ...v4, src: '10.0.0.1/24' }],
    ['an IPv4 prefix to come from, for IPv6', 'TypeError', 'from', { ...v6, from: '10.0.0.0/24' }],
    ['a prefix to come from of 129 bits', 'RangeError', 'from', { ...v6, from: 'fd00::/129' }],
    ['a prefix to come from, which IPv4 ignores', 'TypeError', 'from', { ...v4, from: '10.0.0.0/24' }],
    ['a preference, which IPv4 ignores', 'TypeError', 'preference', { ...v4, preference: 'high' }],
    ['an expiry, which IPv4 ignores', 'TypeError', 'expiresSeconds', { ...v4, expiresSeconds: 5 }],
    ['a family that is not that of the destination', 'TypeError', 'dst', { ...v4, family: 'ipv6' }],
    ['an unknown family', 'TypeError', 'family', { ...v4, family: 'inet' }],
    ['a device with a slash', 'TypeError', 'dev', { ...v4, dev: 'a/b' }],
    ['a device with a colon', 'TypeError', 'dev', { ...v4, dev: 'd0:1' }],
    ['a device of 16 bytes', 'RangeError', 'dev', { ...v4, dev: 'sixteen-bytes-xx' }],
    ['an empty device', 'RangeError', 'dev', { ...v4, dev: '' }],
    ['the device 0', 'RangeError', 'dev', { ...v4, dev: 0 }],
    ['half a device', 'RangeError', 'dev', { ...v4, dev: 1.5 }],
    ['a negative metric', 'RangeError', 'metric', { ...v4, metric: -1 }],
    ['half a metric', 'RangeError', 'metric', { ...v4, metric: 1.5 }],
    ['a metric of 2^32', 'RangeError', 'metric', { ...v4, metric: 2 ** 32 }],
    ['a metric that is NaN', 'RangeError', 'metric', { ...v4, metric: NaN }],
    ['a metric in a string', 'TypeError', 'metric', { ...v4, metric: '5' }],
    ['a table of 2^32', 'RangeError', 'table', { ...v4, table: 2 ** 32 }],
    ['a negative table', 'RangeError', 'table', { ...v4, table: -1 }],
    ['half a table', 'RangeError', 'table', { ...v4, table: 300.5 }],
    ['a table without such a name', 'TypeError', 'table', { ...v4, table: 'mian' }],
    ['a table named like a property of all objects', 'TypeError', 'table', { ...v4, table: 'constructor' }],
    ['a type without such a name', 'TypeError', 'type', { ...v4, type: 'drop' }],
    ['a type of 256', 'RangeError', 'type', { ...v4, type: 256 }],
    ['a protocol without such a name', 'TypeError', 'protocol', { ...v4, protocol: 'quagga' }],
    ['a scope without such a name', 'TypeError', 'scope', { ...v4, scope: 'universe' }],
    ['a type of service of 256', 'RangeError', 'tos', { ...v4, tos: 256 }],
    ['a preference without such a name', 'TypeError', 'preference', { ...v6, preference: 'highest' }],
    ['an expiry at once', 'RangeError', 'expiresSeconds', { ...v6, expiresSeconds: 0 }],
    ['a negative expiry', 'RangeError', 'expiresSeconds', { ...v6, expiresSeconds: -1 }],
    ['an expiry that is no number', 'RangeError', 'expiresSeconds', { ...v6, expiresSeconds: NaN }],
    ['a way that is nothing', 'TypeError', 'nexthops[0]', { dst: 'default', nexthops: [null] }],
    ['flags that are no list', 'TypeError', 'flags', { ...v4, flags: 'onlink' }],
    ['a mark that is no number', 'TypeError', 'mark', { ...v4, mark: {} }],
    ['realms as text', 'TypeError', 'flow', { ...v4, flow: '3/4' }],
    ['onlink that is no boolean', 'TypeError', 'onlink', { ...v4, via: '10.0.0.2', onlink: 1 }],
    ['metrics that are no object', 'TypeError', 'metrics', { ...v4, metrics: 1400 }],
    ['an MTU that the kernel would cut', 'RangeError', 'metrics.mtu', { ...v4, metrics: { mtu: 65_521 } }],
    [
      'a segment size that the kernel would cut',
      'RangeError',
      'metrics.advmss',
      { ...v6, metrics: { advmss: 65_496 } },
    ],
    ['a hop limit that the kernel would cut', 'RangeError', 'metrics.hoplimit', { ...v4, metrics: { hoplimit: 256 } }],
    ['a lock that is a number', 'TypeError', 'metrics.lock', { ...v4, metrics: { mtu: 1400, lock: 4 } }],
    [
      'a lock that is a number, with another one',
      'TypeError',
      'metrics.lock',
      { ...v4, metrics: { rtoMin: 4, lock: 4 } },
    ],
    ['a lock of no metric', 'TypeError', 'metrics.lock', { ...v4, metrics: { mtu: 1400, lock: ['ttl'] } }],
    ['a feature that there is not', 'TypeError', 'metrics.features', { ...v4, metrics: { features: ['dctcp'] } }],
    ['a round-trip time that is too long', 'RangeError', 'metrics.rtt', { ...v4, metrics: { rtt: 2 ** 29 } }],
    ['a round-trip time that is a string', 'TypeError', 'metrics.rtt', { ...v4, metrics: { rtt: '1ms' } }],
    ['a negative variance', 'RangeError', 'metrics.rttvar', { ...v4, metrics: { rttvar: -1 } }],
    ['quick acknowledgements that are a number', 'TypeError', 'metrics.quickack', { ...v4, metrics: { quickack: 1 } }],
    [
      'an encapsulation that there is not',
      'TypeError',
      'encapType',
      { ...v4, encapType: 'gre', encap: new Uint8Array(4) },
    ],
    ['a negative MTU', 'RangeError', 'metrics.mtu', { ...v4, metrics: { mtu: -1 } }],
    ['an MTU of 2^32', 'RangeError', 'metrics.mtu', { ...v4, metrics: { mtu: 2 ** 32 } }],
    ['an MTU in a string', 'TypeError', 'metrics.mtu', { ...v4, metrics: { mtu: '1400' } }],
    [
      'a congestion control of 16 bytes',
      'RangeError',
      'metrics.congestion',
      { ...v4, metrics: { congestion: 'x'.repeat(16) } },
    ],
    [
      'nexthops besides a router',
      'TypeError',
      'nexthops',
      { ...hops, via: '10.0.0.2', nexthops: [{ via: '10.0.0.3' }] },
    ],
    ['nexthops besides a device', 'TypeError', 'nexthops', { ...v4, nexthops: [{ via: '10.0.0.3' }] }],
    ['nexthops that are no array', 'TypeError', 'nexthops', { ...hops, nexthops: { via: '10.0.0.3' } }],
    ['no nexthop among them', 'RangeError', 'nexthops', { ...hops, nexthops: [] }],
    ['a nexthop that is no object', 'TypeError', 'nexthops[0]', { ...hops, nexthops: ['10.0.0.3'] }],
    ['a nexthop that is null', 'TypeError', 'nexthops[1]', { ...hops, nexthops: [{ via: '10.0.0.3' }, null] }],
    ['a weight of 0', 'RangeError', 'nexthops[0].weight', { ...hops, nexthops: [{ via: '10.0.0.3', weight: 0 }] }],
    ['a weight of 257', 'RangeError', 'nexthops[0].weight', { ...hops, nexthops: [{ via: '10.0.0.3', weight: 257 }] }],
    ['half a weight', 'RangeError', 'nexthops[0].weight', { ...hops, nexthops: [{ via: '10.0.0.3', weight: 1.5 }] }],
    [
      'an IPv4 router among those of an IPv6 route',
      'TypeError',
      'nexthops[1].via',
      { dst: 'fd02::/48', nexthops: [{ via: 'fd00::2' }, { via: '10.0.0.3' }] },
    ],
    ['a wrong device of a nexthop', 'TypeError', 'nexthops[0].dev', { ...hops, nexthops: [{ dev: 'a b' }] }],
    ['a typo in a nexthop', 'TypeError', 'nexthops[0].wieght', { ...hops, nexthops: [{ via: '10.0.0.3', wieght: 2 }] }],
    ['a nexthop object of 2^32', 'RangeError', 'nexthopId', { ...hops, nexthopId: 2 ** 32 }],
  ])('are refused by name for %s', async (_what, name, field, options) => {
    await expect(ns.routes.add(options as never)).rejects.toMatchObject(invalid(name, field))
    await expect(ns.routes.replace(options as never)).rejects.toMatchObject(invalid(name, field))
  })

  test.each<[string, string, string, object]>([
    ['a family', 'TypeError', 'family', { family: 'inet' }],
    ['a family and a destination of another', 'TypeError', 'dst', { family: 'ipv6', dst: '10.1.0.0/16' }],
    ['a table', 'TypeError', 'table', { table: 'mian' }],
    ['a type', 'TypeError', 'type', { type: 'drop' }],
    ['a protocol', 'RangeError', 'protocol', { protocol: 256 }],
    ['a device', 'TypeError', 'dev', { dev: 'a/b' }],
    ['a router', 'TypeError', 'via', { via: '10.0.0.0/24' }],
    ['a metric', 'RangeError', 'metric', { metric: -1 }],
    ['a scope', 'TypeError', 'scope', { scope: 'universe' }],
  ])('are refused by name in a filter with a wrong value: %s', async (_what, name, field, filter) => {
    await expect(ns.routes.list(filter)).rejects.toMatchObject(invalid(name, field))
    await expect(ns.routes.flush(filter)).rejects.toMatchObject(invalid(name, field))
  })

  test.each<[string, string, (options: object) => Promise<unknown>]>([
    ['gateway', '', (more) => ns.routes.add({ ...v4, ...more })],
    ['metrc', 'metric', (more) => ns.routes.add({ ...v4, ...more })],
    ['nexthop', 'nexthops', (more) => ns.routes.replace({ ...hops, ...more })],
    ['expireSeconds', 'expiresSeconds', (more) => ns.routes.append({ ...v6, ...more })],
    ['tabel', 'table', (more) => ns.routes.delete({ dst: '10.1.0.0/16', ...more })],
    ['vai', 'via', (more) => ns.routes.get({ dst: '10.1.0.0/16', ...more })],
    ['famliy', 'family', (more) => ns.routes.list(more)],
    ['dts', 'dst', (more) => ns.routes.flush(more)],
    ['metrics.mtuu', 'mtu', (more) => ns.routes.add({ ...v4, metrics: { mtuu: Object.keys(more).length } as never })],
  ])('are refused by name if nobody knows them, with a hint: %s, %s', async (typo, meant, call) => {
    const message = expect.stringContaining(meant === '' ? typo : `did you mean "${meant}"`) as string
    await expect(call({ [typo]: 1 })).rejects.toMatchObject({ name: 'TypeError', field: typo, message })
  })

  test.each([[undefined], [null], ['default'], [[]], [7]])('are refused if they are no object: %p', async (options) => {
    await expect(ns.routes.add(options as never)).rejects.toMatchObject({ name: 'TypeError', field: 'options' })
    await expect(ns.routes.delete(options as never)).rejects.toMatchObject({ name: 'TypeError', field: 'options' })
    await expect(ns.routes.get(options as never)).rejects.toMatchObject({ name: 'TypeError', field: 'options' })
  })
})

test('a closed handle is refused by every verb of routes', async () => {
  const ns = await cable('route')
  await ns.delete()
  const route = { dst: '10.2.0.0/16', dev: 'd0' }
  const closed = { code: 'ERR_NETLOOM_CLOSED', name: 'NetloomError' }
  await expect(ns.routes.add(route)).rejects.toMatchObject({ ...closed, operation: 'routes.add' })
  await expect(ns.routes.replace(route)).rejects.toMatchObject({ ...closed, operation: 'routes.replace' })
  await expect(ns.routes.change(route)).rejects.toMatchObject(closed)
  await expect(ns.routes.append(route)).rejects.toMatchObject(closed)
  await expect(ns.routes.prepend(route)).rejects.toMatchObject(closed)
  await expect(ns.routes.delete(route, { force: true })).rejects.toMatchObject(closed)
  await expect(ns.routes.get(route)).rejects.toMatchObject(closed)
  await expect(ns.routes.find(route)).rejects.toMatchObject(closed)
  await expect(ns.routes.list()).rejects.toMatchObject(closed)
  await expect(ns.routes.flush({ dev: 'd0' })).rejects.toMatchObject(closed)
  await expect(ns.routes.lookup('10.0.0.1')).rejects.toMatchObject({ ...closed, operation: 'routes.lookup' })
})
