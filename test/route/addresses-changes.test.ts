// How addresses are found, replaced and removed, one by one and many at once.
import { writeFileSync } from 'node:fs'
import { isNotFound, type NetNs } from '../../lib/index'
import { ip, ipJson } from '../support/namespaces'
import { cable } from './cable'

/** The addresses that `ip` shows on all devices but the loopback one, as prefixes. */
async function shown(ns: NetNs): Promise<string[]> {
  const links = await ipJson<{ ifname: string; addr_info: { local: string; prefixlen: number }[] }[]>(ns, 'address')
  return links
    .filter(({ ifname }) => ifname !== 'lo')
    .flatMap(({ addr_info }) => addr_info.map(({ local, prefixlen }) => `${local}/${prefixlen}`))
    .sort()
}

/** Lets `ip` add addresses to d0, except where `prefix dev NAME` says otherwise. */
async function add(ns: NetNs, ...addresses: string[]): Promise<void> {
  for (const address of addresses) {
    const [prefix = '', ...more] = address.split(' ')
    const nodad = prefix.includes(':') ? ['nodad'] : []
    await ip(ns, 'address', 'add', prefix, ...nodad, ...more, ...(more.includes('dev') ? [] : ['dev', 'd0']))
  }
}

async function failureOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => undefined,
    (error: unknown) => error,
  )
}

describe('an address that is looked for', () => {
  test('is found by itself, whatever the length of its prefix', async () => {
    await using ns = await cable('address')
    await add(ns, '10.0.0.1/24', 'fd00::1/64')
    expect(await ns.addresses.get({ dev: 'd0', address: '10.0.0.1' })).toMatchObject({ address: '10.0.0.1/24' })
    expect(await ns.addresses.get({ dev: 3, address: 'FD00:0::1' })).toMatchObject({ address: 'fd00::1/64' })
  })

  test('is found with the length of its prefix only if it has that one', async () => {
    await using ns = await cable('address')
    await add(ns, '10.0.0.1/24', '10.0.0.1/16')
    expect(await ns.addresses.get({ dev: 'd0', address: '10.0.0.1/16' })).toMatchObject({ address: '10.0.0.1/16' })
    expect(await ns.addresses.find({ dev: 'd0', address: '10.0.0.1/25' })).toBeUndefined()
  })

  test('is found on the device that is named, not on another', async () => {
    await using ns = await cable('address')
    await add(ns, '10.0.0.1/24 dev d1')
    expect(await ns.addresses.find({ dev: 'd0', address: '10.0.0.1' })).toBeUndefined()
    expect(await ns.addresses.find({ dev: 'd1', address: '10.0.0.1' })).toMatchObject({ dev: 2 })
  })

  test('is told from one that is equal but for its other end', async () => {
    await using ns = await cable('address')
    await add(ns, '10.0.0.1 peer 10.0.0.2', '10.0.0.1 peer 10.0.0.3')
    const key = { dev: 'd0', address: '10.0.0.1' }
    expect(await ns.addresses.get({ ...key, peer: '10.0.0.3' })).toMatchObject({ peer: '10.0.0.3/32' })
    expect(await ns.addresses.find({ ...key, peer: '10.0.0.4' })).toBeUndefined()
  })

  test.each(['10.0.0.9', '10.0.0.9/24', 'fd00::9'])(
    'is an error if it does not exist, as isNotFound says: %s',
    async (address) => {
      await using ns = await cable('address')
      const error = await failureOf(ns.addresses.get({ dev: 'd0', address }))
      expect(isNotFound(error)).toBe(true)
      expect(error).toMatchObject({ name: 'NetloomError', operation: 'addresses.get', netns: ns.name })
      expect((error as Error).message).toContain(address)
      expect(await ns.addresses.find({ dev: 'd0', address })).toBeUndefined()
    },
  )

  test('is undefined for `find` on a device that does not exist', async () => {
    await using ns = await cable('address')
    expect(await ns.addresses.find({ dev: 'nosuch', address: '10.0.0.1' })).toBeUndefined()
    expect(await failureOf(ns.addresses.get({ dev: 'nosuch', address: '10.0.0.1' }))).toMatchObject({ code: 'ENODEV' })
  })
})

