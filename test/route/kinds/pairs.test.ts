// Kinds that come in pairs: what holds of all of them, by the declaration alone.
import { NetNs, type LinkChanges, type LinkOptions, type LinkReference } from '../../../lib/index'
import { linkKinds } from '../../../lib/route/kinds'
import { useNetNs } from '../../../lib/testing'
import { ip, ownPrefix } from '../../support/namespaces'
import { itWithKind } from '../../support/needs'
import { shown, shownNames } from './support'

const net = useNetNs({ names: ['ns', 'far', 'other'], prefix: ownPrefix })

const kinds = Object.values(linkKinds)
  .filter(({ paired }) => paired)
  .map(({ kind }) => kind as 'veth')

const peerOf = async (ns: NetNs, name: string): Promise<LinkReference | undefined> =>
  ((await ns.links.get(name)) as { peer?: LinkReference }).peer

it('the kinds that come in pairs are these', () => {
  expect(kinds).toEqual(['veth', 'netkit', 'vxcan'])
})

describe.each(kinds)('a %s', (kind) => {
  const itHas = itWithKind(kind)
  const pair = (near: object, peer: object): LinkOptions => ({ kind, name: 'a', ...near, peer: { name: 'b', ...peer } })

  itHas(`${kind}: has its far end in another namespace, with all that was asked for`, async () => {
    const { ns, far } = net
    const near = await ns.links.add(
      pair(
        { up: true, group: 7, alias: 'near' },
        { netns: far, up: true, group: 8, alias: 'far', altnames: ['further'], txqlen: 55, numTxQueues: 1 },
      ),
    )
    expect(near).toMatchObject({ kind, name: 'a', up: true, group: 7, alias: 'near' })
    expect(near).not.toHaveProperty('peer.header')
    expect(await shownNames(ns)).toEqual(['a'])
    expect(await shown(ns, 'a')).toMatchObject({ ifalias: 'near', group: '7', linkinfo: { info_kind: kind } })
    const device = await shown(far, 'b')
    expect(device).toMatchObject({ ifalias: 'far', group: '8', altnames: ['further'], txqlen: 55 })
    expect(device).toMatchObject({ linkinfo: { info_kind: kind } })
    expect(device.flags).toContain('UP')
  })

  itHas(`${kind}: is told with its other end, as ip tells it`, async () => {
    const { ns, far } = net
    const { index } = await ns.links.add(pair({}, { netns: far }))
    const device = await shown(ns, 'a')
    expect(await peerOf(ns, 'a')).toEqual({ index: device.link_index, netnsId: device.link_netnsid })
    expect(await peerOf(ns, 'a')).toEqual({ index: (await shown(far, 'b')).ifindex, netnsId: await ns.id(far) })
    expect(await peerOf(far, 'b')).toEqual({ index, netnsId: await far.id(ns) })
    expect(await ns.links.list({ kind })).toEqual([await ns.links.get('a')])
  })

  itHas(`${kind}: in one namespace names its other end by the index alone`, async () => {
    const { ns } = net
    await ns.links.add(pair({}, {}))
    expect(await peerOf(ns, 'a')).toEqual({ index: (await shown(ns, 'b')).ifindex })
  })

  itHas(`${kind}: that ip made is told the same`, async () => {
    const { ns } = net
    await ip(ns, 'link', 'add', 'name', 'a', 'type', kind)
    const [first, second] = await ns.links.list({ kind })
    expect([await peerOf(ns, first!.name), await peerOf(ns, second!.name)]).toEqual([
      { index: second!.index },
      { index: first!.index },
    ])
  })

  itHas(`${kind}: takes chosen indices at both ends`, async () => {
    const { ns, far } = net
    expect((await ns.links.add(pair({ index: 1000 }, { netns: far, index: 33 }))).index).toBe(1000)
    expect((await shown(far, 'b')).ifindex).toBe(33)
  })

  itHas(`${kind}: can be made elsewhere, with the far end here`, async () => {
    const { ns, other } = net
    await ns.links.add(pair({ netns: other, up: true }, { netns: ns, up: true }))
    expect(await shownNames(other)).toEqual(['a'])
    expect(await shownNames(ns)).toEqual(['b'])
  })

  itHas(`${kind}: is made by ensure once, and found after that`, async () => {
    const { ns, far } = net
    const options = pair({ up: true }, { netns: far, alias: 'far' })
    expect(await ns.links.ensure(options)).toMatchObject({ made: true, value: { name: 'a' } })
    expect(await ns.links.ensure(options)).toMatchObject({ made: false, value: { name: 'a' } })
    const otherAlias = pair({ up: true }, { netns: far, alias: 'else' })
    await expect(ns.links.ensure(otherAlias)).rejects.toMatchObject({ code: 'EEXIST', message: /peer\.alias/ })
  })

  itHas(`${kind}: another pair of the same names is none`, async () => {
    const { ns, far, other } = net
    await ns.links.add(pair({}, { netns: other }))
    await far.links.add({ kind: 'ifb', name: 'b' })
    await expect(ns.links.ensure(pair({}, { netns: far }))).rejects.toMatchObject({ code: 'EEXIST', message: /peer/ })
  })

  itHas(`${kind}: nor are the ends of two pairs, whose indices are the same by chance`, async () => {
    const { ns, far, other } = net
    await ns.links.add(pair({}, { netns: other, name: 'x' }))
    await far.links.add({ ...pair({}, { netns: other, name: 'y' }), name: 'b' })
    await ns.links.ensure(pair({}, { netns: other, name: 'x' }))
    await expect(ns.links.ensure(pair({}, { netns: far }))).rejects.toMatchObject({ code: 'EEXIST', message: /peer/ })
  })

  itHas(`${kind}: found in one namespace by another handle of it`, async () => {
    const { ns } = net
    await ns.links.add(pair({}, {}))
    await using again = await NetNs.open(ns.name!)
    expect(await ns.links.ensure(pair({}, { netns: again }))).toMatchObject({ made: false })
  })

  itHas(`${kind}: goes with its far end, at a deletion and at a rollback`, async () => {
    const { ns, far } = net
    await ns.links.add(pair({}, { netns: far }))
    await ns.links.delete('a')
    expect(await far.links.find('b')).toBeUndefined()
    const batch = ns.batch({ rollback: true })
    batch.links.add(pair({}, { netns: far }))
    batch.links.delete('nothing')
    await expect(batch.commit()).rejects.toThrow()
    expect([await ns.links.find('a'), await far.links.find('b')]).toEqual([undefined, undefined])
  })

  itHas(`${kind}: what its far end refuses takes the near one back`, async () => {
    const { ns, far } = net
    await expect(ns.links.add(pair({}, { netns: far, master: 'nothing' }))).rejects.toMatchObject({ code: 'ENODEV' })
    expect([await ns.links.find('a'), await far.links.find('b')]).toEqual([undefined, undefined])
  })

  it.each([
    ['peer', { kind, name: 'a' }],
    ['peer.name', { kind, name: 'a', peer: {} }],
    ['peer.alais', pair({}, { alais: 'x' })],
    ['peer.kind', pair({}, { kind })],
    ['peer.link', pair({}, { link: 'lo' })],
    ['peer.mtu', pair({}, { mtu: '1500' })],
    ['peer.up', pair({}, { up: 1 })],
    ['peer.index', pair({}, { index: 5 })],
    ['peer.netns', pair({}, { netns: 'far' })],
    ['peer.port.kind', pair({}, { port: { kind: 'cow' } })],
    ['link', pair({ link: 'lo' }, {})],
  ] as [string, LinkOptions][])('refuses a wrong %s', async (field, options) => {
    await expect(net.ns.links.add(options)).rejects.toMatchObject({ field })
  })

  it('has no far end among its changes', async () => {
    const changes = { kind, peer: { name: 'b' } } as unknown as LinkChanges
    await expect(net.ns.links.set('a', changes)).rejects.toMatchObject({ field: 'peer' })
  })
})
