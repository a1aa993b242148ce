// A delete takes only what agrees with all that was named: weights and encapsulations of ways, rests of time, flags. What does not
// agree is ENOENT, and stays; what a list told agrees, also a while later.
import { setTimeout as sleep } from 'node:timers/promises'
import { isNotFound, type AddressOptions, type NetNs, type RouteOptions } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { ip, ipJson, ownPrefix } from '../support/namespaces'

let ns: NetNs

useNetNs({
  prefix: ownPrefix,
  async prepare(net: { ns: NetNs }) {
    ns = net.ns
    await ns.links.add({ kind: 'ifb', name: 'd', index: 7, addrGenMode: 'none', up: true })
    await ns.addresses.add({ dev: 'd', address: '10.0.0.1/24' })
    await ns.addresses.add({ dev: 'd', address: 'fd00::1/64', flags: ['nodad'] })
  },
})

const v4 = '10.9.0.0/16'
const v6 = 'fd09::/48'
const two = [{ via: '10.0.0.2', weight: 2 }, { via: '10.0.0.3' }]
const two6 = [{ via: 'fd00::2', weight: 2 }, { via: 'fd00::3' }]
const encap = { encapType: 'ip', encap: Uint8Array.of(12, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 7) } as const
const otherEncap = { encapType: 'ip', encap: Uint8Array.of(12, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 8) } as const

const routes: readonly (readonly [what: string, there: RouteOptions, others: readonly Partial<RouteOptions>[]])[] = [
  [
    'weights',
    { dst: v4, nexthops: two },
    [
      { nexthops: [{ via: '10.0.0.2', weight: 3 }, { via: '10.0.0.3' }] },
      { nexthops: [{ via: '10.0.0.2' }, { via: '10.0.0.3', weight: 2 }] },
      { nexthops: [{ via: '10.0.0.2', weight: 2 }] },
      { nexthops: [...two, { via: '10.0.0.4' }] },
      { nexthops: [{ via: '10.0.0.2', weight: 2, dev: 8 }, { via: '10.0.0.3' }] },
      { nexthops: [{ via: '10.0.0.2', weight: 2, flow: 5 }, { via: '10.0.0.3' }] },
    ],
  ],
  [
    'weights of IPv6',
    { dst: v6, nexthops: two6 },
    [
      { nexthops: [{ via: 'fd00::2', weight: 3 }, { via: 'fd00::3' }] },
      { nexthops: [{ via: 'fd00::2', weight: 2 }, { via: 'fd00::4' }] },
    ],
  ],
  [
    'encapsulations of ways',
    { dst: v4, nexthops: [{ via: '10.0.0.2', ...encap }, { via: '10.0.0.3' }] },
    [{ nexthops: [{ via: '10.0.0.2', ...otherEncap }, { via: '10.0.0.3' }] }],
  ],
  ['an encapsulation', { dst: v4, via: '10.0.0.2', ...encap }, [otherEncap]],
  [
    'an expiry',
    { dst: v6, via: 'fd00::2', expiresSeconds: 300 },
    [{ expiresSeconds: 200 }, { expiresSeconds: 0.5 }, { expiresSeconds: Infinity }],
  ],
  ['no expiry', { dst: v6, via: 'fd00::2' }, [{ expiresSeconds: 4_000_000 }]],
]

const shownRoutes = async (dst: string): Promise<unknown[]> =>
  ipJson(ns, dst.includes(':') ? '-6' : '-4', 'route', 'show', dst)

describe('routes.delete that names', () => {
  it.each(routes)('%s takes no route that has others', async (_, there, others) => {
    await ns.routes.add(there)
    for (const other of others) {
      const deletion = ns.routes.delete({ ...there, ...other }).catch((error: unknown) => isNotFound(error))
      expect(await deletion).toBe(true)
      expect(await ns.routes.find({ ...there, ...other })).toBeUndefined()
      expect(await shownRoutes(there.dst)).toHaveLength(1)
    }
    await ns.routes.delete(there)
    expect(await shownRoutes(there.dst)).toEqual([])
  })

  it.each(routes)('%s takes the route that a list told', async (_, there) => {
    await ns.routes.add(there)
    const [listed] = await ns.routes.list({ dst: there.dst })
    await ns.routes.delete(listed!)
    expect(await shownRoutes(there.dst)).toEqual([])
  })

  it('weights, and devices by name, says that indices are needed', async () => {
    await ns.routes.add({ dst: v4, nexthops: two })
    const nexthops = [{ via: '10.0.0.2', dev: 'd', weight: 9 }, { via: '10.0.0.3' }]
    await expect(ns.routes.delete({ dst: v4, nexthops } as RouteOptions)).rejects.toMatchObject({
      field: 'nexthops[0].dev',
    })
    await ns.routes.delete({ dst: v4, nexthops: [{ via: '10.0.0.2', dev: 'd' }, { via: '10.0.0.3' }] } as RouteOptions)
    expect(await shownRoutes(v4)).toEqual([])
  })
})

const addresses: readonly (readonly [Omit<AddressOptions, 'dev'>, readonly Partial<AddressOptions>[]])[] = [
  [
    { address: '10.5.0.1/24', validLifetimeSeconds: 300, preferredLifetimeSeconds: 200 },
    [
      { validLifetimeSeconds: 250 },
      { validLifetimeSeconds: Infinity },
      { preferredLifetimeSeconds: 100 },
      { preferredLifetimeSeconds: Infinity },
    ],
  ],
  [
    { address: 'fd05::1/64', flags: ['nodad', 'noprefixroute'] },
    [{ flags: ['managetempaddr'] }, { flags: ['permanent', 'homeaddress'] }],
  ],
  [{ address: 'fd05::1/64' }, [{ validLifetimeSeconds: 5000 }, { preferredLifetimeSeconds: 0 }]],
  [
    { address: '10.5.0.1/24', flags: ['noprefixroute'] },
    [{ flags: ['secondary'] }, { flags: ['noprefixroute', 'mcautojoin'] }],
  ],
]

describe('addresses.delete', () => {
  it.each(addresses)('of %p takes none that has something else', async (there, others) => {
    await ns.addresses.add({ dev: 'd', ...there })
    const key = { dev: 'd', address: there.address }
    for (const other of others) {
      await expect(ns.addresses.delete({ ...key, ...other })).rejects.toMatchObject({
        code: 'ENOENT',
      })
      expect(await ns.addresses.find({ ...key, ...other })).toBeUndefined()
    }
    expect(await ip(ns, 'address', 'show', 'dev', 'd')).toContain(there.address)
    await ns.addresses.delete({ dev: 'd', ...there })
    expect(await ip(ns, 'address', 'show', 'dev', 'd')).not.toContain(there.address)
  })

  it.each(addresses)('of %p takes the one that a list told, a while later', async (there) => {
    await ns.addresses.add({ dev: 'd', ...there })
    const listed = (await ns.addresses.list({ dev: 'd' })).find(({ address }) => address === there.address)
    await sleep(1100)
    await ns.addresses.delete(listed!)
    expect(await ns.addresses.find({ dev: 'd', address: there.address })).toBeUndefined()
  })
})
