// What names an object names just that one: of several that are alike the right one is found, deleted, flushed; and what a
// list gives can be given back.
import type { NetNs, Route, Rule } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ip, ownPrefix } from '../support/namespaces'

let ns: NetNs

async function prepare(net: { ns: NetNs }): Promise<void> {
  ns = net.ns
  for (const [name, address] of [
    ['v0', '10.0.0.1/24'],
    ['w0', '10.1.0.1/24'],
  ] as const) {
    await ns.links.add({ kind: 'veth', name, up: true, peer: { name: `${name}p`, up: true } })
    await ns.addresses.add({ dev: name, address })
    await ns.addresses.add({ dev: name, address: name === 'v0' ? 'fd00::1/64' : 'fd01::1/64', flags: ['nodad'] })
  }
}

useNetNs({ prefix: ownPrefix, prepare })

const dst = '10.9.0.0/16'

async function routesTo(prefix = dst): Promise<Route[]> {
  return ns.routes.list({ dst: prefix })
}

describe('routes.flush', () => {
  it('removes the multipath route that its filter lets through, and not the one before it', async () => {
    await ns.routes.add({ dst, nexthops: [{ via: '10.0.0.2' }, { via: '10.0.0.4' }] })
    await ns.routes.append({ dst, nexthops: [{ via: '10.0.0.3' }, { via: '10.0.0.5' }] })
    await ns.routes.flush({ via: '10.0.0.3' })
    expect((await routesTo()).map(({ nexthops }) => nexthops?.[0]?.via)).toEqual(['10.0.0.2'])
  })

  it('removes the route of the scope that its filter names', async () => {
    await ns.routes.add({ dst, via: '10.0.0.2' })
    await ns.routes.append({ dst, dev: 'v0', scope: 'link' })
    await ns.routes.flush({ dst, scope: 'link' })
    expect((await routesTo()).map(({ via }) => via)).toEqual(['10.0.0.2'])
  })
})

describe('a listed route', () => {
  it('with an expiry can be deleted, and added again', async () => {
    await ns.routes.add({ dst: 'fd05::/64', via: 'fd00::2', expiresSeconds: 300.5 })
    const [route] = await routesTo('fd05::/64')
    expect(route?.expiresSeconds).toBeGreaterThan(290)
    await ns.routes.delete(route!)
    expect(await routesTo('fd05::/64')).toEqual([])
    await ns.routes.add({ ...route!, expiresSeconds: 20.25 })
    expect((await routesTo('fd05::/64'))[0]?.expiresSeconds).toBeGreaterThan(20)
  })

  it('that never expires may say so', async () => {
    await ns.routes.add({ dst: 'fd05::/64', via: 'fd00::2', expiresSeconds: Infinity })
    expect((await routesTo('fd05::/64'))[0]?.expiresSeconds).toBeUndefined()
  })

  it('keeps its realms when it is written back, and so do its ways', async () => {
    await ip(ns, 'route', 'add', dst, 'via', '10.0.0.2', 'realms', '3/4')
    const [one] = await routesTo()
    expect(one?.flow).toBe((3 << 16) | 4)
    await ns.routes.replace(one!)
    expect(await ip(ns, 'route', 'show', dst)).toContain('realms 3/4')
    const ways = ['nexthop', 'via', '10.0.0.2', 'realms', '5', 'nexthop', 'via', '10.1.0.2']
    await ip(ns, 'route', 'replace', dst, ...ways)
    const [several] = await routesTo()
    expect(several?.nexthops?.map(({ flow }) => flow)).toEqual([5, undefined])
    await ns.routes.replace(several!)
    expect(await ip(ns, 'route', 'show', dst)).toMatch(/via 10.0.0.2 .*realm 5/)
  })

  it('with an encapsulation is found, and keeps it when it is written back', async () => {
    await ip(ns, 'route', 'add', dst, 'encap', 'ip', 'id', '7', 'dst', '10.0.0.9', 'dev', 'v0')
    const [route] = await routesTo()
    expect(route?.encapType).toBe('ip')
    expect(await ns.routes.get(route!)).toEqual(route)
    await ns.routes.replace(route!)
    expect(await ip(ns, 'route', 'show', dst)).toMatch(/encap ip id 7 .*dst 10.0.0.9/)
    await ns.routes.delete(route!)
    expect(await routesTo()).toEqual([])
  })

  it('that uses a nexthop object can be added again', async () => {
    await ip(ns, 'nexthop', 'add', 'id', '7', 'via', '10.0.0.2', 'dev', 'v0')
    await ip(ns, 'route', 'add', dst, 'nhid', '7')
    const [route] = await routesTo()
    await ns.routes.delete(route!)
    await ns.routes.add(route!)
    expect((await routesTo())[0]).toMatchObject({ nexthopId: 7, via: '10.0.0.2' })
  })
})

describe('an IPv6 route is found by the key that added it', () => {
  it.each([{ dst: 'fd50::1/64' }, { dst: 'fd50::/64', metric: 0 }])('%p', async (key) => {
    await ns.routes.add({ ...key, via: 'fd00::2' })
    expect(await ns.routes.find(key)).toMatchObject({ dst: 'fd50::/64', metric: 1024 })
    await expect(ns.routes.add({ ...key, via: 'fd00::2' })).rejects.toMatchObject({ code: 'EEXIST' })
    await ns.routes.delete(key)
    expect(await ns.routes.find(key)).toBeUndefined()
  })
})

