// Bridges: made, changed and deleted by us, seen by ovs-vsctl; and the other way round.
import { isAlreadyExists, isNotFound } from 'netloom/errors'
import { OvsInterfaceError } from '../../lib/index'
import { column, useSwitch, vsctl } from './switch'

// The hooks of a file itself would run after the check for leaks.
describe('bridges', () => {
  const net = useSwitch()
  const netdev = { datapathType: 'netdev' } as const

  afterEach(async () => {
    for (const { name } of await net.ovs.bridges.list()) await net.ovs.bridges.delete(name)
  })

  test('a bridge is there, with its device, when add resolves', async () => {
    const bridge = await net.ovs.bridges.add({ name: 'br0', ...netdev })
    expect(bridge).toMatchObject({ name: 'br0', datapathType: 'netdev', ports: ['br0'], mirrors: [], controllers: [] })
    expect(bridge.datapathId).toMatch(/^[0-9a-f]{16}$/)
    expect((await net.netns.links.get('br0')).name).toBe('br0')
    expect(await vsctl(net.ovs, 'list-br')).toBe('br0')
  })

  test('every setting is what ovs-vsctl sees, and what get gives', async () => {
    const settings = {
      ...netdev,
      failMode: 'secure',
      rstpEnable: true,
      mcastSnoopingEnable: true,
      protocols: ['OpenFlow13', 'OpenFlow14'],
      floodVlans: [3, 7],
      otherConfig: { 'mac-aging-time': '60' },
      externalIds: { owner: 'me', 'a key': 'with "quotes"' },
      controllers: [
        {
          target: 'tcp:127.0.0.1:6653',
          type: 'primary',
          maxBackoffSeconds: 2,
          inactivityProbeSeconds: 1.5,
          connectionMode: 'out-of-band',
          rateLimitPacketsPerSecond: 200,
          burstPackets: 50,
          otherConfig: {},
          externalIds: { c: 'd' },
        },
      ],
      netFlow: {
        targets: ['127.0.0.1:2055'],
        activeTimeoutSeconds: 30,
        engineType: 1,
        engineId: 2,
        addIdToInterface: true,
        externalIds: {},
      },
      sflow: {
        targets: ['127.0.0.1:6343'],
        agent: 'lo',
        sampling: 64,
        pollingSeconds: 10,
        headerBytes: 96,
        externalIds: {},
      },
      ipfix: {
        targets: ['127.0.0.1:4739'],
        sampling: 10,
        domainId: 1,
        pointId: 2,
        cacheActiveTimeoutSeconds: 60,
        cacheMaxFlows: 13,
        otherConfig: { 'enable-tunnel-sampling': 'false' },
        externalIds: {},
      },
    } as const
    const bridge = await net.ovs.bridges.add({ name: 'br0', ...settings })
    expect(bridge).toMatchObject(settings)
    expect(await net.ovs.bridges.get('br0')).toMatchObject(settings)
    expect(await column(net.ovs, 'Bridge', 'br0', 'fail_mode')).toBe('secure')
    expect(await column(net.ovs, 'Bridge', 'br0', 'flood_vlans')).toBe('[3, 7]')
    expect(await column(net.ovs, 'Bridge', 'br0', 'other_config:mac-aging-time')).toBe('"60"')
    expect(await vsctl(net.ovs, 'get-controller', 'br0')).toBe('tcp:127.0.0.1:6653')
    expect(
      await vsctl(
        net.ovs,
        '--columns=max_backoff,inactivity_probe',
        '--format=csv',
        '--no-headings',
        'list',
        'Controller',
      ),
    ).toBe('2000,1500')
    expect(
      await vsctl(net.ovs, '--columns=active_timeout,engine_id', '--format=csv', '--no-headings', 'list', 'NetFlow'),
    ).toBe('30,2')
    expect(await vsctl(net.ovs, '--columns=polling,header', '--format=csv', '--no-headings', 'list', 'sFlow')).toBe(
      '10,96',
    )
    expect(await vsctl(net.ovs, '--columns=cache_max_flows', '--format=csv', '--no-headings', 'list', 'IPFIX')).toBe(
      '13',
    )
  })

  test('what ovs-vsctl has made is listed, at once', async () => {
    await vsctl(net.ovs, 'add-br', 'br1', '--', 'set', 'bridge', 'br1', 'datapath_type=netdev', 'stp_enable=true')
    expect(await net.ovs.bridges.list()).toMatchObject([{ name: 'br1', datapathType: 'netdev', stpEnable: true }])
    await vsctl(net.ovs, 'del-br', 'br1')
    expect(await net.ovs.bridges.find('br1')).toBeUndefined()
  })

  test('set changes what is given, null takes it away, and maps change key by key', async () => {
    await net.ovs.bridges.add({ name: 'br0', ...netdev, failMode: 'secure', externalIds: { a: '1', b: '2' } })
    await net.ovs.bridges.set('br0', {
      failMode: null,
      externalIds: { a: null, c: '3' },
      controllers: [{ target: 'tcp:127.0.0.1:1' }],
      netFlow: { targets: ['127.0.0.1:1'] },
    })
    const bridge = await net.ovs.bridges.get('br0')
    expect(bridge).toMatchObject({ externalIds: { b: '2', c: '3' }, datapathType: 'netdev' })
    expect(Object.keys(bridge.externalIds)).toEqual(['b', 'c'])
    expect(bridge.failMode).toBeUndefined()
    await net.ovs.bridges.set('br0', { controllers: null, netFlow: null, externalIds: null })
    expect(await vsctl(net.ovs, '--columns=target', '--format=csv', '--no-headings', 'list', 'Controller')).toBe('')
    expect(await vsctl(net.ovs, '--columns=targets', '--format=csv', '--no-headings', 'list', 'NetFlow')).toBe('')
    expect((await net.ovs.bridges.get('br0')).externalIds).toEqual({})
  })

  test('a name can be taken once, and what is not there is not found', async () => {
    await net.ovs.bridges.add({ name: 'br0', ...netdev })
    const again = net.ovs.bridges.add({ name: 'br0', ...netdev })
    await expect(again).rejects.toMatchObject({ code: 'EEXIST', operation: 'bridges.add' })
    expect(isAlreadyExists(await again.catch((error: unknown) => error))).toBe(true)
    for (const call of [net.ovs.bridges.get('br9'), net.ovs.bridges.set('br9', {}), net.ovs.bridges.delete('br9')]) {
      expect(isNotFound(await call.catch((error: unknown) => error))).toBe(true)
    }
    await net.ovs.bridges.delete('br9', { force: true })
  })

  test('two who make one bridge at a time: one of them has it', async () => {
    const results = await Promise.allSettled([1, 2, 3].map(() => net.ovs.bridges.add({ name: 'br0', ...netdev })))
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    expect(results.every((each) => each.status === 'fulfilled' || isAlreadyExists(each.reason))).toBe(true)
    expect(await vsctl(net.ovs, 'list-br')).toBe('br0')
  })

  test('a bridge whose datapath there is not is an error, and nothing of it stays', async () => {
    const call = net.ovs.bridges.add({ name: 'br0', datapathType: 'system' })
    await expect(call).rejects.toBeInstanceOf(OvsInterfaceError)
    await expect(call).rejects.toMatchObject({ interface: 'br0', leftover: false, operation: 'bridges.add' })
    expect(await net.ovs.bridges.list()).toEqual([])
    expect(await vsctl(net.ovs, 'list-br')).toBe('')
  })

  test('the settings of the switch as a whole', async () => {
    await net.ovs.settings.set({
      externalIds: { 'system-id': 'host-1' },
      managers: [{ target: 'ptcp:6640:127.0.0.1' }],
    })
    expect(await vsctl(net.ovs, 'get-manager')).toBe('ptcp:6640:127.0.0.1')
    const state = await net.ovs.settings.get()
    expect(state).toMatchObject({
      externalIds: { 'system-id': 'host-1' },
      managers: [{ target: 'ptcp:6640:127.0.0.1' }],
    })
    expect(state.otherConfig['userspace-tso-enable']).toBe('true')
    expect(state.datapathTypes).toContain('netdev')
    expect(state.interfaceTypes).toContain('vxlan')
    expect(state.currentConfig).toBe(state.nextConfig)
    await net.ovs.settings.set({ externalIds: { 'system-id': null }, managers: null })
    expect((await net.ovs.settings.get()).externalIds).toEqual({})
  })
})
