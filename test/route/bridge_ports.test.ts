// Ports of a bridge: every option set by add and by set, read back, and compared with what `ip` and `bridge` print and set.
import type { LinkPortSettings, NetNs } from '../../lib/index'
import { useNetNs } from '../../lib/testing'
import { bridgeJson, ip, ownPrefix } from '../support/namespaces'
import { itSince, itWithVlanFiltering } from '../support/needs'
import { shown } from './kinds/support'

const net = useNetNs({ prefix: ownPrefix })

type Port = Extract<LinkPortSettings, { kind?: 'bridge' | undefined }>
type Row = readonly [option: string, port: Port, seen: Record<string, unknown>, args: string[]]

const rows: readonly Row[] = [
  ['priority', { priority: 9 }, { priority: 9 }, ['priority', '9']],
  ['cost', { cost: 77 }, { cost: 77 }, ['cost', '77']],
  ['hairpin', { hairpin: true }, { hairpin: true }, ['hairpin', 'on']],
  ['guard', { guard: true }, { guard: true }, ['guard', 'on']],
  ['rootBlock', { rootBlock: true }, { root_block: true }, ['root_block', 'on']],
  ['fastLeave', { fastLeave: true }, { fastleave: true }, ['fastleave', 'on']],
  ['learning', { learning: false }, { learning: false }, ['learning', 'off']],
  ['unicastFlood', { unicastFlood: false }, { flood: false }, ['flood', 'off']],
  ['proxyArp', { proxyArp: true }, { proxy_arp: true }, ['proxy_arp', 'on']],
  ['proxyArpWifi', { proxyArpWifi: true }, { proxy_arp_wifi: true }, ['proxy_arp_wifi', 'on']],
  ['mcastRouter', { mcastRouter: 'permanent' }, { multicast_router: 2 }, ['mcast_router', '2']],
  ['mcastFlood', { mcastFlood: false }, { mcast_flood: false }, ['mcast_flood', 'off']],
  ['bcastFlood', { bcastFlood: false }, { bcast_flood: false }, ['bcast_flood', 'off']],
  ['mcastToUcast', { mcastToUcast: true }, { mcast_to_unicast: true }, ['mcast_to_unicast', 'on']],
  ['groupFwdMask', { groupFwdMask: 0x4008 }, { group_fwd_mask: '0x4008' }, ['group_fwd_mask', '0x4008']],
  ['neighSuppress', { neighSuppress: true }, { neigh_suppress: true }, ['neigh_suppress', 'on']],
  ['isolated', { isolated: true }, { isolated: true }, ['isolated', 'on']],
  ['locked', { locked: true }, { locked: true }, ['locked', 'on']],
]

// Those that this version of `ip` does not print, with the version of Linux that has them.
const onlyRead: readonly (readonly [option: string, since: string, port: Port])[] = [
  ['mcastEhtHostsLimit', '5.12', { mcastEhtHostsLimit: 33 }],
  ['mab', '6.2', { locked: true, mab: true }],
  ['mcastMaxGroups', '6.3', { mcastMaxGroups: 12 }],
  ['backupNhid', '6.6', { backupNhid: 5 }],
]

const portOf = async (ns: NetNs): Promise<Record<string, unknown>> =>
  (await shown(ns, 'va')).linkinfo?.info_slave_data ?? {}

async function addPort(ns: NetNs, port?: Port): ReturnType<NetNs['links']['add']> {
  await ns.links.add({ kind: 'bridge', name: 'br0', up: true })
  return ns.links.add({ kind: 'veth', name: 'va', master: 'br0', up: true, port, peer: { name: 'vb', up: true } })
}

describe('an option of a bridge port', () => {
  it.each(rows)('%s: given to add, ip shows it and the result has it', async (_, port, seen) => {
    const { ns } = net
    const link = await addPort(ns, port)
    expect(link.port).toMatchObject({ kind: 'bridge', ...port })
    expect(await portOf(ns)).toMatchObject(seen)
  })

  it.each(rows)('%s: given to set, ip shows it and get has it', async (_, port, seen) => {
    const { ns } = net
    const before = await addPort(ns)
    expect(before.port).not.toMatchObject(port)
    await ns.links.set('va', { port: { kind: 'bridge', ...port } })
    expect(await portOf(ns)).toMatchObject(seen)
    expect((await ns.links.get('va')).port).toMatchObject(port)
  })

  it.each(rows)('%s: set by ip, get and list have it', async (_, port, __, args) => {
    const { ns } = net
    await addPort(ns)
    await ip(ns, 'link', 'set', 'dev', 'va', 'type', 'bridge_slave', ...args)
    expect((await ns.links.get('va')).port).toMatchObject(port)
    expect(await ns.links.list({ master: 'br0' })).toMatchObject([{ name: 'va', port }])
  })

  for (const [option, since, port] of onlyRead) {
    itSince(since)(`${option}: given to add and to set, it is read back`, async () => {
      const { ns } = net
      const link = await addPort(ns, port)
      expect(link.port).toMatchObject(port)
      await ns.links.add({ kind: 'veth', name: 'vc', master: 'br0', peer: { name: 'vd' } })
      expect((await ns.links.get('vc')).port).not.toMatchObject({ [option]: port[option as keyof Port] })
      await ns.links.set('vc', { port })
      expect((await ns.links.get('vc')).port).toMatchObject(port)
    })
  }

  it('all at once, in add and in set', async () => {
    const { ns } = net
    const options = Object.assign({}, ...rows.map((row) => row[1])) as Port
    const seen: Record<string, unknown> = Object.assign({}, ...rows.map((row) => row[2])) as never
    await addPort(ns, options)
    expect(await portOf(ns)).toMatchObject(seen)
    await ns.links.set('va', { master: 0 })
    await ns.links.set('va', { master: 'br0' })
    expect(await portOf(ns)).not.toMatchObject(seen)
    await ns.links.set('va', { port: options })
    expect(await portOf(ns)).toMatchObject(seen)
  })

  it('that is left out stays as it is', async () => {
    const { ns } = net
    await addPort(ns, { hairpin: true, cost: 9 })
    await ns.links.set('va', { port: { priority: 3 } })
    expect(await portOf(ns)).toMatchObject({ hairpin: true, cost: 9, priority: 3 })
  })

  it('is what the program bridge shows and sets', async () => {
    const { ns } = net
    await addPort(ns, { cost: 55, isolated: true, learning: false, mcastFlood: false })
    const [device] = await bridgeJson(ns, 'link', 'show', 'dev', 'va')
    expect(device).toMatchObject({ cost: 55, isolated: true, learning: false, mcast_flood: false, master: 'br0' })
  })
})

