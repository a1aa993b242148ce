// What is wrong with a rule's options is said by the name of the option, and nothing reaches the kernel.
import type { NetNs, Rule } from '../../lib/index'
import { fresh } from '../support/namespaces'

describe('options of rules', () => {
  let ns: NetNs
  let before: Rule[]

  beforeAll(async () => {
    ns = await fresh('rule')
  })

  beforeEach(async () => {
    before = await ns.rules.list()
  })

  afterEach(async () => {
    expect(await ns.rules.list()).toEqual(before)
  })

  afterAll(async () => {
    await ns.delete()
  })

  test.each<[string, string, string, object]>([
    ['a prefix of 33 bits', 'RangeError', 'from', { from: '10.0.0.0/33' }],
    ['an IPv6 prefix of 129 bits', 'RangeError', 'to', { to: 'fd00::/129' }],
    ['a slash without a length', 'TypeError', 'from', { from: '10.0.0.0/' }],
    ['a length without an address', 'TypeError', 'to', { to: '/24' }],
    ['a byte of 256', 'TypeError', 'from', { from: '10.0.0.256' }],
    ['a zone', 'TypeError', 'from', { from: 'fe80::1%eth0' }],
    ['the word all', 'TypeError', 'from', { from: 'all' }],
    ['a prefix that is a number', 'TypeError', 'from', { from: 10 }],
    ['prefixes of both families', 'TypeError', 'to', { from: '10.0.0.0/8', to: 'fd00::/64' }],
    ['a prefix of another family than is said', 'TypeError', 'from', { family: 'ipv6', from: '10.0.0.0/8' }],
    ['an unknown family', 'TypeError', 'family', { family: 'inet' }],
    ['a negative priority', 'RangeError', 'priority', { priority: -1 }],
    ['half a priority', 'RangeError', 'priority', { priority: 1.5 }],
    ['a priority of 2^32', 'RangeError', 'priority', { priority: 2 ** 32 }],
    ['a priority in a string', 'TypeError', 'priority', { priority: '100' }],
    ['a table of 2^32', 'RangeError', 'table', { table: 2 ** 32 }],
    ['a table without such a name', 'TypeError', 'table', { table: 'mian' }],
    ['a negative mark', 'RangeError', 'mark', { mark: -1 }],
    ['a mark of 2^32', 'RangeError', 'mark', { mark: 2 ** 32 }],
    ['half a mask', 'RangeError', 'markMask', { mark: 1, markMask: 0.5 }],
    ['a device with a slash', 'TypeError', 'iif', { iif: 'a/b' }],
    ['a device of 16 bytes', 'RangeError', 'oif', { oif: 'sixteen-bytes-xx' }],
    ['an empty device', 'RangeError', 'oif', { oif: '' }],
    ['a device by index, which rules do not know', 'TypeError', 'iif', { iif: 3 }],
    ['inversion that is no boolean', 'TypeError', 'invert', { invert: 1 }],
    ['the port 0', 'RangeError', 'sourcePorts.start', { sourcePorts: 0 }],
    ['the port 65535, which the kernel refuses', 'RangeError', 'destinationPorts.start', { destinationPorts: 65535 }],
    ['half a port', 'RangeError', 'sourcePorts.start', { sourcePorts: 80.5 }],
    ['ports in the wrong order', 'RangeError', 'sourcePorts.end', { sourcePorts: { start: 90, end: 80 } }],
    ['ports without a start', 'TypeError', 'sourcePorts.start', { sourcePorts: { end: 80 } }],
    ['ports in a string', 'TypeError', 'destinationPorts', { destinationPorts: '80-90' }],
    ['a typo in ports', 'TypeError', 'destinationPorts.ende', { destinationPorts: { start: 80, ende: 90 } }],
    ['users in the wrong order', 'RangeError', 'uids.end', { uids: { start: 90, end: 80 } }],
    ['users that are a number', 'TypeError', 'uids', { uids: 1000 }],
    ['a negative user', 'RangeError', 'uids.start', { uids: { start: -1, end: 5 } }],
    ['a protocol of 256', 'RangeError', 'ipProtocol', { ipProtocol: 256 }],
    ['a protocol without such a name', 'TypeError', 'ipProtocol', { ipProtocol: 'tpc' }],
    ['a type of service of 256', 'RangeError', 'tos', { tos: 256 }],
    ['an action without such a name', 'TypeError', 'action', { action: 'drop' }],
    ['a jump to nowhere', 'RangeError', 'goto', { goto: -1 }],
    ['l3mdev that is no boolean', 'TypeError', 'l3mdev', { l3mdev: 1 }],
    ['a tunnel that is no integer', 'TypeError', 'tunnelId', { tunnelId: 7.5 }],
    ['a tunnel of 2^64', 'RangeError', 'tunnelId', { tunnelId: 2n ** 64n }],
    ['a negative prefix length to skip', 'RangeError', 'suppressPrefixLength', { suppressPrefixLength: -1 }],
    ['a maker of 256', 'RangeError', 'protocol', { protocol: 256 }],
  ])('are refused by name for %s', async (_what, name, field, options) => {
    const refused = { name, field, code: expect.stringMatching(/^ERR_/) as string }
    await expect(ns.rules.add(options)).rejects.toMatchObject(refused)
    await expect(ns.rules.delete(options)).rejects.toMatchObject(refused)
    await expect(ns.rules.delete(options, { force: true })).rejects.toMatchObject(refused)
    await expect(ns.rules.list(options)).rejects.toMatchObject(refused)
    await expect(ns.rules.get(options)).rejects.toMatchObject(refused)
    await expect(ns.rules.flush(options)).rejects.toMatchObject(refused)
  })

  test.each([
    ['prioritiy', 'priority'],
    ['form', 'from'],
    ['tabel', 'table'],
    ['sourcePort', 'sourcePorts'],
    ['inverted', 'invert'],
    ['supressPrefixLength', 'suppressPrefixLength'],
  ])('are refused by name if nobody knows them, with a hint: %s, %s', async (typo, meant) => {
    const message = expect.stringContaining(`did you mean "${meant}"`) as string
    const refused = { name: 'TypeError', field: typo, message }
    await expect(ns.rules.add({ [typo]: 1 })).rejects.toMatchObject(refused)
    await expect(ns.rules.list({ [typo]: 1 })).rejects.toMatchObject(refused)
    await expect(ns.rules.delete({ [typo]: 1 })).rejects.toMatchObject(refused)
  })

  test.each([[undefined], [null], ['from all'], [[]], [7]])(
    'are refused if they are no object: %p',
    async (options) => {
      await expect(ns.rules.add(options as never)).rejects.toMatchObject({ name: 'TypeError', field: 'options' })
      await expect(ns.rules.delete(options as never)).rejects.toMatchObject({ name: 'TypeError', field: 'options' })
    },
  )
})

test('a closed handle is refused by every verb of rules', async () => {
  const ns = await fresh('rule')
  await ns.delete()
  const closed = { code: 'ERR_NETLOOM_CLOSED', name: 'NetloomError' }
  await expect(ns.rules.add({ table: 100 })).rejects.toMatchObject({ ...closed, operation: 'rules.add' })
  await expect(ns.rules.get({ table: 100 })).rejects.toMatchObject(closed)
  await expect(ns.rules.find({ table: 100 })).rejects.toMatchObject(closed)
  await expect(ns.rules.list()).rejects.toMatchObject(closed)
  await expect(ns.rules.delete({ table: 100 }, { force: true })).rejects.toMatchObject(closed)
  await expect(ns.rules.flush({ table: 100 })).rejects.toMatchObject(closed)
})
