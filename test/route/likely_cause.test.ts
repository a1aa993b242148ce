// What a bare errno of the kernel's means: the error says which option, and what that needs.
import { isAlreadyExists, isNotFound, type LinkFilter, type NetNs } from '../../lib/index'
import { fresh } from '../support/namespaces'

let ns: NetNs
beforeEach(async () => {
  ns = await fresh()
  await ns.links.add({ kind: 'veth', name: 'a', peer: { name: 'b' } })
  await ns.links.add({ kind: 'bridge', name: 'br' })
})
afterEach(() => ns.delete())

async function failureOf(call: Promise<unknown>): Promise<Error & { code?: string }> {
  return call.then(
    () => new Error('it succeeded'),
    (error: unknown) => error as Error,
  )
}

async function inBatch(add: (batch: ReturnType<NetNs['batch']>) => unknown): Promise<unknown> {
  const batch = ns.batch()
  add(batch)
  return batch.commit()
}

const other = (infoKind: string): Promise<unknown> => ns.links.add({ kind: 'other', name: 'x', infoKind })

describe('EOPNOTSUPP names', () => {
  const cases: [what: string, call: () => Promise<unknown>, words: string[]][] = [
    ['a kind that no kernel has', () => other('nonsense'), ['"nonsense"', 'rtnl-link-nonsense']],
    ['a kind that is mistyped', () => other('wiregaurd'), ['"wiregaurd"', 'did you mean "wireguard"?']],
    ['ns.taps.create for a TAP device', () => other('tap'), ['ns.taps.create']],
    ['ns.taps.create for the kind tun', () => ns.links.add({ kind: 'tun', name: 'x' }), ['ns.taps.create']],
    ['the port of nothing', () => ns.links.set('a', { port: { hairpin: true } }), ['"port"', '"master"', 'bridge']],
    [
      'the port of nothing, of a new device',
      () => ns.links.add({ kind: 'ifb', name: 'x', port: { hairpin: true } }),
      ['"port"', '"master"'],
    ],
    ['the kind that a device has not', () => ns.links.set('a', { kind: 'bridge', stpState: true }), ['kind "bridge"']],
    ['the master that takes no ports', () => ns.links.set('a', { master: 'b' }), ['"master"']],
    ['the carrier', () => ns.links.set('a', { carrier: false }), ['"carrier"']],
    ['what cannot be deleted', () => ns.links.delete('lo'), ['lo cannot be deleted']],
  ]
  it.each(cases)('%s', async (_what, call, words) => {
    const error = await failureOf(call())
    expect(error).toMatchObject({ code: 'EOPNOTSUPP' })
    for (const word of words) expect(error.message).toContain(word)
  })

  it('the kind that this kernel lacks, its module and its configuration', async () => {
    const error = await failureOf(ns.links.add({ kind: 'vrf', name: 'red', table: 9 }))
    if (error.code === undefined) return ns.links.delete('red') // a kernel that has it
    expect(error).toMatchObject({ code: 'EOPNOTSUPP', kernelMessage: 'Unknown device type' })
    expect(error.message).toMatch(/"vrf".*modprobe vrf.*CONFIG_NET_VRF/)
  })

  it('vlanFiltering where the kernel is built without it', async () => {
    const error = await failureOf(ns.links.set('br', { kind: 'bridge', vlanFiltering: true }))
    if (error.code === undefined) return
    expect(error.message).toMatch(/"vlanFiltering".*CONFIG_BRIDGE_VLAN_FILTERING/)
  })

  it('the same in ensure and in batches', async () => {
    const vain = { kind: 'other', name: 'x', infoKind: 'nonsense' } as const
    expect((await failureOf(ns.links.ensure(vain))).message).toContain('rtnl-link-nonsense')
    const tun = await failureOf(inBatch((batch) => batch.links.add({ kind: 'tun', name: 'x' })))
    expect(tun.message).toContain('ns.taps.create')
  })

  it('taps for the kind tap, before anything is sent', async () => {
    const error = await failureOf(ns.links.add({ kind: 'tap', name: 'x' } as never))
    expect(error).toMatchObject({ name: 'TypeError', field: 'kind' })
    expect(error.message).toContain('ns.taps.create')
  })
})

