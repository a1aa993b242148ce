// tun: only reported, as `ip` made it.
import { fresh, ip, ipJson } from '../../support/namespaces'

test('what ip has made is listed with all that the kernel tells', async () => {
  await using ns = await fresh()
  await ip(
    ns,
    'tuntap',
    'add',
    'dev',
    'tap5',
    'mode',
    'tap',
    'user',
    '1000',
    'group',
    '1001',
    'vnet_hdr',
    'multi_queue',
  )
  await ip(ns, 'tuntap', 'add', 'dev', 'tun5', 'mode', 'tun', 'pi')
  expect(await ns.links.list({ kind: 'tun' })).toMatchObject([
    {
      name: 'tap5',
      kind: 'tun',
      tunType: 'tap',
      owner: 1000,
      ownerGroup: 1001,
      packetInfo: false,
      vnetHeader: true,
      persist: true,
      multiQueue: true,
      numQueues: 0,
      numDisabledQueues: 0,
    },
    { name: 'tun5', tunType: 'tun', packetInfo: true, vnetHeader: false, persist: true, multiQueue: false },
  ])
  const [shown] = await ipJson<{ linkinfo: { info_data: { type: string } } }[]>(ns, 'link', 'show', 'tap5')
  expect(shown!.linkinfo.info_data.type).toBe('tap')
})

test('it is made by ns.taps, and no option of it can be set', async () => {
  await using ns = await fresh()
  await expect(ns.links.add({ kind: 'tun', name: 'tap5' })).rejects.toMatchObject({ code: 'EOPNOTSUPP' })
  const set = { kind: 'tun', name: 'tap5', persist: true } as never
  await expect(ns.links.add(set)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_VALUE', field: 'persist' })
})
