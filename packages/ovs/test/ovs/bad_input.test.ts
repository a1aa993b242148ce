// Bad input for the functions of @netloom/ovs: refused with the field's name, before anything is sent.
import { OpenVswitch } from '../../lib/index'
import { useSwitch } from './switch'

type Call = (...args: unknown[]) => unknown
interface Refused {
  readonly args: readonly unknown[]
  readonly field: string
}

const callOptions = (...before: unknown[]): Refused[] => [
  { args: [...before, null], field: 'options' },
  { args: [...before, { sgnal: undefined }], field: 'sgnal' },
  { args: [...before, { signal: {} }], field: 'signal' },
  { args: [...before, { timeout: -1 }], field: 'timeout' },
]

const forceOptions = (...before: unknown[]): Refused[] => [
  ...callOptions(...before),
  { args: [...before, { force: 1 }], field: 'force' },
]

const badNames = [undefined, 5, '', '.', '..', 'a/b', 'a b', 'a\nb', 'a:b', 'a\0b', 'x'.repeat(16), ['br0']]

const port = (more: object): Refused['args'] => [{ bridge: 'br0', name: 'p1', ...more }]
const iface = (options: object): Refused['args'] => port({ interface: options })
const vxlan = { type: 'vxlan', remoteIp: '192.0.2.1' }

