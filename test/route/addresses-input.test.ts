// What is wrong with an address's options is said by the name of the option, and nothing reaches the kernel.
import type { Address, NetNs } from '../../lib/index'
import { ip } from '../support/namespaces'
import { cable } from './cable'

const invalid = (name: string, field: string): object => ({
  name,
  field,
  code: expect.stringMatching(/^ERR_/) as string,
})

describe('options of addresses', () => {
  let ns: NetNs
  let before: Address[]

  beforeAll(async () => {
    ns = await cable('address')
    await ip(ns, 'address', 'add', '10.0.0.1/24', 'dev', 'd0')
    await ip(ns, 'address', 'add', 'fd00::1/64', 'nodad', 'dev', 'd0')
  })

  beforeEach(async () => {
    before = await ns.addresses.list()
  })

  afterEach(async () => {
    expect(await ns.addresses.list()).toEqual(before)
  })

  afterAll(async () => {
    await ns.delete()
  })

  test.each([
    ['a prefix of 33 bits', '10.0.0.2/33', 'RangeError', 'at most 32'],
    ['an IPv6 prefix of 129 bits', 'fd00::2/129', 'RangeError', 'at most 128'],
    ['a prefix of a thousand bits', '10.0.0.2/1000', 'TypeError', 'IP address'],
    ['a slash without a length', '10.0.0.2/', 'TypeError', 'IP address'],
    ['a length without an address', '/24', 'TypeError', 'IP address'],
    ['a length that is no number', '10.0.0.2/x', 'TypeError', 'IP address'],
    ['a negative length', '10.0.0.2/-1', 'TypeError', 'IP address'],
    ['a mask instead of a length', '10.0.0.2/255.255.255.0', 'TypeError', 'IP address'],
    ['two lengths', '10.0.0.2/24/24', 'TypeError', 'IP address'],
    ['a byte of 256', '10.0.0.256', 'TypeError', 'IP address'],
    ['three bytes', '10.0.2', 'TypeError', 'IP address'],
    ['a number in octal', '010.0.0.2/24', 'TypeError', 'IP address'],
    ['a zone', 'fe80::1%eth0', 'TypeError', 'IP address'],
    ['a zone and a length', 'fe80::1%eth0/64', 'TypeError', 'IP address'],
    ['two gaps', 'fd00::1::2', 'TypeError', 'IP address'],
    ['nine groups', '1:2:3:4:5:6:7:8:9', 'TypeError', 'IP address'],
    ['white space', ' 10.0.0.2/24', 'TypeError', 'IP address'],
    ['nothing', '', 'TypeError', 'IP address'],
    ['a NUL', '10.0.0.2\0', 'TypeError', 'IP address'],
    ['a name', 'localhost', 'TypeError', 'IP address'],
    ['a number', 167772162, 'TypeError', 'IP address'],
    ['an array', ['10.0.0.2/24'], 'TypeError', 'IP address'],
    ['null', null, 'TypeError', 'IP address'],
    ['no address at all', undefined, 'TypeError', 'IP address'],
  ])('are refused by name if the address is %s', async (_what, address, name, expected) => {
    const key = { dev: 'd0', address } as never
    for (const call of [
      () => ns.addresses.add(key),
      () => ns.addresses.replace(key),
      () => ns.addresses.get(key),
      () => ns.addresses.find(key),
      () => ns.addresses.delete(key),
      () => ns.addresses.delete(key, { force: true }),
    ]) {
      const refused = { ...invalid(name, 'address'), message: expect.stringContaining(expected) as string }
      await expect(call()).rejects.toMatchObject(refused)
    }
  })

  test.each([
    ['empty', '', 'RangeError'],
    ['longer than 15 bytes', 'sixteen-bytes-xx', 'RangeError'],
    ['of 15 characters but more bytes', 'ä23456789012345', 'RangeError'],
    ['with a slash', 'a/b', 'TypeError'],
    ['with a space', 'a b', 'TypeError'],
    ['with a colon', 'd0:1', 'TypeError'],
    ['a dot', '.', 'TypeError'],
    ['two dots', '..', 'TypeError'],
    ['with a NUL', 'd0\0', 'TypeError'],
    ['zero', 0, 'RangeError'],
    ['negative', -1, 'RangeError'],
    ['a fraction', 1.5, 'RangeError'],
    ['beyond 31 bits', 2 ** 31, 'RangeError'],
    ['NaN', NaN, 'RangeError'],
    ['missing', undefined, 'TypeError'],
    ['null', null, 'TypeError'],
    ['a bigint', 3n, 'TypeError'],
  ])('are refused by name if the device is %s', async (_what, dev, name) => {
    const key = { dev, address: '10.0.0.2/24' } as never
    await expect(ns.addresses.add(key)).rejects.toMatchObject(invalid(name, 'dev'))
    await expect(ns.addresses.delete(key)).rejects.toMatchObject(invalid(name, 'dev'))
    await expect(ns.addresses.get(key)).rejects.toMatchObject(invalid(name, 'dev'))
    if (dev !== undefined) await expect(ns.addresses.list({ dev } as never)).rejects.toMatchObject(invalid(name, 'dev'))
  })

  const v4 = '10.0.0.2/24'
  const v6 = 'fd00::2/64'
  test.each<[string, string, string, object]>([
    ['a peer of the other family', 'TypeError', 'peer', { address: v4, peer: 'fd00::3' }],
    ['a peer of the other family, the other way round', 'TypeError', 'peer', { address: v6, peer: '10.0.0.3' }],
    ['a peer with a prefix of 33 bits', 'RangeError', 'peer', { address: v4, peer: '10.0.0.3/33' }],
    ['a broadcast address for IPv6', 'TypeError', 'broadcast', { address: v6, broadcast: '+' }],
    ['an IPv6 broadcast address', 'TypeError', 'broadcast', { address: v4, broadcast: 'fd00::ff' }],
    ['a broadcast address with a length', 'TypeError', 'broadcast', { address: v4, broadcast: '10.0.0.255/24' }],
    ['a broadcast address that is none', 'TypeError', 'broadcast', { address: v4, broadcast: '-' }],
    ['a label for IPv6', 'TypeError', 'label', { address: v6, label: 'd0:x' }],
    ['a label of 16 bytes', 'RangeError', 'label', { address: v4, label: 'd0:3456789abcdef' }],
    ['an empty label', 'RangeError', 'label', { address: v4, label: '' }],
    ['a label with a NUL', 'TypeError', 'label', { address: v4, label: 'd0\0x' }],
    ['a scope that has no such name', 'TypeError', 'scope', { address: v4, scope: 'universe' }],
    ['a scope of 256', 'RangeError', 'scope', { address: v4, scope: 256 }],
    ['a flag that has no such name', 'TypeError', 'flags', { address: v6, flags: ['nodat'] }],
    ['flags that are no list', 'TypeError', 'flags', { address: v6, flags: 'nodad' }],
    ['a negative metric', 'RangeError', 'metric', { address: v4, metric: -1 }],
    ['half a metric', 'RangeError', 'metric', { address: v4, metric: 1.5 }],
    ['a metric of 2^32', 'RangeError', 'metric', { address: v4, metric: 2 ** 32 }],
    ['a metric in a string', 'TypeError', 'metric', { address: v4, metric: '1' }],
    ['a protocol of 256', 'RangeError', 'protocol', { address: v4, protocol: 256 }],
    ['a protocol that has no such name', 'TypeError', 'protocol', { address: v4, protocol: 'static' }],
    ['a negative lifetime', 'RangeError', 'validLifetimeSeconds', { address: v4, validLifetimeSeconds: -1 }],
    ['half a second', 'RangeError', 'validLifetimeSeconds', { address: v4, validLifetimeSeconds: 0.5 }],
    ['a lifetime that is NaN', 'RangeError', 'validLifetimeSeconds', { address: v4, validLifetimeSeconds: NaN }],
    ['a lifetime of 2^32 s', 'RangeError', 'validLifetimeSeconds', { address: v4, validLifetimeSeconds: 2 ** 32 }],
    ['the lifetime -Infinity', 'RangeError', 'validLifetimeSeconds', { address: v4, validLifetimeSeconds: -Infinity }],
    ['a lifetime in a string', 'TypeError', 'validLifetimeSeconds', { address: v4, validLifetimeSeconds: '5' }],
    [
      'a longer preferred than valid lifetime',
      'RangeError',
      'preferredLifetimeSeconds',
      { address: v4, validLifetimeSeconds: 10, preferredLifetimeSeconds: 11 },
    ],
    [
      'preference for ever of what is valid for a time',
      'RangeError',
      'preferredLifetimeSeconds',
      { address: v4, validLifetimeSeconds: 10, preferredLifetimeSeconds: Infinity },
    ],
  ])('are refused by name for %s', async (_what, name, field, options) => {
    const wrong = { dev: 'd0', ...options } as never
    await expect(ns.addresses.add(wrong)).rejects.toMatchObject(invalid(name, field))
    await expect(ns.addresses.replace(wrong)).rejects.toMatchObject(invalid(name, field))
  })

  test.each<[string, string, (options: object) => Promise<unknown>]>([
    ['adress', 'address', (more) => ns.addresses.add({ dev: 'd0', ...more } as never)],
    ['brodcast', 'broadcast', (more) => ns.addresses.add({ dev: 'd0', address: v4, ...more })],
    [
      'validLifetimeSecond',
      'validLifetimeSeconds',
      (more) => ns.addresses.replace({ dev: 'd0', address: v4, ...more }),
    ],
    ['per', 'peer', (more) => ns.addresses.delete({ dev: 'd0', address: '10.0.0.1/24', ...more })],
    ['adress', 'address', (more) => ns.addresses.get({ dev: 'd0', ...more } as never)],
    ['famliy', 'family', (more) => ns.addresses.list(more)],
    ['dve', 'dev', (more) => ns.addresses.flush(more)],
  ])('are refused by name if nobody knows them, with a hint: %s, %s', async (typo, meant, call) => {
    const message = expect.stringContaining(`did you mean "${meant}"`) as string
    await expect(call({ [typo]: 'd0' })).rejects.toMatchObject({ name: 'TypeError', field: typo, message })
  })

  test.each<[string, string, object]>([
    ['family', 'TypeError', { family: 'inet' }],
    ['family', 'TypeError', { family: 4 }],
    ['scope', 'TypeError', { scope: 'universe' }],
    ['scope', 'RangeError', { scope: -1 }],
    ['label', 'TypeError', { label: 5 }],
  ])('are refused by name in a filter: %s as %s of %p', async (field, name, filter) => {
    await expect(ns.addresses.list(filter)).rejects.toMatchObject(invalid(name, field))
    await expect(ns.addresses.flush(filter)).rejects.toMatchObject(invalid(name, field))
  })

  test.each([[undefined], [null], ['10.0.0.2/24'], [['d0', '10.0.0.2/24']], [7]])(
    'are refused if they are no object: %p',
    async (options) => {
      await expect(ns.addresses.add(options as never)).rejects.toMatchObject({ name: 'TypeError' })
      await expect(ns.addresses.delete(options as never)).rejects.toMatchObject({ name: 'TypeError' })
      await expect(ns.addresses.get(options as never)).rejects.toMatchObject({ name: 'TypeError' })
    },
  )

  test('of the call itself are refused by name', async () => {
    const key = { dev: 'd0', address: '10.0.0.1/24' }
    await expect(ns.addresses.delete(key, { force: 1 } as never)).rejects.toMatchObject(invalid('TypeError', 'force'))
    await expect(ns.addresses.delete(key, { forse: true } as never)).rejects.toMatchObject({ field: 'forse' })
    await expect(ns.addresses.list({}, { timeout: -1 })).rejects.toMatchObject(invalid('RangeError', 'timeout'))
    await expect(ns.addresses.add({ ...key, metric: 1 }, { signal: 1 } as never)).rejects.toMatchObject({
      field: 'signal',
    })
  })
})

test('a closed handle is refused by every verb of addresses', async () => {
  const ns = await cable('address')
  await ns.delete()
  const key = { dev: 'd0', address: '10.0.0.1/24' }
  const closed = { code: 'ERR_NETLOOM_CLOSED', name: 'NetloomError' }
  await expect(ns.addresses.add(key)).rejects.toMatchObject({ ...closed, operation: 'addresses.add' })
  await expect(ns.addresses.replace(key)).rejects.toMatchObject({ ...closed, operation: 'addresses.replace' })
  await expect(ns.addresses.delete(key, { force: true })).rejects.toMatchObject(closed)
  await expect(ns.addresses.get(key)).rejects.toMatchObject(closed)
  await expect(ns.addresses.find(key)).rejects.toMatchObject(closed)
  await expect(ns.addresses.list()).rejects.toMatchObject(closed)
  await expect(ns.addresses.flush({ dev: 'd0' })).rejects.toMatchObject(closed)
})
