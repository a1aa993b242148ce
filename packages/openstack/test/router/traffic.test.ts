// Real traffic through routers: source addresses, floating addresses, their move from one router to another, tenants alike.
import type { Socket } from 'node:net'
import { until } from '../dhcp/scene'
import { ipJson } from '../../../../test/support/namespaces'
import type { RouterOptions } from '../../lib/index'
import { ask, Scene, whoAsks } from './scene'

test('networks reach each other, and the outside with the address of the gateway', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const outside = await scene.outside()
  const red = await scene.client('red', '10.0.0.10/24', '10.0.0.1')
  const blue = await scene.client('blue', '10.0.1.10/24', '10.0.1.1')
  const router = await agent.routers.ensure({
    id: scene.id(),
    ports: [
      { id: 'p-red', network: 'red', addresses: ['10.0.0.1/24', 'fd00:1::1/64'] },
      { id: 'p-blue', network: 'blue', addresses: ['10.0.1.1/24', 'fd00:2::1/64'] },
    ],
    gateway: scene.gateway('gw'),
  })
  await using _ = await whoAsks(outside, '198.51.100.1')
  await using _red = await whoAsks(red, '10.0.0.10')
  // Between networks nobody's address is changed; outside it is.
  expect(await ask(blue, '10.0.0.10')).toBe('10.0.1.10')
  expect(await ask(red, '198.51.100.1')).toBe('203.0.113.2')
  expect(await ask(blue, '198.51.100.1')).toBe('203.0.113.2')
  // The outside sees no way in.
  expect(await ask(outside, '10.0.0.10')).toBe('ENETUNREACH')

  await red.addresses.add({ dev: 'eth0', address: 'fd00:1::10/64', flags: ['nodad'] })
  await blue.addresses.add({ dev: 'eth0', address: 'fd00:2::10/64', flags: ['nodad'] })
  await red.routes.add({ dst: 'default', via: 'fd00:1::1' })
  await blue.routes.add({ dst: 'default', via: 'fd00:2::1' })
  await using _six = await whoAsks(red, 'fd00:1::10')
  expect(await ask(blue, 'fd00:1::10')).toBe('fd00:2::10')

  expect(router.devices).toMatchObject([
    { port: 'p-red', device: 'qr-p-red', addresses: ['10.0.0.1/24', 'fd00:1::1/64'], gateway: false },
    { port: 'p-blue', device: 'qr-p-blue', gateway: false },
    { port: 'gw', device: 'qg-gw', addresses: ['203.0.113.2/24'], gateway: true },
  ])

  // Without source addresses the outside sees the clients' own, if it knows the way.
  await router.update({ gateway: { ...scene.gateway('gw'), snat: false } })
  await outside.routes.add({ dst: '10.0.0.0/16', via: '203.0.113.2' })
  expect(await ask(red, '198.51.100.1')).toBe('10.0.0.10')
})

test('a floating address is reachable from outside and from inside, and its client goes out with it', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const outside = await scene.outside()
  const red = await scene.client('red', '10.0.0.10/24', '10.0.0.1')
  const neighbor = await scene.client('red', '10.0.0.11/24', '10.0.0.1')
  const router = await agent.routers.ensure({
    id: scene.id(),
    ports: [{ id: 'p-red', network: 'red', addresses: ['10.0.0.1/24'] }],
    gateway: scene.gateway('gw'),
  })
  await using _out = await whoAsks(outside, '198.51.100.1')
  await using _red = await whoAsks(red, '10.0.0.10')
  await using _neighbor = await whoAsks(neighbor, '10.0.0.11')
  expect(await ask(outside, '203.0.113.10')).toMatch(/EHOSTUNREACH|ETIMEDOUT/)
  const floatingIps = [{ address: '203.0.113.10', fixed: '10.0.0.10' }]
  await router.update({ floatingIps })
  expect(await ask(outside, '203.0.113.10')).toBe('203.0.113.1')
  expect(await ask(red, '198.51.100.1')).toBe('203.0.113.10')
  expect(await ask(neighbor, '198.51.100.1')).toBe('203.0.113.2')
  // By way of the router, so that the answer comes back by it, too: from the neighbor, and from itself.
  expect(await ask(neighbor, '203.0.113.10')).toBe('203.0.113.2')
  expect(await ask(red, '203.0.113.10')).toBe('203.0.113.2')

  // It is given to the neighbor: a connection that stands does not lead to its former owner any more.
  await using server = await (async () => {
    const server = await red.listen({ host: '10.0.0.10', port: 81 })
    let heard = ''
    const sockets = new Set<Socket>()
    server.on('connection', (socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined).on('data', (data) => (heard += String(data)))
    })
    return {
      heard: () => heard,
      async [Symbol.asyncDispose]() {
        // The end of its connection never reaches it.
        for (const socket of sockets) socket.destroy()
        await new Promise((resolve) => server.close(resolve))
      },
    }
  })()
  const standing = await outside.connect({ host: '203.0.113.10', port: 81 })
  standing.on('error', () => undefined).write('before')
  await until(() => server.heard() === 'before', 'it is heard')
  await router.update({ floatingIps: [{ address: '203.0.113.10', fixed: '10.0.0.11' }] })
  standing.write('after')
  expect(await ask(outside, '203.0.113.10')).toBe('203.0.113.1')
  expect(await ask(neighbor, '198.51.100.1')).toBe('203.0.113.10')
  expect(await ask(red, '198.51.100.1')).toBe('203.0.113.2')
  expect(server.heard()).toBe('before')
  standing.destroy()

  await router.update({ floatingIps: [] })
  expect(await ask(neighbor, '198.51.100.1')).toBe('203.0.113.2')
})

