// An add that fails leaves nothing behind, and nothing changed: not here, not at the far end.
import type { LinkOptions, NetNs, PeerOptions } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { isAlreadyExists, NetlinkError } from '../../lib/index'
import { ipJson, ownPrefix } from '../support/namespaces'
import { shown, shownNames } from './kinds/support'

const net = useNetNs({ names: ['ns', 'far', 'other'], prefix: ownPrefix })

// The start of a message, the rest of the row's name, and what is wrong with the far end, or the near one.
const wrongAfterCreation: readonly (readonly [
  what: string,
  code: string,
  wrong: Omit<PeerOptions, 'name' | 'netns'>,
])[] = [
  ['a master that does not exist', 'ENODEV', { master: 'br9' }],
  ['a master that takes no ports', 'EOPNOTSUPP', { master: 'taken' }],
  ['an altname that is taken', 'EEXIST', { altnames: ['fine', 'taken'] }],
  ['an altname twice', 'EEXIST', { altnames: ['twice', 'twice'] }],
  ['settings as a port of nothing', 'EOPNOTSUPP', { port: { hairpin: true } }],
  ['protoDown, which a veth does not have', 'EOPNOTSUPP', { protoDown: true }],
  ['a carrier, which a veth has of itself', 'EOPNOTSUPP', { carrier: true }],
  ['stable addresses without a secret', 'EINVAL', { addrGenMode: 'stablePrivacy' }],
]

const refusedAtOnce: readonly (readonly [what: string, code: string, wrong: Omit<PeerOptions, 'name' | 'netns'>])[] = [
  ['an MTU that is too small', 'EINVAL', { mtu: 10 }],
  ['a multicast MAC', 'EADDRNOTAVAIL', { mac: '01:00:00:00:00:01' }],
]

const rows = [...wrongAfterCreation, ...refusedAtOnce]

// Two namespaces with a device that has a name to stumble over.
async function arrange(ns: NetNs, far: NetNs): Promise<() => Promise<unknown>> {
  await ns.links.add({ kind: 'ifb', name: 'taken' })
  await far.links.add({ kind: 'ifb', name: 'taken' })
  return async () => [await ipJson(ns, 'link'), await ipJson(far, 'link')]
}

describe('an add that fails', () => {
  it.each(rows)('because of %s at the far end leaves both namespaces as they were', async (_, code, wrong) => {
    const { ns, far } = net
    const state = await arrange(ns, far)
    const before = await state()
    const add = ns.links.add({ kind: 'veth', name: 'a', up: true, peer: { netns: far, name: 'b', up: true, ...wrong } })
    await expect(add).rejects.toMatchObject({ code, operation: 'links.add', leftover: false })
    expect(await state()).toEqual(before)
  })

  it.each(rows)('because of %s at the near end leaves both namespaces as they were', async (_, code, wrong) => {
    const { ns, far } = net
    const state = await arrange(ns, far)
    const before = await state()
    const add = ns.links.add({ kind: 'veth', name: 'a', up: true, ...wrong, peer: { netns: far, name: 'b', up: true } })
    await expect(add).rejects.toMatchObject({ code, operation: 'links.add', netns: ns.name, leftover: false })
    expect(await state()).toEqual(before)
  })

  it.each(wrongAfterCreation)('because of %s leaves nothing in the namespace it was for', async (_, code, wrong) => {
    const { ns, far } = net
    const state = await arrange(ns, far)
    await ns.links.add({ kind: 'veth', name: 'lower', peer: { name: 'lower-peer' } })
    const before = await state()
    // A macvlan can be held down.
    const options = wrong.protoDown === true ? { alias: 'x', port: { hairpin: true } } : wrong
    const add = ns.links.add({ kind: 'macvlan', name: 'a', link: 'lower', netns: far, up: true, ...options })
    await expect(add).rejects.toMatchObject({ code, leftover: false })
    expect(await state()).toEqual(before)
  })

  it('can be tried again at once with what was wrong put right', async () => {
    const { ns, far } = net
    const options = (master: string): LinkOptions => ({
      kind: 'veth',
      name: 'a',
      peer: { netns: far, name: 'b', master },
    })
    await far.links.add({ kind: 'bridge', name: 'br0' })
    const [first, second] = await Promise.allSettled([ns.links.add(options('br9')), ns.links.add(options('br0'))])
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled'])
    expect(await shown(far, 'b')).toMatchObject({ master: 'br0' })
  })
})

