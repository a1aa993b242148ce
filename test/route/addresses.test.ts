// What is added, `ip address` shows; what `ip address` adds is listed: each case once by us and once by `ip`.
import { isAlreadyExists, isNotFound, type Address, type AddressOptions, type NetNs } from '../../lib/index'
import { ip, ipJson } from '../support/namespaces'
import { cable, cables } from './cable'

interface Info {
  local: string
  address?: string
  prefixlen: number
  tentative?: boolean
  valid_life_time: number
  preferred_life_time: number
}

async function shown(ns: NetNs, dev = 'd0'): Promise<Info[]> {
  const [link] = await ipJson<{ addr_info: Info[] }[]>(ns, 'address', 'show', 'dev', dev)
  return link!.addr_info
}

/** What is the case, our options, the arguments of `ip address add`, and what of it the list must have. */
type Case = [sentence: string, options: Omit<AddressOptions, 'dev'>, args: string, listed: Partial<Address>]

const cases: Case[] = [
  ['an IPv4 prefix', { address: '10.0.0.1/24' }, '10.0.0.1/24', { family: 'ipv4', address: '10.0.0.1/24', dev: 3 }],
  ['an IPv4 address without a length', { address: '10.0.0.1' }, '10.0.0.1', { address: '10.0.0.1/32' }],
  ['a /32', { address: '10.0.0.1/32' }, '10.0.0.1/32', { address: '10.0.0.1/32' }],
  ['both addresses of a /31', { address: '10.0.0.0/31' }, '10.0.0.0/31', { address: '10.0.0.0/31' }],
  ['a /0', { address: '10.0.0.1/0' }, '10.0.0.1/0', { address: '10.0.0.1/0' }],
  [
    'the other end of a point-to-point link',
    { address: '10.0.0.1', peer: '10.0.0.2' },
    '10.0.0.1 peer 10.0.0.2',
    { address: '10.0.0.1/32', peer: '10.0.0.2/32' },
  ],
  [
    "the prefix of the other end, which is the link's",
    { address: '10.0.0.1', peer: '10.9.0.2/24' },
    '10.0.0.1 peer 10.9.0.2/24',
    { address: '10.0.0.1/24', peer: '10.9.0.2/24' },
  ],
  [
    'the other end without a length, whatever length the address has',
    { address: '10.0.0.1/30', peer: '10.0.0.2' },
    '10.0.0.1/30 peer 10.0.0.2',
    { address: '10.0.0.1/32', peer: '10.0.0.2/32' },
  ],
  [
    'the other end with another length than the address has',
    { address: '10.0.0.1/30', peer: '10.9.0.2/24' },
    '10.0.0.1/30 peer 10.9.0.2/24',
    { address: '10.0.0.1/24', peer: '10.9.0.2/24' },
  ],
  [
    'a broadcast address',
    { address: '10.0.0.1/24', broadcast: '10.0.0.99' },
    '10.0.0.1/24 broadcast 10.0.0.99',
    { broadcast: '10.0.0.99' },
  ],
  ...['10.0.0.1/8', '10.20.30.40/20', '10.0.0.129/25', '10.0.0.5/30', '10.0.0.6/31', '10.0.0.7/32'].map(
    (address): Case => [
      `the broadcast address that belongs to ${address}`,
      { address, broadcast: '+' },
      `${address} broadcast +`,
      { address },
    ],
  ),
  [
    "the broadcast address of the other end's prefix",
    { address: '10.0.0.1', peer: '10.9.0.2/24', broadcast: '+' },
    '10.0.0.1 peer 10.9.0.2/24 broadcast +',
    { broadcast: '10.9.0.255' },
  ],
  ['a label', { address: '10.0.0.1/24', label: 'd0:web' }, '10.0.0.1/24 label d0:web', { label: 'd0:web' }],
  ['the scope of the link', { address: '10.0.0.1/24', scope: 'link' }, '10.0.0.1/24 scope link', { scope: 'link' }],
  ['the scope of the site', { address: '10.0.0.1/24', scope: 'site' }, '10.0.0.1/24 scope site', { scope: 'site' }],
  ['a scope without a name', { address: '10.0.0.1/24', scope: 42 }, '10.0.0.1/24 scope 42', { scope: 42 }],
  ['the scope of a loopback address', { address: '127.0.0.2/8' }, '127.0.0.2/8', { scope: 'host' }],
  [
    'an address without the route to its prefix',
    { address: '10.0.0.1/24', flags: ['noprefixroute'] },
    '10.0.0.1/24 noprefixroute',
    { flags: ['permanent', 'noprefixroute'] },
  ],
  [
    'a multicast group that the device joins',
    { address: '239.1.2.3/32', flags: ['mcautojoin'] },
    '239.1.2.3/32 autojoin',
    { flags: ['permanent', 'mcautojoin'] },
  ],
  ['the metric of its route', { address: '10.0.0.1/24', metric: 77 }, '10.0.0.1/24 metric 77', { metric: 77 }],
  [
    'an IPv6 address that is usable at once',
    { address: 'fd00::1/64', flags: ['nodad'] },
    'fd00::1/64 nodad',
    { family: 'ipv6', address: 'fd00::1/64', flags: ['nodad', 'permanent'], scope: 'global' },
  ],
  [
    'an IPv6 address without a length',
    { address: 'fd00::1', flags: ['nodad'] },
    'fd00::1 nodad',
    { address: 'fd00::1/128' },
  ],
  [
    'an IPv6 address in capitals and without abbreviation',
    { address: 'FD00:0:0:0:0:0:0:ABCD/64', flags: ['nodad'] },
    'FD00:0:0:0:0:0:0:ABCD/64 nodad',
    { address: 'fd00::abcd/64' },
  ],
  [
    'an IPv4 address in the clothes of IPv6',
    { address: '::ffff:10.0.0.1/128', flags: ['nodad'] },
    '::ffff:10.0.0.1/128 nodad',
    { family: 'ipv6', address: '::ffff:10.0.0.1/128' },
  ],
  [
    'a link-local address',
    { address: 'fe80::7/64', scope: 'link', flags: ['nodad'] },
    'fe80::7/64 scope link nodad',
    { scope: 'link' },
  ],
  [
    'the other end of an IPv6 link without a length',
    { address: 'fd00::1/64', peer: 'fd00::2', flags: ['nodad'] },
    'fd00::1/64 peer fd00::2 nodad',
    { address: 'fd00::1/128', peer: 'fd00::2/128' },
  ],
  [
    'the other end of an IPv6 link',
    { address: 'fd00::1', peer: 'fd00::2/127', flags: ['nodad'] },
    'fd00::1 peer fd00::2/127 nodad',
    { address: 'fd00::1/127', peer: 'fd00::2/127' },
  ],
  [
    'a home address that makes temporary ones',
    { address: 'fd00::1/64', flags: ['homeaddress', 'managetempaddr', 'nodad'] },
    'fd00::1/64 home mngtmpaddr nodad',
    { address: 'fd00::1/64' },
  ],
  [
    "the metric of an IPv6 prefix's route",
    { address: 'fd00::1/64', metric: 77, flags: ['nodad'] },
    'fd00::1/64 metric 77 nodad',
    { metric: 77 },
  ],
]