describe('the backup port', () => {
  it('is a name or an index, and 0 for none', async () => {
    const { ns } = net
    await addPort(ns)
    const { index } = await ns.links.add({ kind: 'veth', name: 'vc', master: 'br0', peer: { name: 'vd' } })
    await ns.links.set('va', { port: { backupPort: 'vc' } })
    expect(await portOf(ns)).toMatchObject({ backup_port: 'vc' })
    expect((await ns.links.get('va')).port).toMatchObject({ backupPort: index })
    await ns.links.set('va', { port: { backupPort: 0 } })
    expect(await portOf(ns)).not.toHaveProperty('backup_port')
    await ns.links.set('va', { port: { backupPort: index } })
    expect(await portOf(ns)).toMatchObject({ backup_port: 'vc' })
  })
})

describe('the state of a port', () => {
  it('is set and shown, while STP is off', async () => {
    const { ns } = net
    await addPort(ns)
    await ns.links.set('va', { port: { state: 'learning' } })
    expect(await portOf(ns)).toMatchObject({ state: 'learning' })
    await ip(ns, 'link', 'set', 'dev', 'va', 'type', 'bridge_slave', 'state', '1')
    expect((await ns.links.get('va')).port).toMatchObject({ state: 'listening' })
  })
})

describe('flush of a port', () => {
  it('forgets what was learned on that port alone', async () => {
    const { ns } = net
    await addPort(ns)
    await ns.links.add({ kind: 'veth', name: 'vc', master: 'br0', up: true, peer: { name: 'vd', up: true } })
    await bridgeJson(ns, 'fdb', 'add', '02:00:00:00:00:42', 'dev', 'va', 'master', 'dynamic')
    await bridgeJson(ns, 'fdb', 'add', '02:00:00:00:00:43', 'dev', 'vc', 'master', 'dynamic')
    const known = async (): Promise<string[]> => {
      const entries = await bridgeJson<{ mac: string }[]>(ns, 'fdb', 'show', 'br', 'br0')
      // One for each VLAN, where there are VLANs.
      const macs = new Set(entries.map(({ mac }) => mac))
      return [...macs].filter((mac) => mac.startsWith('02:00:00:00:00:'))
    }
    expect((await known()).sort()).toEqual(['02:00:00:00:00:42', '02:00:00:00:00:43'])
    await ns.links.set('va', { port: { flush: true } })
    expect(await known()).toEqual(['02:00:00:00:00:43'])
  })
})

describe('what a port reports', () => {
  it('is what ip prints', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0', mac: '02:00:00:00:00:01', up: true })
    await ns.links.add({ kind: 'veth', name: 'va', master: 'br0', up: true, peer: { name: 'vb', up: true } })
    const { port } = await ns.links.get('va')
    if (port?.kind !== 'bridge') throw new Error('it is the port of a bridge')
    const data = await portOf(ns)
    expect(port.bridgeId).toBe('8000.020000000001')
    expect(data.bridge_id).toBe('8000.2:0:0:0:0:1')
    expect(port.rootId).toBe(port.bridgeId)
    expect(data).toMatchObject({
      state: port.state,
      designated_port: port.designatedPort,
      designated_cost: port.designatedCost,
      id: `0x${port.portId!.toString(16)}`,
      no: `0x${port.portNo!.toString(16)}`,
      topology_change_ack: Number(port.topologyChangeAck),
      config_pending: Number(port.configPending),
    })
  })

  it.each(['rootId', 'bridgeId', 'portNo', 'learningSync', 'mcastNGroups', 'configPending'])(
    'is no option: %s is refused by name',
    async (option) => {
      const { ns } = net
      await addPort(ns)
      const { forward_delay_timer: _, ...before } = await portOf(ns)
      const wrong = { [option]: 1 } as Port
      await expect(ns.links.set('va', { port: wrong })).rejects.toMatchObject({
        code: 'ERR_INVALID_ARG_VALUE',
        field: `port.${option}`,
      })
      expect(await portOf(ns)).toMatchObject(before)
    },
  )

  itWithVlanFiltering()('does not stand in the way of VLANs on the port', async () => {
    const { ns } = net
    await ns.links.add({ kind: 'bridge', name: 'br0', vlanFiltering: true, vlanDefaultPvid: 7 })
    await ns.links.add({ kind: 'veth', name: 'va', master: 'br0', port: { vlanTunnel: true }, peer: { name: 'vb' } })
    const [device] = await bridgeJson<{ vlans: { vlan: number }[] }[]>(ns, 'vlan', 'show', 'dev', 'va')
    expect(device?.vlans.map(({ vlan }) => vlan)).toEqual([7])
  })
})
