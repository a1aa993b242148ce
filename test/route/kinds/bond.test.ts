// bond: its ports, of which one takes over from another. Its own options are in oracle.ts.
import { fresh } from '../../support/namespaces'
import { itWithKind } from '../../support/needs'
import type { NetNs } from '../../../lib/index'
import { eventually, ofKind, shown, shownData } from './support'

const itBond = itWithKind('bond')

async function withPorts(): Promise<NetNs> {
  const ns = await fresh()
  await ns.links.add({ kind: 'bond', name: 'b', mode: 'active-backup', miimon: 50, up: true })
  // A bond takes only ports that are down, and sets them up itself.
  for (const name of ['p0', 'p1'])
    await ns.links.add({ kind: 'veth', name, master: 'b', peer: { name: `${name}x`, up: true } })
  return ns
}

describe('a bond', () => {
  itBond('has ports with settings of their own, as ip shows', async () => {
    await using ns = await withPorts()
    await ns.links.set('p0', { port: { kind: 'bond', queueId: 3, prio: 5 } })
    expect(await ns.links.get('p0')).toMatchObject({ port: { kind: 'bond', queueId: 3, prio: 5, miiStatus: 'up' } })
    expect((await shown(ns, 'p0')).linkinfo).toMatchObject({
      info_slave_kind: 'bond',
      info_slave_data: { queue_id: 3, prio: 5 },
    })
  })

  itBond('has a primary port and an active one, by name, and fails over when that loses its carrier', async () => {
    await using ns = await withPorts()
    const [p0, p1] = [(await ns.links.get('p0')).index, (await ns.links.get('p1')).index]
    const active = async (): Promise<unknown> => ofKind(await ns.links.get('b'), 'bond').activeSlave
    await eventually(async () => (await active()) === p0)
    await ns.links.set('b', { kind: 'bond', activeSlave: 'p1' })
    expect(await active()).toBe(p1)
    expect(await shownData(ns, 'b')).toMatchObject({ active_slave: 'p1' })
    await ns.links.set('b', { kind: 'bond', primary: 'p0' })
    expect(await ns.links.get('b')).toMatchObject({ primary: p0 })
    await eventually(async () => (await active()) === p0)
    await ns.links.set('p0x', { up: false })
    await eventually(async () => (await active()) === p1)
  })

  it.each([
    ['arpInterval', { miimon: 100, arpInterval: 100 }],
    ['updelay', { miimon: 100, updelay: 150 }],
    ['mode', { mode: 'round-robin' }],
    ['adUserPortKey', { adUserPortKey: 1024 }],
    ['missedMax', { missedMax: 0 }],
    ['adInfo', { adInfo: {} }],
  ])('refuses a wrong %s', async (field, options) => {
    await using ns = await fresh()
    await expect(ns.links.add({ kind: 'bond', name: 'b', ...options } as never)).rejects.toMatchObject({ field })
  })
})