describe('a list of addresses', () => {
  async function mixed(): Promise<NetNs> {
    const ns = await cable('address')
    await add(ns, '10.0.0.1/24', '10.0.1.1/24 label d0:x', '10.0.2.1/24 scope link', 'fd00::1/64', '10.0.3.1/24 dev d1')
    return ns
  }

  test.each([
    [
      'of everything',
      undefined,
      ['10.0.0.1/24', '10.0.1.1/24', '10.0.2.1/24', '10.0.3.1/24', '127.0.0.1/8', '::1/128', 'fd00::1/64'],
    ],
    ['of one device by name', { dev: 'd1' }, ['10.0.3.1/24']],
    ['of one device by index', { dev: 1 }, ['127.0.0.1/8', '::1/128']],
    ['of one family', { family: 'ipv6' as const }, ['::1/128', 'fd00::1/64']],
    ['of one family of one device', { family: 'ipv6' as const, dev: 'd0' }, ['fd00::1/64']],
    ['of one scope', { scope: 'link' as const }, ['10.0.2.1/24']],
    ['of one label', { label: 'd0:x' }, ['10.0.1.1/24']],
    ['of conditions that nothing meets', { label: 'd0:x', family: 'ipv6' as const }, []],
    ['of conditions that are undefined', { dev: undefined, label: 'd0:x' }, ['10.0.1.1/24']],
  ])('has what the filter lets through: %s', async (_what, filter, expected) => {
    await using ns = await mixed()
    const list = await ns.addresses.list(filter)
    expect(list.map(({ address }) => address).sort()).toEqual(expected)
  })

  test('has more addresses than one buffer of the kernel holds', async () => {
    await using ns = await cable('address')
    const all = Array.from({ length: 1000 }, (_, i) => `10.${i >> 8}.${i & 255}.1/24`)
    await Promise.all(all.map((address) => ns.addresses.add({ dev: 'd0', address })))
    const list = await ns.addresses.list({ dev: 'd0' })
    expect(list.map(({ address }) => address)).toEqual(all)
    expect(await shown(ns)).toHaveLength(1000)
  })
})

describe('an address that is replaced', () => {
  test.each(['10.0.0.1/24', 'fd00::1/64'])('has the new lifetimes and metric: %s', async (address) => {
    await using ns = await cable('address')
    await add(ns, address)
    const changes = { validLifetimeSeconds: 5000, preferredLifetimeSeconds: 0, metric: 9 }
    await ns.addresses.replace({ dev: 'd0', address, ...changes })

    const [after] = await ns.addresses.list({ dev: 'd0' })
    expect(after).toMatchObject({ address, preferredLifetimeSeconds: 0, metric: 9 })
    expect(after!.validLifetimeSeconds).toBeLessThanOrEqual(5000)
    expect(after!.flags).toContain('deprecated')
    expect(await shown(ns)).toEqual([address])
  })

  test('has the new flags, which the kernel changes for IPv6 only', async () => {
    await using ns = await cable('address')
    await add(ns, 'fd00::1/64')
    await ns.addresses.replace({ dev: 'd0', address: 'fd00::1/64', flags: ['noprefixroute'] })
    const [after] = await ns.addresses.list({ dev: 'd0' })
    expect(after!.flags).toContain('noprefixroute')
  })

  test('lives for ever again if no lifetime is given', async () => {
    await using ns = await cable('address')
    await add(ns, '10.0.0.1/24 valid_lft 100 preferred_lft 50')
    await ns.addresses.replace({ dev: 'd0', address: '10.0.0.1/24' })
    expect(await ns.addresses.list({ dev: 'd0' })).toMatchObject([
      { validLifetimeSeconds: Infinity, flags: ['permanent'] },
    ])
  })

  test('is added if it is not there', async () => {
    await using ns = await cable('address')
    await ns.addresses.replace({ dev: 'd0', address: 'fd00::1/64' })
    expect(await shown(ns)).toEqual(['fd00::1/64'])
  })
})

