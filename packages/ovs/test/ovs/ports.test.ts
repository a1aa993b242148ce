// Ports and interfaces: VLAN modes, kinds, bonds, QoS; devices that are not there, and devices that were made anew.
import { isAlreadyExists, isNotFound } from 'netloom/errors'
import { OvsInterfaceError } from '../../lib/index'
import { cable, column, useSwitch, vsctl } from './switch'
import { patience } from '../../../../test/support/patience'

// The hooks of a file itself would run after the check for leaks.
describe('ports', () => {
  const net = useSwitch({ otherConfig: { 'stats-update-interval': '1000' } })

  /** What is no matter of the configuration the switch writes down a little later. */
  async function errorBecomes(name: string, wanted: string | undefined): Promise<void> {
    const deadline = Date.now() + patience
    while ((await net.ovs.interfaces.get(name)).error !== wanted && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    expect((await net.ovs.interfaces.get(name)).error).toBe(wanted)
  }

  beforeAll(() => net.ovs.bridges.add({ name: 'br0', datapathType: 'netdev' }))

  afterEach(async () => {
    const names = (await net.ovs.ports.list()).filter(({ local }) => !local).map(({ name }) => name)
    await net.ovs.ports.deleteMany(names)
    for (const { name } of await net.netns.links.list({ kind: 'veth' })) {
      await net.netns.links.delete(name, { force: true })
    }
  })

  describe('a port', () => {
    test('works when add resolves: it has a number, an index, a MAC address', async () => {
      await cable(net.netns, 'v1')
      const port = await net.ovs.ports.add({ bridge: 'br0', name: 'v1', tag: 10, externalIds: { a: 'b' } })
      expect(port).toMatchObject({ name: 'v1', bridge: 'br0', tag: 10, local: false, externalIds: { a: 'b' } })
      const { mac, index } = await net.netns.links.get('v1')
      const state = await net.ovs.interfaces.get('v1')
      expect(state).toMatchObject({
        type: 'system',
        port: 'v1',
        bridge: 'br0',
        macInUse: mac,
        ifindex: index,
        mtu: 1500,
      })
      expect(state).toMatchObject({ adminState: 'up', linkState: 'up', duplex: 'full' })
      expect(state.ofport).toBeGreaterThan(0)
      expect(await column(net.ovs, 'Port', 'v1', 'tag')).toBe('10')
      expect(await vsctl(net.ovs, 'port-to-br', 'v1')).toBe('br0')
    })

    test.each([
      ['access', { tag: 5, vlanMode: 'access' }],
      ['trunk', { trunks: [5, 6], vlanMode: 'trunk' }],
      ['native-untagged', { tag: 5, trunks: [6, 7], vlanMode: 'native-untagged' }],
      ['native-tagged', { tag: 5, vlanMode: 'native-tagged' }],
      ['dot1q-tunnel', { tag: 5, cvlans: [1, 2], vlanMode: 'dot1q-tunnel' }],
    ] as const)('of VLAN mode %s has its VLANs', async (mode, settings) => {
      const port = await net.ovs.ports.add({ bridge: 'br0', name: 'p1', interface: { type: 'internal' }, ...settings })
      expect(port).toMatchObject(settings)
      expect(await column(net.ovs, 'Port', 'p1', 'vlan_mode')).toBe(mode)
    })

    test('of type internal is a device with the address that was asked for', async () => {
      const options = { type: 'internal', mac: 'AA-00-00-00-00-01', mtuRequest: 1400, ofportRequest: 77 } as const
      const externalIds = { 'iface-id': 'abc', 'attached-mac': 'aa:00:00:00:00:01' }
      const port = await net.ovs.ports.add({ bridge: 'br0', name: 'p1', interface: { ...options, externalIds } })
      expect(port.interfaces).toMatchObject([{ type: 'internal', mac: 'aa:00:00:00:00:01', ofport: 77, externalIds }])
      expect(await net.netns.links.get('p1')).toMatchObject({ mac: 'aa:00:00:00:00:01', mtu: 1400 })
      expect(await column(net.ovs, 'Interface', 'p1', 'external_ids:iface-id')).toBe('abc')
    })

    test.each([
      ['vxlan', { remoteIp: '192.0.2.1', localIp: '192.0.2.2', key: 7, dstPort: 8472, ttl: 'inherit', csum: true }],
      ['geneve', { remoteIp: 'flow', key: 'flow', dfDefault: false, tos: 4 }],
      ['gre', { remoteIp: '2001:db8::1', key: 4_000_000_000 }],
    ] as const)('of type %s has the options of its tunnel', async (type, options) => {
      const port = await net.ovs.ports.add({ bridge: 'br0', name: 't1', interface: { type, ...options } })
      expect(port.interfaces).toMatchObject([{ type, ...options }])
      expect(await column(net.ovs, 'Interface', 't1', 'options:remote_ip')).toContain(options.remoteIp)
      await net.ovs.interfaces.set('t1', { remoteIp: '192.0.2.9', key: null })
      const changed = await net.ovs.interfaces.get('t1')
      expect(changed).toMatchObject({ type, remoteIp: '192.0.2.9' })
      expect(changed).not.toHaveProperty('key')
      await expect(net.ovs.interfaces.set('t1', { peer: 'x' })).rejects.toMatchObject({ field: 'peer' })
    })

    test('of another type has its options by their names', async () => {
      const options = { remote_ip: '192.0.2.1', key: '3', erspan_ver: '1', erspan_idx: '2' }
      const iface = { type: 'other', otherType: 'erspan', options } as const
      const port = await net.ovs.ports.add({ bridge: 'br0', name: 'e1', interface: iface })
      expect(port.interfaces).toMatchObject([iface])
    })

    test('that is one end of a patch cable waits for the other', async () => {
      await net.ovs.bridges.add({ name: 'br1', datapathType: 'netdev' })
      await net.ovs.ports.add({ bridge: 'br0', name: 'pa', interface: { type: 'patch', peer: 'pb' } })
      await errorBecomes('pa', "No usable peer 'pb' exists in 'netdev' datapath.")
      await net.ovs.ports.add({ bridge: 'br1', name: 'pb', interface: { type: 'patch', peer: 'pa' } })
      await errorBecomes('pa', undefined)
      expect(await net.ovs.interfaces.get('pb')).toMatchObject({ type: 'patch', peer: 'pa', bridge: 'br1' })
      await net.ovs.bridges.delete('br1')
      expect(await net.ovs.ports.find('pb')).toBeUndefined()
    })

    test('that is a bond has several interfaces', async () => {
      for (const name of ['b1', 'b2']) await cable(net.netns, name)
      const bond = {
        bridge: 'br0',
        name: 'bond0',
        bond: [{ name: 'b1' }, { name: 'b2', externalIds: { x: 'y' } }],
        bondMode: 'active-backup',
        lacp: 'off',
        bondUpDelaySeconds: 0.5,
      } as const
      const port = await net.ovs.ports.add(bond)
      expect(port).toMatchObject({ bondMode: 'active-backup', lacp: 'off', bondUpDelaySeconds: 0.5 })
      expect(port.interfaces.map(({ name }) => name)).toEqual(['b1', 'b2'])
      expect((await net.ovs.interfaces.list({ port: 'bond0' })).map(({ name }) => name)).toEqual(['b1', 'b2'])
      expect(await column(net.ovs, 'Port', 'bond0', 'bond_updelay')).toBe('500')
      expect(isAlreadyExists(await net.ovs.ports.add({ bridge: 'br0', name: 'b1' }).catch((e: unknown) => e))).toBe(
        true,
      )
    })

    test('that is a bond gets and loses interfaces while it works', async () => {
      const { ovs } = net
      for (const name of ['b3', 'b4', 'b5']) await cable(net.netns, name)
      const { uuid } = await ovs.ports.add({ bridge: 'br0', name: 'bond1', bond: [{ name: 'b3' }, { name: 'b4' }] })
      const kept = (await ovs.interfaces.get('b3')).uuid
      const shown = async (): Promise<string> => vsctl(ovs, 'list-ifaces', 'br0')
      await ovs.ports.addBondInterface('bond1', { name: 'b5', externalIds: { x: 'y' } })
      expect(await ovs.interfaces.get('b5')).toMatchObject({ port: 'bond1', externalIds: { x: 'y' } })
      expect((await ovs.interfaces.get('b5')).ofport).toBeGreaterThan(0)
      expect(await shown()).toContain('b5')
      await ovs.ports.deleteBondInterface('bond1', 'b4')
      expect((await ovs.ports.get('bond1')).interfaces.map(({ name }) => name)).toEqual(['b3', 'b5'])
      expect(await ovs.interfaces.find('b4')).toBeUndefined()
      expect(await shown()).not.toContain('b4')
      // The others have stayed as they were.
      expect((await ovs.ports.get('bond1')).uuid).toBe(uuid)
      expect((await ovs.interfaces.get('b3')).uuid).toBe(kept)

      const codeOf = async (call: Promise<void>): Promise<unknown> =>
        call.then(
          () => undefined,
          (error: unknown) => (error as { code: string }).code,
        )
      expect(await codeOf(ovs.ports.addBondInterface('bond1', { name: 'b3' }))).toBe('EEXIST')
      expect(await codeOf(ovs.ports.addBondInterface('bond9', { name: 'b4' }))).toBe('ENOENT')
      expect(await codeOf(ovs.ports.addBondInterface('bond1', { name: 'nodev' }))).toBe('ENODEV')
      expect(await shown()).not.toContain('nodev')
      expect(await codeOf(ovs.ports.deleteBondInterface('bond1', 'b4'))).toBe('ENOENT')
      expect(await codeOf(ovs.ports.deleteBondInterface('bond9', 'b3'))).toBe('ENOENT')
      await ovs.ports.deleteBondInterface('bond1', 'b5')
      await expect(ovs.ports.deleteBondInterface('bond1', 'b3')).rejects.toMatchObject({ field: 'name' })
      await expect(ovs.ports.deleteBondInterface('br0', 'br0')).rejects.toMatchObject({ field: 'port' })
    })

    test('has QoS and queues, which go with it', async () => {
      await cable(net.netns, 'v1')
      const queues = { 0: { otherConfig: { 'min-rate': '1000' } }, 5: { dscp: 3, otherConfig: { 'max-rate': '9000' } } }
      const qos = { type: 'linux-htb', otherConfig: { 'max-rate': '1000000' }, queues }
      const port = await net.ovs.ports.add({ bridge: 'br0', name: 'v1', qos })
      expect(port.qos).toMatchObject(qos)
      const rows = async (): Promise<number[]> =>
        Promise.all(
          ['QoS', 'Queue'].map(async (table) => {
            const uuids = await vsctl(net.ovs, '--columns=_uuid', '--format=csv', '--no-headings', 'list', table)
            return uuids === '' ? 0 : uuids.split('\n').length
          }),
        )
      expect(await rows()).toEqual([1, 2])
      await net.ovs.ports.set('v1', { qos: { type: 'linux-noop' } })
      expect(await rows()).toEqual([1, 0])
      expect((await net.ovs.ports.get('v1')).qos).toMatchObject({ type: 'linux-noop', queues: {} })
      await net.ovs.ports.set('v1', { qos: null })
      expect(await rows()).toEqual([0, 0])
      await net.ovs.ports.set('v1', { qos })
      await net.ovs.ports.delete('v1')
      expect(await rows()).toEqual([0, 0])
    })

    test('changes: what is left out stays', async () => {
      await net.ovs.ports.add({ bridge: 'br0', name: 'p1', tag: 3, interface: { type: 'internal' } })
      await net.ovs.ports.set('p1', { trunks: [4], otherConfig: { a: 'b' } })
      await net.ovs.ports.set('p1', { tag: null, protected: true })
      const port = await net.ovs.ports.get('p1')
      expect(port).toMatchObject({ trunks: [4], protected: true, otherConfig: { a: 'b' } })
      expect(port.tag).toBeUndefined()
      await net.ovs.interfaces.set('p1', { mac: '02:00:00:00:00:07', ingressPolicingRateKbps: 500 })
      expect((await net.netns.links.get('p1')).mac).toBe('02:00:00:00:00:07')
      expect(await column(net.ovs, 'Interface', 'p1', 'ingress_policing_rate')).toBe('500')
    })

    test("is listed by its bridge; the bridge's own is among them, and cannot be deleted", async () => {
      await net.ovs.bridges.add({ name: 'br1', datapathType: 'netdev' })
      await net.ovs.ports.add({ bridge: 'br1', name: 'p1', interface: { type: 'internal' } })
      const names = (ports: readonly { name: string }[]): string[] => ports.map(({ name }) => name)
      expect(names(await net.ovs.ports.list())).toEqual(['br0', 'br1', 'p1'])
      expect(names(await net.ovs.ports.list({ bridge: 'br1' }))).toEqual(['br1', 'p1'])
      expect(names(await net.ovs.interfaces.list({ bridge: 'br1' }))).toEqual(['br1', 'p1'])
      await expect(net.ovs.ports.delete('br1')).rejects.toMatchObject({ field: 'name' })
      await net.ovs.bridges.delete('br1')
      expect(names(await net.ovs.ports.list())).toEqual(['br0'])
    })

    test('is there once, and what is not there is not found', async () => {
      await net.ovs.ports.add({ bridge: 'br0', name: 'p1', interface: { type: 'internal' } })
      const again = net.ovs.ports.add({ bridge: 'br0', name: 'p1', interface: { type: 'internal' } })
      expect(isAlreadyExists(await again.catch((error: unknown) => error))).toBe(true)
      const calls = [
        net.ovs.ports.add({ bridge: 'br9', name: 'p2' }),
        net.ovs.ports.get('p9'),
        net.ovs.ports.set('p9', { tag: 1 }),
        net.ovs.ports.delete('p9'),
        net.ovs.ports.reopen('p9'),
        net.ovs.interfaces.get('p9'),
        net.ovs.interfaces.set('p9', {}),
      ]
      for (const call of calls) expect(isNotFound(await call.catch((error: unknown) => error))).toBe(true)
      await net.ovs.ports.delete('p9', { force: true })
    })
  })

  describe('a device that cannot be opened', () => {
    test("rejects with the switch's own words, and nothing stays", async () => {
      const call = net.ovs.ports.add({ bridge: 'br0', name: 'nodev' })
      await expect(call).rejects.toBeInstanceOf(OvsInterfaceError)
      await expect(call).rejects.toMatchObject({
        code: 'ENODEV',
        interface: 'nodev',
        error: 'could not open network device nodev (No such device)',
        leftover: false,
      })
      expect(isNotFound(await call.catch((error: unknown) => error))).toBe(true)
      expect(await vsctl(net.ovs, 'list-ports', 'br0')).toBe('')
    })

    test('among many lets none of them stay', async () => {
      const ports = ['q1', 'nodev', 'q2'].map((name) => ({
        bridge: 'br0',
        name,
        interface: name === 'nodev' ? ({ type: 'system' } as const) : ({ type: 'internal' } as const),
      }))
      await expect(net.ovs.ports.addMany(ports)).rejects.toMatchObject({ code: 'ENODEV', interface: 'nodev' })
      expect(await vsctl(net.ovs, 'list-ports', 'br0')).toBe('')
      await expect(net.netns.links.find('q1')).resolves.toBeUndefined()
    })

    test('of an unknown type is an error too', async () => {
      const iface = { type: 'other', otherType: 'foo' } as const
      const call = net.ovs.ports.add({ bridge: 'br0', name: 'f1', interface: iface })
      await expect(call).rejects.toMatchObject({ code: 'EAFNOSUPPORT', interface: 'f1' })
    })
  })

  describe('a device that was deleted and made again under the same name', () => {
    test.each([0, 500])('is opened anew by add, %d ms later', async (pause) => {
      await cable(net.netns, 'v1')
      const before = await net.ovs.ports.add({ bridge: 'br0', name: 'v1', tag: 5 })
      await net.netns.links.delete('v1')
      await cable(net.netns, 'v1')
      await new Promise((resolve) => setTimeout(resolve, pause))
      const port = await net.ovs.ports.add({ bridge: 'br0', name: 'v1', tag: 6 })
      expect(port.uuid).not.toBe(before.uuid)
      // The switch lets what it has opened receive all packets.
      expect((await net.netns.links.get('v1')).promiscuity).toBe(1)
      expect(await column(net.ovs, 'Port', 'v1', 'tag')).toBe('6')
      const again = net.ovs.ports.add({ bridge: 'br0', name: 'v1' })
      expect(isAlreadyExists(await again.catch((error: unknown) => error))).toBe(true)
    })

    test('is opened anew by reopen, with all that the port had', async () => {
      await cable(net.netns, 'v1')
      await cable(net.netns, 'v2')
      const qos = { type: 'linux-htb', queues: { 1: {} } }
      const settings = { tag: 5, vlanMode: 'access', externalIds: { a: 'b' }, qos } as const
      await net.ovs.ports.addMany([
        { bridge: 'br0', name: 'v1', ...settings, interface: { externalIds: { 'iface-id': 'x' } } },
        { bridge: 'br0', name: 'v2' },
      ])
      await net.ovs.mirrors.add({ bridge: 'br0', name: 'm0', selectSources: ['v1'], outputPort: 'v2' })
      await net.netns.links.delete('v1')
      await cable(net.netns, 'v1')
      const port = await net.ovs.ports.reopen('v1')
      expect(port).toMatchObject(settings)
      expect(port.interfaces).toMatchObject([{ externalIds: { 'iface-id': 'x' } }])
      expect((await net.netns.links.get('v1')).promiscuity).toBe(1)
      expect(await net.ovs.mirrors.get('br0', 'm0')).toMatchObject({ selectSources: ['v1'], outputPort: 'v2' })
      await net.ovs.ports.reopen('v2')
      expect(await net.ovs.mirrors.get('br0', 'm0')).toMatchObject({ selectSources: ['v1'], outputPort: 'v2' })
      await net.ovs.mirrors.delete('br0', 'm0')
    })
  })

  test('many ports by one transaction, and away by another', async () => {
    const before = (await net.ovs.settings.get()).nextConfig
    const names = Array.from({ length: 40 }, (_, i) => `m${i}`)
    const ports = await net.ovs.ports.addMany(
      names.map((name, i) => ({ bridge: 'br0', name, tag: i, interface: { type: 'internal' } })),
    )
    expect(ports.map(({ name, tag }) => [name, tag])).toEqual(names.map((name, i) => [name, i]))
    expect((await net.ovs.settings.get()).nextConfig).toBe(before + 1n)
    expect((await vsctl(net.ovs, 'list-ports', 'br0')).split('\n').sort()).toEqual([...names].sort())
    await expect(net.ovs.ports.deleteMany([...names, 'p9'])).rejects.toMatchObject({ code: 'ENOENT' })
    await net.ovs.ports.deleteMany(names)
    expect(await vsctl(net.ovs, 'list-ports', 'br0')).toBe('')
  })

  test('counters are bigints', async () => {
    await cable(net.netns, 'v1')
    await net.ovs.ports.add({ bridge: 'br0', name: 'v1' })
    const deadline = Date.now() + patience
    let { statistics } = await net.ovs.interfaces.get('v1')
    while (statistics.rxPackets === undefined && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      ;({ statistics } = await net.ovs.interfaces.get('v1'))
    }
    expect(typeof statistics.rxPackets).toBe('bigint')
    expect(statistics).toMatchObject({ rxErrors: 0n, txErrors: 0n, collisions: 0n })
  })

  describe('a mirror', () => {
    test('is added, changed and deleted', async () => {
      for (const name of ['v1', 'v2', 'v3']) await cable(net.netns, name)
      await net.ovs.ports.addMany(['v1', 'v2', 'v3'].map((name) => ({ bridge: 'br0', name })))
      const mirror = {
        bridge: 'br0',
        name: 'm0',
        selectSources: ['v1'],
        selectDestinations: ['v1', 'v2'],
        outputPort: 'v3',
      }
      expect(await net.ovs.mirrors.add({ ...mirror, selectVlans: [7] })).toMatchObject({ ...mirror, selectAll: false })
      expect(await net.ovs.bridges.get('br0')).toMatchObject({ mirrors: ['m0'] })
      expect(isAlreadyExists(await net.ovs.mirrors.add(mirror).catch((error: unknown) => error))).toBe(true)
      await net.ovs.mirrors.set('br0', 'm0', { selectAll: true, selectSources: null, outputPort: null, outputVlan: 9 })
      const [changed] = await net.ovs.mirrors.list()
      expect(changed).toMatchObject({
        selectAll: true,
        selectSources: [],
        selectDestinations: ['v1', 'v2'],
        outputVlan: 9,
      })
      expect(changed).not.toHaveProperty('outputPort')
      expect(await column(net.ovs, 'Mirror', 'm0', 'select_vlan')).toBe('[7]')
      await net.ovs.mirrors.delete('br0', 'm0')
      expect(await net.ovs.mirrors.find('br0', 'm0')).toBeUndefined()
      await net.ovs.mirrors.delete('br0', 'm0', { force: true })
    })

    test('of a port that is not there is not found', async () => {
      const call = net.ovs.mirrors.add({ bridge: 'br0', name: 'm0', outputPort: 'p9' })
      expect(isNotFound(await call.catch((error: unknown) => error))).toBe(true)
      expect(await net.ovs.mirrors.list()).toEqual([])
    })
  })
})
