// What netloom gives can be printed by JSON.stringify, and where it is what a call takes, given back.
import { Namespace, NetlinkError, NetNs } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { printable, printableThroughout } from '../../lib/wire/printable'
import { ownPrefix } from '../support/namespaces'

const net = useNetNs({ names: ['red'], prefix: ownPrefix })

/** As somebody reads it who gets it over a wire. */
function sent<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

/** Every path of a value to a `null`, which stands for nothing that netloom tells. */
function nulls(value: unknown, path = ''): string[] {
  if (value === null) return [path]
  if (typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, one]) => nulls(one, `${path}.${key}`))
}

beforeEach(async () => {
  const { red } = net
  await red.links.set('lo', { up: true })
  await red.links.add({ kind: 'veth', name: 'e0', up: true, peer: { name: 'e1', up: true } })
  await red.links.add({ kind: 'bridge', name: 'br0', up: true })
  await red.links.set('e1', { master: 'br0' })
  await red.addresses.add({ dev: 'e0', address: '10.0.0.1/24' })
  await red.addresses.add({ dev: 'e0', address: 'fd00::1/64', flags: ['nodad'], validLifetimeSeconds: 1000 })
  await red.routes.add({ dst: '10.9.0.0/16', via: '10.0.0.2', metrics: { mtu: 1400 } })
  await red.neighbors.add({ dev: 'e0', address: '10.0.0.2', mac: '02:00:00:00:00:02' })
  await red.rules.add({ from: '10.0.0.0/24', tunnelId: 77n, table: 100, priority: 50 })
  await red.rules.add({ to: '10.1.0.0/24', tunnelId: 2n ** 63n, table: 100, priority: 51 })
})

test('links, with their counters as numbers', async () => {
  const links = await net.red.links.list({ statistics: true })
  const told = sent(links)
  expect(nulls(told)).toEqual([])
  for (const [i, { statistics, ...link }] of links.entries()) {
    const { statistics: printed, ...rest } = told[i]!
    expect(rest).toEqual(JSON.parse(JSON.stringify(link)))
    expect(Object.keys(printed!)).toEqual(Object.keys(statistics!))
    expect(printed).toEqual(Object.fromEntries(Object.entries(statistics!).map(([key, n]) => [key, Number(n)])))
  }
  // They are what they were: plain objects of bigints, which can be copied.
  const { statistics } = links[0]!
  expect(typeof statistics!.rxBytes).toBe('bigint')
  expect(Object.getPrototypeOf(statistics)).toBe(Object.prototype)
  expect(Object.keys(statistics!)).not.toContain('toJSON')
  expect(structuredClone(statistics)).toEqual(statistics)
  expect(JSON.stringify({ ...links[0]! })).toBe(JSON.stringify(links[0]))
})

test('addresses, of which one without end says so, and that can be given back', async () => {
  const { red } = net
  const before = await red.addresses.list({ dev: 'e0', scope: 'global' })
  expect(before.map(({ validLifetimeSeconds }) => validLifetimeSeconds)).toEqual([Infinity, 1000])
  const told = sent(before)
  expect(nulls(told)).toEqual([])
  expect(told[0]).toMatchObject({ validLifetimeSeconds: 4294967295, preferredLifetimeSeconds: 4294967295 })
  await red.addresses.flush({ dev: 'e0', scope: 'global' })
  for (const one of told) await red.addresses.add(one)
  const after = await red.addresses.list({ dev: 'e0', scope: 'global' })
  expect(after).toEqual(before)
})

test('routes, neighbors and rules, that can be given back', async () => {
  const { red } = net
  const routes = sent(await red.routes.list({ dst: '10.9.0.0/16' }))
  const neighbors = sent(await red.neighbors.list({ dev: 'e0', family: 'ipv4' }))
  const rules = await red.rules.list({ table: 100 })
  expect(rules.map(({ tunnelId }) => tunnelId)).toEqual([77n, 2n ** 63n])
  const toldRules = sent(rules)
  expect(nulls([routes, neighbors, toldRules])).toEqual([])
  expect(toldRules.map(({ tunnelId }) => tunnelId)).toEqual([77, '9223372036854775808'])
  await red.routes.delete(routes[0]!)
  await red.routes.add(routes[0]!)
  await red.neighbors.replace(neighbors.find(({ address }) => address === '10.0.0.2')!)
  await red.rules.delete(rules[0]!)
  await red.rules.add(toldRules[0]!)
  expect(await red.rules.list({ table: 100 })).toEqual(rules)
  expect(sent(await red.routes.list({ dst: '10.9.0.0/16' }))).toEqual(routes)
})

test('sockets of every protocol, with what TCP knows', async () => {
  const { red } = net
  const server = await red.listen({ host: '127.0.0.1', port: 0 })
  const { port } = server.address() as { port: number }
  const client = await red.connect({ host: '127.0.0.1', port })
  const packets = await red.packets({ dev: 'lo' })
  const sockets = await red.sockets({ protocol: ['tcp', 'netlink', 'packet'], info: true, memory: true })
  expect(nulls(sent(sockets))).toEqual([])
  const told = sent(sockets)
  const protocols = new Set(told.map(({ protocol }) => protocol))
  for (const protocol of ['tcp', 'netlink', 'packet']) expect(protocols).toContain(protocol)
  for (const [i, { cookie }] of sockets.entries()) expect(BigInt(String(told[i]!.cookie))).toBe(cookie)
  const connected = sockets.findIndex((one) => one.protocol === 'tcp' && one.state === 'established')
  const [socket, printed] = [sockets[connected], told[connected]] as [{ info: object }, { info: object }]
  const { bytesSent, maxPacingRate } = socket.info as Record<string, bigint>
  expect(printed.info).toMatchObject({ bytesSent: Number(bytesSent), maxPacingRate: String(maxPacingRate) })
  expect(maxPacingRate).toBe(2n ** 64n - 1n)
  client.destroy()
  await packets.close()
  await new Promise((resolve) => server.close(resolve))
})

test('frames, namespaces, features, namespace lists and errors', async () => {
  const { red } = net
  const packets = await red.packets({ dev: 'lo' })
  await red.ping('127.0.0.1', { count: 1 })
  for await (const frame of packets) {
    expect(BigInt(String(sent(frame).timestamp))).toBe(frame.timestamp)
    break
  }
  await packets.close()
  const error: unknown = await red.links.add({ kind: 'bridge', name: 'br1', mtu: 70_000 }).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(NetlinkError)
  for (const value of [await NetNs.list(), await Namespace.list(), await red.ethtool.features.get('e0'), error])
    expect(JSON.stringify(value)).toMatch(/^[[{]/)
})

test('rows of databases: wide integers, maps, sets, and a column of any name', () => {
  const row = printable({ _uuid: 'x', next_cfg: 5n, ids: ['a'], wide: [1n, 2n ** 60n], map: new Map([['rx', 3n]]) })
  expect(sent(row)).toEqual({
    _uuid: 'x',
    next_cfg: 5,
    ids: ['a'],
    wide: [1, '1152921504606846976'],
    map: { rx: 3 },
  })
  expect(sent(printable({ map: new Map([[1, 2n]]) }))).toEqual({ map: [[1, 2]] })
  expect(sent(printable({ toJSON: 'a column' }))).toEqual({ toJSON: 'a column' })
  const flow = printableThroughout({
    match: { tunId: { value: 5n, mask: 0xffn } },
    actions: [{ resubmit: { table: 1 } }],
  })
  expect(sent(flow)).toEqual({ match: { tunId: { value: 5, mask: 255 } }, actions: [{ resubmit: { table: 1 } }] })
})