const cases: Record<string, Refused[]> = {
  'bridges.add': [
    ...[undefined, null, 5, []].map((value) => ({ args: [value], field: 'options' })),
    ...badNames.map((name) => ({ args: [{ name }], field: 'name' })),
    { args: [{ name: 'br0', datapath: 'netdev' }], field: 'datapath' },
    { args: [{ name: 'br0', datapathType: 'userspace' }], field: 'datapathType' },
    { args: [{ name: 'br0', failMode: true }], field: 'failMode' },
    { args: [{ name: 'br0', stpEnable: 'yes' }], field: 'stpEnable' },
    { args: [{ name: 'br0', protocols: ['OpenFlow99'] }], field: 'protocols[0]' },
    { args: [{ name: 'br0', floodVlans: [1, 4096] }], field: 'floodVlans[1]' },
    { args: [{ name: 'br0', floodVlans: [1, 1] }], field: 'floodVlans' },
    { args: [{ name: 'br0', externalIds: { a: 1 } }], field: 'externalIds.a' },
    { args: [{ name: 'br0', externalIds: new Map() }], field: 'externalIds' },
    { args: [{ name: 'br0', externalIds: { '': 'x' } }], field: 'externalIds' },
    { args: [{ name: 'br0', controllers: 'tcp:1.2.3.4' }], field: 'controllers' },
    { args: [{ name: 'br0', controllers: [{}] }], field: 'controllers[0].target' },
    { args: [{ name: 'br0', controllers: [{ target: 'tcp:1.2.3.4\n' }] }], field: 'controllers[0].target' },
    {
      args: [{ name: 'br0', controllers: [{ target: 'x', maxBackoffSeconds: 0 }] }],
      field: 'controllers[0].maxBackoffSeconds',
    },
    { args: [{ name: 'br0', controllers: [{ target: 'x', isConnected: true }] }], field: 'controllers[0].isConnected' },
    { args: [{ name: 'br0', controllers: [{ target: 'x', localIp: '10.0.0.0/8' }] }], field: 'controllers[0].localIp' },
    { args: [{ name: 'br0', netFlow: {} }], field: 'netFlow.targets' },
    { args: [{ name: 'br0', netFlow: { targets: [] } }], field: 'netFlow.targets' },
    { args: [{ name: 'br0', sflow: { targets: ['x'], header: 5 } }], field: 'sflow.header' },
    {
      args: [{ name: 'br0', ipfix: { targets: ['x'], cacheActiveTimeoutSeconds: 4201 } }],
      field: 'ipfix.cacheActiveTimeoutSeconds',
    },
    ...callOptions({ name: 'br0' }),
  ],
  'bridges.get': [{ args: [5], field: 'name' }, ...callOptions('br0')],
  'bridges.find': [{ args: [null], field: 'name' }, ...callOptions('br0')],
  'bridges.list': callOptions(),
  'bridges.set': [
    { args: [5, {}], field: 'name' },
    { args: ['br0'], field: 'options' },
    { args: ['br0', { name: 'br1' }], field: 'name' },
    { args: ['br0', { netFlow: { targets: [''] } }], field: 'netFlow.targets[0]' },
    ...callOptions('br0', {}),
  ],
  'bridges.delete': [{ args: [{}], field: 'name' }, ...forceOptions('br0')],
  'ports.add': [
    ...[undefined, null, 'p1'].map((value) => ({ args: [value], field: 'options' })),
    ...badNames.map((name) => ({ args: [{ bridge: 'br0', name }], field: 'name' })),
    { args: [{ name: 'p1' }], field: 'bridge' },
    { args: port({ tga: 5 }), field: 'tga' },
    ...[-1, 4096, 1.5, NaN, '5', 5n].map((tag) => ({ args: port({ tag }), field: 'tag' })),
    { args: port({ trunks: 5 }), field: 'trunks' },
    { args: port({ vlanMode: 'hybrid' }), field: 'vlanMode' },
    { args: port({ bondMode: 'active-backup' }), field: 'bondMode' },
    { args: port({ mac: '02:00:00:00:00:01' }), field: 'mac' },
    { args: port({ interface: vxlan, bond: [] }), field: 'interface' },
    { args: port({ bond: [{ name: 'a' }] }), field: 'bond' },
    { args: port({ bond: [{ name: 'a' }, { name: 'a' }] }), field: 'bond' },
    { args: port({ bond: [{ name: 'a' }, { name: 'a/b' }] }), field: 'bond[1].name' },
    { args: port({ bond: [{ name: 'a' }, null] }), field: 'bond[1]' },
    { args: port({ qos: {} }), field: 'qos.type' },
    ...['', 'htb', 'linux-hbt', 'LINUX-HTB', 'linux-htb\n', 5, null].map((type) => ({
      args: port({ qos: { type } }),
      field: 'qos.type',
    })),
    { args: port({ qos: { type: 'linux-htb', queues: [] } }), field: 'qos.queues' },
    { args: port({ qos: { type: 'linux-htb', queues: { x: {} } } }), field: 'qos.queues.x' },
    { args: port({ qos: { type: 'linux-htb', queues: { 1: { dscp: 64 } } } }), field: 'qos.queues.1.dscp' },
    { args: iface({ type: 'dummy' }), field: 'interface.type' },
    { args: iface({ type: 'other' }), field: 'interface.otherType' },
    { args: iface({ type: 'internal', otherType: 'x' }), field: 'interface.otherType' },
    { args: iface({ type: 'internal', remoteIp: '192.0.2.1' }), field: 'interface.remoteIp' },
    { args: iface({ type: 'internal', mac: '02:00' }), field: 'interface.mac' },
    { args: iface({ type: 'internal', mac: '02:00:00:00:00:01\n' }), field: 'interface.mac' },
    { args: iface({ ofportRequest: 65280 }), field: 'interface.ofportRequest' },
    { args: iface({ type: 'patch' }), field: 'interface.peer' },
    { args: iface({ type: 'patch', peer: 'a\nb' }), field: 'interface.peer' },
    { args: iface({ type: 'vxlan' }), field: 'interface.remoteIp' },
    { args: iface({ ...vxlan, remoteIp: '192.0.2.256' }), field: 'interface.remoteIp' },
    { args: iface({ ...vxlan, key: 2 ** 24 }), field: 'interface.key' },
    { args: iface({ ...vxlan, key: 'any' }), field: 'interface.key' },
    { args: iface({ ...vxlan, dstPort: 65536 }), field: 'interface.dstPort' },
    { args: iface({ ...vxlan, ttl: 'copy' }), field: 'interface.ttl' },
    { args: iface({ ...vxlan, csum: 'true' }), field: 'interface.csum' },
    { args: iface({ type: 'gre', remoteIp: '192.0.2.1', dstPort: 5 }), field: 'interface.dstPort' },
    { args: iface({ ...vxlan, options: { a: 5 } }), field: 'interface.options.a' },
    ...callOptions({ bridge: 'br0', name: 'p1' }),
  ],
  'ports.addMany': [
    { args: ['p1'], field: 'ports' },
    {
      args: [
        [
          { bridge: 'br0', name: 'p1' },
          { bridge: 'br0', name: 'p2', tag: 5000 },
        ],
      ],
      field: 'ports[1].tag',
    },
    {
      args: [
        [
          { bridge: 'br0', name: 'p1' },
          { bridge: 'br0', name: 'p1' },
        ],
      ],
      field: 'ports[1].name',
    },
    { args: [[null]], field: 'ports[0]' },
    ...callOptions([]),
  ],
  'ports.get': [{ args: [5], field: 'name' }, ...callOptions('p1')],
  'ports.find': [{ args: [undefined], field: 'name' }, ...callOptions('p1')],
  'ports.list': [
    { args: [{ brige: 'br0' }], field: 'brige' },
    { args: [{ bridge: 5 }], field: 'bridge' },
    ...callOptions({}),
  ],
  'ports.set': [
    { args: [5, {}], field: 'name' },
    { args: ['p1', { tag: 4096 }], field: 'tag' },
    { args: ['p1', { bridge: 'br1' }], field: 'bridge' },
    { args: ['p1', { qos: 5 }], field: 'qos' },
    { args: ['p1', { qos: { type: 'linux-hbt' } }], field: 'qos.type' },
    { args: ['p1', { externalIds: { a: 5 } }], field: 'externalIds.a' },
    ...callOptions('p1', {}),
  ],
  'ports.delete': [{ args: [undefined], field: 'name' }, ...forceOptions('p1')],
  'ports.deleteMany': [{ args: ['p1'], field: 'names' }, { args: [['p1', 5]], field: 'names[1]' }, ...forceOptions([])],
  'ports.addBondInterface': [
    { args: [5, { name: 'b1' }], field: 'port' },
    { args: ['p1', undefined], field: 'options' },
    { args: ['p1', {}], field: 'name' },
    { args: ['p1', { name: 'b/1' }], field: 'name' },
    { args: ['p1', { name: 'b1', mtu: 1 }], field: 'mtu' },
    ...callOptions('p1', { name: 'b1' }),
  ],
  'ports.deleteBondInterface': [
    { args: [5, 'b1'], field: 'port' },
    { args: ['p1', undefined], field: 'name' },
    ...callOptions('p1', 'b1'),
  ],
  'ports.reopen': [{ args: [5], field: 'name' }, ...callOptions('p1')],
  'interfaces.get': [{ args: [5], field: 'name' }, ...callOptions('p1')],
  'interfaces.find': [{ args: [5], field: 'name' }, ...callOptions('p1')],
  'interfaces.list': [{ args: [{ port: 5 }], field: 'port' }, ...callOptions({})],
  'interfaces.set': [
    { args: [5, {}], field: 'name' },
    { args: ['br0', { type: 'internal' }], field: 'type' },
    { args: ['br0', { mac: 'x' }], field: 'mac' },
    { args: ['br0', { ofport: 5 }], field: 'ofport' },
    { args: ['br0', { peer: 'x' }], field: 'peer' },
    ...callOptions('br0', {}),
  ],
  'mirrors.add': [
    { args: [{ bridge: 'br0' }], field: 'name' },
    { args: [{ name: 'm0' }], field: 'bridge' },
    { args: [{ bridge: 'br0', name: '' }], field: 'name' },
    { args: [{ bridge: 'br0', name: 'm0', selectSources: 'p1' }], field: 'selectSources' },
    { args: [{ bridge: 'br0', name: 'm0', selectDestinations: [5] }], field: 'selectDestinations[0]' },
    { args: [{ bridge: 'br0', name: 'm0', outputPort: 5 }], field: 'outputPort' },
    { args: [{ bridge: 'br0', name: 'm0', outputVlan: 0 }], field: 'outputVlan' },
    { args: [{ bridge: 'br0', name: 'm0', snapLength: 13 }], field: 'snapLength' },
    ...callOptions({ bridge: 'br0', name: 'm0' }),
  ],
  'mirrors.get': [
    { args: ['br0', 5], field: 'name' },
    { args: [5, 'm0'], field: 'bridge' },
    ...callOptions('br0', 'm0'),
  ],
  'mirrors.find': [{ args: ['br0', 5], field: 'name' }],
  'mirrors.list': callOptions(),
  'mirrors.set': [{ args: ['br0', 'm0', { selectAll: 1 }], field: 'selectAll' }, ...callOptions('br0', 'm0', {})],
  'mirrors.delete': [{ args: ['br0', null], field: 'name' }, ...forceOptions('br0', 'm0')],
  'settings.get': callOptions(),
  'settings.set': [
    { args: [{ managers: 5 }], field: 'managers' },
    { args: [{ managers: [{}] }], field: 'managers[0].target' },
    { args: [{ otherConfig: { a: true } }], field: 'otherConfig.a' },
    { args: [{ nextConfig: 5n }], field: 'nextConfig' },
    ...callOptions({}),
  ],
  'flows.add': [
    { args: [null], field: 'options' },
    { args: [{ actions: [], prority: 5 }], field: 'prority' },
    { args: [{ actions: [], bridge: 5 }], field: 'bridge' },
    { args: [{}], field: 'actions' },
    { args: [{ actions: 'flood' }], field: 'actions' },
    { args: [{ actions: [], table: 255 }], field: 'table' },
    { args: [{ actions: [], priority: 65536 }], field: 'priority' },
    { args: [{ actions: [], cookie: -1 }], field: 'cookie' },
    { args: [{ actions: [], cookie: 2n ** 64n }], field: 'cookie' },
    { args: [{ actions: [], idleTimeoutSeconds: 65536 }], field: 'idleTimeoutSeconds' },
    { args: [{ actions: [], match: 5 }], field: 'match' },
    { args: [{ actions: [], match: { nwSrc: 'x' } }], field: 'match.nwSrc' },
    { args: [{ actions: [{ output: 'nodev' }] }], field: 'actions[0].output' },
    ...callOptions({ actions: [] }),
  ],
  'flows.addMany': [
    { args: [{}], field: 'flows' },
    { args: [[{ actions: [] }, { actions: [], table: -1 }]], field: 'flows[1].table' },
    { args: [[{ actions: [] }, { actions: [], bridge: 'br1' }]], field: 'flows[1].bridge' },
    ...callOptions([{ actions: [] }]),
  ],
  'flows.list': [
    { args: [{ priority: 5 }], field: 'priority' },
    { args: [{ cookie: { value: 1 } }], field: 'cookie.mask' },
    { args: [{ outPort: 'nodev' }], field: 'outPort' },
    ...callOptions({}),
  ],
  'flows.get': [{ args: [{ cookie: 5n }], field: 'cookie' }, ...callOptions({})],
  'flows.find': [{ args: [{ priority: -1 }], field: 'priority' }, ...callOptions({})],
  'flows.set': [{ args: [{}, 5], field: 'actions' }, ...callOptions({}, [])],
  'flows.setMany': [
    { args: [{ outPort: 'br0' }, []], field: 'outPort' },
    { args: [{}, undefined], field: 'actions' },
    ...callOptions({}, []),
  ],
  'flows.delete': [{ args: [{ table: 300 }], field: 'table' }, ...forceOptions({})],
  'flows.flush': [{ args: [{ match: { x: 1 } }], field: 'match.x' }, ...callOptions({})],
  ready: callOptions(),
  watch: [
    { args: [{ statistics: 1 }], field: 'statistics' },
    { args: [{ stats: true }], field: 'stats' },
  ],
}