it('a look-up may tell the protocol and the ports, which rules ask for', async () => {
  await ns.routes.add({ dst: '10.9.0.0/16', via: '10.0.0.2' })
  await ns.routes.add({ dst: '10.9.0.0/16', via: '10.1.0.2', table: 77 })
  await ns.rules.add({ ipProtocol: 'tcp', destinationPorts: 443, table: 77, priority: 50 })
  const to = (destinationPort: number): Promise<Route> =>
    ns.routes.lookup('10.9.0.1', { ipProtocol: 'tcp', sourcePort: 1000, destinationPort })
  expect((await to(443)).via).toBe('10.1.0.2')
  expect((await to(80)).via).toBe('10.0.0.2')
})

describe('rules.delete', () => {
  const priorities = async (): Promise<number[]> => (await ns.rules.list({ table: 5 })).map(({ priority }) => priority)

  it.each([{ tos: 0 }, { invert: false, tos: 0 }, { from: '0.0.0.0/0', tos: 0 }, { mark: 0, tos: 0 }])(
    'removes the rule that find finds, also by what is 0: %p',
    async (condition) => {
      await ns.rules.add({ priority: 100, table: 5, tos: 16 })
      await ns.rules.add({ priority: 200, table: 5 })
      expect(await ns.rules.find({ table: 5, ...condition })).toMatchObject({ priority: 200 })
      await ns.rules.delete({ table: 5, ...condition })
      expect(await priorities()).toEqual([100])
      await expect(ns.rules.delete({ table: 5, ...condition })).rejects.toMatchObject({ code: 'ENOENT' })
    },
  )

  it.each([[{ flags: [] }], [{ from: '0.0.0.0/0' }], [{ action: 'unspec' }], [{ invert: false }]])(
    'refuses a key without a condition: %p',
    async (key) => {
      await expect(ns.rules.delete(key as object)).rejects.toMatchObject({ name: 'RangeError', field: 'rule' })
      expect((await ns.rules.list()).filter(({ priority }) => priority === 0)).toHaveLength(2)
    },
  )

  it('tells rules apart by their realms, code points and port masks', async () => {
    const rules = [{ flow: 3 }, { flow: 4 }, { dscp: 10 }, { dscp: 12 }, { destinationPorts: 80 }]
    for (const rule of rules) await ns.rules.add({ priority: 100, table: 5, ...rule })
    await ns.rules.add({ priority: 100, table: 5, destinationPorts: 80, destinationPortMask: 0xfff0 })
    const listed = await ns.rules.list({ table: 5 })
    expect(listed).toHaveLength(6)
    for (const [i, rule] of rules.entries()) expect(listed[i]).toMatchObject(rule.destinationPorts === 80 ? {} : rule)
    expect(listed[5]).toMatchObject({ destinationPortMask: 0xfff0 })
    const without = (i: number): Rule[] => listed.filter((_, at) => at !== i)
    await ns.rules.delete(listed[1]!)
    await ns.rules.add({ ...listed[1]! })
    await ns.rules.delete(listed[3]!)
    const left = await ns.rules.list({ table: 5 })
    expect(new Set(left.map((rule) => JSON.stringify(rule)))).toEqual(
      new Set(without(3).map((rule) => JSON.stringify(rule))),
    )
  })
})

it('a vxlan has one remote and one local address, of one family each', async () => {
  const vxlan = { kind: 'vxlan', name: 'vx0', id: 5, dstPort: 4789 } as const
  for (const [field, both] of [
    ['remote6', { remote: '10.0.0.9', remote6: 'fd00::9' }],
    ['local6', { local: '10.0.0.1', local6: 'fd00::1' }],
  ] as const) {
    await expect(ns.links.add({ ...vxlan, ...both })).rejects.toMatchObject({ name: 'TypeError', field })
  }
  expect(await ns.links.find('vx0')).toBeUndefined()
})

it('an alias may have 255 bytes, and be taken away', async () => {
  const alias = 'x'.repeat(255)
  await ns.links.set('v0', { alias })
  expect((await ns.links.get('v0')).alias).toBe(alias)
  await ns.links.set('v0', { alias: '' })
  expect((await ns.links.get('v0')).alias).toBeUndefined()
})

it('a link is set by a long altname', async () => {
  const altname = 'a-name-that-is-much-too-long-for-a-device'
  await ns.links.addAltnames('v0', [altname])
  await ns.links.set({ altname }, { mtu: 1300 })
  expect((await ns.links.get('v0')).mtu).toBe(1300)
})

it('of altnames of which one is taken, none is given', async () => {
  await ns.links.addAltnames('w0', ['taken'])
  await expect(ns.links.addAltnames('v0', ['one', 'taken'])).rejects.toMatchObject({ code: 'EEXIST', leftover: false })
  expect((await ns.links.get('v0')).altnames).toBeUndefined()
})

it('listed addresses and neighbors can be added again', async () => {
  await ns.neighbors.add({ dev: 'v0', address: 'fd00::7', mac: '02:00:00:00:00:07', router: true })
  const neighbor = await ns.neighbors.get({ dev: 'v0', address: 'fd00::7' })
  const address = await ns.addresses.get({ dev: 'v0', address: '10.0.0.1/24' })
  await ns.neighbors.delete(neighbor)
  await ns.addresses.delete(address)
  await ns.neighbors.add(neighbor)
  await ns.addresses.add(address)
  expect(await ns.neighbors.get(neighbor)).toMatchObject({ mac: neighbor.mac, flags: ['router'] })
  expect(await ns.addresses.get(address)).toMatchObject({ address: '10.0.0.1/24' })
})