test('a floating address that moves to another router is announced: neighbors know at once', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const outside = await scene.outside()
  const red = await scene.client('red', '10.0.0.10/24', '10.0.0.1')
  const port = { id: 'p1', network: 'red', addresses: ['10.0.0.1/24'] }
  const floatingIps = [{ address: '203.0.113.10', fixed: '10.0.0.10' }]
  const one = { id: scene.id(), ports: [port], gateway: scene.gateway('gw1'), floatingIps }
  const two = {
    id: scene.id(),
    ports: [{ id: 'p2', network: 'red', addresses: ['10.0.0.2/24'] }],
    gateway: scene.gateway('gw2', '203.0.113.3'),
  }
  await agent.sync({ routers: [one, two] })
  await using _red = await whoAsks(red, '10.0.0.10')
  const entry = async (): Promise<unknown> => {
    const [found] = await ipJson<{ lladdr: string }[]>(outside, 'neighbor', 'show', '203.0.113.10')
    return found?.lladdr
  }
  const macOf = (id: string): string | undefined => agent.routers.get(id)?.devices.find(({ gateway }) => gateway)?.mac
  expect(await ask(outside, '203.0.113.10')).toBe('203.0.113.1')
  expect(await entry()).toBe(macOf(one.id))

  await expect(agent.routers.get(two.id)?.update({ floatingIps })).rejects.toMatchObject({
    field: 'floatingIps[0].address',
  })
  await using packets = await outside.packets({ dev: 'eth0', protocol: 'arp' })
  const moved = [
    { ...one, floatingIps: [] },
    { ...two, floatingIps },
  ]
  expect(await agent.sync({ routers: moved })).toEqual({ created: [], changed: [one.id, two.id], deleted: [] })
  expect(await entry()).toBe(macOf(two.id))
  expect(macOf(two.id)).not.toBe(macOf(one.id))
  // What was sent: a request and an answer of ours, for everybody.
  const operations: number[] = []
  for await (const { data } of packets) {
    expect(Buffer.from(data).subarray(0, 6).toString('hex')).toBe('ffffffffffff')
    if (Buffer.from(data).subarray(28, 32).toString('hex') !== 'cb00710a') continue
    operations.push(Buffer.from(data).readUInt16BE(20))
    if (operations.length === 2) break
  }
  expect(operations).toEqual([1, 2])
  // The client answers by the router of its default route, which is another one now.
  await red.routes.replace({ dst: 'default', via: '10.0.0.2' })
  expect(await ask(outside, '203.0.113.10')).toBe('203.0.113.1')
  expect(await agent.sync({ routers: moved })).toEqual({ created: [], changed: [], deleted: [] })
})