describe('EADDRNOTAVAIL', () => {
  const mac = '01:00:5e:00:00:01'
  it.each<[string, () => Promise<unknown>]>([
    ['of a device', () => ns.links.add({ kind: 'bridge', name: 'x', mac })],
    ['of a far end', () => ns.links.add({ kind: 'veth', name: 'x', peer: { name: 'y', mac } })],
    ['of a device that is there', () => ns.links.set('a', { mac })],
  ])('for a multicast MAC %s says so, and not that there is nothing', async (_what, call) => {
    const error = await failureOf(call())
    expect(error).toMatchObject({ code: 'EADDRNOTAVAIL' })
    expect(error.message).toContain('"mac" must be a unicast address')
    expect(isNotFound(error)).toBe(false)
  })

  it('for an address that may not be added is not that there is nothing; for one to delete it is', async () => {
    const address = 'ff02::1:5/64'
    const added = await failureOf(ns.addresses.add({ dev: 'a', address }))
    expect([added.code, isNotFound(added)]).toEqual(['EADDRNOTAVAIL', false])
    const batched = await failureOf(inBatch((batch) => batch.addresses.add({ dev: 'a', address })))
    expect([batched.code, isNotFound(batched)]).toEqual(['EADDRNOTAVAIL', false])
    const deleted = await failureOf(ns.addresses.delete({ dev: 'a', address: '10.9.9.9/24' }))
    expect([deleted.code, isNotFound(deleted)]).toEqual(['EADDRNOTAVAIL', true])
  })
})

it('EEXIST of a rule names all that it says', async () => {
  const rule = { priority: 100, from: '10.0.0.0/24', mark: 5, ipProtocol: 'tcp', sourcePorts: 80, table: 7 } as const
  await ns.rules.add(rule)
  const error = await failureOf(ns.rules.add(rule))
  expect(isAlreadyExists(error)).toBe(true)
  expect(error.message).toContain('rule priority 100 from 10.0.0.0/24 mark 5 table 7 ipProtocol tcp sourcePorts 80')
  expect(error.message).toContain('rules.ensure')
})

describe('a message names the option and what it may be', () => {
  it.each<[string, () => Promise<unknown>, string, string]>([
    ['a table below 0', () => ns.routes.add({ dst: '10.0.0.0/8', dev: 'a', table: -1 }), 'table', '0 to 4294967295'],
    ['a table to delete from', () => ns.routes.delete({ dst: '10.0.0.0/8', table: -1 }), 'table', '0 to 4294967295'],
    [
      'no altnames at all',
      () => ns.links.addAltnames('a', []),
      'altnames',
      'at least one name; received an empty array',
    ],
    ['an infoKind that is too long', () => other('x'.repeat(56)), 'infoKind', 'a string of 1 to 55 bytes'],
    ['an empty infoKind', () => other(''), 'infoKind', 'a string of 1 to 55 bytes'],
  ])('%s', async (_what, call, field, words) => {
    const error = await failureOf(call())
    expect(error).toMatchObject({ field })
    expect(error.message).toContain(words)
  })
})

describe('links.list of a kind', () => {
  const names = async (filter: LinkFilter): Promise<string[]> => (await ns.links.list(filter)).map(({ name }) => name)

  it('that Linux does not have is refused, with the one that was meant', async () => {
    const error = await failureOf(ns.links.list({ kind: 'brigde' }))
    expect(error).toMatchObject({ name: 'TypeError', field: 'kind' })
    expect(error.message).toContain('did you mean "bridge"?')
  })

  it('that Linux has and nobody uses is empty', async () => {
    expect(await names({ kind: 'wireguard' })).toEqual([])
  })

  it('by infoKind may be any', async () => {
    expect(await names({ infoKind: 'veth' })).toEqual(expect.arrayContaining(['a', 'b']))
    expect(await names({ infoKind: 'veth' })).toHaveLength(2)
    expect(await names({ infoKind: 'of-a-vendor' })).toEqual([])
    expect(await names({ kind: 'bridge', infoKind: 'veth' })).toEqual([])
  })
})
