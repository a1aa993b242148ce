// ifb and dummy: kinds without options of their own.
import { useNetNs } from '../../../lib/testing'
import { ip, ownPrefix } from '../../support/namespaces'
import { itWithKind } from '../../support/needs'
import { shown } from './support'

const net = useNetNs({ prefix: ownPrefix })

describe.each(['ifb', 'dummy'] as const)('a link of kind %s', (kind) => {
  const itHere = itWithKind(kind)

  itHere(`${kind}: is made with settings of all kinds`, async () => {
    const { ns } = net
    const settings = { mac: '02:00:00:00:00:01', mtu: 1300, up: true, alias: 'nothing behind it' } as const
    const link = await ns.links.add({ kind, name: 'x', ...settings, altnames: ['y'], txqlen: 5, group: 3 })
    expect(link).toMatchObject({ kind, name: 'x', ...settings, altnames: ['y'], txqlen: 5, group: 3 })
    const device = await shown(ns, 'x')
    expect(device).toMatchObject({
      address: settings.mac,
      mtu: 1300,
      ifalias: settings.alias,
      altnames: ['y'],
      txqlen: 5,
      group: '3',
      linkinfo: { info_kind: kind },
    })
    expect(device.flags).toContain('UP')
  })

  itHere(`${kind}: that ip made is listed as such`, async () => {
    const { ns } = net
    await ip(ns, 'link', 'add', 'name', 'x', 'type', kind)
    expect(await ns.links.list({ kind })).toMatchObject([{ kind, name: 'x', up: false }])
  })

  itHere(`${kind}: has no options of its own`, async () => {
    const { ns } = net
    const options = { kind, name: 'x', id: 5 }
    await expect(ns.links.add(options)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', field: 'id' })
    expect(await ns.links.find('x')).toBeUndefined()
  })
})