describe('a name that is taken', () => {
  const existing = { kind: 'ifb', name: 'taken', mac: '02:00:00:00:00:99', alias: 'mine' } as const

  const overwrite = {
    up: true,
    mac: '02:00:00:00:00:01',
    alias: 'stolen',
    altnames: ['stolen'],
    mtu: 1300,
    addrGenMode: 'none',
    group: 3,
  } as const

  it.each([
    ['ifb', { kind: 'ifb', name: 'taken', ...overwrite }],
    ['bridge', { kind: 'bridge', name: 'taken', ...overwrite }],
    ['veth', { kind: 'veth', name: 'taken', ...overwrite, peer: { name: 'b', ...overwrite, altnames: ['stolen-b'] } }],
  ] as const)('gives EEXIST to a new %s, and the existing device stays as it is', async (_, options) => {
    const { ns } = net
    await ns.links.add(existing)
    const before = await ipJson(ns, 'link')
    const error: unknown = await ns.links.add(options).catch((caught: unknown) => caught)
    expect(isAlreadyExists(error)).toBe(true)
    expect(error).toBeInstanceOf(NetlinkError)
    expect(error).toMatchObject({ code: 'EEXIST', syscall: 'RTM_NEWLINK', netns: ns.name })
    expect(await ipJson(ns, 'link')).toEqual(before)
  })

  it('at the far end gives EEXIST, and the existing device stays as it is', async () => {
    const { ns, far } = net
    await far.links.add(existing)
    const before = await ipJson(far, 'link')
    const add = ns.links.add({ kind: 'veth', name: 'a', up: true, peer: { netns: far, name: 'taken', ...overwrite } })
    await expect(add).rejects.toMatchObject({ code: 'EEXIST', syscall: 'RTM_NEWLINK' })
    expect(await ipJson(far, 'link')).toEqual(before)
    expect(await shownNames(ns)).toEqual([])
  })

  it('as an altname of another device gives EEXIST, and that device stays as it is', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'ifb', name: 'x', altnames: ['taken'] })
    const before = await ipJson(ns, 'link')
    await expect(ns.links.add({ ...existing, up: true })).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await ipJson(ns, 'link')).toEqual(before)
  })

  it('by both ends of a veth at once gives EEXIST, and nothing is made', async () => {
    const { ns } = net
    const add = ns.links.add({ kind: 'veth', name: 'same', up: true, peer: { name: 'same', up: true } })
    await expect(add).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await shownNames(ns)).toEqual([])
  })

  it('in the namespace that a link is for gives EEXIST, and the existing device stays as it is', async () => {
    const { ns, other } = net
    await ns.links.add({ kind: 'veth', name: 'lower', peer: { name: 'lower-peer' } })
    await other.links.add(existing)
    const before = await ipJson(other, 'link')
    const add = ns.links.add({ kind: 'macvlan', name: 'taken', link: 'lower', netns: other, ...overwrite })
    await expect(add).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await ipJson(other, 'link')).toEqual(before)
  })
})

describe('an index that is taken at the far end', () => {
  it('gives EBUSY, and nothing is made', async () => {
    const { ns, far } = net
    await far.links.add({ kind: 'ifb', name: 'x', index: 33 })
    const add = ns.links.add({ kind: 'veth', name: 'a', index: 44, peer: { netns: far, name: 'b', index: 33 } })
    await expect(add).rejects.toMatchObject({ code: 'EBUSY' })
    expect([await shownNames(ns), await shownNames(far)]).toEqual([[], ['x']])
  })
})