describe('bad input', () => {
  const net = useSwitch()
  let before: bigint

  beforeAll(async () => {
    await net.ovs.bridges.add({ name: 'br0', datapathType: 'netdev' })
    before = (await net.ovs.settings.get()).nextConfig
  })

  test.each(Object.entries(cases))('of %s is refused by field', async (name, refused) => {
    const [resource = '', method] = name.split('.')
    const object = (method === undefined ? net.ovs : (net.ovs as never)[resource]) as unknown as Record<string, Call>
    for (const { args, field } of refused) {
      // Some refuse at once, as they give no promise.
      const call = (): Promise<unknown> =>
        new Promise((resolve) => {
          resolve(object[method ?? resource]!(...args))
        })
      const shown = JSON.stringify(args, (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))
      const error = await call().catch((reason: unknown) => reason)
      expect([shown, error]).toEqual([shown, expect.objectContaining({ field })])
    }
  })

  test('has changed nothing', async () => {
    expect((await net.ovs.settings.get()).nextConfig).toBe(before)
    expect((await net.ovs.flows.list()).length).toBe(1)
  })

  test('every function has its row', () => {
    const named = ['bridges', 'ports', 'interfaces', 'mirrors', 'settings', 'flows'].flatMap((resource) => {
      const object = (net.ovs as never)[resource] as object
      const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter(
        (method) => method !== 'constructor' && method !== 'close',
      )
      return methods.map((method) => `${resource}.${method}`)
    })
    expect(
      Object.keys(cases)
        .filter((name) => name.includes('.'))
        .sort(),
    ).toEqual([...named].sort())
  })

  test('of connect is refused by field', async () => {
    for (const [options, field] of [
      [{ remotes: 5 }, 'remotes'],
      [{ remotes: 'db.sock' }, 'remotes'],
      [{ runDir: 5 }, 'runDir'],
      [{ netns: {} }, 'netns'],
      [{ database: 'x' }, 'database'],
      [{ timeout: -1 }, 'timeout'],
    ] as const) {
      await expect(OpenVswitch.connect(options as never)).rejects.toMatchObject({
        field: expect.stringContaining(field) as string,
      })
    }
  })
})