describe('an address that is deleted', () => {
  test.each([
    ['10.0.0.1/24', {}],
    ['10.0.0.1/32', { address: '10.0.0.1' }],
    ['fd00::1/64', {}],
    ['fd00::1/64', { address: 'FD00::1/64' }],
    ['10.0.0.1 peer 10.0.0.2', { address: '10.0.0.1', peer: '10.0.0.2' }],
    ['10.0.0.1/30 peer 10.0.0.2', { address: '10.0.0.1/30', peer: '10.0.0.2' }],
    ['10.0.0.1 peer 10.9.0.2/24', { address: '10.0.0.1', peer: '10.9.0.2/24' }],
  ])('is gone, and nothing else is: %s', async (prefix, key) => {
    await using ns = await cable('address')
    await add(ns, prefix, '10.7.0.1/24', 'fd07::1/64')
    await ns.addresses.delete({ dev: 'd0', address: prefix, ...key })
    expect(await shown(ns)).toEqual(['10.7.0.1/24', 'fd07::1/64'])
  })

  test('is the one of the prefix length that was named', async () => {
    await using ns = await cable('address')
    await add(ns, '10.0.0.1/24', '10.0.0.1/16')
    await ns.addresses.delete({ dev: 'd0', address: '10.0.0.1/16' })
    expect(await shown(ns)).toEqual(['10.0.0.1/24'])
  })

  test('is the one of the other end that was named', async () => {
    await using ns = await cable('address')
    await add(ns, '10.0.0.1 peer 10.0.0.2', '10.0.0.1 peer 10.0.0.3')
    await ns.addresses.delete({ dev: 'd0', address: '10.0.0.1', peer: '10.0.0.3/32' })
    expect(await ns.addresses.list({ dev: 'd0' })).toMatchObject([{ peer: '10.0.0.2/32' }])
  })

  test('may be named by what the list says of it', async () => {
    await using ns = await cable('address')
    await add(ns, '10.0.0.1/24', 'fd00::1/64', '10.0.0.5 peer 10.0.0.6', '10.0.1.1/24 broadcast + label d0:x')
    for (const address of await ns.addresses.list({ dev: 'd0' })) await ns.addresses.delete(address)
    expect(await shown(ns)).toEqual([])
  })

  test.each(['10.0.0.1/24', 'fd00::1/64'])(
    'is an error if it is not there, but not with `force`: %s',
    async (address) => {
      await using ns = await cable('address')
      const error = await failureOf(ns.addresses.delete({ dev: 'd0', address }))
      expect(isNotFound(error)).toBe(true)
      expect(error).toMatchObject({ code: 'EADDRNOTAVAIL', syscall: 'RTM_DELADDR', operation: 'addresses.delete' })
      await expect(ns.addresses.delete({ dev: 'd0', address }, { force: true })).resolves.toBeUndefined()
      await expect(ns.addresses.delete({ dev: 'nosuch', address }, { force: true })).resolves.toBeUndefined()
    },
  )
})

describe('addresses that are flushed', () => {
  const all = ['10.0.0.1/24', '10.0.0.2/24', '10.0.0.3/24', '10.1.0.1 peer 10.1.0.2', 'fd00::1/64', 'fd00::2/64']

  test('are all those of a device: of both families, secondary ones too', async () => {
    await using ns = await cable('address')
    await add(ns, ...all, '10.9.0.1/24 dev d1')
    await ns.addresses.flush({ dev: 'd0' })
    expect(await shown(ns)).toEqual(['10.9.0.1/24'])
  })

  test('are gone also where the kernel promotes secondary ones', async () => {
    await using ns = await cable('address')
    await add(ns, ...all)
    ns.run(() => {
      writeFileSync('/proc/sys/net/ipv4/conf/d0/promote_secondaries', '1')
    })
    await ns.addresses.flush({ dev: 'd0' })
    expect(await shown(ns)).toEqual([])
  })

  test.each([
    ['one family', { dev: 'd0', family: 'ipv4' as const }, ['fd00::1/64', 'fd00::2/64', 'fd09::1/64']],
    ['one family of all devices', { family: 'ipv6' as const }, ['10.0.0.1/24', '10.0.0.2/24']],
    ['one label', { label: 'd0:x' }, ['10.0.0.1/24', 'fd00::1/64', 'fd00::2/64', 'fd09::1/64']],
  ])('are only those that the filter lets through: %s', async (_what, filter, left) => {
    await using ns = await cable('address')
    await add(ns, '10.0.0.1/24', '10.0.0.2/24 label d0:x', 'fd00::1/64', 'fd00::2/64', 'fd09::1/64 dev d1')
    await ns.addresses.flush(filter)
    expect(await shown(ns)).toEqual(left)
  })

  test('may be none', async () => {
    await using ns = await cable('address')
    await expect(ns.addresses.flush({ dev: 'd0' })).resolves.toBeUndefined()
  })

  test.each([[{}], [{ dev: undefined }], [undefined]])(
    'are never all there are: a filter without a condition is refused: %p',
    async (filter) => {
      await using ns = await cable('address')
      await add(ns, '10.0.0.1/24')
      const error = await failureOf(ns.addresses.flush(filter as never))
      expect(error).toMatchObject({ field: 'filter' })
      expect(await shown(ns)).toEqual(['10.0.0.1/24'])
    },
  )
})
