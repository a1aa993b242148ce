// vlan: the frames of one VLAN on a lower device.
import { fresh, ip } from '../../support/namespaces'
import type { NetNs } from '../../../lib/index'
import { itWithKind } from '../../support/needs'
import { ofKind, shown, shownData } from './support'

const itVlan = itWithKind('vlan')

async function withLower(): Promise<NetNs> {
  const ns = await fresh()
  await ns.links.add({ kind: 'veth', name: 'lower', up: true, peer: { name: 'other', up: true } })
  return ns
}

describe('a vlan', () => {
  itVlan('is made on its lower device, by name or index, with settings of all kinds', async () => {
    await using ns = await withLower()
    const { index } = await ns.links.get('lower')
    const link = ofKind(
      await ns.links.add({ kind: 'vlan', name: 'v5', link: 'lower', id: 5, up: true, mtu: 1400 }),
      'vlan',
    )
    expect(link).toMatchObject({ id: 5, protocol: '802.1Q', link: { index }, up: true, mtu: 1400 })
    const device = await shown(ns, 'v5')
    expect(device).toMatchObject({ link: 'lower', mtu: 1400, linkinfo: { info_kind: 'vlan' } })
    expect(await shownData(ns, 'v5')).toMatchObject({ protocol: '802.1Q', id: 5 })
    await ns.links.add({ kind: 'vlan', name: 'v6', link: index, id: 6 })
    expect(await shown(ns, 'v6')).toMatchObject({ link: 'lower' })
  })

  itVlan('has an id from 0 to 4094', async () => {
    await using ns = await withLower()
    for (const id of [0, 4094]) await ns.links.add({ kind: 'vlan', name: `v${id}`, link: 'lower', id })
    expect(await shownData(ns, 'v4094')).toMatchObject({ id: 4094 })
    expect(ofKind(await ns.links.get('v0'), 'vlan').id).toBe(0)
  })

  itVlan('has a protocol', async () => {
    await using ns = await withLower()
    await ns.links.add({ kind: 'vlan', name: 'v5', link: 'lower', id: 5, protocol: '802.1ad' })
    expect(await shownData(ns, 'v5')).toMatchObject({ protocol: '802.1ad' })
  })

  itVlan('has flags, of which those left out stay', async () => {
    await using ns = await withLower()
    await ns.links.add({ kind: 'vlan', name: 'v5', link: 'lower', id: 5, vlanFlags: { looseBinding: true } })
    expect((await shownData(ns, 'v5')).flags).toEqual(['REORDER_HDR', 'LOOSE_BINDING'])
    await ns.links.set('v5', { kind: 'vlan', vlanFlags: { reorderHdr: false } })
    expect((await shownData(ns, 'v5')).flags).toEqual(['LOOSE_BINDING'])
    expect(ofKind(await ns.links.get('v5'), 'vlan').vlanFlags).toMatchObject({ reorderHdr: false, looseBinding: true })
  })

  itVlan('maps priorities, in both directions', async () => {
    await using ns = await withLower()
    const maps = { egressQosMap: [{ from: 1, to: 2 }], ingressQosMap: [{ from: 3, to: 4 }] } as const
    const link = await ns.links.add({ kind: 'vlan', name: 'v5', link: 'lower', id: 5, ...maps })
    expect(link).toMatchObject(maps)
    expect(await shownData(ns, 'v5')).toMatchObject({
      egress_qos: [{ from: 1, to: 2 }],
      ingress_qos: [{ from: 3, to: 4 }],
    })
  })

  itVlan('that ip made is listed with all that ip gave it', async () => {
    await using ns = await withLower()
    const options = ['protocol', '802.1ad', 'id', '77', 'loose_binding', 'on', 'egress-qos-map', '1:2']
    await ip(ns, 'link', 'add', 'link', 'lower', 'name', 'v5', 'type', 'vlan', ...options)
    expect(await ns.links.list({ kind: 'vlan' })).toMatchObject([
      {
        kind: 'vlan',
        id: 77,
        protocol: '802.1ad',
        vlanFlags: { reorderHdr: true, looseBinding: true },
        egressQosMap: [{ from: 1, to: 2 }],
      },
    ])
  })

  itVlan('is born in another namespace, on a lower device of this one', async () => {
    await using ns = await withLower()
    await using other = await fresh()
    const { index } = await ns.links.get('lower')
    const link = await ns.links.add({ kind: 'vlan', name: 'eth0', link: 'lower', id: 5, netns: other, up: true })
    expect(link.link).toEqual({ index, netnsId: await other.id(ns) })
    expect((await shown(other, 'eth0')).flags).toContain('UP')
  })

  itVlan('of one id is there only once: EEXIST', async () => {
    await using ns = await withLower()
    await ns.links.add({ kind: 'vlan', name: 'v5', link: 'lower', id: 5 })
    const again = ns.links.add({ kind: 'vlan', name: 'w5', link: 'lower', id: 5 })
    await expect(again).rejects.toMatchObject({ code: 'EEXIST' })
    expect(await ns.links.find('w5')).toBeUndefined()
  })
})
