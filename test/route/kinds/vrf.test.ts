// vrf: its ports share a routing table of their own.
import { fresh, ip } from '../../support/namespaces'
import { itWithKind } from '../../support/needs'
import { ofKind, shown, shownData } from './support'

const itVrf = itWithKind('vrf table 1')

describe('a vrf', () => {
  itVrf('is made with its table', async () => {
    await using ns = await fresh()
    const link = ofKind(await ns.links.add({ kind: 'vrf', name: 'red', table: 1001, up: true }), 'vrf')
    expect(link).toMatchObject({ table: 1001, up: true })
    expect(await shownData(ns, 'red')).toEqual({ table: 1001 })
  })

  itVrf('that ip made is listed with its table', async () => {
    await using ns = await fresh()
    await ip(ns, 'link', 'add', 'name', 'red', 'type', 'vrf', 'table', '70000')
    expect(await ns.links.list({ kind: 'vrf' })).toMatchObject([{ kind: 'vrf', name: 'red', table: 70_000 }])
  })

  itVrf('has ports, which report its table', async () => {
    await using ns = await fresh()
    const { index } = await ns.links.add({ kind: 'vrf', name: 'red', table: 1001, up: true })
    const link = await ns.links.add({ kind: 'veth', name: 'va', master: 'red', peer: { name: 'vb' } })
    expect(link).toMatchObject({ master: index, port: { kind: 'vrf', table: 1001 } })
    expect(await shown(ns, 'va')).toMatchObject({
      master: 'red',
      linkinfo: { info_slave_kind: 'vrf', info_slave_data: { table: 1001 } },
    })
    expect(await ns.links.list({ master: 'red' })).toMatchObject([{ name: 'va' }])
  })
})