test('two tenants with the same addresses do not see each other', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const outside = await scene.outside()
  await using _ = await whoAsks(outside, '198.51.100.1')
  for (const [i, tenant] of ['red', 'blue'].entries()) {
    await agent.routers.ensure({
      id: scene.id(tenant),
      ports: [{ id: `p-${tenant}`, network: tenant, addresses: ['10.0.0.1/24'] }],
      gateway: scene.gateway(`gw-${tenant}`, `203.0.113.${2 + i}`),
      floatingIps: [{ address: `203.0.113.${10 + i}`, fixed: '10.0.0.10' }],
    })
  }
  const red = await scene.client('red', '10.0.0.10/24', '10.0.0.1')
  const blue = await scene.client('blue', '10.0.0.10/24', '10.0.0.1')
  const lonely = await scene.client('blue', '10.0.0.11/24', '10.0.0.1')
  await using _red = await whoAsks(red, '10.0.0.10')
  expect(await ask(red, '198.51.100.1')).toBe('203.0.113.10')
  expect(await ask(blue, '198.51.100.1')).toBe('203.0.113.11')
  expect(await ask(outside, '203.0.113.10')).toBe('203.0.113.1')
  // Blue's neighbor of that address does not listen, and nobody else answers for it.
  expect(await ask(lonely, '10.0.0.10')).toBe('ECONNREFUSED')
  expect(await ask(lonely, '203.0.113.10')).toBe('203.0.113.3')
})

test('static routes lead to where others route', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const red = await scene.client('red', '10.0.0.10/24', '10.0.0.1')
  const far = await scene.client('blue', '10.0.1.9/24', '10.0.1.1')
  await far.addresses.add({ dev: 'lo', address: '10.9.0.1/32' })
  await using _ = await whoAsks(far, '10.9.0.1')
  const ports = [
    { id: 'p-red', network: 'red', addresses: ['10.0.0.1/24'] },
    { id: 'p-blue', network: 'blue', addresses: ['10.0.1.1/24'] },
  ]
  const router = await agent.routers.ensure({ id: scene.id(), ports })
  expect(await ask(red, '10.9.0.1')).toBe('ENETUNREACH')
  await router.update({ routes: [{ destination: '10.9.0.0/16', nexthop: '10.0.1.9' }] })
  expect(await ask(red, '10.9.0.1')).toBe('10.0.0.10')
  // Those that others have made stay.
  await using ns = await router.openNetNs()
  await ns.routes.add({ dst: '10.8.0.0/16', via: '10.0.1.9' })
  await router.update({ routes: [] })
  expect(await ask(red, '10.9.0.1')).toBe('ENETUNREACH')
  expect(await ns.routes.find({ dst: '10.8.0.0/16' })).toBeDefined()
})

test('an IPv6 address that moves to another router is advertised: neighbors know at once', async () => {
  await using scene = await Scene.make()
  const agent = await scene.agent()
  const client = await scene.client('red', '10.0.0.10/24')
  await client.addresses.add({ dev: 'eth0', address: 'fd00::10/64', flags: ['nodad'] })
  const [one, two] = [scene.id('1'), scene.id('2')]
  const at = (id: string, address: string): RouterOptions => ({
    id,
    ports: [{ id: id === one ? 'p1' : 'p2', network: 'red', addresses: [address] }],
  })
  await agent.sync({ routers: [at(one, 'fd00::1/64'), at(two, 'fd00::2/64')] })
  const { received } = await client.ping('fd00::1', { count: 1, timeout: 2000 })
  expect(received).toBe(1)
  const entry = async (): Promise<unknown> => (await client.neighbors.get({ dev: 'eth0', address: 'fd00::1' })).mac
  const macOf = (id: string): string | undefined => agent.routers.get(id)?.devices[0]?.mac
  expect(await entry()).toBe(macOf(one))
  await using packets = await client.packets({ dev: 'eth0', protocol: 'ipv6' })
  await agent.sync({ routers: [at(one, 'fd00::3/64'), at(two, 'fd00::1/64')] })
  expect(macOf(two)).not.toBe(macOf(one))
  await until(async () => (await entry()) === macOf(two), 'the neighbor knows')
  // The kernel advertises nothing by itself here; ours is for all nodes, with the flag that replaces what they knew.
  for await (const { data } of packets) {
    const frame = Buffer.from(data)
    if (frame[54] !== 136 || frame.subarray(62, 78).toString('hex') !== 'fd000000000000000000000000000001') continue
    expect(frame.subarray(38, 54).toString('hex')).toBe('ff020000000000000000000000000001')
    expect(frame[58]).toBe(0xa0)
    break
  }
  expect((await client.ping('fd00::1', { count: 1, timeout: 2000 })).received).toBe(1)
})