describe('addresses that are added', () => {
  test.each(cases)('have, as with `ip address add`, %s', async (_sentence, options, args, listed) => {
    await using both = await cables('address')
    const { ours, theirs } = both
    await ours.addresses.add({ dev: 'd0', ...options })
    await ip(theirs, 'address', 'add', ...args.split(' '), 'dev', 'd0')

    expect(await shown(ours)).toEqual(await shown(theirs))
    const list = await theirs.addresses.list({ dev: 'd0' })
    expect(list).toContainEqual(expect.objectContaining(listed))
    expect(await ours.addresses.list({ dev: 'd0' })).toEqual(list)
  })

  test('have no lifetime unless one is given', async () => {
    await using ns = await cable('address')
    await ns.addresses.add({ dev: 'd0', address: '10.0.0.1/24', validLifetimeSeconds: Infinity })
    await ns.addresses.add({ dev: 'd0', address: 'fd00::1/64', preferredLifetimeSeconds: Infinity })

    for (const { valid_life_time, preferred_life_time } of await shown(ns)) {
      expect([valid_life_time, preferred_life_time]).toEqual([0xffffffff, 0xffffffff])
    }
    for (const address of await ns.addresses.list({ dev: 'd0' })) {
      expect(address).toMatchObject({ validLifetimeSeconds: Infinity, preferredLifetimeSeconds: Infinity })
      expect(address.flags).toContain('permanent')
    }
  })

  test.each(['10.0.0.1/24', 'fd00::1/64'])('live as long as they are told to: %s', async (address) => {
    await using ns = await cable('address')
    const lifetimes = { validLifetimeSeconds: 3600, preferredLifetimeSeconds: 1800 }
    await ns.addresses.add({ dev: 'd0', address, ...lifetimes, flags: ['nodad'] })

    const [info] = await shown(ns)
    expect(info!.valid_life_time).toBeLessThanOrEqual(3600)
    expect(info!.valid_life_time).toBeGreaterThan(1800)
    expect(info!.preferred_life_time).toBeLessThanOrEqual(1800)
    const listed = await ns.addresses.get({ dev: 'd0', address })
    expect(listed.validLifetimeSeconds).toBeLessThanOrEqual(3600)
    expect(listed.validLifetimeSeconds).toBeGreaterThan(1800)
    expect(listed.preferredLifetimeSeconds).toBeLessThanOrEqual(1800)
    expect(listed.flags).not.toContain('permanent')
  })

  test('are preferred as long as they are valid if only that is told', async () => {
    await using ns = await cable('address')
    await ns.addresses.add({ dev: 'd0', address: '10.0.0.1/24', validLifetimeSeconds: 3600 })

    const { validLifetimeSeconds, preferredLifetimeSeconds } = await ns.addresses.get({
      dev: 'd0',
      address: '10.0.0.1',
    })
    expect(validLifetimeSeconds).toBeLessThanOrEqual(3600)
    expect(preferredLifetimeSeconds).toBe(validLifetimeSeconds)
  })

  test('are deprecated from the start with a preferred lifetime of zero', async () => {
    await using ns = await cable('address')
    await ns.addresses.add({ dev: 'd0', address: 'fd00::1/64', preferredLifetimeSeconds: 0, flags: ['nodad'] })

    expect(await ns.addresses.get({ dev: 'd0', address: 'fd00::1' })).toMatchObject({
      preferredLifetimeSeconds: 0,
      validLifetimeSeconds: Infinity,
    })
    expect(await shown(ns)).toMatchObject([{ deprecated: true, preferred_life_time: 0 }])
  })

  test('are tentative while duplicates are looked for, and never with `nodad`', async () => {
    await using ns = await cable('address')
    await ns.addresses.add({ dev: 'd0', address: 'fd00::1/64' })
    await ns.addresses.add({ dev: 'd0', address: 'fd00::2/64', flags: ['nodad'] })

    const [patient, hasty] = await Promise.all(
      ['fd00::1', 'fd00::2'].map((address) => ns.addresses.get({ dev: 'd0', address })),
    )
    expect(patient!.flags).toContain('tentative')
    expect(hasty!.flags).not.toContain('tentative')
    expect((await shown(ns)).find(({ local }) => local === 'fd00::2')?.tentative).toBeUndefined()
  })

  test('tell who made them, by name or number', async () => {
    await using ns = await cable('address')
    await ns.addresses.add({ dev: 'd0', address: '10.0.0.1/24', protocol: 'kernelRa' })
    await ns.addresses.add({ dev: 'd0', address: 'fd00::1/64', protocol: 77 })

    expect(await ns.addresses.get({ dev: 'd0', address: '10.0.0.1' })).toMatchObject({ protocol: 'kernelRa' })
    expect(await ns.addresses.get({ dev: 'd0', address: 'fd00::1' })).toMatchObject({ protocol: 77 })
  })

  test('are secondary if their prefix is there already', async () => {
    await using ns = await cable('address')
    await ns.addresses.add({ dev: 'd0', address: '10.0.0.1/24' })
    await ns.addresses.add({ dev: 'd0', address: '10.0.0.2/24' })

    const list = await ns.addresses.list({ dev: 'd0' })
    expect(list.map(({ address, flags }) => [address, flags.includes('secondary')])).toEqual([
      ['10.0.0.1/24', false],
      ['10.0.0.2/24', true],
    ])
    expect(await shown(ns)).toMatchObject([{ local: '10.0.0.1' }, { local: '10.0.0.2', secondary: true }])
  })

  test('may name their device by its index', async () => {
    await using ns = await cable('address')
    await ns.addresses.add({ dev: 2, address: '10.0.0.1/24' })
    expect(await shown(ns, 'd1')).toMatchObject([{ local: '10.0.0.1', prefixlen: 24 }])
  })

  test('stand on the loopback device, where 127.0.0.1 and ::1 are of the scope `host`', async () => {
    await using ns = await cable('address')
    const list = await ns.addresses.list({ dev: 'lo' })
    expect(list.map(({ address, scope, dev }) => [address, scope, dev])).toEqual([
      ['127.0.0.1/8', 'host', 1],
      ['::1/128', 'host', 1],
    ])
  })

  test.each(['10.0.0.1/24', 'fd00::1/64'])('are refused as existing if they are there already: %s', async (address) => {
    await using ns = await cable('address')
    await ns.addresses.add({ dev: 'd0', address })
    const error: unknown = await ns.addresses.add({ dev: 'd0', address }).catch((error: unknown) => error)

    expect(isAlreadyExists(error)).toBe(true)
    expect(isNotFound(error)).toBe(false)
    expect(error).toMatchObject({ code: 'EEXIST', syscall: 'RTM_NEWADDR', operation: 'addresses.add', netns: ns.name })
    expect(await shown(ns)).toHaveLength(1)
  })

  test('are refused with the name of a device that does not exist', async () => {
    await using ns = await cable('address')
    const error: unknown = await ns.addresses.add({ dev: 'nosuch', address: '10.0.0.1/24' }).catch((e: unknown) => e)
    expect(isNotFound(error)).toBe(true)
    expect(error).toMatchObject({ code: 'ENODEV', operation: 'addresses.add' })
    expect((error as Error).message).toContain('nosuch')
  })
})
